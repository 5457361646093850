package reconcile

import (
	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// advising puts before the ward nurse what to say and hand over, or changes a
// Task that does.
type advising struct{ *pathway.AdviceChange }

func (a advising) describe() []string { return []string{"set the task to give advice to " + a.Status} }

func (a advising) write(w *writing) {
	if a.Ref == "" {
		w.made.advice = fhir.NewRef()
		w.create(w.made.advice, w.adviceTask(a.Cause), stay.Advice)
		w.touched(w.made.advice)
		return
	}
	w.changeWards(*a.AdviceChange, w.words.Advice)
}

// changeWards changes a Task that the ward has because of answers.
func (w *writing) changeWards(a pathway.AdviceChange, said func(code string) string) {
	w.edit(a.Ref, func(e *edit) {
		e.set("status", a.Status)
		w.modified(e)
		switch {
		case a.Reroute:
			w.reroute(e)
		case a.Reworded && a.Status != "requested": // somebody has begun on it, and why is theirs
		case a.Why != "":
			e.set("statusReason", coded(a.Why, said(a.Why)))
		default:
			e.delete("statusReason")
		}
		if a.Reworded {
			w.reword(e)
		}
		if a.Cause != "" {
			e.set("reasonReference", fhir.Ref(a.Cause))
			e.set("note.-1", w.note(w.refusal()))
		}
	})
	w.touched(a.Ref)
}

// wardsTask is one that the ward has because of answers, or of what came of them; what is
// said on it follows.
func (w *writing) wardsTask(code, focus string) fhir.Task {
	return fhir.Task{Output: w.routed(w.owners.Ward), Task: r4.Task{
		Meta:         w.jointMeta,
		Status:       r4.TaskStatusRequested,
		Intent:       "order",
		Priority:     fhir.Ptr(r4.RequestPriorityRoutine),
		Code:         fhir.Ptr(w.concept(code)),
		Focus:        fhir.Ref(focus),
		For:          w.subject(),
		Encounter:    w.encounter(),
		AuthoredOn:   fhir.Instant(w.now),
		LastModified: fhir.Instant(w.now),
		Requester:    w.device(),
		Owner:        party(w.owners.Ward, ""),
		Location:     w.location(),
	}}
}

// adviceTask says what to say first, and then each place to hand over; before all, why
// the team does not come, where the advice is in place of a consult.
func (w *writing) adviceTask(consult string) fhir.Task {
	t := w.wardsTask("brief-advice", w.scoreOf(consult))
	t.Identifier = []r4.Identifier{identifier(w.name.As(stay.Advice))}
	t.Description = fhir.Ptr(w.words.Text("advise"))
	t.Note = []r4.Annotation{w.note(w.toSay())}
	if w.p.stay.Patient.Pregnant {
		t.ReasonCode = fhir.Ptr(w.concept(pathway.Pregnant))
	}
	if consult != "" {
		t.ReasonReference = fhir.Ref(consult)
		t.Note = append([]r4.Annotation{w.note(w.refusal())}, t.Note...)
	}
	if a := pathway.Of[pathway.AdviceChange](w.decision); a != nil && a.Offer {
		t.Note = append([]r4.Annotation{w.note(w.words.Text("make-offer"))}, t.Note...)
	}
	for _, offer := range w.Advice.Offers {
		t.Note = append(t.Note, w.note(offer.Line()))
	}
	return t
}
