package sandbox

import (
	"cmp"
	"slices"

	"github.com/tidwall/gjson"
)

// enabled evaluates enableWhen of a question on the answers of the whole response.
func (f *form) enabled(q gjson.Result) bool {
	conditions := q.Get("enableWhen").Array()
	if len(conditions) == 0 {
		return true
	}
	if q.Get("enableBehavior").Str == "all" {
		return !slices.ContainsFunc(conditions, func(c gjson.Result) bool { return !f.met(c) })
	}
	return slices.ContainsFunc(conditions, f.met)
}

func (f *form) met(condition gjson.Result) bool {
	answers := answersTo(f.response, condition.Get("question").Str)
	operator := condition.Get("operator").Str
	if operator == "exists" {
		return condition.Get("answerBoolean").Bool() == (len(answers) > 0)
	}
	_, want := chosen(condition, "answer")
	return slices.ContainsFunc(answers, func(answer gjson.Result) bool {
		_, got := chosen(answer, "value")
		return compareAnswers(operator, got, want)
	})
}

// answersTo collects the answers to a question wherever it stands.
func answersTo(holder gjson.Result, link string) []gjson.Result {
	var found []gjson.Result
	for _, item := range holder.Get("item").Array() {
		answers := item.Get("answer").Array()
		if item.Get("linkId").Str == link {
			found = append(found, answers...)
		}
		found = append(found, answersTo(item, link)...)
		for _, answer := range answers {
			found = append(found, answersTo(answer, link)...)
		}
	}
	return found
}

func compareAnswers(operator string, got, want gjson.Result) bool {
	switch operator {
	case "=":
		return equalAnswer(want, got)
	case "!=":
		return !equalAnswer(want, got)
	}
	order := orderAnswers(got, want)
	switch operator {
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	}
	return false
}

func orderAnswers(a, b gjson.Result) int {
	if a.IsObject() {
		a, b = a.Get("value"), b.Get("value")
	}
	if a.Type == gjson.Number {
		return cmp.Compare(a.Num, b.Num)
	}
	return cmp.Compare(a.String(), b.String())
}
