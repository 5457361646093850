package integration_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// absent are the shapes in which a screen says why question 3 has no answer.
var absent = map[string]string{
	"on the item":    `{"linkId":"3",WHY}`,
	"on the answer":  `{"linkId":"3","answer":[{WHY}]}`,
	"on the coding":  `{"linkId":"3","answer":[{"valueCoding":{WHY}}]}`,
	"on the code":    `{"linkId":"3","answer":[{"valueCoding":{"system":"http://loinc.org","_code":{WHY}}}]}`,
	"beside a value": `{"linkId":"3","answer":[{"_valueString":{WHY}}]}`,
}

// Only the patient's no is a no, wherever a screen says it; with any other reason the
// question is open, and the Task comes back.
func TestReasonsForNoAnswer(t *testing.T) {
	onEachServer(t, func(w *world) {
		open := hospital.Outcome{Asked: 1, Task: "in-progress", Business: "incomplete", Draft: "in-progress"}
		declined := hospital.Outcome{Asked: 1, Task: "rejected", Business: "declined", Draft: "in-progress"}
		for reason, want := range map[string]hospital.Outcome{"asked-declined": declined, "unknown": open, "not-asked": open, "masked": open} {
			for shape, item := range absent {
				if a, taken := w.leaves(item, reason); taken {
					w.settle(a, 0)
					w.want(a, want)
				} else {
					w.Logf("%s %s: this server takes no such response", reason, shape)
				}
			}
		}
	})
}

// leaves answers questions 1 and 2 and says why there is no answer to 3, where the server
// takes that.
func (w *world) leaves(item, reason string) (a hospital.Admission, taken bool) {
	w.Helper()
	a = w.admit(hospital.Stay{Person: woman})
	w.look(a, 0)
	w.must(w.hospital.Answer(w.ctx(), a, "in-progress", 3, 2))
	err := w.hospital.Set(w.ctx(), w.find("QuestionnaireResponse", stay.Draft, a).Ref(), "item.-1", json.RawMessage(absentBecause(item, reason)))
	if fhir.IsRefused(err) {
		return a, false
	}
	w.must(err)
	w.must(w.hospital.CloseTask(w.ctx(), a))
	return a, true
}

func absentBecause(item, reason string) string {
	why := fmt.Sprintf(`"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":%q}]`, reason)
	return strings.ReplaceAll(item, "WHY", why)
}

// The patient's no may stand on the response as a whole. With all questions answered it
// contradicts them, and the Task asks the nurse which of the two holds.
func TestDeclinedAsAWhole(t *testing.T) {
	onEachServer(t, func(w *world) {
		for points, want := range map[int]hospital.Outcome{
			1: {Asked: 1, Task: "rejected", Business: "declined", Draft: "in-progress"},
			3: {Asked: 1, Task: "in-progress", Business: "invalid", Draft: "in-progress"},
		} {
			a := w.admit(hospital.Stay{Person: woman})
			w.look(a, 0)
			w.must(w.hospital.Answer(w.ctx(), a, "in-progress", []int{4, 4, 4}[:points]...))
			w.must(w.hospital.MarkWhole(w.ctx(), w.find("QuestionnaireResponse", stay.Draft, a).Ref(), "asked-declined"))
			w.must(w.hospital.CloseTask(w.ctx(), a))
			w.settle(a, 0)
			w.want(a, want)
		}
	})
}
