package process

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
)

var kari = hospital.Person{Given: "Kari", Gender: "female", Birth: "1961-03-14"}

// startSandbox runs the embedded FHIR server and gives its base URL.
func startSandbox(t *testing.T) (base string) {
	t.Helper()
	p := start(t, nil, "sandbox", "--listen", "127.0.0.1:0")
	base, _, _ = strings.Cut(await(t, &p.logs, "sandbox at "), " ")
	return base
}

// sandbox, setup, serve and explain work together, and serve ends with 0 when
// it is told to.
func TestServe(t *testing.T) {
	base := startSandbox(t)
	if code, _, errs := tilsyn(t, "serve", "--fhir.base_url", base, "--listen", "127.0.0.1:0", "--operator.listen", "127.0.0.1:0"); code != exitFailed || !strings.Contains(errs, "tilsyn setup") {
		t.Errorf("serve on a server that is not set up: exit %d, %s", code, errs)
	}
	for _, want := range []string{"created", "unchanged"} {
		if code, out, errs := tilsyn(t, "setup", "--fhir.base_url", base); code != exitDone || strings.Count(out, want) != 4 {
			t.Errorf("setup: exit %d, %s%s; want all %s", code, out, errs, want)
		}
	}
	service := start(t, nil, "serve", "--fhir.base_url", base, "--listen", "127.0.0.1:0", "--operator.listen", "127.0.0.1:0")
	address := await(t, &service.logs, `"listen":"`)
	await(t, &service.logs, `"message":"screening"`)
	operator := await(t, &service.logs, `"operator":"`)
	for url, want := range map[string]int{
		address + "/livez": 200, address + "/readyz": 200, address + "/status": 404, address + "/metrics": 404,
		operator + "/status": 200, operator + "/metrics": 200, operator + "/hooks/fhir": 404,
	} {
		resp, err := http.Get("http://" + url)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s answers %d, want %d", url, resp.StatusCode, want)
		}
	}
	service.end(t)
	if code, _, errs := tilsyn(t, "explain", "Encounter/77", "--fhir.base_url", base); code != exitFailed || !strings.Contains(errs, "not on the server") {
		t.Errorf("explain of nothing: exit %d, %s", code, errs)
	}
}

// quarantine asks the service, or looks itself where none runs; what was mended
// goes on when it is told to.
func TestQuarantine(t *testing.T) {
	base := startSandbox(t)
	at := []string{"--fhir.base_url", base, "--operator.listen", "127.0.0.1:1"}
	if code, _, errs := tilsyn(t, append([]string{"setup"}, at...)...); code != exitDone {
		t.Fatal(errs)
	}
	admission, heal := admitInACircle(t, base)
	says := func(args []string, code int, want string) {
		t.Helper()
		got, out, errs := tilsyn(t, append([]string{"quarantine"}, args...)...)
		if got != code || !strings.Contains(out+errs, want) {
			t.Errorf("%v: exit %d, want %d and %q:\n%s%s", args, got, code, want, out, errs)
		}
	}
	const why = "subject was merged more than 8 times, or in a circle"
	says(at, exitDone, "No service answers at 127.0.0.1:1")
	says(at, exitDone, admission)
	says(append(at, "--retry", admission), exitFailed, why)

	service := start(t, nil, "serve", "--fhir.base_url", base, "--listen", "127.0.0.1:0", "--operator.listen", "127.0.0.1:0")
	address := await(t, &service.logs, `"operator":"`)
	await(t, &service.logs, `"message":"quarantined`)
	says([]string{"--fhir.base_url", base, "--operator.listen", address}, exitDone, admission+"  ")
	says([]string{"--fhir.base_url", base, "--operator.listen", address, "--json"}, exitDone, why)
	says([]string{"--fhir.base_url", base, "--operator.listen", strings.TrimPrefix(strings.TrimSuffix(base, "/fhir"), "http://")}, exitFailed, "is not tilsyn")
	service.end(t)
	heal()
	says(append(at, "--retry", admission), exitDone, "written")
	says(append(at, "--retry", admission), exitDone, "nothing had to be written")
	says(at, exitDone, "No admission is quarantined")
	says(append(at, "--retry", "Encounter/77"), exitFailed, "not on the server")
}

// admitInACircle admits a patient whose record was merged into itself, which no
// server refuses, and gives a way to mend that.
func admitInACircle(t *testing.T, base string) (admission string, heal func()) {
	t.Helper()
	client, err := fhir.New(fhir.Options{BaseURL: base})
	if err != nil {
		t.Fatal(err)
	}
	h, err := hospital.Open(t.Context(), client, "circle-")
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.Admit(t.Context(), hospital.Stay{Person: kari})
	if err != nil {
		t.Fatal(err)
	}
	link := func(links ...any) {
		if err := h.Edit(t.Context(), a.Patient, func(r fhir.Resource) (fhir.Resource, error) {
			if len(links) == 0 {
				return r.Delete("link")
			}
			return r.Set("link", links)
		}); err != nil {
			t.Fatal(err)
		}
	}
	link(map[string]any{"other": map[string]any{"reference": a.Patient}, "type": "replaced-by"})
	return a.Encounter, func() { link() }
}
