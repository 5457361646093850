package reconcile

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// This file is the server that the tests of this package read from and write to,
// and the admission that they vary: what an EHR and we have put there, as JSON.

const here = "http://ehr.example/fhir"

// shelf is a server that holds resources by Type/id and takes no batches. A search
// finds all of the type, whatever it asks for, but what it asks for by _id. An earlier
// version lies at its address, Type/id/_history/n.
type shelf struct {
	held  map[string]fhir.Resource
	asked []string
	sent  []byte // the last transaction
	warns bool   // that a search has not given all
}

func (s *shelf) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	path, query, searched := strings.Cut(strings.TrimPrefix(r.URL.RequestURI(), "/fhir/"), "?")
	switch {
	case r.Method == http.MethodPost:
		s.take(w, r)
	case searched:
		s.asked = append(s.asked, path+"?"+query)
		s.find(w, path, r.URL.Query().Get("_id"))
	default:
		s.asked = append(s.asked, path)
		if res, ok := s.held[path]; ok {
			_, _ = w.Write(res.Raw())
			break
		}
		w.WriteHeader(http.StatusNotFound)
	}
	return w.Result(), nil
}

func (s *shelf) take(w *httptest.ResponseRecorder, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if gjson.GetBytes(body, "type").String() != "transaction" {
		w.WriteHeader(http.StatusNotImplemented)
		return
	}
	s.sent = body
	parts := len(gjson.GetBytes(body, "entry").Array())
	fmt.Fprintf(w, `{"resourceType":"Bundle","type":"transaction-response","entry":[%s]}`,
		strings.TrimPrefix(strings.Repeat(`,{"response":{"status":"200"}}`, parts), ","))
}

func (s *shelf) find(w io.Writer, typ, id string) {
	var entries []string
	for _, res := range sorted(s.held) {
		if current := s.held[res.Ref()].VersionID() == res.VersionID(); current && res.Type() == typ && (id == "" || slices.Contains(strings.Split(id, ","), res.ID())) {
			entries = append(entries, `{"resource":`+string(res.Raw())+`}`)
		}
	}
	if s.warns {
		entries = append(entries, `{"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"incomplete"}]}}`)
	}
	fmt.Fprintf(w, `{"resourceType":"Bundle","type":"searchset","entry":[%s]}`, strings.Join(entries, ","))
}

var at12 = time.Date(2031, 5, 17, 12, 0, 0, 0, time.UTC)

// desk is a Reconciler in English at noon, and the server that it works on.
func desk(t testing.TB, resources ...string) (*Reconciler, *shelf) {
	t.Helper()
	s := &shelf{held: map[string]fhir.Resource{}}
	for _, raw := range resources {
		res := parsed(t, strings.ReplaceAll(raw, "THE FORM", english().Canonical()))
		s.held[res.Ref()] = res
	}
	client, err := fhir.New(fhir.Options{BaseURL: here, Transport: s})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	policy := pathway.DefaultPolicy()
	policy.Version = "policy-1"
	return New(Options{
		Client: client, Policy: policy, Forms: []*instrument.Form{english()}, Language: "en", Device: "Device/tilsyn", Host: "pc-7",
		Now:    func() time.Time { return at12 },
		Advice: config.Advice{Say: "Say this", Offers: []config.Offer{{Name: "Line", Phone: "08588"}, {Name: "Group"}}},
		Routing: config.Routing{Default: config.Owners{Ward: "Organization/ward", Liaison: "CareTeam/liaison"},
			Protected: config.Owners{Ward: "Organization/few", Liaison: "urn:oid:1.2|few"}},
	}), s
}

// english is the form that the nurse is asked to fill in.
var english = sync.OnceValue(func() *instrument.Form {
	form, err := instrument.AuditC().Form(questionnaire())
	if err != nil {
		panic(err)
	}
	return form
})

func questionnaire() []byte {
	raw, err := artifacts.Questionnaire("en")
	if err != nil {
		panic(err)
	}
	return raw
}

func parsed(t testing.TB, raw string) fhir.Resource {
	t.Helper()
	res, err := fhir.Parse([]byte(raw))
	if err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return res
}

// seen is the picture of the admission e1, with what its nurse's Task points to.
func seen(t testing.TB, r *Reconciler, s *shelf) picture {
	t.Helper()
	p := picture{byRef: map[string]fhir.Resource{}, encounter: s.held["Encounter/e1"]}
	for ref, res := range s.held {
		p.byRef[ref] = res
	}
	if err := r.loader.read(t.Context(), &p); err != nil {
		t.Fatal(err)
	}
	task, _ := p.stay.ScreeningTask()
	if score, ok := p.byRef[task.Score]; ok {
		p.stay.Score = result(score)
	}
	if consult, ok := p.byRef[task.Consult]; ok {
		p.stay.Consult = result(consult)
		r.loader.letterOn(consult, &p.stay.Consult)
	}
	return p
}

// with is a resource in which elements are others: path, JSON, path, JSON, …; no
// JSON takes one away.
func with(raw string, changes ...string) string {
	res, err := fhir.Parse([]byte(raw))
	for i := 0; i+1 < len(changes) && err == nil; i += 2 {
		if changes[i+1] == "" {
			res, err = res.Delete(changes[i])
			continue
		}
		res, err = res.Set(changes[i], json.RawMessage(changes[i+1]))
	}
	if err != nil {
		panic(err)
	}
	return string(res.Raw())
}

