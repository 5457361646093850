package integration_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is what happens to the patients of TestOneLanguageAtATime.

// norwegian is a hospital whose staff read bokmål, and what they are given to read.
type norwegian struct {
	*world
	wrote *texts
}

// play looks at an admission, as serve does, until there is nothing left to write.
func (w *norwegian) play(a hospital.Admission, in time.Duration, flags ...string) {
	w.Helper()
	cfg := append([]string{"--questionnaire.language", "nb"}, flags...)
	rec, err := w.appOver(w.wrote, cfg...).Reconciler(w.ctx())
	w.must(err)
	rec.Now = func() time.Time { return time.Now().Add(in) }
	for range 8 {
		done, err := rec.Reconcile(w.ctx(), a.ID())
		w.must(err)
		if !done.Wrote {
			return
		}
	}
	w.Fatal("it is written to again and again")
}

func (w *norwegian) asked() hospital.Admission {
	w.Helper()
	a := w.admit(hospital.Stay{Person: woman})
	w.play(a, 0)
	return a
}

func (w *norwegian) expecting() hospital.Admission {
	w.Helper()
	a := w.admit(hospital.Stay{Person: expectant})
	w.play(a, 0)
	return a
}

func (w *norwegian) answered(points ...int) hospital.Admission {
	w.Helper()
	a := w.asked()
	w.again(a, points...)
	return a
}

func (w *norwegian) again(a hospital.Admission, points ...int) {
	w.Helper()
	w.answer(a, points...)
	w.play(a, 0)
}

// chain is one thing that can happen to a patient.
type chain struct {
	name string
	play func(*norwegian)
}

func (w *norwegian) draft(a hospital.Admission, path string, value any) {
	w.Helper()
	w.edit(w.find("QuestionnaireResponse", stay.Draft, a).Ref(), path, value)
}

// handIn hands in answers that this server would refuse, as others do not. It checks
// what names the form, and ours is known by the task.
func (w *norwegian) handIn(a hospital.Admission, items string) {
	w.Helper()
	draft := w.find("QuestionnaireResponse", stay.Draft, a)
	w.must(w.hospital.Edit(w.ctx(), draft.Ref(), func(r fhir.Resource) (fhir.Resource, error) {
		r, err := r.Delete("questionnaire")
		for path, value := range map[string]any{"item": rawJSON("%s", items), "status": "completed", "authored": *fhir.Instant(time.Now())} {
			if err == nil {
				r, err = r.Set(path, value)
			}
		}
		return r, err
	}))
	w.play(a, 0)
}

// twoOfThree leaves the last question open.
const twoOfThree = `[{"linkId":"1","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA18929-2"}}]},
	{"linkId":"2","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA18932-6"}}]}]`

func (w *norwegian) begun(a hospital.Admission) {
	w.Helper()
	w.set("Task", stay.ConsultTask, a, "status", "accepted")
	w.play(a, 0)
}

func (w *norwegian) finish(a hospital.Admission, status string) {
	w.Helper()
	w.must(w.hospital.SetStatus(w.ctx(), a, status))
	w.play(a, 0)
}

// offered answers also the question whether the patient wants to see the team.
func (w *norwegian) offered(code string) hospital.Admission {
	w.Helper()
	a := w.asked()
	w.must(w.hospital.Answer(w.ctx(), a, "in-progress", 4, 4, 4))
	w.draft(a, "item.-1", rawJSON(`{"linkId":"consult-offer","answer":[{"valueCoding":{"system":%q,"code":%q}}]}`, artifacts.CodeSystemURL, code))
	w.draft(a, "status", "completed")
	w.play(a, 0)
	return a
}

// unscored are answers of which the form makes nothing.
var unscored = map[string]string{
	"code of another item": `[{"linkId":"1","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA18930-0"}}]}]`,
	"unknown code":         `[{"linkId":"1","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA0-0"}}]}]`,
	"no code":              `[{"linkId":"1","answer":[{"valueCoding":{"display":"Aldri"}}]}]`,
	"text":                 `[{"linkId":"1","answer":[{"valueString":"Aldri"}]}]`,
	"an answer, and none":  `[{"linkId":"1","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}],"answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA6270-8"}}]}]`,
	"two answers":          `[{"linkId":"1","answer":[{"valueInteger":1},{"valueInteger":2}]}]`,
	"an item without link": `[{"linkId":"1","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA6270-8"}}]},{"linkId":"q","answer":[{"valueInteger":1}]}]`,
}

