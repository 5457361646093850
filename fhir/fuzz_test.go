package fhir_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
)

// FuzzParse: what passes for a resource is JSON with a type, and stays so
// through an edit that is taken back.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{foreign, `{"resourceType":"Task"}`, `{}`, `[]`, `{"resourceType":"Task","status":null}`, "\xff", `{"resourceType":"A","status":"x","status":"y"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		r, err := fhir.Parse(raw)
		if err != nil {
			return
		}
		if r.Type() == "" || !json.Valid(r.Raw()) || !utf8.Valid(r.Raw()) {
			t.Fatalf("%q passed for a resource", raw)
		}
		edited, err := r.Set("tilsynStatus", "completed")
		if err != nil {
			t.Fatalf("set: %v", err)
		}
		if !json.Valid(edited.Raw()) || edited.Get("tilsynStatus").String() != "completed" || edited.Type() != r.Type() {
			t.Fatalf("the edit broke it: %q", edited.Raw())
		}
		if _, err = edited.Delete("tilsynStatus"); err != nil {
			t.Fatalf("delete: %v", err)
		}
		if !bytes.Equal(raw, before) {
			t.Fatal("the bytes that were read have changed")
		}
	})
}

// FuzzLocalRef: whatever a reference says, a request for it stays below the
// base URL.
func FuzzLocalRef(f *testing.F) {
	const base = "https://ehr.example/fhir"
	c, err := fhir.New(fhir.Options{BaseURL: base})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"Patient/1", base + "/Patient/1", "http://evil/Patient/1", "../x/1", "Patient/1/_history/2", "urn:uuid:1", "#p", "Patient/..", base + "/Patient/1/_history/../.."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		local, ok := c.LocalRef(ref)
		if !ok {
			if local != "" {
				t.Fatalf("%q is not ours, yet gives %q", ref, local)
			}
			return
		}
		u, err := url.Parse(base + "/" + local)
		if err != nil {
			t.Fatalf("%q gives %q: %v", ref, local, err)
		}
		typ, id, _ := strings.Cut(local, "/")
		if u.Host != "ehr.example" || u.JoinPath().Path != "/fhir/"+typ+"/"+id || !fhir.ValidID(id) || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			t.Fatalf("%q gives %q, which leads to %s", ref, local, u)
		}
		if again, ok := c.LocalRef(local); !ok || again != local {
			t.Fatalf("%q is local, but %q is not", ref, local)
		}
	})
}

// FuzzSearch: whatever a page holds, nothing is asked for outside the base URL,
// and what is found has a type.
func FuzzSearch(f *testing.F) {
	const base = "http://ehr.example/fhir"
	for _, seed := range []string{
		page("", task("1")), page(base+"/Task?p=2", task("1")), page(base + "/../admin"), page("//evil.example/Task"), page(base + "?a=%2e%2e"),
		`{"resourceType":"Bundle","entry":{"resource":5},"link":"x"}`, `{"resourceType":"Bundle","link":[{"relation":"next","url":["x"]}],"entry":[null,[],{"resource":[]}]}`,
		`{"resourceType":"Bundle","type":"batch-response","entry":[{"resource":` + page(base+"/Task?p=2", task("1")) + `},{"resource":null}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		requests := 0
		c := client(t, fhir.Options{BaseURL: base, Transport: inMemory(func(w http.ResponseWriter, r *http.Request) {
			path := r.URL.JoinPath().Path
			if r.URL.Host != "ehr.example" || r.URL.User != nil || path != "/fhir" && !strings.HasPrefix(path, "/fhir/") {
				t.Errorf("asked for %s", r.URL)
			}
			if requests++; requests > 1 {
				raw = []byte(page(""))
			}
			always(200, string(raw))(w, r)
		})})
		found, err := c.SearchTogether(t.Context(), "Task?a=1", "Task?b=2")
		if err != nil && len(found) > 0 {
			t.Error("half of a result passed for all of it")
		}
		for _, r := range found {
			if r.Type() == "" || !json.Valid(r.Raw()) {
				t.Errorf("found %q", r.Raw())
			}
		}
	})
}

func FuzzCapabilities(f *testing.F) {
	for _, seed := range []string{
		`{"resourceType":"CapabilityStatement","fhirVersion":"4.0.1","software":{"name":"x"},"rest":[{"interaction":[{"code":"transaction"}],"resource":[{"type":"Task","searchRevInclude":["Task:encounter"],"interaction":[{"code":"read"}],"versioning":"versioned"}]}]}`,
		`{"resourceType":"CapabilityStatement","rest":{"resource":"x"}}`, `{"resourceType":"CapabilityStatement","rest":[[{"resource":[null]}]]}`, `{}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := client(t, fhir.Options{BaseURL: "http://ehr.example", Transport: inMemory(always(200, string(raw)))})
		caps, err := c.Capabilities(t.Context())
		if err == nil && (caps.RevIncludes == nil || caps.System == nil || caps.Types == nil) {
			t.Errorf("%+v", caps)
		}
	})
}

