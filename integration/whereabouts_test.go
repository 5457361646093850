package integration_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about a consult whose patient is moved, or goes home.

// The consult follows her to another ward, in the order's elements and in its words, until the team
// is done; nobody pays for that where she stays.
func TestTheConsultFollowsATransfer(t *testing.T) {
	onEachServer(t, func(w *world) {
		count, rec := w.counted()
		a := w.admit(hospital.Stay{Person: woman, Ward: 0})
		w.settledBy(rec, a)
		w.answer(a, 4, 4, 4)
		w.settledBy(rec, a)
		look := func() (requests int64) {
			return count.since(func() { _, err := rec.Reconcile(w.ctx(), a.ID()); w.must(err) })
		}
		says := func(ward hospital.Ward) {
			order := w.find("ServiceRequest", stay.Consult, a)
			w.stands(w.find("Task", stay.ConsultTask, a), w.hospital.Liaison, ward.Location)
			if at := order.Get("locationReference.0.reference").String(); at != ward.Location || letterPart(order, "place") != "Ward: "+ward.Name+"." {
				w.Errorf("the order says %s and %q, she lies on %s (%s)", at, letterPart(order, "place"), ward.Location, ward.Name)
			}
		}
		says(w.hospital.Wards[0])
		if n := look(); n != 1 {
			w.Errorf("a look at one who has stayed took %d requests, want 1", n)
		}
		for _, status := range []string{"requested", "accepted"} {
			w.set("Task", stay.ConsultTask, a, "status", status)
			w.settledBy(rec, a)
			for i := 1; i >= 0; i-- {
				w.must(w.hospital.Transfer(w.ctx(), a, w.hospital.Wards[i]))
				if n := look(); n != 2 {
					w.Errorf("following her took %d requests, want 2", n)
				}
				says(w.hospital.Wards[i])
			}
		}
		w.set("Task", stay.ConsultTask, a, "status", "completed")
		w.settledBy(rec, a)
		w.must(w.hospital.Transfer(w.ctx(), a, w.hospital.Wards[1]))
		if n := w.settledBy(rec, a); n != 0 {
			w.Errorf("a consult that is over was written to %d times", n)
		}
		says(w.hospital.Wards[0])
	})
}

// goesHome sends somebody home at a time, with a consult that is open.
func (w *world) goesHome(a hospital.Admission, at time.Time) {
	w.Helper()
	w.edit(a.Encounter, "period.end", *fhir.Instant(at))
	w.edit(a.Encounter, "status", "finished")
}

// The team reads at once that a patient has gone home, by the poll or by the census, and
// once; where she lay is taken off. A discharge that was a mistake is taken back.
func TestDischargeWithAnOpenConsult(t *testing.T) {
	for how, flags := range map[string][]string{"by the poll": nil, "by the census": {"--poll.interval", "0", "--census.interval", "1s"}} {
		t.Run(how, func(t *testing.T) {
			onEachServer(t, func(w *world) {
				w.serve(flags...)
				a := w.admit(hospital.Stay{Person: woman, Ward: 0})
				w.want(a, asked)
				w.answer(a, 4, 4, 4)
				w.want(a, referred(12, "urgent"))
				told := func(code string) func() (bool, error) {
					return func() (bool, error) {
						return w.find("Task", stay.ConsultTask, a).Get("businessStatus.coding.0.code").String() == code, nil
					}
				}
				w.goesHome(a, time.Now())
				w.must(hospital.Wait(w.ctx(), told("discharged")))
				task, order := w.find("Task", stay.ConsultTask, a), w.find("ServiceRequest", stay.Consult, a)
				const said = "The patient was discharged 20"
				if text := task.Get("businessStatus.text").String(); !strings.HasPrefix(text, said) || !strings.HasPrefix(letterPart(order, "left"), said) {
					w.Errorf("the team reads %q, and in the letter %q", text, letterPart(order, "left"))
				}
				if task.Get("location").Exists() || order.Get("locationReference").Exists() || letterPart(order, "place") != "" {
					w.Errorf("where she lay stands there still: %s, %s", task.Raw(), order.Raw())
				}
				if task.Get("status").String() != "requested" || order.Get("status").String() != "active" {
					w.Errorf("the consult is %s, the team's task %s", order.Get("status"), task.Get("status"))
				}
				w.must(w.hospital.Reopen(w.ctx(), a))
				w.must(hospital.Wait(w.ctx(), told("")))
				w.stands(w.find("Task", stay.ConsultTask, a), w.hospital.Liaison, w.hospital.Wards[0].Location)
				if order = w.find("ServiceRequest", stay.Consult, a); letterPart(order, "left") != "" || letterPart(order, "place") != "Ward: Medisin 1." {
					w.Errorf("the letter says %s", order.Get("note.#.text"))
				}
			})
		})
	}
}

// By policy a consult that nobody has begun on ends with the stay, once, and comes back
// where the discharge was a mistake.
func TestDischargeEndsTheConsultByPolicy(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.policy.Consult.AtDischarge = pathway.EndConsult
		count, rec := w.counted()
		open, begun := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
		for _, a := range []hospital.Admission{open, begun} {
			w.settledBy(rec, a)
			w.answer(a, 4, 4, 4)
			w.settledBy(rec, a)
		}
		w.set("Task", stay.ConsultTask, begun, "status", "in-progress")
		w.settledBy(rec, begun)
		ended := hospital.Outcome{Asked: 1, Task: "completed", Business: "scored", Draft: "completed", Scores: 1, Score: 12, Stands: "final",
			Consults: 1, Consult: "revoked", Priority: "urgent", TeamTask: "cancelled"}
		for range 2 {
			for _, a := range []hospital.Admission{open, begun} {
				w.goesHome(a, time.Now())
				if n := w.settledBy(rec, a); n != 1 {
					w.Errorf("%d writes, want 1", n)
				}
				if n := count.since(func() { _, err := rec.Reconcile(w.ctx(), a.ID()); w.must(err) }); n != 1 {
					w.Errorf("a look at one who has gone home took %d requests, want 1", n)
				}
			}
			w.want(open, ended)
			if why := w.find("Task", stay.ConsultTask, open).Get("statusReason"); why.Get("coding.0.code").String() != "discharged" || why.Get("text").String() == "" {
				w.Errorf("it was ended because of %s", why)
			}
			if task := w.find("Task", stay.ConsultTask, begun); task.Get("status").String() != "in-progress" || task.Get("businessStatus.coding.0.code").String() != "discharged" {
				w.Errorf("the team that has begun reads %s", task.Raw())
			}
			w.must(w.hospital.Reopen(w.ctx(), open))
			w.must(w.hospital.Reopen(w.ctx(), begun))
			w.settledBy(rec, open)
			w.settledBy(rec, begun)
			w.want(open, referred(12, "urgent"))
		}
	})
}
