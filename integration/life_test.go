package integration_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// settle looks until there is nothing to do, and once more: what has not
// changed is left alone.
func (w *world) settle(a hospital.Admission, in time.Duration) {
	w.Helper()
	rec, err := w.app().Reconciler(w.ctx())
	w.must(err)
	rec.Now = func() time.Time { return time.Now().Add(in) }
	for range 6 {
		done, err := rec.Reconcile(w.ctx(), a.ID())
		w.must(err)
		if !done.Wrote {
			return
		}
	}
	w.Fatalf("%s is written to again and again", a.Encounter)
}

// edit changes one element of a resource of the hospital's.
func (w *world) edit(ref, path string, value any) {
	w.Helper()
	w.must(w.hospital.Edit(w.ctx(), ref, func(r fhir.Resource) (fhir.Resource, error) { return r.Set(path, value) }))
}

// another registers a person who lies nowhere.
func (w *world) another(p hospital.Person) (patient string) {
	w.Helper()
	return w.admit(hospital.Stay{Person: p, Class: "AMB", Status: "finished"}).Patient
}

func (w *world) tasks(a hospital.Admission, kind stay.Kind, n int) fhir.Resource {
	w.Helper()
	found, err := w.client.Search(w.ctx(), "Task?"+fhir.ByIdentifier(artifacts.IdentifierSystem, fmt.Sprintf("%s:%s:%d", kind, a.ID(), n)))
	w.must(err)
	if len(found) != 1 {
		w.Fatalf("task %s %d: %d on the server, want 1", kind, n, len(found))
	}
	return found[0]
}

// Two records of one person are merged: everything of ours follows to the one
// that is in use, whichever of them the admission names.
func TestMergedRecords(t *testing.T) {
	onEachServer(t, func(w *world) {
		for _, moved := range []bool{false, true} {
			a := w.admit(hospital.Stay{Person: woman})
			w.look(a, 0)
			w.answer(a, 4, 4, 4)
			w.settle(a, 0)
			survivor := w.another(woman)
			w.edit(a.Patient, "link", json.RawMessage(fmt.Sprintf(`[{"other":{"reference":%q},"type":"replaced-by"}]`, survivor)))
			if moved {
				w.edit(a.Encounter, "subject.reference", survivor)
			}
			w.settle(a, 0)
			w.want(a, referred(12, "urgent"))
			for element, r := range map[string]fhir.Resource{
				"for": w.find("Task", stay.ScreeningTask, a), "for ": w.find("Task", stay.ConsultTask, a),
				"subject": w.find("Observation", stay.Score, a), "subject ": w.find("ServiceRequest", stay.Consult, a),
				" subject": w.find("QuestionnaireResponse", stay.Draft, a),
			} {
				if got := r.Get(strings.TrimSpace(element) + ".reference").String(); got != survivor {
					w.Errorf("%s is about %s, want %s", r.Type(), got, survivor)
				}
			}
		}
	})
}

// What was found out under a record that was merged since counts for the one in use: the
// earlier screening, the earlier consult, and the patient is asked as often as anybody.
func TestEarlierWorkOfAMergedPerson(t *testing.T) {
	onEachServer(t, func(w *world) {
		remembers := w.release(func(o *reconcile.Options) {
			policy := *o.Policy
			policy.Screening.RescreenAfter.Duration = 720 * time.Hour
			o.Policy = &policy
		})
		for _, told := range []string{"by the old record", "by the one in use", "by both"} {
			before := w.admit(hospital.Stay{Person: woman})
			w.settledBy(remembers, before)
			w.answer(before, 4, 4, 4)
			w.settledBy(remembers, before)
			w.must(w.hospital.SetStatus(w.ctx(), before, "finished"))
			w.settledBy(remembers, before)
			survivor := w.another(woman)
			again, err := w.hospital.Readmit(w.ctx(), before, hospital.Stay{Start: time.Now()})
			w.must(err)
			if told != "by the one in use" {
				w.edit(before.Patient, "link", json.RawMessage(fmt.Sprintf(`[{"other":{"reference":%q},"type":"replaced-by"}]`, survivor)))
			}
			if told != "by the old record" {
				w.edit(survivor, "link", json.RawMessage(fmt.Sprintf(`[{"other":{"reference":%q},"type":"replaces"}]`, before.Patient)))
				w.edit(again.Encounter, "subject.reference", survivor)
			}
			w.settledBy(remembers, again)
			w.want(again, notAsked) // she was screened last week, and referred
			asksAll := w.release(func(o *reconcile.Options) {
				policy := *o.Policy
				policy.Screening.RescreenAfter.Duration = 0
				o.Policy = &policy
			})
			w.settledBy(asksAll, again)
			w.answer(again, 4, 4, 4)
			w.settledBy(asksAll, again)
			w.want(again, referred(12, "urgent"))
			if earlier := w.find("ServiceRequest", stay.Consult, again).Get("supportingInfo").Raw; !strings.Contains(earlier, w.find("ServiceRequest", stay.Consult, before).Ref()) {
				w.Errorf("%s: the team is not told of the earlier consult: %s", told, earlier)
			}
		}
	})
}

