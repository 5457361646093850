package reconcile_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/sandbox"
)

// counting is the way to a server, and how often it was taken.
type counting struct {
	http.RoundTripper
	requests atomic.Int64
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	return c.RoundTripper.RoundTrip(r)
}

// BenchmarkMemo says what it saves to remember what the next look at an admission
// will need: requests of one admission that is asked, answered and referred, with
// the memory and without it, in one run.
func BenchmarkMemo(b *testing.B) {
	with := requestsOfAChain(b, func(*reconcile.Reconciler) {})
	without := requestsOfAChain(b, (*reconcile.Reconciler).Forget)
	b.ReportMetric(with, "requests/chain")
	b.ReportMetric(without, "requests/chain-forgetful")
	b.ReportMetric(without/with, "ratio")
	b.ReportMetric(0, "ns/op")
}

// A process that remembers nothing does the same, and asks more for it.
func TestMemoSavesRequests(t *testing.T) {
	with := requestsOfAChain(t, func(*reconcile.Reconciler) {})
	if without := requestsOfAChain(t, (*reconcile.Reconciler).Forget); without <= with {
		t.Errorf("%.1f requests with the memory, %.1f without it: it may go", with, without)
	}
}

func requestsOfAChain(t testing.TB, before func(*reconcile.Reconciler)) float64 {
	t.Helper()
	s := sandbox.New()
	srv := httptest.NewServer(s)
	defer func() { srv.Close(); s.Close() }()
	way := &counting{RoundTripper: http.DefaultTransport}
	a, err := app.New(app.Options{Policy: pathway.DefaultPolicy(), Log: zerolog.Nop(), Transport: way,
		Config: config.Config{FHIR: config.FHIR{BaseURL: srv.URL + "/fhir"}, Questionnaire: config.Questionnaire{Language: "nb"}}})
	must(t, err)
	defer a.Client().Close()
	_, err = a.Setup(t.Context())
	must(t, err)
	rec, err := a.Reconciler(t.Context())
	must(t, err)
	h, err := hospital.Open(t.Context(), a.Client(), "memo")
	must(t, err)
	const chains = 5
	total := int64(0)
	for range chains {
		total += chain(t, h, rec, before, way)
	}
	return float64(total) / chains
}

// chain takes one admission to its consult, and counts what tilsyn asks for it.
func chain(t testing.TB, h *hospital.Hospital, rec *reconcile.Reconciler, before func(*reconcile.Reconciler), way *counting) (n int64) {
	t.Helper()
	admission, err := h.Admit(t.Context(), hospital.Stay{Person: hospital.Person{Given: "Kari", Gender: "female", Birth: "1980-01-01"}})
	must(t, err)
	rec.Expect(admission.ID(), admission.Patient) // as the poll does
	look := func() {
		before(rec)
		start := way.requests.Load()
		_, err := rec.Reconcile(t.Context(), admission.ID())
		must(t, err)
		n += way.requests.Load() - start
	}
	look()
	must(t, h.Answer(t.Context(), admission, "completed", 4, 4, 4))
	look()
	if orders, err := h.Find(t.Context(), "ServiceRequest", "consult", admission); err != nil || len(orders) != 1 {
		t.Fatalf("%d consults, %v", len(orders), err)
	}
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
