package reconcile_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/reconcile"
)

var noon = time.Date(2031, 5, 17, 12, 0, 0, 0, time.UTC)

const (
	encounter = `"status":"in-progress","class":{"code":"IMP"},"subject":{"reference":"Patient/2"},"partOf":{"reference":"Encounter/1"},"period":{"start":"2031-05-17T08:00:00Z"},"location":[{"location":{"reference":"Location/1"}}]`
	patient   = `"gender":"female","birthDate":"1961-03","link":[{"other":{"reference":"Patient/2"},"type":"replaces"}],"deceasedBoolean":false`
	task      = `"status":"requested","for":{"reference":"Patient/2"},"authoredOn":"2031-05-17T08:00:00Z","identifier":[{"system":"https://tilsyn.org/fhir/identifier","value":"screening:1"}],"output":[{"type":{"coding":[{"system":"http://hl7.org/fhir/uv/sdc/CodeSystem/temp","code":"questionnaire-response"}]},"valueReference":{"reference":"QuestionnaireResponse/4"}}]`
	response  = `"status":"completed","identifier":{"system":"https://tilsyn.org/fhir/identifier","value":"response:1"},"subject":{"reference":"Patient/2"},"encounter":{"reference":"Encounter/1"},"authored":"2031-05-17T09:00:00Z","item":[{"linkId":"1","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA6270-8"}}]}]`
)

// oneStay is a server with one admission, whose resources hold anything.
type oneStay struct {
	resources []string
	wrote     func(bundle []byte)
}

func (s oneStay) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if gjson.GetBytes(body, "type").String() == "transaction" {
			s.wrote(body)
		} else {
			w.WriteHeader(http.StatusNotImplemented)
		}
		return w.Result(), nil
	}
	var entries []string
	typ, query, _ := strings.Cut(strings.TrimPrefix(r.URL.RequestURI(), "/"), "?")
	for _, res := range s.resources {
		if typ == "Encounter" && query != "" || strings.HasPrefix(res, `{"resourceType":"`+typ+`"`) {
			entries = append(entries, `{"resource":`+res+`}`)
		}
	}
	fmt.Fprintf(w, `{"resourceType":"Bundle","type":"searchset","entry":[%s]}`, strings.Join(entries, ","))
	return w.Result(), nil
}

// FuzzAdmission: whatever stands in the resources of an admission, it is decided
// or put before a person; what is written is a transaction that names nobody
// elsewhere.
func FuzzAdmission(f *testing.F) {
	all, err := artifacts.All("en")
	if err != nil {
		f.Fatal(err)
	}
	var form *instrument.Form
	for _, a := range all {
		if parsed, err := instrument.AuditC().Form(a.JSON); err == nil {
			form = parsed
		}
	}
	f.Add(encounter, patient, task, response)
	f.Add(strings.Replace(encounter, `{"reference":"Patient/2"}`, `[1]`, 1), `"link":{"other":5}`, `"output":"x","status":1`, `"item":{"linkId":[]}`)
	f.Add(encounter, `"deceasedDateTime":"2031","birthDate":1e400`, strings.Replace(task, "QuestionnaireResponse/4", "http://evil.example/Patient/1", 1), `"meta":{"versionId":{"a":1}},`+response)
	f.Fuzz(func(t *testing.T, encounter, patient, task, response string) {
		var resources []string
		for _, r := range [][3]string{{"Encounter", "1", encounter}, {"Patient", "2", patient}, {"Task", "3", task}, {"QuestionnaireResponse", "4", response}} {
			raw := fmt.Sprintf(`{"resourceType":%q,"id":%q,"meta":{"versionId":"1","lastUpdated":"2031-05-17T09:30:00Z"},%s}`, r[0], r[1], r[2])
			if !json.Valid([]byte(raw)) {
				return
			}
			resources = append(resources, raw)
		}
		client, err := fhir.New(fhir.Options{BaseURL: "http://ehr.example", Transport: oneStay{resources, func(bundle []byte) {
			if !json.Valid(bundle) {
				t.Errorf("wrote %s", bundle)
			}
			for _, e := range gjson.GetBytes(bundle, "entry.#.request.url").Array() {
				if typ, id, _ := strings.Cut(e.String(), "/"); strings.Contains(id, "/") || strings.Contains(typ, ":") {
					t.Errorf("wrote to %s", e)
				}
			}
		}}})
		if err != nil {
			t.Fatal(err)
		}
		rec := reconcile.New(reconcile.Options{Client: client, Policy: pathway.DefaultPolicy(), Forms: []*instrument.Form{form}, Language: "en", Device: "Device/1", Audit: true, Host: "ward-pc", Now: func() time.Time { return noon },
			Routing: config.Routing{Default: config.Owners{Ward: "Organization/1", Liaison: "CareTeam/1"}}})
		if _, err := rec.Reconcile(t.Context(), "1"); err != nil && strings.Contains(err.Error(), "defect") {
			t.Error(err)
		}
	})
}