// instead are resources of which some stand in for those of the same Type/id.
func instead(all []string, others ...string) []string {
	all = slices.Clone(all)
	for _, other := range others {
		same := func(raw string) bool {
			return gjson.Get(raw, "id").String() == gjson.Get(other, "id").String() && gjson.Get(raw, "resourceType").String() == gjson.Get(other, "resourceType").String()
		}
		if i := slices.IndexFunc(all, same); i >= 0 {
			all[i] = other
			continue
		}
		all = append(all, other)
	}
	return all
}

// The admission that the tests vary: a woman of 70 who has answered with 8 points, and
// for whom the team was asked.
const (
	admission = `{"resourceType":"Encounter","id":"e1","meta":{"versionId":"1"},"status":"in-progress",
		"class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"subject":{"reference":"Patient/p1"},
		"period":{"start":"2031-05-17T08:00:00Z"},"location":[{"location":{"reference":"Location/l1","display":"Surgery 2"}}]}`
	woman = `{"resourceType":"Patient","id":"p1","meta":{"versionId":"1"},"gender":"female","birthDate":"1961-03-01"}`
	nurse = `{"resourceType":"Task","id":"nurse","meta":{"versionId":"3","lastUpdated":"2031-05-17T09:00:00Z"},"status":"requested",
		"identifier":[{"system":"https://tilsyn.org/fhir/identifier","value":"screening:e1"}],
		"for":{"reference":"Patient/p1"},"authoredOn":"2031-05-17T08:30:00Z","owner":{"reference":"Organization/ward"},"location":{"reference":"Location/l1"},
		"input":[{"type":{"coding":[{"system":"http://hl7.org/fhir/uv/sdc/CodeSystem/temp","code":"questionnaire"}]},"valueCanonical":"https://tilsyn.org/fhir/Questionnaire/audit-c|0.9"}],
		"output":[{"type":{"coding":[{"system":"http://hl7.org/fhir/uv/sdc/CodeSystem/temp","code":"questionnaire-response"}]},"valueReference":{"reference":"QuestionnaireResponse/r1"}}]}`
	answers = `{"resourceType":"QuestionnaireResponse","id":"r1","meta":{"versionId":"2","lastUpdated":"2031-05-17T10:00:05Z"},"status":"completed",
		"identifier":{"system":"https://tilsyn.org/fhir/identifier","value":"response:e1"},"questionnaire":"THE FORM","subject":{"reference":"Patient/p1"},"encounter":{"reference":"Encounter/e1"},
		"authored":"2031-05-17T10:00:00Z","author":{"reference":"Practitioner/n1"},"item":[
		{"linkId":"1","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA18929-2"}}]},
		{"linkId":"2","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA18930-0"}}]},
		{"linkId":"3","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA18876-5"}}]}]}`
	score = `{"resourceType":"Observation","id":"o1","meta":{"versionId":"4"},"status":"final","subject":{"reference":"Patient/p1"},
		"identifier":[{"system":"https://tilsyn.org/fhir/identifier","value":"score:e1"}],"valueQuantity":{"value":5},"note":[{"text":"old"}]}`
	consult = `{"resourceType":"ServiceRequest","id":"s1","meta":{"versionId":"5"},"status":"active","priority":"routine","subject":{"reference":"Patient/p1"},
		"identifier":[{"system":"https://tilsyn.org/fhir/identifier","value":"consult:e1"}],"performer":[{"reference":"CareTeam/liaison"}],
		"locationReference":[{"reference":"Location/l1"}],"note":[{"text":"AUDIT-C: 5 of 12 points."}]}`
	team = `{"resourceType":"Task","id":"team","meta":{"versionId":"6"},"status":"requested","priority":"routine","for":{"reference":"Patient/p1"},
		"identifier":[{"system":"https://tilsyn.org/fhir/identifier","value":"consult-task:e1"}],"authoredOn":"2031-05-17T10:01:00Z",
		"focus":{"reference":"ServiceRequest/s1"},"owner":{"reference":"CareTeam/liaison"},"location":{"reference":"Location/l1"}}`
	ward = `{"resourceType":"Task","id":"advice","meta":{"versionId":"7"},"status":"requested","for":{"reference":"Patient/p1"},
		"identifier":[{"system":"https://tilsyn.org/fhir/identifier","value":"advice:e1"}],"authoredOn":"2031-05-17T10:01:00Z",
		"focus":{"reference":"Observation/o1"},"owner":{"reference":"Organization/ward"},"location":{"reference":"Location/l1"}}`
)

var (
	toAsk    = []string{admission, woman}
	awaited  = []string{admission, woman, nurse, answers}
	referred = []string{admission, woman, with(nurse, "status", `"completed"`, "output.-1", remembers("score", `"valueReference":{"reference":"Observation/o1"}`),
		"output.-1", remembers("consult", `"valueReference":{"reference":"ServiceRequest/s1"}`), "output.-1", remembers("carried", `"valueString":"requested"`)),
		answers, score, consult, team}
)

// remembers is an output of ours.
func remembers(code, value string) string {
	return `{"type":{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"` + code + `"}]},` + value + `}`
}
