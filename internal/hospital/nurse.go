package hospital

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Wait looks again, ever less often, until done says so, or ctx ends.
func Wait(ctx context.Context, done func() (bool, error)) error {
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it did not happen in time: %w", ctx.Err())
		case <-time.After(pause):
		}
	}
}

// Find gives what tilsyn made of one kind in an admission.
func (h *Hospital) Find(ctx context.Context, resourceType string, kind stay.Kind, a Admission) ([]fhir.Resource, error) {
	return h.client.Search(ctx, resourceType+"?"+fhir.ByIdentifier(artifacts.IdentifierSystem, named(kind, a, 1)))
}

// manyTimes is more often than anything is made in one admission.
const manyTimes = 9

func named(kind stay.Kind, a Admission, n int) string {
	return stay.Name{Purpose: stay.For(kind, cmp.Or(a.Instrument, stay.AuditC)), Admission: a.ID(), Number: n}.String()
}

// All gives what tilsyn made of one kind in an admission, however often, in the order of
// its numbers.
func (h *Hospital) All(ctx context.Context, resourceType string, kind stay.Kind, a Admission) ([]fhir.Resource, error) {
	var names []string
	for n := range manyTimes {
		names = append(names, named(kind, a, n+1))
	}
	found, err := h.client.Search(ctx, resourceType+"?"+fhir.ByIdentifier(artifacts.IdentifierSystem, names...))
	slices.SortStableFunc(found, func(a, b fhir.Resource) int {
		return strings.Compare(a.Identifier(artifacts.IdentifierSystem), b.Identifier(artifacts.IdentifierSystem))
	})
	return found, err
}

// Task waits until the nurse has a task for the admission, and gives the last one.
func (h *Hospital) Task(ctx context.Context, a Admission) (task fhir.Resource, err error) {
	err = Wait(ctx, func() (bool, error) {
		found, err := h.All(ctx, "Task", stay.ScreeningTask, a)
		if len(found) > 0 {
			task = found[len(found)-1]
		}
		return len(found) > 0, err
	})
	return task, err
}

// Answer opens the form that the nurse's task belongs with, fills it in and
// sends it. points are those of items 1, 2, 3; fewer leave the rest open.
func (h *Hospital) Answer(ctx context.Context, a Admission, status string, points ...int) error {
	_, err := h.Fill(ctx, a, status, points...)
	return err
}

// Fill is Answer, and gives the response.
func (h *Hospital) Fill(ctx context.Context, a Admission, status string, points ...int) (ref string, err error) {
	task, err := h.Task(ctx, a)
	if err != nil {
		return "", err
	}
	form := task.Get(`input.#(type.coding.0.code=="questionnaire").valueCanonical`).String()
	ref = task.Get(`output.#(type.coding.0.code=="questionnaire-response").valueReference.reference`).String()
	return ref, h.FillIn(ctx, ref, form, status, points...)
}

// FillIn writes answers on a response; form is the canonical, url|version, of what it answers.
func (h *Hospital) FillIn(ctx context.Context, response, form, status string, points ...int) error {
	items, err := h.filled(ctx, form, points)
	if err != nil {
		return err
	}
	return h.Set(ctx, response, "item", items, "authored", *fhir.Instant(time.Now()), "status", status)
}

// AnswerElsewhere hands in a response from another screen of the EHR, which knows
// the form but not the task. form is its canonical, url|version.
func (h *Hospital) AnswerElsewhere(ctx context.Context, a Admission, form string, points ...int) (ref string, err error) {
	return h.hold(ctx, r4.QuestionnaireResponse{Questionnaire: &form, Subject: fhir.Ref(a.Patient), Encounter: fhir.Ref(a.Encounter)}, "completed", points)
}

// AnswerUntied makes a response that names no admission, as an EHR does for the task
// alone, or a patient in a portal; by is who answered, or "".
func (h *Hospital) AnswerUntied(ctx context.Context, a Admission, form, by, status string, points ...int) (ref string, err error) {
	r := r4.QuestionnaireResponse{Questionnaire: &form, Subject: fhir.Ref(a.Patient)}
	if by != "" {
		r.Source = fhir.Ref(by)
	}
	return h.hold(ctx, r, status, points)
}

// hold puts a response on the server and fills it in.
func (h *Hospital) hold(ctx context.Context, r r4.QuestionnaireResponse, status string, points []int) (ref string, err error) {
	key := fmt.Sprintf("response-%d", h.number())
	r.Identifier, r.Status, r.Authored = &h.Identifier(key)[0], r4.QuestionnaireResponseStatusInProgress, fhir.Instant(time.Now())
	if ref, err = h.Create(ctx, key, r); err != nil {
		return "", err
	}
	return ref, h.FillIn(ctx, ref, *r.Questionnaire, status, points...)
}

// filled fills in a version of the form, as an EHR would; without answers it is nil.
func (h *Hospital) filled(ctx context.Context, canonical string, points []int) (items any, err error) {
	form, err := h.form(ctx, canonical)
	if err != nil || len(points) == 0 {
		return nil, err
	}
	return fill(form, points)
}

