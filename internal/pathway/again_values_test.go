package pathway

import (
	"fmt"
	"testing"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// Whether the team has put its Task away, or we have.
func TestSayingNo(t *testing.T) {
	for _, test := range []struct {
		status, reason string
		no             bool
	}{
		{"rejected", "", true}, {"failed", "", true}, {"cancelled", "", true}, {"rejected", Corrected, true},
		{"cancelled", TooBusy, true}, {"cancelled", OrderEnded, false}, {"cancelled", Corrected, false}, {"cancelled", Deceased, false},
		{"completed", "", false}, {"requested", "", false}, {"accepted", "", false}, {"on-hold", "", false}, {"entered-in-error", "", false},
	} {
		if got := SaidNo(stay.Task{Status: test.status, Reason: test.reason}); got != test.no {
			t.Errorf("%s because %q: %t", test.status, test.reason, got)
		}
	}
	for _, code := range takenBack {
		if SaidNo(stay.Task{Status: "cancelled", Reason: code}) {
			t.Errorf("we cancel with %s", code)
		}
	}
}

// TooBusy is what a team may say with a code of its own, or with none of ours.
const TooBusy = "too-busy"

// What a consult was ended at: what the answers last asked for, or else its priority.
func TestEndedAt(t *testing.T) {
	order := func(tier, priority string) stay.Result {
		return stay.Result{Ref: "s1", Tier: tier, Priority: priority}
	}
	task := func(priority string, raised int) stay.Task {
		return stay.Task{Ref: "t2", Purpose: stay.Purpose{Kind: stay.ConsultTask}, Priority: priority, Raised: raised}
	}
	for name, test := range map[string]struct {
		order stay.Result
		team  stay.Task
		want  Tier
	}{
		"urgent":                      {order("urgent", "routine"), stay.Task{}, Urgent},
		"routine":                     {order("consult", "urgent"), stay.Task{}, Consult},
		"nothing any more":            {order("none", "urgent"), stay.Task{}, None},
		"advice":                      {order("advice", "urgent"), stay.Task{}, Advice},
		"of an earlier release":       {order("", "routine"), task("urgent", 1), Consult},
		"the same, urgent":            {order("", "urgent"), stay.Task{}, Urgent},
		"of a later release":          {order("someday", "asap"), stay.Task{}, Urgent},
		"deleted":                     {stay.Result{}, task("routine", 0), Consult},
		"deleted, urgent":             {stay.Result{}, task("urgent", 0), Urgent},
		"deleted, raised":             {stay.Result{}, task("urgent", 1), Consult},
		"deleted, urgent and raised":  {stay.Result{}, task("asap", 1), Urgent},
		"deleted, and the Task is so": {stay.Result{}, stay.Task{}, Consult},
	} {
		c := &chart{Stay: stay.Stay{Consult: test.order, Tasks: []stay.Task{test.team}}}
		if got := c.endedTier(); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// The number of another consult: after the one that was ended, and no other patient's.
func TestNumbersOfConsults(t *testing.T) {
	team := func(number int, status, patient string) stay.Task {
		return stay.Task{Ref: fmt.Sprint("t", number), Purpose: stay.Purpose{Kind: stay.ConsultTask}, Number: number, Status: status, For: patient}
	}
	aside := stay.Task{Ref: "n1", Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Number: 1, For: "p2", BusinessStatus: PatientChanged}
	nurses := stay.Task{Ref: "n2", Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Number: 2, For: "p1", Consult: "s1"}
	for name, test := range map[string]struct {
		order stay.Result
		tasks []stay.Task
		want  string // the first, and the one after what was ended
	}{
		"the order stands":                    {stay.Result{Ref: "s1", Number: 1}, []stay.Task{nurses, team(1, "rejected", "p1")}, "1 2"},
		"the second stands":                   {stay.Result{Ref: "s1", Number: 2}, []stay.Task{nurses, team(2, "rejected", "p1")}, "1 3"},
		"of an earlier release":               {stay.Result{Ref: "s1"}, []stay.Task{nurses}, "1 2"},
		"deleted, turned down":                {stay.Result{}, []stay.Task{nurses, team(1, "rejected", "p1")}, "1 2"},
		"deleted, done":                       {stay.Result{}, []stay.Task{nurses, team(1, "completed", "p1")}, "1 2"},
		"deleted, nobody has had it":          {stay.Result{}, []stay.Task{nurses, team(1, "requested", "p1")}, "1 1"},
		"deleted with its Task":               {stay.Result{}, []stay.Task{nurses}, "1 1"},
		"made in part":                        {stay.Result{Ref: "s1", Number: 1}, []stay.Task{nurses, team(1, "rejected", "p1"), team(2, "requested", "p1")}, "1 2"},
		"another patient's before":            {stay.Result{Ref: "s1", Number: 2}, []stay.Task{aside, nurses, team(1, "cancelled", "p2")}, "2 3"},
		"two of another patient's before":     {stay.Result{}, []stay.Task{aside, nurses, team(1, "rejected", "p2"), team(2, "cancelled", "p2")}, "3 3"},
		"another patient's, deleted":          {stay.Result{}, []stay.Task{aside, nurses}, "2 2"},
		"the Task does not say whose it is":   {stay.Result{Ref: "s1", Number: 1}, []stay.Task{nurses, team(2, "requested", "")}, "1 2"},
		"another patient's, and made in part": {stay.Result{}, []stay.Task{aside, nurses, team(1, "cancelled", "p2"), team(2, "requested", "p1")}, "2 2"},
	} {
		c := &chart{Stay: stay.Stay{Patient: stay.Patient{Ref: "p1"}, Consult: test.order, Tasks: test.tasks}, task: nurses}
		if got := fmt.Sprint(c.consultNumber(0), c.consultNumber(c.endedNumber())); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
