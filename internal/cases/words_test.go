package cases

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the vocabulary into the README of the cases anew")

const readme = "../pathway/testdata/cases/README.md"

const heading = "## What can be said\n"

// The README lists all that can be said, and nothing else.
func TestReadmeHasTheVocabulary(t *testing.T) {
	raw, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(raw), heading)
	want := before + heading + written()
	if *update {
		if err := os.WriteFile(readme, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(raw) != want {
		t.Errorf("%s does not list what can be said; write it with -args -update", readme)
	}
}

// written is the vocabulary as the README has it.
func written() string {
	var b strings.Builder
	for _, part := range []struct {
		title string
		words []string
	}{
		{"`patient`", patients.list()}, {"`patient`, after a comma", notes.list()},
		{"`admission`", admissions.list()}, {"`admission`, after a comma", circumstances.list()},
		{"`then`", steps.list()}, {"`stands`", standing.list()},
	} {
		fmt.Fprintf(&b, "\n%s:\n\n", part.title)
		for _, words := range part.words {
			fmt.Fprintf(&b, "    %s\n", words)
		}
	}
	b.WriteString("\nwhere\n\n")
	for _, bl := range allBlanks() {
		fmt.Fprintf(&b, "    %s: %s\n", bl.name, bl.say)
	}
	return b.String()
}

// Whatever is not known is refused: where it stands, and what is allowed.
func TestMistakes(t *testing.T) {
	const good = "patient: woman 46\nadmission: in progress since 4h\nthen: [asked]\nexpect: [wait]\nstands: [no score]\n"
	if _, err := Parse("who/x.yaml", []byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, m := range []struct{ name, old, new, line, allowed string }{
		{"a key", "stands:", "stand:", ":5:", "keys are about, patient"},
		{"a key twice", "stands:", "expect:", ":5:", "already defined"},
		{"another patient", "woman 46", "lady 46", ":1:", "<whom> <years>"},
		{"words after a patient", "woman 46", "woman 46 years", ":1:", "<whom> <years>"},
		{"a note on her", "woman 46", "woman 46, tall", ":1:", "pregnant"},
		{"another admission", "in progress since", "ongoing since", ":2:", "<stay> since <time>"},
		{"a circumstance", "since 4h", "since 4h, upstairs", ":2:", "on <ward>"},
		{"a time without unit", "since 4h", "since 4", ":2:", "such as 30m, 4h"},
		{"a step", "[asked]", "[asked, dances]", ":3:", "answers <points>"},
		{"words after a step", "[asked]", "[asked twice]", ":3:", "answers <points>"},
		{"half a step after and", "[asked]", "[asked and dances]", ":3:", "answers <points>"},
		{"points that there are not", "[asked]", "[asked, answers 5 1 1]", ":3:", "each 0 to 4"},
		{"four answers", "[asked]", "[asked, answers 1 1 1 1]", ":3:", "<points>"},
		{"a number as a step", "[asked]", "[24]", ":3:", "must be words"},
		{"a list as a patient", "woman 46", "[woman 46]", ":1:", "must be words"},
		{"what stands", "no score", "no scores", ":5:", "score <score>"},
		{"nothing expected", "expect: [wait]\n", "", "who/x", "expect:"},
		{"no YAML", "[asked]", "[asked", ":", ""},
		{"two documents", "patient:", "---\npatient: woman 30\n---\npatient:", "", "one document"},
		{"no case", good, "- 1\n", "", "keys are"},
		{"a name without a case", good, "some: words\n", ":1:", "is no case"},
	} {
		text := strings.Replace(good, m.old, m.new, 1)
		_, err := Parse("who/x.yaml", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), "who/x.yaml") || !strings.Contains(err.Error(), m.line) || !strings.Contains(err.Error(), m.allowed) {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}

// A file is one case, or several by name.
func TestSeveralCases(t *testing.T) {
	all, err := Parse("dir/who/x.yaml", []byte("one:\n  expect: [ask]\n\ntwo, and more:\n  patient: man 30\n  expect: []\n"))
	if err != nil || len(all) != 2 || all[0].Name != "who/one" || all[1].Name != "who/two, and more" || all[0].Patient.Words != "woman 46" {
		t.Errorf("%+v %v", all, err)
	}
	single, err := Parse("dir/who/x.yaml", []byte("expect: [ask]\n"))
	if err != nil || len(single) != 1 || single[0].Name != "who/x" {
		t.Errorf("%+v %v", single, err)
	}
	if err := unique(append(all, all[1])); err == nil || !strings.Contains(err.Error(), "two, and more") {
		t.Errorf("a name twice: %v", err)
	}
}

// What no case says is not in the vocabulary: it would be tried by nobody.
func TestEveryStepIsInACase(t *testing.T) {
	all, err := Load("../pathway/testdata/cases")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, c := range all {
		for _, step := range c.Then {
			for _, phrase := range strings.Split(step.Words, " and ") {
				for _, s := range steps {
					said[s.words] = said[s.words] || s.pattern.MatchString(phrase)
				}
			}
		}
	}
	for _, words := range steps.list() {
		if !said[words] {
			t.Errorf("no case says %q", words)
		}
	}
}

func TestDurations(t *testing.T) {
	for words, want := range map[string]time.Duration{"30m": 30 * time.Minute, "4h": 4 * time.Hour, "2d": 48 * time.Hour, "1d12h": 36 * time.Hour} {
		if got := duration(words); got != want || span(got) != words {
			t.Errorf("%s is %s, and that is %s", words, got, span(got))
		}
	}
}

// Whether a phrase means one thing does not depend on the order of the vocabulary.
func TestNothingMeansTwoThings(t *testing.T) {
	for _, words := range append(steps.list(), "task rejected because too ill", "answers 2 1 1", "answers completed", "1h") {
		means := 0
		for _, s := range steps {
			if s.pattern.MatchString(words) {
				means++
			}
		}
		if means > 1 {
			t.Errorf("%q means %d things", words, means)
		}
	}
}
