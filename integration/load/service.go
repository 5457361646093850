package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// build makes tilsyn as it is shipped, and gives the binary's size in bytes.
func build(dir string) (binary string, size int64, err error) {
	binary = filepath.Join(dir, "tilsyn")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "github.com/tilsyn/tilsyn/cmd/tilsyn")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", 0, fmt.Errorf("build tilsyn: %w\n%s", err, out)
	}
	info, err := os.Stat(binary)
	if err != nil {
		return "", 0, err
	}
	return binary, info.Size(), nil
}

// service is tilsyn as a process of its own.
type service struct {
	cmd   *exec.Cmd
	proc  *process.Process
	http  *http.Client
	url   string // of its hook
	pages string // for operators
	logs  bytes.Buffer
	took  time.Duration // from the start of the process until it was ready
}

// serve starts tilsyn and waits until it screens.
func (s *stage) serve(ctx context.Context, flags ...string) (*service, error) {
	v := &service{http: &http.Client{Transport: pool()}, url: fmt.Sprintf("http://127.0.0.1:%d", s.hookPort),
		pages: fmt.Sprintf("http://127.0.0.1:%d", s.pagesPort)}
	v.cmd = exec.Command(s.binary, append([]string{"serve"}, s.flags(flags...)...)...)
	v.cmd.Stderr = &v.logs
	start := time.Now()
	if err := v.cmd.Start(); err != nil {
		return nil, err
	}
	for !answers200(ctx, v.url+"/readyz") {
		if ctx.Err() != nil || time.Since(start) > time.Minute {
			v.stop()
			return nil, fmt.Errorf("tilsyn is not ready: %s", &v.logs)
		}
		time.Sleep(time.Millisecond)
	}
	v.took = time.Since(start)
	var err error
	v.proc, err = process.NewProcess(int32(v.cmd.Process.Pid))
	return v, err
}

const hookToken = "load"

// flags are a configuration as an operator would write it.
func (s *stage) flags(more ...string) []string {
	return append([]string{"--fhir.base_url", s.tap.base, "--listen", fmt.Sprintf("127.0.0.1:%d", s.hookPort), "--operator.listen", fmt.Sprintf("127.0.0.1:%d", s.pagesPort),
		"--hook.public_url", s.server.callback, "--hook.token_file", s.tokenFile, "--log.level", "warn",
		"--routing.default.ward", s.ward.hospital.Wards[0].Nurses, "--routing.default.liaison", s.ward.hospital.Liaison,
		"--routing.protected.liaison", s.ward.hospital.Liaison}, more...)
}

// setup puts on the server what tilsyn needs there.
func (s *stage) setup(flags ...string) error {
	out, err := exec.Command(s.binary, append([]string{"setup"}, s.flags(flags...)...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("tilsyn setup: %w\n%s", err, out)
	}
	return nil
}

// stop ends it as an operator would.
func (v *service) stop() {
	_ = v.cmd.Process.Signal(syscall.SIGTERM)
	_ = v.cmd.Wait()
}

// complaint is what tilsyn has logged: at this level only what went wrong.
func (v *service) complaint() error {
	if v.logs.Len() == 0 {
		return nil
	}
	return errors.New("tilsyn complains: " + strings.SplitN(v.logs.String(), "\n", 2)[0])
}

// status is of what /status shows what is needed here.
type status struct {
	Waiting    int
	Reconciled int
	Census     struct{ At time.Time }
}

func (v *service) status(ctx context.Context) (st status, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.pages+"/status", nil)
	if err != nil {
		return st, err
	}
	resp, err := v.http.Do(req)
	if err != nil {
		return st, err
	}
	defer resp.Body.Close()
	return st, json.NewDecoder(resp.Body).Decode(&st)
}

// firstPolls are two rounds over the five types that are polled: the first
// finds where to begin, the second what came meanwhile.
const firstPolls = 10

// settle waits until the first census and the first polls are over and tilsyn
// has loaded nobody for two seconds.
func (s *stage) settle(ctx context.Context, v *service, before counts) error {
	const tick = 100 * time.Millisecond
	last := -1
	for quiet := 0; quiet < 20; quiet++ {
		st, err := v.status(ctx)
		if err != nil {
			return err
		}
		c := s.tap.count().since(before)
		busy := c[loads] + c[write] // polls go on, page by page
		if st.Census.At.IsZero() || st.Waiting > 0 || c[poll] < firstPolls || busy != last {
			quiet = 0
		}
		last = busy
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(tick):
		}
	}
	return nil
}

// ring notifies the hook of one admission.
func (v *service) ring(ctx context.Context, a *admission) error {
	return v.notify(ctx, http.MethodPut, "/Encounter/"+a.encounter)
}

func (v *service) notify(ctx context.Context, method, path string) error {
	req, err := http.NewRequestWithContext(ctx, method, v.url+"/hooks/fhir"+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+hookToken)
	resp, err := v.http.Do(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("the hook answered %d", resp.StatusCode)
	}
	return nil
}
