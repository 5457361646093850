package integration_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/sandbox"
)

func (w *world) secretFile(secret string) string {
	w.Helper()
	path := filepath.Join(w.TempDir(), "token")
	w.must(os.WriteFile(path, []byte(secret+"\n"), 0o600))
	return path
}

func (w *world) hookFlags() []string {
	return []string{"--hook.enabled", "--hook.public_url", w.callback, "--hook.token_file", w.secretFile("s3cret"),
		"--listen", fmt.Sprintf("127.0.0.1:%d", w.hookPort)}
}

// With polling off and no census due, the server's notifications alone see an
// admission, the answer, and the discharge.
func TestHookAlone(t *testing.T) {
	onEachServer(t, func(w *world) {
		flags := append(w.hookFlags(), "--poll.interval", "0", "--census.interval", "24h")
		service := w.app(flags...)
		_, err := service.Setup(w.ctx())
		w.must(err)
		w.run(service)
		w.Cleanup(w.unsubscribe) // while the hook still answers: HAPI rings a dead one for a minute, event by event
		w.must(hospital.Wait(w.ctx(), w.armed))
		a, b := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
		w.answer(a, 2, 1, 1)
		w.want(a, referred(4, "routine"))
		w.want(b, asked)
		w.must(w.hospital.SetStatus(w.ctx(), b, "finished"))
		w.want(b, discharged)
	})
}

func (w *world) subscriptions() []fhir.Resource {
	w.Helper()
	found, err := w.client.Search(w.ctx(), fhir.Query("Subscription", "url", w.callback+"/hooks/fhir"))
	w.must(err)
	return found
}

// armed waits for the server to activate all three.
func (w *world) armed() (bool, error) {
	n := 0
	for _, s := range w.subscriptions() {
		if s.Get("status").String() == "active" {
			n++
		}
	}
	return n == 3, nil
}

// unsubscribe leaves no hook behind: on a server that the tests share, every
// later test would wait behind what is sent there in vain. It runs when the
// test's own context is over.
func (w *world) unsubscribe() {
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	found, err := w.client.Search(ctx, fhir.Query("Subscription", "url", w.callback+"/hooks/fhir"))
	for _, s := range found {
		err = errors.Join(err, w.client.Delete(ctx, s.Ref()))
	}
	if err != nil {
		w.Errorf("subscriptions are left on the server: %v", err)
	}
}

// With hook and polling off, the census alone finds everyone.
func TestCensusAlone(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve("--poll.interval", "0", "--census.interval", "1s")
		a, b := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
		w.answer(a, 1, 0, 0)
		w.want(a, scored(1))
		w.want(b, asked)
		w.must(w.hospital.SetStatus(w.ctx(), b, "finished"))
		w.want(b, discharged)
	})
}

