//go:build !race

package simulate_test

import (
	"slices"
	"testing"
	"time"
)

// The same seed gives the same requests, faults and answers at the same
// moments: what is found can be found again.
func TestReplay(t *testing.T) {
	for _, seed := range []uint64{4, 6} {
		o := options{seed: seed, odd: seed == 6, lasts: 4 * 24 * time.Hour, beds: 30, traced: true}
		a, b := simulate(t, o), simulate(t, o)
		slices.Sort(a.lines)
		slices.Sort(b.lines)
		for i := range min(len(a.lines), len(b.lines)) {
			if a.lines[i] != b.lines[i] {
				t.Errorf("seed %d: two runs differ from request %d of %d on:\n%s\n%s", seed, i, len(a.lines), a.around(i), b.around(i))
				break
			}
		}
		if len(a.lines) != len(b.lines) {
			t.Errorf("seed %d: %d requests and %d", seed, len(a.lines), len(b.lines))
		}
	}
}

func (s *simulation) around(i int) (lines string) {
	for _, l := range s.lines[max(i-2, 0):min(i+4, len(s.lines))] {
		lines += "    " + l + "\n"
	}
	return lines
}
