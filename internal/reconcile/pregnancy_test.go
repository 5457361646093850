package reconcile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

func pregnantNow(_ *Reconciler, p *picture) { p.stay.Patient.Pregnant = true }

// A Condition in, a condition out: when it began, or was recorded, and its labels.
func TestReadingACondition(t *testing.T) {
	date := func(s string) stay.Date { return stay.DateIn(s, time.UTC) }
	for elements, want := range map[string]stay.Condition{
		``:                                {},
		`"onsetDateTime":"2031-02"`:       {Begun: date("2031-02")},
		`"recordedDate":"2031-05-17"`:     {Recorded: date("2031-05-17")},
		`"onsetPeriod":{"start":"2031"}`:  {Begun: date("2031")},
		`"onsetString":"this spring"`:     {},
		`"onsetDateTime":"this spring"`:   {},
		`"onsetAge":{"value":30}`:         {},
		`"onsetPeriod":{"end":"2031-01"}`: {},
		`"meta":{"security":[{"system":"s","code":"R"}]},"onsetDateTime":"2031-02-03T10:00:00+01:00"`: {Begun: date("2031-02-03T09:00:00Z"), Labels: codesOf("s|R")},
	} {
		same(t, elements, loader{zone: time.UTC}.condition(resource(t, "Condition", elements)), want)
	}
}

// What says already that she is pregnant, and which tier is on record.
func TestReadingWhatSaysPregnant(t *testing.T) {
	coding := func(code string) string {
		return `{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"` + code + `"}]}`
	}
	for signs, want := range map[string]string{`[` + coding("advice") + `]`: "advice", `[{"coding":[{"system":"s","code":"POS"}]},` + coding("consult") + `]`: "consult", `[]`: ""} {
		if got := result(parsed(t, with(score, "interpretation", signs))); got.Tier != want {
			t.Errorf("%s: %s", signs, got.Tier)
		}
	}
	r, _ := desk(t)
	for reason, want := range map[string]bool{coding("pregnant"): true, coding("advice"): false, `{"coding":[{"system":"s","code":"pregnant"}],"text":"pregnant"}`: false} {
		if got, ok := r.loader.task(resource(t, "Task", our("advice:e1", `"reasonCode":`+reason)), "e1"); !ok || got.Pregnant != want {
			t.Errorf("%s: %t", reason, got.Pregnant)
		}
	}
}

// What a pregnant patient is told, and what is left of what people wrote.
func TestAdvisingInPregnancy(t *testing.T) {
	words := func(r *Reconciler, p *picture) {
		r.Advice.SayPregnant = "What now?"
		pregnantNow(r, p)
	}
	open := func(pathValues ...string) []string { return append(referred, with(ward, pathValues...)) }
	checkAll(t, []transacted{
		{"advise in pregnancy", awaited, words, do(&pathway.AdviceChange{Status: "requested"}), `
			+ Task unless advice:e1
			…
			note.0.text: What now?
			note.1.text: Line – 08588
			reasonCode: pregnant "Pregnant"
			withdraw from Encounter/e1: #advice`},
		{"reworded", open("status", `"in-progress"`, "statusReason", `{"text":"hers"}`, "note", `[{"text":"said by hand"},{"text":"Say this"}]`), words,
			do(&pathway.AdviceChange{Ref: "Task/advice", Status: "in-progress", Reworded: true}), `
			withdraw from Encounter/e1: Task/advice
			~ Task/advice if 7
			dated
			note.1.text: Say this → What now?
			note.1.time: ∅ → 2031-05-17T12:00:00.000Z
			reasonCode: ∅ → pregnant "Pregnant"`},
		{"reworded, of other words", open("note", `[{"text":"Say that"}]`), words, do(&pathway.AdviceChange{Ref: "Task/advice", Status: "requested", Reworded: true}), `
			withdraw from Encounter/e1: Task/advice
			~ Task/advice if 7
			dated
			note.1.text: ∅ → What now?
			note.1.time: ∅ → 2031-05-17T12:00:00.000Z
			reasonCode: ∅ → pregnant "Pregnant"`},
		{"advised again, reworded", open("status", `"cancelled"`, "statusReason", `{"text":"old"}`, "note", `[{"text":"Say this"}]`), words,
			do(&pathway.AdviceChange{Ref: "Task/advice", Status: "requested", Reworded: true}), `
			withdraw from Encounter/e1: Task/advice
			~ Task/advice if 7
			dated
			note.0.text: Say this → What now?
			note.0.time: ∅ → 2031-05-17T12:00:00.000Z
			reasonCode: ∅ → pregnant "Pregnant"
			status: cancelled → requested
			statusReason.text: old → ∅`},
	})
}

