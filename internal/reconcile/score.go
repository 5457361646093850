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

// scoring writes the Observation, or amends the one that is there: its versions
// tell what was answered when. One that says the same already is left.
type scoring struct{ *pathway.Score }

func (a scoring) describe() []string {
	return []string{fmt.Sprintf("write the score (tier %s)", a.Tier)}
}

func (a scoring) record(*writing) (activity, from string) { return "score", a.Response.Ref }

func (a scoring) shown() pathway.Action {
	score := *a.Score
	score.Result.Score, score.Result.Items, score.Result.Offer, score.Result.Declined = nil, nil, "", false
	return &score
}

func (a scoring) write(w *writing) {
	o := w.observation(*a.Score)
	w.made.score = a.Amends
	switch {
	case a.Amends == "":
		w.made.score = fhir.NewRef()
		o.Extension = w.closedBefore()
		w.create(w.made.score, o, stay.Score)
	case !a.Stands:
		w.edit(a.Amends, func(e *edit) {
			w.amend(e, o)
			for _, x := range w.closedBefore() {
				e.extend(x)
			}
		})
	}
	w.touched(w.made.score)
}

// closedBefore keeps with the score how a person had ended the question before it was
// answered: when the answers are withdrawn, that holds again.
func (w *writing) closedBefore() []r4.Extension {
	task, _ := w.p.stay.ScreeningTask()
	if change := pathway.Of[pathway.TaskChange](w.decision); change == nil || !change.ClosedBefore {
		return nil
	}
	return []r4.Extension{{Url: closedExtension, ValueCode: &task.Status}}
}

func (w *writing) amend(e *edit, o r4.Observation) {
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
}

func (w *writing) observation(s pathway.Score) r4.Observation {
	r := s.Response
	o := r4.Observation{
		Meta:              w.resultMeta,
		Identifier:        []r4.Identifier{identifier(w.name.As(stay.Score))},
		Status:            r4.ObservationStatusFinal,
		Category:          []r4.CodeableConcept{worded(fhir.Concept("http://terminology.hl7.org/CodeSystem/observation-category", "survey", "Survey"), w.words.Text("survey"))},
		Code:              w.total(),
		Subject:           w.subject(),
		Encounter:         w.encounter(),
		EffectiveDateTime: fhir.Instant(r.Authored),
		Issued:            fhir.Instant(w.now),
		ValueQuantity:     w.points(*s.Result.Score),
		Interpretation:    w.interpretation(s),
		DerivedFrom:       []r4.Reference{*fhir.Ref(r.Ref)},
	}
	if performs(r.Author) {
		o.Performer = []r4.Reference{*fhir.Ref(r.Author)}
	}
	for _, item := range s.Result.Items {
		o.Component = append(o.Component, r4.ObservationComponent{
			Code:          w.item(r.Form, item.LinkID),
			ValueQuantity: w.points(item.Points),
		})
	}
	if s.Result.Offer != "" {
		o.Component = append(o.Component, r4.ObservationComponent{
			Code:                 w.concept(instrument.CodeOffer),
			ValueCodeableConcept: fhir.Ptr(w.concept("offer-" + string(s.Result.Offer))),
		})
	}
	o.Note = w.remarks(s)
	return o
}

// total is what a score of the instrument in view is.
func (w *writing) total() r4.CodeableConcept {
	d := w.asked.Definition()
	return worded(fhir.Concept(d.System, d.Score.Code, d.Score.Display), w.about("score"))
}

// remarks are what a reader of the score must know.
func (w *writing) remarks(s pathway.Score) []r4.Annotation {
	var notes []r4.Annotation
	if s.Passed {
		notes = append(notes, r4.Annotation{Text: w.words.Text("newest-counts", "response", s.Response.Ref)})
	}
	for _, f := range s.Result.Flags {
		notes = append(notes, r4.Annotation{Text: w.flagged(f)})
	}
	return notes
}

// points says in words what they are; the code is UCUM's.
func (w *writing) points(n int) *r4.Quantity {
	return &r4.Quantity{
		Value: fhir.Ptr(json.Number(strconv.Itoa(n))), Unit: fhir.Ptr(w.words.Text("points")),
		System: fhir.Ptr(ucum), Code: fhir.Ptr(scoreUnit),
	}
}

// interpretation says positive from the advice tier on, and the tier itself.
func (w *writing) interpretation(s pathway.Score) []r4.CodeableConcept {
	const system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
	sign := worded(fhir.Concept(system, "POS", "Positive"), w.words.Text("positive"))
	if !s.Positive() {
		sign = worded(fhir.Concept(system, "NEG", "Negative"), w.words.Text("negative"))
	}
	return []r4.CodeableConcept{sign, w.concept(s.Tier.String())}
}

// item names a component by its LOINC code and the question, or by its linkId in a
// form that carries no codes: by that it is found again.
func (w *writing) item(f *instrument.Form, linkID string) r4.CodeableConcept {
	if code := f.ItemCode(linkID); code != "" {
		return worded(fhir.Concept(f.Of.System, code, ""), f.Question(linkID))
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
