package integration_test

import (
	"testing"

	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// An EHR writes over what tilsyn keeps on the nurse's Task, and completes it. The answers
// are found wherever they lie, once, and what was kept is put back.
func TestAnEHRWritesOverTheTask(t *testing.T) {
	text := func(text, element string, value any) []any {
		return []any{map[string]any{"type": map[string]any{"text": text}, element: value}}
	}
	for name, write := range map[string]func(w *world, a hospital.Admission){
		"done": func(w *world, a hospital.Admission) {
			w.begin(a, 4, 4, 4)
			w.write(a, "output", text("done", "valueString", "done"), "status", "completed")
		},
		"the form in words of its own": func(w *world, a hospital.Admission) {
			ref := w.begin(a, 4, 4, 4)
			w.write(a, "output", text("QuestionnaireResponse", "valueReference", map[string]any{"reference": ref}), "status", "completed")
		},
		"a form of its own": func(w *world, a hospital.Admission) {
			ref := w.ownForm(a, 4, 4, 4)
			w.write(a, "output", text("QuestionnaireResponse", "valueReference", map[string]any{"reference": ref}), "status", "completed")
		},
		"nothing that tilsyn kept": func(w *world, a hospital.Admission) {
			w.begin(a, 4, 4, 4)
			w.write(a, "output", nil, "businessStatus", nil, "identifier", nil, "status", "completed")
		},
	} {
		t.Run(name, func(t *testing.T) {
			onEachServer(t, func(w *world) {
				a := w.admit(hospital.Stay{Person: woman})
				w.look(a, 0)
				write(w, a)
				w.look(a, 0)
				want := referred(12, "urgent")
				if name == "a form of its own" {
					want.Draft = "stopped"
				}
				w.want(a, want)
				before := w.find("Task", stay.ScreeningTask, a)
				w.look(a, 0)
				if again := w.find("Task", stay.ScreeningTask, a); again.VersionID() != before.VersionID() {
					w.Errorf("nothing has changed, and the Task is at %s and was at %s", again.VersionID(), before.VersionID())
				}
				w.forgetAll(a)
				w.look(a, 0)
				w.want(a, want)
			})
		})
	}
}

// forgetAll drops all that tilsyn keeps on the nurse's Task.
func (w *world) forgetAll(a hospital.Admission) {
	w.Helper()
	w.write(a, "output", nil, "businessStatus", nil, "statusReason", nil, "identifier", nil)
}

// begin fills in the form that tilsyn has put ready, and hands nothing in.
func (w *world) begin(a hospital.Admission, points ...int) (ref string) {
	w.Helper()
	ref, err := w.hospital.Fill(w.ctx(), a, "in-progress", points...)
	w.must(err)
	return ref
}

// ownForm is a response that an EHR makes for the Task: it names no admission.
func (w *world) ownForm(a hospital.Admission, points ...int) (ref string) {
	w.Helper()
	form := w.find("Task", stay.ScreeningTask, a).Get(`input.#(type.coding.0.code=="questionnaire").valueCanonical`).String()
	ref, err := w.hospital.AnswerUntied(w.ctx(), a, form, "", "in-progress", points...)
	w.must(err)
	return ref
}

// write changes elements of the nurse's Task, as her EHR does.
func (w *world) write(a hospital.Admission, pathValues ...any) {
	w.Helper()
	w.must(w.hospital.Set(w.ctx(), w.find("Task", stay.ScreeningTask, a).Ref(), pathValues...))
}
