package app

import (
	"context"
	"sync"

	"github.com/tilsyn/tilsyn/internal/intake"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Report is where every admission stands that is open, or where our work is.
// It names no patient.
type Report struct {
	Census     intake.Count   `json:"census"`
	Screenings map[string]int `json:"screenings"` // asked: by the business status of the nurse's Task
	Overdue    int            `json:"overdue"`    // of these: waiting, and raised at least once
	Unaccepted int            `json:"unaccepted"` // consults that nobody on the team has accepted in time
	NotAsked   map[string]int `json:"not_asked"`  // by the rule that said no
	Unread     []string       `json:"unread"`     // admissions that could not be looked at
}

// Report looks at every admission that the census names, and writes nothing.
func (a *App) Report(ctx context.Context) (Report, error) {
	r := Report{Screenings: map[string]int{}, NotAsked: map[string]int{}, Unread: []string{}}
	var err error
	r.Census, err = a.walk(ctx, func(id string, e reconcile.Explanation, err error) error {
		switch {
		case err != nil:
			r.Unread = append(r.Unread, "Encounter/"+id)
		case e.Found:
			r.count(e)
		}
		return nil
	})
	return r, err
}

// walk looks at every admission that the census names, and stops at the first
// error that visit gives back.
func (a *App) walk(ctx context.Context, visit func(id string, e reconcile.Explanation, err error) error) (intake.Count, error) {
	rec, err := a.Reconciler(ctx)
	if err != nil {
		return intake.Count{}, err
	}
	var ids list
	count, err := intake.NewCensus(a.client, &ids, a.names(), nil).Take(ctx)
	if err != nil {
		return count, err
	}
	for _, id := range ids.all {
		e, err := rec.Look(ctx, id)
		if ctx.Err() != nil {
			return count, context.Cause(ctx)
		}
		if err := visit(id, e, err); err != nil {
			return count, err
		}
	}
	return count, nil
}

func (r *Report) count(e reconcile.Explanation) {
	task, asked := e.Screening()
	if !asked {
		reasons := e.Decision.Reasons
		r.NotAsked[reasons[len(reasons)-1].Rule]++
		return
	}
	r.Screenings[task.Business]++
	for _, t := range e.Tasks {
		if t.Purpose == stay.ConsultTask && t.Status == "requested" && t.Raised > 0 {
			r.Unaccepted++
		}
	}
	if task.Open && task.Raised > 0 {
		r.Overdue++
	}
}

// list is a queue that only writes down what it is given, each admission once.
type list struct {
	mu   sync.Mutex
	seen map[string]bool
	all  []string
}

func (l *list) Fresh(id string) { l.Backlog(id) }

func (l *list) Backlog(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[string]bool{}
	}
	if !l.seen[id] {
		l.seen[id] = true
		l.all = append(l.all, id)
	}
}