// In pregnancy the letter says so, and nothing says that an intake could be below a limit.
func TestTheLetterInPregnancy(t *testing.T) {
	r, s := desk(t, awaited...)
	p := seen(t, r, s)
	pregnantNow(r, &p)
	wrote(t, r, s, p, scored(t, awaited[3], func(a *pathway.Score) {
		a.Response.Ref, a.Result.Flags = "QuestionnaireResponse/r1", []instrument.Flag{instrument.FlagItem1Only, instrument.FlagStaleAnswers}
	}), &pathway.Referral{Limit: pathway.Limit{Pregnant: true, From: 4}})
	letter := letterSent(s)
	for _, want := range []string{"The limit of 4 for pregnant patients was passed", "pregnant: The patient is pregnant. The answers are about the last 12 months",
		"In pregnancy the advice is not to drink alcohol", "For review: answers"} {
		if !strings.Contains(letter, want) {
			t.Errorf("%q is not in\n%s", want, letter)
		}
	}
	if all := string(s.sent); strings.Contains(all, "below the recommended limit") || strings.Count(all, "In pregnancy the advice is not to drink alcohol") != 2 {
		t.Errorf("score and letter say\n%s", all)
	}
	if !strings.Contains(string(s.sent), "letter-pregnant") {
		t.Error("the note does not say what it is about")
	}
}

// What was heard of a patient is kept until a look has acted on it, under any of her
// records.
func TestWhatIsHeardIsKeptUntilItIsActedOn(t *testing.T) {
	m := newMemo()
	m.hear("Patient/0", at12)
	who := stay.Patient{Ref: "Patient/1", Formerly: []string{"Patient/0"}}
	if !m.heardOf(who) || m.heardOf(stay.Patient{Ref: "Patient/1"}) || m.heardOf(stay.Patient{}) {
		t.Error("of whom it was heard")
	}
	if m.actedOn(who); m.heardOf(who) {
		t.Error("it was acted on")
	}
	for i := range mostPregnancies {
		m.hear(fmt.Sprint(i), at12)
	}
	if m.hear("late", at12.Add(aDay)); m.heardOf(stay.Patient{Ref: "late"}) {
		t.Error("so many at once are not kept")
	}
	if m.hear("later", at12.Add(aDay+1)); !m.heardOf(stay.Patient{Ref: "later"}) || len(m.pregnancies) != 1 {
		t.Error("what is a day old makes room")
	}
}

// A pregnancy that was recorded since is looked for once, where it was heard of; what is
// written then names it.
func TestAPregnancyRecordedSince(t *testing.T) {
	expects := `{"resourceType":"Condition","id":"c","meta":{"security":[{"system":"s","code":"few"}]},"subject":{"reference":"Patient/p1"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"77386006"}]}}`
	there := instead(append(append([]string{}, referred...), expects), with(woman, "birthDate", `"2001"`),
		with(nurse, "status", `"completed"`, "output.-1", remembers("score", to("Observation/o1")), "output.-1", remembers("consult", to("ServiceRequest/s1")),
			"output.-1", remembers("carried", `"valueString":"requested"`), "output.-1", remembers("judged", `"valueString":"QuestionnaireResponse/r1/_history/`+versionOf(t, answers)+`"`)))
	conditions := func(s *shelf) (n int) {
		for _, asked := range s.asked {
			if strings.HasPrefix(asked, "Condition") {
				n++
			}
		}
		return n
	}
	r, s := desk(t, there...)
	if done, err := r.Reconcile(t.Context(), "e1"); err != nil || conditions(s) != 0 {
		t.Fatal(done, err, s.asked)
	}
	r.Pregnancy("Patient/p1")
	if e, err := r.Preview(t.Context(), "e1"); err != nil || !e.Pregnant || !e.Writes {
		t.Fatalf("%+v %v", e.Decision, err)
	}
	s.asked, s.sent = nil, nil
	if done, err := r.Reconcile(t.Context(), "e1"); err != nil || !done.Wrote || conditions(s) != 1 || !strings.Contains(string(s.sent), "The patient is pregnant.") || !strings.Contains(string(s.sent), `"few"`) {
		t.Errorf("%+v %v\n%s", done, err, s.sent)
	}
	if s.asked = nil; r.loader.seen.heardOf(stay.Patient{Ref: "Patient/p1"}) {
		t.Error("it is heard of still")
	}
}

func versionOf(t *testing.T, raw string) string {
	t.Helper()
	return parsed(t, raw).VersionID()
}
