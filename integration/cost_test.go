package integration_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// counter counts what goes to the FHIR server.
type counter struct{ all, writes atomic.Int64 }

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.all.Add(1)
	if r.Method != http.MethodGet {
		c.writes.Add(1)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (c *counter) since(f func()) (requests int64) {
	before := c.all.Load()
	f()
	return c.all.Load() - before
}

// counted is a reconciler whose requests are counted.
func (w *world) counted() (*counter, *reconcile.Reconciler) {
	w.Helper()
	c := &counter{}
	rec, err := w.appOver(c).Reconciler(w.ctx())
	w.must(err)
	return c, rec
}

// A new admission costs at most 2 requests where the poller has seen whose it is,
// else 3; a returned answer 2, and a look at what has not changed 1, without a
// write.
func TestRequestsOfAChain(t *testing.T) {
	for name, points := range map[string][]int{"low": {1, 0, 0}, "consult": {2, 1, 1}, "urgent": {4, 4, 4}} {
		t.Run(name, func(t *testing.T) {
			onEachServer(t, func(w *world) {
				count, rec := w.counted()
				a := w.admit(hospital.Stay{Person: woman})
				reconcile := func() {
					_, err := rec.Reconcile(w.ctx(), a.ID())
					w.must(err)
				}
				if n := count.since(reconcile); n > 3 {
					w.Errorf("a new admission took %d requests, at most 3 are allowed", n)
				}
				seen := w.admit(hospital.Stay{Person: man})
				rec.Expect(seen.ID(), seen.Patient)
				if n := count.since(func() { _, err := rec.Reconcile(w.ctx(), seen.ID()); w.must(err) }); n > 2 {
					w.Errorf("a new admission that the poller saw took %d requests, at most 2 are allowed", n)
				}
				w.find("Task", stay.ScreeningTask, seen)
				w.answer(a, points...)
				if n := count.since(reconcile); n > 2 {
					w.Errorf("a returned answer took %d requests, at most 2 are allowed", n)
				}
				scores, err := w.hospital.Outcome(w.ctx(), a)
				w.must(err)
				if scores.Scores != 1 {
					w.Errorf("the answer was not scored: %+v", scores)
				}
				if n := count.since(reconcile); n != 1 {
					w.Errorf("an unchanged admission took %d requests, want 1", n)
				}
			})
		})
	}
}

// Touching what has not changed writes nothing.
func TestUnchangedIsLeftAlone(t *testing.T) {
	onEachServer(t, func(w *world) {
		_, rec := w.counted()
		open, scored, home := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: man}), w.admit(hospital.Stay{Person: man})
		look := func(a hospital.Admission) bool {
			done, err := rec.Reconcile(w.ctx(), a.ID())
			w.must(err)
			return done.Wrote
		}
		for _, a := range []hospital.Admission{open, scored, home} {
			look(a)
		}
		w.answer(scored, 4, 4, 4)
		w.must(w.hospital.SetStatus(w.ctx(), home, "finished"))
		look(scored)
		look(home)
		for _, a := range []hospital.Admission{open, scored, home} {
			for range 3 {
				if look(a) {
					o, _ := w.hospital.Outcome(w.ctx(), a)
					w.Errorf("%s was written to again: %+v", a.Encounter, o)
				}
			}
		}
	})
}

// An admission with 5,000 observations and 500 orders of other kinds costs the
// same as an empty one. The figure is busy/empty, from one run.
func BenchmarkBusyStay(b *testing.B) {
	b.Run("sandbox", func(b *testing.B) { busyStay(b, onSandbox(b)) })
	b.Run("real", func(b *testing.B) { busyStay(b, onReal(b)) })
}

func busyStay(b *testing.B, w *world) {
	_, rec := w.counted()
	empty, busy := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
	w.fill(busy, "Observation", 5000, `"status":"final","code":{"text":"puls"}`)
	w.fill(busy, "ServiceRequest", 500, `"status":"active","intent":"order","code":{"text":"blodprøve"}`)
	var took [2]time.Duration
	for b.Loop() {
		for i, a := range []hospital.Admission{empty, busy} {
			start := time.Now()
			_, err := rec.Explain(b.Context(), a.ID())
			w.must(err)
			took[i] += time.Since(start)
		}
	}
	b.ReportMetric(float64(took[1])/float64(took[0]), "busy/empty")
}

func (w *world) fill(a hospital.Admission, resourceType string, n int, rest string) {
	w.Helper()
	for n > 0 {
		var tx fhir.Transaction
		for range min(n, 250) {
			tx.Create(fhir.NewRef(), json.RawMessage(fmt.Sprintf(`{"resourceType":%q,"subject":{"reference":%q},"encounter":{"reference":%q},%s}`,
				resourceType, a.Patient, a.Encounter, rest)), "")
		}
		w.must(w.client.Transact(w.Context(), &tx))
		n -= 250
	}
}
