package integration_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about security labels, and about patients of whom fewer may know.

// few are those who may know.
func (w *world) few() (ward, liaison string) {
	return w.hospital.Wards[2].Nurses, w.hospital.Wards[1].Nurses
}

func (w *world) fewFlags() []string {
	ward, liaison := w.few()
	return []string{"--routing.protected.ward", ward, "--routing.protected.liaison", liaison}
}

// discreet is a service that is told who may know.
func (w *world) discreet() *reconcile.Reconciler {
	w.Helper()
	rec, err := w.app(w.fewFlags()...).Reconciler(w.ctx())
	w.must(err)
	return rec
}

func (w *world) labels(ref, code string) {
	w.Helper()
	w.edit(ref, "meta.security", json.RawMessage(fmt.Sprintf(`[{"system":%q,"code":%q}]`, pathway.Confidentiality, code)))
}

// unlabel takes the labels off. HAPI keeps those that an update leaves out,
// unless it is told that the update is all there is.
func (w *world) unlabel(ref string) {
	w.Helper()
	r, err := w.client.Read(w.ctx(), ref)
	w.must(err)
	r, err = r.Delete("meta.security")
	w.must(err)
	req, err := http.NewRequestWithContext(w.ctx(), http.MethodPut, w.base+"/"+ref, bytes.NewReader(r.Raw()))
	w.must(err)
	req.Header.Set("Content-Type", fhir.ContentType)
	req.Header.Set("X-Meta-Snapshot-Mode", "SECURITY_LABEL")
	answer, err := http.DefaultClient.Do(req)
	w.must(err)
	w.must(answer.Body.Close())
	if answer.StatusCode != http.StatusOK {
		w.Fatalf("%s: %s", ref, answer.Status)
	}
}

// ours is all that was made about an admission, with the last Provenance of each:
// those before it are history.
func (w *world) ours(a hospital.Admission) (all []fhir.Resource) {
	w.Helper()
	for _, made := range []struct {
		typ  string
		kind stay.Kind
	}{{"Task", stay.ScreeningTask}, {"Task", stay.ConsultTask}, {"Task", stay.Advice},
		{"QuestionnaireResponse", stay.Draft}, {"Observation", stay.Score}, {"ServiceRequest", stay.Consult}} {
		found, err := w.hospital.Find(w.ctx(), made.typ, made.kind, a)
		w.must(err)
		all = append(all, found...)
	}
	for _, r := range all {
		if r.Type() == "Observation" || r.Type() == "ServiceRequest" {
			found, err := w.client.Search(w.ctx(), fhir.Query("Provenance", "target", r.Ref()))
			w.must(err)
			all = append(all, slices.MaxFunc(found, func(a, b fhir.Resource) int {
				return strings.Compare(a.Get("recorded").String(), b.Get("recorded").String())
			}))
		}
	}
	return all
}

// carry checks that all that was made about an admission carries just these
// confidentialities.
func (w *world) carry(a hospital.Admission, codes ...string) {
	w.Helper()
	for _, r := range w.ours(a) {
		var got []string
		for _, label := range r.Get("meta.security").Array() {
			got = append(got, label.Get("code").String())
		}
		slices.Sort(got)
		if !slices.Equal(got, codes) {
			w.Errorf("%s carries %q, want %q", r.Ref(), got, codes)
		}
	}
}

// stands checks who owns a Task, and where it says that the patient is.
func (w *world) stands(task fhir.Resource, owner, location string) {
	w.Helper()
	if got := task.Get("owner.reference").String(); got != owner {
		w.Errorf("%s is owned by %s, want %s", task.Ref(), got, owner)
	}
	if got := task.Get("location.reference").String(); got != location {
		w.Errorf("%s says that the patient is at %q, want %q", task.Ref(), got, location)
	}
}

