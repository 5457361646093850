package fhir_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
)

// paged serves pages by request path and query; {base} in a body stands for
// the server's own base URL.
func paged(t *testing.T, pages map[string]string) (*fhir.Client, *atomic.Int32) {
	t.Helper()
	var requests atomic.Int32
	var base string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		body, ok := pages[strings.TrimPrefix(r.URL.RequestURI(), "/fhir")]
		if !ok {
			t.Errorf("asked for %s", r.URL.RequestURI())
			body = page("")
		}
		always(200, strings.ReplaceAll(body, "{base}", base))(w, r)
	}))
	t.Cleanup(srv.Close)
	base = srv.URL + "/fhir"
	return client(t, fhir.Options{BaseURL: base}), &requests
}

func TestASearchReadsAllPagesInOrder(t *testing.T) {
	c, requests := paged(t, map[string]string{
		"/Task?encounter=1":                  page("{base}?_getpages=a&_bundletype=searchset", task("1"), `{"resourceType":"OperationOutcome","issue":[]}`, task("2")),
		"?_getpages=a&_bundletype=searchset": page("{base}/Task?page=3", `{"resourceType":"Patient","id":"p"}`, `null`, `{"id":"typeless"}`),
		"/Task?page=3":                       page("{base}/page/4;x=%2F"),
		"/page/4;x=%2F":                      page("", task("3")),
	})
	found, err := c.Search(t.Context(), "Task?encounter=1")
	if err != nil {
		t.Fatal(err)
	}
	if got := refs(found); got != "Task/1 Task/2 Patient/p Task/3" || requests.Load() != 4 {
		t.Errorf("got %s in %d requests", got, requests.Load())
	}
}

func TestASearchWithoutResultsIsEmpty(t *testing.T) {
	for _, body := range []string{page(""), `{"resourceType":"Bundle"}`, `{"resourceType":"Bundle","entry":null,"link":null}`} {
		found, err := connect(t, always(200, body)).Search(t.Context(), "Task")
		if err != nil || len(found) != 0 {
			t.Errorf("%s: %v, %v", body, found, err)
		}
	}
}

func TestAnAnswerThatIsNoBundleIsAnError(t *testing.T) {
	for _, body := range []string{task("1"), `{"resourceType":"OperationOutcome"}`, `[]`, `{`, ``} {
		if _, err := connect(t, always(200, body)).Search(t.Context(), "Task"); err == nil {
			t.Errorf("%s passed for a search result", body)
		}
	}
}

func TestTheNextPageOfAnotherOriginIsNeverAskedFor(t *testing.T) {
	other := stranger(t)
	elsewhere := strings.TrimPrefix(other.URL, "http://")
	links := []string{
		other.URL + "/fhir/Task?page=2", other.URL, "//" + elsewhere + "/fhir/Task", "{base}@" + elsewhere + "/Task", "{base}.evil.example/Task",
		"{base}:1/Task", "{base}/../admin/Task", "{base}/%2e%2e/admin/Task", "{base}/Task/%2E./%2e%2E/admin",
		"{base}/%252e%252e/admin/Task", "{base}/%25252e./admin", `{base}/..\admin\Task`, `{base}\..\admin`, "{base}/..%5cadmin", "{base}/..;/admin/Task",
		"{base}/..;x=1/admin", "{base}/%2e%2e%3b/admin", "{base}/Task%zz", "{base}/Task?p=2\x00", "{base}/Task?" + strings.Repeat("p", 8<<10), "http://user:pw@" + elsewhere,
		"http://169.254.169.254/latest/meta-data", "http://[::ffff:169.254.169.254]/fhir/Task", "http://[fe80::1%25lo]/fhir/Task", "HTTP://" + elsewhere + "/fhir/Task",
		"http:" + elsewhere, "http:/" + elsewhere, `http:\\` + elsewhere, `\\` + elsewhere + `\fhir`, " " + other.URL, "\t" + other.URL, "gopher://" + elsewhere, "file:///etc/passwd", "admin?page=2", "/admin/Task?page=2", "../admin/Task", "/fhir/admin/Task", "http://127.0.0.1/fhir/Task?page=2", "{base}", "{base}evil/Task", "urn:uuid:1", "#",
	}
	for _, link := range links {
		t.Run(link, func(t *testing.T) {
			var base string
			var asked []string
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.URL.RequestURI())
				if len(asked) > 1 {
					always(200, page(""))(w, r)
					return
				}
				always(200, page(strings.ReplaceAll(link, "{base}", base), task("1")))(w, r)
			}))
			defer srv.Close()
			base = srv.URL + "/fhir"
			o := fhir.Options{BaseURL: base}
			show(t, &o, func() (string, error) { return "secret", nil })
			c := client(t, o)
			_, err := c.Search(t.Context(), "Task")
			if err == nil || len(asked) != 1 {
				t.Fatalf("error %v after %v", err, asked)
			}
			silentAbout(t, err, elsewhere, "secret")
		})
	}
	other.heardNothing(t)
}

func TestDotsInACursorAreNoWayOut(t *testing.T) {
	c, _ := paged(t, map[string]string{
		"/Task":             page("{base}/Task?cursor=a..b", task("1")),
		"/Task?cursor=a..b": page("", task("2")),
	})
	found, err := c.Search(t.Context(), "Task")
	if err != nil || refs(found) != "Task/1 Task/2" {
		t.Errorf("got %q, %v", refs(found), err)
	}
}

// Nobody knows what such a page hides: it is not taken for the last.
func TestAPageThatNamesItselfIsNotTakenForTheLast(t *testing.T) {
	c, requests := paged(t, map[string]string{"/Task?p=1": page("{base}/Task?p=1", task("1"))})
	if _, err := c.Search(t.Context(), "Task?p=1"); err == nil || requests.Load() != 1 {
		t.Errorf("got %v in %d requests", err, requests.Load())
	}
}