// The admission was registered on somebody else. An empty form follows;
// answers do not: they are put aside and the right patient is asked anew.
func TestAdmissionOfAnotherPatient(t *testing.T) {
	onEachServer(t, func(w *world) {
		empty, given := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
		w.look(empty, 0)
		w.look(given, 0)
		w.answer(given, 4, 4, 4)
		w.settle(given, 0)
		for _, a := range []*hospital.Admission{&empty, &given} {
			a.Patient = w.another(man)
			w.edit(a.Encounter, "subject.reference", a.Patient)
			w.settle(*a, 0)
		}
		w.want(empty, asked)
		if got := w.find("Task", stay.ScreeningTask, empty).Get("for.reference").String(); got != empty.Patient {
			w.Errorf("the task is about %s", got)
		}
		aside := referred(12, "urgent")
		aside.Business, aside.Stands, aside.Consult, aside.TeamTask = "patient-changed", "entered-in-error", "revoked", "cancelled"
		w.want(given, aside)
		anew := w.tasks(given, stay.ScreeningTask, 2)
		if anew.Get("for.reference").String() != given.Patient || anew.Get("status").String() != "requested" {
			w.Errorf("asked anew: %s %s", anew.Get("for.reference"), anew.Get("status"))
		}
		draft := anew.Get(`output.#(type.coding.0.code=="questionnaire-response").valueReference.reference`).String()
		w.edit(draft, "item", json.RawMessage(neverItem))
		w.edit(draft, "status", "completed")
		w.settle(given, 0)
		if got := w.tasks(given, stay.ScreeningTask, 2).Get("businessStatus.coding.0.code").String(); got != "scored" {
			w.Errorf("the second task is %s", got)
		}
	})
}

const neverItem = `[{"linkId":"1","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA6270-8"}}]}]`

// A form that the nurse has begun when the patient goes home is left to her for
// a while; a process that starts later stops it all the same.
func TestBegunFormAtDischarge(t *testing.T) {
	onEachServer(t, func(w *world) {
		left, late := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
		for _, a := range []hospital.Admission{left, late} {
			w.look(a, 0)
			w.must(w.hospital.Answer(w.ctx(), a, "in-progress", 3))
			w.must(w.hospital.SetStatus(w.ctx(), a, "finished"))
			w.settle(a, 0)
		}
		begun := discharged
		begun.Draft = "in-progress"
		w.want(left, begun)
		w.settle(left, 25*time.Hour)
		w.want(left, discharged)
		w.answer(late, 3, 2, 2)
		w.settle(late, time.Hour)
		w.want(late, referred(7, "routine"))
	})
}

