package app_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/config"
)

// notes is a log that is read while it is written.
type notes struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(p)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// A wrong secret on the FHIR server's side silences every notification: that
// must be seen, and a stranger who tries a thousand must not fill the log.
func TestCallersTurnedAwayAreCountedAndLogged(t *testing.T) {
	var log notes
	listen, operator := logging(t, config.Config{Hook: config.Hook{Enabled: true, TokenFile: written(t, "right")}}, zerolog.New(&log))
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 20 {
		if status, _ := fetch(t, c, "http://"+listen+"/hooks/fhir", "wr0ng-token"); status != http.StatusUnauthorized {
			t.Fatalf("the hook answered %d", status)
		}
	}
	resp, err := c.Get("http://" + operator + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if metrics, _ := io.ReadAll(resp.Body); !strings.Contains(string(metrics), "tilsyn_refused_callers_total 20\n") {
		t.Errorf("not counted:\n%s", metrics)
	}
	if said := log.String(); strings.Count(said, "turned away") != 1 || strings.Contains(said, "wr0ng") {
		t.Errorf("logged:\n%s", said)
	}
}
