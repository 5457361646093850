package pathway

import (
	"slices"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// What was closed because it was somebody else's counts no more: neither what was
// answered, nor a form of ours that was stopped with it. An EHR's own may be hers.
func TestWhatIsLeftOutOfAnothers(t *testing.T) {
	closed := stay.Task{Ref: "Task/1", Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Number: 1, BusinessStatus: PatientChanged, Response: "r1"}
	now := stay.Task{Ref: "Task/2", Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Number: 2, BusinessStatus: Unanswered, Response: "r3"}
	forms := []stay.Response{
		{Ref: "r1", Status: "completed", Ours: true}, {Ref: "r2", Status: "stopped", Ours: true}, {Ref: "r3", Status: "in-progress", Ours: true},
		{Ref: "r4", Status: "stopped"}, {Ref: "r5", Status: "completed"}, {Ref: "r6", Status: "entered-in-error", Ours: true},
	}
	for name, test := range map[string]struct {
		tasks []stay.Task
		asked bool
		want  string
	}{
		"asked anew":            {[]stay.Task{closed, now}, true, "r3 r4 r5"},
		"not asked anew yet":    {[]stay.Task{closed}, false, "r3 r4 r5"},
		"never somebody else's": {[]stay.Task{now}, true, "r1 r2 r3 r4 r5 r6"},
	} {
		c := newChart(stay.Stay{Tasks: test.tasks, Screening: stay.Screening{Responses: forms}}, policyOf(nil), noonOf17)
		var left []string
		for _, r := range c.Responses {
			left = append(left, r.Ref)
		}
		if got := strings.Join(left, " "); got != test.want || c.asked != test.asked || c.asked != (c.task.Ref != "") || len(c.before) != len(forms) {
			t.Errorf("%s: %s, asked %t", name, got, c.asked)
		}
	}
}

// An end stops what we prepared and nobody has written on, and nothing else.
func TestWhatAnEndStops(t *testing.T) {
	empty, begun := new(instrument.Response), answeredForm(t)
	c := &chart{Stay: stay.Stay{Screening: stay.Screening{Responses: []stay.Response{
		{Ref: "ours", Status: "in-progress", Ours: true, Content: empty}, {Ref: "theirs", Status: "in-progress", Content: empty},
		{Ref: "begun", Status: "in-progress", Ours: true, Content: begun}, {Ref: "done", Status: "completed", Ours: true, Content: begun},
		{Ref: "stopped", Status: "stopped", Ours: true, Content: empty},
	}}}}
	c.stopDrafts()
	if got := planned[Stop](c); got == nil || !slices.Equal(*got, Stop{"ours"}) {
		t.Errorf("%v", got)
	}
}