// The advice tier puts before the nurse what to say and where to ring. It goes
// away when it is no longer to be given.
func TestAdvice(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admit(hospital.Stay{Person: woman})
		w.look(a, 0)
		w.answer(a, 1, 1, 1)
		w.settle(a, 0)
		w.want(a, scored(3))
		task := w.find("Task", stay.Advice, a)
		if got := task.Get("note.#").Int(); task.Get("status").String() != "requested" || got < 2 || !strings.Contains(task.Get("note.1.text").String(), "0300 123 1110") {
			w.Errorf("the task is %s with %d notes: %s", task.Get("status"), got, task.Get("note.1.text"))
		}
		if task.Get("focus.reference").String() != w.find("Observation", stay.Score, a).Ref() || !task.Get("owner").Exists() {
			w.Error("the task names no score, or nobody owns it")
		}
		w.answer(a, 4, 4, 4)
		w.settle(a, 0)
		if got := w.find("Task", stay.Advice, a).Get("status").String(); got != "cancelled" {
			w.Errorf("with a consult the advice is %s", got)
		}
		w.answer(a, 1, 1, 1)
		w.settle(a, 0)
		if got := w.find("Task", stay.Advice, a).Get("status").String(); got != "requested" {
			w.Errorf("without a consult the advice is %s", got)
		}
		w.must(w.hospital.SetStatus(w.ctx(), a, "finished"))
		w.settle(a, 0)
		if got := w.find("Task", stay.Advice, a).Get("status").String(); got != "cancelled" {
			w.Errorf("after the discharge the advice is %s", got)
		}
	})
}

// What the patient says to the offer of a consult counts: a no is recorded, and
// the ward gives advice instead.
func TestConsultOffer(t *testing.T) {
	onEachServer(t, func(w *world) {
		for code, consults := range map[string]int{"offer-accepted": 1, "offer-not-asked": 1, "offer-declined": 0} {
			a := w.admit(hospital.Stay{Person: woman})
			w.look(a, 0)
			w.must(w.hospital.Answer(w.ctx(), a, "in-progress", 4, 4, 4))
			w.edit(w.find("QuestionnaireResponse", stay.Draft, a).Ref(), "item.-1", json.RawMessage(fmt.Sprintf(
				`{"linkId":"consult-offer","answer":[{"valueCoding":{"system":%q,"code":%q}}]}`, artifacts.CodeSystemURL, code)))
			w.set("QuestionnaireResponse", stay.Draft, a, "status", "completed")
			w.settle(a, 0)
			got, err := w.hospital.Outcome(w.ctx(), a)
			w.must(err)
			if got.Score != 12 || got.Consults != consults {
				w.Errorf("%s: score %d and %d consults", code, got.Score, got.Consults)
			}
			said := w.find("Observation", stay.Score, a).Get(`component.#(code.coding.0.code=="consult-offer").valueCodeableConcept.coding.0.code`).String()
			if said != code {
				w.Errorf("the score says %q, want %q", said, code)
			}
			if advice, err := w.hospital.Find(w.ctx(), "Task", stay.Advice, a); err != nil || len(advice) != 1-consults {
				w.Errorf("%s: %d advice tasks (%v)", code, len(advice), err)
			}
		}
	})
}

// A patient who asks for the team below every limit is seen by it; what she says later
// counts.
func TestAWishBelowTheLimit(t *testing.T) {
	onEachServer(t, func(w *world) {
		wished := func(code string) hospital.Admission {
			a := w.admit(hospital.Stay{Person: woman})
			w.look(a, 0)
			w.must(w.hospital.Answer(w.ctx(), a, "in-progress", 1, 0, 0))
			w.must(w.hospital.Wish(w.ctx(), w.find("QuestionnaireResponse", stay.Draft, a).Ref(), code))
			w.set("QuestionnaireResponse", stay.Draft, a, "status", "completed")
			w.settle(a, 0)
			return a
		}
		for _, code := range []string{"declined", "not-asked"} {
			w.want(wished(code), scored(1))
		}
		a := wished("accepted")
		w.want(a, referred(1, "routine"))
		score, order := w.find("Observation", stay.Score, a), w.find("ServiceRequest", stay.Consult, a)
		if signs := score.Get("interpretation.#.coding.0.code").Raw; signs != `["NEG","none"]` {
			w.Errorf("the score says %s", signs)
		}
		if reason := order.Get("note.0.text").String(); !strings.Contains(reason, "No limit for a consult was reached; the patient asks for it") {
			w.Errorf("the order says %s", reason)
		}
		w.must(w.hospital.Wish(w.ctx(), w.find("QuestionnaireResponse", stay.Draft, a).Ref(), "declined"))
		w.settle(a, 0)
		back := amended(referred(1, "routine"))
		back.Consult, back.TeamTask = "revoked", "cancelled"
		w.want(a, back)
		if why := w.find("Task", stay.ConsultTask, a).Get("statusReason.coding.0.code").String(); why != "offer-declined" {
			w.Errorf("the team is told %s", why)
		}
	})
}

