// Package docs_test checks the papers against the code.
package docs_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	named = regexp.MustCompile("`((?:Test|Fuzz)[A-Z][A-Za-z0-9]*)(?:/([^`]+))?`")
	// withoutTest are the rows that may name none: what is left to people.
	withoutTest = regexp.MustCompile(`^\| (A dependency or the build|leaked: to people)`)
)

// What a paper says is tested, is: each test that it names exists, with its case,
// and each hazard and each threat names one.
func TestPapersNameTestsThatExist(t *testing.T) {
	tests, cases := testsOfTheModule(t)
	for _, paper := range []string{"security.md", "intended-purpose.md"} {
		raw, err := os.ReadFile(paper)
		if err != nil {
			t.Fatal(err)
		}
		wanted := false // in a table whose last column is the test
		for n, line := range strings.Split(string(raw), "\n") {
			found := named.FindAllStringSubmatch(line, -1)
			for _, m := range found {
				if !tests[m[1]] || m[2] != "" && !cases[m[2]] {
					t.Errorf("%s:%d: there is no test %s", paper, n+1, m[0])
				}
			}
			switch {
			case !strings.HasPrefix(line, "|"):
				wanted = false
			case strings.HasSuffix(line, "| test |"):
				wanted = true
			case wanted && len(found) == 0 && !strings.HasPrefix(line, "|---") && !withoutTest.MatchString(line):
				t.Errorf("%s:%d: no test is named", paper, n+1)
			}
		}
	}
}

// testsOfTheModule are the names of test functions, and of cases: every text in a
// test, and every golden decision.
func testsOfTheModule(t *testing.T) (tests, cases map[string]bool) {
	t.Helper()
	tests, cases = map[string]bool{}, golden(t)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				tests[n.Name.Name] = n.Recv == nil || tests[n.Name.Name]
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); err == nil {
					cases[text] = true
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests, cases
}

func golden(t *testing.T) map[string]bool {
	t.Helper()
	raw, err := os.ReadFile("../internal/pathway/testdata/decisions.json")
	if err != nil {
		t.Fatal(err)
	}
	var decisions map[string]any
	if err := json.Unmarshal(raw, &decisions); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for name := range decisions {
		names[name] = true
	}
	return names
}
