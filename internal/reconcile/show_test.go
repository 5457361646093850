package reconcile

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Each action has its line for people, and what was answered is in none of them.
func TestWhatIsDescribed(t *testing.T) {
	for want, action := range map[string]pathway.Action{
		"ask the ward, due 2031-05-17 12:00 UTC":                                                       &pathway.Ask{Due: at12},
		"write the score (tier urgent)":                                                                &pathway.Score{Tier: pathway.Urgent},
		"withdraw the score Observation/1":                                                             ref[pathway.Withdrawal]("Observation/1"),
		"ask the liaison team for a consult, or change what they were asked":                           &pathway.Referral{},
		"revoke the consult ServiceRequest/1 (corrected)":                                              &pathway.Revocation{Ref: "ServiceRequest/1", Why: "corrected"},
		"cancel the team's task (order-ended)":                                                         &pathway.Revocation{Why: "order-ended"},
		"tell the liaison team: withdrawn":                                                             ref[pathway.Notice]("withdrawn"),
		"tell the liaison team that the patient has gone home":                                         &pathway.Departure{},
		"tell the liaison team that the patient has not gone home":                                     &pathway.Departure{Back: true},
		"ask for the consult ServiceRequest/1 again: the patient has not gone home":                    &pathway.Departure{Order: "ServiceRequest/1", Back: true, Renews: true},
		"set the consult ServiceRequest/1 to on-hold":                                                  &pathway.Carriage{Order: "ServiceRequest/1", Status: "on-hold"},
		"set the task to give advice to cancelled":                                                     &pathway.AdviceChange{Status: "cancelled"},
		"put back what is missing on QuestionnaireResponse/1; put back what is missing on Task/1":      &pathway.Restoration{"QuestionnaireResponse/1", "Task/1"},
		"complete the draft QuestionnaireResponse/1":                                                   ref[pathway.HandIn]("QuestionnaireResponse/1"),
		"give the team's task Task/1 to those who may know, or to everybody's again":                   &pathway.HandOver{Task: "Task/1"},
		"let the team's task Task/1 follow the patient":                                                &pathway.HandOver{Task: "Task/1", Moved: true},
		"put on Task/1 the labels that have come since; put on Task/2 the labels that have come since": &pathway.Labels{{Ref: "Task/1"}, {Ref: "Task/2"}},
		"put the admission's patient on Task/1; put the admission's patient on Task/2":                 &pathway.Move{"Task/1", "Task/2"},
		"mark Task/1 as made in error; Task/2 stays":                                                   &pathway.Duplicates{{Ref: "Task/1", Keep: "Task/2"}},
		"raise the team's task Task/1":                                                                 &pathway.Chase{Task: "Task/1"},
		"set the nurse's task to failed (unable)":                                                      &pathway.TaskChange{Status: "failed", Business: "unable"},
		"stop the draft QuestionnaireResponse/1; stop the draft QuestionnaireResponse/2":               &pathway.Stop{"QuestionnaireResponse/1", "QuestionnaireResponse/2"},
		"open again the draft QuestionnaireResponse/1":                                                 &pathway.Restart{"QuestionnaireResponse/1"},
	} {
		if got := strings.Join(described(pathway.Decision{Actions: do(action)}), "; "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := strings.Join(described(pathway.Decision{Next: at12}), "; "); got != "nothing; look again at 2031-05-17 12:00 UTC" {
		t.Error(got)
	}
}

// Who looks why something is done sees neither answers, nor what they sum to, nor
// labels, nor a code that may be any text. The decision itself keeps all of it.
func TestWhatIsShown(t *testing.T) {
	declining := with(answers, "item.-1", offered)
	score := scored(t, declining, func(s *pathway.Score) { s.Result.Declined = true })
	d := pathway.Decision{Actions: do(score, &pathway.Labels{{Ref: "Task/1", Add: codesOf("s|secret")}},
		&pathway.TaskChange{Status: "failed", Business: "Kari Nordmann", Why: "too-ill", Detail: instrument.Problem{Code: instrument.NotOffered, Items: []string{"2"}}}, &pathway.Chase{Task: "Task/1"})}
	text, err := json.Marshal(shownDecision(d))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"chase":"Task/1","labels":[{"ref":"Task/1"}],"reasons":null,"score":{"result":{"status":"complete","score":null,"items":null,"reason":"","flags":[]},"tier":"urgent"},"task":{"status":"failed","business":"unknown code","why":"too-ill","detail":"not-offered 2"}}`
	if string(text) != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
	whole, err := json.Marshal(d)
	if err != nil || !strings.Contains(string(whole), `"score":8`) || !strings.Contains(string(whole), "secret") || !strings.Contains(string(whole), "Kari") {
		t.Errorf("the decision has lost it too: %s", whole)
	}
	why := &pathway.TaskChange{Why: "Kari Nordmann"}
	if got := (changing{why}).shown().(*pathway.TaskChange).Why; got != "unknown code" {
		t.Error(got)
	}
}

// Statuses and codes that people are shown are those that are known.
func TestShownCodes(t *testing.T) {
	for in, want := range map[[2]string]string{
		{"Encounter", "onleave"}: "onleave", {"Encounter", "requested"}: "unknown code", {"Task", "requested"}: "requested",
		{"QuestionnaireResponse", "amended"}: "amended", {"", "revoked"}: "revoked", {"", "on-hold"}: "on-hold", {"", "Kari"}: "unknown code",
		{"Task", "revoked"}: "unknown code",
	} {
		if got := shownStatus(in[0], in[1]); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	if shownCode("") != "" || shownCode("unable") != "unable" || shownCode("Kari") != "unknown code" {
		t.Error("a code that our code system lacks may be any text")
	}
	task := stay.Task{Ref: "Task/1", Purpose: stay.For(stay.ScreeningTask, stay.AuditC), Status: "completed", BusinessStatus: "scored", Raised: 5000, Score: "Observation/1", Consult: "ServiceRequest/1"}
	if got := fmt.Sprint(seenTask(task)); got != "{Task/1 screening completed scored false 999 true true}" {
		t.Error(got)
	}
	task = stay.Task{Status: "requested", BusinessStatus: "Kari", Score: "Observation/1", Withdrawn: true}
	if got := fmt.Sprint(seenTask(task)); got != "{  requested unknown code true 0 false false}" {
		t.Error(got)
	}
}

// The story of an admission, in order.
func TestTheStory(t *testing.T) {
	dated := []string{
		with(admission, "status", `"finished"`, "period.end", `"2031-05-17T11:50:00Z"`),
		with(referred[2], "output.-1", remembers("raised", `"valueInteger":2`), "lastModified", `"2031-05-17T10:02:00Z"`),
		with(score, "issued", `"2031-05-17T10:03:00Z"`, "interpretation", `[{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"urgent"}]}]`),
		with(consult, "authoredOn", `"2031-05-17T10:04:00Z"`),
		with(team, "lastModified", `"2031-05-17T10:05:00Z"`), with(ward, "lastModified", `"2031-05-17T10:06:00Z"`),
	}
	open := with(nurse, "restriction", `{"period":{"end":"2031-05-18T08:00:00Z"}}`, "lastModified", `"2031-05-17T09:00:00Z"`)
	closed := with(open, "status", `"rejected"`, "businessStatus", `{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"declined"}]}`)
	for name, test := range map[string]struct {
		there []string
		want  string
	}{
		"referred": {instead(referred, dated...), `
			08:00 Encounter/e1 admitted
			08:30 Task/nurse ward asked, time 1
			10:00 QuestionnaireResponse/r1 answered (completed)
			10:02 Task/nurse raised 2 times
			10:03 Observation/o1 scored (final, tier urgent)
			10:04 ServiceRequest/s1 consult asked for (now active)
			10:05 Task/team team's task requested
			10:06 Task/advice advice task requested
			11:50 Encounter/e1 left (finished)`},
		"referred again": {instead(referred, with(admission, "period.start", ""),
			with(referred[2], "output.2", remembers("consult", to("ServiceRequest/s2"))), with(consult, "status", `"revoked"`, "authoredOn", `"2031-05-17T10:04:00Z"`),
			with(consult, "id", `"s2"`, "authoredOn", `"2031-05-17T10:05:00Z"`, "identifier.0.value", `"consult:e1:2"`, "replaces", `[{"reference":"ServiceRequest/s1"}]`),
			with(ward, "id", `"reply"`, "lastModified", `"2031-05-17T10:06:00Z"`, "identifier.0.value", `"reply:e1"`)), `
			08:30 Task/nurse ward asked, time 1
			10:00 QuestionnaireResponse/r1 answered (completed)
			10:04 ServiceRequest/s1 consult asked for (now revoked)
			10:05 ServiceRequest/s2 consult asked for (now active)
			10:06 Task/reply the ward was told that the team does not come: task requested`},
		"asked": {[]string{admission, woman, open, with(answers, "status", `"in-progress"`)}, `
			08:00 Encounter/e1 admitted
			08:30 Task/nurse ward asked, time 1
			08:00 Task/nurse answer due`},
		"sure before it was complete": {[]string{admission, woman, with(closed, "output.-1", remembers("audit-c-at-least", to("Observation/o1"))), with(dated[2], "identifier.0.value", `"at-least:e1"`)}, `
			08:00 Encounter/e1 admitted
			08:30 Task/nurse ward asked, time 1
			09:00 Task/nurse ward's task rejected (declined)
			10:03 Observation/o1 put on record what is certain of incomplete answers (final)`},
		"declined": {[]string{admission, woman, closed}, `
			08:00 Encounter/e1 admitted
			08:30 Task/nurse ward asked, time 1
			09:00 Task/nurse ward's task rejected (declined)`},
		"the results are deleted": {instead(toAsk, referred[2]), `
			08:00 Encounter/e1 admitted
			08:30 Task/nurse ward asked, time 1`},
	} {
		r, _ := desk(t, test.there...)
		e, err := r.Explain(t.Context(), "e1")
		if err != nil {
			t.Fatal(name, err)
		}
		var lines []string
		for _, event := range e.Story {
			lines = append(lines, fmt.Sprintf("%s %s %s", event.At.Format("15:04"), event.Ref, event.What))
		}
		if got := strings.Join(lines, "\n"); got != untabbed(test.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, untabbed(test.want))
		}
	}
}

