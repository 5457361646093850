package process

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/sandbox"
)

// disk is where a program may put files without being told to.
type disk struct {
	*testing.T
	root string
}

func (p disk) dir(name string) string { return filepath.Join(p.root, name) }

// places has every such place lead into the root, and gives the environment that says so.
func (p disk) places() []string {
	p.Helper()
	env := []string{"PWD=" + p.dir("cwd")}
	for _, name := range []string{"HOME", "TMPDIR", "TMP", "TEMP", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "cwd"} {
		if err := os.MkdirAll(p.dir(name), 0o700); err != nil {
			p.Fatal(err)
		}
		env = append(env, name+"="+p.dir(name))
	}
	return env
}

// entries tell what is there, and when each was last changed: also a file that was
// made and removed again changes its directory.
func (p disk) entries() map[string]string {
	p.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(p.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			found[path] = fmt.Sprint(info.Mode(), info.ModTime(), info.Size())
		}
		return err
	})
	if err != nil {
		p.Fatal(err)
	}
	return found
}

// openFiles are the regular files that a process has open for writing, on Linux.
func (p disk) openFiles(pid int) (open []string) {
	p.Helper()
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(fds) == 0 {
		p.Log("this system does not tell what a process has open")
	}
	for _, fd := range fds {
		info, err := os.Stat(fd)
		about, readErr := os.ReadFile(strings.Replace(fd, "/fd/", "/fdinfo/", 1))
		_, flags, _ := strings.Cut(string(about), "flags:")
		name, _ := os.Readlink(fd) // what is no file has a name of another kind
		var mode int
		if _, scanErr := fmt.Sscanf(flags, "%o", &mode); err == nil && readErr == nil && scanErr == nil &&
			info.Mode().IsRegular() && strings.HasPrefix(name, "/") && mode&(os.O_WRONLY|os.O_RDWR) != 0 {
			open = append(open, name)
		}
	}
	return open
}

// quarters are a hospital beside which tilsyn runs with nowhere to put a file.
type quarters struct {
	disk
	ctx      context.Context
	hospital *hospital.Hospital
	env, at  []string
}

func (q quarters) must(err error) {
	q.Helper()
	if err != nil {
		q.Fatal(err)
	}
}

func moveIn(t *testing.T) quarters {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	server := sandbox.New()
	srv := httptest.NewServer(server)
	t.Cleanup(func() { srv.Close(); server.Close() })
	q := quarters{disk: disk{t, t.TempDir()}, ctx: ctx, at: []string{"--fhir.base_url", srv.URL + "/fhir"}}
	q.env = q.places()
	client, err := fhir.New(fhir.Options{BaseURL: srv.URL + "/fhir"})
	q.must(err)
	t.Cleanup(client.Close)
	q.hospital, err = hospital.Open(ctx, client, "disk-")
	q.must(err)
	return q
}

// command runs a command to its end.
func (q quarters) command(args ...string) {
	q.Helper()
	c := startIn(q.T, q.dir("cwd"), q.env, args...)
	if err := c.Wait(); err != nil {
		q.Errorf("%v: %v\n%s", args, err, tail(c.logs.String()))
	}
}

func (q quarters) serve() *process {
	q.Helper()
	c := startIn(q.T, q.dir("cwd"), q.env, append([]string{"serve", "--listen", "127.0.0.1:0", "--operator.listen", "127.0.0.1:0", "--log.level", "debug",
		"--poll.interval", "100ms", "--poll.overlap", "1s"}, q.at...)...)
	await(q.T, &c.logs, `"message":"screening"`)
	return c
}

// chain admits somebody, answers, and waits until the consult is ordered.
func (q quarters) chain() hospital.Admission {
	q.Helper()
	a, err := q.hospital.Admit(q.ctx, hospital.Stay{Person: kari})
	q.must(err)
	q.must(q.hospital.Answer(q.ctx, a, "completed", 4, 4, 4))
	_, err = q.hospital.Await(q.ctx, a, func(o hospital.Outcome) bool { return o == hospital.Referred(12, "urgent") })
	q.must(err)
	return a
}

// tilsyn keeps nothing: not while it serves a whole chain, not when it is stopped
// or killed, and with no command but those that are told where to write.
func TestNothingIsKeptOnDisk(t *testing.T) {
	q := moveIn(t)
	before := q.entries()
	q.command(append([]string{"setup"}, q.at...)...)
	service := q.serve()
	a := q.chain()
	if open := q.openFiles(service.Process.Pid); len(open) > 0 {
		t.Errorf("open for writing: %q", open)
	}
	service.end(t)
	service = q.serve()
	q.chain()
	q.must(service.Process.Kill())
	_ = service.Wait() // it was killed
	for _, args := range [][]string{{"doctor", "--write"}, {"explain", a.Encounter}, {"report"}, {"quarantine"}, {"quarantine", "--retry", a.Encounter}, {"check-config"}} {
		q.command(append(args, q.at...)...)
	}
	q.command("demo")
	q.command("version")
	if after := q.entries(); !maps.Equal(before, after) {
		t.Errorf("changed on disk:\nbefore %v\nafter  %v", before, after)
	}
}

// Where something is kept, that is seen.
func TestAFileThatIsKeptIsSeen(t *testing.T) {
	p := disk{t, t.TempDir()}
	p.places()
	before := p.entries()
	f, err := os.Create(filepath.Join(p.dir("TMPDIR"), "spool"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if maps.Equal(before, p.entries()) {
		t.Error("a new file was not seen")
	}
	if open := p.openFiles(os.Getpid()); len(open) == 0 && hasProc() {
		t.Error("an open file was not seen")
	}
}

func hasProc() bool { _, err := os.Stat("/proc/self/fd"); return err == nil }