func TestACircleOfPagesEnds(t *testing.T) {
	c, requests := paged(t, map[string]string{
		"/Task?p=1": page("{base}/Task?p=2", task("1"), task("2"), task("3"), task("4")),
		"/Task?p=2": page("{base}/Task?p=1", task("5"), task("6"), task("7"), task("8")),
	})
	if _, err := c.Search(t.Context(), "Task?p=1"); err == nil {
		t.Error("a search without an end passed for complete")
	}
	if n := requests.Load(); n > 10_000 {
		t.Errorf("it took %d requests to notice", n)
	}
}

func TestEmptyPagesWithoutEndAreAnError(t *testing.T) {
	n := 0
	c := client(t, fhir.Options{BaseURL: "http://ehr.example", Transport: inMemory(func(w http.ResponseWriter, r *http.Request) {
		n++
		always(200, page(fmt.Sprintf("http://ehr.example/Task?p=%d", n)))(w, r)
	})})
	err := c.Each(t.Context(), "Task", func(fhir.Resource) error { return nil })
	if err == nil || n > 10_000 {
		t.Errorf("error %v after %d pages", err, n)
	}
}

func TestMoreMatchesThanMemoryHoldsAreAnError(t *testing.T) {
	many := page("", strings.Split(strings.Repeat(task("1")+"\n", 20_001), "\n")[:20_001]...)
	if found, err := connect(t, always(200, many)).Search(t.Context(), "Task"); err == nil {
		t.Errorf("%d matches were read", len(found))
	}
}

func TestEachStopsAtTheVisitorsFirstError(t *testing.T) {
	c, requests := paged(t, map[string]string{"/Task": page("{base}/Task?p=2", task("1"), task("2"))})
	enough := errors.New("enough")
	var seen []string
	err := c.Each(t.Context(), "Task", func(r fhir.Resource) error {
		seen = append(seen, r.ID())
		return enough
	})
	if err != enough || len(seen) != 1 || requests.Load() != 1 {
		t.Errorf("got %v after %v in %d requests", err, seen, requests.Load())
	}
}

func TestAPageThatFailsFailsTheSearch(t *testing.T) {
	var base string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "p=2" {
			always(410, `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"expired"}]}`)(w, r)
			return
		}
		always(200, page(base+"/Task?p=2", task("1")))(w, r)
	}))
	defer srv.Close()
	base = srv.URL
	c := client(t, fhir.Options{BaseURL: base})
	_, err := c.Search(t.Context(), "Task")
	if err == nil || !strings.Contains(err.Error(), "410") {
		t.Errorf("half a result passed for all of it: %v", err)
	}
}

func TestTheOtherResourcesOfAPageSurviveABadOne(t *testing.T) {
	found, err := connect(t, always(200, page("", `{"resourceType":null}`, `5`, `"x"`, `[]`, `{"resourceType":"Task","id":{"no":"id"}}`, task("2")))).Search(t.Context(), "Task")
	if err != nil {
		t.Fatal(err)
	}
	if got := refs(found); !strings.HasSuffix(got, "Task/2") {
		t.Errorf("got %s", got)
	}
}

// inMemory is a handler without a network, for very many requests.
type inMemory http.HandlerFunc

func (h inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h(w, r)
	return w.Result(), nil
}

// RFC 3986, and what servers and hospitals' proxies make of it: Canvas leaves the
// path of the base URL out, others put a default port in or write http for https.
func TestTheNextPageIsFoundHoweverItsLinkIsWritten(t *testing.T) {
	for base, links := range map[string][]string{
		"https://ehr.example/fhir": {"https://ehr.example/fhir/Task?p=2", "https://ehr.example:443/fhir/Task?p=2", "http://ehr.example/fhir/Task?p=2",
			"http://ehr.example:80/fhir/Task?p=2", "HTTPS://EHR.example/fhir/Task?p=2", "//ehr.example/fhir/Task?p=2", "/fhir/Task?p=2", "/Task?p=2", "Task?p=2", "./Task?p=2", "?p=2",
			"https://ehr.example/Task?p=2"},
		"http://ehr.example":           {"/Task?p=2", "Task?p=2", "?p=2", "http://ehr.example:80/Task?p=2", "https://ehr.example/Task?p=2"},
		"https://ehr.example:8443/a/b": {"http://ehr.example:8443/a/b/Task?p=2", "/a/b/Task?p=2", "/Task?p=2"},
		"http://[::1]:80/fhir":         {"http://[::1]/fhir/Task?p=2"},
	} {
		for _, link := range links {
			var asked []string
			c := client(t, fhir.Options{BaseURL: base, Transport: inMemory(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.URL.String())
				if len(asked) == 1 {
					always(200, page(link, task("1")))(w, r)
					return
				}
				always(200, page("", task("2")))(w, r)
			})})
			found, err := c.Search(t.Context(), "Task?p=1")
			if err != nil || refs(found) != "Task/1 Task/2" || asked[len(asked)-1] != base+"/Task?p=2" {
				t.Errorf("%s on %s: %v, asked for %v", link, base, err, asked)
			}
		}
	}
}

// A type alone in the link of a HAPI: the query is the server's own name for a page.
func TestANextPageThatIsAQueryOfTheBase(t *testing.T) {
	c, _ := paged(t, map[string]string{"/Task?p=1": page("/fhir?_getpages=a"), "?_getpages=a": page("", task("2"))})
	if found, err := c.Search(t.Context(), "Task?p=1"); err != nil || refs(found) != "Task/2" {
		t.Errorf("%v, %v", found, err)
	}
}
