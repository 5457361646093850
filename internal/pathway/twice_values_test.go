package pathway

import (
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// answeredForm is a form that somebody has written on.
func answeredForm(t *testing.T) *instrument.Response {
	content, err := instrument.ParseResponse([]byte(`{"resourceType":"QuestionnaireResponse","item":[{"linkId":"1","answer":[{"valueString":"x"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Of two with one name the one stays that nobody has taken out, that a surviving Task
// points to, or that a person has worked on; else the older, else the lower id.
func TestWhichOfTwoStays(t *testing.T) {
	const kind, team = stay.ScreeningTask, stay.ConsultTask
	at := func(ref string, change func(*stay.Task)) stay.Task {
		task := stay.Task{Ref: ref, Purpose: stay.Purpose{Kind: kind}, Number: 1, Status: "requested", Made: noonOf17, Response: "r" + ref, Consult: "s" + ref}
		if change != nil {
			change(&task)
		}
		return task
	}
	ofTeam := func(ref, status string) stay.Task {
		return at(ref, func(t *stay.Task) { t.Kind, t.Status, t.Focus, t.Consult = team, status, "s"+ref, "" })
	}
	written := []stay.Response{{Ref: "rb", Status: "completed", Content: answeredForm(t)}}
	wrong := []stay.Response{{Ref: "rb", Status: "entered-in-error", Content: answeredForm(t)}}
	empty := []stay.Response{{Ref: "rb", Status: "in-progress", Content: new(instrument.Response)}}
	for name, test := range map[string]struct {
		a, b      stay.Task
		others    []stay.Task
		responses []stay.Response
		want      string
	}{
		"the lower id":                    {at("a", nil), at("b", nil), nil, nil, "a"},
		"the older":                       {at("a", nil), at("b", func(t *stay.Task) { t.Made = noonOf17.Add(-time.Hour) }), nil, nil, "b"},
		"not the one made in error":       {at("a", func(t *stay.Task) { t.Status = "entered-in-error" }), at("b", nil), nil, nil, "b"},
		"the one that was taken on":       {at("a", nil), at("b", func(t *stay.Task) { t.Status = "accepted" }), nil, nil, "b"},
		"scored is not yet worked on":     {at("a", nil), at("b", func(t *stay.Task) { t.Status, t.Score = "completed", "o" }), nil, nil, "a"},
		"closed without a score is":       {at("a", nil), at("b", func(t *stay.Task) { t.Status = "completed" }), nil, nil, "b"},
		"scored, and withdrawn, is":       {at("a", nil), at("b", func(t *stay.Task) { t.Status, t.Score, t.Withdrawn = "completed", "o", true }), nil, nil, "b"},
		"whose form was written on":       {at("a", nil), at("b", nil), nil, written, "b"},
		"whose answers were wrong":        {at("a", nil), at("b", nil), nil, wrong, "a"},
		"whose form is empty":             {at("a", nil), at("b", nil), nil, empty, "a"},
		"whose consult is worked on":      {at("a", nil), at("b", nil), []stay.Task{ofTeam("b", "accepted")}, nil, "b"},
		"whose consult nobody has begun":  {at("a", nil), at("b", nil), []stay.Task{ofTeam("b", "requested")}, nil, "a"},
		"whose consult is an error":       {at("a", nil), at("b", nil), []stay.Task{ofTeam("b", "entered-in-error")}, nil, "a"},
		"the team's, chosen":              {ofTeam("a", "requested"), ofTeam("b", "requested"), []stay.Task{at("n", func(t *stay.Task) { t.Consult = "sb" })}, nil, "b"},
		"the team's, chosen before begun": {ofTeam("a", "accepted"), ofTeam("b", "requested"), []stay.Task{at("n", func(t *stay.Task) { t.Consult = "sb" })}, nil, "b"},
		"the advice, chosen":              {at("a", func(t *stay.Task) { t.Kind = stay.Advice }), at("b", func(t *stay.Task) { t.Kind = stay.Advice }), []stay.Task{at("n", func(t *stay.Task) { t.Advice = "b" })}, nil, "b"},
		"a focus on nothing":              {at("a", func(t *stay.Task) { t.Kind = team }), at("b", func(t *stay.Task) { t.Kind = team }), []stay.Task{at("n", func(t *stay.Task) { t.Consult = "" })}, nil, "a"},
	} {
		c := &chart{Stay: stay.Stay{Tasks: append([]stay.Task{test.a, test.b}, test.others...), Screening: stay.Screening{Responses: test.responses}}}
		if c.rather(test.a, test.b) != (test.want == "a") || c.rather(test.b, test.a) != (test.want == "b") {
			t.Errorf("%s: not %s", name, test.want)
		}
	}
}

// What there is one too many of, and what stays: Tasks of one number and purpose, what
// was made of them, and empty forms that no Task points to.
func TestTooMany(t *testing.T) {
	task := func(ref string, kind stay.Kind, number int, change func(*stay.Task)) stay.Task {
		made := stay.Task{Ref: ref, Purpose: stay.Purpose{Kind: kind}, Number: number, Status: "requested"}
		if change != nil {
			change(&made)
		}
		return made
	}
	results := func(score, consult string) func(*stay.Task) {
		return func(t *stay.Task) { t.Score, t.Consult = score, consult }
	}
	about := func(order string) func(*stay.Task) { return func(t *stay.Task) { t.Focus = order } }
	draft := func(ref string, number int, ours bool) stay.Response {
		return stay.Response{Ref: ref, Number: number, Ours: ours, Status: "in-progress", Content: new(instrument.Response)}
	}
	points := func(t *stay.Task) { t.Response = "r1" }
	for name, test := range map[string]struct {
		tasks     []stay.Task
		responses []stay.Response
		want      string
	}{
		"one of each":                     {[]stay.Task{task("a", stay.ScreeningTask, 1, nil), task("b", stay.ScreeningTask, 2, nil), task("c", stay.ConsultTask, 1, nil), task("d", stay.Advice, 1, nil)}, nil, ""},
		"asked twice":                     {[]stay.Task{task("a", stay.ScreeningTask, 1, results("o1", "s1")), task("b", stay.ScreeningTask, 1, results("o2", "s2"))}, nil, "b>a o2>o1 s2>s1"},
		"results shared":                  {[]stay.Task{task("a", stay.ScreeningTask, 1, results("o1", "s1")), task("b", stay.ScreeningTask, 1, results("o1", ""))}, nil, "b>a"},
		"the team's":                      {[]stay.Task{task("a", stay.ConsultTask, 1, nil), task("b", stay.ConsultTask, 1, nil)}, nil, "b>a"},
		"the team's, each with its order": {[]stay.Task{task("a", stay.ConsultTask, 1, about("s1")), task("b", stay.ConsultTask, 1, about("s2"))}, nil, "b>a s2>s1"},
		"the team's, for one order":       {[]stay.Task{task("a", stay.ConsultTask, 1, about("s1")), task("b", stay.ConsultTask, 1, about("s1"))}, nil, "b>a"},
		"the team's, whose order is gone": {[]stay.Task{task("a", stay.ConsultTask, 1, about("")), task("b", stay.ConsultTask, 1, about("s2"))}, nil, "b>a"},
		"asked and referred twice":        {[]stay.Task{task("a", stay.ScreeningTask, 1, results("", "s1")), task("b", stay.ScreeningTask, 1, results("", "s2")), task("c", stay.ConsultTask, 1, about("s1")), task("d", stay.ConsultTask, 1, about("s2"))}, nil, "b>a s2>s1 d>c"},
		"advice":                          {[]stay.Task{task("b", stay.Advice, 1, nil), task("a", stay.Advice, 1, nil)}, nil, "b>a"},
		"known already":                   {[]stay.Task{task("a", stay.ScreeningTask, 1, nil), task("b", stay.ScreeningTask, 1, func(t *stay.Task) { t.Status = "entered-in-error" })}, nil, ""},
		"three":                           {[]stay.Task{task("a", stay.ScreeningTask, 1, nil), task("b", stay.ScreeningTask, 1, nil), task("c", stay.ScreeningTask, 1, nil)}, nil, "b>a c>a"},
		"a form":                          {[]stay.Task{task("a", stay.ScreeningTask, 1, points)}, []stay.Response{draft("r1", 1, true), draft("r2", 1, true)}, "r2>r1"},
		"a form of theirs":                {[]stay.Task{task("a", stay.ScreeningTask, 1, points)}, []stay.Response{draft("r1", 1, true), draft("r2", 1, false)}, ""},
		"the next form":                   {[]stay.Task{task("a", stay.ScreeningTask, 1, points)}, []stay.Response{draft("r1", 1, true), draft("r2", 2, true)}, ""},
		"forms without a number":          {[]stay.Task{task("a", stay.ScreeningTask, 1, points)}, []stay.Response{draft("r1", 0, true), draft("r2", 0, true)}, ""},
		"a form that is begun":            {[]stay.Task{task("a", stay.ScreeningTask, 1, points)}, []stay.Response{draft("r1", 1, true), {Ref: "r2", Number: 1, Ours: true, Status: "in-progress", Content: answeredForm(t)}}, ""},
	} {
		var got []string
		for _, extra := range newChart(stay.Stay{Tasks: test.tasks, Screening: stay.Screening{Responses: test.responses}}, policyOf(nil), noonOf17).extra {
			got = append(got, extra.Ref+">"+extra.Keep)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
