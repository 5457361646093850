package process

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// oddKinds are what a setting may name by mistake, or because somebody else may
// write there.
var oddKinds = map[string]func(t *testing.T, path string) error{
	"a directory":               func(_ *testing.T, path string) error { return os.Mkdir(path, 0o700) },
	"a device without end":      func(_ *testing.T, path string) error { return os.Symlink("/dev/zero", path) },
	"a pipe that nobody writes": func(_ *testing.T, path string) error { return syscall.Mkfifo(path, 0o600) },
	"a file of a terabyte":      func(_ *testing.T, path string) error { return sparse(path, 1<<40) },
	"a socket":                  socket,
}

// oddTexts are what no YAML library should be given.
var oddTexts = map[string]string{
	"brackets":              strings.Repeat("[", 200_000),
	"more brackets":         strings.Repeat("[", 400_000),
	"dashes":                strings.Repeat("- ", 100_000),
	"aliases of aliases":    laughs(),
	"one long key":          strings.Repeat("\u202e\x1bx", 40_000) + ": 1\n",
	"one long value":        `version: "` + strings.Repeat(`\x1b\u202e`, 20_000) + `"`,
	"nine thousand keys":    numbered(),
	"a text of two hundred": strings.Repeat("x", 200_000),
}

func sparse(path string, size int64) error {
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return err
	}
	return os.Truncate(path, size)
}

func socket(t *testing.T, path string) error {
	l, err := net.Listen("unix", path)
	if err == nil {
		t.Cleanup(func() { l.Close() })
	}
	return err
}

func laughs() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x]\n")
	for n := 1; n < 12; n++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s*a%d]\n", n, n, strings.Repeat(fmt.Sprintf("*a%d, ", n-1), 9), n-1)
	}
	return b.String()
}

func numbered() string {
	var b strings.Builder
	for n := range 9_000 {
		fmt.Fprintf(&b, "k%d: 1\n", n)
	}
	return b.String()
}

// Whatever a setting names, a command ends soon, takes little memory, and says
// little that can be read.
func TestWhateverASettingNames(t *testing.T) {
	for name, put := range oddKinds {
		for _, key := range []string{"config", "policy.file", "advice.file", "fhir.token_file", "fhir.tls.ca_file", "tls.cert_file"} {
			t.Run(name+" as "+key, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "odd")
				if err := put(t, path); err != nil {
					t.Fatal(err)
				}
				refused(t, key, path)
			})
		}
	}
	for name, text := range oddTexts {
		for _, key := range []string{"config", "policy.file", "advice.file"} {
			t.Run(name+" as "+key, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "odd")
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				refused(t, key, path)
			})
		}
	}
}

// Nor does what lies in the folder of the site's instruments do harm.
func TestWhateverLiesInTheFolderOfInstruments(t *testing.T) {
	for name, put := range oddKinds {
		for _, file := range []string{"", "mine", "mine/definition.yaml", "mine/questionnaire.json"} {
			t.Run(name+" as "+file, func(t *testing.T) {
				dir := filepath.Join(short(t), "d")
				put := func(path string) error { return put(t, path) }
				refused(t, "instruments.dir", odd(t, dir, file, put))
			})
		}
	}
	for name, text := range oddTexts {
		for _, file := range []string{"mine/definition.yaml", "mine/questionnaire.json"} {
			t.Run(name+" as "+file, func(t *testing.T) {
				dir := filepath.Join(short(t), "d")
				put := func(path string) error { return os.WriteFile(path, []byte(text), 0o600) }
				refused(t, "instruments.dir", odd(t, dir, file, put))
			})
		}
	}
	t.Run("names", func(t *testing.T) {
		dir := t.TempDir()
		for n := range 900 {
			if err := os.Mkdir(filepath.Join(dir, fmt.Sprintf("\x1b\u202e%0200d", n)), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		refused(t, "instruments.dir", dir)
	})
}

// short is a folder whose path leaves room for that of a socket.
func short(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "i")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// odd is the folder with one odd thing in it, and the rest of an instrument as it may be.
func odd(t *testing.T, dir, file string, put func(path string) error) string {
	t.Helper()
	path := filepath.Join(dir, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if filepath.Dir(file) == "mine" {
		for _, name := range []string{"definition.yaml", "questionnaire.json"} {
			raw, err := os.ReadFile("../../docs/instruments/sleep/" + name)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.ReplaceAll(string(raw), "name: sleep", "name: mine")
			if err := os.WriteFile(filepath.Join(dir, "mine", name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := put(path); err != nil {
		t.Fatal(err)
	}
	return dir
}

func refused(t *testing.T, key, path string) {
	t.Helper()
	args := []string{"check-config", "--fhir.base_url", "https://ehr.example/fhir", "--" + key, path}
	if key == "tls.cert_file" {
		args = append(args, "--tls.key_file", "env:HOME")
	}
	p := start(t, []string{tellsHeap}, args...)
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	select {
	case <-ended:
		wantModest(t, p)
	case <-time.After(2 * time.Minute):
		t.Fatal("it hangs")
	}
}

func wantModest(t *testing.T, p *process) {
	t.Helper()
	if peak := p.peak(); peak > 80 {
		t.Errorf("%d MiB of heap", peak)
	}
	said := p.said()
	if len(said) > 120_000 || strings.ContainsAny(said, "\x1b\u202e\x00") {
		t.Errorf("it says %d bytes: %.200q", len(said), said)
	}
	if p.ProcessState.ExitCode() != exitWrongUse {
		t.Errorf("exit %d: %.300s", p.ProcessState.ExitCode(), said)
	}
}
