package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/doctor"
	"github.com/tilsyn/tilsyn/internal/sandbox"
)

// ill is the sandbox with something wrong in front of it.
type ill func(next http.Handler) http.Handler

func well(next http.Handler) http.Handler { return next }

// server starts the sandbox with an older Task of somebody else's on it.
func server(t *testing.T, disease ill, opts ...sandbox.Option) *fhir.Client {
	t.Helper()
	age := time.Hour
	s := sandbox.New(append(opts, sandbox.WithBegin(func(now time.Time) time.Time { return now.Add(-age) }))...)
	s.ServeHTTP(httptest.NewRecorder(), request(http.MethodPost, "/fhir/Task", `{"resourceType":"Task","status":"requested","intent":"order","description":"theirs"}`))
	age = 0
	srv := httptest.NewServer(disease(s))
	t.Cleanup(func() { srv.Close(); s.Close() })
	c, err := fhir.New(fhir.Options{BaseURL: srv.URL + "/fhir"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", fhir.ContentType)
	return r
}

// rewrite changes what comes in.
func rewrite(change func(r *http.Request, body []byte) []byte) ill {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			body = change(r, body)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			next.ServeHTTP(w, r)
		})
	}
}

// without drops a field from the requests of a transaction's entries.
func without(field string) ill {
	return rewrite(func(_ *http.Request, body []byte) []byte {
		for n := range gjson.GetBytes(body, "entry").Array() {
			body, _ = sjson.DeleteBytes(body, "entry."+string(rune('0'+n))+".request."+field)
		}
		return body
	})
}

// refuses answers such requests with a status.
func refuses(status int, such func(r *http.Request) bool) ill {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if such(r) {
				w.WriteHeader(status)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// writes tells of a transaction that would create such a thing.
func writes(typ string) func(r *http.Request) bool {
	return func(r *http.Request) bool {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		return gjson.GetBytes(body, `entry.#(request.url=="`+typ+`")`).Exists()
	}
}

func transaction(r *http.Request) bool { return r.Method == http.MethodPost }
func deletion(r *http.Request) bool    { return r.Method == http.MethodDelete }
func asks(parameter string) func(r *http.Request) bool {
	return func(r *http.Request) bool { return r.URL.Query().Has(parameter) }
}

// piecemeal carries out the entries of a transaction one by one, and stops at
// the first that fails.
func piecemeal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		entries := gjson.GetBytes(body, "entry").Array()
		if len(entries) == 0 {
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
			return
		}
		for _, e := range entries {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, request(http.MethodPost, "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[`+e.Raw+`]}`))
			if rec.Code != http.StatusOK {
				w.WriteHeader(rec.Code)
				return
			}
		}
		_, _ = w.Write([]byte(`{"resourceType":"Bundle","type":"transaction-response"}`))
	})
}

// slow finds nothing by identifier at first.
func slow(next http.Handler) http.Handler {
	var asked atomic.Int32
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("identifier") && asked.Add(1) < 3 {
			_, _ = w.Write([]byte(`{"resourceType":"Bundle","type":"searchset"}`))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ignoring takes a search parameter for none.
func ignoring(parameter string) ill {
	return rewrite(func(r *http.Request, body []byte) []byte {
		q := r.URL.Query()
		q.Del(parameter)
		r.URL.RawQuery = q.Encode()
		return body
	})
}

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
		"ignores _lastUpdated":    {ill: ignoring("_lastUpdated"), notes: []string{"_lastUpdated"}},
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

func everything(string) bool { return true }

func TestLook(t *testing.T) {
	for name, c := range map[string]struct {
		ill
		opts          []sandbox.Option
		notes, unsafe []string
	}{
		"a good server":        {ill: well},
		"another address":      {ill: well, opts: []sandbox.Option{sandbox.WithBaseURL("http://inside:8080/fhir")}, unsafe: []string{"links"}},
		"refuses a search":     {ill: refuses(http.StatusBadRequest, asks("clinical-status")), unsafe: []string{"search Condition"}},
		"ignores a search":     {ill: ignoring("business-status"), notes: []string{"search Task"}},
		"refuses includes":     {ill: refuses(http.StatusBadRequest, asks("_revinclude")), unsafe: []string{"load an admission"}},
		"another FHIR version": {ill: states("fhirVersion", "5.0.0"), unsafe: []string{"FHIR version"}},
		"states little":        {ill: states("rest.0.interaction", []string{}), notes: []string{"capability statement"}},
		"another time":         {ill: late, notes: []string{"clock"}},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := doctor.Look(t.Context(), server(t, c.ill, c.opts...), everything, true)
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