// form reads a version of a Questionnaire.
func (h *Hospital) form(ctx context.Context, canonical string) (fhir.Resource, error) {
	url, version, _ := strings.Cut(canonical, "|")
	found, err := h.client.Search(ctx, fhir.Query("Questionnaire", "url", url, "version", version))
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("the form %s is not on the server", canonical)
	}
	if err != nil {
		return fhir.Resource{}, err
	}
	return found[0], nil
}

// fill chooses the option with the wanted points on each item.
func fill(form fhir.Resource, points []int) ([]map[string]any, error) {
	var items []map[string]any
	for _, it := range form.Get(`item.#(type=="choice")#`).Array() {
		if len(points) == 0 {
			break
		}
		coding, ok := option(it, points[0])
		if !ok {
			return nil, fmt.Errorf("item %s has no answer with %d points", it.Get("linkId"), points[0])
		}
		items = append(items, map[string]any{
			"linkId": it.Get("linkId").String(),
			"answer": []any{map[string]any{"valueCoding": coding}},
		})
		points = points[1:]
	}
	return items, nil
}

// NoAnswer stands for points that no answer of the form has: what was chosen is
// none that it offers.
const NoAnswer = -1

func option(item gjson.Result, points int) (map[string]any, bool) {
	if points == NoAnswer {
		return map[string]any{"system": "http://loinc.org", "code": "LA0-0"}, true
	}
	for _, o := range item.Get("answerOption").Array() {
		weight := o.Get(`extension.#(url%"*/StructureDefinition/ordinalValue").valueDecimal`)
		if !weight.Exists() {
			weight = o.Get(`extension.#(url%"*/StructureDefinition/itemWeight").valueDecimal`)
		}
		if weight.Exists() && int(weight.Int()) == points {
			c := o.Get("valueCoding")
			return map[string]any{"system": c.Get("system").String(), "code": c.Get("code").String(), "display": c.Get("display").String()}, true
		}
	}
	return nil, false
}

// CloseTask marks the nurse's task completed, as an EHR screen does.
func (h *Hospital) CloseTask(ctx context.Context, a Admission) error {
	return h.SetTask(ctx, a, "completed", "")
}

// SetTask is what a nurse says of her task; reason is a code of ours, or "".
func (h *Hospital) SetTask(ctx context.Context, a Admission, status, reason string) error {
	task, err := h.Task(ctx, a)
	if err != nil {
		return err
	}
	if reason == "" {
		return h.Set(ctx, task.Ref(), "status", status)
	}
	return h.Set(ctx, task.Ref(), "status", status, "statusReason", fhir.Concept(artifacts.CodeSystemURL, reason, ""))
}

// Decline says in the form that the patient does not want to answer.
func (h *Hospital) Decline(ctx context.Context, a Admission) (ref string, err error) {
	if ref, err = h.Fill(ctx, a, "completed"); err != nil {
		return "", err
	}
	return ref, h.Set(ctx, ref, "item", []any{map[string]any{"linkId": "1", "answer": []any{map[string]any{"extension": []any{noAnswer("asked-declined")}}}}})
}

// noAnswer says why there is none, by a code of R4's data-absent-reason.
func noAnswer(reason string) map[string]any {
	return map[string]any{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": reason}
}

// Mark says on a question why it has no answer, whether it has one or not.
func (h *Hospital) Mark(ctx context.Context, response, linkID, reason string) error {
	return h.Edit(ctx, response, func(r fhir.Resource) (fhir.Resource, error) {
		for i, it := range r.Get("item").Array() {
			if it.Get("linkId").String() == linkID {
				return r.Set(fmt.Sprintf("item.%d.extension", i), []any{noAnswer(reason)})
			}
		}
		return r.Set("item.-1", map[string]any{"linkId": linkID, "extension": []any{noAnswer(reason)}})
	})
}

// MarkWhole says on a response why it is not answered.
func (h *Hospital) MarkWhole(ctx context.Context, response, reason string) error {
	return h.Set(ctx, response, "extension.-1", map[string]any{
		"url":                  "http://hl7.org/fhir/StructureDefinition/questionnaireresponse-reason",
		"valueCodeableConcept": fhir.Concept("http://terminology.hl7.org/CodeSystem/data-absent-reason", reason, ""),
	})
}

// Wish says on a form what the patient thinks of seeing the team: accepted,
// declined or not-asked.
func (h *Hospital) Wish(ctx context.Context, response, wish string) error {
	coding := map[string]any{"system": artifacts.CodeSystemURL, "code": "offer-" + wish}
	return h.Edit(ctx, response, func(r fhir.Resource) (fhir.Resource, error) {
		at := -1
		for i, it := range r.Get("item").Array() {
			if it.Get("linkId").String() == "consult-offer" {
				at = i
			}
		}
		return r.Set(fmt.Sprintf("item.%d", at), map[string]any{"linkId": "consult-offer", "answer": []any{map[string]any{"valueCoding": coding}}})
	})
}
