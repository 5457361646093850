package app

import (
	"maps"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/internal/intake"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// What was put aside by the ward is counted apart from what the patient has declined.
func TestPutAsideIsCountedApart(t *testing.T) {
	s, _, get := pages(0)
	s.done("e1", reconcile.Done{})
	for _, how := range []string{"put-away", "declined", "put-away"} {
		s.done("e1", reconcile.Done{PutAside: map[string]string{"auditc": how}})
	}
	s.done("e1", reconcile.Done{PutAside: map[string]string{"auditc": "unable", "dudit": "unable"}})
	_, body := get("/status")
	if got := gjson.Get(body, "put_aside").Raw; strings.Join(strings.Fields(got), "") != `{"declined":1,"put-away":2,"unable":2}` {
		t.Error(got)
	}
	_, metrics := get("/metrics")
	for _, line := range []string{`{how="put-away",instrument="auditc"} 2`, `{how="declined",instrument="auditc"} 1`, `{how="unable",instrument="auditc"} 1`,
		`{how="unable",instrument="dudit"} 1`} {
		if !strings.Contains(metrics, "tilsyn_put_aside_total"+line+"\n") {
			t.Errorf("%s is missing", line)
		}
	}
}

// Where nobody is waited for, and it was not for the patient to say.
func TestWhoWasNotScreened(t *testing.T) {
	r := Report{Screenings: map[string]int{}, Unscreened: map[string]int{}, NotAsked: map[string]int{}, Census: intake.Count{}}
	for _, task := range []reconcile.SeenTask{
		{Business: "put-away"}, {Business: "put-away"}, {Business: "unable"}, {Business: "unable", Open: true}, {Business: "unanswered"}, {Business: "incomplete"},
		{Business: "declined"}, {Business: "scored", Scored: true}, {Business: "unanswered", Open: true}, {Business: "withdrawn"},
	} {
		task.Ref, task.Purpose = "Task/1", string(stay.ScreeningTask)
		r.count(reconcile.Explanation{Task: "Task/1", Tasks: []reconcile.SeenTask{task}})
	}
	if want := map[string]int{"put-away": 2, "unable": 2, "closed": 2}; !maps.Equal(r.Unscreened, want) {
		t.Errorf("%v, want %v", r.Unscreened, want)
	}
	if r.Screenings["declined"] != 1 || r.Screenings["put-away"] != 2 || r.Screenings["unable"] != 2 {
		t.Errorf("%v", r.Screenings)
	}
}
