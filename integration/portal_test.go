package integration_test

import (
	"testing"
	"time"

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
		form := w.find("Task", stay.ScreeningTask, a).Get(`input.#(type.coding.0.code=="questionnaire").valueCanonical`).String()
		_, err := w.hospital.AnswerUntied(w.ctx(), a, form, a.Patient, "completed", 4, 4, 4)
		w.must(err)
		want := referred(12, "urgent")
		want.Draft = "stopped"
		w.want(a, want)
	})
}
