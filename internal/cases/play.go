package cases

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/sandbox"
)

// play is a case on its stage: a hospital on a FHIR server of its own, and tilsyn
// beside it.
type play struct {
	ctx      context.Context
	c        Case
	client   *fhir.Client
	hospital *hospital.Hospital
	tilsyn   *reconcile.Reconciler
	options  reconcile.Options // of it
	way      *part             // to the server

	canonical string // of the form

	others []*view // of the instruments that are asked after the first

	admission hospital.Admission
	other     string    // the last other record or person that was spoken of
	form      string    // the last response that was written on
	order     string    // a clinician's own
	condition string    // the pregnancy that was recorded last
	next      time.Time // when tilsyn looks again of itself
	looked    bool      // tilsyn has looked at the admission
	settled   bool      // and has nothing more to do
	trail     []string  // what was decided on the way
	told      bool      // keep the trail
}

// Play plays a case and says how it differs from what it expects. policy is the
// text of the policy that the case changes. It needs a clock that it can put
// forward: call it in a bubble of testing/synctest.
func Play(ctx context.Context, c Case, policy []byte) error {
	_, err := onStage(ctx, c, policy, false)
	return err
}

// Trail plays a case and tells which rules spoke on the way. It needs a bubble of
// its own.
func Trail(ctx context.Context, c Case, policy []byte) string {
	p, _ := onStage(ctx, c, policy, true)
	return strings.Join(p.trail, "\n")
}

func onStage(ctx context.Context, c Case, policy []byte, told bool) (*play, error) {
	time.Sleep(time.Until(now)) // in the bubble it takes no time
	p := &play{ctx: ctx, c: c, told: told}
	if err := p.open(policy); err != nil {
		return p, fmt.Errorf("set the stage: %w", err)
	}
	defer p.client.Close()
	return p, p.run()
}

func (p *play) run() error {
	if err := p.admit(); err != nil {
		return fmt.Errorf("admit: %w", err)
	}
	for i, step := range p.c.Then {
		if err := p.step(step, i+1 == len(p.c.Then)); err != nil {
			return fmt.Errorf("line %d: %s: %w", step.Line, step.Words, err)
		}
	}
	rules, err := p.rules()
	if err != nil {
		return err
	}
	errs := []error{p.differs(rules)}
	if len(p.c.Stands) > 0 || p.c.Again.Words != "" {
		errs = append(errs, p.settle(), p.stand(), p.again())
	}
	return errors.Join(errs...)
}

// step does what a phrase says. After each but the last tilsyn looks until it has
// nothing more to do.
func (p *play) step(step Phrase, last bool) error {
	doings, err := stepOf(step.Words)
	if err != nil {
		return err
	}
	p.settled = false
	p.trail = append(p.trail, step.Words)
	for _, does := range doings {
		if err := does(p, nil); err != nil {
			return err
		}
	}
	if last {
		return nil
	}
	return p.settle()
}

// most is how often tilsyn may look until it has nothing more to do.
const most = 8

// settle lets tilsyn look until nothing is written any more.
func (p *play) settle() error {
	for range most {
		if p.settled {
			return nil
		}
		if err := p.tell(); err != nil {
			return err
		}
		done, err := p.tilsyn.Reconcile(p.ctx, p.admission.ID())
		if err != nil {
			return fmt.Errorf("tilsyn: %w", err)
		}
		p.looked, p.next, p.settled = true, done.Next, !done.Wrote
	}
	return errors.New("tilsyn writes again and again")
}

// tell notes which rules speak now.
func (p *play) tell() error {
	if !p.told {
		return nil
	}
	rules, err := p.rules()
	p.trail = append(p.trail, "    "+strings.Join(rules, ", "))
	return err
}

// rules are those that speak now.
func (p *play) rules() (rules []string, err error) {
	seen, err := p.tilsyn.Preview(p.ctx, p.admission.ID())
	if err != nil {
		return nil, fmt.Errorf("tilsyn: %w", err)
	}
	for _, d := range append([]pathway.Decision{seen.Decision}, seen.Decision.Others...) {
		for _, r := range d.Reasons {
			rules = append(rules, spoken(d.Instrument, r.Rule))
		}
	}
	return rules, nil
}

