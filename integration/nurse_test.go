package integration_test

import (
	"encoding/json"
	"testing"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// look reconciles one admission by a process that has just started, at some
// time from now: what is due is derived, not kept.
func (w *world) look(a hospital.Admission, in time.Duration) time.Time {
	w.Helper()
	rec, err := w.app().Reconciler(w.ctx())
	w.must(err)
	rec.Now = func() time.Time { return time.Now().Add(in) }
	done, err := rec.Reconcile(w.ctx(), a.ID())
	w.must(err)
	return done.Next
}

// An overdue task is raised when it is due, once more later, and no more; it
// can still be answered. Every look is taken by a new process.
func TestOverdueTasksAreRaised(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admit(hospital.Stay{Person: woman})
		w.look(a, 0)
		for _, step := range []struct {
			in       time.Duration
			priority string
		}{{time.Hour, "routine"}, {25 * time.Hour, "urgent"}, {26 * time.Hour, "urgent"}, {49 * time.Hour, "asap"}, {500 * time.Hour, "asap"}} {
			next := w.look(a, step.in)
			if got := w.find("Task", stay.ScreeningTask, a).Get("priority").String(); got != step.priority {
				w.Errorf("after %s the priority is %s, want %s", step.in, got, step.priority)
			}
			if step.in < 49*time.Hour && (next.IsZero() || time.Until(next) < 0) {
				w.Errorf("after %s the next look is at %v", step.in, next)
			}
		}
		w.answer(a, 1, 0, 0)
		w.look(a, 501*time.Hour)
		w.want(a, scored(1))
	})
}

// rejects sets the nurse's task to rejected, with a reason in JSON; "" leaves it out.
func (w *world) rejects(a hospital.Admission, reason string) {
	w.Helper()
	if reason != "" {
		w.edit(w.find("Task", stay.ScreeningTask, a).Ref(), "statusReason", json.RawMessage(reason))
	}
	w.set("Task", stay.ScreeningTask, a, "status", "rejected")
}

// aNo is the patient's, in our code.
const aNo = `{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"declined"}],"text":"Vil ikke snakke om det"}`

// A rejection that does not say that the patient declined is the ward's: on record as
// that, counted apart, and never asked again. A policy that does not say how it is to be
// taken takes it for a no, as it did.
func TestARejectionIsNoRefusal(t *testing.T) {
	onEachServer(t, func(w *world) {
		old := w.release(func(o *reconcile.Options) {
			policy := *o.Policy
			policy.Screening.RejectedWithoutReason = pathway.AsDeclined
			o.Policy = &policy
		})
		for name, reason := range map[string]string{
			"without a reason": "", "in words": `{"text":"in surgery"}`, "with a display": `{"coding":[{"display":"in surgery"}]}`,
			"with a code that nobody knows": `{"coding":[{"system":"https://ehr.example.no/reasons","code":"7"}]}`,
			"with another code of HL7's":    `{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/data-absent-reason","code":"temp-unknown"}]}`,
		} {
			a, b := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
			w.look(a, 0)
			w.look(b, 0)
			w.rejects(a, reason)
			w.rejects(b, reason)
			said := w.find("Task", stay.ScreeningTask, a).Get("statusReason").Raw
			for _, in := range []time.Duration{0, time.Hour, 100 * time.Hour} {
				w.look(a, in)
				w.want(a, hospital.Outcome{Asked: 1, Task: "rejected", Business: "put-away", Draft: "stopped"})
			}
			task := w.find("Task", stay.ScreeningTask, a)
			if task.Get("businessStatus.text").String() == "" || task.Get("statusReason").Raw != said {
				w.Errorf("%s: %s, %s", name, task.Get("businessStatus"), task.Get("statusReason"))
			}
			w.settledBy(old, b)
			w.want(b, hospital.Outcome{Asked: 1, Task: "rejected", Business: "declined", Draft: "stopped"})
			w.settle(b, 0) // and what it has recorded stays
			w.want(b, hospital.Outcome{Asked: 1, Task: "rejected", Business: "declined", Draft: "stopped"})
		}
	})
}

