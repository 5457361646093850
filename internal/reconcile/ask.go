package reconcile

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// asking makes the nurse's Task and the empty response that she fills in.
type asking struct{ *pathway.Ask }

func (a asking) describe() []string {
	whom := "the ward"
	if a.Patient {
		whom = "the patient"
	}
	return []string{"ask " + whom + ", due " + shownTime(a.Due)}
}

func (a asking) write(w *writing) {
	name, task := w.named(stay.ScreeningTask, a.Attempt), fhir.NewRef()
	t := w.screeningTask(r4.TaskStatusRequested, name)
	if a.Patient {
		w.givePatient(&t)
	}
	t.Restriction = dueBy(a.Due)
	t.Output = append(t.Output, fhir.Parameter{Type: paramResponse.concept(), ValueReference: fhir.Ref(w.draft(a.Draft, task))})
	t.BusinessStatus = fhir.Ptr(w.became(pathway.Unanswered))
	w.tx.Create(task, t, byName(name))
}

// givePatient makes the Task the patient's: portals and apps list it by its owner. It says
// nothing that somebody who looks over her shoulder may not read, nor where she lies.
func (w *writing) givePatient(t *fhir.Task) {
	t.Owner, t.Location, t.Output = w.subject(), nil, nil
	t.PerformerType = []r4.CodeableConcept{fhir.Concept(patientPerforms.System, patientPerforms.Code, "Patient")}
	t.Description = fhir.Ptr(w.words.Text("ask-patient"))
}

// dueBy says on a Task by when something is to have been done.
func dueBy(at time.Time) *r4.TaskRestriction {
	if at.IsZero() {
		return nil
	}
	return &r4.TaskRestriction{Period: &r4.Period{End: fhir.Instant(at)}}
}

// draft prepares the n-th empty response of the admission, for a Task.
func (w *writing) draft(n int, task string) (ref string) {
	ref, name := fhir.NewRef(), w.named(stay.Draft, n)
	draft := r4.QuestionnaireResponse{
		Meta:          w.marked(cmp.Or(w.priorSource(), &pathway.Source{})),
		Extension:     madeWith(task),
		Identifier:    fhir.Ptr(identifier(name)),
		Questionnaire: fhir.Ptr(w.form().Canonical()),
		Status:        r4.QuestionnaireResponseStatusInProgress,
		Subject:       w.subject(),
		Encounter:     w.encounter(),
		Authored:      fhir.Instant(w.now), // SDC wants one; it says nothing before there are answers
	}
	if ask := pathway.Of[pathway.Ask](w.decision); ask != nil && ask.Patient {
		draft.Source = w.subject() // she answers herself
	}
	w.prefill(&draft)
	w.tx.Create(ref, draft, byName(name))
	return ref
}

// priorSource is what a form rests on that is asked because of earlier answers; nil: it
// tells nothing of the patient.
func (w *writing) priorSource() *pathway.Source {
	prior := w.decision.Prior
	if prior.Ref == "" {
		return nil
	}
	return &pathway.Source{Labels: slices.Concat(prior.Labels, w.p.stay.Patient.Because)}
}

// prefill puts on a draft what was answered before and is asked here again.
func (w *writing) prefill(draft *r4.QuestionnaireResponse) {
	prior := w.decision.Prior
	if prior.Form == nil {
		return
	}
	draft.Item = w.form().Prefilled(prior.Form, prior.Content)
	raw, err := json.Marshal(draft)
	if err != nil || len(draft.Item) == 0 {
		return
	}
	if content, err := instrument.ParseResponse(raw); err == nil {
		draft.Extension = append(draft.Extension, r4.Extension{Url: prefilledExtension, ValueString: fhir.Ptr(saidDigest(content))})
	}
}

// screeningTask is an SDC task: code complete-questionnaire, no focus
// (invariant sdc-t1), the form with its version, and where to send the answer.
func (w *writing) screeningTask(status r4.TaskStatus, name stay.Name) fhir.Task {
	return fhir.Task{
		Task: r4.Task{
			Meta:         w.meta,
			Identifier:   []r4.Identifier{identifier(name)},
			Status:       status,
			Intent:       "order",
			Priority:     fhir.Ptr(r4.RequestPriorityRoutine),
			Code:         fhir.Ptr(worded(fhir.Concept(sdcTemp, "complete-questionnaire", ""), w.words.Text("fill-in"))),
			Description:  fhir.Ptr(w.question()),
			For:          w.subject(),
			Encounter:    w.encounter(),
			AuthoredOn:   fhir.Instant(w.now),
			LastModified: fhir.Instant(w.now),
			Requester:    w.device(),
			Owner:        party(w.owners.Ward, ""),
			Location:     w.location(),
		},
		Input: []fhir.Parameter{
			{Type: paramForm.concept(), ValueCanonical: fhir.Ptr(w.form().Canonical())},
			{Type: paramEndpoint.concept(), ValueURL: fhir.Ptr(w.Client.Base() + "/QuestionnaireResponse")},
		},
		Output: w.routed(w.owners.Ward),
	}
}

// location is where the patient is now, for all who may know.
func (w *writing) location() *r4.Reference {
	if at := w.p.stay.Admission.Locations; len(at) > 0 && !w.hides(pathway.ShowLocation) {
		return fhir.Ref(at[0])
	}
	return nil
}
