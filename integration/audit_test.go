package integration_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"
	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/sandbox"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// trail is what the AuditEvents about one patient say.
type trail struct {
	*world
	events []fhir.Resource
}

func (w *world) trail(a hospital.Admission) trail {
	w.Helper()
	events, err := w.client.Search(w.ctx(), fhir.Query("AuditEvent", "patient", a.Patient))
	w.must(err)
	return trail{w, events}
}

// about are the events that say that something was done to a thing.
func (t trail) about(action string, thing fhir.Resource) (found []fhir.Resource) {
	name := thing.Identifier(artifacts.IdentifierSystem)
	if name == "" {
		name = t.base + "/" + thing.Ref()
	}
	for _, e := range t.events {
		what := e.Get(`entity.#(role.code=="4").what`)
		if e.Get("action").String() == action && what.Get("identifier.value").String() == name && what.Get("type").String() == thing.Type() {
			found = append(found, e)
		}
	}
	return found
}

// queries are the searches that were made.
func (t trail) queries() (all []string) {
	t.Helper()
	for _, e := range t.events {
		if raw := e.Get(`entity.#(role.code=="24").query`); raw.Exists() {
			query, err := base64.StdEncoding.DecodeString(raw.String())
			t.must(err)
			all = append(all, string(query))
		}
	}
	return all
}

// takesAuditEvents skips a test beside a server that keeps a trail of its own and
// says so, as Helios does.
func (w *world) takesAuditEvents() {
	w.Helper()
	caps, err := w.client.Capabilities(w.ctx())
	w.must(err)
	if !caps.Types["AuditEvent"].Does("create") {
		w.Skip("this server states that it takes no AuditEvents from others")
	}
}

// All that was read of a patient and done to the record has its AuditEvent, in
// the shape of IHE BALP and with the admission's security labels.
func TestAuditTrail(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.takesAuditEvents()
		a := w.admit(hospital.Stay{Person: man})
		w.must(w.hospital.Edit(w.ctx(), a.Encounter, func(r fhir.Resource) (fhir.Resource, error) {
			return r.Set("meta.security", json.RawMessage(`[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]`))
		}))
		w.serve()
		w.answer(a, 3, 3, 3)
		w.want(a, referred(9, "urgent"))
		w.answer(a, 4, 4, 4)
		amended := referred(12, "urgent")
		amended.Stands = "amended"
		w.want(a, amended)

		trail := w.trail(a)
		score := w.find("Observation", stay.Score, a)
		for _, made := range []fhir.Resource{score,
			w.find("Task", stay.ScreeningTask, a), w.find("QuestionnaireResponse", stay.Draft, a),
			w.find("ServiceRequest", stay.Consult, a), w.find("Task", stay.ConsultTask, a),
		} {
			if n := len(trail.about("C", made)); n != 1 {
				w.Errorf("%d AuditEvents say that %s was created, want 1", n, made.Ref())
			}
		}
		if n := len(trail.about("U", w.find("Task", stay.ScreeningTask, a))); n != 2 {
			w.Errorf("%d AuditEvents say that the nurse's task was updated, want 2: scored, and scored anew", n)
		}
		asked := strings.Join(trail.queries(), "\n")
		if n := len(trail.about("U", score)); n != 1 || !strings.Contains(asked, "Observation?"+fhir.ByIdentifier(artifacts.IdentifierSystem, string(stay.Score)+":"+a.ID())) {
			w.Errorf("the score was found by its name and amended once; the AuditEvents say %d times, and the searches were %q", n, asked)
		}
		device := w.deviceRef()
		for _, e := range trail.events {
			w.shape(e, a, device)
		}
		if !strings.Contains(asked, "Encounter?_id="+a.ID()) || strings.Contains(asked, "://") {
			w.Errorf("the searches were %q", asked)
		}
	})
}

func (w *world) deviceRef() string {
	w.Helper()
	rec, err := w.app().Reconciler(w.ctx())
	w.must(err)
	return rec.Device
}

// shape holds one event against what BALP's profiles have in common.
func (w *world) shape(e fhir.Resource, a hospital.Admission, device string) {
	w.Helper()
	client, server := "110153", "110152"
	if e.Get("action").String() == "R" {
		client, server = server, client
	}
	for path, want := range map[string]string{
		"type.code":                      "rest",
		"subtype.#":                      "1",
		"outcome":                        "0",
		"agent.#":                        "2",
		"entity.#":                       "2",
		"meta.profile":                   "",
		"purposeOfEvent.0.coding.0.code": "TREAT",
		"source.observer.reference":      device,
		`agent.#(requestor==true).type.coding.0.code`:                       client,
		`agent.#(requestor==true).who.reference`:                            device,
		`agent.#(requestor==true).network.type`:                             "1",
		`agent.#(requestor==false).type.coding.0.code`:                      server,
		`agent.#(requestor==false).who.identifier.value`:                    w.base,
		`agent.#(requestor==false).network.address`:                         w.base,
		`entity.#(type.code=="1").role.code`:                                "1",
		`entity.#(type.code=="1").what.reference`:                           a.Patient,
		`meta.security.#.code`:                                              `["R"]`,
		`meta.tag.#(system=="https://tilsyn.org/fhir/policy").code`:         pathway.DefaultPolicy().Version,
		`entity.#(type.code=="1").what.display`:                             "",
		`entity.#(type.code=="2").what.display`:                             "",
		`entity.#(type.code=="2").name`:                                     "",
		`entity.#(type.code=="2").role.system`:                              "http://terminology.hl7.org/CodeSystem/object-role",
		`subtype.#(system=="http://hl7.org/fhir/restful-interaction").code`: interaction[e.Get("action").String()],
	} {
		if got := e.Get(path).String(); got != want {
			w.Errorf("%s: %s is %q, want %q", e.Ref(), path, got, want)
		}
	}
}

