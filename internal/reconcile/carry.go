package reconcile

import (
	"fmt"

	"github.com/tilsyn/tilsyn/internal/pathway"
)

// carrying shows on the order what the team did with their Task.
type carrying struct{ *pathway.Carriage }

func (a carrying) describe() []string {
	return []string{fmt.Sprintf("set the consult %s to %s", a.Order, a.Status)}
}

func (carrying) record(*writing) (activity, from string) { return "carried", "" }

func (a carrying) write(w *writing) {
	w.edit(a.Order, func(e *edit) {
		e.set("status", a.Status)
		if a.Refused && !w.p.stay.Consult.Replied {
			w.tell(e, w.refusal())
		}
	})
	w.touched(a.Order)
	if a.Refused {
		w.passOn(a.Order)
	}
}

// passOn puts what the team has said since on what the ward has because of its no.
func (w *writing) passOn(order string) {
	if pathway.Of[pathway.AdviceChange](w.decision) != nil || pathway.Of[pathway.ReplyChange](w.decision) != nil {
		return // it says so itself
	}
	for _, t := range w.p.stay.Tasks {
		if t.Open() && t.Cause == order {
			w.edit(t.Ref, func(e *edit) {
				e.set("note.-1", w.note(w.refusal()))
				w.modified(e)
			})
			w.touched(t.Ref)
		}
	}
}
