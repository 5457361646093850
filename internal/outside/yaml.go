package outside

import (
	"errors"
	"io"
	"slices"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/scanner"
	"github.com/goccy/go-yaml/token"
)

const (
	deepest   = 64     // of anything in one another; a configuration has 4
	mostMarks = 1000   // anchors, aliases and tags
	mostKeys  = 10_000 // the library compares each with all others of its mapping
	heaviest  = 50_000 // values, with every alias written out; 16 bytes of text count as one
)

var errLarge = errors.New("it holds too much: it is nested too deep, has too many keys, or its aliases stand for too many values")

// ReadYAML is Read and CheckYAML.
func ReadYAML(path string) ([]byte, error) {
	text, err := Read(path, MaxYAML)
	if err != nil {
		return nil, err
	}
	return text, at(path, CheckYAML(text))
}

// CheckYAML refuses what a YAML library would take much time or memory for: deep
// nesting, and a few aliases of aliases that stand for billions of values. Whether
// it is YAML at all is for the library to say.
func CheckYAML(text []byte) error {
	if beyond(string(text)) {
		return errLarge
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil // the same is found again, by whoever knows how to tell it
	}
	w := weights{}
	total := 0
	for _, doc := range file.Docs {
		total += w.of(doc.Body)
	}
	if total > heaviest {
		return errLarge
	}
	return nil
}

// beyond reads no further than to what is too much.
func beyond(text string) bool {
	var s scanner.Scanner
	s.Init(text)
	var n nesting
	for {
		tokens, err := s.Scan()
		if errors.Is(err, io.EOF) {
			return false
		}
		if slices.ContainsFunc(tokens, n.beyond) {
			return true
		}
	}
}

// nesting counts what opens in one another: brackets, the indentation of lines, and
// what opens in one line, such as - - -.
type nesting struct {
	line, inLine, brackets, marks, keys int
	indents                             []int
}

func (n *nesting) beyond(t *token.Token) bool {
	if t.Position.Line != n.line {
		n.line, n.inLine = t.Position.Line, 0
		n.indents = under(n.indents, t.Position.Column)
	}
	switch t.Type {
	case token.MappingStartType, token.SequenceStartType:
		n.brackets++
	case token.MappingEndType, token.SequenceEndType:
		n.brackets--
	case token.SequenceEntryType, token.MappingKeyType:
		n.inLine++
	case token.AnchorType, token.TagType:
		n.inLine++
		n.marks++
	case token.AliasType:
		n.marks++
	case token.MappingValueType:
		n.keys++
	}
	return max(n.brackets, n.inLine, len(n.indents)) > deepest || n.marks > mostMarks || n.keys > mostKeys
}

// under is the indentation of a line below those that it lies in.
func under(indents []int, column int) []int {
	for len(indents) > 0 && indents[len(indents)-1] >= column {
		indents = indents[:len(indents)-1]
	}
	return append(indents, column)
}

// weights are how much each anchor stands for.
type weights map[string]int

func (w weights) of(n ast.Node) int {
	sum := 1
	switch n := n.(type) {
	case nil:
		return 0
	case *ast.MappingNode:
		for _, pair := range n.Values {
			sum = add(sum, w.of(pair))
		}
	case *ast.MappingValueNode:
		sum = add(w.of(n.Key), w.of(n.Value))
	case *ast.SequenceNode:
		for _, value := range n.Values {
			sum = add(sum, w.of(value))
		}
	case *ast.TagNode:
		sum = w.of(n.Value)
	case *ast.AnchorNode:
		sum = w.of(n.Value)
		w[name(n.Name)] = sum
	case *ast.AliasNode:
		sum = add(1, w[name(n.Value)])
	default:
		sum += len(n.GetToken().Value) / 16
	}
	return sum
}

func name(n ast.Node) string {
	if n == nil || n.GetToken() == nil {
		return ""
	}
	return n.GetToken().Value
}

// add stops where it is too much anyway.
func add(a, b int) int { return min(a+b, 2*heaviest) }
