package integration_test

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/doctor"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// ourForm is the form that wards are asked with, as it lies on the server.
func (w *world) ourForm() fhir.Resource {
	w.Helper()
	form, err := artifacts.Questionnaire("en")
	w.must(err)
	found, err := w.client.Search(w.ctx(), fhir.Query("Questionnaire", "url", artifacts.QuestionnaireURL, "version", gjson.GetBytes(form, "version").String()))
	w.must(err)
	if len(found) != 1 {
		w.Fatalf("%d forms are there", len(found))
	}
	return found[0]
}

// form puts a Questionnaire on the server that asks what ours asks.
func (w *world) form(change func(fhir.Resource) (fhir.Resource, error)) fhir.Resource {
	w.Helper()
	form, err := change(w.ourForm())
	for _, own := range []string{"id", "meta"} {
		if err == nil {
			form, err = form.Delete(own)
		}
	}
	w.must(err)
	var tx fhir.Transaction
	tx.Create(fhir.NewRef(), json.RawMessage(form.Raw()), "")
	w.must(w.client.Transact(w.ctx(), &tx))
	found, err := w.client.Search(w.ctx(), fhir.Query("Questionnaire", "url", form.Get("url").String()))
	w.must(err)
	return found[0]
}

// foreign is a form of the EHR's own.
func (w *world) foreign() fhir.Resource {
	w.Helper()
	return w.form(func(r fhir.Resource) (fhir.Resource, error) {
		return r.Set("url", "https://ehr.example.no/"+fhir.NewRef()[9:])
	})
}

// filled answers the prepared form and lets its response name the form so. A server may
// refuse that.
func (w *world) filled(form string, more ...any) (a hospital.Admission, taken bool) {
	w.Helper()
	a = w.admit(hospital.Stay{Person: woman})
	w.look(a, 0)
	w.must(w.hospital.Answer(w.ctx(), a, "in-progress", 4, 4, 4))
	draft := w.find("QuestionnaireResponse", stay.Draft, a).Ref()
	err := w.hospital.Set(w.ctx(), draft, append([]any{"questionnaire", form, "status", "completed"}, more...)...)
	if fhir.IsRefused(err) {
		w.Logf("%s: this server takes no such response", form)
		return a, false
	}
	w.must(err)
	return a, true
}

// A screen may say where the form lies that it has answered. It is ours when what lies
// there is.
func TestFormsByReference(t *testing.T) {
	onEachServer(t, func(w *world) {
		ours := w.ourForm()
		version := ours.Ref() + "/_history/" + ours.VersionID()
		contained := json.RawMessage(fmt.Sprintf(`[{"resourceType":"Questionnaire","id":"form","url":%q,"version":%q,"status":"active"}]`,
			ours.Get("url").String(), ours.Get("version").String()))
		for form, more := range map[string][]any{
			ours.Ref(): nil, w.base + "/" + ours.Ref(): nil, version: nil, w.base + "/" + version: nil, "#form": {"contained", contained},
		} {
			if a, taken := w.filled(form, more...); taken {
				w.settle(a, 0)
				w.want(a, referred(12, "urgent"))
			}
		}
		a := w.admit(hospital.Stay{Person: woman})
		w.look(a, 0)
		_, err := w.hospital.AnswerElsewhere(w.ctx(), a, ours.Get("url").String()+"|"+ours.Get("version").String(), 2, 1, 1)
		w.must(err)
		own, err := w.client.Search(w.ctx(), fhir.Query("QuestionnaireResponse", "encounter", a.Encounter, "status", "completed"))
		w.must(err)
		w.edit(own[0].Ref(), "questionnaire", w.base+"/"+ours.Ref())
		w.settle(a, 0)
		want := referred(4, "routine")
		want.Draft = "stopped"
		w.want(a, want)
	})
}

// A form that was changed since is read in the version that the response names, where the
// server keeps that, and else as it is now.
func TestAnEarlierVersionOfAFormByReference(t *testing.T) {
	onEachServer(t, func(w *world) {
		copied := w.foreign()
		w.edit(copied.Ref(), "url", artifacts.QuestionnaireURL)
		then, err := w.client.Read(w.ctx(), copied.Ref())
		w.must(err)
		w.edit(copied.Ref(), "url", copied.Get("url").String())
		a, taken := w.filled(then.Ref() + "/_history/" + then.VersionID())
		if !taken {
			return
		}
		w.settle(a, 0)
		want := referred(12, "urgent")
		if stated := w.find("QuestionnaireResponse", stay.Draft, a).Get("questionnaire").String(); !strings.Contains(stated, "_history") {
			want = hospital.Outcome{Asked: 1, Task: "requested", Business: "invalid", Draft: "completed"} // as it is now
		}
		w.want(a, want)
	})
}

