package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// asProgram has the test binary be tilsyn itself, in a process of its own.
const asProgram = "TILSYN_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	peak := watchHeap()
	code := run(ctx, os.Args[1:], os.Stdout, os.Stdout)
	stop()
	fmt.Println(heapMark, peak.Load())
	os.Exit(code)
}

// heapMark is before the peak of the heap, in bytes, on the last line of output.
const heapMark = "peak heap:"

// watchHeap keeps the largest heap that it sees, dead objects included.
func watchHeap() *atomic.Uint64 {
	var peak atomic.Uint64
	go func() {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		for range time.Tick(5 * time.Millisecond) {
			metrics.Read(sample)
			peak.Store(max(peak.Load(), sample[0].Value.Uint64()))
		}
	}()
	return &peak
}

// process is tilsyn as it runs at a hospital.
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
	p := &process{Cmd: exec.Command(os.Args[0], args...)}
	p.Dir = dir
	return p.begin(t, env)
}

// startWith starts it with so many descriptors.
func startWith(t *testing.T, descriptors int, args ...string) *process {
	t.Helper()
	limited := fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, descriptors)
	p := &process{Cmd: exec.Command("sh", append([]string{"-c", limited, os.Args[0]}, args...)...)}
	return p.begin(t, nil)
}

func (p *process) begin(t *testing.T, env []string) *process {
	t.Helper()
	p.Env = append(append(os.Environ(), asProgram+"=1"), env...)
	p.Stdout, p.Stderr = &p.logs, &p.logs
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	return p
}

// end asks it to end, and gives its largest heap in bytes.
func (p *process) end(t *testing.T) (peak int) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Fatalf("it ended with %v:\n%s", err, tail(p.logs.String()))
	}
	_, last, _ := strings.Cut(p.logs.String(), heapMark)
	if _, err := fmt.Sscan(last, &peak); err != nil {
		t.Fatal(err)
	}
	return peak
}

// tail is the end of a long text.
func tail(s string) string { return s[max(0, len(s)-4000):] }
