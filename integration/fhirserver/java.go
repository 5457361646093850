package fhirserver

import (
	"bytes"
	"context"
	"errors"
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
	java string
	args []string

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
	p := &process{java: java, args: arguments(jar, port, opts)}
	s := &Server{
		Base:         fmt.Sprintf("http://%s:%d/fhir", loopback, port),
		Name:         "HAPI FHIR as a local Java process",
		callbackHost: loopback,
		stop:         p.stop,
	}
	if err := s.launch(ctx, p); err != nil {
		return nil, err
	}
	if opts.Database != "" {
		s.restart = func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, opts.StartTimeout)
			defer cancel()
			return errors.Join(p.stop(), s.launch(ctx, p))
		}
	}
	return s, nil
}

// launch returns when the server can be written to.
func (s *Server) launch(ctx context.Context, p *process) error {
	err := p.start()
	if err == nil {
		err = ready(ctx, s.Base, p.died)
	}
	if err == nil {
		err = warmUp(ctx, s.Base)
	}
	if err != nil {
		_ = p.stop()
		return fmt.Errorf("start %s: %w\n%s", s.Name, err, p.log)
	}
	return nil
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

func arguments(jar string, port int, opts Options) []string {
	args := []string{
		"-Xmx1500m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", // small, and starts fastest
		"-jar", jar, "--die-with-parent",
		"--server.port=" + strconv.Itoa(port),
		"--validate=" + strconv.FormatBool(!opts.NoValidation),
	}
	if opts.Database != "" {
		// Without WRITE_DELAY=0, H2 loses the last of what it has acknowledged when it is killed.
		args = append(args, "--spring.datasource.url=jdbc:h2:file:"+filepath.Join(opts.Database, "hapi")+";WRITE_DELAY=0")
	}
	return args
}

func (p *process) start() error {
	p.log, p.died = &tail{}, make(chan struct{})
	p.cmd = exec.Command(p.java, p.args...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		close(p.died)
		return fmt.Errorf("start java: %w", err)
	}
	p.stdin = stdin
	if err := p.cmd.Start(); err != nil {
		close(p.died)
		return fmt.Errorf("start java: %w", err)
	}
	go func(cmd *exec.Cmd, died chan<- struct{}) {
		_ = cmd.Wait() // how it ended is in its log
		close(died)
	}(p.cmd, p.died)
	return nil
}

// stop ends the process, by force if it hangs: out of heap, Java no longer listens to anybody.
func (p *process) stop() error {
	if p.cmd.Process == nil {
		return nil // it never started
	}
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
