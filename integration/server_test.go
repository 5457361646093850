package integration_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/integration/fhirserver"
)

// post returns the status and the body of what the server answers.
func post(t *testing.T, url, body string) (int, string) {
	t.Helper()
	resp, err := http.Post(url, "application/fhir+json", bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(got)
}

func TestServerRefusesInvalid(t *testing.T) {
	s := require(t)
	code, body := post(t, s.Base+"/Task", `{"resourceType":"Task","status":"ready"}`)
	if code != http.StatusUnprocessableEntity && code != http.StatusBadRequest {
		t.Errorf("a Task without intent got %d, want 422 or 400: %s", code, body)
	}
}

func TestServerChecksSDCProfiles(t *testing.T) {
	s := require(t)
	dir, ok := fhirserver.ProfilesDir()
	if !ok {
		t.Skip("no shared profiles here: ", dir)
	}
	start := time.Now()
	refused, err := fhirserver.LoadProfiles(t.Context(), s.Base, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("profiles loaded in %s, %d refused", time.Since(start), len(refused))
	for _, r := range refused {
		t.Log(r.File, r.Reason)
	}
	url := s.Base + "/Task/$validate?profile=http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-task"
	_, body := post(t, url, `{"resourceType":"Task","status":"ready","intent":"order","requester":{"display":"tilsyn"}}`)
	if !strings.Contains(body, "Task.code: minimum required = 1") {
		t.Errorf("a Task without code passed sdc-task: %s", body)
	}
}

func TestServerCallsBack(t *testing.T) {
	s := require(t)
	if os.Getenv(fhirserver.EnvBase) != "" {
		t.Skip("a named server need not reach this process")
	}
	rang := make(chan struct{}, 16)
	hook := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		rang <- struct{}{}
	})
	code, body := post(t, s.Base+"/Subscription", `{"resourceType":"Subscription","status":"requested","reason":"test",
		"criteria":"Basic?","channel":{"type":"rest-hook","endpoint":"`+s.Callback(hook)+`/hook"}}`)
	if code != http.StatusCreated {
		t.Fatalf("Subscription got %d: %s", code, body)
	}
	ctx, cancel := context.WithTimeout(t.Context(), *limit)
	defer cancel()
	tick := time.NewTicker(time.Second) // the Subscription is not active at once, so there must be later events too
	defer tick.Stop()
	for {
		post(t, s.Base+"/Basic", `{"resourceType":"Basic","code":{"text":"ring"}}`)
		select {
		case <-rang:
			return
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("the hook was never called")
		}
	}
}

func listen(t *testing.T, h http.HandlerFunc) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Second}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return l.Addr().(*net.TCPAddr).Port
}
