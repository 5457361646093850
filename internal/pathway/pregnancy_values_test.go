package pathway

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

func woman(birth string) stay.Patient {
	return stay.Patient{Ref: "Patient/1", Sex: stay.Female, Birth: stay.ParseDate(birth)}
}

// Which Conditions say that she is pregnant: of the policy's codes, not ended, not void,
// and young enough.
func TestIsPregnant(t *testing.T) {
	condition := func(clinical, verification, code string) stay.Condition {
		return stay.Condition{Codes: coded("x", code), Clinical: strings.Fields(clinical), Verification: strings.Fields(verification), Labels: coded("label")}
	}
	dated := func(begun, recorded time.Duration) stay.Condition {
		c := condition("active", "", "pregnant")
		if begun != 0 {
			c.Begun = stay.ParseDate(noonOf17.Add(-begun).Format(time.RFC3339))
		}
		if recorded != 0 {
			c.Recorded = stay.ParseDate(noonOf17.Add(-recorded).Format(time.RFC3339))
		}
		return c
	}
	const day = 24 * time.Hour
	for _, test := range []struct {
		conditions []stay.Condition
		want       bool
	}{
		{nil, false},
		{[]stay.Condition{condition("active", "", "pregnant")}, true},
		{[]stay.Condition{condition("active", "confirmed", "pregnant")}, true},
		{[]stay.Condition{condition("active", "unconfirmed", "pregnant")}, true},
		{[]stay.Condition{condition("recurrence", "", "pregnant")}, true},
		{[]stay.Condition{condition("", "", "pregnant")}, true},
		{[]stay.Condition{condition("active", "refuted", "pregnant")}, false},
		{[]stay.Condition{condition("active", "entered-in-error", "pregnant")}, false},
		{[]stay.Condition{condition("active", "confirmed refuted", "pregnant")}, false},
		{[]stay.Condition{condition("inactive", "", "pregnant")}, false},
		{[]stay.Condition{condition("remission", "", "pregnant")}, false},
		{[]stay.Condition{condition("resolved", "confirmed", "pregnant")}, false},
		{[]stay.Condition{condition("active", "", "diabetes")}, false},
		{[]stay.Condition{{Codes: []stay.Code{{System: "another", Code: "pregnant"}}, Clinical: []string{"active"}}}, false},
		{[]stay.Condition{condition("active", "refuted", "pregnant"), condition("active", "", "pregnant")}, true},
		{[]stay.Condition{dated(300*day-time.Second, 0)}, true},
		{[]stay.Condition{dated(300*day, 0)}, false},
		{[]stay.Condition{dated(0, 300*day-time.Second)}, true},
		{[]stay.Condition{dated(0, 300*day)}, false},
		{[]stay.Condition{dated(400*day, 1*day)}, false},
		{[]stay.Condition{dated(1*day, 400*day)}, true},
		{[]stay.Condition{dated(-1*day, 0)}, true},
	} {
		s := stay.Stay{Patient: woman("2000"), Conditions: test.conditions}
		known := Knowing(s, policyOf(nil), noonOf17)
		if got := IsPregnant(s, policyOf(nil), noonOf17); got != test.want || known.Patient.Pregnant != got {
			t.Errorf("%+v: %t", test.conditions, got)
		}
		if labels := len(known.Patient.Because); (labels > 0) != (test.want && len(test.conditions[len(test.conditions)-1].Labels) > 0) {
			t.Errorf("%+v: labelled %v", test.conditions, known.Patient.Because)
		}
	}
	again := Knowing(stay.Stay{Patient: stay.Patient{Pregnant: true, Because: coded("x")}}, policyOf(nil), noonOf17)
	if again.Patient.Pregnant || again.Patient.Because != nil {
		t.Error("what was known before stays")
	}
}

// A partial date counts to its end.
func TestAPregnancyOfAMonth(t *testing.T) {
	at := time.Date(2031, 5, 17, 12, 0, 0, 0, time.UTC)
	for begun, want := range map[string]bool{"2030-07": true, "2030-06": false, "2030": true, "2030-07-22": true, "2030-07-20": false} {
		if got := lasts(stay.Condition{Begun: stay.ParseDate(begun)}, at); got != want {
			t.Errorf("%s: %t", begun, got)
		}
	}
}

// Who may be pregnant at all; what is not known counts.
func TestMayBePregnant(t *testing.T) {
	at := time.Date(2031, 5, 17, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		sex   stay.Sex
		birth string
		want  bool
	}{
		{stay.Female, "2000", true}, {stay.UnknownSex, "2000", true}, {stay.Male, "2000", false}, {stay.Female, "", true}, {stay.Male, "", false},
		{stay.Female, "2019-05-17", true}, {stay.Female, "2019-05-18", false}, {stay.Female, "2019", true},
		{stay.Female, "1975-05-18", true}, {stay.Female, "1975-05-17", false}, {stay.Female, "1975", true},
	} {
		if got := mayBePregnant(stay.Patient{Sex: test.sex, Birth: stay.ParseDate(test.birth)}, at); got != test.want {
			t.Errorf("%+v: %t", test, got)
		}
	}
}

