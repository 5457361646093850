package process

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// ward is a hospital whose every patient and admission is marked, with somebody
// in each phase of a screening.
type ward struct {
	*testing.T
	ctx      context.Context
	client   *fhir.Client
	hospital *hospital.Hospital
	all      []hospital.Admission
}

func (w *ward) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *ward) admit(s hospital.Stay) hospital.Admission {
	w.Helper()
	if s.Given == "" {
		s.Person = kari
	}
	a, err := w.hospital.Admit(w.ctx, s)
	w.must(err)
	w.inscribe(a)
	w.all = append(w.all, a)
	return a
}

// inscribe puts markers into what a patient and an admission may hold beside what
// the synthetic hospital writes.
func (w *ward) inscribe(a hospital.Admission) {
	w.Helper()
	m := strings.Join(markers(), " ")
	w.set(a.Patient, "address", []any{map[string]any{"text": m, "line": []string{m}, "city": m, "postalCode": m}})
	w.set(a.Patient, "telecom", []any{map[string]any{"system": "phone", "value": m}})
	w.set(a.Patient, "contact", []any{map[string]any{"name": map[string]any{"text": m, "family": m}}})
	w.set(a.Patient, "generalPractitioner", []any{map[string]any{"display": m}})
	w.set(a.Encounter, "reasonCode", []any{map[string]any{"text": m, "coding": []any{map[string]any{"system": "http://snomed.info/sct", "code": "1", "display": m}}}})
	w.set(a.Encounter, "serviceType", map[string]any{"text": m})
	w.set(a.Encounter, "extension", []any{map[string]any{"url": "http://hospital.example/" + letters(m), "valueString": m}})
	w.set(a.Encounter, "location.0.location.display", m)
	w.set(a.Encounter, "subject.display", m)
}

func (w *ward) set(ref, element string, value any) {
	w.Helper()
	w.must(w.hospital.Edit(w.ctx, ref, func(r fhir.Resource) (fhir.Resource, error) { return r.Set(element, value) }))
}

func (w *ward) find(resourceType string, kind stay.Kind, a hospital.Admission) fhir.Resource {
	w.Helper()
	var found []fhir.Resource
	w.must(hospital.Wait(w.ctx, func() (ok bool, err error) {
		found, err = w.hospital.Find(w.ctx, resourceType, kind, a)
		return len(found) > 0, err
	}))
	return found[0]
}

func (w *ward) create(resource string) {
	w.Helper()
	var tx fhir.Transaction
	tx.Create(fhir.NewRef(), json.RawMessage(resource), "")
	w.must(w.client.Transact(w.ctx, &tx))
}

// answered admits somebody and hands in her answers.
func (w *ward) answered(points ...int) hospital.Admission {
	w.Helper()
	a := w.admit(hospital.Stay{})
	w.must(w.hospital.Answer(w.ctx, a, "completed", points...))
	return a
}

func (w *ward) await(a hospital.Admission, done func(hospital.Outcome) bool) {
	w.Helper()
	if o, err := w.hospital.Await(w.ctx, a, done); err != nil {
		w.Fatalf("%s: %+v, %v", a.Encounter, o, err)
	}
}

func business(code string) func(hospital.Outcome) bool {
	return func(o hospital.Outcome) bool { return o.Business == code }
}

