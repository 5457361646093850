package pathway_test

import (
	"encoding/json"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/tilsyn/tilsyn/internal/pathway"
)

// Every rule has a row in docs/rules.md, and every row its rule and its cases.
func TestRulesAreDocumented(t *testing.T) {
	spoke, known := goldenRules(t), map[string]bool{}
	for _, row := range ruleRows() {
		rule, cases := row[0], row[1:]
		known[rule] = true
		for _, name := range cases {
			if !slices.Contains(spoke[name], rule) {
				t.Errorf("%s: the golden case %q does not show it: %q", rule, name, spoke[name])
			}
		}
	}
	spoke["the source"] = sourceRules(t)
	for where, rules := range spoke {
		for _, rule := range rules {
			if !known[rule] {
				t.Errorf("%s: is in %q and has no row in docs/rules.md", rule, where)
			}
		}
	}
}

var (
	ruleRow    = regexp.MustCompile("(?m)^\\| (`[^|]+`) \\|.*\\|([^|]*`[^|]*)\\|$")
	quoted     = regexp.MustCompile("`([^`]+)`")
	reasonCall = regexp.MustCompile(`^(.+\.)?(because|end|giveBack|close|no)$`)
)

// ruleRows are the rows that name a golden case: the rule, then its cases.
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

// goldenRules are the rules that spoke in each golden case.
func goldenRules(t *testing.T) map[string][]string {
	var decisions map[string]struct{ Reasons []pathway.Reason }
	if err := json.Unmarshal(must(os.ReadFile("testdata/decisions.json")), &decisions); err != nil {
		t.Fatal(err)
	}
	rules := map[string][]string{}
	for name, d := range decisions {
		for _, r := range d.Reasons {
			rules[name] = append(rules[name], r.Rule)
		}
	}
	return rules
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
