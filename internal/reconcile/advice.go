package reconcile

import (
	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// counsel puts before the ward nurse what to say and hand over, or changes a
// Task that does.
func (w *writing) counsel(change pathway.AdviceChange, score string) (made string) {
	if change.Ref == "" {
		made = fhir.NewRef()
		w.create(made, w.adviceTask(score), stay.Advice)
		w.touched(made)
		return made
	}
	w.edit(change.Ref, func(e *edit) {
		e.set("status", change.Status)
		w.modified(e)
		switch {
		case change.Reroute:
			w.reroute(e)
		case change.Why != "":
			e.set("statusReason", w.concept(change.Why, ""))
		default:
			e.delete("statusReason")
		}
	})
	w.touched(change.Ref)
	return ""
}

// adviceTask says what to say first, and then each place to hand over.
func (w *writing) adviceTask(score string) fhir.Task {
	t := fhir.Task{Output: w.routed(w.owners.Ward), Task: r4.Task{
		Meta:         w.told,
		Identifier:   []r4.Identifier{identifier(stay.Advice, w.name)},
		Status:       r4.TaskStatusRequested,
		Intent:       "order",
		Priority:     fhir.Ptr(r4.RequestPriorityRoutine),
		Code:         fhir.Ptr(fhir.Concept(CodeSystem, "brief-advice", "")),
		Description:  fhir.Ptr(w.words.of("advise")),
		Focus:        fhir.Ref(score),
		For:          w.subject(),
		Encounter:    w.encounter(),
		AuthoredOn:   fhir.Instant(w.now),
		LastModified: fhir.Instant(w.now),
		Requester:    w.device(),
		Owner:        party(w.owners.Ward, ""),
		Location:     w.location(),
		Note:         []r4.Annotation{w.note(w.Advice.Say)},
	}}
	for _, offer := range w.Advice.Offers {
		t.Note = append(t.Note, w.note(offer.Line()))
	}
	return t
}
