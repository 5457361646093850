// Package reconcile takes one admission through its three steps: load what we
// need of it from the FHIR server, let pathway decide, and write the decision
// in one transaction.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Options are what a Reconciler needs beside the server.
type Options struct {
	Client   *fhir.Client
	Policy   *pathway.Policy
	Routing  config.Routing
	Advice   config.Advice      // what the nurse says and hands over as brief advice
	Language string             // of the texts that people read: nb, nn, en, sv, da
	Forms    []*instrument.Form // for each instrument of the policy that which new admissions are asked with; after it, those of another url that were before
	Device   string             // Device/id of tilsyn itself
	Audit    bool               // write an AuditEvent for each thing that is done to a patient's record
	Host     string             // the name of this machine, for the AuditEvents
	Now      func() time.Time   // nil: time.Now
	Zone     *time.Location     // in which people read times, and dates are days; nil: UTC
}

// Reconciler works on any number of admissions at once; each admission must be
// worked on by one caller at a time.
type Reconciler struct {
	Options
	loader loader
	trail  trail
}

// New makes a Reconciler.
func New(o Options) *Reconciler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	clock := o.Now
	o.Now = func() time.Time { return clock().In(o.Zone) }
	r := &Reconciler{Options: o}
	all := map[string]*forms{}
	for _, form := range o.Forms {
		if asked := all[form.Of.Name]; asked != nil {
			asked.takeFormer(form)
			continue
		}
		all[form.Of.Name] = newForms(o.Client, form, func() time.Time { return r.Now() })
	}
	r.loader = loader{client: o.Client, device: o.Device, policy: o.Policy, queries: queries{o.Policy}, forms: all[o.Policy.Definition().Name], all: all, seen: newMemo(), zone: o.Zone,
		route: r.route, now: func() time.Time { return r.Now() }, refused: new(atomic.Int32), windows: new(atomic.Int32)}
	return r
}

// route is to whom the configuration gives the work about an admission.
func (r *Reconciler) route(s stay.Stay) stay.Owners {
	owners := r.Routing.Route(s.Admission.Locations, s.Admission.ServiceProvider)
	if pathway.IsProtected(s, r.Policy) {
		owners = r.Routing.Protected.Or(owners)
	}
	return stay.Owners(owners)
}

// ErrPermanent marks an admission that no retry can help: a person must look.
// It is tried again when it changes, and at every census.
var ErrPermanent = errors.New("needs a person")

// conflictTries bounds how often one call decides anew because somebody wrote
// in between, or because nobody knows whether it was written; the queue's backoff
// takes over from there.
const conflictTries = 3

// Reconcile brings the server in line with the rules for one admission, given
// by its Encounter id. Errors: wrapped ErrPermanent, or anything else, which is
// worth another try.
func (r *Reconciler) Reconcile(ctx context.Context, id string) (done Done, err error) {
	defer guard(&err)
	for range conflictTries {
		done, err = r.once(ctx, id)
		if !fhir.IsConflict(err) && !fhir.IsUnsure(err) {
			break
		}
	}
	stuck := r.loader.seen.stuck(id, err, done.seen, r.Now())
	if fhir.IsRefused(err) || stuck && !errors.Is(err, ErrPermanent) {
		err = fmt.Errorf("%w: %w", ErrPermanent, err)
	}
	return done, err
}

// Expect hints whose an admission is that somebody is to be asked in, so that
// all that the first look needs comes in one request. What is read then decides.
func (r *Reconciler) Expect(admission, patient string) {
	if fhir.ValidID(strings.TrimPrefix(patient, "Patient/")) {
		r.loader.seen.expect(admission, patient)
	}
}

// AnswersOurForm tells whether a response answers our form, also by a reference to where
// it lies, and where the server cannot say that now.
func (r *Reconciler) AnswersOurForm(ctx context.Context, response fhir.Resource) bool {
	for _, f := range r.loader.all {
		if ours, err := f.ours(ctx, response); ours || err != nil {
			return true
		}
	}
	return false
}

