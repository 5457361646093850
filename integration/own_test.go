package integration_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about what a hospital brings itself: an instrument, and its own wording of
// one of ours.

// besides asks AUDIT-C, and something else that the hospital brings.
const besides = "version: own-1" + asking + askingAuditC + `  - instrument: `

// example is the folder that the docs show.
const example = "../docs/instruments"

// brings is a hospital with such a folder and such a policy; it is set up for them.
func (w *world) brings(dir, policy string) (flags []string, changes []app.Change) {
	w.Helper()
	flags = []string{"--instruments.dir", dir}
	p, err := pathway.ParsePolicy([]byte(policy), w.config(flags...).Instruments.Definitions()...)
	w.must(err)
	w.policy = p
	changes, err = w.app(flags...).Setup(w.ctx())
	w.must(err)
	return flags, changes
}

func (w *world) reconciler(flags ...string) *reconcile.Reconciler {
	w.Helper()
	rec, err := w.app(flags...).Reconciler(w.ctx())
	w.must(err)
	return rec
}

// An instrument that nobody has seen is a definition, a form and an entry in the policy.
func TestAnInstrumentOfTheHospitals(t *testing.T) {
	onEachServer(t, func(w *world) {
		const codes = "https://hospital.example/fhir/CodeSystem/sleep"
		flags, changes := w.brings(example, besides+"sleep\n    due_after: 48h\n    tiers: {advice: [{from: 2, source: nobody}], consult: [{from: 5, source: nobody}]}")
		if last := changes[len(changes)-1].Name; last != "Questionnaire-sleep" {
			w.Errorf("%s was published", last)
		}
		w.serve(flags...)
		a, other := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: man})
		nights, others := a.With("sleep"), other.With("sleep")
		for _, each := range []hospital.Admission{a, nights, other, others} {
			w.want(each, asked)
		}
		task := w.find("Task", stay.ScreeningTask, nights)
		if got := w.formOf(task) + " " + task.Get("description").String(); got != "https://hospital.example/fhir/Questionnaire/sleep|1.0.0-en Sleep last week: ask the patient" {
			w.Errorf("the nurse reads %s", got)
		}

		w.answer(nights, 3, 1, 2)
		w.until(a, func() bool { return w.count("ServiceRequest", stay.Consult, a) == 1 })
		score := w.find("Observation", stay.Score, nights)
		if score.Get("valueQuantity.value").Int() != 6 || !coded(score, "code", codes, "sleep-total") || !coded(score, "component.2.code", codes, "sleep-pills") {
			w.Errorf("scored %s", score.Raw())
		}
		order := w.find("ServiceRequest", stay.Consult, a)
		if letter := notesOf(order); !strings.Contains(letter, "Sleep last week: 6 of 7 points") || !strings.Contains(letter, "How often did you lie awake last week?") {
			w.Errorf("the team reads %s", letter)
		}

		w.answer(others, 0, 0) // who never lay awake is not asked about pills
		w.until(other, func() bool { return w.count("Observation", stay.Score, others) == 1 })
		if got := w.find("Observation", stay.Score, others).Get("valueQuantity.value"); !got.Exists() || got.Int() != 0 {
			w.Errorf("scored %s", got)
		}

		w.must(w.hospital.SetStatus(w.ctx(), a, "finished"))
		w.until(a, func() bool { return w.find("Task", stay.ScreeningTask, a).Get("status").String() == "cancelled" })
		if got := w.find("Task", stay.ScreeningTask, nights).Get("status").String(); got != "completed" {
			w.Errorf("at discharge the answered task is %s", got)
		}
		if got := w.find("ServiceRequest", stay.Consult, a).Get("status").String(); got != "active" {
			w.Errorf("at discharge the consult is %s", got)
		}
	})
}

func (w *world) count(resourceType string, kind stay.Kind, a hospital.Admission) int {
	w.Helper()
	found, err := w.hospital.Find(w.ctx(), resourceType, kind, a)
	w.must(err)
	return len(found)
}

