package instrument

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// value is one answer in a form that can be compared. Two codings are the
// same when system and code are; display and extensions do not count.
type value struct {
	kind   string // coding, string, integer, decimal, boolean, …
	system string
	text   string
}

// Response is what a QuestionnaireResponse says, whatever its depth.
type Response struct {
	Questionnaire string // canonical, with or without |version; may be empty
	Status        string

	answers   map[string][]answer // by linkId
	absent    map[string]absence  // by linkId: what it says of an answer that is not there
	refused   bool                // it says as a whole that the patient does not want to answer
	unlinked  bool                // an answer stands on an item without linkId
	documents []string            // linkIds in document order
}

// answer is one entry of item.answer. An entry can hold two values only when
// it is broken.
type answer struct {
	value  value
	broken ProblemCode // why it cannot be understood
}

// ParseResponse reads a QuestionnaireResponse. Only what is not a
// QuestionnaireResponse at all is an error; odd content is for Judge to name.
func ParseResponse(response []byte) (*Response, error) {
	root, err := parseResource(response, "QuestionnaireResponse")
	if err != nil {
		return nil, err
	}
	r := &Response{
		Questionnaire: root.Get("questionnaire").String(),
		Status:        root.Get("status").String(),
		answers:       map[string][]answer{},
		absent:        map[string]absence{},
		refused:       refusedWhole(root),
	}
	r.add(root)
	return r, nil
}

// add walks items at any depth: groups nest items in item, and questions nest
// them in answer.item.
func (r *Response) add(node gjson.Result) {
	for _, it := range node.Get("item").Array() {
		link := it.Get("linkId").String()
		r.leave(link, absent(it))
		for _, a := range it.Get("answer").Array() {
			parsed, why, ok := parseAnswer(a)
			r.leave(link, why)
			if ok {
				r.put(link, parsed)
			}
			r.add(a)
		}
		r.add(it)
	}
}

// leave notes why an item has no answer.
func (r *Response) leave(link string, why absence) {
	if why > r.absent[link] {
		r.absent[link] = why
	}
}

func (r *Response) put(link string, a answer) {
	if link == "" {
		r.unlinked = true
		return
	}
	if _, seen := r.answers[link]; !seen {
		r.documents = append(r.documents, link)
	}
	r.answers[link] = append(r.answers[link], a)
}

// Said is all that the response says, in an order of its own: two that say the same
// give the same text, however their JSON is written.
func (r *Response) Said() string {
	said := []string{r.Status, r.Questionnaire}
	for _, link := range slices.Sorted(maps.Keys(r.answers)) {
		said = append(said, fmt.Sprintf("%q: %q", link, r.answers[link]))
	}
	for _, link := range slices.Sorted(maps.Keys(r.absent)) {
		said = append(said, fmt.Sprintf("%q absent: %d", link, r.absent[link]))
	}
	return fmt.Sprint(strings.Join(said, "\n"), r.unlinked, r.refused)
}

// Empty tells whether nobody has answered anything yet. To decline is an
// answer, and so is one to CodeOffer alone; any other reason for none is not.
func (r *Response) Empty() bool {
	return len(r.answers) == 0 && !r.refused && !r.unlinked && !slices.Contains(slices.Collect(maps.Values(r.absent)), refused)
}

// parseAnswer is false for an entry without a value: renderers send answer:[{}]
// for a question that nobody touched, or say in its place why there is none, some
// by a code that is such a reason.
func parseAnswer(a gjson.Result) (parsed answer, why absence, ok bool) {
	why = absentValue(a)
	v, n := parseValue(a)
	coding := n == 1 && v.kind == "coding"
	switch {
	case n == 0, coding && v.text == "" && why != notSaid:
		return answer{}, why, false
	case coding && v.system == absentSystem:
		return answer{}, max(why, absenceBy(v.text)), false
	case n > 1:
		return answer{broken: TwoValues}, why, true
	case coding && v.text == "":
		return answer{broken: NoCode}, why, true
	}
	return answer{value: v}, why, true
}

// parseValue reads value[x] of an answer or an answer option, and tells how
// many values it found.
func parseValue(node gjson.Result) (v value, n int) {
	node.ForEach(func(key, val gjson.Result) bool {
		kind, ok := strings.CutPrefix(key.String(), "value")
		kind = strings.ToLower(kind)
		if !ok || hollow(kind, val) {
			return true
		}
		v = typedValue(kind, val)
		n++
		return true
	})
	return v, n
}

func typedValue(kind string, val gjson.Result) value {
	switch kind {
	case "coding":
		return value{kind, val.Get("system").String(), val.Get("code").String()}
	case "integer", "decimal":
		return value{kind: kind, text: number(val)}
	}
	return value{kind: kind, text: val.String()}
}

// number makes 2, 2.0 and 2e0 the same; what is not a number stays as it was
// written and so matches nothing.
func number(val gjson.Result) string {
	if val.Type != gjson.Number {
		return val.Raw
	}
	return strconv.FormatFloat(val.Float(), 'g', -1, 64)
}
