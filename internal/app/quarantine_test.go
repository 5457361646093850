package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/reconcile"
)

// A quarantine is bounded, and nobody stays in it for ever.
func TestQuarantine(t *testing.T) {
	q, now := quarantine{}, time.Now()
	q.put("ended", errors.New("broken"), reconcile.Done{Over: true, Known: true}, now)
	q.put("open", errors.New("broken"), reconcile.Done{Known: true}, now)
	q.put("open", errors.New("broken otherwise"), reconcile.Done{Known: true}, now.Add(time.Hour))
	if e := q["open"]; e.Reason != "broken otherwise" || !e.Since.Equal(now) {
		t.Errorf("%+v", e)
	}
	if got := q.again(now.Add(23 * time.Hour)); !slices.Equal(got, []string{"ended", "open"}) {
		t.Errorf("tried again: %q", got)
	}
	if got := q.again(now.Add(25 * time.Hour)); !slices.Equal(got, []string{"open"}) {
		t.Errorf("tried again: %q", got)
	}
	for n := range 2 * maxQuarantined {
		q.put(fmt.Sprint(n), errors.New(strings.Repeat("x", 9999)), reconcile.Done{}, now.Add(time.Duration(n+1)*time.Second))
	}
	last := fmt.Sprint(2*maxQuarantined - 1)
	if _, there := q["open"]; len(q) != maxQuarantined || there || len(q[last].Reason) != maxReason {
		t.Errorf("%d are quarantined; the oldest among them: %t", len(q), there)
	}
}
