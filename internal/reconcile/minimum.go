package reconcile

import (
	"fmt"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// settling puts on record what incomplete answers sum to at least. It is an Observation of
// its own code: 75626-2 would be read as a score.
type settling struct{ *pathway.Minimum }

func (a settling) describe() []string {
	return []string{fmt.Sprintf("put on record what is certain of incomplete answers (%s)", a.Status)}
}

func (a settling) record(*writing) (activity, from string) { return "audit-c-at-least", a.Response.Ref }

func (a settling) write(w *writing) {
	if a.Response.Ref == "" {
		w.edit(a.Ref, func(e *edit) { e.set("status", a.Status) })
		w.touched(a.Ref)
		return
	}
	o := w.observation(*a.asScore())
	o.Identifier = []r4.Identifier{identifier(w.name.As(stay.AtLeast))}
	o.Status = r4.ObservationStatusPreliminary
	o.Code = w.atLeast()
	o.ValueQuantity.Comparator = fhir.Ptr(r4.QuantityComparatorGreaterOrEquals)
	w.made.minimum = a.Ref
	if a.Ref == "" {
		w.made.minimum = fhir.NewRef()
		w.create(w.made.minimum, o, stay.AtLeast)
	} else {
		w.edit(a.Ref, func(e *edit) {
			w.amend(e, o)
			e.set("status", a.Status)
		})
	}
	w.touched(w.made.minimum)
}

// atLeast is what such an Observation is.
func (w *writing) atLeast() r4.CodeableConcept {
	if w.asked.Definition().Name != stay.AuditC {
		return coded("at-least", w.about("at-least"))
	}
	return w.concept("audit-c-at-least")
}

// asScore is what is certain in the shape of a score, for what says both alike.
func (a settling) asScore() *pathway.Score {
	result := a.Result
	result.Score = &a.Sum
	return &pathway.Score{Response: a.Response, Result: result, Tier: a.Tier, Limit: a.Limit}
}

// certain is what is certain of incomplete answers in this decision, or nil.
func (w *writing) certain() *pathway.Score {
	if m := pathway.Of[pathway.Minimum](w.decision); m != nil && m.Response.Ref != "" {
		return settling{m}.asScore()
	}
	return nil
}
