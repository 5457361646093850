package pathway

import (
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

func performed(t *testing.T, keys string) (*Policy, error) {
	t.Helper()
	return ParsePolicy([]byte(asking + `  - instrument: auditc
    tiers: {consult: [{from: 4, source: x}]}
` + keys))
}

func TestWhoFillsIn(t *testing.T) {
	for keys, want := range map[string]string{
		"":                         "nurse 4h0m0s",
		"    performer: nurse\n":   "nurse 4h0m0s",
		"    performer: patient\n": "patient 4h0m0s",
		"    performer: patient_then_nurse\n    patient_due: 30m\n":   "patient_then_nurse 30m0s",
		"    performer: relative\n":                                   `performer: "relative" must be nurse, patient or patient_then_nurse`,
		"    performer: patient\n    patient_due: 0s\n":               "patient_due: must be a duration longer than 0, such as 4h",
		"    patient_due: 1h\n":                                       "patient_due: the nurse is asked; take it out, or say performer: patient_then_nurse",
		"    performer: patient_then_nurse\n    patient_due: later\n": "patient_due: must be a duration longer than 0, such as 4h",
	} {
		p, err := performed(t, keys)
		switch {
		case err != nil && strings.Contains(err.Error(), want):
		case err != nil:
			t.Errorf("%q: %v", keys, err)
		case p.Performer()+" "+p.PatientDue().String() != want:
			t.Errorf("%q: %s %s", keys, p.Performer(), p.PatientDue())
		}
	}
	if p := DefaultPolicy(); p.Performer() != ByNurse {
		t.Error("the default policy asks the patient")
	}
}

// The patient's Task goes to the ward when it is due, or when she gives it back; her no is
// a no, and the ward is asked once.
func TestTheWardIsAskedInstead(t *testing.T) {
	p, err := performed(t, "    performer: patient_then_nurse\n")
	if err != nil {
		t.Fatal(err)
	}
	alone, err := performed(t, "    performer: patient\n")
	if err != nil {
		t.Fatal(err)
	}
	due := noonOf17.Add(time.Hour)
	for name, test := range map[string]struct {
		policy *Policy
		task   stay.Task
		after  time.Duration
		change func(*stay.Stay)
		want   string // what becomes of her Task, and who is asked
	}{
		"it waits":                {p, stay.Task{Status: "requested", Due: due}, 0, nil, ""},
		"it is due":               {p, stay.Task{Status: "requested", Due: due}, time.Hour, nil, "cancelled to-ward, ward"},
		"she has begun on it":     {p, stay.Task{Status: "in-progress", Due: due}, time.Hour, nil, "cancelled to-ward, ward"},
		"given back":              {p, stay.Task{Status: "rejected", Due: due}, 0, nil, "rejected to-ward, ward"},
		"put away":                {p, stay.Task{Status: "cancelled", Due: due}, 0, nil, "cancelled to-ward, ward"},
		"a no":                    {p, stay.Task{Status: "rejected", Reason: Declined, Due: due}, 0, nil, "rejected declined, nobody"},
		"HL7's no":                {p, stay.Task{Status: "rejected", Said: stay.Said{Codes: []stay.Code{{System: askedDeclined.System, Code: askedDeclined.Code}}}, Due: due}, 0, nil, "rejected declined, nobody"},
		"she is not here":         {p, stay.Task{Status: "requested", Due: due}, time.Hour, func(s *stay.Stay) { s.Admission.Status = stay.Planned }, ""},
		"she has gone home":       {p, stay.Task{Status: "requested", Due: due}, time.Hour, func(s *stay.Stay) { s.Admission.Status = stay.Finished }, "cancelled discharged, nobody"},
		"nobody else is asked":    {alone, stay.Task{Status: "requested", Due: due}, 48 * time.Hour, nil, ""},
		"alone, and given back":   {alone, stay.Task{Status: "rejected", Due: due}, 0, nil, "rejected declined, nobody"},
		"the ward's own is due":   {p, stay.Task{Status: "requested", Due: due, Purpose: stay.Purpose{Instrument: "nurse's"}}, time.Hour, nil, "requested unanswered, nobody"},
		"it does not say by when": {p, stay.Task{Status: "requested"}, 48 * time.Hour, nil, ""},
	} {
		task := test.task
		task.ByPatient = task.Instrument == ""
		task.Ref, task.Purpose, task.Number, task.For, task.BusinessStatus = "Task/1", stay.For(stay.ScreeningTask, stay.AuditC), 1, "Patient/1", Unanswered
		s := stay.Stay{
			Admission: stay.Admission{ID: "e1", Status: stay.InProgress, Classes: []stay.Code{{Code: "IMP"}}, Locations: []string{"Location/9"}},
			Patient:   stay.Patient{Ref: "Patient/1", Birth: stay.ParseDate("1970-01-01")},
			Tasks:     []stay.Task{task},
			Screening: stay.Screening{Instrument: stay.AuditC},
		}
		if !task.ByPatient {
			s.Admission.Locations = nil
		}
		if test.change != nil {
			test.change(&s)
		}
		d := Decide(s, test.policy, noonOf17.Add(test.after))
		got := ""
		if change := Of[TaskChange](d); change != nil {
			got = change.Status + " " + change.Business + ", nobody"
			if ask := Of[Ask](d); ask != nil && !ask.Patient && ask.Attempt == 2 {
				got = change.Status + " " + change.Business + ", ward"
			}
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q: %+v", name, got, test.want, d.Reasons)
		}
	}
}

// Who is asked for the first time is asked herself, by the time that the policy gives her.
func TestThePatientIsAskedFirst(t *testing.T) {
	p, err := performed(t, "    performer: patient_then_nurse\n    patient_due: 2h\n")
	if err != nil {
		t.Fatal(err)
	}
	s := stay.Stay{
		Admission: stay.Admission{ID: "e1", Status: stay.InProgress, Classes: []stay.Code{{Code: "IMP"}}},
		Patient:   stay.Patient{Ref: "Patient/1", Birth: stay.ParseDate("1970-01-01")},
		Screening: stay.Screening{Instrument: stay.AuditC},
	}
	ask := Of[Ask](Decide(s, p, noonOf17))
	if ask == nil || !ask.Patient || !ask.Due.Equal(noonOf17.Add(2*time.Hour)) {
		t.Fatalf("%+v", ask)
	}
	s.Tasks = []stay.Task{{Ref: "Task/1", Purpose: stay.For(stay.ScreeningTask, stay.AuditC), Number: 1, For: "Patient/2", BusinessStatus: PatientChanged, Status: "cancelled"}}
	if ask := Of[Ask](Decide(s, p, noonOf17)); ask == nil || !ask.Patient {
		t.Errorf("what was asked of another patient is not hers: %+v", ask)
	}
}
