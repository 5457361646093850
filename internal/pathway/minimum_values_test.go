package pathway

import (
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// When nobody will complete a form any more.
func TestLastCall(t *testing.T) {
	handedIn, begun := stay.Response{Ref: "r1", Status: "completed", Version: "v2"}, stay.Response{Ref: "r1", Status: "in-progress", Version: "v2"}
	due := noonOf17.Add(-24 * time.Hour)
	for name, test := range map[string]struct {
		response stay.Response
		status   stay.Status
		task     stay.Task
		plans    []Action
		want     bool
	}{
		"here, not due":                            {handedIn, stay.InProgress, stay.Task{Status: "requested", Due: noonOf17.Add(time.Minute)}, nil, false},
		"here, due once":                           {handedIn, stay.InProgress, stay.Task{Status: "requested", Due: due.Add(time.Second)}, nil, false},
		"here, due twice":                          {handedIn, stay.InProgress, stay.Task{Status: "requested", Due: due}, nil, true},
		"here, begun, due twice":                   {begun, stay.InProgress, stay.Task{Status: "in-progress", Due: due}, nil, true},
		"here, never due":                          {handedIn, stay.InProgress, stay.Task{Status: "requested"}, nil, false},
		"here, closed":                             {handedIn, stay.InProgress, stay.Task{Status: "failed", Due: due}, nil, false},
		"not here yet":                             {handedIn, stay.Planned, stay.Task{Status: "requested", Due: due}, nil, false},
		"gone home now":                            {handedIn, stay.Finished, stay.Task{Status: "requested", Judged: "v2"}, []Action{&TaskChange{Business: Discharged}}, true},
		"gone home before":                         {handedIn, stay.Finished, stay.Task{Status: "cancelled", Judged: "v2"}, nil, false},
		"gone home before, and handed in now":      {handedIn, stay.Finished, stay.Task{Status: "cancelled", Judged: "v1"}, nil, true},
		"gone home, begun, and left to her":        {begun, stay.Finished, stay.Task{Status: "requested"}, []Action{&TaskChange{Business: Discharged}}, false},
		"gone home, begun, and the grace is over":  {begun, stay.Finished, stay.Task{Status: "cancelled"}, []Action{&Stop{"r1"}}, true},
		"gone home, begun, and another is stopped": {begun, stay.Finished, stay.Task{Status: "cancelled"}, []Action{&Stop{"r2"}}, false},
		"gone home, begun, and the Task completed": {begun, stay.Finished, stay.Task{Status: "completed"}, []Action{&TaskChange{Business: Discharged}}, true},
		"ended for something else":                 {handedIn, stay.Finished, stay.Task{Status: "requested", Judged: "v2"}, []Action{&TaskChange{Business: Unable}}, false},
	} {
		c := &chart{Stay: stay.Stay{Admission: stay.Admission{Status: test.status}}, task: test.task, now: noonOf17, policy: policyOf(nil), decision: Decision{Actions: test.plans}}
		if got := c.lastCall(test.response); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// What is on record of a minimum is the same as long as points and wish are.
func TestTheSameMinimum(t *testing.T) {
	items := map[string]int{"1": 4, "2": 4}
	result := instrument.Result{Items: []instrument.Points{{LinkID: "1", Points: 4}, {LinkID: "2", Points: 4}}, Offer: instrument.OfferAccepted}
	for name, test := range map[string]struct {
		had  stay.Result
		want bool
	}{
		"none":          {stay.Result{}, false},
		"the same":      {stay.Result{Ref: "o", Status: "preliminary", Items: items, Offer: instrument.OfferAccepted}, true},
		"another wish":  {stay.Result{Ref: "o", Status: "preliminary", Items: items}, false},
		"other points":  {stay.Result{Ref: "o", Status: "preliminary", Items: map[string]int{"1": 4, "2": 3}, Offer: instrument.OfferAccepted}, false},
		"made in error": {stay.Result{Ref: "o", Status: "entered-in-error", Items: items, Offer: instrument.OfferAccepted}, false},
	} {
		c := &chart{Stay: stay.Stay{Screening: stay.Screening{Minimum: test.had}}}
		if got := c.sameMinimum(minimum{response: stay.Response{Form: &instrument.Form{}}, result: result}); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
