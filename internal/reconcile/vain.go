package reconcile

import (
	"errors"
	"fmt"

	"github.com/tilsyn/tilsyn/internal/pathway"
)

// This file is about what does not stay where it is put: a server or an EHR that drops
// it each time would be written to for ever.

// inARow is how often at most something is put where it does not stay.
const inARow = 3

// put counts that a decision was written which puts something on what is ours.
func (m *memo) put(admission string, d pathway.Decision) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for kind := range putOn(d) {
		m.puts[admission+" "+kind]++
	}
}

// inVain takes out of a decision what does not stay, and says so.
func (m *memo) inVain(admission string, d *pathway.Decision) (vain error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	puts := putOn(*d)
	for _, kind := range []string{"labels", "restore"} {
		ref, again := puts[kind]
		switch {
		case !again:
			delete(m.puts, admission+" "+kind)
		case m.puts[admission+" "+kind] >= inARow:
			*d = leftOut(*d, kind)
			vain = errors.Join(vain, fmt.Errorf("%w: %s: %s does not keep what is put there", ErrPermanent, ref, keptIn[kind]))
		}
	}
	return vain
}

// keptIn is where that is put, for who runs the system.
var keptIn = map[string]string{"labels": "meta.security", "restore": "identifier, output or businessStatus"}

// putOn is what a decision puts on resources that had it before: which kind, and the
// first of the resources.
func putOn(d pathway.Decision) map[string]string {
	puts := map[string]string{}
	for _, one := range d.All() {
		if labels := pathway.Of[pathway.Labels](one); labels != nil {
			puts["labels"] = (*labels)[0].Ref
		}
		if refs := pathway.Of[pathway.Restoration](one); refs != nil {
			puts["restore"] = (*refs)[0]
		}
	}
	return puts
}

func leftOut(d pathway.Decision, kind string) pathway.Decision {
	others := make([]pathway.Decision, 0, len(d.Others))
	for _, other := range d.Others {
		others = append(others, leftOut(other, kind))
	}
	d.Others = others
	if kind == "labels" {
		return pathway.Without[pathway.Labels](d)
	}
	return pathway.Without[pathway.Restoration](d)
}