// fill brings somebody into each phase; a service must be running.
func (w *ward) fill() {
	w.Helper()
	waiting := w.admit(hospital.Stay{})
	scored, advised, referred, accepted, corrected := w.answered(0), w.answered(1, 1, 1), w.answered(4, 4, 4), w.answered(4, 4, 4), w.answered(4, 4, 4)
	incomplete := w.admit(hospital.Stay{})
	w.must(w.hospital.Answer(w.ctx, incomplete, "in-progress", 3, 2))
	w.must(w.hospital.CloseTask(w.ctx, incomplete)) // she says it is done, but it is not
	invalid, elsewhere, declined, away := w.admit(hospital.Stay{}), w.answered(4, 4, 4), w.admit(hospital.Stay{}), w.admit(hospital.Stay{})
	gone, merged, twice, circle := w.admit(hospital.Stay{}), w.answered(4, 4, 4), w.admit(hospital.Stay{}), w.admit(hospital.Stay{})
	shielded, late := w.admit(hospital.Stay{}), w.answered(4, 4, 4)
	w.protect(shielded)
	w.must(w.hospital.Answer(w.ctx, shielded, "completed", 4, 4, 4))
	w.admit(hospital.Stay{Class: "AMB"})
	w.admit(hospital.Stay{Person: hospital.Person{Given: "Nora", Birth: "2020-02-02"}})
	w.admit(hospital.Stay{Status: "planned"})
	part := w.admit(hospital.Stay{PartOf: waiting.Encounter})

	w.await(waiting, business("unanswered"))
	w.await(scored, func(o hospital.Outcome) bool { return o == hospital.Scored(0) })
	w.await(advised, func(o hospital.Outcome) bool { return o == hospital.Scored(3) })
	for _, a := range []hospital.Admission{referred, accepted, corrected, shielded, late} {
		w.await(a, func(o hospital.Outcome) bool { return o == hospital.Referred(12, "urgent") })
	}
	w.await(incomplete, business("incomplete"))
	w.protect(late)
	w.set(w.find("Task", stay.ConsultTask, accepted).Ref(), "status", "accepted")
	w.must(w.hospital.Answer(w.ctx, corrected, "amended", 0))
	w.set(w.find("QuestionnaireResponse", stay.Draft, elsewhere).Ref(), "subject.reference", scored.Patient)
	w.anotherForm(invalid)
	w.set(w.find("Task", stay.ScreeningTask, declined).Ref(), "statusReason", fhir.Concept(artifacts.CodeSystemURL, "declined", markers()[0]))
	w.set(w.find("Task", stay.ScreeningTask, declined).Ref(), "status", "rejected")
	w.set(w.find("Task", stay.ScreeningTask, away).Ref(), "statusReason.text", markers()[0])
	w.set(w.find("Task", stay.ScreeningTask, away).Ref(), "status", "rejected")
	_, err := w.hospital.Task(w.ctx, gone)
	w.must(err)
	w.must(w.hospital.SetStatus(w.ctx, gone, "finished"))
	w.set(merged.Patient, "link", []any{map[string]any{"other": map[string]any{"reference": scored.Patient}, "type": "replaced-by"}})
	copied, err := w.find("Task", stay.ScreeningTask, twice).Delete("id")
	w.must(err)
	w.create(string(copied.Raw()))
	w.set(circle.Patient, "link", []any{map[string]any{"other": map[string]any{"reference": circle.Patient}, "type": "replaced-by"}})
	w.create(`{"resourceType":"Condition","subject":{"reference":"` + waiting.Patient + `"},"code":{"text":` + quoted(markers()[0]) + `,"coding":[` + pregnant() + `]},
		"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}}`)
	w.await(corrected, func(o hospital.Outcome) bool { return o.Stands == "amended" })
	w.await(invalid, func(o hospital.Outcome) bool { return o.Business == "invalid" || o.Business == "withdrawn" })
	w.await(declined, business("declined"))
	w.await(away, business("put-away"))
	w.await(gone, business("discharged"))
	w.must(w.hospital.SetStatus(w.ctx, part, "in-progress"))
}

// protect has fewer know of a patient, by a label and by a code on her address,
// with words of the site's own on both.
func (w *ward) protect(a hospital.Admission) {
	w.Helper()
	m := markers()[0]
	w.set(a.Patient, "meta.security", []any{map[string]any{"system": pathway.Confidentiality, "code": "V", "display": m}})
	w.set(a.Patient, "address.0.extension", []any{map[string]any{"url": "http://hospital.example/" + letters(m),
		"valueCoding": map[string]any{"system": "http://hospital.example/protection", "code": letters(m), "display": m}}})
}

// anotherForm has an EHR answer a version of our form that nobody can score.
func (w *ward) anotherForm(a hospital.Admission) {
	w.Helper()
	draft := w.find("QuestionnaireResponse", stay.Draft, a)
	form, _, _ := strings.Cut(draft.Get("questionnaire").String(), "|")
	w.set(draft.Ref(), "questionnaire", form+"|0.0.1")
	w.must(w.hospital.Answer(w.ctx, a, "completed", 1, 1, 1))
	m := markers()[0]
	w.create(`{"resourceType":"Questionnaire","url":"` + form + `","version":"0.0.1","status":"active","title":` + quoted(m) + `,"item":[{"linkId":` + quoted(m) + `,"text":` + quoted(m) +
		`,"type":"choice","answerOption":[{"valueCoding":{"code":` + quoted(m) + `},"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/ordinalValue","valueDecimal":13116900216}]}]}]}`)
}

// pregnant is a code that the policy looks for.
func pregnant() string {
	c := pathway.DefaultPolicy().Pregnancy.Codings[0]
	return `{"system":` + quoted(c.System) + `,"code":` + quoted(c.Code) + `}`
}

func quoted(s string) string {
	raw, _ := json.Marshal(s)
	return string(raw)
}
