package main

import (
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/app"
)

// Since when an admission waits for a person is told by the hospital's clocks.
func TestTheQuarantineTellsTheHospitalsTime(t *testing.T) {
	var out strings.Builder
	since := time.Date(2031, 5, 17, 12, 0, 0, 0, time.UTC)
	err := printQuarantine(&out, map[string]app.Quarantined{"1": {Since: since}}, config.Config{TimeZone: "Europe/Oslo"}.Zone())
	if err != nil || !strings.Contains(out.String(), "2031-05-17 14:00 CEST") {
		t.Errorf("%v: %s", err, out.String())
	}
}
