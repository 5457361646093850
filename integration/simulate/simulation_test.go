package simulate_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/pflag"

	"github.com/tilsyn/tilsyn/config"
)

// simulation is one hospital for some weeks: the service, whole, beside a FHIR
// server, on a clock that runs as fast as the machine can. Everything in it
// follows from the seed.
type simulation struct {
	options
	label    string
	pace     *pace
	weather  *weather
	server   *server
	replicas []*replica
	hospital *hospital
	witness  *witness
	config   config.Config
	habits   habits // of the server
	log      *log
	kills    float64 // share of requests that are their process's last

	mu         sync.Mutex
	trace      uint64 // the same for the same run
	lines      []string
	faults     map[fault]int
	requests   int // of the service
	writes     int // of these, those that are not searches or reads
	findings   []string
	unrecorded []string // whose AuditEvent was refused inside a success
	consults   int      // that stand at the end, live or done
}

// options say what is simulated.
type options struct {
	seed    uint64
	lasts   time.Duration // how long patients come; quiet time comes on top
	beds    int
	unsafe  bool // the server lets duplicates through when two create at once
	merges  bool // patients turn out to be the same person
	odd     bool // the server has habits that R4 does not know
	several bool // more is asked than AUDIT-C
	traced  bool // keep every line of the trace, to compare two runs
	harm    harm // a mistake that is put in on purpose
}

// census is how often the service looks at everybody: seldom, for it is dear, and
// what is found must not need it.
const census = 36 * time.Hour

// quiet is how long nothing happens at the end. By then every reminder was
// due: the last unable is asked again after a day, due a day later and raised
// twice, and clocks are off by minutes.
const quiet = 5 * 24 * time.Hour

// still is how long nothing at all may be written at the very end.
const still = 25 * time.Hour

// simulate runs one hospital and gives what was found.
func simulate(t *testing.T, o options) *simulation {
	s := &simulation{options: o, label: t.Name(), pace: &pace{faster: 1, noticed: longest, census: census}, faults: map[fault]int{}, log: &log{}}
	s.config = s.configure(t)
	synctest.Test(t, func(t *testing.T) { s.run() })
	return s
}

// configure draws how the hospital has set the service up. The secret and the
// files are real: the bubble has no files of its own.
func (s *simulation) configure(t *testing.T) config.Config {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("synthetic"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := draw(s.seed, "configuration")
	poll := pick(c, weighted[string]{1, "20m"}, weighted[string]{5, "30m"}, weighted[string]{4, "1h"})
	flags := []string{"--fhir.base_url", base, "--poll.interval", poll, "--census.interval", census.String(), "--workers", "4"}
	if c.happens(0.2) {
		flags = append(flags, "--hook.enabled", "--hook.public_url", "http://tilsyn.sim", "--hook.token_file", token, "--poll.interval", "2h")
	}
	if draw(s.seed, "audit").happens(0.5) {
		flags = append(flags, "--audit.enabled=false") // the server is one that audits by itself
	}
	fs := pflag.NewFlagSet("simulation", pflag.ContinueOnError)
	config.Flags(fs)
	if err := fs.Parse(flags); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(fs)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func (s *simulation) run() {
	s.weather = newWeather(s.seed, s.lasts)
	s.pace.away, s.pace.doubt = s.weather.outage, s.weather.odd > 0
	b := newBells(s)
	s.habits = newHabits(s.seed, s.odd)
	s.server = newServer(s, &http.Client{Transport: b})
	s.hospital = newHospital(s, s.server)
	s.config.Routing = s.hospital.routing()
	s.setUp()
	s.witness = s.newWitness()
	s.start()
	s.hospital.open()
	s.hospital.run(time.Now().Add(s.lasts))
	s.calm()
	s.close()
	b.http.CloseIdleConnections()
}

// setUp runs the command until it has gone well: a server that says nothing about
// its writes makes it doubt what it wrote.
func (s *simulation) setUp() {
	var err error
	for range 3 {
		if _, err = s.service(direct{s.server}, nil, nil, time.Now).Setup(context.Background()); err == nil {
			return
		}
	}
	panic(err)
}

// start begins one to three replicas, not all at the same moment.
func (s *simulation) start() {
	c := draw(s.seed, "replicas")
	s.kills = pick(c, weighted[float64]{1, 0}, weighted[float64]{3, 1.0 / 3000}, weighted[float64]{1, 1.0 / 400})
	n := pick(c, weighted[int]{5, 1}, weighted[int]{3, 2}, weighted[int]{1, 3})
	if s.unsafe {
		n = max(n, 2) // nobody races alone
	}
	for i := range n {
		s.replicas = append(s.replicas, newReplica(s, i))
	}
	for _, r := range s.replicas {
		time.Sleep(c.between(0, time.Minute))
		r.live(context.Background())
	}
}

// calm lets everything settle, then looks whether it did.
func (s *simulation) calm() {
	s.weather.calm.Store(true)
	if s.harm.late != nil {
		s.harm.late(s)
	}
	time.Sleep(quiet - still)
	s.counted(still)
	s.check()
}

func (s *simulation) close() {
	for _, r := range s.replicas {
		r.stop()
	}
	for _, r := range s.replicas {
		<-r.ended
	}
	s.server.fhir.Close()
}

func (s *simulation) happened(f fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[f]++
}

func (s *simulation) requested(who, what string, f fault, write bool) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if write {
		s.writes++
	}
	if f != fine && f != stale {
		s.faults[f]++
	}
	s.trace += digest(number(now.UnixNano()), who, what, string(f)) // of one moment in any order
	if s.traced {
		s.lines = append(s.lines, now.Format(time.StampNano)+" "+who+" "+what+" "+string(f))
	}
}

func (s *simulation) found(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.findings = append(s.findings, fmt.Sprintf(format, args...))
}

// direct is a way to the server on which nothing goes wrong.
type direct struct{ *server }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := bodyOf(r)
	if err != nil {
		return nil, err
	}
	if isSearch(r.Method, body) {
		return response(d.read(r.URL.String(), r.Header, body), fine, r), nil
	}
	return response(d.sim.habits.say(d.serve(r.Method, r.URL.String(), r.Header, body), body), fine, r), nil
}

// log counts what the service has to say. A person would read it.
type log struct{ lines atomic.Int64 }

func (l *log) Write(p []byte) (int, error) {
	l.lines.Add(1)
	return len(p), nil
}
