package simulate_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/internal/sandbox"
)

const (
	host = "fhir.sim"
	base = "http://" + host + "/fhir"
)

// server is the hospital's FHIR server: the sandbox, with the habits of worse
// servers; what AuditEvents tell of may be deleted. Everything that reaches it at one moment is one step.
type server struct {
	sim  *simulation
	fhir *sandbox.Server

	mu    sync.Mutex
	lists map[string]kept // what searches found lately, for stale ones
}

type kept struct {
	at     time.Time
	answer *httptest.ResponseRecorder
}

func newServer(sim *simulation, bells *http.Client) *server {
	s := &server{sim: sim, lists: map[string]kept{}}
	options := []sandbox.Option{sandbox.WithBaseURL(base), sandbox.WithBegin(s.began), sandbox.WithHTTPClient(bells)}
	if sim.habits.loose {
		options = append(options, sandbox.Lenient())
	}
	s.fhir = sandbox.New(options...)
	return s
}

// began stamps a write: by the server's own clock, and now and then by the
// moment at which a slow transaction began, up to two minutes ago.
func (s *server) began(now time.Time) time.Time {
	w := s.sim.weather
	stamp := now.Add(w.server)
	c := draw(s.sim.seed, "late", number(now.UnixNano()))
	if !w.calm.Load() && c.happens(w.late) {
		s.sim.happened(late)
		return stamp.Add(-c.between(0, 2*time.Minute))
	}
	return stamp
}

// serve answers one request at this moment.
func (s *server) serve(method, url string, header http.Header, body []byte) *httptest.ResponseRecorder {
	r, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	r.Header = header
	w := httptest.NewRecorder()
	s.fhir.ServeHTTP(w, r)
	return w
}

// ask is how people reach it.
func (s *server) ask(method, path, _, body string) (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.HasPrefix(path, base) {
		path = base + "/" + path
	}
	w := s.serve(method, path, http.Header{"Content-Type": {"application/fhir+json"}}, []byte(body))
	return w.Code, w.Body.String()
}

// staleness is how old a search result may be that HAPI gives again.
const staleness = time.Minute

// search answers a search, or gives what it found lately.
func (s *server) search(url string, header http.Header, body []byte, mayBeStale bool) *httptest.ResponseRecorder {
	name := url + string(body)
	if nextPage(url) {
		return s.read(url, header, nil)
	}
	last, known := s.lists[name]
	if mayBeStale && known && time.Since(last.at) < staleness {
		s.sim.happened(stale)
		return last.answer
	}
	w := s.read(url, header, body)
	s.keep(name, w)
	return w
}

func (s *server) keep(name string, w *httptest.ResponseRecorder) {
	if len(s.lists) > 500 {
		for n, k := range s.lists {
			if time.Since(k.at) >= staleness {
				delete(s.lists, n)
			}
		}
	}
	s.lists[name] = kept{time.Now(), w}
}

// misses lists the conditions of a transaction that nothing meets now, on a
// server whose conditional creates are not safe against races.
func (s *server) misses(tx []byte) map[string]bool {
	if !s.sim.unsafe {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	none := map[string]bool{}
	gjson.GetBytes(tx, "entry").ForEach(func(_, e gjson.Result) bool {
		if condition := e.Get("request.ifNoneExist").String(); condition != "" {
			found := s.serve(http.MethodGet, base+"/"+e.Get("request.url").String()+"?"+condition, http.Header{}, nil)
			if gjson.GetBytes(found.Body.Bytes(), "total").Int() == 0 {
				none[condition] = true
			}
		}
		return true
	})
	return none
}

// forget takes the conditions out that nothing met when the transaction began:
// such a server has looked, and creates whatever came in between.
func forget(tx []byte, none map[string]bool) []byte {
	if len(none) == 0 {
		return tx
	}
	for i, e := range gjson.GetBytes(tx, "entry").Array() {
		if none[e.Get("request.ifNoneExist").String()] {
			tx, _ = sjson.DeleteBytes(tx, "entry."+itoa(i)+".request.ifNoneExist")
		}
	}
	return tx
}

// isSearch tells a batch of searches from a transaction.
func isSearch(method string, body []byte) bool {
	return method == http.MethodGet || gjson.GetBytes(body, "type").Str == "batch"
}

// nextPage tells that a search goes on: its name is the server's own.
func nextPage(url string) bool { return strings.Contains(url, "_getpages=") }
