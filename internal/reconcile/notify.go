package reconcile

import (
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// notifying writes on the team's Task what has changed about a consult that they
// have begun on; they decide what it means.
type notifying struct{ *pathway.Notice }

func (a notifying) describe() []string {
	return []string{"tell the liaison team: " + string(*a.Notice)}
}

func (a notifying) write(w *writing) {
	task, ok := w.p.stay.TeamTask()
	if !ok {
		return
	}
	code := string(*a.Notice)
	said := w.words.Team(code)
	w.edit(task.Ref, func(e *edit) {
		e.set("businessStatus", coded(code, said))
		e.set("note.-1", w.note(said))
		e.output(fhir.Parameter{Type: paramNotified.concept(), ValueString: &code})
		w.modified(e)
	})
	w.touched(task.Ref)
}
