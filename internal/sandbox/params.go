package sandbox

import (
	_ "embed"
	"maps"
	"slices"
	"strings"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/tidwall/gjson"
)

//go:embed params.txt
var parameterTable string

// catalogue holds what can be searched for, by resource type. A type that it lacks does not exist in R4.
type catalogue map[string]*kind

// kind is a resource type and its search parameters in alphabetical order.
type kind struct {
	name   string
	listed bool // has rows of its own: checked on writing and shown in /fhir/metadata
	params []*param
}

// param is one search parameter: its type as FHIR names it, and the elements it looks at.
type param struct {
	name  string
	typ   string
	paths []elementPath
}

// elementPath leads to an element through objects and arrays. A target narrows a reference to one resource type.
type elementPath struct {
	steps  []string
	target string
}

const (
	typeToken     = "token"
	typeReference = "reference"
	typeCanonical = "canonical"
	typeDate      = "date"
	typeString    = "string"
	typeURI       = "uri"
)

func newCatalogue() catalogue {
	rows := parseParameters(parameterTable)
	c := catalogue{}
	for code := r4.ResourceType(0); ; code++ {
		name := code.Code()
		if name == "<unknown>" {
			return c
		}
		own, listed := rows[name]
		if !listed {
			own = rows["?"]
		}
		c[name] = &kind{name: name, listed: listed, params: byName(rows["*"], own)}
	}
}

func byName(rows ...[]*param) []*param {
	all := slices.Concat(rows...)
	slices.SortFunc(all, func(a, b *param) int { return strings.Compare(a.name, b.name) })
	return all
}

func parseParameters(table string) map[string][]*param {
	rows := map[string][]*param{}
	section := ""
	for line := range strings.Lines(table) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
		case len(words) == 1:
			section = words[0]
		default:
			p := &param{typ: words[0], name: words[1]}
			for _, word := range words[2:] {
				steps, target, _ := strings.Cut(word, ":")
				p.paths = append(p.paths, elementPath{strings.Split(steps, "."), target})
			}
			rows[section] = append(rows[section], p)
		}
	}
	return rows
}

// names lists the resource types in alphabetical order.
func (c catalogue) names() []string { return slices.Sorted(maps.Keys(c)) }

func (k *kind) param(name string) *param {
	i, found := slices.BinarySearchFunc(k.params, name, func(p *param, name string) int { return strings.Compare(p.name, name) })
	if !found {
		return nil
	}
	return k.params[i]
}

// searchNames lists every parameter name that a search of this type takes.
func (k *kind) searchNames() []string {
	names := []string{"_id", "_lastUpdated"}
	for _, p := range k.params {
		names = append(names, p.name)
	}
	slices.Sort(names)
	return names
}

// indexed tells whether the store keeps an index for p. Strings and dates are compared one by one instead.
func (p *param) indexed() bool { return p.typ != typeDate && p.typ != typeString }

// refers tells whether p leads to other resources on this server.
func (p *param) refers() bool { return p.typ == typeReference }

// metaType is the type as a CapabilityStatement names it.
func (p *param) metaType() string {
	if p.typ == typeCanonical {
		return typeReference
	}
	return p.typ
}

// each calls yield with every element that p looks at in doc, and with the wanted target of a reference.
func (p *param) each(doc gjson.Result, yield func(v gjson.Result, target string)) {
	for _, path := range p.paths {
		walk(doc, path.steps, func(v gjson.Result) { yield(v, path.target) })
	}
}

func walk(v gjson.Result, steps []string, yield func(gjson.Result)) {
	switch {
	case v.IsArray():
		v.ForEach(func(_, element gjson.Result) bool {
			walk(element, steps, yield)
			return true
		})
	case len(steps) == 0:
		if v.Exists() && v.Type != gjson.Null {
			yield(v)
		}
	case v.IsObject():
		walk(v.Get(steps[0]), steps[1:], yield)
	}
}

// present tells whether doc has any element that p looks at.
func (p *param) present(doc gjson.Result) bool {
	found := false
	p.each(doc, func(v gjson.Result, target string) {
		found = found || target == "" || strings.HasPrefix(localReference(v.Get("reference").String()), target+"/")
	})
	return found
}
