package instrument

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Conforms tells what is wrong with a form that a site has worded itself and wants to put
// before patients. Form reads more than this lets through, because answers must be
// understood that were given to forms of others; here a person is there who can mend the
// form, so every mistake is named, with the item and what to do.
func (d *Definition) Conforms(questionnaire []byte) error {
	f, err := d.read(questionnaire)
	if err != nil {
		return err
	}
	var wrong []error
	for _, it := range d.Items {
		wrong = append(wrong, f.conformsTo(it))
	}
	for _, it := range f.items {
		wrong = append(wrong, f.strange(it))
	}
	if err := errors.Join(wrong...); err != nil {
		return err
	}
	return f.check()
}

// conformsTo says what is wrong with the question that asks for an item of the definition.
func (f *Form) conformsTo(want Defined) error {
	var bear []*item
	for _, it := range f.items {
		if it.code == want.Code {
			bear = append(bear, it)
		}
	}
	switch {
	case len(bear) == 0:
		return fmt.Errorf("no item has the code %s: give it to the question that asks for this, with system %s", want.Code, f.Of.System)
	case len(bear) > 1:
		return fmt.Errorf("%s and %s both have the code %s: leave it to the one that asks for this", bear[0].called(), bear[1].called(), want.Code)
	}
	return f.rated(bear[0], want)
}

// rated says what is wrong with the points of a question, and with when it is asked.
func (f *Form) rated(it *item, want Defined) error {
	switch {
	case !it.scored():
		return fmt.Errorf("%s has no answers with weights: give each answerOption an itemWeight, from 0 to %d", it.called(), want.Max)
	case it.checkRange(want.Max) != nil:
		return fmt.Errorf("%s: its weights run from %d to %d: offer an answer with 0 and one with %d", it.called(), it.lowest(), it.highest(), want.Max)
	}
	return f.hidden(it)
}

// hidden says that enableWhen hides a question which the instrument asks: what is hidden is
// left out of the score, which is then too low and looks complete.
func (f *Form) hidden(it *item) error {
	deciding := f.deciding(it)
	for _, c := range it.conditions() {
		if !slices.Contains(deciding, f.byLink[c.question]) {
			return fmt.Errorf("%s can be hidden by item %q, and %s asks it whatever is answered there: take that enableWhen away from it and its groups", it.called(), c.question, f.Of.Title)
		}
	}
	if ways(deciding) > mostWays {
		return fmt.Errorf("%s: whether it must be asked rests on more than %d combinations of answers, and nobody can check them: offer fewer answers, or let fewer items decide", it.called(), mostWays)
	}
	r := &Response{answers: map[string][]answer{}}
	asked := func() bool {
		s := shown{form: f, response: r, known: map[*item]bool{}}
		return s.item(it) || s.skipped(it)
	}
	if !whatever(deciding, r, asked) {
		return fmt.Errorf("%s is hidden where %s, and %s asks it then: correct enableWhen", it.called(), f.given(deciding, r), f.Of.Title)
	}
	return nil
}

// mostWays are many more than the 125 of AUDIT.
const mostWays = 10_000

// ways is in how many some questions can be answered, as far as it matters.
func ways(questions []*item) int {
	n := 1
	for _, it := range questions {
		n = min(n*max(1, len(it.options)), mostWays+1)
	}
	return n
}

// deciding are the questions whose answers can make another unnecessary.
func (f *Form) deciding(it *item) (all []*item) {
	for _, u := range f.Of.spares(it.code) {
		for _, code := range u.Where {
			if first := f.itemOf(code); first != nil && !slices.Contains(all, first) {
				all = append(all, first)
			}
		}
	}
	return all
}

// whatever tells that something holds of each way to answer some questions; else the
// response is left with the answers for which it does not.
func whatever(questions []*item, r *Response, holds func() bool) bool {
	if len(questions) == 0 {
		return holds()
	}
	for _, o := range questions[0].options {
		r.answers[questions[0].linkID] = []answer{{value: o.value}}
		if !whatever(questions[1:], r, holds) {
			return false
		}
	}
	return true
}

// given is how many points each of some questions has been given.
func (f *Form) given(questions []*item, r *Response) string {
	var parts []string
	s := shown{form: f, response: r}
	for _, it := range questions {
		points, _ := s.points(it)
		parts = append(parts, fmt.Sprintf("item %q has %d", it.linkID, points))
	}
	return strings.Join(parts, ", ")
}

// strange says that a question counts points which the instrument does not have.
func (f *Form) strange(it *item) error {
	switch {
	case !it.scored() || f.Of.item(it.code) != nil:
		return nil
	case it.code == "":
		return fmt.Errorf("%s has weights and no code of %s: give it its code, or take the weights away", it.called(), f.Of.System)
	}
	return fmt.Errorf("%s has weights, and %s has no such item: correct its code, or take the weights away", it.called(), f.Of.Title)
}

// called is the item as whoever wrote the form knows it.
func (it *item) called() string {
	return strings.TrimSuffix(fmt.Sprintf("item %q (%s)", it.linkID, it.code), " ()")
}

// conditions are those of the item and of the groups around it.
func (it *item) conditions() []condition {
	if it.parent == nil {
		return it.when
	}
	return slices.Concat(it.parent.conditions(), it.when)
}