// What is seen of one admission.
func TestExplaining(t *testing.T) {
	part := instead(referred, with(admission, "partOf", `{"reference":"Encounter/e0"}`), with(woman, "birthDate", `"1961"`, "deceasedDateTime", `"2030"`),
		`{"resourceType":"Encounter","id":"e0","status":"finished","class":{"code":"AMB"}}`)
	r, s := desk(t, part...)
	e, err := r.Preview(t.Context(), "e1")
	if err != nil {
		t.Fatal(err)
	}
	screening, ok := e.Screening()
	if !ok || screening.Ref != "Task/nurse" || len(e.Tasks) != 2 || len(e.Responses) != 1 || e.Responses[0] != (SeenResponse{Ref: "QuestionnaireResponse/r1", Status: "completed", Ours: true}) {
		t.Errorf("%+v", e)
	}
	if got := fmt.Sprintln(e.Admission, e.Found, e.Status, e.Class, e.PartOf, e.Patient, e.Sex, e.Age, e.Deceased, e.Pregnant, e.Unasked, e.Policy, e.Task, e.Story, e.Writes); got !=
		"Encounter/e1 true in-progress IMP Encounter/e0 Patient/p1 female [69 70] false false false policy-1 Task/nurse [] true\n" {
		t.Error(got)
	}
	if s.sent != nil {
		t.Error("who looks writes nothing")
	}
	e, err = r.Preview(t.Context(), "gone")
	if _, asked := e.Screening(); err != nil || e.Found || asked || e.Tasks == nil || e.Responses == nil {
		t.Errorf("%+v %v", e, err)
	}
	if e, err = r.Explain(t.Context(), "gone"); err != nil || e.Story == nil {
		t.Errorf("%+v %v", e, err)
	}
	left, _ := desk(t, instead(toAsk, with(admission, "status", `"finished"`))...)
	if e, err = left.Preview(t.Context(), "e1"); err != nil || !e.Unasked || e.Writes || e.Plan[0] != "nothing" {
		t.Errorf("%+v %v", e, err)
	}
	expects := `{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p1"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"77386006"}]},"clinicalStatus":{"coding":[{"code":"active"}]}}`
	pregnant, _ := desk(t, instead(append(awaited, expects), with(woman, "birthDate", `"2001"`))...)
	if e, err = pregnant.Preview(t.Context(), "e1"); err != nil || !e.Pregnant || !e.Writes {
		t.Errorf("%+v %v", e, err)
	}
}
