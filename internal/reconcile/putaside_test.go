package reconcile

import (
	"testing"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// How a question was put aside is told once: by the look that is the first to say so.
func TestWhatWasPutAsideIsToldOnce(t *testing.T) {
	for name, test := range map[string]struct {
		was  string
		task *pathway.TaskChange
		want string
	}{
		"put away":         {"unanswered", &pathway.TaskChange{Business: "put-away"}, "put-away"},
		"declined":         {"unanswered", &pathway.TaskChange{Business: "declined"}, "declined"},
		"unable":           {"", &pathway.TaskChange{Business: "unable"}, "unable"},
		"it was a no":      {"put-away", &pathway.TaskChange{Business: "declined"}, "declined"},
		"known":            {"unable", &pathway.TaskChange{Business: "unable"}, ""},
		"answered":         {"unanswered", &pathway.TaskChange{Business: "scored"}, ""},
		"nothing is said":  {"unanswered", nil, ""},
		"and nothing else": {"put-away", &pathway.TaskChange{Business: ""}, ""},
	} {
		var d pathway.Decision
		if test.task != nil {
			d.Actions = do(test.task)
		}
		s := stay.Stay{Tasks: []stay.Task{{Ref: "Task/1", Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Number: 1, BusinessStatus: test.was}}}
		if got := putAside(s, d)[""]; got != test.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	r, _ := desk(t, instead(awaited, with(answers, "status", `"in-progress"`, "item", ""), with(nurse, "status", `"rejected"`))...)
	if done, err := r.Reconcile(t.Context(), "e1"); err != nil || done.PutAside["auditc"] != "put-away" {
		t.Error(done, err)
	}
}
