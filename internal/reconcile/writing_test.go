package reconcile

import (
	"testing"

	"github.com/tilsyn/tilsyn/internal/pathway"
)

// transacted is a table of actions: what is there, what is to be done, and what is
// transacted. A change makes the picture or the configuration differ.
type transacted struct {
	name   string
	there  []string
	change func(*Reconciler, *picture)
	do     []pathway.Action
	want   string
}

func (c transacted) check(t *testing.T) {
	r, s := desk(t, c.there...)
	p := seen(t, r, s)
	if c.change != nil {
		c.change(r, &p)
	}
	saysThat(t, c.name, wrote(t, r, s, p, c.do...), c.want)
}

func checkAll(t *testing.T, cases []transacted) {
	for _, c := range cases {
		c.check(t)
	}
}

func do(actions ...pathway.Action) []pathway.Action { return actions }

// protect makes the patient one of whom fewer may know.
const protectedLabel = `[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"V","display":"streng"}]`

var (
	secret = with(woman, "meta.security", protectedLabel)
	closed = &pathway.TaskChange{Status: "completed", Business: "scored"}
)
