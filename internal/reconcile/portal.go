package reconcile

import (
	"context"
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file reads what a patient has answered in a portal. It names no admission, and
// usually there is nothing, so it is asked for along with the rest while an answer is
// awaited; only where there is something, her other questions are read too.

func (l loader) unplaced(ctx context.Context, p *picture) error {
	who, err := l.records(ctx, p)
	if err != nil {
		return err
	}
	if known := !p.guess.toAsk && p.guess.patient == who; !known && !p.shared[stay.Portal] {
		p.shared[stay.Portal] = true
		if err := l.ask(ctx, p, l.queries.unplaced(who, instantOf(p.stay.Admission.Start))); err != nil {
			return err
		}
	}
	task, _ := p.stay.ScreeningTask()
	for _, res := range sorted(p.byRef) {
		loose, err := l.loose(ctx, res, task, p)
		if err != nil {
			return err
		}
		if !loose {
			continue
		}
		r, err := l.response(ctx, res, task, p.stay.Admission.ID)
		if err != nil {
			return err
		}
		p.stay.Unplaced = append(p.stay.Unplaced, r)
	}
	if len(p.stay.Unplaced) == 0 {
		return nil
	}
	return l.others(ctx, p)
}

// loose tells of a response of the patient to our form that names no admission, and to
// which no Task points.
func (l loader) loose(ctx context.Context, res fhir.Resource, task stay.Task, p *picture) (bool, error) {
	if res.Type() != "QuestionnaireResponse" || res.Get("encounter").Exists() || !l.concerns(res, "subject", p.stay.Patient) || understood(res) != nil {
		return false, nil
	}
	if known, err := l.relevant(ctx, res, task, p.stay.Admission.ID); known || err != nil {
		return false, err
	}
	return l.forms.ours(ctx, res)
}

// others reads the patient's other questions: which of the responses belong to one of
// them, and in how many somebody waits.
func (l loader) others(ctx context.Context, p *picture) error {
	query := l.queries.questions(allRecords(p.stay.Patient))
	found, err := l.client.Search(ctx, query)
	if err != nil && !fhir.IsCutShort(err) {
		return err
	}
	p.asked = append(p.asked, query)
	taken, waiting := map[string]bool{}, map[string]bool{}
	for _, res := range found {
		at, _ := l.client.LocalRef(res.Get("encounter.reference").String())
		ours := slices.ContainsFunc(p.stay.Tasks, func(t stay.Task) bool { return t.Ref == res.Ref() })
		if ours || res.Type() != "Task" || !l.concerns(res, "for", p.stay.Patient) || !l.asksInView(res) {
			continue
		}
		for _, ref := range l.answersOf(res) {
			taken[ref] = true
		}
		waiting[at] = waiting[at] || stay.Task{Status: res.Get("status").String()}.Open()
	}
	p.stay.Unplaced = slices.DeleteFunc(p.stay.Unplaced, func(r stay.Response) bool { return taken[r.Ref] })
	for _, waits := range waiting {
		if waits {
			p.stay.Waiting++
		}
	}
	return nil
}

// asksInView tells that a Task asks with the instrument in view.
func (l loader) asksInView(task fhir.Resource) bool {
	name, _ := l.asksWith(task)
	return name == l.forms.current.Of.Name
}

// instantOf is a time as a search writes it; "" for none.
func instantOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return *fhir.Instant(t)
}