// The order is worth reading: what was answered, which limit was passed, where
// the patient lies, and which consults went before.
func TestTheOrderIsWorthReading(t *testing.T) {
	onEachServer(t, func(w *world) {
		before := w.admit(hospital.Stay{Person: woman})
		w.look(before, 0)
		w.answer(before, 4, 4, 4)
		w.settle(before, 0)
		w.must(w.hospital.SetStatus(w.ctx(), before, "finished"))
		w.policy.Screening.RescreenAfter.Duration = 0
		a, err := w.hospital.Readmit(w.ctx(), before, hospital.Stay{})
		w.must(err)
		w.edit(a.Encounter, "location.0.location.display", "Medisin 1")
		w.look(a, 0)
		w.answer(a, 2, 1, 1)
		w.settle(a, 0)
		order := w.find("ServiceRequest", stay.Consult, a)
		text := order.Get("note.#.text").String()
		for _, want := range []string{"4 of 12", "limit of 4 for women", "2-4 times a month (2)", "Ward: Medisin 1", "Answered 20", "left unanswered",
			"Earlier AUDIT-C: 20", "12 of 12", "Earlier consult: 20", "active"} {
			if !strings.Contains(text, want) {
				w.Errorf("the order does not say %q:\n%s", want, text)
			}
		}
		for _, part := range []string{"reason", "answers", "wish", "place", "before"} {
			if got := letterPart(order, part); got == "" {
				w.Errorf("no note of the order says that it is %s: %s", part, order.Get("note"))
			}
		}
		if refs := order.Get("supportingInfo.#.reference").String(); !strings.Contains(refs, w.find("ServiceRequest", stay.Consult, before).Ref()) {
			w.Errorf("the order points to %s", refs)
		}
	})
}

// letterPart is the text of one part of the letter on an order.
func letterPart(order fhir.Resource, part string) string {
	for _, note := range order.Get("note").Array() {
		coding := note.Get(`extension.#(url=="https://tilsyn.org/fhir/StructureDefinition/letter-part").valueCoding`)
		if coding.Get("code").String() == "letter-"+part && coding.Get("system").String() == artifacts.CodeSystemURL {
			return note.Get("text").String()
		}
	}
	return ""
}

// A patient who was found, went home without a consult and is back within the
// time in which nobody asks again: the consult is asked for now.
func TestFoundAndBackAgain(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.policy.AfterDischarge = "record"
		first := w.admit(hospital.Stay{Person: woman})
		w.look(first, 0)
		w.must(w.hospital.SetStatus(w.ctx(), first, "finished"))
		w.answer(first, 4, 4, 4)
		w.settle(first, 0)
		w.want(first, scored(12))
		back, err := w.hospital.Readmit(w.ctx(), first, hospital.Stay{})
		w.must(err)
		w.settle(back, 0)
		w.want(back, hospital.Outcome{Asked: 1, Task: "completed", Business: "screened-before",
			Consults: 1, Consult: "active", Priority: "urgent", TeamTask: "requested"})
		again, err := w.hospital.Readmit(w.ctx(), first, hospital.Stay{})
		w.must(err)
		w.settle(again, 31*24*time.Hour)
		w.want(again, asked)
	})
}

// An emergency that becomes inpatient on the same Encounter is asked then; a
// stay within a stay is asked with its root; within an outpatient contact, by
// itself. A planned stay is asked when the patient is there, arrived or not.
func TestClassesAndParts(t *testing.T) {
	onEachServer(t, func(w *world) {
		emergency := w.admit(hospital.Stay{Person: woman, Class: "EMER"})
		w.settle(emergency, 0)
		w.want(emergency, notAsked)
		w.edit(emergency.Encounter, "class.code", "IMP")
		w.settle(emergency, 0)
		w.want(emergency, asked)

		root := w.admit(hospital.Stay{Person: woman})
		part := w.admit(hospital.Stay{Person: woman, PartOf: root.Encounter})
		outpatient := w.admit(hospital.Stay{Person: man, Class: "AMB"})
		own := w.admit(hospital.Stay{Person: man, PartOf: outpatient.Encounter})
		planned := w.admit(hospital.Stay{Person: man, Status: "planned", Start: time.Now().Add(-time.Hour)})
		for _, a := range []hospital.Admission{root, part, outpatient, own, planned} {
			w.settle(a, 0)
		}
		w.want(root, asked)
		w.want(part, notAsked)
		w.want(outpatient, notAsked)
		w.want(own, asked)
		w.want(planned, notAsked)
		for _, status := range []string{"in-progress", "onleave", "in-progress"} {
			w.must(w.hospital.SetStatus(w.ctx(), planned, status))
			w.settle(planned, 0)
			w.want(planned, asked)
		}
	})
}

