package reconcile

import (
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
	"github.com/tilsyn/tilsyn/internal/words"
)

var languages = []string{"nb", "nn", "en", "sv", "da"}

// A letter tells of a protected patient neither the ward nor who asked there, in
// whichever language it was written. What a person has written stays.
func TestDiscreetLetters(t *testing.T) {
	for letter, want := range map[string]string{
		"Avdeling: Kirurgi 2.":       "",
		"Ward: Surgery 2.":           "",
		"Avdelning: Kirurgi 2.":      "",
		"Afdeling: Kirurgi 2.":       "",
		"a\nAvdeling: x.\nb":         "a\nb",
		"Besvart 2031, Kari N.":      "Besvart 2031.",
		"Svart på 2031, Kari N.":     "Svart på 2031.",
		"Answered 2031, Kari, RN.":   "Answered 2031.",
		"Besvarat 2031, Kari N.":     "Besvarat 2031.",
		"Besvaret 2031, Kari N.":     "Besvaret 2031.",
		"Answered 2031.":             "Answered 2031.",
		"The ward: x, Answered 1, 2": "The ward: x, Answered 1, 2",
		"2. Question, more – answer": "2. Question, more – answer",
	} {
		if got := discreet(letter); got != want {
			t.Errorf("%q: %q, want %q", letter, got, want)
		}
	}
	if !ourLetter("AUDIT-C: 8") || ourLetter("Ring Kari: AUDIT-C") {
		t.Error("our letters begin with AUDIT-C, in every language")
	}
	for _, l := range languages {
		if !ourLetter(words.In(l).Before("because")) || !ourLetter(words.In(l).Before("because-earlier")) {
			t.Errorf("%s: a letter is not known as ours", l)
		}
	}
}

// The letter to the team, line by line.
func TestLetters(t *testing.T) {
	codes := pathway.DefaultPolicy().Consult.Codings[0]
	earlier := func(_ *Reconciler, p *picture) {
		p.stay.Orders = []stay.Order{{Ref: "ServiceRequest/s0", Status: "completed", Admission: "Encounter/e0", At: time.Date(2030, 2, 3, 0, 0, 0, 0, time.UTC),
			Codes: []stay.Code{{System: codes.System, Code: codes.Code}}}}
	}
	speaks := func(language string) func(*Reconciler, *picture) {
		return func(r *Reconciler, _ *picture) { r.Language = language }
	}
	named := with(answers, "author.display", `"Kari N."`)
	anonymous := with(answers, "author", "")
	const items = `
		1. How often do you have a drink containing alcohol? – 4 or more times a week (4)
		2. How many standard drinks containing alcohol do you have on a typical day when drinking? – 5 or 6 (2)
		3. How often do you have six or more drinks on one occasion? – Monthly (2)
`
	const limit4 = `AUDIT-C: 8 of 12 points. The limit of 4 was passed (Liaison consult). Policy: policy-1.` + items
	const urgent = `AUDIT-C: 8 of 12 points. The limit of 8 was reached (Liaison consult, urgent). Policy: policy-1.` + items
	for name, test := range map[string]struct {
		there    []string
		change   func(*Reconciler, *picture)
		referral pathway.Referral
		want     string
	}{
		"routine": {awaited, nil, pathway.Referral{Limit: pathway.Limit{From: 4}}, limit4 + `Answered 2031-05-17 10:00, Practitioner/n1.
			Ward: Surgery 2.`},
		"urgent, by name": {instead(awaited, named), nil, pathway.Referral{Urgent: true, Limit: pathway.Limit{From: 8}}, urgent + `Answered 2031-05-17 10:00, Kari N..
			Ward: Surgery 2.`},
		"by nobody, with an earlier consult": {instead(awaited, anonymous), earlier, pathway.Referral{Limit: pathway.Limit{From: 4}}, limit4 + `Answered 2031-05-17 10:00.
			Ward: Surgery 2.
			Earlier consult: 2030-02-03 (completed).`},
		"declined, no name of the ward": {instead(awaited, with(answers, "item.-1", offered), with(admission, "location.0.location.display", "")), nil, pathway.Referral{Limit: pathway.Limit{From: 4}}, limit4 + `Answered 2031-05-17 10:00, Practitioner/n1.
			The patient does not want the consult.`},
		"the latest ward that has a name": {instead(awaited, with(admission, "location", `[{"location":{"reference":"Location/a"}},{"location":{"display":"B"}},{"location":{"display":"C"}}]`)), nil, pathway.Referral{Limit: pathway.Limit{From: 4}}, limit4 + `Answered 2031-05-17 10:00, Practitioner/n1.
			Ward: C.`},
		"protected": {instead(awaited, secret, named), nil, pathway.Referral{Limit: pathway.Limit{From: 4}}, limit4 + `Answered 2031-05-17 10:00.`},
		"protected, the ward shown": {instead(awaited, secret, named), func(r *Reconciler, _ *picture) { r.Policy.Protected.Show = []string{"ward"} }, pathway.Referral{Limit: pathway.Limit{From: 4}}, limit4 + `Answered 2031-05-17 10:00, Kari N..
			Ward: Surgery 2.`},
		"nb": {awaited, speaks("nb"), pathway.Referral{Limit: pathway.Limit{From: 4}}, `AUDIT-C: 8 av 12 poeng. Grensen på 4 er passert (Tilsyn rus). Regelverk: policy-1.` + items + `Besvart 2031-05-17 10:00, Practitioner/n1.
			Avdeling: Surgery 2.`},
		"da, protected": {instead(awaited, secret), speaks("da"), pathway.Referral{Limit: pathway.Limit{From: 4}}, `AUDIT-C: 8 af 12 point. Grænsen på 4 er passeret (Tilsyn). Regelsæt: policy-1.` + items + `Besvaret 2031-05-17 10:00.`},
	} {
		r, s := desk(t, test.there...)
		p := seen(t, r, s)
		if test.change != nil {
			test.change(r, &p)
		}
		answered := test.there[3]
		wrote(t, r, s, p, scored(t, answered, func(a *pathway.Score) { a.Response.Ref = "QuestionnaireResponse/r1" }), &test.referral)
		if got, want := letterSent(s), untabbed(test.want); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

func untabbed(text string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, "\n")
}

// letterSent is the first note on the order in the last transaction.
func letterSent(s *shelf) string {
	return orderSent(s).Get("note.0.text").String()
}

// What stands on the order beside the letter.
func TestWhatTheTeamMayOpen(t *testing.T) {
	codes := pathway.DefaultPolicy().Consult.Codings[0]
	r, s := desk(t, instead(awaited, with(admission, "status", `"finished"`))...)
	p := seen(t, r, s)
	for _, id := range []string{"a", "b"} {
		p.stay.Orders = append(p.stay.Orders, stay.Order{Ref: "ServiceRequest/" + id, Codes: []stay.Code{{System: codes.System, Code: codes.Code}}})
	}
	wrote(t, r, s, p, scored(t, answers, nil), &pathway.Referral{})
	order := orderSent(s)
	if got := order.Get("supportingInfo.#.reference").String(); got != `["QuestionnaireResponse/r1","ServiceRequest/b","ServiceRequest/a"]` {
		t.Error(got)
	}
	if got := order.Get("note.1.text").String(); got != "The answers came after the discharge: the patient is no longer in the hospital" || order.Get("note.#").Int() != 2 {
		t.Error(order.Get("note"))
	}
}
