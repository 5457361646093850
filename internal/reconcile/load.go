package reconcile

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// picture is a stay with the resources it was read from: a decision is made on
// the values, an edit on the bytes.
type picture struct {
	stay      stay.Stay
	encounter fhir.Resource
	byRef     map[string]fhir.Resource
	guess     guess              // what was asked for along with it
	asked     []string           // requests, each with its searches
	gotten    []fhir.Resource    // one by one, beside what was asked
	doubt     error              // the server warned that it did not give all
	screened  bool               // the screenings of other admissions were looked for
	scores    []string           // and these came of those with AUDIT-C: Observation/id, the latest first
	shared    map[stay.Part]bool // what was asked for, for all screenings
}

// newest is when anything of it was last written.
func (p picture) newest() (at time.Time) {
	for _, res := range p.byRef {
		if t := written(res); t.After(at) && res.Type() != "Patient" {
			at = t
		}
	}
	return at
}

type loader struct {
	client  *fhir.Client
	device  string // Device/id of tilsyn itself
	policy  *pathway.Policy
	queries queries
	forms   *forms            // of the instrument in view
	all     map[string]*forms // by the name of the instrument
	route   func(stay.Stay) stay.Owners
	seen    *memo

	now  func() time.Time
	zone *time.Location // the hospital's

	refused *atomic.Int32 // how many includes were, in a row
	windows *atomic.Int32 // and how many windows of time
}

// manyRefused includes, or windows, in a row are this server's way: they are left out
// from then on.
const manyRefused = 3

// load reads one admission. found is false when the server has no such
// Encounter.
func (l loader) load(ctx context.Context, id string) (p picture, found bool, err error) {
	p.guess, p.byRef, p.shared = l.seen.of(id), map[string]fhir.Resource{}, map[stay.Part]bool{}
	if err := l.search(ctx, &p, id); err != nil {
		return p, false, fmt.Errorf("load the admission: %w", err)
	}
	if p.encounter, found = p.byRef["Encounter/"+id]; !found {
		return p, false, p.doubt
	}
	if err := l.read(ctx, &p); err != nil {
		return p, true, fmt.Errorf("read the admission: %w", err)
	}
	for _, name := range l.policy.Instruments() {
		l.about(&p, name)
		p.stay.Unread = slices.Clone(stay.Parts)
	}
	l.about(&p, l.policy.Definition().Name)
	return p, true, nil
}

// screenings are those that the policy asks for, of which nothing is known yet.
func (l loader) screenings() (first stay.Screening, others []stay.Screening) {
	for _, name := range l.policy.Instruments() {
		others = append(others, stay.Screening{Instrument: name})
	}
	return others[0], others[1:]
}

// about looks at another screening from now on.
func (l loader) about(p *picture, name string) loader {
	p.stay = p.stay.About(name)
	l.policy, l.forms = l.policy.About(name), l.all[name]
	l.queries.policy = l.policy
	return l
}

// each looks at each screening in turn, and at the one in view again in the end.
func (l loader) each(p *picture, look func(loader) error) error {
	was := p.stay.Instrument
	defer func() { p.stay = p.stay.About(was) }()
	for _, name := range l.policy.Instruments() {
		if err := look(l.about(p, name)); err != nil {
			return err
		}
	}
	return nil
}

// decide reads what the rules ask for until they can decide. Each part is asked for
// once, so it ends.
func (l loader) decide(ctx context.Context, p *picture) (pathway.Decision, error) {
	for {
		d := pathway.Decide(p.stay, l.policy, l.now())
		if len(d.Needs) == 0 {
			p.stay = pathway.Knowing(p.stay, l.policy, l.now())
			l.remember(p)
			return d, p.doubtful()
		}
		if err := l.fetch(ctx, p, d.Needs); err != nil {
			return d, fmt.Errorf("read the admission: %w", err)
		}
	}
}

// doubtful tells that the Task of the answers was not found by a server that warned
// that it did not give all.
func (p *picture) doubtful() error {
	for _, s := range p.stay.Screenings() {
		if _, asked := p.stay.About(s.Instrument).ScreeningTask(); !asked && len(s.Responses) > 0 && p.doubt != nil {
			return fmt.Errorf("read the admission: there are answers, and the Task that they belong to is not found: %w", p.doubt)
		}
	}
	return nil
}

// search brings the admission, its patient and our work in it in one request.
// What a long stay has thousands of (observations, orders) is never asked for.
// What the last look makes us expect is asked for in the same breath.
func (l loader) search(ctx context.Context, p *picture, id string) error {
	if !fhir.ValidID(id) {
		return fmt.Errorf("%w: not an Encounter id", ErrPermanent)
	}
	beside := append(l.queries.ourWork(id), l.queries.expected(p.guess)...)
	ask := func(admission string) func() error {
		return func() error { return l.ask(ctx, p, append([]string{admission}, beside...)...) }
	}
	return rather(l.refused, ask(l.queries.admission(id)), ask(fhir.Query("Encounter", "_id", id)))
}

// rather asks in a way that some servers refuse, and where this one does, in one that all
// understand: at once, when it has refused often enough in a row.
func rather(refused *atomic.Int32, ask, plainly func() error) error {
	if refused.Load() < manyRefused {
		if err := ask(); !refusesSearch(err) {
			refused.Store(0)
			return err
		}
	}
	err := plainly()
	if err == nil {
		refused.Add(1)
	}
	return err
}

