package intake

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
)

// FuzzHook: whoever shows the token can name an admission, and nothing else.
func FuzzHook(f *testing.F) {
	for _, path := range []string{"", "/", "/Encounter/1", "/Encounter/../1", "/Encounter/1/_history/2", "//Encounter//1", "/Task/1", "/encounter/%31", "/Encounter/\x00"} {
		f.Add("POST", path, `{"resourceType":"Encounter","id":"9"}`)
	}
	f.Add("DELETE", "/Encounter/1", strings.Repeat("[", 1000))
	f.Add("GET", "/Encounter/1", "")
	c, err := fhir.New(fhir.Options{BaseURL: "http://127.0.0.1:1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, method, path, body string) {
		q := &heard{}
		hook := NewHook(q, NewPoller(c, q, names, Back{Overlap: time.Minute}, nil, nil), Proof{Tokens: func() ([]string, error) { return []string{"secret"}, nil }})
		r := httptest.NewRequest(http.MethodPost, HookPath, strings.NewReader(body))
		r.Method, r.URL.Path = method, HookPath+path
		r.Header.Set("Authorization", "Bearer secret")
		r.Header.Set("Content-Type", "application/fhir+json")
		w := httptest.NewRecorder()
		hook.ServeHTTP(w, r)
		if len(q.fresh) > 1 || len(q.backlog) > 0 || len(q.fresh) == 1 && (!fhir.ValidID(q.fresh[0]) || !strings.Contains(path, q.fresh[0]) || w.Code != http.StatusNoContent) {
			t.Errorf("%s %q named %q and got %d", method, path, q.fresh, w.Code)
		}
		if !slices.Contains([]int{http.StatusNoContent, http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge}, w.Code) {
			t.Errorf("%s %q got %d", method, path, w.Code)
		}
	})
}

// FuzzNames: what a resource says of its admission is an id that fits a request.
func FuzzNames(f *testing.F) {
	f.Add(`{"resourceType":"Task","identifier":[{"system":"https://tilsyn.example/id","value":"ask:7:2"}]}`)
	f.Add(`{"resourceType":"QuestionnaireResponse","identifier":{"system":"https://tilsyn.example/id","value":"draft:../7"}}`)
	f.Add(`{"resourceType":"Encounter","id":["7"],"partOf":{"reference":{"reference":"Encounter/7"}},"meta":"x"}`)
	c, err := fhir.New(fhir.Options{BaseURL: "http://127.0.0.1:1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		r, err := fhir.Parse([]byte(raw))
		if err != nil {
			return
		}
		q := &heard{}
		named := newTally(q.Fresh)
		NewPoller(c, q, names, Back{}, NewCensus(c, q, names, nil), nil).name(t.Context(), r, named)
		named.ring()
		for _, id := range q.fresh {
			if !fhir.ValidID(id) {
				t.Errorf("named %q", id)
			}
		}
		lastUpdated(r)
	})
}
