package app_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// A page of another site can have the operator's browser ask for ours, by a name of
// its own that leads to this machine (DNS rebinding). It cannot choose another Host.
func TestWithoutATokenThePagesAnswerThisMachinesNamesAlone(t *testing.T) {
	_, operator := running(t, config.Config{})
	_, port, err := net.SplitHostPort(operator)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{
		"localhost:" + port: 200, "127.0.0.1:" + port: 200, "127.8.8.8": 200, "[::1]:" + port: 200, "[::1]": 200, "LOCALHOST": 200,
		"evil.example": 421, "evil.example:" + port: 421, "localhost.evil.example": 421, "127.0.0.1.evil.example:" + port: 421, "10.0.0.1:" + port: 421,
		"0.0.0.0:" + port: 421, "[::]:" + port: 421, "2130706433": 421, "0x7f.1": 421,
	} {
		for _, page := range []string{"/status", "/metrics"} {
			if got := askedAs(t, operator, page, host); got != want {
				t.Errorf("%s as %s: %d, want %d", page, host, got, want)
			}
		}
	}
	_, guarded := running(t, config.Config{Operator: config.Operator{Listen: "0.0.0.0:8091", TokenFile: written(t, "s3cret")}})
	if got := askedAs(t, guarded, "/status", "tilsyn.example"); got != 200 {
		t.Errorf("with a token under any name: %d", got)
	}
}

func askedAs(t *testing.T, operator, page, host string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+operator+page, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	r.Header.Set("Authorization", "Bearer s3cret")
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// What is said is kept by no browser or proxy, and taken for no other type.
func TestEveryAnswerSaysThatItIsNotToBeKept(t *testing.T) {
	listen, operator := running(t, config.Config{Operator: config.Operator{Listen: "0.0.0.0:8091", TokenFile: written(t, "s3cret")},
		Hook: config.Hook{Enabled: true, TokenFile: written(t, "t0ken")}})
	for _, url := range []string{operator + "/status", operator + "/metrics", operator + "/nothing", listen + "/livez", listen + "/readyz", listen + "/hooks/fhir", listen + "/a//b"} {
		for _, token := range []string{"", "s3cret"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+url, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+token)
			resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if h := resp.Header; h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" {
				t.Errorf("%s with %q: %d, %v", url, token, resp.StatusCode, h)
			}
		}
	}
}

// impostor is an app whose operators' pages are answered by somebody else.
func impostor(t *testing.T, answer http.HandlerFunc) *app.App {
	t.Helper()
	srv := httptest.NewServer(answer)
	t.Cleanup(srv.Close)
	a, err := app.New(app.Options{Policy: pathway.DefaultPolicy(), Log: zerolog.Nop(), Transport: down{make(chan struct{}, 1)}, Config: config.Config{
		FHIR: config.FHIR{BaseURL: "http://fhir.test/fhir"}, Operator: config.Operator{Listen: srv.Listener.Addr().String(), TokenFile: written(t, "s3cret")}}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The token goes to operator.listen and nowhere else.
func TestTheOperatorsTokenFollowsNoRedirect(t *testing.T) {
	heard := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard++ }))
	defer elsewhere.Close()
	host := strings.TrimPrefix(elsewhere.URL, "http://")
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{"http://" + host + "/status", "//" + host + "/status", "/elsewhere"} {
			asked := 0
			a := impostor(t, func(w http.ResponseWriter, _ *http.Request) {
				asked++
				w.Header().Set("Location", to)
				w.WriteHeader(status)
				fmt.Fprint(w, `{"phase":"screening"}`)
			})
			if _, err := a.Quarantined(t.Context()); err == nil || !strings.Contains(err.Error(), "is not tilsyn") || asked != 1 || heard != 0 {
				t.Errorf("%d to %s: %v, asked %d times, and %d elsewhere", status, to, err, asked, heard)
			}
		}
	}
}

// Whoever answers there cannot steer the operator's terminal.
func TestWhatTheServiceSaysIsFitToBePrinted(t *testing.T) {
	a := impostor(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"phase":"screening","quarantined":{"7":{"reason":"a\u001b[2J\u202eb\nc\u009bd"},"8\u001b]0;x\u0007":{"reason":%q}}}`, strings.Repeat("x", 1<<20))
	})
	list, err := a.Quarantined(t.Context())
	if err != nil || list["7"].Reason != "a�[2J�b c�d" || len(list) != 2 {
		t.Errorf("%v, %d, %q", err, len(list), list["7"].Reason)
	}
	for id, q := range list {
		if strings.ContainsAny(id, "\x1b\x07") || len(q.Reason) > 600 {
			t.Errorf("%q: %d bytes", id, len(q.Reason))
		}
	}
	var many strings.Builder
	for n := range 2000 {
		fmt.Fprintf(&many, `,"%d":{}`, n)
	}
	a = impostor(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"phase":"screening","quarantined":{%s}}`, many.String()[1:])
	})
	if list, err := a.Quarantined(t.Context()); err == nil {
		t.Errorf("%d were taken", len(list))
	}
}
