package integration_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// asking is what the policies here have in common, and wants its version before and its
// screenings behind.
const asking = `
screening: {classes: [IMP], min_age: 18, due_after: 24h}
unknown_sex: lower
consult:
  codings: [{system: "https://tilsyn.org/fhir/CodeSystem/tilsyn", code: consult}]
screenings:
`

const (
	askingAuditC = `  - instrument: auditc
    tiers: {consult: [{from: 4, source: test}], urgent: [{from: 8, source: test}]}
`
	auditTiers = `    tiers: {advice: [{from: 8, source: WHO}], consult: [{from: 16, source: WHO}], urgent: [{from: 20, source: WHO}]}
`
)

// both asks AUDIT-C and AUDIT of everybody.
const both = "version: both-1" + asking + askingAuditC + `  - instrument: audit
    due_after: 48h
` + auditTiers

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

// first asks the whole AUDIT of those alone whom AUDIT-C finds.
const first = "version: first-1" + asking + askingAuditC + `    next: {instrument: audit, from: consult, within: 1h}
  - instrument: audit
` + auditTiers

// Who is found by AUDIT-C is asked the whole AUDIT, with what she has answered; a
// routine consult waits for that, an urgent one does not, and whom nothing is found of is
// asked nothing more.
func TestTheNextForm(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.several(first)
		rec := w.release(func(*reconcile.Options) {})
		asked := func(a hospital.Admission) int {
			found, err := w.hospital.Find(w.ctx(), "Task", stay.ScreeningTask, a.With("audit"))
			w.must(err)
			return len(found)
		}
		answered := func(points ...int) hospital.Admission {
			a := w.admit(hospital.Stay{Person: woman})
			w.settledBy(rec, a)
			if asked(a) > 0 {
				w.Error("asked before anybody knows")
			}
			w.answer(a, points...)
			w.settledBy(rec, a)
			return a
		}
		if fine := answered(1, 1, 1); asked(fine) > 0 {
			w.Error("asked although nothing was found")
		}
		urgent := answered(4, 4, 4)
		w.want(urgent, referred(12, "urgent"))
		if asked(urgent) != 1 {
			w.Error("an urgent consult spares her the form")
		}

		a := answered(2, 2, 1)
		w.want(a, scored(5))
		longer := a.With("audit")
		draft := w.find("QuestionnaireResponse", stay.Draft, longer)
		if got := draft.Get("item.#").Int(); got != 3 || draft.Get("status").String() != "in-progress" {
			w.Errorf("%d items are filled in: %s", got, draft.Get("item"))
		}
		task := w.find("Task", stay.ScreeningTask, longer)
		if task.Get("description").String() != "More questions for the patient" {
			w.Errorf("the task says %s", task.Get("description"))
		}
		w.answer(longer, 2, 2, 1, 1, 1, 1, 1, 1, 2, 4) // 16
		w.settledBy(rec, a)
		w.want(a, referred(5, "routine"))
		order := w.find("ServiceRequest", stay.Consult, a)
		if order.Get("reasonReference.#").Int() != 2 || !strings.Contains(notesOf(order), "AUDIT-C: 5 of 12") || !strings.Contains(notesOf(order), "AUDIT: 16 of 40") {
			w.Errorf("%s", notesOf(order))
		}

		no := answered(2, 2, 1)
		w.must(w.hospital.SetTask(w.ctx(), no.With("audit"), "rejected", ""))
		w.settledBy(rec, no)
		w.want(no, referred(5, "routine"))

		home := answered(2, 2, 1)
		w.must(w.hospital.SetStatus(w.ctx(), home, "finished"))
		w.settledBy(rec, home)
		w.want(home, referred(5, "routine"))
		if got := w.find("QuestionnaireResponse", stay.Draft, home.With("audit")).Get("status").String(); got != "stopped" {
			w.Errorf("the form that nobody has written on is %s", got)
		}

		late := answered(2, 2, 1)
		later := w.release(func(o *reconcile.Options) { o.Now = func() time.Time { return time.Now().Add(2 * time.Hour) } })
		w.settledBy(later, late)
		w.want(late, referred(5, "routine"))
	})
}

// herself asks the patient first, and the ward where nothing comes of it.
const herself = "version: herself-1" + asking + `  - instrument: auditc
    performer: patient_then_nurse
    patient_due: 1h
    tiers: {consult: [{from: 4, source: test}], urgent: [{from: 8, source: test}]}
`

// The patient answers herself, or the ward is asked: never both at once, and nobody twice.
func TestThePatientAnswers(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.several(herself)
		rec := w.release(func(*reconcile.Options) {})
		admitted := func() hospital.Admission {
			a := w.admit(hospital.Stay{Person: woman})
			w.settledBy(rec, a)
			return a
		}
		open := func(a hospital.Admission) (owners []string) {
			found, err := w.hospital.All(w.ctx(), "Task", stay.ScreeningTask, a)
			w.must(err)
			for _, task := range found {
				if task.Get("status").String() == "requested" {
					owners = append(owners, strings.Split(task.Get("owner.reference").String(), "/")[0])
				}
			}
			return owners
		}
		hers := admitted()
		task, draft := w.find("Task", stay.ScreeningTask, hers), w.find("QuestionnaireResponse", stay.Draft, hers)
		if task.Get("owner.reference").String() != hers.Patient || task.Get("performerType.0.coding.0.code").String() != "116154003" ||
			task.Get("location").Exists() || strings.Contains(task.Get("description").String(), "alcohol") {
			w.Errorf("her task: %s", task.Raw())
		}
		if draft.Get("source.reference").String() != hers.Patient {
			w.Errorf("her form is from %s", draft.Get("source"))
		}
		w.answer(hers, 4, 4, 4)
		w.settledBy(rec, hers)
		w.want(hers, referred(12, "urgent"))

		back := admitted()
		w.must(w.hospital.SetTask(w.ctx(), back, "rejected", ""))
		w.settledBy(rec, back)
		if got := open(back); len(got) != 1 || got[0] != "CareTeam" {
			w.Errorf("given back, it lies with %q", got)
		}

		silent := admitted()
		later := w.release(func(o *reconcile.Options) { o.Now = func() time.Time { return time.Now().Add(2 * time.Hour) } })
		w.settledBy(later, silent)
		if got := open(silent); len(got) != 1 || got[0] != "CareTeam" {
			w.Errorf("not answered, it lies with %q", got)
		}
		if writes := w.settledBy(later, silent); writes != 0 {
			w.Errorf("%d more writes", writes)
		}
		w.answer(silent, 4, 4, 4)
		w.settledBy(later, silent)
		if got := w.find("ServiceRequest", stay.Consult, silent).Get("status").String(); got != "active" {
			w.Errorf("the ward's answer led to a consult that is %s", got)
		}

		no := admitted()
		w.must(w.hospital.SetTask(w.ctx(), no, "rejected", "declined"))
		w.settledBy(rec, no)
		if got := open(no); len(got) != 0 {
			w.Errorf("her no was no no: it lies with %q", got)
		}

		moved := admitted()
		w.must(w.hospital.Transfer(w.ctx(), moved, w.hospital.Wards[1]))
		if writes := w.settledBy(rec, moved); writes != 0 {
			w.Errorf("her own task follows no ward: %d writes", writes)
		}
	})
}
