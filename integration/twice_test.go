package integration_test

import (
	"encoding/json"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Where a server lets the same thing be made twice, one stays; with no more
// than that to say, the older one.
func TestMadeTwice(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admit(hospital.Stay{Person: woman})
		w.look(a, 0)
		task, draft := w.find("Task", stay.ScreeningTask, a), w.find("QuestionnaireResponse", stay.Draft, a)
		var tx fhir.Transaction
		second := fhir.NewRef()
		tx.Create(second, json.RawMessage(draft.Raw()), "")
		twin, err := task.Set(`output.0.valueReference.reference`, second)
		w.must(err)
		tx.Create(fhir.NewRef(), json.RawMessage(twin.Raw()), "")
		w.must(w.client.Transact(w.ctx(), &tx))
		w.settle(a, 0)
		tasks, err := w.hospital.Find(w.ctx(), "Task", stay.ScreeningTask, a)
		w.must(err)
		open := 0
		for _, t := range tasks {
			switch status := t.Get("status").String(); {
			case status == "requested":
				open++
				w.must(w.hospital.Edit(w.ctx(), t.Get(`output.0.valueReference.reference`).String(), func(r fhir.Resource) (fhir.Resource, error) {
					r, err := r.Set("item", json.RawMessage(neverItem))
					if err == nil {
						r, err = r.Set("status", "completed")
					}
					return r, err
				}))
			case status != "entered-in-error":
				w.Errorf("%s is %s", t.Ref(), status)
			}
		}
		if len(tasks) != 2 || open != 1 {
			w.Fatalf("%d tasks, %d open", len(tasks), open)
		}
		w.settle(a, 0)
		if scores, err := w.hospital.Find(w.ctx(), "Observation", stay.Score, a); err != nil || len(scores) != 1 {
			w.Errorf("%d scores (%v)", len(scores), err)
		}
	})
}
