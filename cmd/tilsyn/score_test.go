package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
)

// A response that the service would not score has no score here either, and the
// output says so; one that is not handed in yet is scored with a remark.
func TestScoreByStatus(t *testing.T) {
	raw, err := artifacts.Questionnaire("en")
	if err != nil {
		t.Fatal(err)
	}
	form, response := filepath.Join(t.TempDir(), "form.json"), filepath.Join(t.TempDir(), "response.json")
	save(t, form, string(raw))
	for status, want := range map[string]struct {
		score        bool
		text, inJSON string
	}{
		"completed":        {true, "score 1 of 12", `"score": 1`},
		"amended":          {true, "score 1 of 12", `"score": 1`},
		"in-progress":      {true, "remark: the response is in-progress", `"remark": "the response is in-progress`},
		"entered-in-error": {false, "no score: not-counted: the response was entered in error", `"score": null`},
		"stopped":          {false, "no score: not-counted: the response was stopped", `"score": null`},
		"done":             {false, "no score: not-counted: the status of the response is none", `"score": null`},
	} {
		save(t, response, fmt.Sprintf(`{"resourceType":"QuestionnaireResponse","status":%q,"item":[
			{"linkId":"1","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA18926-8"}}]},
			{"linkId":"2","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA15694-5"}}]},
			{"linkId":"3","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA6270-8"}}]}]}`, status))
		_, text, errs := tilsyn(t, "score", "--questionnaire", form, response)
		_, asJSON, _ := tilsyn(t, "score", "--json", "--questionnaire", form, response)
		if !strings.Contains(text, want.text) || strings.Contains(text, "score 1 of 12") != want.score || !strings.Contains(asJSON, want.inJSON) {
			t.Errorf("%s: got\n%s%s%s", status, text, errs, asJSON)
		}
		if remarked := strings.Contains(text, "remark:") || strings.Contains(asJSON, "remark"); remarked != (status == "in-progress") {
			t.Errorf("%s: remarked %v\n%s", status, remarked, text)
		}
	}
}

// AUDIT is scored when it is asked for; by default a form is AUDIT-C's.
func TestScoreOfAnotherInstrument(t *testing.T) {
	audit, err := artifacts.Form("audit", "nb")
	if err != nil {
		t.Fatal(err)
	}
	form, response := filepath.Join(t.TempDir(), "form.json"), filepath.Join(t.TempDir(), "response.json")
	save(t, form, string(audit.JSON))
	save(t, response, `{"resourceType":"QuestionnaireResponse","status":"completed","item":[
		{"linkId":"1","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA6270-8"}}]},
		{"linkId":"9","answer":[{"valueCoding":{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"audit-not-last-year"}}]},
		{"linkId":"10","answer":[{"valueCoding":{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"audit-last-year"}}]}]}`)
	for _, test := range []struct {
		flags []string
		code  int
		says  string
	}{
		{[]string{"--instrument", "audit"}, 0, "score 6 of 40"},
		{nil, 1, "AUDIT-C has 3 items with weighted answers; this form has 10"},
		{[]string{"--instrument", "auditc"}, 1, "AUDIT-C has 3 items"},
		{[]string{"--instrument", "cage"}, 2, `--instrument "cage": choose one of audit, auditc, dudit`},
	} {
		code, out, errs := tilsyn(t, append([]string{"score", "--questionnaire", form, response}, test.flags...)...)
		if code != test.code || !strings.Contains(out+errs, test.says) {
			t.Errorf("%v: %d, %s%s", test.flags, code, out, errs)
		}
	}
}

// A site's own instrument is tried before anybody is asked with it.
func TestScoreOfAnInstrumentOfTheSites(t *testing.T) {
	const sleep = "../../docs/instruments/sleep/"
	response, nothing := filepath.Join(t.TempDir(), "response.json"), filepath.Join(t.TempDir(), "definition.yaml")
	save(t, nothing, "name: 7\nmine: yes\n")
	save(t, response, `{"resourceType":"QuestionnaireResponse","status":"completed","item":[
		{"linkId":"1","answer":[{"valueCoding":{"system":"https://hospital.example/fhir/CodeSystem/sleep","code":"never"}}]},
		{"linkId":"2","answer":[{"valueCoding":{"system":"https://hospital.example/fhir/CodeSystem/sleep","code":"tired"}}]}]}`)
	for definition, want := range map[string]string{sleep + "definition.yaml": "score 1 of 7", nothing: "unknown field", sleep + "absent": "no such file"} {
		code, out, errs := tilsyn(t, "score", "--definition", definition, "--questionnaire", sleep+"questionnaire.json", response)
		if (code == 0) != strings.HasPrefix(want, "score") || !strings.Contains(out+errs, want) {
			t.Errorf("%s: %d, %s%s", definition, code, out, errs)
		}
	}
}

func save(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
