package reconcile

import (
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// restoring puts back on a response what a renderer has dropped. Only what is
// missing: what it wrote itself stays.
type restoring struct{ *pathway.Restoration }

func (a restoring) ref() string { return string(*a.Restoration) }

func (a restoring) describe() []string {
	return []string{"tie the response " + a.ref() + " to the admission again"}
}

func (a restoring) record(*writing) (activity, from string) { return "restored", a.ref() }

func (a restoring) write(w *writing) {
	drafts := 0
	for _, r := range w.p.stay.Responses {
		if r.Ours {
			drafts++
		}
	}
	lost := map[string]any{
		"identifier": identifier(stay.Draft, numbered(w.id, drafts)),
		"subject":    w.subject(),
		"encounter":  w.encounter(),
		"authored":   w.p.byRef[a.ref()].Get("meta.lastUpdated").String(), // nobody knows better
	}
	w.edit(a.ref(), func(e *edit) {
		for _, element := range missing(e.Resource) {
			e.set(element, lost[element])
		}
	})
}
