package fhir_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
)

func TestTheCapabilityStatementIsRead(t *testing.T) {
	c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		always(200, `{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","software":{"name":"Kari's HAPI FHIR Server","version":"8.8.0 (Kari)"},
			"rest":[{"interaction":[{"code":"transaction"}],"resource":[
			{"type":"Task","interaction":[{"code":"read"},{"code":"update"}],"versioning":"versioned","conditionalCreate":true},
			{"type":"Encounter","searchRevInclude":["Task:encounter","Flag:encounter"]}]}]}`)(w, r)
	}))
	caps, err := c.Capabilities(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if caps.Software != "HAPI 8.8.0" || caps.FHIR != "4.0.1" || !caps.RevIncludes["Task:encounter"] || caps.RevIncludes["Task:patient"] {
		t.Errorf("got %+v", caps)
	}
	task := caps.Types["Task"]
	if !caps.System["transaction"] || caps.System["batch"] || !task.Does("update") || task.Does("create") ||
		task.Versioning != "versioned" || !task.ConditionalCreate || caps.Types["Encounter"].ConditionalCreate {
		t.Errorf("got %+v", caps)
	}
	if off := caps.Ahead - time.Hour; off.Abs() > 5*time.Second {
		t.Errorf("the server's clock is ahead by %s", caps.Ahead)
	}
}

func TestAnotherServiceIsNotTakenForAFHIRServer(t *testing.T) {
	for _, body := range []string{`{"resourceType":"OperationOutcome"}`, `{}`, `<html></html>`, ``} {
		if _, err := connect(t, always(200, body)).Capabilities(t.Context()); err == nil {
			t.Errorf("%q passed for a CapabilityStatement", body)
		}
	}
}

func TestWhatTheServerCallsItself(t *testing.T) {
	for body, want := range map[string][]string{
		`{"link":[{"url":"BASE?_getpages=1"},{"url":"BASE/Task?_count=1"}],"entry":[{"fullUrl":"BASE/Task/1"},{"fullUrl":"urn:uuid:1"}]}`: nil,
		`{"link":[{"url":"http://inside:8080/fhir/Task?patient=canary"}],"entry":[{"fullUrl":"http://inside:8080/fhir/Task/canary"}]}`:    {"http://(another name):8080/fhir"},
		`{"link":[{"url":"http://inside/fhir?_getpages=canary"}],"entry":[{"fullUrl":"https://ehr.example/r4/Task/canary"}]}`:             {"http://(another name)/fhir", "https://(another name)/(another path)"},
		`{"link":[{"url":"BASE2/Task?_count=1"},{"url":"/fhir/Task?_count=1"}]}`:                                                          {"HERE/(another path)"},
	} {
		var c *fhir.Client
		c = connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			always(200, strings.ReplaceAll(`{"resourceType":"Bundle","type":"searchset",`+body[1:], "BASE", c.Base()))(w, r)
		}))
		got, err := c.Elsewhere(t.Context(), "Task?_count=1")
		for i, base := range want {
			want[i] = strings.ReplaceAll(base, "HERE", strings.TrimSuffix(c.Base(), "/fhir"))
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q (%v)", body, got, want, err)
		}
	}
}

func TestDeleteStaysOnTheServer(t *testing.T) {
	var deleted []string
	c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if deleted = append(deleted, r.Method+" "+r.URL.Path); strings.HasSuffix(r.URL.Path, "/2") {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	if err := c.Delete(t.Context(), "Task/1"); err != nil {
		t.Error(err)
	}
	if err := c.Delete(t.Context(), "Task/2"); !fhir.IsRefused(err) {
		t.Errorf("refused, and %v came back", err)
	}
	for _, ref := range []string{"https://elsewhere.example/Task/1", "Task?status=draft", "Task", ""} {
		var refused *fhir.Error
		if err := c.Delete(t.Context(), ref); !errors.As(err, &refused) {
			t.Errorf("%q was sent", ref)
		}
	}
	if len(deleted) != 2 || deleted[0] != "DELETE /Task/1" {
		t.Errorf("sent %q", deleted)
	}
}
