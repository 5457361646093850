package sandbox

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// form checks a QuestionnaireResponse against its Questionnaire, by the rules of HAPI's validator: items in the order of the
// questions, texts as asked, answers of the right type and among the options, nothing under a question that is not enabled.
// Required answers are only asked for in a response that is completed or amended.
type form struct {
	*checker
	questionnaire gjson.Result
	response      gjson.Result
	complete      bool
}

// checkForm checks body if it is a QuestionnaireResponse whose Questionnaire is here. The read lock must be held.
func (s *Server) checkForm(body []byte) error {
	response := gjson.ParseBytes(body)
	if s.lenient || response.Get("resourceType").Str != "QuestionnaireResponse" {
		return nil
	}
	found := s.store.questionnaire(response.Get("questionnaire").Str)
	if found == nil {
		return nil
	}
	f := &form{
		checker:       &checker{shapes: s.shapes},
		questionnaire: found.document(),
		response:      response,
		complete:      slices.Contains([]string{"completed", "amended"}, response.Get("status").Str),
	}
	f.items(f.questionnaire, response, &place{nil, "QuestionnaireResponse", -1})
	return f.err()
}

// questionnaire finds the Questionnaire of a canonical: that version, or the one last written.
func (s *store) questionnaire(canonical string) *record {
	url, version, _ := strings.Cut(canonical, "|")
	if url == "" {
		return nil
	}
	var latest *record
	for _, rec := range s.table("Questionnaire").index[key{"url", url}] {
		if version != "" && rec.document().Get("version").Str != version {
			continue
		}
		if latest == nil || !rec.current().at.Before(latest.current().at) {
			latest = rec
		}
	}
	return latest
}

// items checks the items of a response, group or answer against the questions of its counterpart.
func (f *form) items(asker, holder gjson.Result, at *place) {
	questions := asker.Get("item").Array()
	given := map[string]bool{}
	last := 0
	for i, item := range holder.Get("item").Array() {
		here := at.member("item").element(i)
		link := item.Get("linkId").Str
		n := slices.IndexFunc(questions, func(q gjson.Result) bool { return q.Get("linkId").Str == link })
		if n < 0 {
			f.wrong(here, "not-found", "LinkId '%s' not found in questionnaire, or not here", clip(link))
			continue
		}
		if n < last {
			f.wrong(here, "structure", "Structural Error: items are out of order")
		}
		last = max(n, last)
		f.item(questions[n], item, given[link], here)
		given[link] = true
	}
	for _, q := range questions {
		if link := q.Get("linkId").Str; !given[link] && f.complete && q.Get("required").Bool() && f.enabled(q) {
			f.wrong(at, "required", "No response answer found for required item '%s'", link)
		}
	}
}

func (f *form) item(q, item gjson.Result, again bool, at *place) {
	answers := item.Get("answer").Array()
	isGroup := q.Get("type").Str == "group"
	children := item.Get("item").Array()
	switch text := item.Get("text").Str; {
	case text != "" && text != q.Get("text").Str:
		f.wrong(at, "invalid", "If text exists, it must match the questionnaire definition for linkId '%s'", q.Get("linkId").Str)
	case again && !q.Get("repeats").Bool():
		f.wrong(at, "invalid", "Only one response item with the linkId '%s' is allowed", q.Get("linkId").Str)
	case len(answers)+len(children) > 0 && !f.enabled(q):
		f.wrong(at, "invalid", "Item has answer, even though it is not enabled (item id = '%s')", q.Get("linkId").Str)
	case len(answers) > 1 && !q.Get("repeats").Bool():
		f.wrong(at, "invalid", "Only one response answer item with this linkId is allowed")
	case isGroup && len(answers) > 0:
		f.wrong(at, "structure", "Items of type group should not have answers")
	case !isGroup && len(children) > 0:
		f.wrong(at, "structure", "Items not of type group should not have items: they belong under the answer")
	case !isGroup && f.complete && len(answers) == 0 && q.Get("required").Bool() && f.enabled(q):
		f.wrong(at, "required", "No response answer found for required item '%s'", q.Get("linkId").Str)
	}
	for i, answer := range answers {
		f.answer(q, answer, at.member("answer").element(i))
	}
	if isGroup {
		f.items(q, item, at)
	}
}

// answerTypes are the value[x] that a question type takes.
var answerTypes = map[string][]string{
	"boolean": {"valueBoolean"}, "decimal": {"valueDecimal"}, "integer": {"valueInteger"}, "date": {"valueDate"},
	"dateTime": {"valueDateTime"}, "time": {"valueTime"}, "string": {"valueString"}, "text": {"valueString"}, "url": {"valueUri"},
	"attachment": {"valueAttachment"}, "reference": {"valueReference"}, "quantity": {"valueQuantity"},
	"choice":      {"valueCoding", "valueDate", "valueTime", "valueInteger", "valueString"},
	"open-choice": {"valueCoding", "valueDate", "valueTime", "valueInteger", "valueString"},
}

func (f *form) answer(q, answer gjson.Result, at *place) {
	name, value := chosen(answer, "value")
	allowed := answerTypes[q.Get("type").Str]
	switch {
	case name == "":
	case !slices.Contains(allowed, name):
		f.wrong(at.member(name), "structure", "Answer value must be of the type %s", strings.Join(allowed, ", "))
	case q.Get("type").Str != "open-choice" && !f.offered(q, name, value):
		f.wrong(at.member(name), "code-invalid", "The value %s is not among the options of '%s'", clip(value.Raw), q.Get("linkId").Str)
	}
	f.items(q, answer, at)
}

// chosen returns the member of v that makes up a prefix[x], and its value.
func chosen(v gjson.Result, prefix string) (string, gjson.Result) {
	var name string
	var value gjson.Result
	v.ForEach(func(k, member gjson.Result) bool {
		if rest, ok := strings.CutPrefix(k.Str, prefix); ok && rest != "" && upperCase(rest[0]) {
			name, value = k.Str, member
			return false
		}
		return true
	})
	return name, value
}

// offered tells whether the value is an answerOption. Without options everything is: value sets are not expanded here.
func (f *form) offered(q gjson.Result, name string, value gjson.Result) bool {
	options := q.Get("answerOption").Array()
	return len(options) == 0 || slices.ContainsFunc(options, func(o gjson.Result) bool {
		option := o.Get(name)
		return option.Exists() && equalAnswer(option, value)
	})
}

func equalAnswer(a, b gjson.Result) bool {
	if a.IsObject() {
		return a.Get("system").Str == b.Get("system").Str && a.Get("code").Str == b.Get("code").Str &&
			a.Get("value").Num == b.Get("value").Num && a.Get("reference").Str == b.Get("reference").Str
	}
	if a.Type == gjson.Number {
		return a.Num == b.Num
	}
	return a.String() == b.String()
}
