package app_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/sandbox"
)

// before starts the sandbox behind a handler that may answer in its place.
func before(t *testing.T, handler func(next http.Handler) http.Handler, opts ...sandbox.Option) config.Config {
	t.Helper()
	s := sandbox.New(opts...)
	srv := httptest.NewServer(handler(s))
	t.Cleanup(func() { srv.Close(); s.Close() })
	return config.Config{FHIR: config.FHIR{BaseURL: srv.URL + "/fhir"}, Questionnaire: config.Questionnaire{Language: "en"}}
}

func setup(t *testing.T, cfg config.Config) ([]app.Change, *fhir.Client, error) {
	t.Helper()
	a, err := app.New(app.Options{Policy: pathway.DefaultPolicy(), Log: zerolog.Nop(), Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Client().Close)
	changes, err := a.Setup(t.Context())
	return changes, a.Client(), err
}

// signIn answers writes with a page for people, with the write behind it or not.
func signIn(commits bool) func(next http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost {
				next.ServeHTTP(w, r)
				return
			}
			if commits {
				next.ServeHTTP(httptest.NewRecorder(), r)
			}
			_, _ = w.Write([]byte("<html>Sign in</html>"))
		})
	}
}

// What is not there is not created, whatever the server answers; what is, is.
func TestSetupLooksWhetherItIsThere(t *testing.T) {
	changes, _, err := setup(t, before(t, signIn(false)))
	if err == nil || len(changes) != 0 || !strings.Contains(err.Error(), "200") {
		t.Errorf("%v, %v", changes, err)
	}
	cfg := before(t, signIn(true))
	cfg.Hook = config.Hook{Enabled: true, PublicURL: "https://tilsyn.test", TokenFile: written(t, "token")}
	changes, client, err := setup(t, cfg)
	if err != nil || len(changes) == 0 || changes[0].Did != "created" {
		t.Errorf("%v, %v", changes, err)
	}
	if found, err := client.Search(t.Context(), "Questionnaire"); err != nil || len(found) != 1 {
		t.Errorf("%d forms, %v", len(found), err)
	}
	if found, err := client.Search(t.Context(), "Subscription"); err != nil || len(found) != 3 {
		t.Errorf("%d subscriptions, %v", len(found), err)
	}
}

// A Subscription that the server has left at requested is set to active, which is
// all that Medplum looks at; but it gets the time to do so itself.
func TestSetupActivatesWhatWasLeftAlone(t *testing.T) {
	requested := func(next http.Handler) http.Handler { // the sandbox would activate it
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			body := rec.Body.String()
			if strings.HasSuffix(r.URL.Path, "/Subscription") {
				body = strings.ReplaceAll(body, `"status":"active"`, `"status":"requested"`)
			}
			w.WriteHeader(rec.Code)
			_, _ = w.Write([]byte(body))
		})
	}
	for age, want := range map[time.Duration]string{5 * time.Minute: "unchanged", 11 * time.Minute: "updated"} {
		old := age
		sent := ""
		cfg := before(t, func(next http.Handler) http.Handler {
			return requested(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body := new(strings.Builder)
				if _, err := copyBody(body, r); err == nil && r.Method == http.MethodPost {
					sent = gjson.Get(body.String(), `entry.0.resource.status`).String()
				}
				next.ServeHTTP(w, r)
			}))
		}, sandbox.WithBegin(func(now time.Time) time.Time { return now.Add(-old) }))
		cfg.Hook = config.Hook{Enabled: true, PublicURL: "https://tilsyn.test", TokenFile: written(t, "token")}
		if _, _, err := setup(t, cfg); err != nil {
			t.Fatal(err)
		}
		changes, _, err := setup(t, cfg)
		if err != nil || changes[len(changes)-1].Did != want {
			t.Errorf("after %s: %v, %v; want %s", age, changes, err, want)
		}
		if want == "updated" && sent != "active" {
			t.Errorf("after %s: put to %q", age, sent)
		}
	}
}

// copyBody reads a request's body and leaves it to be read again.
func copyBody(to *strings.Builder, r *http.Request) (int64, error) {
	n, err := io.Copy(to, r.Body)
	r.Body = io.NopCloser(strings.NewReader(to.String()))
	return n, err
}
