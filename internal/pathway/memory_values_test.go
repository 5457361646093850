package pathway

import (
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// When what was made of the answers is looked for by name.
func TestForgetting(t *testing.T) {
	answered := []stay.Response{{Ref: "r1", Status: "completed", Content: &instrument.Response{}}}
	for name, test := range map[string]struct {
		task   stay.Task
		forms  []stay.Response
		score  string
		forgot bool
	}{
		"waiting":                           {task: stay.Task{Status: "requested", BusinessStatus: Unanswered}},
		"waiting, without its output":       {task: stay.Task{Status: "requested", BusinessStatus: Unanswered, Forgets: true}, forgot: true},
		"made in error":                     {task: stay.Task{Status: "entered-in-error", Forgets: true}},
		"scored":                            {task: stay.Task{Status: "completed", BusinessStatus: Scored, Judged: "v", Score: "o1"}},
		"scored, without the score":         {task: stay.Task{Status: "completed", BusinessStatus: Scored, Judged: "v"}, forgot: true},
		"a score that it does not know":     {task: stay.Task{Status: "completed", Judged: "v"}, score: "o1", forgot: true},
		"a score that it knows":             {task: stay.Task{Status: "completed", Judged: "v", Score: "o1"}, score: "o1"},
		"closed, and nothing says why":      {task: stay.Task{Status: "completed"}, forgot: true},
		"closed, and there are answers":     {task: stay.Task{Status: "completed"}, forms: answered},
		"open, and nothing was judged":      {task: stay.Task{Status: "in-progress"}},
		"closed, judged":                    {task: stay.Task{Status: "failed", Judged: "v"}},
		"declined":                          {task: stay.Task{Status: "rejected", BusinessStatus: Declined}},
		"scored before, in its own words":   {task: stay.Task{Status: "completed", BusinessStatus: ScreenedBefore}},
		"another patient's, without output": {task: stay.Task{Status: "completed", BusinessStatus: PatientChanged, Forgets: true}, forgot: true},
	} {
		c := &chart{Stay: stay.Stay{Screening: stay.Screening{Responses: test.forms, Score: stay.Result{Ref: test.score}}}, task: test.task, asked: true}
		if c.forgot() != test.forgot {
			t.Errorf("%s: %t", name, !test.forgot)
		}
		c.asked = false
		if c.forgot() {
			t.Errorf("%s: nobody was asked", name)
		}
	}
}

// Of what was handed in the newest counts, but a form that nobody has written on counts
// only alone.
func TestWhichCounts(t *testing.T) {
	written, err := instrument.ParseResponse([]byte(`{"resourceType":"QuestionnaireResponse","status":"in-progress","item":[{"linkId":"1","answer":[{"valueInteger":1}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	response := func(ref, status string, hour int, content *instrument.Response) stay.Response {
		return stay.Response{Ref: ref, Status: status, Authored: noonOf17.Add(time.Duration(hour) * time.Hour), Content: content}
	}
	empty := &instrument.Response{}
	for name, test := range map[string]struct {
		status string
		forms  []stay.Response
		want   string
	}{
		"what the Task points to":               {"completed", []stay.Response{response("r1", "in-progress", 1, written)}, "r1"},
		"what another output points to":         {"completed", []stay.Response{response("r2", "in-progress", 1, written)}, "r2"},
		"what nothing points to":                {"completed", []stay.Response{response("r3", "in-progress", 1, written)}, ""},
		"the Task is open":                      {"in-progress", []stay.Response{response("r1", "in-progress", 1, written)}, ""},
		"handed in by itself":                   {"requested", []stay.Response{response("r3", "completed", 1, written)}, "r3"},
		"stopped":                               {"completed", []stay.Response{response("r1", "stopped", 1, written)}, ""},
		"an empty one alone":                    {"completed", []stay.Response{response("r1", "in-progress", 1, empty)}, "r1"},
		"an empty one that is newer":            {"completed", []stay.Response{response("r2", "in-progress", 1, written), response("r1", "in-progress", 2, empty)}, "r2"},
		"an empty one that is older":            {"completed", []stay.Response{response("r1", "in-progress", 1, empty), response("r2", "in-progress", 2, written)}, "r2"},
		"the newer of two":                      {"completed", []stay.Response{response("r1", "in-progress", 2, written), response("r2", "in-progress", 1, written)}, "r1"},
		"of two at once the one that came last": {"completed", []stay.Response{response("r1", "in-progress", 1, written), response("r2", "in-progress", 1, written)}, "r2"},
	} {
		c := &chart{Stay: stay.Stay{Screening: stay.Screening{Responses: test.forms}}, task: stay.Task{Status: test.status, Response: "r1", Answers: []string{"r1", "r2"}}}
		if c.submitted(); c.response.Ref != test.want {
			t.Errorf("%s: %q", name, c.response.Ref)
		}
	}
}

// A Task comes back three times whose form nobody has written on, and then stays closed.
func TestReturns(t *testing.T) {
	empty := stay.Response{Ref: "r1", Status: "in-progress", Ours: true, Content: &instrument.Response{}}
	for returned, left := range map[int]bool{0: false, 2: false, 3: true, 9: true} {
		c := &chart{response: empty}
		c.response.Returned = returned
		if c.leftClosed() != left || c.returns() != returned+1 {
			t.Errorf("after %d: left closed is not %t", returned, left)
		}
	}
	theirs := empty
	theirs.Ours, theirs.Returned = false, 9
	if c := (&chart{response: theirs}); c.leftClosed() || c.returns() != 0 {
		t.Error("an EHR's own form is not counted")
	}
	said := &chart{response: empty, task: stay.Task{Status: "completed", BusinessStatus: Incomplete, Judged: "v2"}}
	said.response.Returned, said.response.Version = 3, "v2"
	if said.leftClosed(); planned[TaskChange](said) != nil {
		t.Error("it is said once")
	}
}
