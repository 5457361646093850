// Package app wires tilsyn together and runs it.
package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/intake"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/queue"
	"github.com/tilsyn/tilsyn/internal/reconcile"
)

// App is one tilsyn process beside one FHIR server.
type App struct {
	cfg    config.Config
	policy *pathway.Policy
	log    zerolog.Logger
	client *fhir.Client
	queue  *queue.Queue
	status *status
	doors  *refusals

	listener net.Listener
	operator net.Listener
	now      func() time.Time
	chance   queue.Chance
}

// Options make an App.
type Options struct {
	Config    config.Config
	Policy    *pathway.Policy
	Job       Job // what the FHIR server is asked to allow; empty: Serve
	Log       zerolog.Logger
	Transport http.RoundTripper // to the FHIR server; nil: a pool of our own
	Listener  net.Listener      // for the hook and the health pages; nil: one at Config.Listen
	Operator  net.Listener      // for the operators' pages; nil: one at Config.Operator.Listen
	Now       func() time.Time  // what time this process takes it to be; nil: time.Now
	Chance    queue.Chance      // draws how long a retry waits; nil: at random
	Arrive    func(what string) // see fhir.Options
}

// New checks what can be checked without the server.
func New(o Options) (*App, error) {
	cfg := o.Config
	if err := cfg.NeedServer(); err != nil {
		return nil, err
	}
	transport, err := o.transport()
	if err != nil {
		return nil, err
	}
	client, err := fhir.New(fhir.Options{BaseURL: cfg.FHIR.BaseURL, Timeout: cfg.FHIR.Timeout,
		MaxConcurrent: cfg.FHIR.MaxConcurrent, Transport: transport, Chance: fhir.Chance(o.Chance), Arrive: o.Arrive})
	if err != nil {
		return nil, err
	}
	a := &App{cfg: cfg, policy: o.Policy, log: o.Log, client: client, listener: o.Listener, operator: o.Operator, now: o.Now, chance: o.Chance}
	if a.now == nil {
		a.now = time.Now
	}
	a.status = newStatus(a.vitals)
	a.status.unreadyAfter, a.status.now = cfg.Intake.UnreadyAfter, a.now
	a.doors = &refusals{log: a.log, total: a.status.metrics.refused}
	return a, nil
}

// vitals are read at any time; nobody waits before Run.
func (a *App) vitals() vitals {
	v := vitals{Load: a.client.Load(), NotWhole: a.client.NotWhole()}
	if a.queue != nil {
		v.Waiting, v.Retries = a.queue.Len(), a.queue.Retries()
	}
	return v
}

// Client is the app's way to the FHIR server.
func (a *App) Client() *fhir.Client { return a.client }

// Zone is the hospital's, in which people read times.
func (a *App) Zone() *time.Location { return a.cfg.Zone() }

// grace is how long work under way may take after it is told to stop.
const grace = 20 * time.Second

// Run serves until ctx ends, then finishes what is under way. It waits for a
// FHIR server that is down, and refuses to start screening on one that is not
// set up.
func (a *App) Run(ctx context.Context) error {
	defer a.client.Close()
	for _, unwise := range Warnings(a.cfg, a.policy) {
		a.log.Warn().Str("setting", unwise).Msg("the configuration is allowed but unwise")
	}
	for _, wrong := range a.policy.UpsideDown() {
		a.log.Warn().Str("limits", wrong).Msg("the policy is upside down, and check-config refuses it; it is gone by all the same, for a service that does not run misses everybody")
	}
	a.queue = queue.New(a.chance)
	defer a.queue.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	poller, census := a.intake()
	stopHTTP, err := a.listen(poller, cancel)
	if err != nil {
		return err
	}
	defer stopHTTP()
	rec, err := a.awaitServer(ctx)
	if err != nil {
		return ignoreEnd(ctx, err)
	}
	a.status.screens(a.now())
	a.log.Info().Str("policy", a.policy.Version).Msg("screening")
	a.serve(ctx, rec, poller, census)
	a.log.Info().Msg("stopped")
	return ignoreEnd(ctx, context.Cause(ctx))
}

// ignoreEnd: being told to stop is no failure.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
		return nil
	}
	return err
}

