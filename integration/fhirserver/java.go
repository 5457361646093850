package fhirserver

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// process is our HAPI as a child. It halts when its stdin ends, so it cannot outlive this process even if that is killed.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	log   *tail
	died  chan struct{}
}

func startJava(ctx context.Context, opts Options) (*Server, error) {
	java, err := javaCommand()
	if err != nil {
		return nil, err
	}
	jar, err := hapiJar(ctx)
	if err != nil {
		return nil, err
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	p, err := launch(java, jar, port, opts)
	if err != nil {
		return nil, err
	}
	s := &Server{
		Base:         fmt.Sprintf("http://%s:%d/fhir", loopback, port),
		Name:         "HAPI FHIR as a local Java process",
		callbackHost: loopback,
		stop:         p.stop,
	}
	if err := s.awaitFirstWrite(ctx, p.died); err != nil {
		_ = p.stop()
		return nil, fmt.Errorf("start %s: %w\n%s", jar, err, p.log)
	}
	return s, nil
}

func (s *Server) awaitFirstWrite(ctx context.Context, died <-chan struct{}) error {
	if err := ready(ctx, s.Base, died); err != nil {
		return err
	}
	return warmUp(ctx, s.Base)
}

func javaCommand() (string, error) {
	name := "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		name = filepath.Join(home, "bin", "java")
	}
	return tool(name)
}

func tool(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errMissing, err)
	}
	return path, nil
}

func launch(java, jar string, port int, opts Options) (*process, error) {
	p := &process{log: &tail{}, died: make(chan struct{})}
	p.cmd = exec.Command(java,
		"-Xmx1500m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", // small, and starts fastest
		"-jar", jar, "--die-with-parent",
		"--server.port="+strconv.Itoa(port),
		"--validate="+strconv.FormatBool(!opts.NoValidation))
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start java: %w", err)
	}
	p.stdin = stdin
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start java: %w", err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in its log
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
		return fmt.Errorf("kill java: %w", err)
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
