package hospital

import (
	"context"
	"fmt"
	"strings"
	"time"

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

// Find gives what tilsyn made for one purpose in an admission.
func (h *Hospital) Find(ctx context.Context, resourceType, purpose string, a Admission) ([]fhir.Resource, error) {
	return h.client.Search(ctx, resourceType+"?"+fhir.ByIdentifier(artifacts.IdentifierSystem, purpose+":"+a.ID()))
}

// Task waits until the nurse has a task for the admission.
func (h *Hospital) Task(ctx context.Context, a Admission) (task fhir.Resource, err error) {
	err = Wait(ctx, func() (bool, error) {
		found, err := h.Find(ctx, "Task", stay.Screening, a)
		if len(found) > 0 {
			task = found[0]
		}
		return len(found) > 0, err
	})
	return task, err
}

// Answer opens the form that the nurse's task belongs with, fills it in and
// sends it. points are those of items 1, 2, 3; fewer leave the rest open.
func (h *Hospital) Answer(ctx context.Context, a Admission, status string, points ...int) error {
	task, err := h.Task(ctx, a)
	if err != nil {
		return err
	}
	form, err := h.form(ctx, task)
	if err != nil {
		return err
	}
	items, err := fill(form, points)
	if err != nil {
		return err
	}
	draft := task.Get(`output.#(type.coding.0.code=="questionnaire-response").valueReference.reference`).String()
	return h.Edit(ctx, draft, func(r fhir.Resource) (fhir.Resource, error) {
		r, err := r.Set("item", items)
		if err == nil {
			r, err = r.Set("authored", *fhir.Instant(time.Now()))
		}
		if err == nil {
			r, err = r.Set("status", status)
		}
		return r, err
	})
}

// form reads the Questionnaire that a task names, as an EHR would.
func (h *Hospital) form(ctx context.Context, task fhir.Resource) (fhir.Resource, error) {
	canonical := task.Get(`input.#(type.coding.0.code=="questionnaire").valueCanonical`).String()
	url, version, _ := strings.Cut(canonical, "|")
	found, err := h.client.Search(ctx, fhir.Query("Questionnaire", "url", url, "version", version))
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("the form %s that the task names is not on the server", canonical)
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

func option(item gjson.Result, points int) (map[string]any, bool) {
	for _, o := range item.Get("answerOption").Array() {
		weight := o.Get(`extension.#(url=="http://hl7.org/fhir/StructureDefinition/ordinalValue").valueDecimal`)
		if weight.Exists() && int(weight.Int()) == points {
			c := o.Get("valueCoding")
			return map[string]any{"system": c.Get("system").String(), "code": c.Get("code").String(), "display": c.Get("display").String()}, true
		}
	}
	return nil, false
}

// CloseTask marks the nurse's task completed, as an EHR screen does.
func (h *Hospital) CloseTask(ctx context.Context, a Admission) error {
	task, err := h.Task(ctx, a)
	if err != nil {
		return err
	}
	return h.Edit(ctx, task.Ref(), func(r fhir.Resource) (fhir.Resource, error) { return r.Set("status", "completed") })
}