func (a *App) intake() (*intake.Poller, *intake.Census) {
	census := intake.NewCensus(a.client, a.queue, a.names(), a.counted)
	back := intake.Back{Overlap: a.cfg.Poll.Overlap, LookBack: a.cfg.Poll.LookBack}
	return intake.NewPoller(a.client, a.queue, a.names(), back, census, a.polled), census
}

func (a *App) names() intake.Names {
	return intake.Names{
		IdentifierSystem: artifacts.IdentifierSystem,
		CodeSystem:       artifacts.CodeSystemURL,
		Unfinished:       pathway.Unfinished,
		Questionnaires:   a.questionnaires(),
		Classes:          a.policy.Screening.Classes,
		InClasses:        func(encounter fhir.Resource) bool { return reconcile.Asked(a.policy, encounter) },
		ClassShown:       func(encounter fhir.Resource) string { return reconcile.ClassShown(a.policy, encounter) },
		Consults:         pathway.Tokens(a.policy.Consult.Codings),
		Pregnancy:        a.pregnancy(),
		Zone:             a.cfg.Zone(),
	}
}

// pregnancy are the codes by which it is told, where any limit asks for it.
func (a *App) pregnancy() string {
	if !a.policy.PregnancyMatters() {
		return ""
	}
	return pathway.Tokens(a.policy.Pregnancy.Codings)
}

func (a *App) counted(n intake.Count, err error) {
	whole := a.status.censused(n.Gaps, err, a.now())
	a.saysQuirks()
	for _, id := range a.status.tryAgain(a.now()) {
		a.queue.Backlog(id)
	}
	if err != nil {
		a.log.Warn().Err(err).Msg("census failed; the next one makes up for it")
		return
	}
	if !whole {
		a.log.Warn().Strs("reasons", n.Gaps.Reasons).Msg("census was not whole: patients may be missed")
	}
	if a.status.counted(n) {
		a.log.Info().Interface("classes", n.OtherClasses).Msg("open Encounters of classes that nobody is asked in; the policy's screening.classes names those who are")
	}
	a.log.Debug().Int("open_admissions", n.Admissions).Int("open_work", n.OpenWork).Msg("census")
}

func (a *App) polled(err error) {
	a.status.polled(err, a.now())
	a.saysQuirks()
	if err != nil {
		a.log.Warn().Err(err).Msg("poll failed; the next one makes up for it")
	}
}

// saysQuirks logs once what the server was seen to do differently.
func (a *App) saysQuirks() {
	for _, quirk := range a.status.newQuirks(a.client.Quirks()) {
		a.log.Warn().Str("quirk", quirk).Msg("the FHIR server does something in another way than FHIR says; tilsyn asks it differently")
	}
}

// awaitServer waits until the FHIR server has answered all that must be known before
// screening begins. One that answers, but is not set up, is an error.
func (a *App) awaitServer(ctx context.Context) (*reconcile.Reconciler, error) {
	a.status.set("waiting for the FHIR server")
	var rec *reconcile.Reconciler
	err := a.untilAnswered(ctx, func() (err error) {
		rec, err = a.Reconciler(ctx)
		return err
	})
	return rec, err
}

