package integration_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// A score leads to what the policy says, for everyone it is keyed on.
func TestScoresLeadToWhatThePolicySays(t *testing.T) {
	unknown := hospital.Person{Given: "Alex", Birth: "1990-01-01"}
	other := hospital.Person{Given: "Robin", Gender: "other", Birth: "1990-01-01"}
	cases := []struct {
		name   string
		person hospital.Person
		points []int
		want   hospital.Outcome
	}{
		{"woman 3", woman, []int{1, 1, 1}, scored(3)},
		{"woman 4", woman, []int{2, 1, 1}, referred(4, "routine")},
		{"man 4", man, []int{2, 1, 1}, scored(4)},
		{"man 5", man, []int{2, 2, 1}, referred(5, "routine")},
		{"man 7", man, []int{3, 2, 2}, referred(7, "routine")},
		{"man 8", man, []int{3, 3, 2}, referred(8, "urgent")},
		{"man 12", man, []int{4, 4, 4}, referred(12, "urgent")},
		{"never", man, []int{0}, scored(0)},
		{"sex unknown 4", unknown, []int{2, 1, 1}, referred(4, "routine")},
		{"sex other 3", other, []int{1, 1, 1}, scored(3)},
		{"zeros after monthly", woman, []int{1, 0, 0}, scored(1)},
	}
	onEachServer(t, func(w *world) {
		w.serve()
		admitted := map[string]hospital.Admission{}
		for _, c := range cases {
			admitted[c.name] = w.admit(hospital.Stay{Person: c.person})
		}
		for _, c := range cases {
			w.answer(admitted[c.name], c.points...)
		}
		for _, c := range cases {
			w.want(admitted[c.name], c.want)
		}
	})
}

// During pregnancy any score above 0 is talked through, in words that are for it, and
// from 4 the team is asked to come. A man is not pregnant, and an entry that has ended, or
// that nobody has ended in a year, says nothing of today.
func TestPregnancy(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve()
		one, four, over, forgotten := w.admit(hospital.Stay{Person: expectant}), w.admit(hospital.Stay{Person: expectant}), w.admit(hospital.Stay{Person: expectant}), w.admit(hospital.Stay{Person: expectant})
		him := w.admit(hospital.Stay{Person: hospital.Person{Given: "Ola", Gender: "male", Birth: expectant.Birth}})
		for _, a := range []hospital.Admission{one, four, him} {
			w.condition(a, "77386006", "active")
		}
		w.condition(over, "72892002", "resolved")
		w.edit(w.condition(forgotten, "77386006", "active"), "onsetDateTime", time.Now().AddDate(-1, 0, 0).Format(time.DateOnly))
		w.answer(four, 2, 1, 1)
		w.want(four, referred(4, "routine"))
		for _, a := range []hospital.Admission{one, over, forgotten, him} {
			w.answer(a, 1, 0, 0)
			w.want(a, scored(1))
		}
		if letter := notesOf(w.find("ServiceRequest", stay.Consult, four)); !strings.Contains(letter, "The patient is pregnant.") {
			w.Errorf("the letter says %q", letter)
		}
		if said := w.advised(one); !strings.Contains(said, pregnantAdvice) {
			w.Errorf("the ward is to say %q", said)
		}
		for _, a := range []hospital.Admission{over, forgotten, him} {
			if said := w.advised(a); said != "" {
				w.Errorf("the ward is to say %q", said)
			}
		}
	})
}

var expectant = hospital.Person{Given: "Kari", Gender: "female", Birth: fmt.Sprint(time.Now().Year() - 30)}

// pregnantAdvice is of the advice in English.
const pregnantAdvice = "not to drink alcohol in pregnancy"

