package instrument

import (
	"fmt"
	"slices"
	"sync"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
)

// Embedded are the instruments that come with the binary, by name.
var Embedded = sync.OnceValue(func() (all []*Definition) {
	for _, name := range artifacts.Instruments() {
		d, err := embedded(name)
		if err != nil {
			panic(fmt.Sprintf("the definition of %s: %v", name, err)) // it is ours, and tested
		}
		all = append(all, d)
	}
	return all
})

func embedded(name string) (*Definition, error) {
	raw, err := artifacts.Definition(name)
	if err != nil {
		return nil, err
	}
	return ParseDefinition(raw)
}

// Named finds an instrument of those that are embedded.
func Named(name string) (*Definition, bool) {
	i := slices.IndexFunc(Embedded(), func(d *Definition) bool { return d.Name == name })
	if i < 0 {
		return nil, false
	}
	return Embedded()[i], true
}

// AuditC is the instrument that every hospital has.
func AuditC() *Definition {
	d, _ := Named(artifacts.AuditC)
	return d
}
