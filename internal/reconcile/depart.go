package reconcile

import (
	"strings"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// departing tells the team that the patient has gone home, or that she has not, and lets
// the place go or come with her.
type departing struct{ *pathway.Departure }

func (a departing) describe() []string {
	switch {
	case a.Renews:
		return []string{"ask for the consult " + a.Order + " again: the patient has not gone home"}
	case a.Back:
		return []string{"tell the liaison team that the patient has not gone home"}
	}
	return []string{"tell the liaison team that the patient has gone home"}
}

func (departing) record(*writing) (activity, from string) { return "told", "" }

func (a departing) write(w *writing) {
	w.edit(a.Task, func(e *edit) {
		if a.Back {
			w.backOnTask(e, a.Departure)
		} else {
			w.goneOnTask(e)
		}
		w.placeForTeam(e)
		w.modified(e)
	})
	w.edit(a.Order, func(e *edit) {
		if a.Renews {
			e.set("status", "active")
			w.tell(e, w.words.Text("still-here"))
		}
		w.put(e, stay.LetterLeft, w.left())
		w.placeOnOrder(e)
	})
	w.touched(a.Task, a.Order)
}

func (w *writing) goneOnTask(e *edit) {
	said := w.left()
	e.set("businessStatus", coded(pathway.Discharged, said))
	w.tell(e, said)
}

// backOnTask takes the words back. What else we have said there since stays.
func (w *writing) backOnTask(e *edit, back *pathway.Departure) {
	if ourCode(e.Get("businessStatus")) == pathway.Discharged {
		e.delete("businessStatus")
	}
	w.tell(e, w.words.Text("still-here"))
	if back.Renews {
		e.set("status", "requested")
		e.set("priority", w.p.byRef[back.Order].Get("priority").String())
		w.dueAnew(e, back.Due)
		e.delete("statusReason")
	}
}

// left says that she has gone home, and when: where the Encounter says so and that is not
// still to come.
func (w *writing) left() string {
	if !w.gone() {
		return ""
	}
	end := w.loader.date(w.p.encounter.Get("period.end"))
	if !end.Known() || end.First().After(w.now) {
		return w.words.Text("gone-home")
	}
	return w.words.Text("gone-home-at", "when", w.stated(w.p.encounter.Ref(), "period.end", end.First(), clock))
}

// leftAt is when she left as the Encounter has it, or "".
func (w *writing) leftAt() string {
	if end := w.p.encounter.Get("period.end").String(); w.gone() && w.loader.date(w.p.encounter.Get("period.end")).Known() {
		return end
	}
	return ""
}

// answeredAfterwards says so of answers that came, or were changed, after that.
func (w *writing) answeredAfterwards() string {
	if !w.gone() {
		return ""
	}
	return strings.Join([]string{w.words.Text("after-discharge"), w.left()}, "\n")
}