var chains = []chain{
	{"incomplete, and closed", func(w *norwegian) {
		a := w.asked()
		w.must(w.hospital.Answer(w.ctx(), a, "in-progress", 3, 2))
		w.must(w.hospital.CloseTask(w.ctx(), a))
		w.play(a, 0)
		w.handIn(a, twoOfThree)
		w.finish(a, "finished")
	}},
	{"answers that cannot be scored", func(w *norwegian) {
		for name, items := range unscored {
			w.Log(name)
			w.handIn(w.asked(), items)
		}
	}},
	{"another form", func(w *norwegian) {
		for _, form := range []string{artifacts.QuestionnaireURL + "|0.1.0", "https://ehr.example.no/form"} {
			a := w.asked()
			w.draft(a, "questionnaire", form)
			w.draft(a, "status", "completed")
			w.play(a, 0)
		}
	}},
	{"scored, for review", func(w *norwegian) {
		w.handIn(w.asked(), strings.Replace(twoOfThree, "LA18929-2", "LA6270-8", 1)) // what is hidden was answered
		w.answered(3, 0, 0)                                                          // all from the first question
		w.handIn(w.asked(), strings.TrimSuffix(twoOfThree, "]")+`,
			{"linkId":"3","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA18934-2"}}]},
			{"linkId":"score","answer":[{"valueInteger":3}]},
			{"linkId":"99","answer":[{"valueBoolean":true}]},
			{"linkId":"consult-offer","answer":[{"valueString":"kanskje"}]}]`)
	}},
	{"declined", func(w *norwegian) {
		a, b, c := w.asked(), w.asked(), w.asked()
		w.rejects(a, strings.Replace(aNo, `,"text":"Vil ikke snakke om det"`, "", 1))
		w.play(a, 0)
		w.rejects(c, "")
		w.play(c, 0)
		w.handIn(b, `[{"linkId":"1","answer":[{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"asked-declined"}]}]}]`)
	}},
	{"unable", func(w *norwegian) {
		for _, why := range pathway.UnableReasons {
			a := w.asked()
			task := w.find("Task", stay.ScreeningTask, a).Ref()
			w.edit(task, "statusReason", fhir.Concept(artifacts.CodeSystemURL, why, ""))
			w.edit(task, "status", "rejected")
			w.play(a, 0)
			w.play(a, 25*time.Hour)
		}
	}},
	{"overdue", func(w *norwegian) {
		a := w.asked()
		w.play(a, 25*time.Hour)
		w.play(a, 50*time.Hour)
	}},
	{"withdrawn", func(w *norwegian) {
		a, b := w.answered(4, 4, 4), w.answered(4, 4, 4)
		w.begun(b)
		for _, a := range []hospital.Admission{a, b} {
			w.draft(a, "status", "entered-in-error")
			w.play(a, 0)
		}
	}},
	{"amended", func(w *norwegian) {
		a, b := w.answered(1, 0, 0), w.answered(4, 4, 4)
		w.again(a, 4, 4, 4)
		w.again(a, 1, 1, 1)
		w.again(a, 2, 1, 1)
		w.begun(b)
		w.again(b, 0)
		w.handIn(b, twoOfThree)
	}},
	{"no longer scored, not begun on", func(w *norwegian) {
		w.handIn(w.answered(4, 4, 4), twoOfThree)
	}},
	{"wrong patient", func(w *norwegian) {
		a, other := w.asked(), w.admit(hospital.Stay{Person: man})
		w.draft(a, "subject.reference", other.Patient)
		w.again(a, 4, 4, 4)
	}},
	{"another patient's admission", func(w *norwegian) {
		a, b := w.answered(4, 4, 4), w.answered(1, 1, 1)
		for _, a := range []hospital.Admission{a, b, w.asked()} {
			w.edit(a.Encounter, "subject.reference", w.another(man))
			w.play(a, 0)
		}
	}},
	{"merged", func(w *norwegian) {
		a := w.answered(4, 4, 4)
		w.edit(a.Patient, "link", rawJSON(`[{"other":{"reference":%q},"type":"replaced-by"}]`, w.another(woman)))
		w.play(a, 0)
	}},
	{"protected", func(w *norwegian) {
		a, b := w.answered(4, 4, 4), w.answered(4, 4, 4)
		w.edit(a.Encounter, "location.0.location.display", "Medisin 1")
		w.begun(b)
		for _, a := range []hospital.Admission{a, b, w.asked()} {
			w.labels(a.Patient, "V")
			w.play(a, 0, w.fewFlags()...)
		}
	}},
	{"discharged", func(w *norwegian) {
		w.finish(w.asked(), "finished")
		w.finish(w.answered(1, 1, 1), "finished")
		a := w.asked()
		w.must(w.hospital.SetStatus(w.ctx(), a, "finished"))
		w.again(a, 4, 4, 4)
		b := w.asked()
		w.finish(b, "finished")
		w.finish(b, "in-progress")
	}},
	{"discharged with a consult", func(w *norwegian) {
		begun := w.answered(4, 4, 4)
		w.begun(begun)
		for _, what := range []string{pathway.KeepConsult, pathway.EndConsult} {
			w.policy.Consult.AtDischarge = what
			for _, a := range []hospital.Admission{w.answered(4, 4, 4), begun} {
				w.finish(a, "finished")
				w.finish(a, "in-progress")
			}
		}
	}},
	{"begun at discharge", func(w *norwegian) {
		a := w.asked()
		w.must(w.hospital.Answer(w.ctx(), a, "in-progress", 3))
		w.finish(a, "finished")
		w.play(a, 25*time.Hour)
	}},
	{"cancelled", func(w *norwegian) {
		b := w.answered(4, 4, 4)
		w.begun(b)
		for _, a := range []hospital.Admission{w.asked(), w.answered(4, 4, 4), w.answered(1, 1, 1), b} {
			w.finish(a, "entered-in-error")
		}
	}},
	{"deceased", func(w *norwegian) {
		b := w.answered(4, 4, 4)
		w.begun(b)
		for _, a := range []hospital.Admission{w.asked(), w.answered(4, 4, 4), w.answered(1, 1, 1), b} {
			w.edit(a.Patient, "deceasedBoolean", true)
			w.play(a, 0)
		}
	}},
	{"offered", func(w *norwegian) {
		w.offered("offer-accepted")
		w.offered("offer-not-asked")
		w.offered("offer-declined")
		a := w.offered("offer-accepted")
		w.begun(a)
		w.draft(a, "item.3.answer.0.valueCoding.code", "offer-declined")
		w.play(a, 0)
	}},
	{"advice and back", func(w *norwegian) {
		a := w.answered(1, 1, 1)
		w.again(a, 4, 4, 4)
		w.again(a, 1, 1, 1)
	}},
	{"pregnant", func(w *norwegian) {
		for _, points := range [][]int{{1, 0, 0}, {4, 0, 0}, {4, 4, 4}} {
			before, since, late := w.expecting(), w.expecting(), w.expecting()
			w.condition(before, "77386006", "active")
			w.again(before, points...)
			w.again(since, points...)
			w.again(late, points...)
			if points[0] == 4 {
				w.begun(late)
			}
			for _, a := range []hospital.Admission{since, late} {
				w.condition(a, "77386006", "active")
				w.again(a, points...)
			}
		}
	}},
	{"found and back again", func(w *norwegian) {
		w.policy.AfterDischarge = "record"
		first := w.asked()
		w.must(w.hospital.SetStatus(w.ctx(), first, "finished"))
		w.again(first, 4, 4, 4)
		back, err := w.hospital.Readmit(w.ctx(), first, hospital.Stay{})
		w.must(err)
		w.play(back, 0)
	}},
	{"seen before", func(w *norwegian) {
		before := w.answered(4, 4, 4)
		w.finish(before, "finished")
		w.policy.Screening.RescreenAfter.Duration = 0
		for range 2 {
			a, err := w.hospital.Readmit(w.ctx(), before, hospital.Stay{})
			w.must(err)
			w.edit(a.Encounter, "location.0.location.display", "Medisin 1")
			w.play(a, 0)
			w.again(a, 2, 1, 1)
			w.set("ServiceRequest", stay.Consult, before, "status", "revoked")
		}
	}},
	{"two responses", func(w *norwegian) {
		a := w.answered(1, 1, 1)
		w.answerElsewhere(a, w.find("QuestionnaireResponse", stay.Draft, a))
		w.play(a, 0)
	}},
	{"the team", func(w *norwegian) {
		w.play(w.answered(4, 4, 4), 25*time.Hour)
		for _, status := range []string{"accepted", "on-hold", "rejected", "completed"} {
			a := w.answered(2, 1, 1)
			w.set("Task", stay.ConsultTask, a, "status", status)
			w.play(a, 0)
		}
		a, b := w.answered(4, 4, 4), w.answered(4, 4, 4)
		w.begun(b)
		for _, a := range []hospital.Admission{a, b} {
			w.set("ServiceRequest", stay.Consult, a, "status", "revoked")
			w.play(a, 0)
		}
	}},
	{"transfer", func(w *norwegian) {
		a, b := w.asked(), w.answered(1, 1, 1)
		for _, a := range []hospital.Admission{a, b} {
			w.edit(a.Encounter, "location.0.location.reference", w.hospital.Wards[2].Location)
			w.play(a, 0)
		}
	}},
}

func rawJSON(format string, args ...any) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(format, args...))
}
