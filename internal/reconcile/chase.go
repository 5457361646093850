package reconcile

import (
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// chasing raises the team's Task above what it was.
type chasing struct{ *pathway.Chase }

func (a chasing) describe() []string { return []string{"raise the team's task " + a.Task} }

func (a chasing) write(w *writing) {
	w.edit(a.Task, func(e *edit) {
		e.set("priority", a.Priority)
		w.modified(e)
		e.output(fhir.Parameter{Type: paramRaised.concept(), ValueInteger: fhir.Ptr(1)})
	})
}