// A pregnancy is often recorded after the form: the census hears of it, and ward and team
// read it. When the record ends, nothing is made less.
func TestPregnancyRecordedLate(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve("--census.interval", "1s")
		one, four := w.admit(hospital.Stay{Person: expectant}), w.admit(hospital.Stay{Person: expectant})
		w.answer(one, 1, 0, 0)
		w.answer(four, 2, 1, 1)
		w.want(one, scored(1))
		w.want(four, referred(4, "routine"))
		before := w.find("Observation", stay.Score, one)
		recorded := w.condition(one, "77386006", "active")
		w.condition(four, "77386006", "active")
		w.until(one, func() bool { return strings.Contains(w.advised(one), pregnantAdvice) })
		w.until(four, func() bool {
			return strings.Contains(notesOf(w.find("ServiceRequest", stay.Consult, four)), "The patient is pregnant.")
		})
		after := w.find("Observation", stay.Score, one)
		if after.Ref() != before.Ref() || after.Get("status").String() != "amended" || after.Get("valueQuantity.value").Int() != 1 {
			w.Errorf("the score is %s", after.Raw())
		}
		w.edit(recorded, "clinicalStatus.coding.0.code", "resolved")
		rec, err := w.app().Reconciler(w.ctx())
		w.must(err)
		rec.Pregnancy(one.Patient)
		if done, err := rec.Reconcile(w.ctx(), one.ID()); err != nil || done.Wrote {
			w.Errorf("when it ends: %+v (%v)", done, err)
		}
	})
}

// advised is what the ward is to say; "": nothing.
func (w *world) advised(a hospital.Admission) (said string) {
	w.Helper()
	found, err := w.hospital.Find(w.ctx(), "Task", stay.Advice, a)
	w.must(err)
	for _, task := range found {
		said += notesOf(task)
	}
	return said
}

func (w *world) until(a hospital.Admission, done func() bool) {
	w.Helper()
	_, err := w.hospital.Await(w.ctx(), a, func(hospital.Outcome) bool { return done() })
	w.must(err)
}

func (w *world) condition(a hospital.Admission, code, status string) (ref string) {
	w.Helper()
	ref, err := w.hospital.Create(w.ctx(), "condition-"+a.ID(), r4.Condition{
		Identifier:     w.hospital.Identifier("condition-" + a.ID()),
		ClinicalStatus: fhir.Ptr(fhir.Concept("http://terminology.hl7.org/CodeSystem/condition-clinical", status, "")),
		Code:           fhir.Ptr(fhir.Concept("http://snomed.info/sct", code, "")),
		Subject:        *fhir.Ref(a.Patient),
	})
	w.must(err)
	return ref
}

// Only adult inpatients who are there are asked, and the others never: all are
// there before the last, who is asked.
func TestWhoIsAsked(t *testing.T) {
	onEachServer(t, func(w *world) {
		child := hospital.Person{Given: "Barn", Gender: "female", Birth: fmt.Sprint(time.Now().Year() - 10)}
		parent := w.admit(hospital.Stay{Person: woman})
		never := map[string]hospital.Admission{
			"outpatient": w.admit(hospital.Stay{Person: woman, Class: "AMB"}),
			"emergency":  w.admit(hospital.Stay{Person: woman, Class: "EMER"}),
			"planned":    w.admit(hospital.Stay{Person: woman, Status: "planned"}),
			"finished":   w.admit(hospital.Stay{Person: woman, Status: "finished"}),
			"cancelled":  w.admit(hospital.Stay{Person: woman, Status: "cancelled"}),
			"child":      w.admit(hospital.Stay{Person: child}),
			"part":       w.admit(hospital.Stay{Person: woman, PartOf: parent.Encounter}),
		}
		w.serve("--census.interval", "1s")
		for _, a := range []hospital.Admission{
			parent,
			w.admit(hospital.Stay{Person: woman, Status: "arrived"}),
			w.admit(hospital.Stay{Person: woman, Status: "onleave"}),
			w.admit(hospital.Stay{Person: woman, Class: "ACUTE"}),
			w.admit(hospital.Stay{Person: woman, Class: "NONAC"}),
			w.admit(hospital.Stay{Person: hospital.Person{Given: "Uten dato"}}),
			w.admit(hospital.Stay{Person: woman, PartOf: never["outpatient"].Encounter}),
		} {
			w.want(a, asked)
		}
		for who, a := range never {
			if got, err := w.hospital.Outcome(w.ctx(), a); err != nil || got != notAsked {
				w.Errorf("%s was asked: %+v (%v)", who, got, err)
			}
		}
	})
}

// A form that is not complete gives no score and leaves the nurse a task that
// says so; filled in later it is scored.
func TestIncomplete(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve()
		a := w.admit(hospital.Stay{Person: woman})
		w.must(w.hospital.Answer(w.ctx(), a, "in-progress", 3, 2))
		w.must(w.hospital.CloseTask(w.ctx(), a))
		w.want(a, hospital.Outcome{Asked: 1, Task: "in-progress", Business: "incomplete", Draft: "in-progress"})
		if text := w.find("Task", stay.ScreeningTask, a).Get("statusReason.text").String(); !strings.Contains(text, "question 3") {
			w.Errorf("the task says %q, not which question is open", text)
		}
		w.answer(a, 3, 2, 2)
		w.want(a, referred(7, "routine"))
	})
}

