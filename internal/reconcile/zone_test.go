package reconcile_test

import (
	"fmt"
	"slices"
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

const high = `"status":"completed","identifier":{"system":"https://tilsyn.org/fhir/identifier","value":"response:1"},"subject":{"reference":"Patient/2"},"encounter":{"reference":"Encounter/1"},"authored":"AUTHORED","item":[
	{"linkId":"1","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA18929-2"}}]},
	{"linkId":"2","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA18932-6"}}]},
	{"linkId":"3","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA18934-2"}}]}]`

// inOslo is a reconciler beside a server with one admission: its Encounter, its
// patient, the nurse's Task and the answers. What it writes goes to wrote.
func inOslo(t *testing.T, now time.Time, resources [4]string, wrote *[]byte) *reconcile.Reconciler {
	t.Helper()
	raw, err := artifacts.Questionnaire("en")
	if err != nil {
		t.Fatal(err)
	}
	form, err := instrument.AuditC().Form(raw)
	if err != nil {
		t.Fatal(err)
	}
	server := oneStay{wrote: func(bundle []byte) { *wrote = bundle }}
	for i, typ := range []string{"Encounter", "Patient", "Task", "QuestionnaireResponse"} {
		if resources[i] != "" {
			server.resources = append(server.resources, fmt.Sprintf(`{"resourceType":%q,"id":"%d","meta":{"versionId":"1","lastUpdated":"2032-01-01T00:00:00Z"},%s}`, typ, i+1, resources[i]))
		}
	}
	client, err := fhir.New(fhir.Options{BaseURL: "http://ehr.example", Transport: server})
	if err != nil {
		t.Fatal(err)
	}
	return reconcile.New(reconcile.Options{Client: client, Policy: pathway.DefaultPolicy(), Forms: []*instrument.Form{form}, Language: "en", Device: "Device/1",
		Now: func() time.Time { return now }, Zone: config.Config{TimeZone: "Europe/Oslo"}.Zone()})
}

// The letter tells when the patient answered by the hospital's clocks, wherever the
// stamp came from; what machines read stays the same moment.
func TestLettersTellTheHospitalsTime(t *testing.T) {
	asked := strings.Replace(task, "2031-05-17T08:00:00Z", "2030-01-01T08:00:00Z", 1)
	for authored, want := range map[string][2]string{
		"2031-05-17T09:00:00Z":      {"2031-05-17 11:00", "2031-05-17T09:00:00.000Z"}, // summer
		"2031-01-17T09:00:00Z":      {"2031-01-17 10:00", "2031-01-17T09:00:00.000Z"}, // winter
		"2031-05-17T04:00:00-05:00": {"2031-05-17 11:00", "2031-05-17T09:00:00.000Z"},
		"2031-05-17T22:30:00Z":      {"2031-05-18 00:30", "2031-05-17T22:30:00.000Z"},
		"2031-10-26T00:30:00Z":      {"2031-10-26 02:30 CEST", "2031-10-26T00:30:00.000Z"}, // the clocks show it twice
		"2031-10-26T01:30:00Z":      {"2031-10-26 02:30 CET", "2031-10-26T01:30:00.000Z"},
		"2031-05-17":                {"2031-05-17", "2031-05-16T22:00:00.000Z"}, // no time is made up
		"2031-05":                   {"2031-05", "2031-04-30T22:00:00.000Z"},
	} {
		var wrote []byte
		rec := inOslo(t, noon.AddDate(1, 0, 0), [4]string{strings.Replace(encounter, `,"partOf":{"reference":"Encounter/1"}`, "", 1), patient, asked, strings.Replace(high, "AUTHORED", authored, 1)}, &wrote)
		_, _ = rec.Reconcile(t.Context(), "1") // the server says nothing of what it is sent
		letter := gjson.GetBytes(wrote, `entry.#(resource.resourceType=="ServiceRequest").resource.note.1.text`).String()
		if !strings.Contains(letter, "Answered "+want[0]+".") {
			t.Errorf("%s: the letter does not say %q:\n%s", authored, want[0], letter)
		}
		if got := gjson.GetBytes(wrote, `entry.#(resource.resourceType=="Observation").resource.effectiveDateTime`).String(); got != want[1] {
			t.Errorf("%s: the score is of %s, want %s", authored, got, want[1])
		}
	}
}

// A start without a time is the beginning of that day in the hospital.
func TestAStartWithoutATimeIsADayOfTheHospital(t *testing.T) {
	const start = `"period":{"start":"2031-05-17"},"class":{"code":"IMP"},"subject":{"reference":"Patient/2"}`
	for name, tt := range map[string]struct {
		status, now, rule, plan string
	}{
		"planned, the day before": {"planned", "2031-05-16T21:59:00Z", "not-arrived", "nothing"},
		"planned, the day":        {"planned", "2031-05-16T22:01:00Z", "planned-late", "nothing"},
		"there":                   {"in-progress", "2031-05-17T06:00:00Z", "ask", "ask the ward, due 2031-05-18 00:00 CEST"},
	} {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		rec := inOslo(t, now, [4]string{`"status":"` + tt.status + `",` + start, patient, "", ""}, nil)
		e, err := rec.Explain(t.Context(), "1")
		if err != nil {
			t.Fatal(err)
		}
		reasons := e.Decision.Reasons
		if got := reasons[len(reasons)-1].Rule; got != tt.rule || !slices.Contains(e.Plan, tt.plan) {
			t.Errorf("%s: %s, %v; want %s, %s", name, got, e.Plan, tt.rule, tt.plan)
		}
		if at := e.Story[0].At.Format("2006-01-02 15:04 MST"); at != "2031-05-17 00:00 CEST" {
			t.Errorf("%s: admitted at %s", name, at)
		}
	}
}
