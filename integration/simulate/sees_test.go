//go:build !race

package simulate_test

import (
	"strings"
	"testing"
	"time"
)

// The race detector takes five times as long: it watches TestHospital alone.

func TestTheCheckerSees(t *testing.T) {
	for name, h := range harms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := simulate(t, options{seed: max(h.seed, 1), lasts: 6 * 24 * time.Hour, beds: 40, odd: h.odd, several: h.several, harm: h})
			found := strings.Join(s.findings, "\n")
			if h.finds == "" && found != "" || !strings.Contains(found, h.finds) {
				t.Errorf("wanted %q, found %d:\n%.2000s", h.finds, len(s.findings), found)
			}
		})
	}
}
