package simulate_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/reconcile"
)

// witness looks at each admission at which the service looks, at the same moment and at
// the same server, by the service's own preview (as `tilsyn explain` and `tilsyn report`
// do), and remembers which rules spoke. It writes nothing, nothing goes wrong on its way,
// and it costs no time.
type witness struct {
	tilsyn *reconcile.Reconciler
	off    time.Duration              // how far the clock is off by which it looks
	spoke  map[string]map[string]bool // rule: admissions in which it did
	seen   map[string]sight           // by admission
}

// sight is what an admission looked like, and when time alone changes what is decided.
type sight struct {
	state uint64
	next  time.Time
}

// witness begins to look, once the service is set up.
func (s *simulation) newWitness() *witness {
	config := s.config
	config.Audit.Enabled = false
	w := &witness{spoke: map[string]map[string]bool{}, seen: map[string]sight{}}
	a, err := app.New(app.Options{Config: config, Policy: s.policy(), Log: zerolog.Nop(), Transport: bystander{s.server}, Now: w.now})
	if err != nil {
		panic(err)
	}
	if w.tilsyn, err = a.Reconciler(context.Background()); err != nil {
		panic(err)
	}
	for _, system := range s.hospital.ehr.all("CodeSystem") {
		for _, rule := range system.Get("concept.#.code").Array() {
			if system.Get("url").Str == rules {
				w.spoke[rule.Str] = map[string]bool{}
			}
		}
	}
	return w
}

const rules = "https://tilsyn.org/fhir/CodeSystem/rule"

// looked is the first search of a look at an admission, and written is where a
// transaction names the one that it is about.
var (
	looked  = regexp.MustCompile(`Encounter\?_id=([A-Za-z0-9.-]+)`)
	written = regexp.MustCompile(`"Encounter/([A-Za-z0-9.-]+)"`)
)

// now is the time of the process that asks.
func (w *witness) now() time.Time { return time.Now().Add(w.off) }

// looks hears a search that the service has sent, and what it found. Where a look finds
// what the last one did, nothing new is decided before its time.
func (w *witness) looks(off time.Duration, at *url.URL, batch []byte, found string) {
	asks := at.String()
	if batch != nil {
		asks = gjson.GetBytes(batch, "entry.0.request.url").Str
	}
	id := looked.FindStringSubmatch(asks)
	if id == nil {
		return
	}
	state, last := digest(found), w.seen[id[1]]
	if last.state != state || !last.next.IsZero() && !time.Now().Add(off).Before(last.next) {
		w.seen[id[1]] = sight{state, w.look(off, id[1])}
	}
}

// decides hears a transaction of the service before it is carried out.
func (w *witness) decides(off time.Duration, tx []byte) {
	if id := written.FindSubmatch(tx); id != nil {
		w.look(off, string(id[1]))
	}
}

// look remembers which rules speak, and says when to look again.
func (w *witness) look(off time.Duration, admission string) (next time.Time) {
	w.off = off
	e, err := w.tilsyn.Preview(context.Background(), admission)
	if err != nil {
		return w.now() // such as a half that nobody can understand yet
	}
	reasons := e.Decision.Reasons
	for _, other := range e.Decision.Others {
		reasons = append(slices.Clip(reasons), other.Reasons...)
	}
	for _, reason := range reasons {
		if w.spoke[reason.Rule] == nil {
			w.spoke[reason.Rule] = map[string]bool{}
		}
		w.spoke[reason.Rule][admission] = true
	}
	return e.Decision.Next
}

// conceived lets the witness hear what the service hears at a census: it takes none.
func (s *simulation) conceived(patient string) {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.witness != nil {
		s.witness.tilsyn.Pregnancy(patient)
	}
}

// bystander reads the server while one request is carried out: who uses it holds it.
type bystander struct{ *server }

func (b bystander) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := bodyOf(r)
	if err != nil {
		return nil, err
	}
	return response(b.serve(r.Method, r.URL.String(), r.Header, body), fine, r), nil
}
