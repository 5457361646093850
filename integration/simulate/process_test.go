package simulate_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/integration/fhirserver"
)

// process is one place where the service runs as a process of the operating
// system; when it dies it is started again, as Kubernetes or systemd would.
type process struct {
	sim     *simulation
	name    string
	chance  chance
	address string
	pages   string // for operators
	command []string
	log     *os.File

	mu      sync.Mutex
	running *os.Process // nil between two lives
}

func newProcess(t *testing.T, r *reality, n int) *process {
	t.Helper()
	var ports [2]int
	for i := range ports {
		var err error
		if ports[i], err = fhirserver.FreePort(); err != nil {
			t.Fatal(err)
		}
	}
	name := "replica " + itoa(n)
	log, err := os.Create(filepath.Join(r.logs, name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	p := &process{sim: r.simulation, name: name, chance: draw(r.seed, name), log: log,
		address: "127.0.0.1:" + itoa(ports[0]), pages: "127.0.0.1:" + itoa(ports[1])}
	p.command = r.command("serve", "http://"+r.lines[n%len(r.lines)].proxy.Listen+r.path, "--listen", p.address, "--operator.listen", p.pages)
	return p
}

// live runs until end, and gives it an orderly end then.
func (p *process) live(end context.Context) {
	runtime.LockOSThread() // what dies with its parent dies with the thread that started it
	defer context.AfterFunc(end, func() { p.signal(syscall.SIGTERM) })()
	rests := draw(p.sim.seed, p.name, "rests")
	for end.Err() == nil {
		calm := p.sim.weather.calm.Load()
		err := p.once(end)
		switch {
		case errors.Is(err, context.Canceled):
		case end.Err() != nil && err != nil:
			p.sim.found("%s did not end in an orderly way: %v", p.name, err)
		case end.Err() == nil && calm:
			p.sim.found("%s ended in calm weather: %v", p.name, err)
		}
		pause := rests.between(0, time.Second)
		if rests.happens(0.2) {
			pause = rests.between(0, 8*time.Second)
		}
		wait(end, pause)
	}
}

// once is one life, from start to end, however it ends.
func (p *process) once(end context.Context) error {
	cmd := exec.Command(p.command[0], p.command[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = p.log, p.log, diesWithParent()
	if err := p.begin(cmd, end); err != nil {
		return err
	}
	err := cmd.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = nil
	if cmd.ProcessState.ExitCode() > 0 {
		p.sim.happened(gaveUp)
	}
	return err
}

// begin starts no process that nobody would end.
func (p *process) begin(cmd *exec.Cmd, end context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if end.Err() != nil {
		return end.Err()
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.running = cmd.Process
	return nil
}

func (p *process) signal(s os.Signal) (sent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running != nil && p.running.Signal(s) == nil
}

const (
	// lives is how long a process lives on average while things go wrong.
	lives = 25 * time.Second

	gaveUp fault = "service ended by itself"
)

// die ends one life after the other until calm: nearly always at once, now and
// then in an orderly way, as for an update.
func (p *process) die(stormy context.Context) {
	for wait(stormy, p.chance.about(lives)) {
		how, name := os.Signal(syscall.SIGKILL), killed
		if p.chance.happens(0.15) {
			how, name = syscall.SIGTERM, restarted
		}
		if p.signal(how) {
			p.sim.happened(name)
		}
	}
}

// awaitScreening returns when the process does its work.
func (p *process) awaitScreening(t *testing.T) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	for wait(t.Context(), 250*time.Millisecond) {
		resp, err := client.Get("http://" + p.address + "/readyz")
		if err != nil {
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return
		}
	}
	t.Fatalf("%s does not begin", p.name)
}
