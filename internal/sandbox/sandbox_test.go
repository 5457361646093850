package sandbox

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const base = "http://fhir.test/fhir"

// client speaks to a server without a network.
type client struct {
	t testing.TB
	s *Server
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	text   string
	gjson.Result
}

func newClient(t testing.TB, opts ...Option) client {
	t.Helper()
	s := New(opts...)
	t.Cleanup(s.Close)
	return client{t, s}
}

// do sends a request; headers are pairs of name and value.
func (c client) do(method, path, body string, headers ...string) reply {
	c.t.Helper()
	req := httptest.NewRequest(method, base+strings.ReplaceAll(path, " ", "%20"), strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/fhir+json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.s.ServeHTTP(w, req)
	data, err := io.ReadAll(w.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return reply{w.Code, w.Header(), string(data), gjson.ParseBytes(data)}
}

func (c client) get(path string) reply {
	c.t.Helper()
	return c.do("GET", path, "").want(c.t, 200)
}

func (c client) put(path, body string) reply {
	c.t.Helper()
	r := c.do("PUT", path, body)
	if r.status != 200 && r.status != 201 {
		c.t.Fatalf("PUT %s: %d %s", path, r.status, r.text)
	}
	return r
}

// patient makes sure that Patient/p1 and Patient/p2 exist.
func (c client) patients() client {
	c.t.Helper()
	c.put("/Patient/p1", `{"resourceType":"Patient","id":"p1"}`)
	c.put("/Patient/p2", `{"resourceType":"Patient","id":"p2"}`)
	return c
}

func (r reply) want(t testing.TB, status int) reply {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, want %d: %s", r.status, status, r.text)
	}
	return r
}

// ids lists the ids of a search set, "+" before what was included.
func (r reply) ids() string {
	var ids []string
	for _, e := range r.Get("entry").Array() {
		mark := ""
		if e.Get("search.mode").Str == "include" {
			mark = "+"
		}
		ids = append(ids, mark+e.Get("resource.id").Str)
	}
	return strings.Join(ids, " ")
}

func encounter(id, patient, more string) string {
	return `{"resourceType":"Encounter","id":"` + id + `","status":"in-progress","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},` +
		`"subject":{"reference":"Patient/` + patient + `"}` + more + `}`
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// doRoot fetches the page for people.
func (c client) doRoot() string {
	w := httptest.NewRecorder()
	c.s.ServeHTTP(w, httptest.NewRequest("GET", "http://fhir.test/", nil))
	return w.Body.String()
}
