package integration_test

import (
	"testing"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// A patient answers in a portal, which names no admission and tells no Task. The service
// hears of it from a poll, and takes it for the answer to the only admission that waits.
func TestAPatientAnswersInAPortal(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve()
		a := w.admit(hospital.Stay{Person: woman, Start: time.Now().Add(-time.Hour)})
		w.want(a, asked)
		form := w.find("Task", stay.Screening, a).Get(`input.#(type.coding.0.code=="questionnaire").valueCanonical`).String()
		key := "portal-" + a.ID()
		ref, err := w.hospital.Create(w.ctx(), key, r4.QuestionnaireResponse{Identifier: &w.hospital.Identifier(key)[0], Questionnaire: &form,
			Status: r4.QuestionnaireResponseStatusInProgress, Subject: fhir.Ref(a.Patient), Source: fhir.Ref(a.Patient)})
		w.must(err)
		w.must(w.hospital.FillIn(w.ctx(), ref, form, "completed", 4, 4, 4))
		want := referred(12, "urgent")
		want.Draft = "stopped"
		w.want(a, want)
	})
}
