package integration_test

import (
	"net/http/httptest"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/sandbox"
)

// setup says that it has put something on a server only where it is there, and it is
// there once.
func TestSetupIsNotFooled(t *testing.T) {
	for _, s := range slips {
		for _, written := range []bool{true, false} {
			t.Run(s.name, func(t *testing.T) {
				w := bareSandbox(t)
				proxy := newProxy(t, w.base, "", slipping(s.slip, written, eachTime)(nil))
				real := w.base
				w.base = proxy.base
				changes, err := w.app().Setup(w.ctx())
				w.base = real
				found := w.forms()
				switch {
				case written && (err != nil || found != 1):
					t.Errorf("written: %v, and %d forms are there", err, found)
				case !written && (err == nil || len(changes) > 0):
					t.Errorf("not written: %v and %v", changes, err)
				}
			})
		}
	}
}

// bareSandbox is a server on which nothing is set up.
func bareSandbox(t *testing.T) *world {
	s := sandbox.New()
	srv := httptest.NewServer(s)
	t.Cleanup(func() { srv.Close(); s.Close() })
	client, err := fhir.New(fhir.Options{BaseURL: srv.URL + "/fhir"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &world{TB: t, base: srv.URL + "/fhir", client: client, policy: pathway.DefaultPolicy()}
}

// forms counts those that setup has put there.
func (w *world) forms() int {
	w.Helper()
	found, err := w.client.Search(w.ctx(), fhir.Query("Questionnaire", "url", artifacts.QuestionnaireURL))
	w.must(err)
	return len(found)
}
