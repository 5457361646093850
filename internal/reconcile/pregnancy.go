package reconcile

import (
	"cmp"
	"fmt"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// This file is what people read of a patient who is pregnant. Any score is talked
// through then, so nothing may say that it could be below a limit.

// pregnant says it to the team, while she is.
func (w *writing) pregnant() string {
	if !w.p.stay.Patient.Pregnant {
		return ""
	}
	return w.words.Text("pregnant")
}

// flagged is why a person is to look at the answers.
func (w *writing) flagged(flag instrument.Flag) string {
	if flag == instrument.FlagItem1Only && w.p.stay.Patient.Pregnant {
		return w.words.Text("item-1-only-pregnant")
	}
	return w.words.Code(string(flag))
}

// toSay is what the ward tells the patient.
func (w *writing) toSay() string {
	if w.p.stay.Patient.Pregnant {
		return cmp.Or(w.Advice.SayPregnant, w.Advice.Say)
	}
	return w.Advice.Say
}

// reword lets advice say what is for a pregnant patient. What people have written beside
// it stays.
func (w *writing) reword(e *edit) {
	e.set("reasonCode", w.concept(pathway.Pregnant))
	for i, note := range e.Get("note").Array() {
		if note.Get("text").String() == w.Advice.Say {
			e.set(fmt.Sprintf("note.%d", i), w.note(w.Advice.SayPregnant))
			return
		}
	}
	e.set("note.-1", w.note(w.Advice.SayPregnant)) // it was worded otherwise then
}

// Pregnancy hints that a pregnancy of a patient, Patient/id, was recorded lately: what
// was made of her answers may not know of it. What is read then decides.
func (r *Reconciler) Pregnancy(patient string) { r.loader.seen.hear(patient, r.Now()) }
