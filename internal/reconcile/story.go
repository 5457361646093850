package reconcile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Event is one turn in the story of an admission. It holds codes, times and
// references; no name, answer or score.
type Event struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
	Ref  string    `json:"ref,omitempty"`
}

// story tells what happened so far, in order: seen, asked, answered, scored,
// referred, accepted.
type story struct {
	loader
	p      *picture
	events []Event
}

func (r *Reconciler) story(ctx context.Context, p *picture) ([]Event, error) {
	tasks := p.screeningTasks()
	for _, task := range tasks {
		for _, ref := range []string{task.Score, task.Minimum, task.Consult} {
			if ref == "" {
				continue
			}
			if _, err := r.loader.get(ctx, p, ref); err != nil && !fhir.IsGone(err) {
				return nil, err
			}
		}
	}
	task, _ := p.stay.ScreeningTask()
	if err := r.loader.consult(ctx, p, task.Consult); err != nil {
		return nil, err
	}
	s := story{loader: r.loader, p: p}
	s.admission(p.stay.Admission)
	for _, t := range p.stay.Tasks {
		s.task(t)
	}
	for _, resp := range p.responsesOfAll() {
		if resp.Submitted() {
			s.tell(resp.Authored, resp.Ref, "answered (%s)", resp.Status)
		}
	}
	for _, task := range tasks {
		s.results(task)
	}
	slices.SortStableFunc(s.events, func(a, b Event) int { return a.At.Compare(b.At) })
	return s.events, nil
}

// screeningTasks are the nurse's Tasks that count, of all screenings.
func (p *picture) screeningTasks() (all []stay.Task) {
	for _, s := range p.stay.Screenings() {
		if task, asked := p.stay.About(s.Instrument).ScreeningTask(); asked {
			all = append(all, task)
		}
	}
	return all
}

// mostOften bounds a count that people are shown: a larger one is no count.
const mostOften = 999

func (s *story) tell(at time.Time, ref, format string, args ...any) {
	if !at.IsZero() {
		s.events = append(s.events, Event{at, fmt.Sprintf(format, args...), ref})
	}
}

func (s *story) admission(a stay.Admission) {
	s.tell(a.Start, "Encounter/"+a.ID, "admitted")
	s.tell(a.End, "Encounter/"+a.ID, "left (%s)", shownStatus("Encounter", string(a.Status)))
}

func (s *story) task(t stay.Task) {
	last := s.moment(s.p.byRef[t.Ref].Get("lastModified"))
	switch t.Kind {
	case stay.ScreeningTask:
		s.tell(t.Made, t.Ref, "ward asked%s, time %d", asksWith(t), min(t.Number, mostOften))
		if t.Open() {
			s.tell(t.Due, t.Ref, "answer due")
		}
		if t.Raised > 0 {
			s.tell(last, t.Ref, "raised %d times", min(t.Raised, mostOften))
		}
		if !t.Open() && !t.Scored() {
			s.tell(last, t.Ref, "ward's task %s (%s)", t.Status, shownCode(t.BusinessStatus))
		}
	case stay.ConsultTask:
		s.tell(last, t.Ref, "team's task %s", t.Status)
	case stay.Advice:
		s.tell(last, t.Ref, "advice task %s", t.Status)
	case stay.Reply:
		s.tell(last, t.Ref, "the ward was told that the team does not come: task %s", t.Status)
	}
}

// asksWith names the instrument, where it is not AUDIT-C.
func asksWith(t stay.Task) string {
	if t.Instrument == stay.AuditC {
		return ""
	}
	return " with " + t.Instrument
}

func (s *story) results(task stay.Task) {
	if score := s.p.byRef[task.Score]; score.ID() != "" {
		tier := ""
		for _, c := range score.Get("interpretation").Array() {
			if code := ourCode(c); code != "" {
				tier = ", tier " + shownCode(code)
			}
		}
		s.tell(s.moment(score.Get("issued")), task.Score, "scored (%s%s)", shownStatus("", score.Get("status").String()), tier)
	}
	if least := s.p.byRef[task.Minimum]; least.ID() != "" {
		s.tell(s.moment(least.Get("issued")), task.Minimum, "put on record what is certain of incomplete answers (%s)", shownStatus("", least.Get("status").String()))
	}
	orders := []string{task.Consult}
	for _, replaced := range s.p.stay.Replaced {
		orders = append(orders, replaced.Ref)
	}
	for _, ref := range orders {
		if order := s.p.byRef[ref]; order.ID() != "" {
			s.tell(s.moment(order.Get("authoredOn")), ref, "consult asked for (now %s)", shownStatus("", order.Get("status").String()))
		}
	}
}
