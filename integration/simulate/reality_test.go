package simulate_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/integration/fhirserver"
)

// reality is the same hospital beside a real server: the service as processes
// of the operating system, proxies in between, and a clock that nobody moves.
type reality struct {
	*simulation
	server *fhirserver.Server
	host   string // of the server's address
	path   string
	binary string
	config string
	logs   string // where the processes' logs lie
	lines  []*line
	places []*process
}

const places = 3

// inReality an hour of the hospital's lasts two seconds, and so do those of the
// policy. What is noticed within six hours on the fake clock may take a minute
// and a half: a process that starts while the server is away asks for it every
// thirty seconds, and may be killed before it has its answer.
var inReality = pace{faster: 1800, noticed: 90 * time.Second, census: 10 * time.Second}

func newReality(t *testing.T, o options) *reality {
	t.Helper()
	at := inReality
	sim := &simulation{options: o, pace: &at, weather: &weather{}, faults: map[fault]int{}}
	r := &reality{simulation: sim, logs: t.ArtifactDir(), binary: filepath.Join(t.TempDir(), "tilsyn")}
	r.find(t)
	run(t, exec.Command("go", "build", "-o", r.binary, "../../cmd/tilsyn"))
	way := &http.Client{Timeout: time.Minute}
	t.Cleanup(way.CloseIdleConnections)
	sim.hospital = newHospital(sim, people{r.server.Base, way})
	sim.config.Audit.Enabled = sim.hospital.ehr.takesAuditEvents() // without, tilsyn goes on and has none
	r.configure(t)
	run(t, exec.Command(r.binary, r.command("setup", r.server.Base)[1:]...))
	r.connect(t)
	return r
}

// connect gives each process a line of its own, or all of them the one that
// the server believes to be itself.
func (r *reality) connect(t *testing.T) {
	t.Helper()
	if *realProxy != "" {
		r.lines = []*line{newLine(t, r.simulation, 0, *realProxy, r.host)}
	}
	for n := range places {
		if *realProxy == "" {
			r.lines = append(r.lines, newLine(t, r.simulation, n, "127.0.0.1:0", r.host))
		}
		r.places = append(r.places, newProcess(t, r, n))
	}
}

func (r *reality) find(t *testing.T) {
	t.Helper()
	var err error
	if r.server, err = fhirserver.Find(t.Context(), fhirserver.Options{Database: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.server.Stop(); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(r.server.Base)
	if err != nil {
		t.Fatal(err)
	}
	r.host, r.path = u.Host, u.Path
}

func run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
}

// command is the service with everything at the hospital's pace.
func (r *reality) command(name, base string, more ...string) []string {
	return append([]string{r.binary, name, "--config", r.config, "--fhir.base_url", base, "--log.level", "debug",
		"--poll.interval", "1s", "--poll.overlap", "30s", "--poll.look_back", "5m", "--census.interval", r.pace.census.String(), "--workers", "4"}, more...)
}

// configure writes the policy and the routing to files.
func (r *reality) configure(t *testing.T) {
	t.Helper()
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	write(t, policy, r.hurried(t))
	var rules []map[string]string
	for _, rule := range r.hospital.routing().Rules {
		rules = append(rules, map[string]string{"location": rule.Location, "ward": rule.Owners.Ward})
	}
	settings, err := json.Marshal(map[string]any{ // which is YAML, too
		"policy":  map[string]any{"file": policy},
		"routing": map[string]any{"default": map[string]any{"liaison": r.hospital.team}, "rules": rules},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.config = filepath.Join(t.TempDir(), "tilsyn.yaml")
	write(t, r.config, settings)
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

var times = regexp.MustCompile(`(?m)^  (due_after|raise_after|draft_grace|retry_after|rescreen_after|accept_within|accept_within_urgent): (\S+)$`)

// hurried is the suggested policy at the hospital's pace. It asks in every
// admission, so that each can be judged by itself, or once for all.
func (r *reality) hurried(t *testing.T) []byte {
	t.Helper()
	policy, err := os.ReadFile("../../internal/pathway/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return times.ReplaceAllFunc(policy, func(line []byte) []byte {
		part := times.FindSubmatch(line)
		d, err := time.ParseDuration(string(part[2]))
		if err != nil {
			t.Fatal(err)
		}
		if string(part[1]) == "rescreen_after" {
			d = 0
			if r.hospital.remembers {
				d = year
			}
		}
		return []byte("  " + string(part[1]) + ": " + r.pace.of(d).String())
	})
}

// play lets patients come, and things go wrong, for as long as was asked for.
func (r *reality) play(t *testing.T) {
	stormy, calm := context.WithCancel(t.Context())
	alive, end := context.WithCancel(t.Context())
	var troubles, processes sync.WaitGroup
	defer processes.Wait()
	defer end()
	defer troubles.Wait()
	defer calm()
	for _, p := range r.places {
		processes.Go(func() { p.live(alive) })
		p.awaitScreening(t)
	}
	for _, p := range r.places {
		troubles.Go(func() { p.die(stormy) })
	}
	for _, l := range r.lines {
		troubles.Go(func() { l.live(stormy) })
	}
	if r.server.CanRestart() {
		r.hospital.in(r.hospital.chance.between(r.lasts*2/5, r.lasts*3/5)*r.pace.faster, func() { r.restart(t) })
	}
	r.hospital.open()
	r.hospital.run(time.Now().Add(r.lasts))
	for _, away := range r.pace.away {
		r.hospital.run(time.Now().Add(away.to.Sub(away.from))) // what the hospital has lost by it
	}
	calm()
	troubles.Wait()
	r.weather.calm.Store(true)
	r.settle()
}

// restart cuts the server's power. Nobody in the hospital can do anything
// until it is there again; then they go on where they were.
func (r *reality) restart(t *testing.T) {
	r.happened(serverGone)
	begun := time.Now()
	if err := r.server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.pace.away = append(r.pace.away, spell{begun, time.Now()})
	r.hospital.postpone(time.Since(begun))
}
