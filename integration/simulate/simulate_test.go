// Package simulate_test plays whole hospitals: the service as it ships, beside
// the sandbox FHIR server, on a fake clock. See README.md.
package simulate_test

import (
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var (
	firstSeed = flag.Uint64("seed", 1, "the first seed; without -years this one alone")
	years     = flag.Float64("years", 0, "hospital-years to simulate; by default one with CI=true and without -race, else about a month")
	weeks     = flag.Int("weeks", 4, "for how long patients come in each simulation")
	beds      = flag.Int("beds", 200, "beds of each hospital")
	unsafe    = flag.Bool("unsafe", false, "every server lets duplicates through when two create the same at once; else one in five does")
	oddly     = flag.Bool("odd", false, "every server has habits that FHIR does not know; else two in five do")
	told      = flag.Bool("told", false, "a finding tells of each version of what stands")
	several   = flag.Bool("several", false, "every hospital asks AUDIT as well as AUDIT-C; else none does")
	merges    = flag.Bool("merges", false, "in every hospital patients turn out to be one and the same; else in every other")
)

// slowed tells that the race detector watches.
var slowed bool

// toxiproxy leaves the goroutines of connections behind that a toxic has cut.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2.(*ToxicLink).read"),
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"))
}

const year = 365 * 24 * time.Hour

// Whatever goes wrong on the way, what stands at the end is what truly
// happened.
func TestHospital(t *testing.T) {
	r := &report{begun: time.Now(), faults: map[fault]int{}, spoke: map[string]int{}}
	t.Cleanup(func() { fmt.Print(r); r.heard(t) })
	seeds, each := planned()
	for n := range seeds {
		seed := *firstSeed + uint64(n)
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			c := draw(seed, "kind of hospital")
			o := options{seed: seed, lasts: each, beds: *beds, unsafe: c.happens(0.2) || *unsafe, merges: c.happens(0.5) || *merges, odd: c.happens(0.4) || *oddly}
			o.several = *several // not in the year: see the README
			if o.odd && !*oddly {
				o.beds /= 4 // such a server takes up to twenty times the requests
			}
			s := simulate(t, o)
			r.add(s)
			for _, f := range s.findings {
				t.Errorf("%s", f)
			}
			if t.Failed() {
				t.Logf("again: %s\nthe server: %v", again(s), s.habits)
			}
		})
	}
}

// again is the command that plays the same hospital once more.
func again(s *simulation) string {
	cmd := fmt.Sprintf("go test ./integration/simulate -run TestHospital -args -seed %d -weeks %d -beds %d", s.seed, s.lasts/(7*24*time.Hour), s.beds)
	if s.unsafe {
		cmd += " -unsafe"
	}
	if s.merges {
		cmd += " -merges"
	}
	if s.odd {
		cmd += " -odd"
	}
	if s.several {
		cmd += " -several"
	}
	return cmd
}

// planned says how many seeds are simulated, and for how long each.
func planned() (seeds int, each time.Duration) {
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	each = time.Duration(*weeks) * 7 * 24 * time.Hour
	switch {
	case given["years"]:
		return max(1, int(math.Ceil(*years*float64(year)/float64(each)))), each
	case given["seed"]:
		return 1, each
	case slowed:
		return 1, each / 4
	case os.Getenv("CI") == "true":
		return int(math.Ceil(float64(year) / float64(each))), each
	}
	return 1, each
}

// report adds up what was simulated.
type report struct {
	mu       sync.Mutex
	begun    time.Time
	lasted   time.Duration
	stays    int
	consults int
	requests int
	writes   int
	findings int
	faults   map[fault]int
	spoke    map[string]int // rule: admissions in which it did
}

func (r *report) add(s *simulation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lasted += s.lasts
	r.stays += len(s.hospital.stays)
	r.consults += s.consults
	r.requests += s.requests
	r.writes += s.writes
	r.findings += len(s.findings)
	for f, n := range s.faults {
		r.faults[f] += n
	}
	for rule, admissions := range s.witness.spoke {
		r.spoke[rule] += len(admissions)
	}
}

func (r *report) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "simulated %.2f hospital-years in %v: %d admissions, %d consults, %d requests (%d writes) of the service, %d findings\n",
		r.lasted.Hours()/year.Hours(), time.Since(r.begun).Round(time.Second), r.stays, r.consults, r.requests, r.writes, r.findings)
	for _, f := range slices.Sorted(maps.Keys(r.faults)) {
		fmt.Fprintf(&b, "%8d  %s\n", r.faults[f], f)
	}
	b.WriteString("admissions in which each rule spoke:\n")
	for _, rule := range slices.Sorted(maps.Keys(r.spoke)) {
		fmt.Fprintf(&b, "%8d  %s%s\n", r.spoke[rule], rule, r.seldom(rule))
	}
	return b.String()
}