// A running service hears of what nobody writes on the admission: a death, a
// merge, and a consult that a clinician has cancelled.
func TestHearsOfPatientsAndOrders(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve()
		dies, merged, cancelled := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
		w.want(dies, asked)
		w.want(merged, asked)
		w.answer(cancelled, 4, 4, 4)
		w.want(cancelled, referred(12, "urgent"))
		w.edit(dies.Patient, "deceasedBoolean", true)
		w.edit(merged.Patient, "link", json.RawMessage(fmt.Sprintf(`[{"other":{"reference":%q},"type":"replaced-by"}]`, w.another(woman))))
		w.set("ServiceRequest", stay.Consult, cancelled, "status", "revoked")
		w.want(dies, hospital.Outcome{Asked: 1, Task: "cancelled", Business: "deceased", Draft: "stopped"})
		over := referred(12, "urgent")
		over.Consult, over.TeamTask = "revoked", "cancelled"
		w.want(cancelled, over)
		w.must(hospital.Wait(w.ctx(), func() (bool, error) {
			return w.find("Task", stay.ScreeningTask, merged).Get("for.reference").String() != merged.Patient, nil
		}))
	})
}

// Two responses were handed in: the newest counts, and the score says so.
func TestTwoResponses(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admit(hospital.Stay{Person: woman})
		w.look(a, 0)
		draft := w.find("QuestionnaireResponse", stay.Draft, a)
		w.answer(a, 0)
		w.answerElsewhere(a, draft)
		w.settle(a, 0)
		w.want(a, referred(6, "routine"))
		score := w.find("Observation", stay.Score, a)
		counted := score.Get("derivedFrom.0.reference").String()
		if counted == draft.Ref() || !strings.Contains(score.Get("note.0.text").String(), counted) {
			w.Errorf("counted %s: %s", counted, score.Get("note.0.text"))
		}
	})
}

// The report counts where everybody stands and writes nothing.
func TestReport(t *testing.T) {
	onEachServer(t, func(w *world) {
		waits, no := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
		away, surgery := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
		child := w.admit(hospital.Stay{Person: hospital.Person{Given: "Liv", Gender: "female", Birth: "2020-01-01"}})
		w.labels(child.Patient, "V") // counted as others
		w.admit(hospital.Stay{Person: man, Status: "planned", Start: time.Now().Add(-time.Hour)})
		w.look(waits, 0)
		w.look(waits, 25*time.Hour)
		w.look(no, 0)
		w.rejects(no, aNo)
		w.look(no, 0)
		w.look(away, 0)
		w.rejects(away, `{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"away"}]}`)
		w.look(away, 0)
		w.look(surgery, 0)
		w.rejects(surgery, `{"text":"in surgery"}`)
		w.look(surgery, 0)
		w.look(child, 0)
		gone := w.admit(hospital.Stay{Person: man, Status: "finished"}) // came and went while nobody watched
		before := w.find("Task", stay.ScreeningTask, waits).VersionID()
		r, err := w.app().Report(w.ctx())
		w.must(err)
		if r.Screenings["unanswered"] < 1 || r.Screenings["declined"] < 1 || r.Unscreened["put-away"] < 1 || r.Unscreened["unable"] < 1 || r.Overdue < 1 || r.NotAsked["too-young"] < 1 || r.NotAsked["protected"] > 0 ||
			r.Census.PlannedLate < 1 || r.Census.Admissions < 3 {
			w.Errorf("%+v", r)
		}
		if !slices.Contains(r.Left, gone.Encounter) || slices.Contains(r.Left, no.Encounter) || slices.Contains(r.Left, child.Encounter) {
			w.Errorf("left unasked: %v", r.Left)
		}
		if after := w.find("Task", stay.ScreeningTask, waits).VersionID(); after != before {
			w.Error("the report wrote")
		}
	})
}
