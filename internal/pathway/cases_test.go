package pathway_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tilsyn/tilsyn/internal/cases"
)

// Every case of testdata/cases: which rules speak, and what stands on the server
// afterwards. README.md there says how one is written.
func TestCases(t *testing.T) {
	policy := must(os.ReadFile("policy.yaml"))
	for _, c := range allCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			var err error
			synctest.Test(t, func(t *testing.T) { err = cases.Play(t.Context(), c, policy) })
			if err == nil {
				return
			}
			way := ""
			synctest.Test(t, func(t *testing.T) { way = cases.Trail(t.Context(), c, policy) })
			t.Errorf("%s: %v\nwhat happened, and which rules spoke:\n%s", c.File, err, way)
		})
	}
}

func allCases(t *testing.T) []cases.Case {
	t.Helper()
	all, err := cases.Load("testdata/cases")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A case expects rules that there are.
func TestCasesExpectKnownRules(t *testing.T) {
	var known []string
	for _, row := range ruleRows() {
		known = append(known, row[0])
	}
	for _, c := range allCases(t) {
		for _, e := range c.Expect {
			if !slices.Contains(known, e.Rule()) {
				t.Errorf("%s:%d: no rule is called %q; there are %s", c.File, e.Line, e.Words, strings.Join(known, ", "))
			}
		}
	}
}