// DUDIT has no form of ours: the hospital brings the words that its authors have let it use.
func TestDuditInTheWordsOfTheHospital(t *testing.T) {
	onEachServer(t, func(w *world) {
		dir := w.folder("dudit", []byte(dudit()))
		flags, _ := w.brings(dir, besides+"dudit\n    tiers: {consult: [{sex: female, from: 2, source: Berman}, {sex: male, from: 6, source: Berman}], urgent: [{from: 25, source: Berman}]}")
		rec := w.reconciler(flags...)
		a := w.admit(hospital.Stay{Person: man})
		drugs := a.With("dudit")
		w.settledBy(rec, a)
		w.want(drugs, asked)
		w.answer(drugs, 4, 4, 4, 4, 4, 4, 0, 0, 0, 2, 2) // 28
		w.settledBy(rec, a)
		score := w.find("Observation", stay.Score, drugs)
		if !coded(score, "code", artifacts.CodeSystemURL, "dudit-score") || score.Get("valueQuantity.value").Int() != 28 {
			w.Errorf("scored %s", score.Raw())
		}
		order := w.find("ServiceRequest", stay.Consult, a)
		if order.Get("priority").String() != "urgent" || !strings.Contains(notesOf(order), "DUDIT: 28 of 44 points") {
			w.Errorf("%s: %s", order.Get("priority"), notesOf(order))
		}
		if writes := w.settledBy(rec, a); writes != 0 {
			w.Errorf("%d more writes", writes)
		}
	})
}

// dudit is a form with made-up text.
func dudit() string {
	const option = `{"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/itemWeight", "valueDecimal": %[1]d}], "valueCoding": {"system": "https://hospital.example/codes", "code": "a%[1]d", "display": "Answer %[1]d"}}`
	var items []string
	for n := 1; n <= 11; n++ {
		var options []string
		for points := 0; points <= 4; points++ {
			if n < 10 || points%2 == 0 {
				options = append(options, fmt.Sprintf(option, points))
			}
		}
		items = append(items, fmt.Sprintf(`{"linkId": "%[1]d", "code": [{"system": "https://tilsyn.org/fhir/CodeSystem/tilsyn", "code": "dudit-%[1]d"}], "text": "Question %[1]d", "type": "choice", "answerOption": [%[2]s]}`,
			n, strings.Join(options, ", ")))
	}
	return `{"resourceType": "Questionnaire", "url": "https://hospital.example/fhir/Questionnaire/dudit", "version": "1.0.0-en", "language": "en", "status": "active", "item": [` + strings.Join(items, ", ") + `]}`
}

// folder is one for instruments.dir, with one form.
func (w *world) folder(instrument string, form []byte) (dir string) {
	w.Helper()
	dir = w.TempDir()
	w.must(os.Mkdir(filepath.Join(dir, instrument), 0o700))
	w.must(os.WriteFile(filepath.Join(dir, instrument, "questionnaire.json"), form, 0o600))
	return dir
}

// ownAuditC is our form in words of the hospital's.
func (w *world) ownAuditC() []byte {
	w.Helper()
	form, err := artifacts.Questionnaire("en")
	w.must(err)
	for _, edit := range [][2]string{{"url", "https://hospital.example/fhir/Questionnaire/audit-c"}, {"version", "2026-en"}, {"item.2.text", "How often do you drink?"}} {
		form, err = sjson.SetBytes(form, edit[0], edit[1])
		w.must(err)
	}
	return form
}