// What is heard of a pregnancy is looked into only where something was made of answers,
// and she is here.
func TestHearingOfAPregnancy(t *testing.T) {
	heard := func(change func(*chart)) *chart {
		c := &chart{Stay: stay.Stay{News: true, Patient: woman("2000"), Admission: stay.Admission{Status: stay.InProgress}}, task: stay.Task{Score: "o1"}, now: noonOf17}
		change(c)
		return c
	}
	for name, test := range map[string]struct {
		change func(*chart)
		want   bool
	}{
		"here":          {func(*chart) {}, true},
		"nothing heard": {func(c *chart) { c.News = false }, false},
		"no score":      {func(c *chart) { c.task.Score = "" }, false},
		"withdrawn":     {func(c *chart) { c.task.Withdrawn = true }, false},
		"gone home":     {func(c *chart) { c.Admission.Status = stay.Finished }, false},
		"a man":         {func(c *chart) { c.Patient.Sex = stay.Male }, false},
	} {
		if got := heard(test.change).hearsOf(); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// What was judged is judged again where pregnancy makes more of it, or where order or
// advice do not say it; never where it would make less.
func TestPregnantSince(t *testing.T) {
	one := sent(t, item("1", "LA18926-8"), item("2", "LA15694-5"), item("3", "LA6270-8"))
	older := func(p *Policy) { p.Tiers.Consult = append([]Limit{{Pregnant: true, From: 1}}, p.Tiers.Consult...) }
	advice := func(status string, pregnant bool) stay.Task {
		return stay.Task{Ref: "Task/3", Purpose: stay.Purpose{Kind: stay.Advice}, Number: 1, Status: status, Pregnant: pregnant}
	}
	for name, test := range map[string]struct {
		policy  func(*Policy)
		score   stay.Result // its sum and its tier
		consult stay.Result
		advice  stay.Task
		change  func(*chart)
		want    bool
	}{
		"more":                       {score: stay.Result{Sum: 1, Tier: "none"}, want: true},
		"much more":                  {policy: older, score: stay.Result{Sum: 1, Tier: "none"}, want: true},
		"known":                      {score: stay.Result{Sum: 1, Tier: "advice"}},
		"less":                       {score: stay.Result{Sum: 1, Tier: "consult"}},
		"more, but not by it":        {score: stay.Result{Sum: 3, Tier: "none"}},
		"no tier on record":          {score: stay.Result{Sum: 1}},
		"a tier of a later release":  {score: stay.Result{Sum: 1, Tier: "x"}},
		"zero":                       {score: stay.Result{Sum: 0, Tier: "none"}},
		"entered in error":           {score: stay.Result{Sum: 1, Tier: "none", Status: "entered-in-error"}},
		"not pregnant":               {score: stay.Result{Sum: 1, Tier: "none"}, change: func(c *chart) { c.Patient.Pregnant = false }},
		"gone home":                  {score: stay.Result{Sum: 1, Tier: "none"}, change: func(c *chart) { c.Admission.Status = stay.Finished }},
		"a form that is not there":   {score: stay.Result{Sum: 1, Tier: "none"}, change: func(c *chart) { c.response.Form = nil }},
		"answers that are not whole": {score: stay.Result{Sum: 1, Tier: "none"}, change: func(c *chart) { c.response = sent(t, item("1", "LA18926-8")) }},
		"no score holds":             {score: stay.Result{Sum: 1, Tier: "none"}, change: func(c *chart) { c.task.Withdrawn = true }},
		"advice that is open":        {score: stay.Result{Sum: 3, Tier: "advice"}, advice: advice("requested", false), want: true},
		"advice that says it":        {score: stay.Result{Sum: 3, Tier: "advice"}, advice: advice("requested", true)},
		"advice that was given":      {score: stay.Result{Sum: 3, Tier: "advice"}, advice: advice("completed", false)},
		"advice, and less":           {score: stay.Result{Sum: 1, Tier: "consult"}, advice: advice("requested", false)},
		"a letter":                   {score: stay.Result{Sum: 5, Tier: "consult"}, consult: stay.Result{Ref: "s1", Status: "active"}, want: true},
		"a letter that says it":      {score: stay.Result{Sum: 5, Tier: "consult"}, consult: stay.Result{Ref: "s1", Status: "active", Notes: []string{stay.LetterPregnant}}},
		"a clinician's order":        {score: stay.Result{Sum: 5, Tier: "consult"}, consult: stay.Result{Ref: "s1", Status: "active", Theirs: true}},
		"an order that is done":      {score: stay.Result{Sum: 5, Tier: "consult"}, consult: stay.Result{Ref: "s1", Status: "completed"}},
		"an order that is cancelled": {score: stay.Result{Sum: 5, Tier: "consult"}, consult: stay.Result{Ref: "s1", Status: "revoked"}},
	} {
		test.score.Ref = "o1"
		c := &chart{policy: policyOf(test.policy), response: one, task: stay.Task{Score: "o1"}, now: noonOf17, Stay: stay.Stay{
			Patient: woman("2000"), Admission: stay.Admission{Status: stay.InProgress}, Screening: stay.Screening{Score: test.score}, Consult: test.consult}}
		c.Patient.Pregnant = true
		if test.advice.Ref != "" {
			c.Tasks = []stay.Task{test.advice}
		}
		if test.change != nil {
			test.change(c)
		}
		if got := c.pregnantSince(); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// What says that she is pregnant carries the labels of what says so.
func TestLabelsOfAPregnancy(t *testing.T) {
	s := stay.Stay{Screening: stay.Screening{Responses: []stay.Response{{Ref: "r1", Labels: coded("answers")}}, EarlierScore: stay.Result{Labels: coded("earlier")}}, Patient: stay.Patient{Because: coded("pregnancy")}}
	for response, want := range map[string]string{"r1": "[{s answers} {s pregnancy}]", "r2": "[{s earlier} {s pregnancy}]"} {
		if got := fmt.Sprint(From(s, response).Labels); got != want {
			t.Errorf("%s: %s", response, got)
		}
	}
}
