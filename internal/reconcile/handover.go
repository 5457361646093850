package reconcile

import (
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// This file hands the work to those who may know of a protected patient, and lets the
// team's follow a patient who is moved.

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

// handingOver gives the consult to the team that is to have it now, with the place on it.
type handingOver struct{ *pathway.HandOver }

func (a handingOver) describe() []string {
	if a.Moved {
		return []string{"let the team's task " + a.Task + " follow the patient"}
	}
	return []string{"give the team's task " + a.Task + " to those who may know, or to everybody's again"}
}

func (a handingOver) record(*writing) (activity, from string) {
	if a.Moved {
		return "follow", ""
	}
	return "protection", ""
}

func (a handingOver) write(w *writing) {
	w.edit(a.Task, func(e *edit) {
		remembered := pathway.Routed(w.owners.Liaison)
		switch {
		case a.Keeps:
			remembered = pathway.Kept
		case !a.Stays:
			e.set("owner", w.team())
		}
		w.placeForTeam(e)
		w.rememberOwner(e, remembered)
		w.modified(e)
	})
	w.touched(a.Task)
	if a.Order == "" {
		return
	}
	w.edit(a.Order, func(e *edit) {
		if !a.Keeps && !a.Stays {
			e.set("performer", []any{w.team()})
		}
		w.placeOnOrder(e)
	})
	w.touched(a.Order)
}

// performers are those whom an order names, as a configuration would: where it names
// nobody in particular, a display stands there, and "" is nobody.
func performers(order fhir.Resource) (all []string) {
	if order.Type() != "ServiceRequest" {
		return nil
	}
	for _, by := range order.Get("performer").Array() {
		name := by.Get("reference").String()
		if who := by.Get("identifier"); name == "" && who.Exists() {
			name = who.Get("system").String() + "|" + who.Get("value").String()
		}
		all = append(all, name)
	}
	return all
}
