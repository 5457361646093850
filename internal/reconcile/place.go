package reconcile

import (
	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file says where the patient is, and until when, on what we write: in elements,
// and in the letter.

func (w *writing) hides(what string) bool { return w.Policy.Hides(w.p.stay, what) }

// place says on a Task where the patient is, or takes that off it.
func (w *writing) place(e *edit) {
	at := w.location()
	putPlace(e, "location", at, at != nil, w.hides(pathway.ShowLocation))
}

// putPlace writes a place that is known, and takes off one that is not to stand.
func putPlace(e *edit, element string, at any, known, hidden bool) {
	switch {
	case known:
		e.set(element, at)
	case hidden:
		e.delete(element)
	}
}

// whereabouts are where the team finds the patient; nil: nowhere here, or for fewer to
// know.
func (w *writing) whereabouts() *r4.Reference {
	if w.gone() {
		return nil
	}
	return w.location()
}

func (w *writing) gone() bool { return w.p.stay.Admission.Status == stay.Finished }

// placeForTeam says on the team's Task where the patient is, or takes that off it.
func (w *writing) placeForTeam(e *edit) {
	at := w.whereabouts()
	putPlace(e, "location", at, at != nil, w.gone() || w.hides(pathway.ShowLocation))
}

// placeOnOrder does so on the order.
func (w *writing) placeOnOrder(e *edit) {
	at := w.locations()
	putPlace(e, "locationReference", at, at != nil, w.gone() || w.hides(pathway.ShowLocation))
	w.put(e, stay.LetterPlace, w.ward())
	w.put(e, stay.LetterLeaving, w.leaving())
	if w.hides(pathway.ShowWard) {
		w.put(e, stay.LetterAuthor, "")
		w.shortenOldLetters(e)
	}
}

// ward is the place in words.
func (w *writing) ward() string {
	ward := w.p.stay.Admission.Ward
	if ward == "" || w.gone() || w.hides(pathway.ShowWard) {
		return ""
	}
	return w.words.Text("ward", "ward", ward)
}

// plannedEnds are where an Encounter says when the patient is expected to go home. R4
// has no element for it: R5's plannedEndDate as HL7's extensions bring it to R4, dk-core's
// own, or the end of the period while the stay goes on.
var plannedEnds = []string{
	`extension.#(url=="http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate").valueDateTime`,
	`extension.#(url=="http://hl7.dk/fhir/core/StructureDefinition/dk-core-planned-end-date").valueDateTime`,
	"period.end",
}

// leaving says when she is expected to go home, where that is still to come.
func (w *writing) leaving() string {
	if w.gone() {
		return ""
	}
	for _, element := range plannedEnds {
		if at := w.loader.date(w.p.encounter.Get(element)); at.Last().After(w.now) {
			return w.words.Text("leaving", "when", w.stated(w.p.encounter.Ref(), element, at.First(), clock))
		}
	}
	return ""
}
