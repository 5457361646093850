package app_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/config"
)

// A wrong secret on the FHIR server's side silences every notification: that
// must be seen, and a stranger who tries a thousand must not fill the log.
func TestCallersTurnedAwayAreCountedAndLogged(t *testing.T) {
	var log journal
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
