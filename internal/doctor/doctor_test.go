package doctor_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/doctor"
	"github.com/tilsyn/tilsyn/internal/sandbox"
)

// Each illness is told by its name, and nothing is left behind: the Tasks of
// others are what they were.
func TestTry(t *testing.T) {
	for name, c := range map[string]struct {
		ill
		notes, unsafe []string
		left          bool // as made in error
	}{
		"a good server":           {ill: well},
		"ignores ifMatch":         {ill: without("ifMatch"), notes: []string{"AuditEvent"}, unsafe: []string{"ifMatch"}},
		"ignores ifNoneExist":     {ill: without("ifNoneExist"), notes: []string{"ifNoneExist, one after the other", "ifNoneExist, 4 at once"}},
		"does half a transaction": {ill: piecemeal, notes: []string{"AuditEvent"}, unsafe: []string{"all or nothing"}},
		"takes no AuditEvents":    {ill: refuses(http.StatusForbidden, writes("AuditEvent")), notes: []string{"AuditEvent"}},
		"takes no transaction":    {ill: refuses(http.StatusNotImplemented, transaction), unsafe: []string{"transaction"}},
		"finds late":              {ill: slow, notes: []string{"search after a write"}},
		"deletes nothing":         {ill: refuses(http.StatusMethodNotAllowed, deletion), notes: []string{"cleaning up"}, left: true},
		"deletes not at once":     {ill: busyDeleting()},
		"ignores _lastUpdated":    {ill: ignoring("_lastUpdated"), unsafe: []string{"_lastUpdated"}},
		"a literal comma":         {ill: literal, unsafe: []string{"search identifier=a,b", "search business-status=a,b", "search code and status=a,b"}},
		"no identifier=system|":   {ill: refuses(http.StatusBadRequest, open), unsafe: []string{"search identifier=system|"}},
		"pages that go astray":    {ill: astray, unsafe: []string{"pages"}},
		"includes cut at ten":     {ill: cut(""), unsafe: []string{"includes"}},
		"and it says so":          {ill: cut(`{"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"incomplete"}]}}`), notes: []string{"includes"}},
		"a sign-in page":          {ill: signIn, unsafe: []string{"transaction"}},
		"refuses inside its 200":  {ill: refusesInside, unsafe: []string{"all or nothing"}, notes: []string{"AuditEvent"}},
		"ignores _sort":           {ill: rewrite(descending), notes: []string{"_lastUpdated"}},
	} {
		t.Run(name, func(t *testing.T) {
			client := server(t, c.ill)
			found, err := doctor.Try(t.Context(), client, 4, true)
			if err != nil {
				t.Fatal(err)
			}
			if got := doctor.Of(found, doctor.Note); !slices.Equal(got, c.notes) {
				t.Errorf("notes %q, want %q", got, c.notes)
			}
			if got := doctor.Of(found, doctor.Unsafe); !slices.Equal(got, c.unsafe) {
				t.Errorf("unsafe %q, want %q", got, c.unsafe)
			}
			leavesNothing(t, client, c.left)
		})
	}
}

func descending(r *http.Request, body []byte) []byte {
	r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "_sort=_lastUpdated", "_sort=-_lastUpdated", 1)
	return body
}

func leavesNothing(t *testing.T, c *fhir.Client, marked bool) {
	t.Helper()
	tasks, err := c.Search(t.Context(), "Task")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		theirs := task.Get("description").String() == "theirs"
		switch {
		case theirs && (task.VersionID() != "1" || task.Get("status").String() != "requested"):
			t.Errorf("somebody else's Task was changed: %s", task.Raw())
		case !theirs && (!marked || task.Get("status").String() != "entered-in-error"):
			t.Errorf("left behind: %s", task.Raw())
		}
	}
	if len(tasks) == 0 {
		t.Error("somebody else's Task is gone")
	}
}

// An interrupted trial cleans up too.
func TestInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	client := server(t, rewrite(func(r *http.Request, body []byte) []byte {
		if strings.Contains(string(body), "beside-stale") {
			interrupt()
		}
		return body
	}))
	if _, err := doctor.Try(ctx, client, 2, true); err == nil {
		t.Error("an interrupted trial ended well")
	}
	leavesNothing(t, client, false)
}

// A server that is overloaded says nothing about what it does.
func TestTryOverloaded(t *testing.T) {
	found, err := doctor.Try(t.Context(), server(t, refuses(http.StatusServiceUnavailable, transaction)), 2, true)
	if err == nil || len(found) > 0 {
		t.Errorf("%v, %+v", err, found)
	}
}

// plan is a part of what serve asks.
func plan() doctor.Plan {
	return doctor.Plan{
		Searches: []string{
			"Encounter?_id=tilsyn-doctor&_include=Encounter:subject&_include=Encounter:part-of",
			"Encounter?class=IMP%2CACUTE&status=arrived%2Cin-progress&_count=200",
			"Task?business-status=s%7Ca%2Cs%7Cb&_count=200", "Condition?patient=tilsyn-doctor&code=s%7Ca&clinical-status=active",
			"Task?_lastUpdated=ge2999-01-01T00:00:00.000Z&_sort=_lastUpdated&_count=200", "Questionnaire?url=u&version=1",
		},
		Reads: func(typ string) bool { return typ != "Flag" }, Audit: true,
	}
}

