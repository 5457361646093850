package integration_test

import (
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/doctor"
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

// A server that has only the form of an earlier release is not set up for this one, and
// doctor and serve say which version is missing. What setup puts there leaves the earlier
// form as it is: answers to it are scored by it.
func TestSetupBesideAnEarlierForm(t *testing.T) {
	w := bareSandbox(t)
	earlier, err := os.ReadFile("testdata/questionnaire-audit-c-1.1.0-nb.json")
	w.must(err)
	w.publish(earlier)
	norwegian := []string{"--questionnaire.language", "nb"}
	if _, err := w.app(norwegian...).Reconciler(w.ctx()); err == nil || !strings.Contains(err.Error(), "run `tilsyn setup`") {
		t.Errorf("serve: %v", err)
	}
	const missing = "Questionnaire-audit-c 1.2.0-nb"
	found, err := w.app(norwegian...).Doctor(w.ctx(), false)
	w.must(err)
	if at := slices.IndexFunc(found, func(f doctor.Finding) bool { return f.What == "setup" }); at < 0 || !strings.Contains(found[at].Seen, missing) {
		t.Errorf("doctor does not name %s: %v", missing, found)
	}
	for _, did := range []string{"created", "unchanged"} {
		changes, err := w.app(norwegian...).Setup(w.ctx())
		w.must(err)
		if last := changes[len(changes)-1]; last.Name != "Questionnaire-audit-c" || last.Did != did || w.forms() != 2 {
			t.Errorf("%v, and %d forms are there", changes, w.forms())
		}
	}
	if _, err := w.app(norwegian...).Reconciler(w.ctx()); err != nil {
		t.Errorf("serve: %v", err)
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
