package app_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/sandbox"
)

// running is a service beside a server that is down, with listeners of its own.
func running(t *testing.T, cfg config.Config) (listen, operator string) {
	t.Helper()
	return logging(t, cfg, zerolog.Nop())
}

// logging is running with a log.
func logging(t *testing.T, cfg config.Config, log zerolog.Logger) (listen, operator string) {
	t.Helper()
	doors := make([]net.Listener, 2)
	for i := range doors {
		var err error
		if doors[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	cfg.FHIR.BaseURL, cfg.Questionnaire.Language = "http://fhir.test/fhir", "nb"
	a, err := app.New(app.Options{Policy: pathway.DefaultPolicy(), Log: log, Transport: down{make(chan struct{}, 1)},
		Config: cfg, Listener: doors[0], Operator: doors[1]})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return doors[0].Addr().String(), doors[1].Addr().String()
}

// fetch asks with a new connection, and gives the status and the number of the
// certificate that was shown.
func fetch(t *testing.T, c *http.Client, url, token string) (status int, serial int64) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.TLS != nil {
		serial = resp.TLS.PeerCertificates[0].SerialNumber.Int64()
	}
	return resp.StatusCode, serial
}

func TestCallersAreServedByTLSWithTheCertificateOfNow(t *testing.T) {
	ca := newAuthority(t)
	ca.issue(1)
	key := config.Secret(ca.path("key.pem"))
	listen, operator := running(t, config.Config{TLS: config.TLS{CertFile: ca.path("cert.pem"), KeyFile: key}, Operator: config.Operator{TokenFile: written(t, "s3cret")}})
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: ca.pool()}}}
	for want := int64(1); want <= 2; want++ {
		for _, url := range []string{"https://" + listen + "/livez", "https://" + operator + "/metrics"} {
			if status, serial := fetch(t, c, url, "s3cret"); status != 200 || serial != want {
				t.Errorf("%s: %d with certificate %d, want %d", url, status, serial, want)
			}
		}
		ca.issue(2)
	}
	if resp, err := c.Get("http://" + listen + "/livez"); err == nil {
		resp.Body.Close()
		if resp.StatusCode == 200 {
			t.Error("served without TLS as well")
		}
	}
}

// Files that turn into pipes under a running service stall nobody.
func TestFilesThatBecomePipesStallNobody(t *testing.T) {
	ca := newAuthority(t)
	ca.issue(1)
	token := written(t, "s3cret")
	listen, operator := running(t, config.Config{TLS: config.TLS{CertFile: ca.path("cert.pem"), KeyFile: config.Secret(ca.path("key.pem"))},
		Operator: config.Operator{TokenFile: token}, Hook: config.Hook{Enabled: true, TokenFile: token}})
	c := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: ca.pool()}}}
	if status, _ := fetch(t, c, "https://"+operator+"/status", "s3cret"); status != 200 {
		t.Fatalf("before: %d", status)
	}
	for _, path := range []string{ca.path("cert.pem"), ca.path("key.pem"), string(token)} {
		ca.must(os.Remove(path))
		ca.must(syscall.Mkfifo(path, 0o600))
	}
	for range 3 {
		for url, want := range map[string]int{listen + "/livez": 200, listen + "/hooks/fhir": 401, operator + "/status": 401} {
			if status, serial := fetch(t, c, "https://"+url, "s3cret"); status != want || serial != 1 {
				t.Errorf("%s: %d with certificate %d", url, status, serial)
			}
		}
	}
}

func TestTheOperatorsPagesAskForTheirToken(t *testing.T) {
	token := written(t, "new\nold\n")
	listen, operator := running(t, config.Config{Operator: config.Operator{Listen: "127.0.0.1:0", TokenFile: token}})
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, page := range []string{"/status", "/metrics"} {
		for shown, want := range map[string]int{"": 401, "wrong": 401, "new": 200, "old": 200} {
			if status, _ := fetch(t, c, "http://"+operator+page, shown); status != want {
				t.Errorf("%s with %q: %d, want %d", page, shown, status, want)
			}
		}
		if status, _ := fetch(t, c, "http://"+listen+page, "new"); status != 404 {
			t.Errorf("%s beside the hook: %d", page, status)
		}
	}
	if err := os.WriteFile(string(token), []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _ := fetch(t, c, "http://"+operator+"/status", "old"); status != 401 {
		t.Errorf("a token that was taken away: %d", status)
	}
}

func TestASecretThatIsMissingStopsTheStart(t *testing.T) {
	absent := config.Secret("absent-s3cret")
	for want, cfg := range map[string]config.Config{
		"hook.token_file":     {Hook: config.Hook{Enabled: true, TokenFile: absent}},
		"hook.secret_file":    {Hook: config.Hook{Enabled: true, SecretFile: absent}},
		"operator.token_file": {Operator: config.Operator{Listen: "127.0.0.1:0", TokenFile: absent}},
		"tls":                 {TLS: config.TLS{CertFile: "absent.pem", KeyFile: absent}},
	} {
		cfg.FHIR.BaseURL, cfg.Listen = "http://fhir.test/fhir", "127.0.0.1:0"
		a, err := app.New(app.Options{Policy: pathway.DefaultPolicy(), Log: zerolog.Nop(), Transport: down{make(chan struct{}, 1)}, Config: cfg})
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Run(t.Context()); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// setup hands out the first of the secrets that are valid, and mends only what
// is another.
func TestSetupHandsOutTheNewSecret(t *testing.T) {
	fhir := sandbox.New()
	defer fhir.Close()
	server := httptest.NewServer(fhir)
	defer server.Close()
	cfg := config.Config{FHIR: config.FHIR{BaseURL: server.URL + "/fhir"}, Questionnaire: config.Questionnaire{Language: "en"},
		Hook: config.Hook{Enabled: true, PublicURL: "https://tilsyn.test", TokenFile: written(t, "old")}}
	setup := func(did, header, key string) {
		t.Helper()
		a, err := app.New(app.Options{Policy: pathway.DefaultPolicy(), Log: zerolog.Nop(), Config: cfg})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Client().Close()
		changes, err := a.Setup(t.Context())
		if err != nil || changes[len(changes)-1].Did != did {
			t.Fatalf("%v, %+v; want %s", err, changes, did)
		}
		subs, err := a.Client().Search(t.Context(), "Subscription")
		if err != nil || len(subs) != 3 {
			t.Fatalf("%d subscriptions, %v", len(subs), err)
		}
		for _, s := range subs {
			if s.Get("channel.header.0").String() != header || s.Get("extension.0.valueString").String() != key {
				t.Errorf("%s", s.Raw())
			}
		}
	}
	setup("created", "Authorization: Bearer old", "")
	cfg.Hook.TokenFile = written(t, "new\nold")
	setup("updated", "Authorization: Bearer new", "")
	cfg.Hook.TokenFile = written(t, "new")
	setup("unchanged", "Authorization: Bearer new", "")
	cfg.Hook.SecretFile = written(t, "k2\nk1")
	setup("updated", "Authorization: Bearer new", "k2")
	cfg.Hook.TokenFile = ""
	setup("updated", "", "k2")
	setup("unchanged", "", "k2")
	cfg.Hook.TokenFile, cfg.Hook.SecretFile = written(t, "new"), ""
	setup("updated", "Authorization: Bearer new", "")
}