func TestLook(t *testing.T) {
	for name, c := range map[string]struct {
		ill
		opts          []sandbox.Option
		notes, unsafe []string
	}{
		"a good server":        {ill: well},
		"another address":      {ill: well, opts: []sandbox.Option{sandbox.WithBaseURL("http://inside:8080/fhir")}, unsafe: []string{"links"}},
		"refuses a search":     {ill: refuses(http.StatusBadRequest, asks("clinical-status")), unsafe: []string{"search Condition"}},
		"ignores a search":     {ill: ignoring("business-status"), unsafe: []string{"search Task"}},
		"ignores _lastUpdated": {ill: beside(ignoring("_lastUpdated")), unsafe: []string{"search Task"}},
		"refuses includes":     {ill: refuses(http.StatusBadRequest, asks("_include")), unsafe: []string{"search Encounter"}},
		"refuses large pages":  {ill: refuses(http.StatusBadRequest, large), unsafe: []string{"_count"}},
		"says that it failed":  {ill: remarks("error", "exception"), unsafe: []string{"search Condition"}},
		"says that it stopped": {ill: remarks("warning", "incomplete"), notes: []string{"search Condition"}},
		"another FHIR version": {ill: states("fhirVersion", "5.0.0"), unsafe: []string{"FHIR version"}},
		"states little":        {ill: states("rest.0.interaction", []string{}), notes: []string{"capability statement"}},
		"another time":         {ill: late, notes: []string{"clock"}},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := doctor.Read(t.Context(), server(t, c.ill, c.opts...), plan())
			if err != nil {
				t.Fatal(err)
			}
			if got := doctor.Of(found, doctor.Note); !slices.Equal(got, c.notes) {
				t.Errorf("notes %q, want %q", got, c.notes)
			}
			if got := doctor.Of(found, doctor.Unsafe); !slices.Equal(got, c.unsafe) {
				t.Errorf("unsafe %q, want %q", got, c.unsafe)
			}
		})
	}
}

// large tells of a search for more than a hundred at once.
func large(r *http.Request) bool { n, _ := strconv.Atoi(r.URL.Query().Get("_count")); return n > 100 }

// beside has an illness only where there are other parameters.
func beside(i ill) ill {
	return func(next http.Handler) http.Handler {
		sick := i(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("_sort") {
				sick.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// remarks puts an outcome among the results of a search.
func remarks(severity, code string) ill {
	return answering(func(r *http.Request, body []byte) []byte {
		if !strings.HasSuffix(r.URL.Path, "/Condition") {
			return body
		}
		body, _ = sjson.SetRawBytes(body, "entry.-1", []byte(`{"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"`+severity+`","code":"`+code+`"}]}}`))
		return body
	})
}

// Whether those are there to whom work is given, and what became of our
// Subscriptions.
func TestLookAtWhatTheConfigurationNames(t *testing.T) {
	c := server(t, well)
	var tx fhir.Transaction
	const endpoint = "https://tilsyn.example/hooks/fhir"
	for typ, status := range map[string]string{"Encounter": "active", "Task": "off", "QuestionnaireResponse": "error"} {
		tx.Create(fhir.NewRef(), json.RawMessage(`{"resourceType":"Subscription","status":"`+status+`","reason":"r","criteria":"`+typ+`?",
			"channel":{"type":"rest-hook","endpoint":"`+endpoint+`"}}`), "")
	}
	if err := c.Transact(t.Context(), &tx); err != nil {
		t.Fatal(err)
	}
	p := plan()
	theirs, err := c.Search(t.Context(), "Task")
	if err != nil {
		t.Fatal(err)
	}
	p.Parties = []string{theirs[0].Ref(), "CareTeam/nobody"}
	p.Endpoint, p.Watched = endpoint, []string{"Encounter", "Task", "QuestionnaireResponse", "Observation"}
	found, err := doctor.Read(t.Context(), c, p)
	if err != nil {
		t.Fatal(err)
	}
	if got := doctor.Of(found, doctor.Unsafe); !slices.Equal(got, []string{"routing"}) {
		t.Errorf("unsafe %q", got)
	}
	if got := doctor.Of(found, doctor.Note); !slices.Equal(got, []string{"subscription Task", "subscription QuestionnaireResponse", "subscription Observation"}) {
		t.Errorf("notes %q in %+v", got, found)
	}
}

// states has the server say something else about itself.
func states(path string, value any) ill {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/metadata") {
				next.ServeHTTP(w, r)
				return
			}
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			body, _ := sjson.SetBytes(rec.Body.Bytes(), path, value)
			_, _ = w.Write(body)
		})
	}
}

func late(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", "Mon, 02 Jan 2023 15:04:05 GMT")
		next.ServeHTTP(w, r)
	})
}

// What is lacking is named.
func TestLacks(t *testing.T) {
	full := fhir.Capabilities{System: map[string]bool{"transaction": true}, Types: map[string]fhir.Stated{},
		RevIncludes: map[string]bool{"Task:encounter": true, "QuestionnaireResponse:encounter": true}}
	for _, typ := range []string{"Encounter", "Patient", "Condition", "Flag", "Questionnaire", "Device", "CodeSystem",
		"QuestionnaireResponse", "Observation", "ServiceRequest", "Provenance"} {
		full.Types[typ] = fhir.Stated{Interactions: []string{"read", "search-type", "create", "update"}, Versioning: "versioned", ConditionalCreate: true}
	}
	full.Types["Task"] = fhir.Stated{Interactions: []string{"read", "search-type", "create"}, Versioning: "no-version"}
	for audit, want := range map[bool]string{
		false: `["Task: update, conditionalCreate, versioning"]`,
		true:  `["Task: update, conditionalCreate, versioning","AuditEvent: create"]`,
	} {
		if got, _ := json.Marshal(doctor.Lacks(full, audit)); string(got) != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