// What is no form of ours, or is not there, is for the EHR to mend. The nurse is told so,
// whoever runs the system too, and nobody's admission stops for it.
func TestWrongFormsAreForTheEHR(t *testing.T) {
	onEachServer(t, func(w *world) {
		foreign, waits := w.foreign(), hospital.Outcome{Asked: 1, Task: "requested", Business: "invalid", Draft: "completed"}
		for form, says := range map[string]string{
			foreign.Ref():                               "the screen sends another form",
			foreign.Get("url").String():                 "the screen sends another form",
			foreign.Get("url").String() + "|1":          "the screen sends another form",
			"http://elsewhere.example/" + foreign.Ref(): "the screen sends another form",
			w.hospital.Wards[0].Location:                "the screen sends another form",
			"Questionnaire/none-such":                   "the screen names a form, or a version of it, that is not on the server",
			w.ourForm().Ref() + "/_history/4711":        "the screen names a form, or a version of it, that is not on the server",
			"#nowhere":                                  "the screen names a form, or a version of it, that is not on the server",
		} {
			a, taken := w.filled(form)
			if !taken {
				continue
			}
			w.settle(a, 0)
			if stated := w.find("QuestionnaireResponse", stay.Draft, a).Get("questionnaire").String(); strings.Contains(form, "_history") && !strings.Contains(stated, "_history") {
				w.want(a, referred(12, "urgent")) // the server has taken the version off
				continue
			}
			w.want(a, waits)
			said := w.find("Task", stay.ScreeningTask, a).Get("statusReason.text").String()
			if !strings.Contains(said, says) || !strings.Contains(said, "IT must mend that") || strings.Contains(said, "orrect") {
				w.Errorf("%s: the nurse is told %q", form, said)
			}
		}
	})
}

// Whoever runs the system sees it in /status and by the doctor; when the EHR has mended
// it, the answers are scored.
func TestWrongFormsAreShown(t *testing.T) {
	onEachServer(t, func(w *world) {
		foreign := w.foreign()
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		w.must(err)
		service, err := app.New(app.Options{Config: w.config("--census.interval", "1s"), Policy: w.policy, Log: zerolog.Nop(), Operator: listener})
		w.must(err)
		w.run(service)
		a := w.admit(hospital.Stay{Person: woman})
		w.want(a, asked)
		w.answer(a, 4, 4, 4)
		w.want(a, referred(12, "urgent"))
		b := w.admit(hospital.Stay{Person: woman})
		w.want(b, asked)
		draft := w.find("QuestionnaireResponse", stay.Draft, b).Ref()
		w.must(w.hospital.Answer(w.ctx(), b, "in-progress", 4, 4, 4))
		w.must(w.hospital.Set(w.ctx(), draft, "questionnaire", w.base+"/"+foreign.Ref(), "status", "completed"))
		w.want(b, hospital.Outcome{Asked: 1, Task: "requested", Business: "invalid", Draft: "completed"})
		w.must(hospital.Wait(w.ctx(), func() (bool, error) {
			shown := gjson.Get(w.get(listener, "/status"), "wrong_forms."+b.ID()+".responses.0")
			return shown.Get("problem").String() == "other-form" && shown.Get("response").String() == draft, nil
		}))
		if metrics := w.get(listener, "/metrics"); !strings.Contains(metrics, "\ntilsyn_wrong_forms_total ") || strings.Contains(metrics, "\ntilsyn_wrong_forms_total 0\n") {
			w.Error("it is not counted")
		}
		found, err := w.appOver(w.fence(w.config(), app.Try)).Doctor(w.ctx(), false)
		w.must(err)
		if unsafe := doctor.Of(found, doctor.Unsafe); len(unsafe) != 1 || unsafe[0] != "screens" {
			w.Errorf("the doctor finds %q unsafe", unsafe)
		}
		w.edit(draft, "questionnaire", w.base+"/"+w.ourForm().Ref())
		w.want(b, referred(12, "urgent"))
		w.must(hospital.Wait(w.ctx(), func() (bool, error) {
			return !gjson.Get(w.get(listener, "/status"), "wrong_forms."+b.ID()).Exists(), nil
		}))
	})
}

// A response that says where the form lies is heard of by the poll, without a census.
func TestAFormByReferenceIsHeardOf(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.serve("--census.interval", "1h")
		a := w.admit(hospital.Stay{Person: woman})
		w.want(a, asked)
		ours := w.ourForm()
		response := fmt.Sprintf(`{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":%q,"subject":{"reference":%q},
			"encounter":{"reference":%q},"authored":%q,"item":%s}`, w.base+"/"+ours.Ref(), a.Patient, a.Encounter, *fhir.Instant(time.Now()), neverItem)
		var tx fhir.Transaction
		tx.Create(fhir.NewRef(), json.RawMessage(response), "")
		w.must(w.client.Transact(w.ctx(), &tx))
		want := scored(0)
		want.Draft = "stopped"
		w.want(a, want)
	})
}
