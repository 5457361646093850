package integration_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/integration/fhirserver"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/stay"
)

const sdc = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"

// The nurse's task, the prepared and the returned response, and the form in
// every language conform to SDC, although they claim no profile: a server
// without SDC would refuse the claim. All else is checked against R4 with
// every write, because the real server validates.
func TestConformsToSDC(t *testing.T) {
	if _, ok := fhirserver.ProfilesDir(); !ok {
		t.Skip("the SDC profiles are not on this machine")
	}
	w := onReal(t)
	w.serve()
	a := w.admit(hospital.Stay{Person: woman})
	w.want(a, asked)
	w.validate(w.find("Task", stay.ScreeningTask, a).Raw(), "Task", "sdc-task")
	w.validate(w.find("QuestionnaireResponse", stay.Draft, a).Raw(), "QuestionnaireResponse", "sdc-questionnaireresponse")
	w.answer(a, 4, 4, 4)
	w.want(a, referred(12, "urgent"))
	w.validate(w.find("Task", stay.ScreeningTask, a).Raw(), "Task", "sdc-task")
	w.validate(w.find("QuestionnaireResponse", stay.Draft, a).Raw(), "QuestionnaireResponse", "sdc-questionnaireresponse")
	for _, lang := range artifacts.Languages {
		form, err := artifacts.Questionnaire(lang)
		w.must(err)
		w.validate(form, "Questionnaire", "sdc-questionnaire")
	}
}

func (w *world) validate(resource []byte, resourceType, profile string) {
	w.Helper()
	resp, err := http.Post(w.base+"/"+resourceType+"/$validate?profile="+url.QueryEscape(sdc+profile), fhir.ContentType, bytes.NewReader(resource))
	w.must(err)
	defer resp.Body.Close()
	outcome, err := io.ReadAll(resp.Body)
	w.must(err)
	if !gjson.GetBytes(outcome, "issue").Exists() {
		w.Fatalf("$validate answered %d: %.300s", resp.StatusCode, outcome)
	}
	for _, issue := range gjson.GetBytes(outcome, "issue").Array() {
		if s := issue.Get("severity").String(); s == "error" || s == "fatal" {
			w.Errorf("%s against %s: %s", resourceType, profile, issue.Get("diagnostics"))
		}
	}
}
