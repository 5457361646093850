package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/hospital"
)

// little is the short history that a long one is compared with.
const little = 1000

// histories counts what a census, a poll and a new admission cost on a server
// with few finished stays and on one with many.
func (s *stage) histories(ctx context.Context, r *report) error {
	b, err := s.recordBare(ctx)
	if err != nil {
		return err
	}
	few, err := s.withHistory(ctx, b, little)
	if err != nil {
		return err
	}
	many, err := s.withHistory(ctx, b, s.config.history-little)
	if err != nil {
		return err
	}
	for i, what := range []string{"a census at the start", "a poll", "a new admission"} {
		fmt.Printf("  %s: %s with %d stays; %s with %d\n", what, few[i], little, many[i], s.config.history)
		r.atMost(fmt.Sprintf("requests of %s, %d stays of history", what, s.config.history), float64(few[i].total()), float64(many[i].total()), "")
	}
	return nil
}

// withHistory adds n finished stays and counts.
func (s *stage) withHistory(ctx context.Context, b *bare, n int) (costs [3]counts, err error) {
	if err := s.finished(ctx, n); err != nil {
		return costs, err
	}
	if err := s.quieten(ctx, b, time.Second); err != nil {
		return costs, err
	}
	before := s.tap.count()
	w := way{flags: []string{"--hook.enabled", "--poll.interval", "0", "--poll.overlap", "1s"}, named: true}
	err = s.withTilsyn(ctx, w, func(t tilsyn) error {
		costs[0] = only(s.tap.count().since(before), census, page, loads)
		if costs[1], err = s.pollOnce(ctx, t); err != nil {
			return err
		}
		before, a := s.tap.count(), s.ward.person()
		if _, err := s.asked(ctx, t, a); err != nil {
			return err
		}
		costs[2] = s.tap.count().since(before)
		return s.ward.discharge(ctx, []*admission{a})
	})
	return costs, err
}

func only(c counts, kinds ...kind) counts {
	some := counts{}
	for _, k := range kinds {
		if c[k] > 0 {
			some[k] = c[k]
		}
	}
	return some
}

// quieten writes something of every type after the overlap has passed: every
// poll looks back from the newest write, and must not find what was loaded in
// bulk.
func (s *stage) quieten(ctx context.Context, b *bare, overlap time.Duration) error {
	time.Sleep(2 * overlap)
	var t times
	if err := s.chain(ctx, b, &t); err != nil {
		return err
	}
	return s.ward.discharge(ctx, t.people)
}

// pollOnce rings for a poll and counts its requests.
func (s *stage) pollOnce(ctx context.Context, t tilsyn) (counts, error) {
	before := s.tap.count()
	if err := t.notify(ctx, http.MethodPost, ""); err != nil {
		return nil, err
	}
	last := 0
	err := hospital.Wait(ctx, func() (bool, error) {
		n := s.tap.count().since(before).total()
		quiet := n > 0 && n == last
		last = n
		return quiet, nil
	})
	return s.tap.count().since(before), err
}

// finished writes stays that are over, with what tilsyn left of them.
func (s *stage) finished(ctx context.Context, n int) error {
	for n > 0 {
		var entries []string
		for range min(n, bulk) {
			entries = append(entries, s.ward.stay(s.ward.person())...)
		}
		if err := s.ward.transact(ctx, entries); err != nil {
			return err
		}
		n -= bulk
	}
	return nil
}

func (w *ward) stay(a *admission) []string {
	about := fmt.Sprintf(`"subject":{"reference":"Patient/%s"},"encounter":{"reference":"Encounter/%s"}`, a.patient, a.encounter)
	name := func(purpose string) string {
		return fmt.Sprintf(`{"system":%q,"value":"%s:%s"}`, artifacts.IdentifierSystem, purpose, a.encounter)
	}
	return []string{
		w.patient(a), w.encounter(a, "finished", ended),
		put("QuestionnaireResponse", "r"+a.encounter, `"status":"completed","identifier":`+name("response")+`,"questionnaire":"`+artifacts.QuestionnaireURL+`","item":`+w.answers+`,`+about),
		put("Task", "t"+a.encounter, fmt.Sprintf(`"status":"completed","intent":"order","identifier":[%s],"businessStatus":{"coding":[{"system":%q,"code":"scored"}]},`+
			`"for":{"reference":"Patient/%s"},"encounter":{"reference":"Encounter/%s"},"executionPeriod":{"end":"2026-01-06T08:00:00Z"}`,
			name("screening"), artifacts.CodeSystemURL, a.patient, a.encounter)),
		put("ServiceRequest", "s"+a.encounter, fmt.Sprintf(`"status":"completed","intent":"order","identifier":[%s],"code":{"coding":[{"system":%q,"code":"tilsyn-rus"}]},%s`,
			name("consult"), artifacts.CodeSystemURL, about)),
	}
}
