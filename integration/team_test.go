package integration_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// notesOf are all notes on a resource as one text.
func notesOf(r fhir.Resource) string {
	var texts []string
	for _, text := range r.Get("note.#.text").Array() {
		texts = append(texts, text.String())
	}
	return strings.Join(texts, "\n")
}

func (w *world) numbered(resourceType string, kind stay.Kind, a hospital.Admission, n int) []fhir.Resource {
	w.Helper()
	found, err := w.client.Search(w.ctx(), resourceType+"?"+fhir.ByIdentifier(artifacts.IdentifierSystem, fmt.Sprintf("%s:%s:%d", kind, a.ID(), n)))
	w.must(err)
	return found
}

// The team says no, in the shapes in which its systems do. Why stands on the order and
// before the ward, and not on the nurse's own Task.
func TestTheTeamSaysNo(t *testing.T) {
	onEachServer(t, func(w *world) {
		for _, rejected := range []string{pathway.AdviceThere, pathway.TellOnly} {
			w.policy.Consult.Rejected = rejected
			for said, does := range map[string][2]string{
				"Known to us":    {"rejected", `{"text":"Known to us"}`},
				"No capacity":    {"failed", `{"coding":[{"system":"https://hospital.example.no","code":"cap","display":"No capacity"}]}`},
				"Call on Monday": {"cancelled", ``},
			} {
				a := w.admit(hospital.Stay{Person: woman})
				w.look(a, 0)
				w.answer(a, 2, 1, 1)
				w.settle(a, 0)
				w.says(a, does[0], does[1], said)
				w.settle(a, 0)
				want := referred(4, "routine")
				want.Consult, want.TeamTask = "revoked", does[0]
				w.want(a, want)
				ward := w.find("Task", map[string]stay.Kind{pathway.AdviceThere: stay.Advice, pathway.TellOnly: stay.Reply}[rejected], a)
				for _, r := range []fhir.Resource{w.find("ServiceRequest", stay.Consult, a), ward} {
					if !strings.Contains(notesOf(r), said) {
						w.Errorf("%s: the %s says %q", said, r.Type(), notesOf(r))
					}
				}
				if ward.Get("status").String() != "requested" || !ward.Get("owner").Exists() {
					w.Errorf("%s: the ward's task is %s", said, ward.Get("status"))
				}
				if nurses := w.find("Task", stay.ScreeningTask, a); strings.Contains(string(nurses.Raw()), said) {
					w.Errorf("%s: it stands on the nurse's task, which everybody has", said)
				}
			}
		}
	})
}

// says is the team's no: a status, and why as a statusReason, or in a note.
func (w *world) says(a hospital.Admission, status, reason, note string) {
	w.Helper()
	w.must(w.hospital.Edit(w.ctx(), w.find("Task", stay.ConsultTask, a).Ref(), func(r fhir.Resource) (fhir.Resource, error) {
		r, err := r.Set("status", status)
		if err != nil || reason == "" {
			return r, err
		}
		return r.Set("statusReason", json.RawMessage(reason))
	}))
	if reason == "" {
		w.must(w.hospital.Edit(w.ctx(), w.find("Task", stay.ConsultTask, a).Ref(), func(r fhir.Resource) (fhir.Resource, error) {
			return r.Set("note.-1", json.RawMessage(fmt.Sprintf(`{"text":%q}`, note)))
		}))
	}
}

// A consult that the team has ended is not renewed by a correction within the tier; one
// to a higher tier makes another, which says which it takes the place of.
func TestAnotherConsult(t *testing.T) {
	onEachServer(t, func(w *world) {
		for team, order := range map[string]string{"rejected": "revoked", "completed": "completed"} {
			a := w.admit(hospital.Stay{Person: woman})
			w.look(a, 0)
			w.answer(a, 2, 1, 1)
			w.settle(a, 0)
			w.set("Task", stay.ConsultTask, a, "status", team)
			w.settle(a, 0)
			w.answer(a, 2, 2, 1)
			w.settle(a, 0)
			ended := amended(referred(5, "routine"))
			ended.Consult, ended.TeamTask = order, team
			w.want(a, ended)
			if another := w.numbered("ServiceRequest", stay.Consult, a, 2); len(another) > 0 {
				w.Fatalf("%s, corrected within the tier: another consult is there", team)
			}
			w.answer(a, 4, 4, 4)
			w.settle(a, 0)
			ended.Score = 12
			w.want(a, ended)
			another, task := w.numbered("ServiceRequest", stay.Consult, a, 2), w.tasks(a, stay.ConsultTask, 2)
			if len(another) != 1 {
				w.Fatalf("%s, corrected to a higher tier: %d other consults", team, len(another))
			}
			got := fmt.Sprintln(another[0].Get("status"), another[0].Get("priority"), another[0].Get("replaces.0.reference"), task.Get("status"), task.Get("focus.reference"))
			if want := fmt.Sprintln("active", "urgent", w.find("ServiceRequest", stay.Consult, a).Ref(), "requested", another[0].Ref()); got != want {
				w.Errorf("%s: %s, want %s", team, got, want)
			}
			w.must(w.hospital.Edit(w.ctx(), task.Ref(), func(r fhir.Resource) (fhir.Resource, error) { return r.Set("status", "completed") }))
			w.settle(a, 0)
			if got := w.numbered("ServiceRequest", stay.Consult, a, 2)[0].Get("status").String(); got != "completed" {
				w.Errorf("%s: the second consult is %s", team, got)
			}
			w.want(a, ended)
		}
	})
}

// A team that has begun reads what the score is now, on its Task and on the order.
func TestTheTeamReadsTheScore(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admit(hospital.Stay{Person: woman})
		w.look(a, 0)
		w.answer(a, 4, 4, 4)
		w.settle(a, 0)
		w.set("Task", stay.ConsultTask, a, "status", "accepted")
		for _, step := range []struct {
			points       []int
			task, letter string
			letterNoMore string
		}{
			{[]int{2, 1, 1}, "the score is now 4 of 12", "AUDIT-C: 4 of 12", "AUDIT-C: 12 of 12"},
			{[]int{1, 0, 0}, "the score is now 1 of 12", "AUDIT-C: 1 of 12", "AUDIT-C: 4 of 12"},
			{[]int{4, 4, 0}, "the score is now 8 of 12", "AUDIT-C: 8 of 12", "AUDIT-C: 1 of 12"},
		} {
			w.answer(a, step.points...)
			w.settle(a, 0)
			task, order := w.find("Task", stay.ConsultTask, a), w.find("ServiceRequest", stay.Consult, a)
			if !strings.Contains(notesOf(task), step.task) || !strings.Contains(task.Get("businessStatus.text").String(), step.task) {
				w.Errorf("the team's task says %q", notesOf(task))
			}
			if letter := notesOf(order); !strings.Contains(letter, step.letter) || strings.Contains(letter, step.letterNoMore) {
				w.Errorf("the order says\n%s", letter)
			}
		}
		w.set("QuestionnaireResponse", stay.Draft, a, "status", "entered-in-error")
		w.settle(a, 0)
		if letter := notesOf(w.find("ServiceRequest", stay.Consult, a)); strings.Contains(letter, "AUDIT-C: 8") || !strings.Contains(letter, "no longer holds") {
			w.Errorf("the order says\n%s", letter)
		}
	})
}
