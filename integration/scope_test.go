package integration_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// interactions are what a request does, as letters of SMART scopes: Task.c.
// path begins behind the base URL.
func interactions(method, path string, body []byte) []string {
	at, query, _ := strings.Cut(strings.TrimPrefix(path, "/"), "?")
	typ, id, _ := strings.Cut(at, "/")
	switch {
	case typ == "metadata", typ == "" && method == http.MethodGet: // the next page of a search that was allowed
		return nil
	case typ == "" && method == http.MethodPost:
		return entries(body)
	case method == http.MethodGet && id == "":
		return append(included(query), typ+".s")
	case method == http.MethodGet:
		return []string{typ + ".r"}
	case method == http.MethodPost && id == "":
		return []string{typ + ".c"}
	case method == http.MethodPut:
		return []string{typ + ".u"}
	case method == http.MethodDelete:
		return []string{typ + ".d"}
	}
	return []string{typ + "." + method} // in no scope
}

func entries(body []byte) []string {
	var all []string
	for _, e := range gjson.GetBytes(body, "entry").Array() {
		if e.Get("request.url").String() == "TilsynDoctor" {
			continue // no type at all: the doctor wants it refused
		}
		all = append(all, interactions(e.Get("request.method").String(), e.Get("request.url").String(), nil)...)
		if e.Get("request.ifNoneExist").Exists() {
			all = append(all, e.Get("resource.resourceType").String()+".s")
		}
	}
	return all
}

// included are the types that a search brings along.
func included(query string) []string {
	var all []string
	values, _ := url.ParseQuery(query)
	for _, by := range values["_revinclude"] {
		typ, _, _ := strings.Cut(by, ":")
		all = append(all, typ+".s")
	}
	for _, by := range values["_include"] {
		all = append(all, map[string]string{"Encounter:subject": "Patient.s", "Encounter:part-of": "Encounter.s"}[by])
	}
	return all
}

func granted(scopes []string, interaction string) bool {
	typ, letter, _ := strings.Cut(interaction, ".")
	return slices.ContainsFunc(scopes, func(scope string) bool {
		letters, ok := strings.CutPrefix(scope, "system/"+typ+".")
		return ok && letter != "" && strings.Contains(letters, letter)
	})
}

// fence is the way of every service in this suite: what goes beyond the scopes
// that it asks for fails the test.
type fence struct {
	testing.TB
	http.RoundTripper
	base   string
	scopes []string
}

func (w *world) fence(cfg config.Config, jobs ...app.Job) *fence {
	var scopes []string
	for _, job := range jobs {
		scopes = append(scopes, app.Scopes(job, cfg, w.policy)...)
	}
	return &fence{w.TB, fhir.Pool(cfg.FHIR.MaxConcurrent), strings.TrimRight(cfg.FHIR.BaseURL, "/"), scopes}
}

func (f *fence) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	path, toFHIR := strings.CutPrefix(r.URL.String(), f.base)
	if !toFHIR || strings.HasPrefix(path, "/.well-known/") { // how a token is come by
		return f.RoundTripper.RoundTrip(r)
	}
	for _, i := range interactions(r.Method, path, body) {
		if !granted(f.scopes, i) {
			f.Errorf("%s is done, but no scope allows it; the service asks for %v", i, f.scopes)
		}
	}
	return f.RoundTripper.RoundTrip(r)
}

func (f *fence) CloseIdleConnections() { f.RoundTripper.(*http.Transport).CloseIdleConnections() }

// docs/authorization.md is what a hospital allows by: one row a scope, with a
// mark for each job that asks for it.
func TestTheScopesAreAsDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/authorization.md")
	if err != nil {
		t.Fatal(err)
	}
	policy := pathway.DefaultPolicy()
	policy.Screening.DoNotAsk = []pathway.Coding{{System: "s", Code: "c"}}
	cfg := config.Config{Hook: config.Hook{Enabled: true}, Audit: config.Audit{Enabled: true}}
	row := regexp.MustCompile("(?m)^\\| `(system/[A-Za-z]+\\.[cruds]+)` \\|([^|]*)\\|")
	documented := map[app.Job][]string{}
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		for _, job := range strings.Split(m[2], ",") {
			documented[app.Job(strings.TrimSpace(job))] = append(documented[app.Job(strings.TrimSpace(job))], m[1])
		}
	}
	for _, job := range []app.Job{app.Serve, app.Setup, app.Read, app.Try} {
		got, want := documented[job], app.Scopes(job, cfg, policy)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: documented are\n%s\nasked for are\n%s", job, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestInteractions(t *testing.T) {
	for request, want := range map[string]string{
		"GET /Task/1": "[Task.r]", "GET /Task?x=1": "[Task.s]", "POST /": "[]", "POST ": "[]", "DELETE /Task/1": "[Task.d]", "PATCH /Task/1": "[Task.PATCH]",
		"GET /Encounter?_include=Encounter:subject&_revinclude=Task:encounter": "[Task.s Patient.s Encounter.s]", "GET /metadata": "[]", "GET ?page=2": "[]",
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := fmt.Sprint(interactions(method, path, nil)); got != want {
			t.Errorf("%s: %s, want %s", request, got, want)
		}
	}
}