func (p *play) differs(got []string) error {
	var want []string
	for _, e := range p.c.Expect {
		want = append(want, e.Words)
	}
	if slices.Equal(got, want) {
		return nil
	}
	return fmt.Errorf("the rules that speak are\n  [%s]\nexpected are\n  [%s]", strings.Join(got, ", "), strings.Join(want, ", "))
}

// pass lets time go by. What is to be done then must not need that somebody rings.
func (p *play) pass(d time.Duration) error {
	time.Sleep(d)
	if !p.looked {
		return nil
	}
	seen, err := p.tilsyn.Preview(p.ctx, p.admission.ID())
	if err != nil {
		return fmt.Errorf("tilsyn: %w", err)
	}
	if seen.Writes && (p.next.IsZero() || p.next.After(time.Now())) {
		return errors.New("there is something to do, and tilsyn would not have looked of itself")
	}
	return nil
}

var agains = func() (v vocabulary[bool]) {
	v.say("in <time>", true)
	v.say("at once", true)
	v.say("never", true)
	return v
}()

// again compares when tilsyn looks again of itself.
func (p *play) again() error {
	got := "never"
	switch wait := time.Until(p.next); {
	case p.next.IsZero():
	case wait <= 0:
		got = "at once"
	default:
		got = "in " + span(wait)
	}
	if p.c.Again.Words == "" || p.c.Again.Words == got {
		return nil
	}
	return fmt.Errorf("tilsyn looks again %s, expected is %s", got, p.c.Again.Words)
}

func (p *play) admit() error {
	w, err := patientOf(p.c.Patient.Words)
	if err != nil {
		return err
	}
	s, err := admissionOf(p.c.Admission.Words)
	if err != nil {
		return err
	}
	s.Person = w.Person
	if p.admission, err = p.hospital.Admit(p.ctx, s.Stay); err != nil {
		return err
	}
	for _, note := range slices.Concat(w.more, s.more) {
		if err := note(p, nil); err != nil {
			return err
		}
	}
	if w.nobody {
		return p.hospital.Set(p.ctx, p.admission.Encounter, "subject", nil)
	}
	return nil
}

// open builds the stage.
func (p *play) open(policy []byte) (err error) {
	server := sandbox.New(sandbox.WithBaseURL(base), sandbox.Lenient())
	p.way = &part{RoundTripper: inProcess{server}}
	if p.client, err = fhir.New(fhir.Options{BaseURL: base, Transport: p.way}); err != nil {
		return err
	}
	if p.hospital, err = hospital.Open(p.ctx, p.client, ""); err != nil {
		return err
	}
	o := reconcile.Options{Client: p.client, Language: language, Routing: p.routing(), Advice: config.Advice{Say: "Say it kindly.", SayPregnant: "Ask what she drinks now."}}
	if o.Policy, err = p.policy(policy); err != nil {
		return err
	}
	if err := p.setUp(&o); err != nil {
		return err
	}
	p.options, p.tilsyn = o, reconcile.New(o)
	return nil
}

var routings = func() (v vocabulary[bool]) {
	v.say("protected as everybody", true)
	v.say("the nurses of each ward are its team", true)
	v.say("the nurses of each ward are its team, also of the protected", true)
	return v
}()

// routing gives each ward's patients to its nurses, consults to the team, and the
// protected to those who may know.
func (p *play) routing() (r config.Routing) {
	teams := strings.HasPrefix(p.c.Routing.Words, "the nurses of each ward are its team")
	for _, w := range p.hospital.Wards {
		owners := config.Owners{Ward: w.Nurses}
		if teams {
			owners.Liaison = w.Nurses
		}
		r.Rules = append(r.Rules, config.Rule{Location: w.Location, Owners: owners})
	}
	r.Default.Liaison = p.hospital.Liaison
	if p.c.Routing.Words == "" || p.c.Routing.Words == "the nurses of each ward are its team" {
		r.Protected = config.Owners{Ward: p.hospital.Few.Nurses, Liaison: p.hospital.Few.Liaison}
	}
	return r
}

const base = "http://fhir.case/fhir"

// inProcess is the way to a server in this process.
type inProcess struct{ http.Handler }

func (s inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	asked := r.Clone(r.Context())
	asked.Body, asked.Host = io.NopCloser(bytes.NewReader(body)), r.URL.Host
	w := httptest.NewRecorder()
	s.ServeHTTP(w, asked)
	answer := w.Result()
	answer.Request = r
	return answer, nil
}