// known is whether the order says where the patient is, in elements and words.
func (w *world) known(a hospital.Admission) (location string, ward bool) {
	w.Helper()
	order := w.find("ServiceRequest", stay.Consult, a)
	return order.Get("locationReference.0.reference").String(), strings.Contains(order.Get("note.#.text").String(), "Medisin 1")
}

func (w *world) admitTo(ward int) hospital.Admission {
	w.Helper()
	a := w.admit(hospital.Stay{Person: woman, Ward: ward})
	w.edit(a.Encounter, "location.0.location.display", "Medisin 1")
	return a
}

// A very restricted patient is asked, scored and referred as everybody. Those
// who may know have the work, nothing says where she is, and all carries V.
func TestTheChainOfAProtectedPatient(t *testing.T) {
	onEachServer(t, func(w *world) {
		rec := w.discreet()
		ward, liaison := w.few()
		a := w.admitTo(0)
		w.labels(a.Patient, "V")
		w.labels(a.Encounter, "N")
		w.settledBy(rec, a)
		w.want(a, asked)
		w.stands(w.find("Task", stay.ScreeningTask, a), ward, "")
		w.carry(a, "V")

		w.edit(w.find("QuestionnaireResponse", stay.Draft, a).Ref(), "author", json.RawMessage(`{"display":"Sykepleier på Medisin 1"}`))
		w.answer(a, 2, 1, 1)
		w.settledBy(rec, a)
		w.want(a, referred(4, "routine"))
		w.stands(w.find("Task", stay.ConsultTask, a), liaison, "")
		order := w.find("ServiceRequest", stay.Consult, a)
		if got := order.Get("performer.0.reference").String(); got != liaison {
			w.Errorf("the order goes to %s", got)
		}
		if at, ward := w.known(a); at != "" || ward {
			w.Errorf("the order says where she is: %q\n%s", at, order.Get("note.#.text"))
		}
		if text := order.Get("note.#.text").String(); !strings.Contains(text, "4 of 12") || !strings.Contains(text, "Answered 20") {
			w.Errorf("the order does not say enough:\n%s", text)
		}
		w.carry(a, "V")

		w.answer(a, 1, 1, 1)
		w.settledBy(rec, a)
		w.stands(w.find("Task", stay.Advice, a), ward, "")
		w.carry(a, "V")
	})
}

// Where the configuration does not say who may know, a protected patient's work
// is routed as everybody's, and follows her; that she is on a ward stands nowhere.
func TestProtectedAndRoutedAsOthers(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admitTo(0)
		w.labels(a.Encounter, "R")
		w.settle(a, 0)
		w.stands(w.find("Task", stay.ScreeningTask, a), w.hospital.Wards[0].Nurses, "")
		w.edit(a.Encounter, "location.0.location.reference", w.hospital.Wards[1].Location)
		w.settle(a, 0)
		w.stands(w.find("Task", stay.ScreeningTask, a), w.hospital.Wards[1].Nurses, "")
		w.set("Task", stay.ScreeningTask, a, "owner.reference", w.hospital.Wards[2].Nurses) // somebody takes it on
		w.settle(a, 0)
		w.stands(w.find("Task", stay.ScreeningTask, a), w.hospital.Wards[2].Nurses, "")
		w.answer(a, 4, 4, 4)
		w.settle(a, 0)
		w.want(a, referred(12, "urgent"))
		w.stands(w.find("Task", stay.ConsultTask, a), w.hospital.Liaison, "")
		w.carry(a, "R")
	})
}

