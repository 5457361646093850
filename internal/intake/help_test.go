package intake

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"go.uber.org/goleak"

	"github.com/tilsyn/tilsyn/fhir"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var names = Names{IdentifierSystem: "https://tilsyn.example/id", CodeSystem: "https://tilsyn.example/codes", Questionnaires: []string{"https://tilsyn.example/audit-c"},
	Unfinished: []string{"unanswered", "invalid"}, Classes: []string{"IMP", "ACUTE"}, Consults: "theirs|consult",
	InClasses: func(e fhir.Resource) bool {
		return slices.Contains([]string{"IMP", "ACUTE"}, e.Get("class.code").String())
	},
	ClassShown: func(e fhir.Resource) string { return cmp.Or(e.Get("class.code").String(), "none") }}

// heard is the queue of a test: it writes down what it is given.
type heard struct {
	mu             sync.Mutex
	fresh, backlog []string
	full           bool
}

func (h *heard) Full() bool { return h.full }

func (h *heard) Fresh(id string)   { h.mu.Lock(); h.fresh = append(h.fresh, id); h.mu.Unlock() }
func (h *heard) Backlog(id string) { h.mu.Lock(); h.backlog = append(h.backlog, id); h.mu.Unlock() }

// took gives what was named since the last time, sorted.
func (h *heard) took() (fresh, backlog string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	slices.Sort(h.fresh)
	slices.Sort(h.backlog)
	fresh, backlog = strings.Join(h.fresh, " "), strings.Join(h.backlog, " ")
	h.fresh, h.backlog = nil, nil
	return fresh, backlog
}

func (h *heard) wantFresh(t *testing.T, want, why string) {
	t.Helper()
	if got, _ := h.took(); got != want {
		t.Errorf("named %q, want %q: %s", got, want, why)
	}
}

// record is one resource and when the server says it was written.
type record struct {
	raw string
	at  time.Time
}

// server is a FHIR server small enough to be read: it filters by _lastUpdated,
// sorts by it, and answers in pages.
type server struct {
	mu       sync.Mutex
	records  map[string]record // by Type/id
	versions int
	pageSize int
	unsorted bool                       // ignores _sort and gives the newest first, as a server may
	offset   *time.Location             // in which time stamps are written
	now      time.Time                  // on its clock
	fail     func(r *http.Request) bool // answers 500
	bad      map[string]bool            // refs that make their page a 500, as on Oracle Millennium
	ignores  bool                       // _lastUpdated
	remark   string                     // a resource on every page
	asked    []string
	base     string
}

func serve(t *testing.T) (*server, *fhir.Client) {
	t.Helper()
	s := &server{records: map[string]record{}, pageSize: 100, offset: time.UTC, now: noon.Add(time.Hour)}
	srv := httptest.NewServer(s)
	s.base = srv.URL
	c, err := fhir.New(fhir.Options{BaseURL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); srv.Close() })
	return s, c
}

// put writes a resource as of a moment; %s in it stands for its meta.
func (s *server) put(ref string, at time.Time, elements string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versions++
	typ, id, _ := strings.Cut(ref, "/")
	raw := fmt.Sprintf(`{"resourceType":%q,"id":%q,"meta":{"versionId":"%d","lastUpdated":%q}`, typ, id, s.versions, at.In(s.offset).Format("2006-01-02T15:04:05.000-07:00"))
	if elements != "" {
		raw += "," + elements
	}
	s.records[ref] = record{raw + "}", at}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.URL.RequestURI())
	w.Header().Set("Date", s.now.Format(http.TimeFormat))
	if s.fail != nil && s.fail(r) {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	q := r.URL.Query()
	found := s.search(strings.Trim(r.URL.Path, "/"), q["_lastUpdated"], q.Get("_sort"))
	size := s.pageSize
	if n, err := strconv.Atoi(q.Get("_count")); err == nil {
		size = min(size, n)
	}
	var from int
	fmt.Sscan(q.Get("from"), &from)
	link, end := "", min(from+size, len(found))
	if end < len(found) {
		q.Set("from", fmt.Sprint(end))
		link = fmt.Sprintf(`"link":[{"relation":"next","url":"%s%s?%s"}],`, s.base, r.URL.Path, q.Encode())
	}
	var entries []string
	for _, rec := range found[min(from, end):end] {
		if s.bad[gjson.Get(rec.raw, "resourceType").String()+"/"+gjson.Get(rec.raw, "id").String()] {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		entries = append(entries, `{"resource":`+rec.raw+`}`)
	}
	if s.remark != "" {
		entries = append(entries, `{"resource":`+s.remark+`}`)
	}
	fmt.Fprintf(w, `{"resourceType":"Bundle","type":"searchset",%s"entry":[%s]}`, link, strings.Join(entries, ","))
}

func (s *server) search(typ string, written []string, sort string) []record {
	var found []record
	for ref, rec := range s.records {
		if strings.HasPrefix(ref, typ+"/") && (s.ignores || within(rec.at, written)) {
			found = append(found, rec)
		}
	}
	slices.SortFunc(found, func(a, b record) int {
		if strings.HasPrefix(sort, "-") || s.unsorted {
			a, b = b, a
		}
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return strings.Compare(gjson.Get(a.raw, "id").String(), gjson.Get(b.raw, "id").String())
	})
	return found
}

func identified(purpose, admission string) string {
	return fmt.Sprintf(`"identifier":[{"system":"theirs","value":"x"},{"system":%q,"value":"%s:%s"}]`, names.IdentifierSystem, purpose, admission)
}

func within(at time.Time, written []string) bool {
	for _, limit := range written {
		t, err := time.Parse(time.RFC3339Nano, limit[2:])
		if err != nil || limit[:2] == "ge" && at.Before(t) || limit[:2] == "le" && at.After(t) {
			return false
		}
	}
	return true
}

// requests counts those that f makes.
func (s *server) requests(f func()) int {
	s.mu.Lock()
	before := len(s.asked)
	s.mu.Unlock()
	f()
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked) - before
}
