package reconcile

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
)

// This file is about servers that do not keep to a transaction, or give one and
// the same answer for ever.

// maxRemembered bounds what is kept of the admissions of one kind. Where more are
// in trouble it is the server's, and no longer that of one of them.
const maxRemembered = 1000

// mostHalves bounds what is kept of one admission.
const mostHalves = 10

// sent notes what may stand in part, as far as the answer says.
func (m *memo) sent(admission string, tx *fhir.Transaction, err error) {
	if fhir.IsUnsure(err) {
		m.keepHalves(admission, fhir.HalfOf(tx, err))
	}
}

func (m *memo) keepHalves(admission string, halves ...*fhir.Half) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := append(m.halves[admission], halves...)
	if len(kept) > 0 && (len(m.halves) < maxRemembered || len(m.halves[admission]) > 0) {
		m.halves[admission] = kept[max(0, len(kept)-mostHalves):]
	}
}

func (m *memo) takeHalves(admission string) []*fhir.Half {
	m.mu.Lock()
	defer m.mu.Unlock()
	halves := m.halves[admission]
	delete(m.halves, admission)
	return halves
}

// complete makes what earlier transactions were to make and did not: the nurse's
// Task may say that a consult was asked for, and the team's Task have been refused.
// Another process, or this one after a restart, knows nothing of it: what stands
// says so too, see neverMade.
func (r *Reconciler) complete(ctx context.Context, id string) (done Done, err error) {
	for _, half := range r.loader.seen.takeHalves(id) {
		left, e := r.completeOne(ctx, half, &done)
		if left != nil {
			r.loader.seen.keepHalves(id, left)
			err = errors.Join(err, fmt.Errorf("complete what was written in part: %w", e))
		}
	}
	return done, err
}

// completeOne gives what is left of a half and why; nil: nothing.
func (r *Reconciler) completeOne(ctx context.Context, half *fhir.Half, done *Done) (*fhir.Half, error) {
	left, err := half.Left(ctx, r.Client)
	if err != nil {
		return half, err
	}
	if left == nil {
		return nil, nil
	}
	done.Wrote = true
	switch err = r.Client.Transact(ctx, left); {
	case err == nil:
		return nil, nil
	case left.OnlyAudits() && fhir.IsRefused(err): // nobody is missed for want of a record
		r.trail.close(r.Now())
		done.Unrecorded = true
		return nil, nil
	case fhir.IsUnsure(err):
		return half.After(left, err), err
	}
	return half, err
}

// failure is an answer that an admission has met again and again.
type failure struct {
	text  string // of the error
	seen  string // the state of the admission that it met
	times int
	since time.Time
}

const (
	// manyEqual answers, with nothing changed on the server, are for a person: 409
	// for a reference that is not there (Blaze), 412 for several matches, 301.
	manyEqual = 5
	// aLongTime passes first where the server may only be unwell.
	aLongTime = 10 * time.Minute
)

// stuck counts an answer, and tells that it has come so often that another try is
// of no use.
func (m *memo) stuck(admission string, err error, seen string, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		delete(m.failures, admission)
		return false
	}
	f, known := m.failures[admission]
	if !known && len(m.failures) >= maxRemembered || !answered(err) {
		return false
	}
	if f.text != err.Error() || f.seen != seen {
		f = failure{text: err.Error(), seen: seen, since: now}
	}
	f.times++
	m.failures[admission] = f
	return f.times >= manyEqual && (blames(err) || now.Sub(f.since) >= aLongTime)
}

// answered tells that the server has said what it thinks of what was asked, and
// not only that it cannot now.
func answered(err error) bool {
	switch fhir.Status(err) {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusUnauthorized:
		return fhir.IsUnsure(err) // of one entry, inside a success
	case 0:
		return fhir.IsNotWhole(err)
	}
	return !errors.Is(err, context.Canceled)
}

// blames tells that the answer is about what was asked and not about the server.
func blames(err error) bool {
	status := fhir.Status(err)
	return status >= 300 && status < 500 && status != http.StatusTooManyRequests && status != http.StatusUnauthorized
}

// fingerprint tells this state of an admission from any other: which versions of
// what were read.
func (p picture) fingerprint() string {
	h := fnv.New64a()
	for _, res := range sorted(p.byRef) {
		_, _ = h.Write([]byte(res.Ref() + "/" + res.VersionID() + res.Get("meta.lastUpdated").String() + "\n"))
	}
	return strconv.FormatUint(h.Sum64(), 36)
}
