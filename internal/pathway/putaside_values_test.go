package pathway

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/stay"
)

const absent = "http://terminology.hl7.org/CodeSystem/data-absent-reason"

// What is the patient's no, and what only the ward's: by each policy.
func TestWhoSaidNo(t *testing.T) {
	code := func(system, code string) stay.Said {
		return stay.Said{Codes: []stay.Code{{System: "x", Code: "y"}, {System: system, Code: code}}}
	}
	text := func(words ...string) stay.Said { return stay.Said{Texts: words} }
	for _, test := range []struct {
		name         string
		status       string
		said         stay.Said
		ours         [2]string // reason and business status
		shipped, old bool      // who does not say how a rejection is to be taken keeps the old way
	}{
		{"nothing", "rejected", stay.Said{}, [2]string{}, false, true},
		{"our code", "rejected", stay.Said{}, [2]string{Declined}, true, true},
		{"our code as business status", "rejected", stay.Said{}, [2]string{"", Declined}, true, true},
		{"another code of ours", "rejected", stay.Said{}, [2]string{Scored, PutAway}, false, true},
		{"HL7's", "rejected", code(absent, "asked-declined"), [2]string{}, true, true},
		{"another of HL7's", "rejected", code(absent, "asked-unknown"), [2]string{}, false, true},
		{"our code of another system", "rejected", code("s", Declined), [2]string{}, false, true},
		{"the site's", "rejected", code("s", "no"), [2]string{}, true, true},
		{"the site's of another system", "rejected", code("z", "no"), [2]string{}, false, true},
		{"the site's words", "rejected", text("in surgery", "  vil\u00a0IKKE \n svare. "), [2]string{}, true, true},
		{"with more beside them", "rejected", text("Vil ikke svare nå"), [2]string{}, false, true},
		{"other words", "rejected", text("Operasjon"), [2]string{}, false, true},
		{"no words", "rejected", text(" "), [2]string{}, false, true},
		{"cancelled", "cancelled", stay.Said{}, [2]string{}, false, false},
		{"cancelled with our code", "cancelled", stay.Said{}, [2]string{Declined}, true, true},
		{"our code as business status", "rejected", stay.Said{}, [2]string{"", Declined}, true, true},
		{"another code of ours", "rejected", stay.Said{}, [2]string{Scored, PutAway}, false, true},
		{"failed with HL7's", "failed", code(absent, "asked-declined"), [2]string{}, true, true},
		{"on hold with the site's words", "on-hold", text("Vil ikke svare"), [2]string{}, true, true},
		{"on hold", "on-hold", stay.Said{}, [2]string{}, false, false},
		{"open", "requested", stay.Said{}, [2]string{Declined}, false, false},
		{"completed", "completed", stay.Said{}, [2]string{Declined}, false, false},
	} {
		p := policyOf(func(p *Policy) {
			p.Screening.CountsAsDeclined = Refusal{Codings: []Coding{{System: "s", Code: "no"}}, Texts: []string{"ønsker ikke", "Vil ikke svare"}}
		})
		c := &chart{task: stay.Task{Status: test.status, Said: test.said, Reason: test.ours[0], BusinessStatus: test.ours[1]}, policy: p}
		if got := c.saidNo(); got != test.shipped {
			t.Errorf("%s: %t", test.name, got)
		}
		p.Screening.RejectedWithoutReason = unnamed().Screening.RejectedWithoutReason
		if got := c.saidNo(); got != test.old {
			t.Errorf("%s, by an older policy: %t", test.name, got)
		}
	}
}

// Which reasons pass, by the shipped policy and by one that does not say.
func TestReasonsThatPass(t *testing.T) {
	old := unnamed()
	for reason, passes := range map[string][2]bool{
		"intoxicated": {true, true}, "delirious": {true, true}, "no-common-language": {true, true}, "too-ill": {true, true},
		"no-privacy": {true, false}, "away": {true, false}, "interpreter-needed": {true, false}, "dementia": {false, false}, "of a later release": {false, false},
	} {
		for i, p := range []*Policy{DefaultPolicy(), &old} {
			c := &chart{task: stay.Task{Status: "rejected", Reason: reason}, policy: p}
			if c.passes() != passes[i] || c.unable() != slices.Contains(UnableReasons, reason) {
				t.Errorf("%s, policy %d: passes %t, unable %t", reason, i, c.passes(), c.unable())
			}
		}
	}
	for _, reason := range UnableReasons {
		if !artifacts.Defines(reason) {
			t.Errorf("%s is not in our code system", reason)
		}
	}
}

