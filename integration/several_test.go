package integration_test

import (
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// both asks AUDIT-C and AUDIT of everybody.
const both = `
version: both-1
screening: {classes: [IMP], min_age: 18, due_after: 24h}
unknown_sex: lower
consult:
  codings: [{system: "https://tilsyn.org/fhir/CodeSystem/tilsyn", code: consult}]
screenings:
  - instrument: auditc
    tiers: {consult: [{from: 4, source: test}], urgent: [{from: 8, source: test}]}
  - instrument: audit
    due_after: 48h
    tiers: {advice: [{from: 8, source: WHO}], consult: [{from: 16, source: WHO}], urgent: [{from: 20, source: WHO}]}
`

// several is a hospital that asks more than AUDIT-C.
func (w *world) several(policy string) {
	w.Helper()
	p, err := pathway.ParsePolicy([]byte(policy))
	w.must(err)
	w.policy = p
	_, err = w.app().Setup(w.ctx())
	w.must(err)
}

// Two questions are two tasks and two scores, and one consult.
func TestTwoQuestions(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.several(both)
		rec := w.release(func(*reconcile.Options) {})
		a := w.admit(hospital.Stay{Person: woman})
		longer := a.With("audit")
		w.settledBy(rec, a)
		w.want(a, asked)
		w.want(longer, asked)

		w.answer(longer, 4, 2, 1, 1, 1, 1, 1, 1, 2, 2) // 16
		w.settledBy(rec, a)
		w.want(a, hospital.Outcome{Asked: 1, Task: "requested", Business: "unanswered", Draft: "in-progress",
			Consults: 1, Consult: "active", Priority: "routine", TeamTask: "requested"})
		order := w.find("ServiceRequest", stay.Consult, a)
		if why := order.Get("reasonReference.#").Int(); why != 1 || !strings.Contains(notesOf(order), "AUDIT: 16 of 40 points") {
			w.Errorf("%d reasons, %s", why, notesOf(order))
		}

		w.answer(a, 4, 4, 4) // 12, urgent
		w.settledBy(rec, a)
		w.want(a, referred(12, "urgent"))
		order = w.find("ServiceRequest", stay.Consult, a)
		if why := order.Get("reasonReference.#").Int(); why != 2 || !strings.Contains(notesOf(order), "AUDIT: 16 of 40") || !strings.Contains(notesOf(order), "AUDIT-C: 12 of 12") {
			w.Errorf("%d reasons, %s", why, notesOf(order))
		}
		if got := w.find("Task", stay.ScreeningTask, longer).Get("businessStatus.coding.0.code").String(); got != "screened" {
			w.Errorf("an older release would take it for an AUDIT-C: %s", got)
		}
		if writes := w.settledBy(rec, a); writes != 0 {
			w.Errorf("%d more writes", writes)
		}
	})
}

// The answers of one are withdrawn: the consult rests on the other, until that is
// withdrawn too.
func TestOneOfTwoIsWithdrawn(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.several(both)
		rec := w.release(func(*reconcile.Options) {})
		a := w.admit(hospital.Stay{Person: man})
		longer := a.With("audit")
		w.settledBy(rec, a)
		w.answer(a, 4, 4, 4)
		w.answer(longer, 4, 2, 1, 1, 1, 1, 1, 1, 2, 2)
		w.settledBy(rec, a)
		w.want(a, referred(12, "urgent"))

		w.must(w.hospital.Set(w.ctx(), w.find("QuestionnaireResponse", stay.Draft, a).Ref(), "status", "entered-in-error"))
		w.settledBy(rec, a)
		order := w.find("ServiceRequest", stay.Consult, a)
		if order.Get("status").String() != "active" || order.Get("priority").String() != "routine" || strings.Contains(notesOf(order), "AUDIT-C: 12") {
			w.Errorf("%s, %s: %s", order.Get("status"), order.Get("priority"), notesOf(order))
		}

		w.must(w.hospital.Set(w.ctx(), w.find("QuestionnaireResponse", stay.Draft, longer).Ref(), "status", "entered-in-error"))
		w.settledBy(rec, a)
		if got := w.find("ServiceRequest", stay.Consult, a).Get("status").String(); got != "revoked" {
			w.Errorf("the consult is %s", got)
		}
		w.must(w.hospital.SetStatus(w.ctx(), a, "finished"))
		w.settledBy(rec, a)
		for _, task := range []hospital.Admission{a, longer} {
			if got := w.find("Task", stay.ScreeningTask, task).Get("status").String(); got != "cancelled" {
				w.Errorf("at discharge a task is %s", got)
			}
		}
	})
}
