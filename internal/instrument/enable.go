package instrument

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// condition is one enableWhen.
type condition struct {
	question, operator string
	value              value
}

func parseCondition(node gjson.Result) condition {
	c := condition{question: node.Get("question").String(), operator: node.Get("operator").String()}
	node.ForEach(func(key, val gjson.Result) bool {
		if kind, ok := strings.CutPrefix(key.String(), "answer"); ok {
			c.value = typedValue(strings.ToLower(kind), val)
		}
		return true
	})
	return c
}

// shown tells which items enableWhen leaves on the form. Renderers keep stale
// answers on items that they hide, so it is worked out again here.
type shown struct {
	form     *Form
	response *Response
	known    map[*item]bool
}

func (s *shown) item(it *item) bool {
	if is, ok := s.known[it]; ok {
		return is
	}
	s.known[it] = false // an item that depends on itself is never shown
	is := (it.parent == nil || s.item(it.parent)) && s.enabled(it) && !s.skipped(it)
	s.known[it] = is
	return is
}

func (s *shown) enabled(it *item) bool {
	if len(it.when) == 0 {
		return true
	}
	for _, c := range it.when {
		if s.holds(c) != it.all {
			return !it.all
		}
	}
	return it.all
}

// skipped is the instrument's own rule, such as that who never drinks is not asked how
// much. It holds also for forms that forgot to say so.
func (s *shown) skipped(it *item) bool {
	return slices.ContainsFunc(s.form.Of.spares(it.code), s.spared)
}

// spared tells that each of the items that decide was asked and has the points of the rule:
// one without an answer leaves everything to be asked.
func (s *shown) spared(u Unnecessary) bool {
	for _, code := range u.Where {
		first := s.form.itemOf(code)
		if first == nil || !s.item(first) {
			return false
		}
		if points, ok := s.points(first); !ok || points != u.Has {
			return false
		}
	}
	return true
}

func (s *shown) points(it *item) (int, bool) {
	answers := s.response.answers[it.linkID]
	if len(answers) != 1 || answers[0].broken != "" {
		return 0, false
	}
	return it.pointsOf(answers[0].value)
}

func (s *shown) holds(c condition) bool {
	question := s.form.byLink[c.question]
	var answers []answer
	if s.item(question) { // the answer to a hidden question does not count
		answers = s.response.answers[c.question]
	}
	if c.operator == "exists" {
		return (len(answers) > 0) == (c.value.text == "true")
	}
	for _, a := range answers {
		if compare(a.value, c.operator, c.value) {
			return true
		}
	}
	// R4: != also holds where there is no answer at all.
	return c.operator == "!=" && len(answers) == 0
}

func compare(a value, operator string, b value) bool {
	switch operator {
	case "=":
		return a == b
	case "!=":
		return a != b
	}
	x, errX := strconv.ParseFloat(a.text, 64)
	y, errY := strconv.ParseFloat(b.text, 64)
	if errX != nil || errY != nil {
		return false
	}
	switch operator {
	case ">":
		return x > y
	case "<":
		return x < y
	case ">=":
		return x >= y
	case "<=":
		return x <= y
	}
	return false
}
