package fhir_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
)

func remark(severity, code string) string {
	return fmt.Sprintf(`{"resourceType":"OperationOutcome","issue":[{"severity":%q,"code":%q,"diagnostics":"Kari Nordmann"}]}`, severity, code)
}

// What a server says beside its results is heard, on each page, and what it did
// give is read all the same.
func TestWhatAServerSaysOfItsOwnAnswerIsHeard(t *testing.T) {
	for words, want := range map[string]string{
		remark("error", "exception"): "failed", remark("fatal", "Kari"): "failed", remark("error", "incomplete"): "failed",
		remark("warning", "incomplete"): "short", remark("information", "too-costly"): "short", remark("warning", "throttled"): "short", remark("warning", "timeout"): "short",
		remark("warning", "not-supported"): "", remark("information", "informational"): "", `{"resourceType":"OperationOutcome"}`: "",
	} {
		c, _ := paged(t, map[string]string{
			"/Task?p=1": page("{base}/Task?p=2", words, task("1")),
			"/Task?p=2": page("", task("2")),
		})
		found, err := c.Search(t.Context(), "Task?p=1")
		heard(t, words, want, err)
		if got := refs(found); got != "Task/1 Task/2" {
			t.Errorf("%s: found %s", words, got)
		}
		s := &batching{batch: batchOf(`{"resource":`+page("", words, task("1"))+`}`, `{"resource":`+page("", task("2"))+`}`)}
		got, err := s.search(t, connect(t, s))
		heard(t, "in a batch: "+words, want, err)
		if got != "Task/1 Task/2" {
			t.Errorf("in a batch: %s: found %s", words, got)
		}
	}
}

func heard(t *testing.T, words, want string, err error) {
	t.Helper()
	got := ""
	switch {
	case fhir.IsCutShort(err):
		got = "short"
	case fhir.IsNotWhole(err):
		got = "failed"
	case err != nil:
		t.Error(err)
	}
	if got != want || err != nil && strings.Contains(err.Error(), "Kari") {
		t.Errorf("%s: %q, want %q (%v)", words, got, want, err)
	}
}

func withTotal(total int, body string) string {
	return strings.Replace(body, `"type":"searchset",`, fmt.Sprintf(`"type":"searchset","total":%d,`, total), 1)
}

// total counts what matches, over all pages: neither what is included nor remarks.
func TestFewerMatchesThanTheServerCounts(t *testing.T) {
	included := `{"resourceType":"Patient","id":"p"}`
	mixed := strings.Replace(withTotal(2, page("", task("1"), included)), `{"resource":`+included+`}`, `{"resource":`+included+`,"search":{"mode":"include"}}`, 1)
	for name, test := range map[string]struct {
		pages   []string
		missing int
	}{
		"all on one page":             {[]string{withTotal(2, page("", task("1"), task("2")))}, 0},
		"all on two":                  {[]string{withTotal(2, page("{base}/Task?p=2", task("1"))), withTotal(2, page("", task("2")))}, 0},
		"one is missing":              {[]string{withTotal(2, page("", task("1")))}, 1},
		"an include is no match":      {[]string{mixed}, 1},
		"a remark is no match":        {[]string{withTotal(1, page("", remark("information", "informational")))}, 1},
		"none of many":                {[]string{withTotal(300, page(""))}, 300},
		"one comes twice":             {[]string{withTotal(2, page("{base}/Task?p=2", task("1"))), withTotal(2, page("", task("1")))}, 1},
		"no total":                    {[]string{page("", task("1"))}, 0},
		"more than it counts":         {[]string{withTotal(1, page("", task("1"), task("2")))}, 0},
		"one left while we were here": {[]string{withTotal(3, page("{base}/Task?p=2", task("1"))), withTotal(2, page("", task("2")))}, 0},
	} {
		pages := map[string]string{}
		for i, p := range test.pages {
			pages[fmt.Sprintf("/Task?p=%d", i+1)] = p
		}
		c, _ := paged(t, pages)
		_, err := c.Search(t.Context(), "Task?p=1")
		var notWhole *fhir.NotWhole
		errors.As(err, &notWhole)
		if got := test.missing > 0; got != fhir.IsCutShort(err) || got && notWhole.Missing != test.missing || c.NotWhole() != min(1, test.missing) {
			t.Errorf("%s: %v, %d counted", name, err, c.NotWhole())
		}
	}
}

// Canvas takes 100 at most, others less; it is learnt once.
func TestASmallerPageIsAskedForWhereTheSizeIsRefused(t *testing.T) {
	for most, requests := range map[int]int{1000: 1, 150: 2, 99: 3, 20: 4, 0: 5} {
		asked := 0
		c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			n := 0
			_, _ = fmt.Sscan(r.URL.Query().Get("_count"), &n)
			if n > most || r.URL.Query().Get("status") != "x" {
				always(400, remark("error", "invalid"))(w, r)
				return
			}
			always(200, page("", task("1")))(w, r)
		}))
		for i, query := range []string{"Task?_count=200&status=x", "Task?status=x&_count=200"} {
			if _, err := c.Search(t.Context(), query); err != nil {
				t.Fatalf("at most %d: %v", most, err)
			}
			if asked != requests+i {
				t.Errorf("at most %d: %d requests after %d searches", most, asked, i+1)
			}
		}
		if quirks := c.Quirks(); len(quirks) != min(1, requests-1) {
			t.Errorf("at most %d: %q", most, quirks)
		}
	}
}

// A search that is refused for something else is refused, and nothing is learnt.
func TestARefusalThatIsNotAboutTheSize(t *testing.T) {
	c := connect(t, always(400, remark("error", "invalid")))
	if _, err := c.Search(t.Context(), "Task?_count=200"); !fhir.IsRefused(err) || len(c.Quirks()) != 0 {
		t.Errorf("%v, %q", err, c.Quirks())
	}
}

func TestValuesAreAskedForOneByOneWhereACommaIsLiteral(t *testing.T) {
	var asked []string
	c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		asked = append(asked, q.Get("status")+"/"+q.Get("code")+"/"+q.Get("_elements"))
		always(200, page("", task(q.Get("status")+"-"+q.Get("code"))))(w, r)
	}))
	query := fhir.Query("Task", "status", "a,b", "code", "1,2") + "&_elements=id,meta"
	if _, err := c.Search(t.Context(), query); err != nil || len(asked) != 1 {
		t.Fatal(err, asked)
	}
	c.TakeCommasLiterally()
	asked = nil
	found, err := c.Search(t.Context(), query)
	if err != nil || refs(found) != "Task/a-1 Task/a-2 Task/b-1 Task/b-2" || strings.Join(asked, " ") != "a/1/id,meta a/2/id,meta b/1/id,meta b/2/id,meta" {
		t.Errorf("%s, %v, asked %v", refs(found), err, asked)
	}
	if len(c.Quirks()) != 1 {
		t.Errorf("%q", c.Quirks())
	}
}

// A redirect is an answer: the server is well, and nobody is sent elsewhere.
func TestARedirectIsAnAnswer(t *testing.T) {
	other := stranger(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/fhir"+r.URL.Path, status)
		}))
		for range 12 {
			if _, err := c.Read(t.Context(), "Patient/1"); fhir.Status(err) != status || fhir.IsUnavailable(err) || !strings.Contains(err.Error(), "redirect") {
				t.Errorf("%d: %v", status, err)
			}
		}
		if load := c.Load(); load.Failed != 0 || load.Rests != 0 {
			t.Errorf("%d: the server counts as unwell: %+v", status, load)
		}
	}
	other.heardNothing(t)
}
