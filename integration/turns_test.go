package integration_test

import (
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// set changes one element of what tilsyn made, as a person does in an EHR.
func (w *world) set(resourceType string, kind stay.Kind, a hospital.Admission, path, value string) {
	w.Helper()
	ref := w.find(resourceType, kind, a).Ref()
	w.must(w.hospital.Edit(w.ctx(), ref, func(r fhir.Resource) (fhir.Resource, error) { return r.Set(path, value) }))
}

func amended(o hospital.Outcome) hospital.Outcome {
	o.Stands = "amended"
	return o
}

// Answers corrected in either direction, any number of times: one score and
// one consult, whose versions tell the story.
func TestAmendedAnswers(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve()
		a := w.admit(hospital.Stay{Person: woman})
		w.answer(a, 1, 0, 0)
		w.want(a, scored(1))
		w.answer(a, 4, 4, 4)
		w.want(a, amended(referred(12, "urgent")))
		w.answer(a, 1, 0, 0)
		low := amended(referred(1, "urgent"))
		low.Consult, low.TeamTask = "revoked", "cancelled"
		w.want(a, low)
		w.answer(a, 2, 1, 1)
		w.want(a, amended(referred(4, "routine")))
		if v := w.find("Observation", stay.Score, a).VersionID(); v != "4" {
			w.Errorf("the score has %s versions, want one for each answer: 4", v)
		}
	})
}

// A consult that the team has begun on is theirs: they are told, nothing more.
func TestAmendedAfterTheTeamHasBegun(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve()
		a := w.admit(hospital.Stay{Person: woman})
		w.answer(a, 4, 4, 4)
		w.want(a, referred(12, "urgent"))
		w.set("Task", stay.ConsultTask, a, "status", "accepted")
		w.answer(a, 0)
		low := amended(referred(0, "urgent"))
		low.TeamTask = "accepted"
		w.want(a, low)
		team := w.find("Task", stay.ConsultTask, a)
		if got := team.Get("businessStatus.coding.0.code").String(); got != "corrected" || !team.Get("note.0.text").Exists() {
			w.Errorf("the team was told %q", got)
		}
	})
}

// A consult that a clinician has cancelled stays cancelled when the same
// answers are saved again.
func TestCancelledConsultIsNotResurrected(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve()
		a := w.admit(hospital.Stay{Person: woman})
		w.answer(a, 4, 4, 4)
		w.want(a, referred(12, "urgent"))
		w.set("ServiceRequest", stay.Consult, a, "status", "revoked")
		w.answer(a, 4, 4, 4)
		version := w.find("QuestionnaireResponse", stay.Draft, a).VersionID()
		w.must(hospital.Wait(w.ctx(), func() (bool, error) {
			judged := w.find("Task", stay.ScreeningTask, a).Get(`output.#(type.coding.0.code=="judged").valueString`).String()
			return strings.HasSuffix(judged, "/"+version), nil
		}))
		still := referred(12, "urgent")
		still.Consult, still.TeamTask = "revoked", "cancelled"
		w.want(a, still)
	})
}

// Answers entered in error take their score and their untouched consult with
// them; the ward is asked again, with a form of its own.
func TestAnswersEnteredInError(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve()
		a := w.admit(hospital.Stay{Person: woman})
		w.answer(a, 4, 4, 4)
		w.want(a, referred(12, "urgent"))
		w.set("QuestionnaireResponse", stay.Draft, a, "status", "entered-in-error")
		gone := referred(12, "urgent")
		gone.Task, gone.Business, gone.Draft = "requested", "unanswered", "entered-in-error"
		gone.Stands, gone.Consult, gone.TeamTask = "entered-in-error", "revoked", "cancelled"
		w.want(a, gone)
		w.answer(a, 1, 0, 0)
		again := amended(scored(1))
		again.Draft = "entered-in-error"
		again.Consults, again.Consult, again.Priority, again.TeamTask = 1, "revoked", "urgent", "cancelled"
		w.want(a, again)
	})
}

// An admission entered in error takes everything with it.
func TestAdmissionEnteredInError(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve()
		scoredOne, open := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
		w.answer(scoredOne, 4, 4, 4)
		w.want(scoredOne, referred(12, "urgent"))
		w.want(open, asked)
		for _, a := range []hospital.Admission{scoredOne, open} {
			w.must(w.hospital.SetStatus(w.ctx(), a, "entered-in-error"))
		}
		void := referred(12, "urgent")
		void.Business, void.Stands, void.Consult, void.TeamTask = "admission-cancelled", "entered-in-error", "revoked", "cancelled"
		w.want(scoredOne, void)
		w.want(open, hospital.Outcome{Asked: 1, Task: "cancelled", Business: "admission-cancelled", Draft: "stopped"})
	})
}

// A discharge that is cancelled puts the question back on the list.
func TestDischargeCancelled(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve()
		a := w.admit(hospital.Stay{Person: woman})
		w.want(a, asked)
		w.must(w.hospital.SetStatus(w.ctx(), a, "finished"))
		w.want(a, discharged)
		w.must(w.hospital.SetStatus(w.ctx(), a, "in-progress"))
		w.want(a, asked)
		w.answer(a, 1, 1, 1)
		w.want(a, scored(3))
	})
}

// The task follows the patient to another ward; it is the same one.
func TestTransfer(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve()
		a := w.admit(hospital.Stay{Person: woman, Ward: 0})
		w.want(a, asked)
		before := w.find("Task", stay.ScreeningTask, a)
		to := w.hospital.Wards[1]
		w.must(w.hospital.Edit(w.ctx(), a.Encounter, func(r fhir.Resource) (fhir.Resource, error) {
			return r.Set("location.0.location.reference", to.Location)
		}))
		w.must(hospital.Wait(w.ctx(), func() (bool, error) {
			task := w.find("Task", stay.ScreeningTask, a)
			return task.Ref() == before.Ref() && task.Get("owner.reference").String() == to.Nurses &&
				task.Get("location.reference").String() == to.Location, nil
		}))
		w.want(a, asked)
	})
}
