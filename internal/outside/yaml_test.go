package outside

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// laughs are aliases of aliases: each line stands for ten of the line before.
func laughs(lines int) string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for n := 1; n < lines; n++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", n, n, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", n-1), 10), ", "))
	}
	return b.String()
}

func TestYAMLThatWouldFillTheMemoryIsRefused(t *testing.T) {
	var steps strings.Builder
	for n := range 100 {
		steps.WriteString(strings.Repeat(" ", n) + "a:\n")
	}
	for name, text := range map[string]string{
		"brackets": strings.Repeat("[", 200_000), "braces": strings.Repeat("{a: ", 60_000), "brackets with colons": strings.Repeat("[a: ", 60_000),
		"dashes": strings.Repeat("- ", 120_000), "question marks": strings.Repeat("? ", 120_000), "steps": steps.String(),
		"brackets in lines": strings.Repeat("[\n", 100_000), "tags": strings.Repeat("!a ", 80_000), "anchors": strings.Repeat("&a ", 80_000),
		"laughs": laughs(9), "few laughs": laughs(6), "a long text, often": "a: &a " + strings.Repeat("x", 100_000) + "\nb: [" + strings.Repeat("*a, ", 500) + "]",
		"a merge of merges": "- &a {x: 1}\n" + strings.Repeat("- &a {<<: *a, y: [*a, *a]}\n", 40), "keys without end": keys(15_000), "values without end": "a: [" + strings.Repeat("1,", 100_000) + "]",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := CheckYAML([]byte(text))
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: was taken", name)
		}
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 200 {
			t.Errorf("%s: %d MiB for %d bytes", name, used, len(text))
		}
	}
}

func TestOrdinaryYAMLIsTaken(t *testing.T) {
	for _, path := range []string{"../../config/tilsyn.yaml", "../pathway/policy.yaml", "../../config/advice/nb.yaml"} {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckYAML(raw); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	wards := "routing:\n  rules:\n" + strings.Repeat("    - location: Location/medisin-1\n      ward: CareTeam/medisin-1-sykepleiere\n", 3000)
	for name, text := range map[string]string{
		"nothing": "", "wards of ten hospitals": wards, "an alias": "a: &a {ward: CareTeam/1}\nb: *a\nc: {<<: *a, liaison: CareTeam/2}",
		"JSON": `{"routing": {"rules": [` + strings.Repeat(`{"location": "Location/1", "ward": "CareTeam/1"}, `, 3000) + `]}}`, "brackets in a text": "a: '" + strings.Repeat("[", 1000) + "'",
		"in its own": "a: &a [*a]", "no YAML": "a: [", "an unknown alias": "a: *b", "signs": "\x00\xff: &\n*", "an empty anchor": "a: &b\nc: *b", "two": "a: 1\n---\nb: 2\n",
	} {
		if err := CheckYAML([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: 1\n", i)
	}
	return b.String()
}

// FuzzYAML: what is taken is decoded without a panic, and does not grow.
func FuzzYAML(f *testing.F) {
	for _, seed := range []string{laughs(3), "a: &a [*a]", "{<<: &a {b: *a}}", "- - ? a\n: !b c", "a: |\n x\n---\n&a b: *a", "? [a]\n: &x\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > MaxYAML || CheckYAML([]byte(text)) != nil {
			return
		}
		var content any
		if yaml.Unmarshal([]byte(text), &content) == nil {
			if n := count(content, 20); n > 4*heaviest {
				t.Errorf("%d values from %d bytes", n, len(text))
			}
		}
	})
}

// count follows what holds itself no further than so deep.
func count(v any, deep int) int {
	n := 1
	if deep == 0 {
		return n
	}
	switch v := v.(type) {
	case map[string]any:
		for _, below := range v {
			n += count(below, deep-1)
		}
	case []any:
		for _, below := range v {
			n += count(below, deep-1)
		}
	}
	return n
}
