package app

import (
	"context"
	"slices"
	"sync"

	"github.com/tilsyn/tilsyn/internal/intake"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Report is where every admission stands that is open, or where our work is.
// It names no patient.
type Report struct {
	Census     intake.Count   `json:"census"`
	Screenings map[string]int `json:"screenings"`   // asked: by the business status of the nurse's Task
	Unscreened map[string]int `json:"not_screened"` // of these: put aside by the ward, and not declined; closed: without a reason
	Overdue    int            `json:"overdue"`      // of these: waiting, and raised at least once
	Unaccepted int            `json:"unaccepted"`   // consults that nobody on the team has accepted in time
	NotAsked   map[string]int `json:"not_asked"`    // by the rule that said no
	Left       []string       `json:"left_unasked"` // admissions that ended within a week, and whose patient would have been asked
	Unread     []string       `json:"unread"`       // admissions that could not be read
	NotWhole   []string       `json:"not_whole"`    // why these figures are not all
}

// Report reads every admission that the census names and those that ended within a
// week, and writes nothing.
func (a *App) Report(ctx context.Context) (Report, error) {
	r := Report{Screenings: map[string]int{}, Unscreened: map[string]int{}, NotAsked: map[string]int{}, Left: []string{}, Unread: []string{}, NotWhole: []string{}}
	var err error
	if r.Census, err = a.walk(ctx, r.add(r.count)); err != nil {
		return r, err
	}
	r.NotWhole = append(r.NotWhole, r.Census.Gaps.Reasons...)
	return r, a.walkLeft(ctx, r.add(r.left))
}

// add gives what can be read of an admission to see, and notes what cannot.
func (r *Report) add(see func(reconcile.Explanation)) visit {
	return func(id string, e reconcile.Explanation, err error) error {
		switch {
		case err != nil:
			r.Unread = append(r.Unread, "Encounter/"+shown(id, e.Found))
		case e.Found:
			see(e)
		}
		return nil
	}
}

// visit is given the explanation of one admission; its error ends the walk.
type visit func(id string, e reconcile.Explanation, err error) error

// walk visits every admission that the census names.
func (a *App) walk(ctx context.Context, v visit) (intake.Count, error) {
	var ids list
	count, err := intake.NewCensus(a.client, &ids, a.names(), nil).Take(ctx)
	if err != nil {
		return count, err
	}
	return count, a.visitAll(ctx, ids.all, v)
}

// walkLeft visits every admission that ended within a week.
func (a *App) walkLeft(ctx context.Context, v visit) error {
	var ids list
	if err := intake.NewCensus(a.client, &ids, a.names(), nil).Left(ctx, a.now(), ids.Backlog); err != nil {
		return err
	}
	return a.visitAll(ctx, ids.all, v)
}

func (a *App) visitAll(ctx context.Context, ids []string, v visit) error {
	rec, err := a.Reconciler(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		e, err := rec.Preview(ctx, id)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := v(id, e, err); err != nil {
			return err
		}
	}
	return nil
}

func (r *Report) left(e reconcile.Explanation) {
	if e.Unasked {
		r.Left = append(r.Left, e.Admission)
	}
}

func (r *Report) count(e reconcile.Explanation) {
	task, asked := e.Screening()
	if !asked {
		reasons := e.Decision.Reasons
		r.NotAsked[reasons[len(reasons)-1].Rule]++
		return
	}
	r.screening("", task)
	for instrument, ref := range e.Asked {
		if task, there := e.Seen(ref); there {
			r.screening(instrument+" ", task)
		}
	}
	for _, t := range e.Tasks {
		if t.Purpose == string(stay.ConsultTask) && t.Status == "requested" && t.Raised > 0 {
			r.Unaccepted++
		}
	}
}

// screening counts one question, under the name of its instrument where others are asked
// beside it.
func (r *Report) screening(instrument string, task reconcile.SeenTask) {
	r.Screenings[instrument+task.Business]++
	if why := unscreened(task); why != "" {
		r.Unscreened[instrument+why]++
	}
	if task.Open && task.Raised > 0 {
		r.Overdue++
	}
}

// unscreened is why nobody is waited for who was asked about and has not answered,
// where that was not for the patient to say; "": it is not so.
func unscreened(task reconcile.SeenTask) string {
	switch {
	case task.Business == pathway.PutAway, task.Business == pathway.Unable:
		return task.Business
	case !task.Open && slices.Contains(pathway.Unfinished, task.Business):
		return "closed"
	}
	return ""
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
