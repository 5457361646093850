package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// mutant is one fault: a text of a file, and what stands there instead.
type mutant struct {
	File string `yaml:"-"`
	Old  string `yaml:"old"`
	New  string `yaml:"new"`
	Harm string `yaml:"harm"` // what it would do to a patient, or to who treats her

	source string // of the file
	line   int
}

func (m mutant) pkg() string   { return filepath.Dir(m.File) }
func (m mutant) where() string { return fmt.Sprintf("%s:%d", m.File, m.line) }

func (m mutant) change() string {
	lines := func(mark, text string) string {
		return "  " + mark + strings.ReplaceAll(text, "\n", "\n  "+mark) + "\n"
	}
	return lines("- ", m.Old) + lines("+ ", m.New) + lines("would: ", m.Harm)
}

// read gives the faults, and says of each that does not fit what to do.
func read(list, only string) (mutants []mutant, err error) {
	text, err := os.ReadFile(list)
	if err != nil {
		return nil, err
	}
	var files map[string][]mutant
	if err := yaml.UnmarshalWithOptions(text, &files, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %w", list, err)
	}
	var errs []error
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if !strings.Contains(file, only) {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w: was it renamed? Rename it here too", list, err))
		}
		for _, m := range files[file] {
			m.File, m.source = file, string(source)
			errs = append(errs, m.find())
			mutants = append(mutants, m)
		}
	}
	return mutants, errors.Join(errs...)
}

// find looks for the text that is to be replaced: it must stand there once.
func (m *mutant) find() error {
	if m.Old == "" || m.Old == m.New || m.Harm == "" {
		return fmt.Errorf("%s: a fault needs old, another new, and harm:\n%s", m.File, m.change())
	}
	at := m.text().FindAllStringIndex(m.source, -1)
	switch n := len(at); {
	case n == 0:
		return fmt.Errorf("%s: this text is not there any more. Say the same fault as the code is now; take it out only if its rule is gone:\n%s", m.File, m.change())
	case n > 1:
		return fmt.Errorf("%s: this text stands there %d times. Add what stands around the one that is meant:\n%s", m.File, n, m.change())
	}
	m.line = 1 + strings.Count(m.source[:at[0][0]], "\n")
	return nil
}

// text finds what is to be replaced: YAML knows no tabs, so lines may be indented anyhow.
func (m mutant) text() *regexp.Regexp {
	lines := strings.Split(m.Old, "\n")
	for i, line := range lines {
		lines[i] = regexp.QuoteMeta(strings.TrimSpace(line))
	}
	return regexp.MustCompile(strings.Join(lines, `\n\s*`))
}

// planted is the file with the fault in it, or as it is where there is none.
func (m mutant) planted() string {
	if m.Old == "" {
		return m.source
	}
	return m.text().ReplaceAllLiteralString(m.source, m.New)
}

// fate is what became of a fault.
type fate string

const (
	noticed  fate = "noticed"
	survived fate = "SURVIVED"
	unbuilt  fate = "CANNOT BE BUILT"
)

type outcome struct {
	fate fate
	said string // what there is to say of it, in whole lines
	took time.Duration
}

// try builds the tests of the package with the fault laid over its file, in a
// directory of its own, and runs them until the first fails. Symbols are left out: what
// links faster is planted sooner.
func (m mutant) try(dir string) outcome {
	began := time.Now()
	overlay, err := m.overlay(dir)
	if err != nil {
		return outcome{unbuilt, err.Error() + "\n", time.Since(began)}
	}
	binary := filepath.Join(dir, "test")
	defer os.Remove(binary)
	build := exec.Command("go", "test", "-c", "-ldflags", "-s -w", "-overlay", overlay, "-o", binary, "./"+m.pkg())
	if out, err := build.CombinedOutput(); err != nil {
		return outcome{unbuilt, string(out), time.Since(began)}
	}
	failed, err := fails(binary, m.pkg())
	if err != nil {
		return outcome{noticed, cmp.Or(failed, err.Error()) + "\n", time.Since(began)}
	}
	return outcome{survived, "", time.Since(began)}
}

// overlay writes the file with the fault in it, and what lays it over the tree.
func (m mutant) overlay(dir string) (path string, err error) {
	planted, err := filepath.Abs(m.File)
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, filepath.Base(m.File))
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{planted: file}})
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "overlay.json")
	return path, errors.Join(os.MkdirAll(dir, 0o700),
		os.WriteFile(file, []byte(m.planted()), 0o600),
		os.WriteFile(path, overlay, 0o600))
}

// fails runs a test binary until its first test fails, and says which that was.
// -test.failfast does not stop tests that run in parallel, so it is ended from here.
func fails(binary, pkg string) (failed string, err error) {
	ctx, cancel := limited()
	defer cancel()
	tests := exec.CommandContext(ctx, binary, "-test.v", "-test.failfast", "-test.paniconexit0")
	tests.Dir = pkg
	out, err := tests.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := tests.Start(); err != nil {
		return "", err
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() && failed == "" {
		if strings.Contains(lines.Text(), "--- FAIL: ") {
			failed = strings.TrimSpace(lines.Text())
			cancel()
		}
	}
	_, _ = io.Copy(io.Discard, out)
	return failed, tests.Wait()
}