// Done is how a look at one admission ended.
type Done struct {
	Wrote      bool
	Unrecorded bool              // AuditEvents were wanted, and the server refuses them
	Gone       bool              // the server has no such Encounter
	Known      bool              // the server has shown it
	Happened   time.Time         // when what the writing follows was written on the server; zero: only time has passed
	Repaired   int               // duplicates that were marked as made in error
	PutAside   map[string]string // of pathway.WithoutAnswer, by instrument: what became of a question now
	Over       bool              // the admission has ended; known also where nothing else could be understood
	Next       time.Time         // when to look again although nothing has changed; zero: never
	WrongForms []WrongForm

	seen string // tells this state of the admission from any other
}

// once completes what an earlier try has left, and then looks anew: an error of the
// one keeps nobody from the other.
func (r *Reconciler) once(ctx context.Context, id string) (Done, error) {
	before, left := r.complete(ctx, id)
	done, err := r.afresh(ctx, id)
	done.Wrote, done.Unrecorded = done.Wrote || before.Wrote, done.Unrecorded || before.Unrecorded
	return done, errors.Join(left, err)
}

// afresh loads an admission, decides, and applies the decision.
func (r *Reconciler) afresh(ctx context.Context, id string) (done Done, err error) {
	p, found, err := r.loader.load(ctx, id)
	defer func() { done.seen = p.fingerprint() }()
	a := p.stay.Admission
	done = Done{Gone: err == nil && !found, Known: found, Over: a.Void() || a.Status == stay.Finished}
	if err != nil || !found {
		return done, err
	}
	done.WrongForms = p.wrongForms()
	d, err := r.loader.decide(ctx, &p)
	if err != nil {
		return done, err
	}
	done.Next = d.Next
	vain := r.loader.seen.inVain(id, &d)
	if err = vain; !d.Nothing() {
		err = r.apply(ctx, p, d, &done)
	}
	if err == nil {
		r.loader.seen.actedOn(p.stay.Patient)
	}
	return done, err
}

// apply writes a decision.
func (r *Reconciler) apply(ctx context.Context, p picture, d pathway.Decision, done *Done) (err error) {
	done.Wrote = true
	if twins := pathway.Of[pathway.Duplicates](d); twins != nil {
		done.Repaired = len(*twins)
	}
	done.PutAside = putAside(p.stay, d)
	if d.Follows() {
		done.Happened = p.newest()
	}
	if done.Unrecorded, err = r.send(ctx, p, d); err == nil {
		r.loader.seen.put(p.stay.Admission.ID, d)
	}
	return err
}

// send writes a decision, with its AuditEvents where they are wanted. A server
// that refuses these (Helios keeps a trail of its own, others want another scope)
// gets the decision without: nobody is missed for want of a record. unrecorded
// tells that it was so.
func (r *Reconciler) send(ctx context.Context, p picture, d pathway.Decision) (unrecorded bool, err error) {
	recorded := r.Audit && r.trail.open(r.Now())
	err = r.transact(ctx, p, d, recorded)
	if !recorded || !fhir.IsRefused(err) || fhir.IsUnsure(err) { // what is refused inside a success is completed
		return r.Audit && !recorded, err
	}
	switch without := r.transact(ctx, p, d, false); {
	case without == nil:
		r.trail.close(r.Now())
		return true, nil
	case !fhir.IsRefused(without):
		return false, without
	}
	return false, err // it was for something else
}

func (r *Reconciler) transact(ctx context.Context, p picture, d pathway.Decision, recorded bool) error {
	tx, err := r.compose(p, d, recorded)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPermanent, err)
	}
	err = r.Client.Transact(ctx, tx)
	r.loader.seen.sent(p.stay.Admission.ID, tx, err)
	return err
}