var interaction = map[string]string{"C": "create", "R": "read", "U": "update", "E": "search"}

// The trail keeps nobody from deleting what it tells of.
func TestWhatIsOnRecordCanBeDeleted(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.takesAuditEvents()
		a := w.admit(hospital.Stay{Person: woman})
		w.look(a, 0)
		task := w.find("Task", stay.ScreeningTask, a)
		w.must(w.client.Delete(w.ctx(), task.Ref()))
		if n := len(w.trail(a).about("C", task)); n != 1 {
			w.Errorf("%d AuditEvents tell of the task that was deleted, want 1", n)
		}
	})
}

// A server that refuses AuditEvents costs nobody the screening: what is written
// without is counted, and not tried each time.
func TestAServerThatRefusesAuditEvents(t *testing.T) {
	s := sandbox.New()
	var refused atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if bytes.Contains(body, []byte(`"resourceType":"AuditEvent"`)) {
			refused.Add(1)
			rw.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.ServeHTTP(rw, r)
	}))
	t.Cleanup(func() { srv.Close(); s.Close() })
	w := open(t, srv.URL+"/fhir", "")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	a, err := app.New(app.Options{Config: w.config("--workers", "1"), Policy: w.policy, Log: zerolog.Nop(), Operator: listener})
	w.must(err)
	w.run(a)
	for range 2 {
		a := w.admit(hospital.Stay{Person: man})
		w.answer(a, 4, 4, 4)
		w.want(a, referred(12, "urgent"))
	}
	w.must(hospital.Wait(w.ctx(), func() (bool, error) {
		return strings.Contains(w.get(listener, "/metrics"), "tilsyn_unrecorded_writes_total 4\n"), nil
	}))
	if n := refused.Load(); n != 1 {
		w.Errorf("AuditEvents were refused %d times; once is enough to know", n)
	}
}

// What follows an admission to another patient is on both records; what is put
// aside stays on the first patient's, and what is made anew is the second's.
func TestTheAuditTrailOfAnotherPatient(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.takesAuditEvents()
		empty, given := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
		w.look(empty, 0)
		w.look(given, 0)
		w.answer(given, 4, 4, 4)
		w.settle(given, 0)
		moved, first := empty, given
		for _, a := range []*hospital.Admission{&moved, &given} {
			a.Patient = w.another(man)
			w.edit(a.Encounter, "subject.reference", a.Patient)
			w.settle(*a, 0)
		}
		task, order := w.find("Task", stay.ScreeningTask, moved), w.find("ServiceRequest", stay.Consult, given)
		anew := w.tasks(given, stay.ScreeningTask, 2)
		for what, n := range map[string]int{
			"the task that follows, on the first's":  len(w.trail(empty).about("U", task)),
			"the task that follows, on the second's": len(w.trail(moved).about("U", task)),
			"the consult, on the first's":            len(w.trail(first).about("U", order)),
			"the consult, not on the second's":       1 - len(w.trail(given).about("U", order)),
			"the new task, on the second's":          len(w.trail(given).about("C", anew)),
			"the new task, not on the first's":       1 - len(w.trail(first).about("C", anew)),
		} {
			if n != 1 {
				w.Errorf("%s: %d", what, n)
			}
		}
	})
}

// Where the server audits already, nothing is added to it, and a look that writes
// nothing leaves no trace either.
func TestNoAuditTrail(t *testing.T) {
	onEachServer(t, func(w *world) {
		a, outpatient := w.admit(hospital.Stay{Person: man}), w.admit(hospital.Stay{Person: woman, Class: "AMB"})
		_, audits := w.counted()
		done, err := audits.Reconcile(w.ctx(), outpatient.ID())
		w.must(err)
		if n := len(w.trail(outpatient).events); done.Wrote || n > 0 {
			w.Errorf("a look without a write left %d AuditEvents", n)
		}
		w.serve("--audit.enabled=false")
		w.answer(a, 4, 4, 4)
		w.want(a, referred(12, "urgent"))
		if n := len(w.trail(a).events); n > 0 {
			w.Errorf("%d AuditEvents were written, want none", n)
		}
	})
}

// taken keeps the transactions that were sent.
type taken struct {
	mu  sync.Mutex
	all []string
}

func (k *taken) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		sent, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		if gjson.GetBytes(sent, "type").String() == "transaction" {
			k.mu.Lock()
			k.all = append(k.all, string(sent))
			k.mu.Unlock()
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// A replica that comes second with the same first task finds what is there. The
// event that it adds names that, and nothing else.
func TestTheAuditTrailOfTheSecondReplica(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.takesAuditEvents()
		var sent taken
		a := w.admit(hospital.Stay{Person: man})
		rec, err := w.appOver(&sent).Reconciler(w.ctx())
		w.must(err)
		_, err = rec.Reconcile(w.ctx(), a.ID())
		w.must(err)
		if status, answer := post(w.TB.(*testing.T), w.base, sent.all[0]); status != http.StatusOK {
			w.Fatalf("the same transaction again: %d %s", status, answer)
		}
		trail := w.trail(a)
		for _, made := range []fhir.Resource{w.find("Task", stay.ScreeningTask, a), w.find("QuestionnaireResponse", stay.Draft, a)} {
			if n := len(trail.about("C", made)); n != 2 {
				w.Errorf("%d AuditEvents name %s, want 2", n, made.Ref())
			}
		}
	})
}