// The time until the patient is asked again counts from when the nurse said so, not from
// our own word on the Task.
func TestUnableSince(t *testing.T) {
	said := noonOf17.Add(-20 * time.Hour)
	for name, test := range map[string]struct {
		task stay.Task
		next time.Duration
		says time.Time
	}{
		"just now":     {stay.Task{Changed: said}, 4 * time.Hour, said},
		"known":        {stay.Task{Changed: noonOf17, UnableSince: said, BusinessStatus: Unable}, 4 * time.Hour, time.Time{}},
		"not kept":     {stay.Task{Changed: noonOf17, BusinessStatus: Unable}, 24 * time.Hour, time.Time{}},
		"written over": {stay.Task{Changed: noonOf17, UnableSince: said, BusinessStatus: Unanswered}, 4 * time.Hour, said},
	} {
		test.task.Status, test.task.Reason = "rejected", "away"
		c := &chart{Stay: stay.Stay{Admission: stay.Admission{Status: stay.InProgress}}, task: test.task, policy: policyOf(nil), now: noonOf17}
		c.cannotBeAsked()
		var says time.Time
		if change := planned[TaskChange](c); change != nil {
			says = change.UnableSince
			if change.Business != Unable || change.Status != "rejected" || change.Why != "away" || !c.decision.Follows() {
				t.Errorf("%s: %+v", name, change)
			}
		}
		if got := c.decision.Next.Sub(noonOf17); got != test.next || !says.Equal(test.says) {
			t.Errorf("%s: again in %s, since %s", name, got, says)
		}
	}
}

// What the ward was asked about somebody else is no attempt with this patient; by any of
// her records it is.
func TestAttempts(t *testing.T) {
	c := &chart{Stay: stay.Stay{Patient: stay.Patient{Ref: "Patient/1", Formerly: []string{"Patient/0"}}}}
	for _, test := range []struct {
		task stay.Task
		want int
	}{
		{stay.Task{Purpose: stay.Purpose{Kind: stay.ScreeningTask}, For: "Patient/1"}, 1}, {stay.Task{Purpose: stay.Purpose{Kind: stay.ScreeningTask}, For: "Patient/0"}, 1}, {stay.Task{Purpose: stay.Purpose{Kind: stay.ScreeningTask}}, 1},
		{stay.Task{Purpose: stay.Purpose{Kind: stay.ScreeningTask}, For: "Patient/2"}, 0}, {stay.Task{Purpose: stay.Purpose{Kind: stay.ScreeningTask}, For: "Patient/1", BusinessStatus: PatientChanged}, 0},
		{stay.Task{Purpose: stay.Purpose{Kind: stay.Advice}, For: "Patient/1"}, 0}, {stay.Task{Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Status: "entered-in-error"}, 1},
	} {
		c.Tasks = []stay.Task{test.task}
		if got := c.attempts(); got != test.want {
			t.Errorf("%+v: %d", test.task, got)
		}
	}
}

// A Task that is open again is waited for again.
func TestTakenUpAgain(t *testing.T) {
	for business, want := range map[string]string{Unable: Unanswered, Declined: Unanswered, PutAway: Unanswered, Unanswered: "", Incomplete: "", Discharged: ""} {
		c := &chart{task: stay.Task{Status: "requested", BusinessStatus: business, Reason: "away"}, policy: policyOf(nil)}
		c.takenUpAgain()
		got := ""
		if change := planned[TaskChange](c); change != nil {
			if got = change.Business; change.Why != "" || change.Status != "requested" {
				t.Errorf("%s: %+v", business, change)
			}
		}
		if got != want {
			t.Errorf("%s: becomes %q", business, got)
		}
	}
}

// What a nurse has said holds beside answers that give no score.
func TestWhatIsSaidBesideAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		task stay.Task
		want bool
	}{
		"declined":             {stay.Task{Status: "rejected", Reason: Declined}, true},
		"put away":             {stay.Task{Status: "rejected"}, true},
		"unable":               {stay.Task{Status: "on-hold", Reason: "away"}, true},
		"on hold":              {stay.Task{Status: "on-hold"}, false},
		"cancelled":            {stay.Task{Status: "cancelled"}, false},
		"open":                 {stay.Task{Status: "in-progress"}, false},
		"declined in the form": {stay.Task{Status: "rejected", Judged: "v1", Reason: Declined}, false},
	} {
		c := &chart{task: test.task, policy: policyOf(nil)}
		if got := c.saidInstead(); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// Mistakes in what counts as a no.
func TestMistakesInReasons(t *testing.T) {
	for new, want := range map[string]string{
		"asked_again: [dementia, tired]":                               `screening.asked_again[1]: "tired" must be one of [intoxicated delirious`,
		"rejected_without_reason: ignore":                              `screening.rejected_without_reason: "ignore" must be put_away or declined`,
		`counts_as_declined: {texts: [nei, " . "]}`:                    "screening.counts_as_declined.texts[1]: is empty",
		"counts_as_declined: {codings: [{code: no}]}":                  "screening.counts_as_declined.codings[0]: system and code are needed",
		"counts_as_declined: {words: [nei]}":                           `"words"`,
		"asked_again: []":                                              "",
		`counts_as_declined: {texts: ["nei takk"]}`:                    "",
		"rejected_without_reason: declined":                            "",
		"asked_again: [dementia, intoxicated, away, away, no-privacy]": "",
	} {
		p, err := ParsePolicy([]byte("version: v1\nscreening: {classes: [IMP], due_after: 1h, " + new + `}
unknown_sex: lower
tiers: {consult: [{from: 4, source: x}]}
consult: {codings: [{system: s, code: c}]}
`))
		switch {
		case (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want):
			t.Errorf("%s: %v", new, err)
		case new == "asked_again: []" && len(p.Screening.AskedAgain) != 0:
			t.Error("nobody is to be asked again")
		}
	}
}