// A label that comes while the ward has the question: the Task goes to those who
// may know, with what the nurse has written on it. Lifted, it comes back, and
// the label stays.
func TestProtectedAfterTheTask(t *testing.T) {
	onEachServer(t, func(w *world) {
		rec := w.discreet()
		ward, _ := w.few()
		a := w.admitTo(0)
		w.settledBy(rec, a)
		w.stands(w.find("Task", stay.ScreeningTask, a), w.hospital.Wards[0].Nurses, w.hospital.Wards[0].Location)
		const note = `[{"extension":[{"url":"https://ehr.example.no/x","valueDecimal":1.50}],"text":"ringt tolk <kl. 10>"}]`
		w.edit(w.find("Task", stay.ScreeningTask, a).Ref(), "note", json.RawMessage(note))
		w.labels(a.Patient, "V")
		w.settledBy(rec, a)
		w.stands(w.find("Task", stay.ScreeningTask, a), ward, "")
		w.carry(a, "V")
		if got := w.find("Task", stay.ScreeningTask, a).Get("note").Raw; got != note {
			w.Errorf("the nurse's note came back as %s", got)
		}
		w.edit(a.Encounter, "location.0.location.reference", w.hospital.Wards[1].Location)
		w.settledBy(rec, a)
		w.stands(w.find("Task", stay.ScreeningTask, a), ward, "")

		w.unlabel(a.Patient)
		w.settledBy(rec, a)
		w.stands(w.find("Task", stay.ScreeningTask, a), w.hospital.Wards[1].Nurses, w.hospital.Wards[1].Location)
		w.carry(a, "V")
	})
}

// A label that comes after the consult: what nobody has begun on goes to the
// team that may know, without the ward; one that was begun stays with who has it.
func TestProtectedAfterTheConsult(t *testing.T) {
	onEachServer(t, func(w *world) {
		rec := w.discreet()
		_, liaison := w.few()
		untouched, begun := w.admitTo(0), w.admitTo(0)
		for _, a := range []hospital.Admission{untouched, begun} {
			w.settledBy(rec, a)
			w.answer(a, 4, 4, 4)
			w.settledBy(rec, a)
			if at, ward := w.known(a); at != w.hospital.Wards[0].Location || !ward {
				w.Errorf("%s: the order does not say where she is", a.Encounter)
			}
			w.edit(w.find("ServiceRequest", stay.Consult, a).Ref(), "note.-1", json.RawMessage(`{"text":"Ward: ring først"}`))
		}
		w.set("Task", stay.ConsultTask, begun, "status", "accepted")
		for _, a := range []hospital.Admission{untouched, begun} {
			w.labels(a.Patient, "V")
			w.settledBy(rec, a)
			w.carry(a, "V")
			if at, ward := w.known(a); at != "" || ward {
				w.Errorf("%s: the order says where she is", a.Encounter)
			}
			if got := w.find("ServiceRequest", stay.Consult, a).Get("note.#.text").String(); !strings.Contains(got, `"Ward: ring først"`) {
				w.Errorf("a person's note came back as %q", got)
			}
		}
		w.stands(w.find("Task", stay.ConsultTask, untouched), liaison, "")
		w.stands(w.find("Task", stay.ConsultTask, begun), w.hospital.Liaison, "")

		w.unlabel(untouched.Patient)
		w.settledBy(rec, untouched)
		w.stands(w.find("Task", stay.ConsultTask, untouched), w.hospital.Liaison, w.hospital.Wards[0].Location)
		if at, _ := w.known(untouched); at != w.hospital.Wards[0].Location {
			w.Errorf("lifted, the order says %q", at)
		}
		if got := w.find("ServiceRequest", stay.Consult, untouched).Get("performer.0.reference").String(); got != w.hospital.Liaison {
			w.Errorf("lifted, the order goes to %s", got)
		}
		w.carry(untouched, "V")
	})
}