// untilAnswered asks again until the server has given an answer that asking
// again will not change, and gives that.
func (a *App) untilAnswered(ctx context.Context, ask func() error) error {
	for wait := time.Second; ; wait = min(2*wait, 30*time.Second) {
		err := ask()
		if answer := (*fhir.Error)(nil); !fhir.IsNotWhole(err) && (!errors.As(err, &answer) || fhir.IsRefused(err)) {
			return err
		}
		a.log.Warn().Err(err).Dur("again_in_ms", wait).Msg("waiting for the FHIR server")
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// Reconciler checks that the server is set up and makes the reconciler for it.
func (a *App) Reconciler(ctx context.Context) (*reconcile.Reconciler, error) {
	all, err := a.artifacts()
	if err != nil {
		return nil, err
	}
	o := reconcile.Options{Client: a.client, Policy: a.policy, Routing: a.cfg.Routing, Advice: a.cfg.Advice, Now: a.now, Zone: a.cfg.Zone(),
		Language: a.cfg.Questionnaire.Language, Audit: a.cfg.Audit.Enabled, Host: machine()}
	for _, art := range all {
		res, err := a.published(ctx, art)
		if errors.Is(err, errMissing) {
			return nil, fmt.Errorf("the FHIR server is not set up: %w; run `tilsyn setup` with the same configuration", err)
		}
		if err != nil {
			return nil, fmt.Errorf("screening is not started: %w", err)
		}
		switch res.Type() {
		case "Device":
			o.Device = res.Ref()
			if err := a.learnCommas(ctx, res); err != nil {
				return nil, err
			}
		case "Questionnaire":
			forms, err := a.readForms(art)
			if err != nil {
				return nil, err
			}
			o.Forms = append(o.Forms, forms...)
		}
	}
	return reconcile.New(o), nil
}

// learnCommas finds out by our own Device whether a,b means either. A server that
// takes it literally finds nothing and says nothing, in every census.
// To ask for each value by itself is right on every server, so that is done where
// the answer leaves it open; one that has not answered is asked again.
func (a *App) learnCommas(ctx context.Context, device fhir.Resource) error {
	name := device.Identifier(artifacts.IdentifierSystem)
	found, err := a.client.Search(ctx, "Device?"+fhir.ByIdentifier(artifacts.IdentifierSystem, "none", name))
	if err != nil && !fhir.IsRefused(err) && !fhir.IsCutShort(err) {
		return fmt.Errorf("find out what a comma means: %w", err)
	}
	if !slices.ContainsFunc(found, func(r fhir.Resource) bool { return r.Ref() == device.Ref() }) {
		a.client.TakeCommasLiterally()
	}
	return nil
}

// machine is the name under which an audit trail finds this process again.
func machine() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "localhost"
	}
	return name
}

// serve runs intake and workers until ctx ends; the workers get a grace time.
func (a *App) serve(ctx context.Context, rec *reconcile.Reconciler, poller *intake.Poller, census *intake.Census) {
	work, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, abort) })()
	poller.Expect, poller.Answers = rec.Expect, rec.AnswersOurForm
	census.Pregnancy = rec.Pregnancy
	var group sync.WaitGroup
	group.Go(func() { a.meet(ctx) })
	group.Go(func() { census.Run(ctx, a.cfg.Census.Interval) })
	if a.cfg.Poll.Interval > 0 || a.cfg.Hook.Enabled {
		group.Go(func() { poller.Run(ctx, a.cfg.Poll.Interval) })
	}
	a.queue.Run(ctx, a.cfg.Workers, func(id string) queue.Result { return a.work(work, rec, id) })
	group.Wait()
}

// work reconciles one admission and says how it ended. This is the only place
// that logs about one.
func (a *App) work(ctx context.Context, rec *reconcile.Reconciler, id string) queue.Result {
	done, err := rec.Reconcile(ctx, id)
	name := shown(id, done.Known)
	switch {
	case err == nil:
		a.status.done(id, done)
		a.saysWrongForms(id, name, done.WrongForms)
		if done.Unrecorded && a.status.unrecorded(a.now()) {
			a.log.Error().Msg("written without AuditEvents, which the FHIR server refuses: let it take them, or set audit.enabled to false where it keeps such a record itself")
		}
		if a.queue.CensusAlone(id) {
			a.countMissed(done)
		}
		a.log.Debug().Str("admission", name).Bool("wrote", done.Wrote).Msg("reconciled")
		return queue.Result{Next: a.until(done.Next)}
	case errors.Is(err, reconcile.ErrPermanent):
		a.status.quarantine(id, err, done, a.now())
		a.log.Error().Str("admission", name).Err(err).Msg("quarantined: a person must look; tried again when it changes and at every census")
		return queue.Result{}
	}
	a.log.Warn().Str("admission", name).Err(err).Msg("tried in vain; tried again soon")
	return queue.Result{Retry: true}
}

// notYetMissed is how late the census may be the first to find something: by
// then a notification or a poll should have named it.
const notYetMissed = time.Minute

// countMissed counts what the census alone has found.
func (a *App) countMissed(done reconcile.Done) {
	late := a.now().Sub(done.Happened)
	if !done.Happened.IsZero() && late > max(notYetMissed, 3*a.cfg.Poll.Interval) {
		a.status.rescued(late)
	}
}

// until is how long to wait for a moment; 0 for none.
func (a *App) until(at time.Time) time.Duration {
	if at.IsZero() {
		return 0
	}
	return max(at.Sub(a.now()), time.Second)
}