// Set up twice, nothing on the server changes.
func TestSetupTwice(t *testing.T) {
	onEachServer(t, func(w *world) {
		service := w.app(w.hookFlags()...)
		_, err := service.Setup(w.ctx())
		w.must(err)
		w.Cleanup(w.unsubscribe)
		w.must(hospital.Wait(w.ctx(), w.armed))
		before := w.versions()
		changes, err := service.Setup(w.ctx())
		w.must(err)
		for _, c := range changes {
			if c.Did != "unchanged" {
				w.Errorf("%s was %s", c.Name, c.Did)
			}
		}
		if after := w.versions(); after != before || strings.Count(after, "Subscription") != 3 {
			w.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
	})
}

// versions lists what setup makes, each with its version on the server.
func (w *world) versions() string {
	w.Helper()
	var b strings.Builder
	for _, query := range []string{
		fhir.Query("Questionnaire", "url", artifacts.QuestionnaireURL),
		fhir.Query("CodeSystem", "url", artifacts.CodeSystemURL),
		fhir.Query("Device", "identifier", artifacts.IdentifierSystem+"|"+artifacts.DeviceIdentifier),
		fhir.Query("Subscription", "url", w.callback+"/hooks/fhir"),
	} {
		found, err := w.client.Search(w.ctx(), query)
		w.must(err)
		for _, r := range found {
			fmt.Fprintln(&b, r.Ref(), r.VersionID())
		}
	}
	return b.String()
}

// serve refuses a server without the form, or with another one of the same
// version, and says what to do. Only on the sandbox: a shared server must keep
// its form.
func TestServeRefusesWithoutItsForm(t *testing.T) {
	s := sandbox.New()
	srv := httptest.NewServer(s)
	t.Cleanup(func() { srv.Close(); s.Close() })
	client, err := fhir.New(fhir.Options{BaseURL: srv.URL + "/fhir"})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, base: srv.URL + "/fhir", client: client, policy: pathway.DefaultPolicy()}
	refuses := func(want string) {
		t.Helper()
		if err := w.app().Run(w.ctx()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("serve ended with %v, want %q", err, want)
		}
	}
	refuses("run `tilsyn setup`")
	_, err = w.app().Setup(w.ctx())
	w.must(err)
	found, err := client.Search(w.ctx(), fhir.Query("Questionnaire", "url", artifacts.QuestionnaireURL))
	w.must(err)
	other, err := found[0].Set("item.2.text", "Drikker du?")
	w.must(err)
	var tx fhir.Transaction
	tx.Update(client, other)
	w.must(client.Transact(w.ctx(), &tx))
	refuses("other content than this program was built with")
	if _, err := w.app().Setup(w.ctx()); err == nil {
		t.Error("setup took a changed form for its own")
	}
}

// Started before its FHIR server, the service waits and goes on.
func TestWaitsForTheServer(t *testing.T) {
	s := sandbox.New()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	srv := &http.Server{Handler: s}
	go func() { _ = srv.Serve(listener) }()
	w := open(t, "http://"+addr+"/fhir", "")
	_ = srv.Close()
	w.serve("--census.interval", "1s")
	if listener, err = net.Listen("tcp", addr); err != nil {
		t.Skipf("another process took the port meanwhile: %v", err)
	}
	again := &http.Server{Handler: s}
	go func() { _ = again.Serve(listener) }()
	t.Cleanup(func() { _ = again.Close(); s.Close() })
	w.client.Close() // the hospital's connections died with the first listener
	w.want(w.admit(hospital.Stay{Person: woman}), asked)
}

// Three replicas make everything once.
func TestReplicas(t *testing.T) {
	onEachServer(t, func(w *world) {
		for range 3 {
			w.serve("--census.interval", "1s")
		}
		var all []hospital.Admission
		for range 5 {
			all = append(all, w.admit(hospital.Stay{Person: man}))
		}
		for _, a := range all {
			w.answer(a, 4, 4, 4)
		}
		for _, a := range all {
			w.want(a, referred(12, "urgent"))
		}
		for _, a := range all {
			w.provenance(w.find("Observation", "score", a).Ref(), "")
		}
	})
}

// What only the census has found is counted, with how long that was after it
// happened: nobody was missed, but somebody would have been.
func TestTheMissedAreCounted(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admit(hospital.Stay{Person: woman})
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		w.must(err)
		late, err := app.New(app.Options{
			Config: w.config("--poll.interval", "0s"), Policy: w.policy, Log: zerolog.Nop(), Operator: listener,
			Now: func() time.Time { return time.Now().Add(3 * time.Hour) },
		})
		w.must(err)
		w.run(late)
		w.want(a, asked)
		w.must(hospital.Wait(w.ctx(), func() (bool, error) {
			metrics := w.get(listener, "/metrics")
			return strings.Contains(metrics, "tilsyn_census_found_missed_total 1\n") && strings.Contains(metrics, "tilsyn_duplicates_repaired_total 0\n"), nil
		}))
		status := gjson.Parse(w.get(listener, "/status"))
		if n := status.Get("census_found_missed").Int(); n != 1 || !strings.HasPrefix(status.Get("oldest_missed").String(), "3h0m") {
			w.Errorf("%s", status)
		}
	})
}

func (w *world) get(l net.Listener, path string) string {
	w.Helper()
	resp, err := http.Get("http://" + l.Addr().String() + path)
	w.must(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	w.must(err)
	return string(body)
}
