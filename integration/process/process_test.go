// Package process runs tilsyn as a hospital does: the binary, in processes of its
// own, beside servers and callers that are well, ill or hostile.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is what the tests run.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "tilsyn-process-")
	if err == nil {
		err = build(dir)
	}
	code := 1
	if err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, err)
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// build makes the binary as the tests were made: with the race detector, or without.
func build(dir string) error {
	binary = filepath.Join(dir, "tilsyn")
	args := []string{"build", "-o", binary}
	if withRace {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "../../cmd/tilsyn")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build tilsyn: %w\n%s", err, out)
	}
	return nil
}

// Exit codes, as `tilsyn --help` states them.
const (
	exitDone     = 0
	exitFailed   = 1
	exitWrongUse = 2
)

// buffer is written to by the program and read by the test at once.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// process is a command of tilsyn under way.
type process struct {
	*exec.Cmd
	logs buffer
}

// start runs a command of tilsyn in a process of its own.
func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	return startIn(t, "", env, args...)
}

// startIn starts it in a directory; "": in ours.
func startIn(t *testing.T, dir string, env []string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(binary, args...)}
	p.Dir = dir
	return p.begin(t, env)
}

// startWith starts it with so many descriptors.
func startWith(t *testing.T, descriptors int, args ...string) *process {
	t.Helper()
	limited := fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, descriptors)
	p := &process{Cmd: exec.Command("sh", append([]string{"-c", limited, binary}, args...)...)}
	return p.begin(t, nil)
}

// atOnce: a process with the race detector waits a second at its end without it.
const atOnce = "GORACE=atexit_sleep_ms=0"

func (p *process) begin(t *testing.T, env []string) *process {
	t.Helper()
	p.Env = append(append(os.Environ(), atOnce), env...)
	p.Stdout, p.Stderr = &p.logs, &p.logs
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	return p
}

// end asks it to end, as an orchestrator does, and waits until it has.
func (p *process) end(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Fatalf("it ended with %v:\n%s", err, tail(p.logs.String()))
	}
}

// tellsHeap has a process tell the size of its heap at each collection.
const tellsHeap = "GODEBUG=gctrace=1"

var (
	collections = regexp.MustCompile(`(?m)^gc \d+ @.*\n`)
	sizes       = regexp.MustCompile(`(\d+)->(\d+)->\d+ MB`)
)

// peak is the largest heap that a process with tellsHeap had, dead objects
// included, in MiB.
func (p *process) peak() (peak int) {
	for _, found := range sizes.FindAllStringSubmatch(p.logs.String(), -1) {
		for _, size := range found[1:] {
			n, _ := strconv.Atoi(size)
			peak = max(peak, n)
		}
	}
	return peak
}

// said is what a process has said, but for its collections.
func (p *process) said() string { return collections.ReplaceAllString(p.logs.String(), "") }

// tilsyn runs a command to its end.
func tilsyn(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return tilsynUntil(t.Context(), t, args...)
}

// tilsynUntil asks a command to end when ctx does.
func tilsynUntil(ctx context.Context, t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c := exec.CommandContext(ctx, binary, args...)
	c.Env, c.Stdout, c.Stderr = append(os.Environ(), atOnce), &out, &errs
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	if err := c.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) && ctx.Err() == nil {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), out.String(), errs.String()
}

// await waits for a text in the log and gives what follows up to the next quote.
func await(t *testing.T, logs *buffer, text string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		if _, after, ok := strings.Cut(logs.String(), text); ok {
			value, _, _ := strings.Cut(after, `"`)
			return value
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("no %q in the log:\n%s", text, logs.String())
		}
	}
}

// tail is the end of a long text.
func tail(s string) string { return s[max(0, len(s)-4000):] }