// A hospital brings its approved wording of AUDIT-C while patients are in their beds. Who was
// asked before has our form before her, and is scored by it; who comes later is asked in
// the hospital's words.
func TestTheHospitalsOwnWording(t *testing.T) {
	onEachServer(t, func(w *world) {
		const theirs, ours = "https://hospital.example/fhir/Questionnaire/audit-c|2026-en", artifacts.QuestionnaireURL + "|1.2.0-en"
		before := w.reconciler()
		a, elsewhere, again := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: man})
		for _, each := range []hospital.Admission{a, elsewhere, again} {
			w.settledBy(before, each)
			w.want(each, asked)
		}
		w.answer(again, 2, 1, 0)
		w.settledBy(before, again)

		dir := w.folder("auditc", w.ownAuditC())
		flags := []string{"--instruments.dir", dir}
		w.policy = pathway.DefaultPolicy(w.config(flags...).Instruments.Definitions()...)
		for _, did := range []string{"created", "unchanged"} {
			changes, err := w.app(flags...).Setup(w.ctx())
			w.must(err)
			if last := changes[len(changes)-1]; last.Name != "Questionnaire-auditc" || last.Did != did && did == "unchanged" {
				w.Errorf("setup: %v", last)
			}
		}
		now := w.reconciler(flags...)
		for _, each := range []hospital.Admission{a, elsewhere, again} {
			if writes := w.settledBy(now, each); writes != 0 {
				w.Errorf("%d writes for the change's sake", writes)
			}
		}
		w.answer(a, 2, 1, 1)
		w.settledBy(now, a)
		w.want(a, referred(4, "routine"))
		if got := w.formOf(w.find("QuestionnaireResponse", stay.Draft, a)); got != ours {
			w.Errorf("answered %s", got)
		}
		w.answer(again, 4, 4, 4) // corrected
		w.settledBy(now, again)
		if score := w.find("Observation", stay.Score, again); score.Get("valueQuantity.value").Int() != 12 || score.Get("status").String() != "amended" {
			w.Errorf("corrected to %s, %s", score.Get("valueQuantity.value"), score.Get("status"))
		}
		_, err := w.hospital.AnswerElsewhere(w.ctx(), elsewhere, theirs, 1, 0, 0) // in a screen that has the new form
		w.must(err)
		w.settledBy(now, elsewhere)
		if got := w.find("Observation", stay.Score, elsewhere).Get("valueQuantity.value").Int(); got != 1 {
			w.Errorf("scored %d", got)
		}

		later := w.admit(hospital.Stay{Person: man})
		w.settledBy(now, later)
		if got := w.formOf(w.find("Task", stay.ScreeningTask, later)); got != theirs {
			w.Errorf("asked with %s", got)
		}
		w.answer(later, 4, 4, 4)
		w.settledBy(now, later)
		w.want(later, referred(12, "urgent"))
		score := w.find("Observation", stay.Score, later)
		if !coded(score, "code", "http://loinc.org", "75626-2") || !strings.Contains(notesOf(w.find("ServiceRequest", stay.Consult, later)), "How often do you drink?") {
			w.Errorf("scored %s", score.Raw())
		}
		w.must(w.hospital.Set(w.ctx(), w.find("QuestionnaireResponse", stay.Draft, a).Ref(), "status", "entered-in-error"))
		w.settledBy(now, a)
		if got := w.formOf(w.find("Task", stay.ScreeningTask, a)); got != theirs {
			w.Errorf("asked again with %s", got)
		}
	})
}

// What was published is never changed in place, also of the hospital's.
func TestTheHospitalsFormIsChanged(t *testing.T) {
	w := onSandbox(t)
	w.brings(w.folder("auditc", w.ownAuditC()), besides+"audit\n    tiers: {advice: [{from: 8, source: WHO}]}")
	changed, err := sjson.SetBytes(w.ownAuditC(), "item.2.text", "How often?")
	w.must(err)
	flags := []string{"--instruments.dir", w.folder("auditc", changed)}
	for name, err := range map[string]error{"setup": second(w.app(flags...).Setup(w.ctx())), "serve": second(w.app(flags...).Reconciler(w.ctx()))} {
		if err == nil || !strings.Contains(err.Error(), "has version 2026-en but other content than "+flags[1]) || !strings.Contains(err.Error(), "give the changed form a new version") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// coded tells that an element has this code first.
func coded(r fhir.Resource, path, system, code string) bool {
	c := r.Get(path + ".coding.0")
	return c.Get("system").String() == system && c.Get("code").String() == code
}

func second[T any](_ T, err error) error { return err }
