package reconcile

import (
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// leftNote is the note that she has gone home.
func leftNote(at, text string) string {
	return strings.Replace(noted("left", text), `[{"url":"https://ehr.example/x"`, `[{"url":"https://tilsyn.org/fhir/StructureDefinition/left","valueDateTime":"`+at+`"},{"url":"https://ehr.example/x"`, 1)
}

// What the team reads when she goes home, and when she has not.
func TestDeparting(t *testing.T) {
	const end = "2031-05-17T11:00:00Z"
	home := with(admission, "status", `"finished"`, "period.end", `"`+end+`"`)
	lies := with(consult, "note", `[`+noted("reason", "AUDIT-C")+`,{"text":"Ward: by a person"},`+noted("place", "Ward: Surgery 2.")+`,`+noted("leaving", "Expected discharge: 2031-05-18.")+`]`)
	told := []string{with(team, "location", "", "businessStatus", coding("discharged"), "note", `[{"text":"gone"}]`),
		with(consult, "locationReference", "", "note", `[`+noted("reason", "AUDIT-C")+`,`+leftNote(end, "gone")+`]`)}
	ended := instead(instead(referred, told...), with(told[0], "status", `"cancelled"`, "statusReason", coding("discharged")), with(told[1], "status", `"revoked"`))
	secretly := func(_ *Reconciler, p *picture) {
		p.stay.Patient.Labels = []stay.Code{{System: pathway.Confidentiality, Code: "R"}}
	}
	gone := pathway.Departure{Task: "Task/team", Order: "ServiceRequest/s1"}
	back := pathway.Departure{Task: "Task/team", Order: "ServiceRequest/s1", Back: true}
	again := pathway.Departure{Task: "Task/team", Order: "ServiceRequest/s1", Back: true, Renews: true, Due: at12.AddDate(0, 0, 1)}
	checkAll(t, []transacted{
		{"gone home", instead(referred, home, lies), nil, do(&gone), `
			told from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			businessStatus: ∅ → discharged "The patient was discharged 2031-05-17 11:00."
			dated
			location: Location/l1 → ∅
			note.0 event.text: ∅ → The patient was discharged 2031-05-17 11:00.
			~ ServiceRequest/s1 if 5
			locationReference.0: Location/l1 → ∅
			note.2 left.left: ∅ → 2031-05-17T11:00:00Z
			note.2 left.text: ∅ → The patient was discharged 2031-05-17 11:00.
			note.2 place.text: Ward: Surgery 2. → ∅
			note.2 place.time: 2031-05-16T08:00:00Z → ∅
			note.3 leaving.text: Expected discharge: 2031-05-18. → ∅
			note.3 leaving.time: 2031-05-16T08:00:00Z → ∅`},
		{"gone home, without a time", instead(referred, with(home, "period.end", ""), lies), nil, do(&gone), `
			told from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			…
			businessStatus: ∅ → discharged "The patient has been discharged."
			~ ServiceRequest/s1 if 5
			…
			note.2 left.text: ∅ → The patient has been discharged.
			no note.2 left.left`},
		{"gone home, and ended", instead(referred, home), nil, do(&pathway.Revocation{Ref: "ServiceRequest/s1", Why: "discharged"}, &gone), `
			told from Encounter/e1: ServiceRequest/s1, Task/team
			~ ServiceRequest/s1 if 5
			locationReference.0: Location/l1 → ∅
			note.1 event.text: ∅ → The patient has been discharged: the consult has ended
			note.2 left.left: ∅ → 2031-05-17T11:00:00Z
			note.2 left.text: ∅ → The patient was discharged 2031-05-17 11:00.
			status: active → revoked
			~ Task/team if 6
			businessStatus: ∅ → discharged "The patient was discharged 2031-05-17 11:00."
			dated
			location: Location/l1 → ∅
			note.0 event.text: ∅ → The patient was discharged 2031-05-17 11:00.
			status: requested → cancelled
			statusReason: ∅ → discharged "The patient has been discharged: the consult has ended"`},
		{"gone home at another time", instead(instead(referred, told...), home, with(told[1], "note.1", leftNote("2031-05-17T10:00:00Z", "The patient was discharged 2031-05-17 11:00."))), nil, do(&gone), `
			told from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			…
			~ ServiceRequest/s1 if 5
			note.1 left.left: 2031-05-17T10:00:00Z → 2031-05-17T11:00:00Z
			note.1 left.time: 2031-05-16T08:00:00Z → ∅`},
		{"back", instead(referred, told...), nil, do(&back), `
			told from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			businessStatus: discharged → ∅
			dated
			location: ∅ → Location/l1
			note.1 event.text: ∅ → The patient is in the hospital after all: the discharge was taken back.
			~ ServiceRequest/s1 if 5
			locationReference.0: ∅ → Location/l1
			note.1 left.left: 2031-05-17T11:00:00Z → ∅
			note.1 left.text: gone → ∅
			note.1 left.time: 2031-05-16T08:00:00Z → ∅
			note.1 place.text: ∅ → Ward: Surgery 2.`},
		{"back, told something else since", instead(instead(referred, told...), with(told[0], "businessStatus", coding("corrected"))), nil, do(&back), `
			told from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			…
			no businessStatus
			~ ServiceRequest/s1 if 5
			…
			note.1 place.text: ∅ → Ward: Surgery 2.`},
		{"back, protected", instead(referred, told...), secretly, do(&back), `
			told from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			…
			no location
			~ ServiceRequest/s1 if 5
			note.1 left.left: 2031-05-17T11:00:00Z → ∅
			note.1 left.text: gone → ∅
			note.1 left.time: 2031-05-16T08:00:00Z → ∅`},
		{"back, with the consult", ended, nil, do(&again, closed), `
			told from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			…
			businessStatus: discharged → ∅
			location: ∅ → Location/l1
			restriction.period.end: ∅ → 2031-05-18T12:00:00.000Z
			status: cancelled → requested
			statusReason: discharged → ∅
			~ ServiceRequest/s1 if 5
			…
			locationReference.0: ∅ → Location/l1
			status: revoked → active
			~ Task/nurse if 3
			…
			no output carried`}, // it says requested already
		{"it is not to come back", ended, nil, do(&pathway.Revocation{Why: "corrected"}, closed), `
			withdraw from Encounter/e1: Task/team
			~ Task/team if 6
			dated
			statusReason: discharged → corrected "The score was corrected"
			~ Task/nurse if 3
			…
			output carried.valueString: requested → cancelled`},
	})
}

// coding is one of our codes.
func coding(code string) string {
	return `{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"` + code + `"}]}`
}

// A consult that is asked for after the discharge says from the start that she is gone.
func TestReferringWhoHasGoneHome(t *testing.T) {
	home := with(admission, "status", `"finished"`, "period.end", `"2031-05-17"`)
	checkAll(t, []transacted{{"refer, gone", instead(awaited, home), nil, do(scored(t, answers, nil), &pathway.Referral{}), `
		+ Observation unless score:e1
		…
		+ ServiceRequest unless consult:e1
		…
		no locationReference
		note.3 left.text: The answers came after the discharge: the patient is no longer in the hospital / The patient was discharged 2031-05-17.
		note.3 left.left: 2031-05-17
		+ Task unless consult-task:e1
		…
		no location
		businessStatus: discharged "The patient was discharged 2031-05-17."
		score from QuestionnaireResponse/r1: #score, #consult, #consult-task`}})
}

// When she left is told as exactly as the Encounter says, and never as still to come.
func TestWhenSheLeft(t *testing.T) {
	for name, test := range map[string]struct{ encounter, said, at string }{
		"an hour":       {with(admission, "status", `"finished"`, "period.end", `"2031-05-17T11:30:00Z"`), "The patient was discharged 2031-05-17 11:30.", "2031-05-17T11:30:00Z"},
		"a day":         {with(admission, "status", `"finished"`, "period.end", `"2031-05-16"`), "The patient was discharged 2031-05-16.", "2031-05-16"},
		"a month":       {with(admission, "status", `"finished"`, "period.end", `"2031-04"`), "The patient was discharged 2031-04.", "2031-04"},
		"today":         {with(admission, "status", `"finished"`, "period.end", `"2031-05-17"`), "The patient was discharged 2031-05-17.", "2031-05-17"},
		"tomorrow":      {with(admission, "status", `"finished"`, "period.end", `"2031-05-18"`), "The patient has been discharged.", "2031-05-18"},
		"in an hour":    {with(admission, "status", `"finished"`, "period.end", `"2031-05-17T13:00:00Z"`), "The patient has been discharged.", "2031-05-17T13:00:00Z"},
		"no date":       {with(admission, "status", `"finished"`, "period.end", `"soon"`), "The patient has been discharged.", ""},
		"nothing":       {with(admission, "status", `"finished"`), "The patient has been discharged.", ""},
		"not gone home": {with(admission, "period.end", `"2031-05-17T11:30:00Z"`), "", ""},
	} {
		r, s := desk(t, test.encounter, woman)
		w := &writing{Reconciler: r, p: seen(t, r, s), words: wordsOf("en"), now: at12}
		if got := w.left(); got != test.said || w.leftAt() != test.at {
			t.Errorf("%s: %q at %q, want %q at %q", name, got, w.leftAt(), test.said, test.at)
		}
	}
}

// What of the letter stands on an order is read with it.
func TestReadingTheLetter(t *testing.T) {
	r, s := desk(t, admission, with(consult, "note", `[{"text":"letter-place"},`+noted("reason", "x")+`,`+noted("place", "y")+`,`+leftNote("2031-05-17", "z")+`]`))
	p := picture{byRef: s.held}
	got, err := r.loader.result(t.Context(), &p, "ServiceRequest/s1")
	if err != nil || strings.Join(got.Notes, " ") != "letter-reason letter-place letter-left" || !got.Left.Equal(time.Date(2031, 5, 18, 0, 0, 0, -1, time.UTC)) {
		t.Errorf("%q, %s, %v", got.Notes, got.Left, err)
	}
	if !got.Says(stay.LetterPlace) || got.Says(stay.LetterLeaving) {
		t.Error("what it says is not what stands there")
	}
	s.held["ServiceRequest/s1"] = parsed(t, with(consult, "note", `[`+noted("left", "z")+`]`))
	if got, _ = r.loader.result(t.Context(), &p, "ServiceRequest/s1"); !got.Left.IsZero() || !got.Says(stay.LetterLeft) {
		t.Errorf("without a time: %+v", got)
	}
}