// A no is recorded and never asked again; it may come as a code on the task or
// in the form.
func TestDeclined(t *testing.T) {
	onEachServer(t, func(w *world) {
		task, form := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
		w.look(task, 0)
		w.look(form, 0)
		w.rejects(task, aNo)
		declined := hospital.Outcome{Asked: 1, Task: "rejected", Business: "declined", Draft: "stopped"}
		for _, in := range []time.Duration{0, time.Hour, 100 * time.Hour} {
			w.look(task, in)
			w.want(task, declined)
		}
		if got := w.find("Task", stay.ScreeningTask, task).Get("statusReason.text").String(); got != "Vil ikke snakke om det" {
			w.Errorf("the nurse's reason became %q", got)
		}
		w.must(w.hospital.Edit(w.ctx(), w.find("QuestionnaireResponse", stay.Draft, form).Ref(), func(r fhir.Resource) (fhir.Resource, error) {
			return r.Set("item", json.RawMessage(`[{"linkId":"1","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"asked-declined"}]}]`))
		}))
		w.must(w.hospital.CloseTask(w.ctx(), form))
		w.look(form, time.Hour)
		w.want(form, hospital.Outcome{Asked: 1, Task: "rejected", Business: "declined", Draft: "in-progress"})
	})
}

// A no holds again when answers that came after it are withdrawn: the ward is not
// asked a second time.
func TestANoOutlivesWithdrawnAnswers(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admit(hospital.Stay{Person: woman})
		w.look(a, 0)
		w.rejects(a, aNo)
		w.settle(a, 0)
		w.answer(a, 4, 4, 4)
		w.settle(a, 0)
		w.want(a, referred(12, "urgent"))
		w.set("QuestionnaireResponse", stay.Draft, a, "status", "entered-in-error")
		w.settle(a, 0)
		task := w.find("Task", stay.ScreeningTask, a)
		if task.Get("status").String() != "completed" || task.Get("businessStatus.coding.0.code").String() != "withdrawn" {
			w.Errorf("the task is %s, %s", task.Get("status"), task.Get("businessStatus.coding.0.code"))
		}
		for typ, kind := range map[string]stay.Kind{"Observation": stay.Score, "ServiceRequest": stay.Consult} {
			if got := w.find(typ, kind, a).Get("status").String(); got != "entered-in-error" && got != "revoked" {
				w.Errorf("the %s is %s", typ, got)
			}
		}
	})
}

// Unable now: asked again after a while, one open task at a time, at most three.
func TestUnableNow(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admit(hospital.Stay{Person: man})
		w.look(a, 0)
		for attempt := 1; attempt <= 3; attempt++ {
			open := w.openTasks(a)
			if len(open) != 1 {
				w.Fatalf("attempt %d: %d open tasks, want 1", attempt, len(open))
			}
			w.must(w.hospital.Edit(w.ctx(), open[0].Ref(), func(r fhir.Resource) (fhir.Resource, error) {
				r, err := r.Set("statusReason", fhir.Concept(artifacts.CodeSystemURL, pathway.UnableReasons[attempt-1], ""))
				if err == nil {
					r, err = r.Set("status", "rejected")
				}
				return r, err
			}))
			w.look(a, time.Hour)
			if n := len(w.openTasks(a)); n != 0 {
				w.Errorf("asked again at once: %d open tasks", n)
			}
			task, err := w.client.Read(w.ctx(), open[0].Ref())
			w.must(err)
			if task.Get("businessStatus.coding.0.code").String() != "unable" {
				w.Errorf("attempt %d: the task says %s", attempt, task.Get("businessStatus"))
			}
			w.look(a, 25*time.Hour)
		}
		if n := len(w.openTasks(a)); n != 0 {
			w.Errorf("asked a fourth time: %d open tasks", n)
		}
	})
}

