package fhirserver

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// process is a server as a child. Each of them ends when its stdin does, so it cannot outlive this process even if that
// is killed.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	log   *tail
	died  chan struct{}
}

// start runs a command that has not been run yet.
func start(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, log: &tail{}, died: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	stdin, err := cmd.StdinPipe()
	if err == nil {
		p.stdin, err = stdin, cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
	}
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(p.died)
	}()
	return p, nil
}

// stop ends the process, by force if it hangs: out of heap, Java no longer listens to anybody.
func (p *process) stop() error {
	_ = p.stdin.Close()
	select {
	case <-p.died:
		return nil
	case <-time.After(10 * time.Second):
	}
	if err := p.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("kill %s: %w", filepath.Base(p.cmd.Path), err)
	}
	<-p.died
	return nil
}

// tail keeps the end of a log, enough to say why a process died.
type tail struct {
	mu  sync.Mutex
	end []byte
}

const tailSize = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, p...)
	if extra := len(t.end) - tailSize; extra > 0 {
		t.end = bytes.Clone(t.end[extra:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.end)
}