func TestDischarge(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve()
		before, after := w.admit(hospital.Stay{Person: man}), w.admit(hospital.Stay{Person: man})
		w.want(before, asked)
		w.must(w.hospital.SetStatus(w.ctx(), before, "finished"))
		w.want(before, discharged)
		w.answer(after, 2, 2, 2)
		w.must(w.hospital.SetStatus(w.ctx(), after, "finished"))
		w.want(after, referred(6, "routine"))
	})
}

// Answers that name another patient are never scored.
func TestAnotherPatientsAnswers(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve()
		a, other := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: man})
		w.want(a, asked)
		draft := w.find("QuestionnaireResponse", stay.Draft, a)
		w.must(w.hospital.Edit(w.ctx(), draft.Ref(), func(r fhir.Resource) (fhir.Resource, error) {
			return r.Set("subject.reference", other.Patient)
		}))
		w.answer(a, 4, 4, 4)
		w.want(a, hospital.Outcome{Asked: 1, Task: "requested", Business: "wrong-patient", Draft: "completed"})
	})
}

// A renderer's response put over our draft may have lost everything but the
// answers; an EHR may send a response of its own.
func TestPoorAndForeignResponses(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve("--census.interval", "1s")
		poor, own := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
		w.want(poor, asked)
		w.answer(poor, 2, 1, 1)
		w.want(own, asked)
		draft := w.find("QuestionnaireResponse", stay.Draft, own)
		w.answerElsewhere(own, draft)
		want := referred(6, "routine")
		want.Draft = "stopped"
		w.want(own, want)
		w.want(poor, referred(4, "routine"))

		lost := w.admit(hospital.Stay{Person: woman})
		w.want(lost, asked)
		draft = w.find("QuestionnaireResponse", stay.Draft, lost)
		w.must(w.hospital.Edit(w.ctx(), draft.Ref(), func(r fhir.Resource) (fhir.Resource, error) {
			raw := fmt.Sprintf(`{"resourceType":"QuestionnaireResponse","id":%q,"meta":{"versionId":%q},"status":"completed",
				"questionnaire":%q,"item":[{"linkId":"1","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA6270-8"}}]}]}`,
				r.ID(), r.VersionID(), artifacts.QuestionnaireURL+"|1.2.0-en")
			return fhir.Parse([]byte(raw))
		}))
		w.want(lost, scored(0)) // found by the task, and by its identifier again: that was put back
	})
}

func (w *world) answerElsewhere(a hospital.Admission, draft fhir.Resource) {
	w.Helper()
	var tx fhir.Transaction
	tx.Create(fhir.NewRef(), json.RawMessage(strings.ReplaceAll(fmt.Sprintf(`{"resourceType":"QuestionnaireResponse",
		"questionnaire":%q,"status":"completed","subject":{"reference":%q},"encounter":{"reference":%q},"authored":%q,"item":[
		{"linkId":"1","answer":[{"valueCoding":{"system":"L","code":"LA18927-6"}}]},
		{"linkId":"2","answer":[{"valueCoding":{"system":"L","code":"LA18930-0"}}]},
		{"linkId":"3","answer":[{"valueCoding":{"system":"L","code":"LA18876-5"}}]}]}`,
		draft.Get("questionnaire"), a.Patient, a.Encounter, *fhir.Instant(time.Now())), `"L"`, `"http://loinc.org"`)), "")
	w.must(w.client.Transact(w.ctx(), &tx))
}

// What others wrote on a resource survives our edit of it, byte for byte.
func TestOthersWordsSurvive(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve()
		a := w.admit(hospital.Stay{Person: woman})
		w.want(a, asked)
		task := w.find("Task", stay.ScreeningTask, a)
		const note = `[{"extension":[{"url":"https://ehr.example.no/x","valueDecimal":1.50}],"text":"ringt tolk <kl. 10>"}]`
		w.must(w.hospital.Edit(w.ctx(), task.Ref(), func(r fhir.Resource) (fhir.Resource, error) {
			r, err := r.Set("note", json.RawMessage(note))
			if err == nil {
				r, err = r.Set("_description", json.RawMessage(`{"extension":[{"url":"https://ehr.example.no/y","valueString":"æ"}]}`))
			}
			return r, err
		}))
		w.answer(a, 1, 0, 0)
		w.want(a, scored(1))
		after := w.find("Task", stay.ScreeningTask, a)
		if got := after.Get("note").Raw; got != note {
			w.Errorf("the nurse's note came back as %s", got)
		}
		if got := after.Get("_description.extension.0.valueString").String(); got != "æ" {
			w.Errorf("the extension on the description came back as %q", got)
		}
	})
}