// A letter that an older release wrote as one text loses the ward, and who asked there,
// when protection comes; its first words and the answers stay.
func TestProtectedAfterAnOldLetter(t *testing.T) {
	onEachServer(t, func(w *world) {
		rec := w.discreet()
		a := w.admitTo(0)
		w.settledBy(rec, a)
		w.answer(a, 4, 4, 4)
		w.settledBy(rec, a)
		const first, second = "AUDIT-C: 12 av 12 poeng. Grensen på 8 er passert (Tilsyn rus, haster). Regelverk: x.", "1. Hvor ofte drikker du alkohol? – Fire ganger i uken eller mer (4)"
		w.edit(w.find("ServiceRequest", stay.Consult, a).Ref(), "note",
			json.RawMessage(`[{"text":"`+first+`\n`+second+`\nBesvart 2031-05-17 10:00, Kari på Medisin 1.\nAvdeling: Medisin 1."},{"text":"Ward: ring først"}]`))
		w.labels(a.Patient, "V")
		w.settledBy(rec, a)
		if got := w.find("ServiceRequest", stay.Consult, a).Get("note.#.text").String(); got != `["`+first+`\n`+second+`","Ward: ring først"]` {
			w.Errorf("the order says %s", got)
		}
	})
}

// A running service hears of a label that comes onto the patient.
func TestHearsOfProtection(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve(w.fewFlags()...)
		ward, liaison := w.few()
		a := w.admitTo(0)
		w.want(a, asked)
		w.labels(a.Patient, "V")
		w.must(hospital.Wait(w.ctx(), func() (bool, error) {
			return w.find("Task", stay.ScreeningTask, a).Get("owner.reference").String() == ward, nil
		}))
		w.answer(a, 4, 4, 4)
		w.want(a, referred(12, "urgent"))
		w.stands(w.find("Task", stay.ConsultTask, a), liaison, "")
	})
}

// A label that comes along with the answers counts before anything is ordered.
func TestProtectionThatComesWithTheAnswers(t *testing.T) {
	onEachServer(t, func(w *world) {
		rec := w.discreet()
		ward, liaison := w.few()
		a := w.admitTo(0)
		w.settledBy(rec, a)
		w.answer(a, 4, 4, 4)
		w.labels(a.Patient, "V")
		w.settledBy(rec, a)
		w.want(a, referred(12, "urgent"))
		w.stands(w.find("Task", stay.ConsultTask, a), liaison, "")
		w.stands(w.find("Task", stay.ScreeningTask, a), ward, "")
		if at, ward := w.known(a); at != "" || ward {
			w.Error("the order says where she is")
		}
		w.carry(a, "V")
	})
}

// A site may say in an extension of an address that it is secret.
func TestProtectedByAnExtension(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.policy.Protected.Labels = []pathway.Coding{{System: "https://hospital.example.no/adressegradering", Code: "strengt-fortrolig"}}
		w.policy.Protected.Add = []pathway.Coding{{System: pathway.Confidentiality, Code: "R", Display: "restricted"}}
		rec := w.discreet()
		ward, _ := w.few()
		a := w.admitTo(0)
		w.edit(a.Patient, "address", json.RawMessage(`[{"extension":[{"url":"https://hospital.example.no/gradering","extension":[
			{"url":"grad","valueCoding":{"system":"https://hospital.example.no/adressegradering","code":"strengt-fortrolig"}}]}],"city":"Skjult"}]`))
		w.settledBy(rec, a)
		w.stands(w.find("Task", stay.ScreeningTask, a), ward, "")
		w.carry(a, "R")
	})
}

// A label survives that its record is merged into another.
func TestProtectionSurvivesAMerge(t *testing.T) {
	onEachServer(t, func(w *world) {
		rec := w.discreet()
		ward, _ := w.few()
		a := w.admitTo(0)
		w.labels(a.Patient, "V")
		w.settledBy(rec, a)
		w.edit(a.Patient, "link", json.RawMessage(fmt.Sprintf(`[{"other":{"reference":%q},"type":"replaced-by"}]`, w.another(woman))))
		w.settledBy(rec, a)
		task := w.find("Task", stay.ScreeningTask, a)
		w.stands(task, ward, "")
		if task.Get("for.reference").String() == a.Patient {
			w.Error("the task did not follow the merge")
		}
		w.carry(a, "V")
	})
}
