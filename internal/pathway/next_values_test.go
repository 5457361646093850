package pathway

import (
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// asking is what policies have in common, and wants its screenings behind.
const asking = `
version: several-1
screening: {classes: [IMP], min_age: 18, due_after: 24h}
unknown_sex: lower
consult: {codings: [{system: s, code: c}]}
screenings:
`

// chain is a policy in which AUDIT follows AUDIT-C.
func chain(t *testing.T, next, more string) (*Policy, error) {
	t.Helper()
	return ParsePolicy([]byte(asking + `  - instrument: auditc
    tiers: {advice: [{from: 3, source: x}], consult: [{from: 4, source: x}], urgent: [{from: 8, source: x}]}
    next: ` + next + `
  - instrument: audit
    tiers: {consult: [{from: 16, source: x}]}
` + more))
}

func TestWhatFollows(t *testing.T) {
	for next, want := range map[string]string{
		`{instrument: audit, from: advice}`:                `audit after auditc from advice within 4h0m0s`,
		`{instrument: audit, from: consult, within: 30m}`:  `audit after auditc from consult within 30m0s`,
		`{instrument: dudit, from: consult}`:               `screenings[0].next.instrument: "dudit" is none of those below it`,
		`{instrument: auditc, from: consult}`:              `screenings[0].next.instrument: "auditc" is none of those below it`,
		`{instrument: audit}`:                              `screenings[0].next.from: "" must be advice or consult`,
		`{instrument: audit, from: urgent}`:                `screenings[0].next.from: "urgent" must be advice or consult`,
		`{instrument: audit, from: consult, within: 0s}`:   `screenings[0].next.within: must be a duration longer than 0, such as 4h`,
		`{instrument: audit, from: consult, within: soon}`: `screenings[0].next.within: must be a duration longer than 0, such as 4h`,
		`{instrument: audit, from: consult, when: now}`:    `unknown field "when"`,
	} {
		p, err := chain(t, next, "")
		switch {
		case err != nil && strings.Contains(err.Error(), want):
		case err != nil:
			t.Errorf("%s: %v", next, err)
		default:
			step := p.About("audit").Step()
			if got := "audit after " + step.After + " from " + step.From.String() + " within " + step.Within.String(); got != want || p.Step() != nil {
				t.Errorf("%s: %s", next, got)
			}
		}
	}
	_, err := chain(t, `{instrument: dudit, from: consult}`, `    next: {instrument: dudit, from: consult}
  - instrument: dudit
    tiers: {consult: [{from: 6, source: x}]}
`)
	if err == nil || !strings.Contains(err.Error(), "screenings[1].next.instrument: dudit follows auditc already") {
		t.Error(err)
	}
}

// scoredWith is an admission in which AUDIT-C was answered half an hour ago, and AUDIT is
// asked, if there is a Task for it.
func scoredWith(t *testing.T, sum int, next *stay.Task, change func(*stay.Stay)) stay.Stay {
	t.Helper()
	items := map[string]int{"68518-0": min(sum, 4), "68519-8": min(max(sum-4, 0), 4), "68520-6": max(sum-8, 0)}
	s := stay.Stay{
		Admission: stay.Admission{ID: "e1", Status: stay.InProgress, Classes: []stay.Code{{Code: "IMP"}}, Start: noonOf17.Add(-2 * time.Hour)},
		Patient:   stay.Patient{Ref: "Patient/1", Sex: stay.Female, Birth: stay.ParseDate("1970-01-01")},
		Tasks: []stay.Task{{Ref: "Task/1", Purpose: stay.For(stay.ScreeningTask, stay.AuditC), Number: 1, For: "Patient/1", Status: "completed",
			BusinessStatus: Scored, Response: "r1", Judged: "v1", Score: "o1"}},
		Screening: stay.Screening{Instrument: stay.AuditC, Score: stay.Result{Ref: "o1", Status: "final", Sum: sum, Items: items, From: "r1"},
			Responses: []stay.Response{{Ref: "r1", Version: "v1", Ours: true, Number: 1, Status: "completed", Subject: "Patient/1", Authored: noonOf17.Add(-30 * time.Minute), Content: new(instrument.Response)}}},
		Others: []stay.Screening{{Instrument: "audit"}},
	}
	if next != nil {
		next.Ref, next.Purpose, next.Number, next.For = "Task/2", stay.For(stay.ScreeningTask, "audit"), 1, "Patient/1"
		s.Tasks = append(s.Tasks, *next)
	}
	if change != nil {
		change(&s)
	}
	return s
}

// A routine consult waits for the next form, as long as somebody is to answer it.
func TestAConsultThatWaits(t *testing.T) {
	p, err := chain(t, `{instrument: audit, from: consult, within: 1h}`, "")
	if err != nil {
		t.Fatal(err)
	}
	open := stay.Task{Status: "requested", BusinessStatus: Unanswered}
	for name, test := range map[string]struct {
		sum      int
		next     stay.Task
		after    time.Duration
		change   func(*stay.Stay)
		consults bool
	}{
		"it waits":                 {5, open, 0, nil, false},
		"and the time is over":     {5, open, 31 * time.Minute, nil, true},
		"at the moment":            {5, open, 30 * time.Minute, nil, true},
		"nobody is to answer":      {5, stay.Task{Status: "rejected", BusinessStatus: Unanswered}, 0, nil, true},
		"known that nobody is":     {5, stay.Task{Status: "rejected", BusinessStatus: Declined}, 0, nil, false},
		"nothing is due":           {3, open, 31 * time.Minute, nil, false},
		"she went home":            {5, open, 0, func(s *stay.Stay) { s.Admission.Status = stay.Finished }, true},
		"she has died":             {5, open, 0, func(s *stay.Stay) { s.Patient.Deceased = true }, false},
		"the stay never was":       {5, open, 31 * time.Minute, func(s *stay.Stay) { s.Admission.Status = stay.Cancelled }, false},
		"a consult was asked for":  {5, open, 31 * time.Minute, func(s *stay.Stay) { s.Tasks[0].Consult = "s1" }, false},
		"she does not want it":     {5, open, 31 * time.Minute, func(s *stay.Stay) { s.Score.Offer = instrument.OfferDeclined }, false},
		"the score was taken back": {5, open, 31 * time.Minute, func(s *stay.Stay) { s.Tasks[0].Withdrawn = true }, false},
	} {
		d := Decide(scoredWith(t, test.sum, &test.next, test.change), p, noonOf17.Add(test.after))
		if got := Of[Referral](d) != nil; got != test.consults || len(d.Needs) > 0 {
			t.Errorf("%s: a consult %t, %+v %+v", name, got, d.Reasons, d.Needs)
		}
		if name == "it waits" && !d.Next.Equal(noonOf17.Add(30*time.Minute)) {
			t.Errorf("looks again at %s", d.Next)
		}
	}
}