// FuzzFailure: whatever a failure says, the error repeats none of it but what
// stands in our own lists.
func FuzzFailure(f *testing.F) {
	for _, seed := range []string{
		`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid","diagnostics":"HAPI-0550: Kari","expression":["Task.for[0].reference"]}]}`,
		`{"issue":[{"severity":"fatal","code":"Kari"}]}`, `{"issue":{"severity":"error","code":["invalid"]}}`, "<html>",
	} {
		f.Add(422, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, raw []byte) {
		if status < 300 || status > 599 {
			return
		}
		c := client(t, fhir.Options{BaseURL: "http://ehr.example", Transport: inMemory(always(status, string(raw)))})
		_, err := c.Read(t.Context(), "Task/1")
		if err == nil || !harmless.MatchString(err.Error()) || len(err.Error()) > 2000 {
			t.Errorf("%v", err)
		}
	})
}

// harmless is a text of codes and paths, without blanks or figures of a length
// that could tell who it is about.
var harmless = regexp.MustCompile(`^read Task: (the server answered \d{3} [A-Za-z' -]*( \[[A-Za-z_.\[\], -]*(HAPI-\d{4}|\[\d{1,4}\]|[A-Za-z_.\[\], -])*\])?|the answer could not be read|EOF|unexpected EOF)$`)

// FuzzTransact: only an answer that says of each entry that it was carried out is
// a success, and no error repeats what else it says.
func FuzzTransact(f *testing.F) {
	for _, seed := range []string{response(done, done), response(done), response(done, `{"response":{"status":"412 Kari"}}`), `<html>`, ``, `{"resourceType":"Bundle","type":"transaction-response","entry":{"response":{"status":"200"}}}`} {
		f.Add(200, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, raw []byte) {
		if status < 200 || status > 599 {
			return
		}
		c := client(t, fhir.Options{BaseURL: "http://ehr.example", Transport: inMemory(always(status, string(raw)))})
		var tx fhir.Transaction
		for _, name := range []string{"1", "2"} {
			tx.Create(fhir.NewRef(), json.RawMessage(`{"resourceType":"Task"}`), fhir.ByIdentifier("s", name))
		}
		err := c.Transact(t.Context(), &tx)
		if well := regexp.MustCompile(`^2\d\d( |$)`); err == nil {
			for _, s := range gjson.GetBytes(raw, "entry.#.response.status").Array() {
				if !well.MatchString(s.String()) {
					t.Errorf("%s passed for a success", raw)
				}
			}
			if status > 299 || len(gjson.GetBytes(raw, "entry").Array()) != 2 {
				t.Errorf("%d %s passed for a success", status, raw)
			}
			return
		}
		if len(err.Error()) > 2000 || strings.Contains(err.Error(), "Kari") {
			t.Errorf("%v", err)
		}
	})
}
