package pathway_test

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/cases"
)

// Every rule has a row in docs/rules.md, and every row its rule and its cases;
// every case is named in a row of a rule that it expects.
func TestRulesAreDocumented(t *testing.T) {
	all, known := allCases(t), map[string]bool{}
	shown := map[string]bool{}
	for _, row := range ruleRows() {
		rule, names := row[0], row[1:]
		known[rule] = true
		for _, name := range names {
			found := showing(all, name, rule)
			if len(found) == 0 {
				t.Errorf("%s: there is no case %q that expects it", rule, name)
			}
			for _, c := range found {
				shown[c] = true
			}
		}
	}
	for _, rule := range sourceRules(t) {
		if !known[rule] {
			t.Errorf("%s: is in the source and has no row in docs/rules.md", rule)
		}
	}
	for _, c := range all {
		if !shown[c.Name] {
			t.Errorf("%s: the case %q is named in no row of docs/rules.md of a rule that it expects", c.File, c.Name)
		}
	}
}

// What the text between the rows says is shown by cases that there are.
func TestRulesNameCasesThatExist(t *testing.T) {
	all := allCases(t)
	for _, m := range quoted.FindAllStringSubmatch(string(must(os.ReadFile("../../docs/rules.md"))), -1) {
		chapter, _, ok := strings.Cut(m[1], "/")
		if _, err := os.Stat("testdata/cases/" + chapter); !ok || err != nil {
			continue
		}
		if !slices.ContainsFunc(all, func(c cases.Case) bool { return c.Name == m[1] || fileOf(c) == m[1] }) {
			t.Errorf("docs/rules.md: there is no case %q", m[1])
		}
	}
}

// fileOf is a case's file as docs/rules.md names it: chapter/file.
func fileOf(c cases.Case) string {
	return path.Dir(c.Name) + "/" + strings.TrimSuffix(filepath.Base(c.File), ".yaml")
}

// showing are the cases of a name, or of a file, that expect a rule.
func showing(all []cases.Case, name, rule string) (names []string) {
	for _, c := range all {
		expects := slices.ContainsFunc(c.Expect, func(e cases.Phrase) bool { return e.Rule() == rule })
		if expects && (c.Name == name || fileOf(c) == name) {
			names = append(names, c.Name)
		}
	}
	return names
}

var (
	ruleRow    = regexp.MustCompile("(?m)^\\| (`[^|]+`) \\|.*\\|([^|]*`[^|]*)\\|$")
	quoted     = regexp.MustCompile("`([^`]+)`")
	reasonCall = regexp.MustCompile(`^(.+\.)?(because|end|giveBack|close|no)$`)
)

// ruleRows are the rows that name a case: the rule, then its cases.
func ruleRows() (rows [][]string) {
	for _, cells := range ruleRow.FindAllStringSubmatch(string(must(os.ReadFile("../../docs/rules.md"))), -1) {
		var row []string
		for _, m := range quoted.FindAllStringSubmatch(cells[1]+cells[2], -1) {
			row = append(row, m[1])
		}
		rows = append(rows, row)
	}
	return rows
}

// sourceRules are the first arguments of the calls that give a reason.
func sourceRules(t *testing.T) (rules []string) {
	codes := map[string]string{} // constants such as Discharged, and their text
	var args []string
	collect := func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if len(n.Args) > 1 && reasonCall.MatchString(types.ExprString(n.Fun)) {
				args = append(args, types.ExprString(n.Args[0]))
			}
		case *ast.ValueSpec:
			for i, v := range n.Values {
				codes[n.Names[i].Name], _ = strconv.Unquote(types.ExprString(v))
			}
		}
		return true
	}
	for _, name := range must(build.ImportDir(".", 0)).GoFiles {
		ast.Inspect(must(parser.ParseFile(token.NewFileSet(), name, nil, 0)), collect)
	}
	for _, arg := range args {
		rules = append(rules, rulesNamed(t, arg, codes)...)
	}
	return rules
}

// rulesNamed reads an argument; a parameter hands on what a caller has named.
func rulesNamed(t *testing.T, arg string, codes map[string]string) []string {
	literal, _ := strconv.Unquote(arg)
	switch {
	case literal+codes[arg] != "": // one of them
		return []string{literal + codes[arg]}
	case arg == `"tier-" + tier.String()`:
		return []string{"tier-none", "tier-advice", "tier-consult", "tier-urgent"}
	case !slices.Contains([]string{"rule", "why", "business"}, arg):
		t.Errorf("cannot tell which rule %s is", arg)
	}
	return nil
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
