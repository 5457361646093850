package integration_test

import (
	"testing"

	"github.com/tilsyn/tilsyn/internal/hospital"
)

// Who is asked two things costs at most one request more than who is asked one: for a new
// admission, for an answer to either, and nothing more for a look at what has not changed.
func TestRequestsOfTwoScreenings(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.several(both)
		count, rec := w.counted()
		a, seen := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: man})
		look := func(what string, of hospital.Admission, most int64) {
			w.Helper()
			n := count.since(func() { _, err := rec.Reconcile(w.ctx(), of.ID()); w.must(err) })
			w.Logf("%s: %d requests", what, n)
			if n > most {
				w.Errorf("%s took %d requests, at most %d are allowed", what, n, most)
			}
		}
		look("a new admission", a, 4)
		rec.Expect(seen.ID(), seen.Patient)
		look("a new admission that the poller saw", seen, 3)
		look("an unchanged admission", a, 1)
		w.answer(a, 4, 4, 4)
		look("a first answer", a, 3)
		w.answer(a.With("audit"), 4, 2, 1, 1, 1, 1, 1, 1, 2, 2)
		look("a second answer, to the other", a, 3)
		w.want(a, referred(12, "urgent"))
		look("an unchanged admission, all answered", a, 1)
		w.answer(seen.With("audit"), 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
		look("an answer to the longer one first", seen, 3)
		look("an unchanged admission, one answered", seen, 1)
	})
}
