// Package cases reads cases that a clinician can write, and plays them: a patient,
// her admission, what then happens, which rules must speak, and what must stand on
// the server afterwards. Everything in a case is done as in the sandbox, by package
// hospital, and looked at by the real reconciler. Tests use it; the service does not.
package cases

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Case is one case as it is written.
type Case struct {
	Name string `yaml:"-"` // chapter/name
	File string `yaml:"-"`

	About     string         `yaml:"about"`     // why, for who reads it
	Patient   Phrase         `yaml:"patient"`   // woman 46, if it does not say
	Admission Phrase         `yaml:"admission"` // in progress since 4h, if it does not say
	Policy    map[string]any `yaml:"policy"`    // what differs from the policy that tilsyn ships with
	Asks      yaml.MapSlice  `yaml:"asks"`      // the instruments, where it is not AUDIT-C alone, and what differs of each
	Routing   Phrase         `yaml:"routing"`   // what differs from how work is routed here
	Then      []Phrase       `yaml:"then"`      // what happens, in order
	Expect    []Phrase       `yaml:"expect"`    // the rules that speak right after the last step, in order
	Stands    []Phrase       `yaml:"stands"`    // what stands on the server when that has been done
	Again     Phrase         `yaml:"again"`     // when tilsyn looks again of itself
}

// Phrase is a few words, and where they stand.
type Phrase struct {
	Words string
	Line  int
}

// UnmarshalYAML takes one line of text, and nothing else.
func (p *Phrase) UnmarshalYAML(n ast.Node) error {
	switch n := n.(type) {
	case *ast.StringNode:
		p.Words = n.Value
	case *ast.LiteralNode:
		p.Words = n.Value.Value
	default:
		return fmt.Errorf("line %d: %s: this must be words", n.GetToken().Position.Line, n)
	}
	p.Line = n.GetToken().Position.Line
	return nil
}

// keys are those of a case, as they are written.
var keys = []string{"about", "patient", "admission", "policy", "asks", "routing", "then", "expect", "stands", "again"}

// Load reads every case below a directory: <chapter>/<file>.yaml. Whatever it does
// not know is an error that names the file, the line and what is allowed.
func Load(dir string) (all []Case, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".yaml") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		found, err := Parse(path, text)
		all = append(all, found...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, unique(all)
}

func unique(all []Case) error {
	seen := map[string]string{}
	for _, c := range all {
		if other, twice := seen[c.Name]; twice {
			return fmt.Errorf("%s: the case %q is also in %s", c.File, c.Name, other)
		}
		seen[c.Name] = c.File
	}
	return nil
}

// Parse reads a file: one case, which is named as the file, or several, each under
// its name.
func Parse(path string, text []byte) ([]Case, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, inFile(path, err)
	}
	if len(file.Docs) != 1 {
		return nil, fmt.Errorf("%s: one document is meant, here are %d", path, len(file.Docs))
	}
	body, ok := file.Docs[0].Body.(*ast.MappingNode)
	if !ok {
		return nil, fmt.Errorf("%s: a case is meant: keys are %s", path, strings.Join(keys, ", "))
	}
	chapter := filepath.Base(filepath.Dir(path))
	if single(body) {
		c, err := read(path, chapter+"/"+strings.TrimSuffix(filepath.Base(path), ".yaml"), body)
		return []Case{c}, err
	}
	var all []Case
	for _, pair := range body.Values {
		c, err := read(path, chapter+"/"+strings.Trim(pair.Key.String(), `"'`), pair.Value)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// single tells that a file is one case and not several by name.
func single(body *ast.MappingNode) bool {
	return slices.ContainsFunc(body.Values, func(v *ast.MappingValueNode) bool { return slices.Contains(keys, v.Key.String()) })
}

func read(path, name string, n ast.Node) (Case, error) {
	c := Case{Name: name, File: path}
	if _, mapping := n.(*ast.MappingNode); !mapping {
		return c, fmt.Errorf("%s:%d: %s is no case: keys are %s", path, n.GetToken().Position.Line, name, strings.Join(keys, ", "))
	}
	if err := yaml.NodeToValue(n, &c, yaml.Strict()); err != nil {
		return c, inFile(path, err)
	}
	if c.Patient.Words == "" {
		c.Patient.Words = "woman 46"
	}
	if c.Admission.Words == "" {
		c.Admission.Words = "in progress since 4h"
	}
	return c, c.check()
}

var position = regexp.MustCompile(`^\[(\d+):\d+\] `)

// inFile puts the file before the line, and says which keys there are.
func inFile(path string, err error) error {
	text := yaml.FormatError(err, false, false)
	if at := position.FindStringSubmatch(text); at != nil {
		text = at[1] + ": " + text[len(at[0]):]
	}
	if strings.Contains(text, "unknown field") {
		text += "; keys are " + strings.Join(keys, ", ")
	}
	return fmt.Errorf("%s:%s", path, strings.TrimPrefix(text, "line "))
}

// check finds what is said and not known, before anything is played.
func (c Case) check() error {
	bad := func(p Phrase, err error) error { return fmt.Errorf("%s:%d: %s: %w", c.File, p.Line, c.Name, err) }
	if _, err := patientOf(c.Patient.Words); err != nil {
		return bad(c.Patient, err)
	}
	if _, err := admissionOf(c.Admission.Words); err != nil {
		return bad(c.Admission, err)
	}
	for _, p := range c.Then {
		if _, err := stepOf(p.Words); err != nil {
			return bad(p, err)
		}
	}
	for _, p := range c.Stands {
		if err := standsOf(p.Words); err != nil {
			return bad(p, err)
		}
	}
	for _, p := range []struct {
		Phrase
		known vocabulary[bool]
	}{{c.Routing, routings}, {c.Again, agains}} {
		if _, _, err := p.known.find(p.Words); p.Words != "" && err != nil {
			return bad(p.Phrase, err)
		}
	}
	if c.Expect == nil {
		return fmt.Errorf("%s: %s: expect: name the rules that speak, or [] for none", c.File, c.Name)
	}
	return nil
}
