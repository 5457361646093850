package hospital

import (
	"context"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Outcome is what stands on the server for one admission: the world, not what
// anybody claims to have done.
type Outcome struct {
	Asked    int    // nurse's tasks
	Task     string // status of the first
	Business string // its business status, our code
	Draft    string // status of the response that was prepared
	Scores   int    // observations
	Score    int    // value of the first; meaningless without one
	Stands   string // its status
	Consults int    // service requests
	Consult  string // status of the first
	Priority string // of the first
	TeamTask string // status of the liaison team's task; "" if there is none
}

// Scored is what must stand after a complete answer below the limits.
func Scored(n int) Outcome {
	return Outcome{Asked: 1, Task: "completed", Business: "scored", Draft: "completed", Scores: 1, Score: n, Stands: "final"}
}

// Referred is what must stand after an answer that passed a limit.
func Referred(n int, priority string) Outcome {
	o := Scored(n)
	o.Consults, o.Consult, o.Priority, o.TeamTask = 1, "active", priority, "requested"
	return o
}

// Outcome looks everything up.
func (h *Hospital) Outcome(ctx context.Context, a Admission) (Outcome, error) {
	var o Outcome
	var failed error
	find := func(resourceType string, kind stay.Kind) []fhir.Resource {
		found, err := h.Find(ctx, resourceType, kind, a)
		if err != nil {
			failed = err
		}
		return found
	}
	tasks := find("Task", stay.ScreeningTask)
	if o.Asked = len(tasks); o.Asked > 0 {
		o.Task = tasks[0].Get("status").String()
		o.Business = tasks[0].Get("businessStatus.coding.0.code").String()
	}
	if drafts := find("QuestionnaireResponse", stay.Draft); len(drafts) > 0 {
		o.Draft = drafts[0].Get("status").String()
	}
	scores := find("Observation", stay.Score)
	if o.Scores = len(scores); o.Scores > 0 {
		o.Score = int(scores[0].Get("valueQuantity.value").Int())
		o.Stands = scores[0].Get("status").String()
	}
	consults := find("ServiceRequest", stay.Consult)
	if o.Consults = len(consults); o.Consults > 0 {
		o.Consult = consults[0].Get("status").String()
		o.Priority = consults[0].Get("priority").String()
	}
	if team := find("Task", stay.ConsultTask); len(team) > 0 {
		o.TeamTask = team[0].Get("status").String()
	}
	return o, failed
}

// Await waits until the admission's outcome is as done wants it.
func (h *Hospital) Await(ctx context.Context, a Admission, done func(Outcome) bool) (o Outcome, err error) {
	err = Wait(ctx, func() (bool, error) {
		o, err = h.Outcome(ctx, a)
		return err == nil && done(o), err
	})
	return o, err
}
