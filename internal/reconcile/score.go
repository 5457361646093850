package reconcile

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// score writes the Observation, or amends the one that is there: its versions
// tell what was answered when. One that says the same already is left.
func (w *writing) score(s pathway.Score) (ref string) {
	if s.Stands {
		w.touched(s.Amends)
		return s.Amends
	}
	o := w.observation(s)
	if s.Amends == "" {
		ref = fhir.NewRef()
		w.create(ref, o, stay.Score)
		w.touched(ref)
		return ref
	}
	w.edit(s.Amends, func(e *edit) {
		e.set("status", "amended")
		e.set("effectiveDateTime", o.EffectiveDateTime)
		e.set("issued", o.Issued)
		e.set("valueQuantity", o.ValueQuantity)
		e.set("interpretation", o.Interpretation)
		e.set("component", o.Component)
		e.set("derivedFrom", o.DerivedFrom)
		if o.Note != nil {
			e.set("note", o.Note)
		} else {
			e.delete("note")
		}
		e.set("meta.tag", w.meta.Tag)
	})
	w.touched(s.Amends)
	return s.Amends
}

func (w *writing) observation(s pathway.Score) r4.Observation {
	r := s.Response
	o := r4.Observation{
		Meta:              w.told,
		Identifier:        []r4.Identifier{identifier(stay.Score, w.name)},
		Status:            r4.ObservationStatusFinal,
		Category:          []r4.CodeableConcept{fhir.Concept("http://terminology.hl7.org/CodeSystem/observation-category", "survey", "Survey")},
		Code:              fhir.Concept(instrument.LOINC, instrument.CodeTotal, "Total score [AUDIT-C]"),
		Subject:           w.subject(),
		Encounter:         w.encounter(),
		EffectiveDateTime: fhir.Instant(r.Authored),
		Issued:            fhir.Instant(w.now),
		ValueQuantity:     points(*s.Result.Score),
		Interpretation:    w.interpretation(s),
		DerivedFrom:       []r4.Reference{*fhir.Ref(r.Ref)},
	}
	if performs(r.Author) {
		o.Performer = []r4.Reference{*fhir.Ref(r.Author)}
	}
	for _, item := range s.Result.Items {
		o.Component = append(o.Component, r4.ObservationComponent{
			Code:          w.item(r.Form, item.LinkID),
			ValueQuantity: points(item.Points),
		})
	}
	if s.Result.Offer != "" {
		o.Component = append(o.Component, r4.ObservationComponent{
			Code:                 fhir.Concept(CodeSystem, instrument.CodeOffer, ""),
			ValueCodeableConcept: fhir.Ptr(w.concept("offer-"+string(s.Result.Offer), "")),
		})
	}
	o.Note = w.remarks(s)
	return o
}

// remarks are what a reader of the score must know.
func (w *writing) remarks(s pathway.Score) []r4.Annotation {
	var notes []r4.Annotation
	if s.Passed {
		notes = append(notes, r4.Annotation{Text: fmt.Sprintf(w.words.of("newest-counts"), s.Response.Ref)})
	}
	for _, f := range s.Result.Flags {
		notes = append(notes, r4.Annotation{Text: w.words.of(string(f))})
	}
	return notes
}

func points(n int) *r4.Quantity {
	return &r4.Quantity{
		Value: fhir.Ptr(json.Number(strconv.Itoa(n))), Unit: fhir.Ptr(scoreUnit),
		System: fhir.Ptr(ucum), Code: fhir.Ptr(scoreUnit),
	}
}

// interpretation says positive from the advice tier on, and the tier itself.
func (w *writing) interpretation(s pathway.Score) []r4.CodeableConcept {
	const system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
	sign := fhir.Concept(system, "POS", "Positive")
	if s.Tier == pathway.None {
		sign = fhir.Concept(system, "NEG", "Negative")
	}
	tier := fhir.Concept(CodeSystem, s.Tier.String(), "")
	tier.Text = fhir.Ptr(w.words.of("tier-" + s.Tier.String()))
	return []r4.CodeableConcept{sign, tier}
}

// item names a component by its LOINC code, or by its linkId in a form that
// carries none.
func (w *writing) item(f *instrument.Form, linkID string) r4.CodeableConcept {
	if code := f.ItemCode(linkID); code != "" {
		return fhir.Concept(instrument.LOINC, code, "")
	}
	return r4.CodeableConcept{Text: &linkID}
}

// performs tells whether a response's author may stand as Observation.performer.
func performs(author string) bool {
	typ, _, _ := strings.Cut(author, "/")
	switch typ {
	case "Practitioner", "PractitionerRole", "Organization", "CareTeam", "Patient", "RelatedPerson":
		return true
	}
	return false
}

// provenance records who did it, by which policy and rules, from which answers.
func (w *writing) provenance(d pathway.Decision) {
	if len(w.targets) == 0 {
		return
	}
	reasons := make([]r4.CodeableConcept, 0, len(d.Reasons))
	for _, reason := range d.Reasons {
		reasons = append(reasons, r4.CodeableConcept{Text: fhir.Ptr(reason.Rule + ": " + reason.Text)})
	}
	activity, from := "withdraw", "Encounter/"+w.id
	switch {
	case len(d.Duplicates) > 0:
		activity, from = "duplicate", d.Duplicates[0].Keep
	case d.Score != nil:
		activity, from = "score", d.Score.Response.Ref
	case len(d.Follow) > 0:
		activity = "merged"
	case d.Restore != "":
		activity, from = "restored", d.Restore
	case d.Consult != nil && d.Consult.Completes != "":
		activity, from = "refer", d.Consult.Completes
	case d.Consult != nil:
		activity, from = "refer", w.p.stay.Before.Score.Ref
	case d.HandOver != nil || len(d.Labels) > 0:
		activity = "protection"
	}
	w.tx.Create(fhir.NewRef(), r4.Provenance{
		Meta:     w.told,
		Target:   w.targets,
		Recorded: *fhir.Instant(w.now),
		Policy:   []string{w.policyURI()},
		Reason:   reasons,
		Activity: fhir.Ptr(fhir.Concept(CodeSystem, activity, "")),
		Agent: []r4.ProvenanceAgent{{
			Type: fhir.Ptr(fhir.Concept("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "assembler", "Assembler")),
			Who:  *w.device(),
		}},
		Entity: []r4.ProvenanceEntity{{Role: r4.ProvenanceEntityRoleSource, What: *fhir.Ref(from)}},
	}, "")
}

func (w *writing) policyURI() string { return PolicySystem + "/" + w.Policy.Version }
