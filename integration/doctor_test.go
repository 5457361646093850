package integration_test

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"
	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/doctor"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// The servers that tilsyn is proved on are safe, the trial asks for no more than
// it may, and it leaves nothing on them.
func TestDoctor(t *testing.T) {
	onEachServer(t, func(w *world) {
		found, err := w.appOver(w.fence(w.config(), app.Try)).Doctor(w.ctx(), true)
		w.must(err)
		for _, f := range found {
			w.Logf("%-6s %s: %s", f.Level, f.What, f.Seen)
		}
		if unsafe := doctor.Of(found, doctor.Unsafe); len(unsafe) > 0 || len(found) < 20 {
			w.Errorf("unsafe: %q in %d findings", unsafe, len(found))
		}
		left, err := w.client.Search(w.ctx(), fhir.Query("Task", "identifier", doctor.System+"|"))
		w.must(err)
		if len(left) > 0 {
			w.Errorf("%d throw-away tasks are left", len(left))
		}
	})
}

// serve says in /status what the server states, and what was tried at start.
func TestStatusNamesTheServer(t *testing.T) {
	onEachServer(t, func(w *world) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		w.must(err)
		a, err := app.New(app.Options{Config: w.config("--doctor.at_start"), Policy: w.policy, Log: zerolog.Nop(), Operator: listener})
		w.must(err)
		w.run(a)
		w.must(hospital.Wait(w.ctx(), func() (bool, error) {
			return gjson.Get(w.get(listener, "/status"), "server.tried.#").Int() > 0, nil
		}))
		server := gjson.Get(w.get(listener, "/status"), "server")
		if server.Get("software").String() == "" || !strings.HasPrefix(server.Get("fhir").String(), "4.0") ||
			!server.Get("not_stated").IsArray() || server.Get("tried.#").Int() < 6 {
			w.Errorf("%s", server)
		}
	})
}

// noted are the searches that were sent: Type?parameter.
type noted struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (n *noted) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet {
		n.note(r.URL.RequestURI())
	}
	if r.GetBody != nil {
		if body, err := r.GetBody(); err == nil {
			bundle, _ := io.ReadAll(body)
			for _, query := range gjson.GetBytes(bundle, `entry.#(request.method=="GET")#.request.url`).Array() {
				n.note(query.String())
			}
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (n *noted) note(query string) {
	u, err := url.Parse(query)
	if err != nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for name := range u.Query() {
		if name == "_id" || name == "_lastUpdated" || !strings.HasPrefix(name, "_") {
			n.seen[path.Base(u.Path)+"?"+name] = true
		}
	}
}

// The doctor asks for every search parameter that the service relies on.
func TestDoctorKnowsEverySearch(t *testing.T) {
	w := onSandbox(t)
	used, tried := &noted{seen: map[string]bool{}}, &noted{seen: map[string]bool{}}
	w.policy.Screening.DoNotAsk = []pathway.Coding{{System: "https://ehr.example.no/flag", Code: "do-not-ask"}}
	w.run(w.appOver(used, "--census.interval", "1s"))
	a := w.admit(hospital.Stay{Person: woman})
	w.answer(a, 4, 4, 4)
	w.want(a, referred(12, "urgent"))
	w.edit(a.Patient, "active", true)
	w.must(hospital.Wait(w.ctx(), func() (bool, error) {
		used.mu.Lock()
		defer used.mu.Unlock()
		return used.seen["Encounter?patient"], nil
	}))
	_, err := w.appOver(tried).Doctor(w.ctx(), false)
	w.must(err)
	tried.mu.Lock()
	defer tried.mu.Unlock()
	used.mu.Lock()
	defer used.mu.Unlock()
	for search := range used.seen {
		if !tried.seen[search] {
			w.Errorf("the service asks for %s, and the doctor does not try it", search)
		}
	}
	if len(used.seen) < 15 {
		w.Errorf("only %d searches were seen", len(used.seen))
	}
}