// ask searches and keeps what was asked: the audit trail of what is written
// says what it rests on.
func (l loader) ask(ctx context.Context, p *picture, queries ...string) error {
	if len(queries) == 0 {
		return nil
	}
	queries, found, err := l.found(ctx, queries)
	if fhir.IsCutShort(err) {
		p.doubt, err = err, nil
	}
	if err != nil {
		return err
	}
	p.asked = append(p.asked, strings.Join(queries, "\n"))
	for _, res := range found {
		// What was read already stays: the values were read from it, and an edit must
		// fail where somebody has written since.
		if _, have := p.byRef[res.Ref()]; !have {
			p.byRef[res.Ref()] = res
		}
	}
	return nil
}

// found is what a search finds, and what it was asked in the end. A window of time only
// spares reading: a server that refuses it is asked without.
func (l loader) found(ctx context.Context, queries []string) (asked []string, found []fhir.Resource, err error) {
	ask := func(queries []string) func() error {
		return func() (err error) {
			asked = queries
			found, err = l.client.SearchTogether(ctx, queries...)
			return err
		}
	}
	open := windowless(queries)
	if slices.Equal(open, queries) {
		err = ask(queries)()
	} else {
		err = rather(l.windows, ask(queries), ask(open))
	}
	return asked, found, err
}

// refusesSearch tells of a server that does not do what it was asked: some break down at it.
func refusesSearch(err error) bool {
	return fhir.IsRefused(err) || fhir.Status(err) == http.StatusInternalServerError
}

// read turns the resources into the picture's values.
func (l loader) read(ctx context.Context, p *picture) error {
	p.stay.Admission = l.admission(p.encounter)
	p.stay.Screening, p.stay.Others = l.screenings()
	if err := l.understoodAdmission(p.encounter); err != nil {
		return err
	}
	id := p.stay.Admission.ID
	parent, err := l.related(ctx, p, "partOf")
	if err != nil {
		return err
	}
	if parent.ID() != "" {
		a := l.admission(parent)
		p.stay.Parent = &a
	}
	for _, res := range sorted(p.byRef) {
		t, ok := l.task(res, id)
		if !ok {
			continue
		}
		if err := understood(res); err != nil {
			return err
		}
		p.stay.Tasks = append(p.stay.Tasks, t)
	}
	number(p.stay.Tasks, l.drafted(p))
	if err := l.patient(ctx, p); err != nil {
		return err
	}
	p.stay.Owners = l.route(p.stay)
	return l.each(p, func(l loader) error {
		l.recall(p)
		if err := l.pointedTo(ctx, p); err != nil {
			return err
		}
		return l.responses(ctx, p)
	})
}

// result reads a score or a consult; one that a person has deleted is absent.
func (l loader) result(ctx context.Context, p *picture, ref string) (stay.Result, error) {
	if ref == "" {
		return stay.Result{}, nil
	}
	res, err := l.get(ctx, p, ref)
	if fhir.IsGone(err) {
		return stay.Result{}, nil
	}
	if err != nil {
		return stay.Result{}, err
	}
	r := result(res)
	l.letterOn(res, &r)
	return r, nil
}

// related is what an element of the Encounter refers to; without a reference
// into this server it is empty. A server that left it out of the search is
// asked again.
func (l loader) related(ctx context.Context, p *picture, element string) (fhir.Resource, error) {
	ref, ok := l.client.LocalRef(p.encounter.Get(element + ".reference").String())
	if !ok {
		return fhir.Resource{}, nil
	}
	res, err := l.get(ctx, p, ref)
	if fhir.IsGone(err) {
		return fhir.Resource{}, broken(p.encounter, element, "refers to what is not on the server")
	}
	return res, err
}

// pointedTo reads the responses that the nurse's Task points to where the search did
// not bring them: a renderer may have dropped the encounter.
func (l loader) pointedTo(ctx context.Context, p *picture) error {
	task, _ := p.stay.ScreeningTask()
	for _, ref := range append(task.Answers, task.Response) {
		if ref == "" {
			continue
		}
		res, err := l.get(ctx, p, ref)
		switch {
		case fhir.IsGone(err):
		case err != nil:
			return err
		case res.Type() != "QuestionnaireResponse":
			return broken(p.byRef[task.Ref], "output questionnaire-response", "refers to what is no response")
		}
	}
	return nil
}

// responses keeps those to our form, ours or not.
func (l loader) responses(ctx context.Context, p *picture) error {
	task, _ := p.stay.ScreeningTask()
	for _, res := range sorted(p.byRef) {
		if res.Type() != "QuestionnaireResponse" {
			continue
		}
		relevant, err := l.relevant(ctx, res, task, p.stay.Admission.ID)
		if err != nil {
			return err
		}
		if !relevant {
			continue
		}
		if err := understood(res); err != nil {
			return err
		}
		r, err := l.response(ctx, res, task, p.stay.Admission.ID)
		if err == nil {
			r, err = l.asJudged(ctx, p, r, task)
		}
		if err != nil {
			return err
		}
		p.stay.Responses = append(p.stay.Responses, r)
	}
	disown(p.stay.Responses, task)
	for _, r := range p.stay.Responses {
		if err := l.former(ctx, p, r.Subject); err != nil {
			return err
		}
	}
	return nil
}

// disown leaves to an EHR what it has put in the place of the Task's draft.
func disown(responses []stay.Response, task stay.Task) {
	draft := slices.ContainsFunc(responses, func(r stay.Response) bool { return r.Number > 0 && (r.Task == task.Ref || r.Task == "") })
	for i, r := range responses {
		if draft && r.Number == 0 && r.Task == "" {
			responses[i].Ours, responses[i].Poor = false, false
		}
	}
}
