package reconcile

import (
	"slices"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// restoring puts back on a response what a renderer has dropped, and on a Task what an
// EHR has written over. Only what is missing: what they wrote themselves stays.
type restoring struct{ *pathway.Restoration }

func (a restoring) describe() []string { return eachOf("put back what is missing on ", *a.Restoration) }

func (a restoring) record(*writing) (activity, from string) { return "restored", (*a.Restoration)[0] }

func (a restoring) write(w *writing) {
	w.touched(*a.Restoration...)
	for _, ref := range *a.Restoration {
		if typeOf(ref) == "QuestionnaireResponse" {
			w.tieToAdmission(ref)
		}
	}
	for _, t := range w.p.stay.Tasks {
		if slices.Contains(*a.Restoration, t.Ref) {
			w.putBack(t)
		}
	}
}

func (w *writing) tieToAdmission(ref string) {
	lost := map[string]any{
		"identifier": identifier(w.named(stay.Draft, w.freeNumber())),
		"subject":    w.subject(),
		"encounter":  w.encounter(),
		"authored":   w.p.byRef[ref].Get("meta.lastUpdated").String(), // nobody knows better
	}
	w.edit(ref, func(e *edit) {
		for _, element := range missing(e.Resource) {
			e.set(element, lost[element])
		}
	})
}

// freeNumber is the lowest that no draft has: the one that it was made with.
func (w *writing) freeNumber() int {
	taken := map[int]bool{}
	for _, r := range w.p.stay.Responses {
		taken[r.Number] = true
	}
	return lowestFree(taken)
}
