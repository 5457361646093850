package reconcile

import (
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// This file hands the work about a protected patient to those who may know of her.

// routed remembers on a new Task to whom it was given, where nothing else
// would tell.
func (w *writing) routed(owner string) []fhir.Parameter {
	if !pathway.IsProtected(w.p.stay, w.Policy) {
		return nil
	}
	return []fhir.Parameter{{Type: paramRouted.concept(), ValueString: fhir.Ptr(pathway.Routed(owner))}}
}

// rememberOwner does so on one that is there.
func (w *writing) rememberOwner(e *edit, owner string) {
	if pathway.IsProtected(w.p.stay, w.Policy) {
		e.output(fhir.Parameter{Type: paramRouted.concept(), ValueString: &owner})
		return
	}
	e.dropOutput(paramRouted)
}

// kept is remembered of a Task whose owner had begun on it: given back, it goes
// to those who may know.
const kept = "kept"

// handingOver gives the consult to the team that is to have it now.
type handingOver struct{ *pathway.HandOver }

func (a handingOver) describe() []string {
	return []string{"give the team's task " + a.Task + " to those who may know, or to everybody's again"}
}

func (handingOver) record(*writing) (activity, from string) { return "protection", "" }

func (a handingOver) write(w *writing) {
	w.edit(a.Task, func(e *edit) {
		remembered := kept
		if !a.Keeps {
			e.set("owner", w.team())
			remembered = pathway.Routed(w.owners.Liaison)
		}
		w.place(e)
		w.rememberOwner(e, remembered)
		w.modified(e)
	})
	w.touched(a.Task)
	if a.Order != "" {
		w.edit(a.Order, func(e *edit) { w.handOverOrder(e, a.Keeps) })
		w.touched(a.Order)
	}
}

func (w *writing) handOverOrder(e *edit, keeps bool) {
	if !keeps {
		e.set("performer", []any{w.team()})
	}
	w.placeOnOrder(e)
}
