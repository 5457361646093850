package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/doctor"
	"github.com/tilsyn/tilsyn/internal/intake"
	"github.com/tilsyn/tilsyn/internal/reconcile"
)

// server is what is known of the FHIR server: what it states, and what was
// seen. It is for people; no decision rests on it.
type server struct {
	Software  string           `json:"software,omitempty"`
	FHIR      string           `json:"fhir,omitempty"`
	NotStated []string         `json:"not_stated"`          // what we use and it does not say that it does; it may be wrong
	Quirks    []string         `json:"quirks,omitempty"`    // what it was seen to do in another way than FHIR says
	Elsewhere []string         `json:"elsewhere,omitempty"` // what it calls itself, where that is not fhir.base_url
	Tried     []doctor.Finding `json:"tried,omitempty"`     // with doctor.at_start
}

// meet finds out what can be known of the server beside the work, and refuses
// nothing for it: a service that does not run misses everybody.
func (a *App) meet(ctx context.Context) {
	err := a.untilAnswered(ctx, func() error {
		caps, err := a.client.Capabilities(ctx)
		if err == nil {
			a.introduce(caps)
		}
		return err
	})
	if err != nil && ctx.Err() == nil {
		a.log.Warn().Err(err).Msg("the FHIR server's capability statement cannot be read")
	}
	a.tryOut(ctx)
}

// introduce says what the server states about itself.
func (a *App) introduce(caps fhir.Capabilities) {
	lacks := doctor.Lacks(caps, a.cfg.Audit.Enabled)
	a.status.met(func(s *server) { s.Software, s.FHIR, s.NotStated = caps.Software, caps.FHIR, lacks })
	a.log.Info().Str("server", caps.Software).Str("fhir", caps.FHIR).Strs("not_stated", lacks).Msg("the FHIR server answers")
}

// tryOut says what can be seen of the server, and with doctor.at_start what is
// tried there.
func (a *App) tryOut(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	elsewhere, err := a.client.Elsewhere(ctx, doctor.AnyPage)
	if err != nil {
		a.log.Warn().Err(err).Msg("the FHIR server's own links could not be looked at")
	}
	if len(elsewhere) > 0 {
		a.status.met(func(s *server) { s.Elsewhere = elsewhere })
		a.log.Warn().Strs("elsewhere", elsewhere).Str("means", doctor.Strays).Msg("the FHIR server's own links lie outside fhir.base_url")
	}
	if !a.cfg.Doctor.AtStart {
		return
	}
	tried, err := doctor.Try(ctx, a.client, a.racers(), a.cfg.Audit.Enabled)
	if err != nil {
		a.log.Warn().Err(err).Msg("the FHIR server could not be tried to the end")
	}
	a.status.met(func(s *server) { s.Tried = tried })
	for _, f := range tried {
		event := a.log.Info()
		switch f.Level {
		case doctor.Note, doctor.Unproved:
			event = a.log.Warn()
		case doctor.Unsafe:
			event = a.log.Error()
		}
		event.Str("what", f.What).Str("level", string(f.Level)).Str("seen", f.Seen).Str("means", f.Means).Msg("tried the FHIR server")
	}
}

// manyRacers write at once where a race is tried.
const manyRacers = 8

// racers is how many of our requests the server ever gets at once.
func (a *App) racers() int { return min(manyRacers, a.cfg.FHIR.MaxConcurrent) }

// Doctor finds out what the server really does of what we rely on: by reading,
// and with write also on throw-away resources. An error is a server that does
// not answer.
func (a *App) Doctor(ctx context.Context, write bool) ([]doctor.Finding, error) {
	found, err := doctor.Read(ctx, a.client, a.plan())
	if err != nil {
		return found, err
	}
	a.isDiscreet(&found)
	if err := a.seesSetup(ctx, &found); err != nil {
		return found, err
	}
	if err := a.takesCensus(ctx, &found); err != nil {
		return found, err
	}
	if write {
		tried, err := doctor.Try(ctx, a.client, a.racers(), a.cfg.Audit.Enabled)
		if found = append(found, tried...); err != nil {
			return found, err
		}
	}
	if !isSetUp(found) {
		return found, nil
	}
	return found, a.seesScreens(ctx, &found) // last: it learns what the server cannot do, and works around that
}

// plan is what serve would ask of the server, about nobody and far ahead in time.
func (a *App) plan() doctor.Plan {
	far := time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)
	searches := append(a.names().Searches(far, doctor.Nobody), reconcile.Searches(a.policy, doctor.Nobody, "Patient/"+doctor.Nobody)...)
	for _, typ := range []string{"Questionnaire", "CodeSystem"} {
		searches = append(searches, fhir.Query(typ, "url", doctor.System, "version", doctor.Nobody))
	}
	searches = append(searches, "Device?"+fhir.ByIdentifier(doctor.System, doctor.Nobody))
	plan := doctor.Plan{Searches: searches, Reads: a.reads, Audit: a.cfg.Audit.Enabled, Parties: a.cfg.Routing.Parties(), Watched: watched}
	if a.cfg.Hook.Enabled {
		plan.Endpoint = a.endpoint()
	}
	return plan
}

// takesCensus takes one, and names nobody.
func (a *App) takesCensus(ctx context.Context, found *[]doctor.Finding) error {
	census := intake.NewCensus(a.client, &list{}, a.names(), nil)
	n, err := census.Take(ctx)
	const what = "census"
	switch {
	case err != nil && !errors.As(err, new(*fhir.Error)):
		return err
	case err != nil:
		doctor.Add(found, doctor.Unsafe, what, "patients are missed, and serve says that intake is not whole", "%v", err)
		return nil
	case len(n.Gaps.Reasons) > 0:
		doctor.Add(found, doctor.Unsafe, what, "the others are asked; serve says that intake is not whole, and shows windows in the quarantine", "%v", &n.Gaps)
	default:
		doctor.Add(found, doctor.Fine, what, "", "whole: %d open admissions, %d with open work", n.Admissions, n.OpenWork)
	}
	if len(n.OtherClasses) > 0 {
		doctor.Add(found, doctor.Note, "classes", "nobody is asked there; if some of them are inpatients, name their class in the policy's screening.classes, as system|code where need be",
			"open Encounters of other classes: %s", countsOf(n.OtherClasses))
	}
	return nil
}

// countsOf words how many there are of each.
func countsOf(counts map[string]int) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%s × %d", name, counts[name]))
	}
	return strings.Join(all, ", ")
}

// isSetUp tells whether seesSetup has found nothing to do.
func isSetUp(found []doctor.Finding) bool {
	return slices.ContainsFunc(found, func(f doctor.Finding) bool { return f.What == "setup" && f.Level == doctor.Fine })
}

func (a *App) seesSetup(ctx context.Context, found *[]doctor.Finding) error {
	all, err := a.artifacts()
	if err != nil {
		return err
	}
	var missing []string
	for _, art := range all {
		_, err := a.published(ctx, art)
		switch {
		case errors.Is(err, errMissing):
			missing = append(missing, art.Versioned())
		case err != nil:
			doctor.Add(found, doctor.Note, "setup", "serve does not start", "%v", err)
			return nil
		}
	}
	if len(missing) > 0 {
		doctor.Add(found, doctor.Note, "setup", "serve does not start; run `tilsyn setup`", "not on the server: %s", strings.Join(missing, ", "))
		return nil
	}
	doctor.Add(found, doctor.Fine, "setup", "", "done")
	return nil
}
