package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"

	"github.com/tilsyn/tilsyn/integration/fhirserver"
	"github.com/tilsyn/tilsyn/internal/hospital"
)

// server is the FHIR server under load.
type server struct {
	base, name string
	callback   string           // how it reaches the hook
	proc       *process.Process // nil: not a process of this machine
	stop       func()
}

// findServer finds a real one as the integration suite does.
func findServer(ctx context.Context, hookPort int) (*server, error) {
	s, err := fhirserver.Find(ctx, fhirserver.Options{NoValidation: true, HostPorts: []int{hookPort}})
	if err != nil {
		return nil, err
	}
	return &server{s.Base, s.Name, s.Callback(hookPort), listening(s.Base), func() { _ = s.Stop() }}, nil
}

// startSandbox runs the embedded one as a process of its own.
func startSandbox(ctx context.Context, binary string, hookPort int) (*server, error) {
	port, err := fhirserver.FreePort()
	if err != nil {
		return nil, err
	}
	addr := "127.0.0.1:" + strconv.Itoa(port)
	cmd := exec.Command(binary, "sandbox", "--listen", addr)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop := func() { _ = cmd.Process.Kill(); _ = cmd.Wait() } // it keeps nothing
	base := "http://" + addr + "/fhir"
	if err := hospital.Wait(ctx, func() (bool, error) { return answers200(ctx, base+"/metadata"), nil }); err != nil {
		stop()
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	proc, err := process.NewProcess(int32(cmd.Process.Pid))
	return &server{base, "the sandbox, a process of its own", fmt.Sprintf("http://127.0.0.1:%d", hookPort), proc, stop}, err
}

func answers200(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// listening is the process behind a local address. One that only forwards to
// a container tells nothing of the server.
func listening(base string) *process.Process {
	u, err := url.Parse(base)
	if err != nil {
		return nil
	}
	open, err := net.Connections("tcp")
	if err != nil {
		return nil
	}
	for _, c := range open {
		if c.Status != "LISTEN" || strconv.Itoa(int(c.Laddr.Port)) != u.Port() || c.Pid == 0 {
			continue
		}
		p, err := process.NewProcess(c.Pid)
		if err != nil {
			return nil
		}
		if name, err := p.Name(); err != nil || name == "docker-proxy" {
			return nil
		}
		return p
	}
	return nil
}

// cpu is the processor time of a process since its start, user and system; 0
// for one that is not known.
func cpu(p *process.Process) time.Duration {
	if p == nil {
		return 0
	}
	t, err := p.Times()
	if err != nil {
		return 0
	}
	return time.Duration((t.User + t.System) * float64(time.Second))
}

const mib = 1 << 20

// peakMemory is the most that a process has held in memory so far, in MiB. Its
// rusage would not do: Linux counts the parent that it was forked from.
func peakMemory(p *process.Process) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid))
	if err != nil {
		return 0, fmt.Errorf("memory: %w", err)
	}
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	var kib float64
	_, err = fmt.Sscan(peak, &kib)
	return kib * 1024 / mib, err
}
