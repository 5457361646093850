package outside

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestOnlyRegularFilesOfBoundedSizeAreRead(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(syscall.Mkfifo(in("pipe"), 0o600))
	must(os.Symlink(in("pipe"), in("a link to a pipe")))
	must(os.Symlink(in("circle"), in("circle")))
	l, err := net.Listen("unix", in("socket"))
	must(err)
	defer l.Close()
	must(os.WriteFile(in("full"), make([]byte, 1000), 0o600))
	must(os.WriteFile(in("large"), make([]byte, 1001), 0o600))
	must(os.WriteFile(in("endless"), nil, 0o600))
	must(os.Truncate(in("endless"), 1<<40))
	must(os.Symlink(in("full"), in("a link")))
	for path, want := range map[string]string{
		in("full"): "", in("a link"): "", in("large"): "larger than", in("endless"): "larger than", in("pipe"): "no regular file", in("a link to a pipe"): "no regular file",
		in("socket"): "no regular file", dir: "no regular file", "/dev/zero": "no regular file", "/dev/null": "no regular file", in("absent"): "no such file",
		in("circle"): "too many levels", in("full") + "/x": "not a directory", "a\x00b": "invalid argument", "": "no such file",
	} {
		raw, err := Read(path, 1000)
		if want == "" && (err != nil || len(raw) != 1000) || want != "" && (err == nil || !strings.Contains(err.Error(), want) || len(raw) > 0) {
			t.Errorf("%q: %d bytes, %v", path, len(raw), err)
		}
		if named, ok := errors.AsType[*fs.PathError](err); err != nil && (!ok || named.Path != path) {
			t.Errorf("%q: the error names %v", path, err)
		}
	}
	if _, err := Read("/proc/self/maps", 10); err == nil {
		t.Error("a file that says it is empty was read beyond the limit")
	}
}

// A file system that does not answer is asked once at a time, however many wait, and
// for a few seconds; when it is back, so are its files.
func TestAFileSystemThatDoesNotAnswerIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back, asks := make(chan struct{}), atomic.Int32{}
		hung := func() (string, error) { asks.Add(1); <-back; return "late", nil }
		for _, wait := range []time.Duration{patience, 0, 0} { // those who come later wait no second time
			started := time.Now()
			if _, err := soon("a file", hung); !errors.Is(err, errSilent) || time.Since(started) != wait {
				t.Errorf("%v after %s", err, time.Since(started))
			}
		}
		if got, err := soon("another", func() (string, error) { return "here", nil }); got != "here" || err != nil {
			t.Errorf("another file: %q, %v", got, err)
		}
		close(back)
		synctest.Wait()
		if got, err := soon("a file", func() (string, error) { return "now", nil }); got != "now" || err != nil || asks.Load() != 1 {
			t.Errorf("afterwards %q, %v; it was asked %d times", got, err, asks.Load())
		}
	})
}

func TestAFolderIsListed(t *testing.T) {
	dir, many := t.TempDir(), t.TempDir()
	for _, name := range []string{"b", "a", ".hidden", "..data", "..2026_11_27_01"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for n := range manyNames + 1 {
		if err := os.Mkdir(filepath.Join(many, strconv.Itoa(n)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := List(dir); err != nil || strings.Join(got, " ") != ".hidden a b" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := List(filepath.Join(dir, "a")); err != nil || len(got) != 0 {
		t.Errorf("%q, %v", got, err)
	}
	for path, want := range map[string]string{many: "more than 1000", "read_test.go": "no folder", filepath.Join(dir, "c"): "no such file", "/dev/null": "no folder"} {
		if got, err := List(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
}
