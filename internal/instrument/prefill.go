package instrument

import (
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// Prefilled are the answers to another form, of questions that both ask, as items of a
// response to this one: by the code of the question, and only where this form offers the
// same answer.
func (f *Form) Prefilled(other *Form, r *Response) []fhir.QuestionnaireResponseItem {
	return f.prefilledIn(nil, other, r)
}

func (f *Form) prefilledIn(group *item, other *Form, r *Response) (items []fhir.QuestionnaireResponseItem) {
	for _, it := range f.items {
		if it.parent != group {
			continue
		}
		answer, inside := it.taken(other, r), f.prefilledIn(it, other, r)
		if answer != nil || inside != nil {
			items = append(items, fhir.QuestionnaireResponseItem{LinkId: it.linkID, Answer: answer, Item: inside})
		}
	}
	return items
}

// taken is the answer that another form has of a question; nil: none that fits.
func (it *item) taken(other *Form, r *Response) []fhir.QuestionnaireResponseItemAnswer {
	same := other.itemOf(it.code)
	if it.code == "" || same == nil || len(r.answers[same.linkID]) != 1 {
		return nil
	}
	given := r.answers[same.linkID][0].value
	for _, o := range it.options {
		if o.value == given && given.kind == "coding" {
			display := o.text
			return []fhir.QuestionnaireResponseItemAnswer{{ValueCoding: &fhir.Coding{System: &given.system, Code: &given.text, Display: &display}}}
		}
	}
	return nil
}
