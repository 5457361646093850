package fhir_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
)

// batching is a server of single searches and, as told, of batches.
type batching struct {
	batch           http.HandlerFunc
	batches, single atomic.Int32
}

func (s *batching) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		s.batches.Add(1)
		if r.Header.Get("Prefer") != "" { // as Helios does: it then leaves out what it found
			always(200, `{"resourceType":"Bundle","type":"batch-response","entry":[{"response":{"status":"200"}},{"response":{"status":"200"}}]}`)(w, r)
			return
		}
		s.batch(w, r)
		return
	}
	s.single.Add(1)
	always(200, page("", task(r.URL.Query().Get("n"))))(w, r)
}

func batchOf(entries ...string) http.HandlerFunc {
	return always(200, `{"resourceType":"Bundle","type":"batch-response","entry":[`+strings.Join(entries, ",")+`]}`)
}

func (s *batching) search(t *testing.T, c *fhir.Client) (string, error) {
	t.Helper()
	found, err := c.SearchTogether(t.Context(), "Task?n=1", "Task?n=2")
	return refs(found), err
}

func TestSeveralSearchesGoInOneRequest(t *testing.T) {
	var body []byte
	s := &batching{batch: func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		batchOf(`{"resource":`+page("", task("1"))+`}`, `{"resource":`+page("", task("2"))+`}`)(w, r)
	}}
	got, err := s.search(t, connect(t, s))
	if err != nil || got != "Task/1 Task/2" || s.single.Load() != 0 {
		t.Fatalf("got %q, %v with %d more requests", got, err, s.single.Load())
	}
	sent := gjson.ParseBytes(body)
	if sent.Get("resourceType").String() != "Bundle" || sent.Get("type").String() != "batch" || sent.Get("entry.#.request.url").String() != `["Task?n=1","Task?n=2"]` {
		t.Errorf("sent %s", body)
	}
}

func TestOneSearchNeedsNoBatch(t *testing.T) {
	s := &batching{}
	found, err := connect(t, s).SearchTogether(t.Context(), "Task?n=1")
	if err != nil || refs(found) != "Task/1" || s.batches.Load() != 0 {
		t.Errorf("got %q, %v, %d batches", refs(found), err, s.batches.Load())
	}
}

func TestAServerThatRefusesBatchesIsAskedOneByOneFromThenOn(t *testing.T) {
	for _, status := range []int{400, 403, 404, 405, 410, 413, 422, 501} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			s := &batching{batch: always(status, `{}`)}
			c := connect(t, s)
			for range 6 {
				if got, err := s.search(t, c); err != nil || got != "Task/1 Task/2" {
					t.Fatalf("got %q, %v", got, err)
				}
			}
			if s.batches.Load() != 3 || s.single.Load() != 12 || len(c.Quirks()) != 1 {
				t.Errorf("%d batches and %d searches; the server had said no; %q", s.batches.Load(), s.single.Load(), c.Quirks())
			}
		})
	}
}

// What one admission's searches meet is no reason to ask for the others one by one.
func TestARefusedSearchDoesNotSwitchBatchesOff(t *testing.T) {
	refused := 0
	c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case strings.Contains(string(body)+r.URL.RawQuery, "poor"):
			refused++
			always(400, `{}`)(w, r)
		case r.Method == http.MethodPost:
			batchOf(`{"resource":`+page("", task("1"))+`}`, `{"resource":`+page("", task("2"))+`}`)(w, r)
		default:
			t.Errorf("asked for %s by itself", r.URL)
		}
	}))
	for range 5 {
		if _, err := c.SearchTogether(t.Context(), "Task?n=poor", "Task?n=2"); err == nil {
			t.Fatal("a refused search passed for an empty one")
		}
		if found, err := c.SearchTogether(t.Context(), "Task?n=1", "Task?n=2"); err != nil || len(found) != 2 {
			t.Fatal(found, err)
		}
	}
	if refused != 10 || len(c.Quirks()) != 0 {
		t.Errorf("%d requests were refused, want 10: %q", refused, c.Quirks())
	}
}

func TestAServerThatAnswersABatchWithSomethingElseIsAskedOneByOne(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"no entries": batchOf(), "too few": batchOf(`{"resource":` + page("") + `}`), "no bundle": always(200, `{"resourceType":"OperationOutcome"}`),
	} {
		s := &batching{batch: h}
		if got, err := s.search(t, connect(t, s)); err != nil || got != "Task/1 Task/2" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestATroubleThatPassesDoesNotSwitchBatchesOff(t *testing.T) {
	whole := batchOf(`{"resource":`+page("", task("1"))+`}`, `{"resource":`+page("", task("2"))+`}`)
	outcome := `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"transient"}]}`
	for name, trouble := range map[string]http.HandlerFunc{
		"the server is down":                always(503, ``),
		"too busy":                          always(429, ``),
		"a conflict":                        always(409, ``),
		"one search failed, with a reason":  batchOf(`{"resource":`+page("", task("1"))+`}`, `{"resource":`+outcome+`,"response":{"status":"503"}}`),
		"one search failed, no resource":    batchOf(`{"resource":`+page("", task("1"))+`}`, `{"response":{"status":"503","outcome":`+outcome+`}}`),
		"both searches failed, no resource": batchOf(`{"response":{"status":"500"}}`, `{"response":{"status":"500"}}`),
	} {
		t.Run(name, func(t *testing.T) {
			s := &batching{batch: trouble}
			c := connect(t, s)
			if got, err := s.search(t, c); err == nil && got != "Task/1 Task/2" {
				t.Fatalf("half a result passed for all of it: %q", got)
			}
			s.batch = whole
			if got, err := s.search(t, c); err != nil || got != "Task/1 Task/2" {
				t.Fatalf("got %q, %v", got, err)
			}
			if s.batches.Load() != 2 {
				t.Error("after one bad moment the server is asked one search after the other for good")
			}
		})
	}
}

func TestASearchOfABatchWithMorePagesIsReadToItsEnd(t *testing.T) {
	s := &batching{batch: batchOf(`{"resource":`+page("http://elsewhere.example/Task?p=2", task("first page only"))+`}`, `{"resource":`+page("", task("2"))+`}`)}
	got, err := s.search(t, connect(t, s))
	if err != nil || got != "Task/1 Task/2" || s.single.Load() != 1 {
		t.Errorf("got %q, %v with %d more requests", got, err, s.single.Load())
	}
}