func (w *world) openTasks(a hospital.Admission) (open []fhir.Resource) {
	w.Helper()
	tasks, err := w.client.Search(w.ctx(), fhir.Query("Task", "encounter", a.Encounter, "code", "complete-questionnaire"))
	w.must(err)
	for _, task := range tasks {
		if task.Get("status").String() == "requested" {
			open = append(open, task)
		}
	}
	return open
}

// What the team does with their task is seen on the consult; what a clinician
// did with the consult stays.
func TestTheLoopCloses(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admit(hospital.Stay{Person: woman})
		w.look(a, 0)
		w.answer(a, 4, 4, 4)
		w.look(a, time.Minute)
		for _, step := range [][2]string{{"accepted", "active"}, {"in-progress", "active"}, {"completed", "completed"}, {"in-progress", "active"}, {"rejected", "revoked"}} {
			w.set("Task", stay.ConsultTask, a, "status", step[0])
			w.look(a, time.Hour)
			if got := w.find("ServiceRequest", stay.Consult, a).Get("status").String(); got != step[1] {
				w.Errorf("the team's task is %s and the consult %s, want %s", step[0], got, step[1])
			}
		}
	})
}

// Where a clinician has ordered the consult, ours is met by theirs.
func TestAlreadyOrdered(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admit(hospital.Stay{Person: woman})
		code := pathway.DefaultPolicy().Consult.Codings[1]
		theirs, err := w.hospital.Create(w.ctx(), "order-"+a.ID(), r4.ServiceRequest{
			Identifier: w.hospital.Identifier("order-" + a.ID()), Status: r4.RequestStatusActive, Intent: r4.RequestIntentOrder,
			Code: fhir.Ptr(fhir.Concept(code.System, code.Code, "")), Subject: *fhir.Ref(a.Patient), Encounter: fhir.Ref(a.Encounter),
		})
		w.must(err)
		w.look(a, 0)
		w.answer(a, 4, 4, 4)
		w.look(a, time.Minute)
		w.want(a, scored(12))
		if got := w.find("Task", stay.ScreeningTask, a).Get(`output.#(type.coding.0.code=="consult").valueReference.reference`).String(); got != theirs {
			w.Errorf("the task points to %q, want %s", got, theirs)
		}
		w.answer(a, 0)
		w.look(a, time.Hour)
		if got, err := w.client.Read(w.ctx(), theirs); err != nil || got.Get("status").String() != "active" {
			w.Errorf("the clinician's order was changed: %v", err)
		}
	})
}

// A patient who was screened last week in another admission is not asked again,
// and is when the policy's time is over.
func TestReadmission(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.policy.Screening.RescreenAfter.Duration = 30 * 24 * time.Hour
		first := w.admit(hospital.Stay{Person: woman})
		w.look(first, 0)
		w.answer(first, 1, 0, 0)
		w.look(first, 0)
		w.want(first, scored(1))
		again, err := w.hospital.Readmit(w.ctx(), first, hospital.Stay{})
		w.must(err)
		w.look(again, 7*24*time.Hour)
		w.want(again, notAsked)
		w.look(again, 31*24*time.Hour)
		w.want(again, asked)
	})
}

// A consult that nobody accepts in time is raised, once.
func TestNobodyAccepts(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admit(hospital.Stay{Person: woman})
		w.look(a, 0)
		w.answer(a, 2, 1, 1)
		w.look(a, 0)
		for _, step := range []struct {
			in       time.Duration
			priority string
		}{{23 * time.Hour, "routine"}, {25 * time.Hour, "urgent"}, {100 * time.Hour, "urgent"}} {
			w.look(a, step.in)
			if got := w.find("Task", stay.ConsultTask, a).Get("priority").String(); got != step.priority {
				w.Errorf("after %s the team's task is %s, want %s", step.in, got, step.priority)
			}
		}
	})
}
