package reconcile

import (
	"cmp"
	"context"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
	"github.com/tilsyn/tilsyn/internal/words"
)

// Explanation is what is seen of one admission, what would be done, and why.
// It holds ids, codes that we know, and times; no name, birth date, answer or score.
type Explanation struct {
	Admission string            `json:"admission"`
	Found     bool              `json:"found"`
	Status    stay.Status       `json:"status,omitempty"`
	Class     string            `json:"class,omitempty"`
	PartOf    string            `json:"part_of,omitempty"`
	Patient   string            `json:"patient,omitempty"`
	Sex       stay.Sex          `json:"sex,omitempty"`
	Age       [2]int            `json:"age"` // youngest and oldest that the birth date allows, years
	Pregnant  bool              `json:"pregnant"`
	Deceased  bool              `json:"deceased"`
	Tasks     []SeenTask        `json:"tasks"`
	Task      string            `json:"task,omitempty"`  // the nurse's that counts, of the screening that leads
	Asked     map[string]string `json:"asked,omitempty"` // the same of the others, by instrument
	Responses []SeenResponse    `json:"responses"`
	Story     []Event           `json:"story"`
	Unasked   bool              `json:"left_unasked"` // went home, and would have been asked
	Policy    string            `json:"policy"`
	Decision  pathway.Decision  `json:"decision"`
	Plan      []string          `json:"-"`      // what the decision would write, in words, and when it is due again
	Writes    bool              `json:"writes"` // whether the decision would change anything

	WrongForms []WrongForm `json:"-"`
}

// SeenTask is one of our tasks.
type SeenTask struct {
	Ref      string `json:"ref"`
	Purpose  string `json:"purpose"`
	Status   string `json:"status"`
	Business string `json:"business,omitempty"`
	Open     bool   `json:"open"`
	Raised   int    `json:"raised,omitempty"`
	Scored   bool   `json:"scored"`
	Referred bool   `json:"referred"`
}

// SeenResponse is one response to our form.
type SeenResponse struct {
	Ref     string `json:"ref"`
	Status  string `json:"status"`
	Ours    bool   `json:"ours"`
	Problem string `json:"problem,omitempty"`
}

// formProblem is in English, whatever the site's language: who runs the system reads it.
func formProblem(r stay.Response) string {
	return cmp.Or(r.FormError, words.In("en").Problem(r.FormProblem))
}

// othersAsked are the nurse's Tasks of the screenings that are not in view.
func othersAsked(s stay.Stay) map[string]string {
	tasks := map[string]string{}
	for _, other := range s.Others {
		if task, asked := s.About(other.Instrument).ScreeningTask(); asked {
			tasks[other.Instrument] = task.Ref
		}
	}
	return tasks
}

// Screening is the nurse's Task that counts.
func (e Explanation) Screening() (task SeenTask, asked bool) { return e.Seen(e.Task) }

// Seen is the Task of a reference.
func (e Explanation) Seen(ref string) (task SeenTask, there bool) {
	for _, t := range e.Tasks {
		if t.Ref == ref {
			return t, true
		}
	}
	return task, false
}

// Explain looks at one admission, as Preview does, and tells its story.
func (r *Reconciler) Explain(ctx context.Context, id string) (Explanation, error) {
	p, e, err := r.preview(ctx, id)
	if err == nil && e.Found {
		e.Story, err = r.story(ctx, &p)
	}
	return e, err
}

// Preview looks at one admission as Reconcile would and writes nothing.
func (r *Reconciler) Preview(ctx context.Context, id string) (Explanation, error) {
	_, e, err := r.preview(ctx, id)
	return e, err
}

func (r *Reconciler) preview(ctx context.Context, id string) (p picture, e Explanation, err error) {
	defer guard(&err)
	p, found, err := r.loader.load(ctx, id)
	e = Explanation{Admission: "Encounter/" + id, Found: found, Policy: r.Policy.Version,
		Tasks: []SeenTask{}, Responses: []SeenResponse{}, Story: []Event{}}
	if err != nil || !found {
		return p, e, err
	}
	p.stay = p.stay.About(pathway.Leading(p.stay, r.Policy))
	s, now := p.stay, r.Now()
	e.Status, e.Class = stay.Status(shownStatus("Encounter", string(s.Admission.Status))), shownClasses(s.Admission.Classes, r.Policy)
	e.Patient, e.Sex, e.Deceased = s.Patient.Ref, s.Patient.Sex, s.Dead()
	e.Age[0], e.Age[1] = s.Patient.Birth.Age(now)
	if s.Parent != nil {
		e.PartOf = "Encounter/" + s.Parent.ID
	}
	if task, asked := s.ScreeningTask(); asked {
		e.Task = task.Ref
	}
	e.Asked = othersAsked(s)
	for _, t := range s.Tasks {
		e.Tasks = append(e.Tasks, seenTask(t))
	}
	for _, resp := range p.responsesOfAll() {
		e.Responses = append(e.Responses, SeenResponse{resp.Ref, resp.Status, resp.Ours, formProblem(resp)})
	}
	e.WrongForms = p.wrongForms()
	d, err := r.loader.decide(ctx, &p)
	if err != nil {
		return p, e, err
	}
	e.Decision, e.Plan, e.Writes = shownDecision(d), described(d), !d.Nothing()
	e.Pregnant = p.stay.Patient.Pregnant
	e.Unasked = pathway.LeftUnasked(s, r.Policy, now)
	return p, e, nil
}