// What is written carries the references, labels and versions that it must.
func TestWhatIsWritten(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admit(hospital.Stay{Person: man, Ward: 1})
		w.must(w.hospital.Edit(w.ctx(), a.Encounter, func(r fhir.Resource) (fhir.Resource, error) {
			return r.Set("meta.security", json.RawMessage(`[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}]`))
		}))
		w.serve()
		w.answer(a, 3, 3, 3)
		w.want(a, referred(9, "urgent"))
		task, response := w.find("Task", stay.ScreeningTask, a), w.find("QuestionnaireResponse", stay.Draft, a)
		score, consult := w.find("Observation", stay.Score, a), w.find("ServiceRequest", stay.Consult, a)
		team := w.find("Task", stay.ConsultTask, a)
		policy := pathway.DefaultPolicy().Version
		for what, got := range map[string][2]string{
			"task code":         {task.Get("code.coding.0.code").String(), "complete-questionnaire"},
			"task focus":        {task.Get("focus").Raw, ""},
			"task for":          {task.Get("for.reference").String(), a.Patient},
			"task encounter":    {task.Get("encounter.reference").String(), a.Encounter},
			"task owner":        {task.Get("owner.reference").String(), w.hospital.Wards[1].Nurses},
			"task location":     {task.Get("location.reference").String(), w.hospital.Wards[1].Location},
			"task form":         {task.Get(`input.#(type.coding.0.code=="questionnaire").valueCanonical`).String(), artifacts.QuestionnaireURL + "|1.2.0-en"},
			"task endpoint":     {task.Get(`input.#(type.coding.0.code=="response-endpoint").valueUrl`).String(), w.base + "/QuestionnaireResponse"},
			"task response":     {task.Get(`output.#(type.coding.0.code=="questionnaire-response").valueReference.reference`).String(), response.Ref()},
			"task score":        {task.Get(`output.#(type.coding.0.code=="score").valueReference.reference`).String(), score.Ref()},
			"task consult":      {task.Get(`output.#(type.coding.0.code=="consult").valueReference.reference`).String(), consult.Ref()},
			"score code":        {score.Get("code.coding.0.code").String(), "75626-2"},
			"score from":        {score.Get("derivedFrom.0.reference").String(), response.Ref()},
			"score unit":        {score.Get("valueQuantity.code").String(), "{score}"},
			"score items":       {score.Get("component.#.valueQuantity.value").Raw, "[3,3,3]"},
			"score policy":      {score.Get("meta.tag.0.code").String(), policy},
			"score label":       {score.Get("meta.security.0.code").String(), "N"},
			"consult reason":    {consult.Get("reasonReference.0.reference").String(), score.Ref()},
			"consult info":      {consult.Get("supportingInfo.0.reference").String(), response.Ref()},
			"consult encounter": {consult.Get("encounter.reference").String(), a.Encounter},
			"consult subject":   {consult.Get("subject.reference").String(), a.Patient},
			"consult team":      {consult.Get("performer.0.reference").String(), w.hospital.Liaison},
			"consult policy":    {consult.Get("meta.tag.0.code").String(), policy},
			"team focus":        {team.Get("focus.reference").String(), consult.Ref()},
			"team owner":        {team.Get("owner.reference").String(), w.hospital.Liaison},
			"team label":        {team.Get("meta.security.0.code").String(), "N"},
		} {
			if got[0] != got[1] {
				w.Errorf("%s is %q, want %q", what, got[0], got[1])
			}
		}
		w.provenance(score.Ref(), policy)
	})
}

func (w *world) provenance(target, policy string) {
	w.Helper()
	found, err := w.client.Search(w.ctx(), fhir.Query("Provenance", "target", target))
	w.must(err)
	if len(found) != 1 || !strings.HasSuffix(found[0].Get("policy.0").String(), policy) {
		w.Errorf("%d Provenances of the score; want 1, by policy %s", len(found), policy)
	}
}
