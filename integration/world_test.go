package integration_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/integration/fhirserver"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/sandbox"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// hookPort is where a real server may call back: a container must know it
// before it starts.
var hookPort int

func TestMain(m *testing.M) {
	var err error
	if hookPort, err = fhirserver.FreePort(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(fhirserver.Run(m, fhirserver.Options{HostPorts: []int{hookPort}}))
}

// world is one FHIR server that is set up, with a hospital on it.
type world struct {
	testing.TB
	base     string
	hookPort int    // where this world's services listen for hooks
	callback string // how the server reaches hookPort
	client   *fhir.Client
	hospital *hospital.Hospital
	policy   *pathway.Policy
}

// limit bounds how long a test waits for something to happen. It says when to
// give up, not how fast anything is: two slow cores carry server and tests.
var limit = flag.Duration("wait", 5*time.Minute, "how long a test waits for something to happen")

// onEachServer runs a test on the sandbox and on a real FHIR server. Where
// they differ, the sandbox is wrong. The two run side by side, which saves the
// sandbox's time; no two tests do, because their services would take each
// other's patients for their own.
func onEachServer(t *testing.T, test func(w *world)) {
	for server, on := range map[string]func(testing.TB) *world{"sandbox": onSandbox, "real": onReal} {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			test(on(t))
		})
	}
}

func onSandbox(t testing.TB) *world {
	s := sandbox.New()
	srv := httptest.NewServer(s)
	t.Cleanup(func() { srv.Close(); s.Close() })
	return open(t, srv.URL+"/fhir", "")
}

func onReal(t testing.TB) *world {
	s := require(t)
	loadProfiles(t, s)
	return open(t, s.Base, s.Callback(hookPort))
}

var profiles sync.Once

// loadProfiles comes first of all: HAPI remembers that a profile was missing.
func loadProfiles(t testing.TB, s *fhirserver.Server) {
	profiles.Do(func() {
		dir, ok := fhirserver.ProfilesDir()
		if !ok {
			t.Log("the SDC profiles are not on this machine; conformance is checked against R4 alone")
			return
		}
		refused, err := fhirserver.LoadProfiles(t.Context(), s.Base, dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("SDC profiles loaded, %d refused", len(refused))
	})
}

var opened atomic.Int64

// open builds a hospital on a server. One that says nothing of a callback
// reaches this process at any port.
func open(t testing.TB, base, callback string) *world {
	t.Helper()
	client, err := fhir.New(fhir.Options{BaseURL: base})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	w := &world{TB: t, base: base, hookPort: hookPort, callback: callback, client: client, policy: pathway.DefaultPolicy()}
	if callback == "" {
		w.hookPort, err = fhirserver.FreePort()
		w.must(err)
		w.callback = fmt.Sprintf("http://127.0.0.1:%d", w.hookPort)
	}
	w.hospital, err = hospital.Open(t.Context(), client, fmt.Sprintf("t%d-%d-", time.Now().UnixNano(), opened.Add(1)))
	w.must(err)
	_, err = w.app().Setup(t.Context())
	w.must(err)
	t.Cleanup(w.close)
	return w
}

// close sends everybody home: on a server that the tests share, each census
// would otherwise look at the patients of all the tests before.
func (w *world) close() {
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	if err := w.hospital.Close(ctx); err != nil {
		w.Logf("patients are left on the server: %v", err)
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// config is a configuration as an operator would write it, with flags.
func (w *world) config(flags ...string) config.Config {
	w.Helper()
	// Nobody looks back: the tests before this one have left theirs on the server.
	fs := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.Flags(fs)
	w.must(fs.Parse(append([]string{"--fhir.base_url", w.base, "--listen", "127.0.0.1:0", "--operator.listen", "",
		"--poll.interval", "300ms", "--poll.overlap", "2s", "--poll.look_back", "0", "--questionnaire.language", "en"}, flags...)))
	cfg, err := config.Load(fs)
	w.must(err)
	if w.hospital != nil {
		for _, ward := range w.hospital.Wards {
			cfg.Routing.Rules = append(cfg.Routing.Rules, config.Rule{Location: ward.Location, Owners: config.Owners{Ward: ward.Nurses}})
		}
		cfg.Routing.Default.Liaison = w.hospital.Liaison
	}
	return cfg
}

func (w *world) app(flags ...string) *app.App {
	w.Helper()
	return w.appOver(w.fence(w.config(flags...), app.Serve, app.Setup), flags...)
}

// appOver is the service with a transport of the test's own.
func (w *world) appOver(transport http.RoundTripper, flags ...string) *app.App {
	w.Helper()
	cfg := w.config(flags...)
	a, err := app.New(app.Options{
		Config: cfg, Policy: w.policy, Transport: transport,
		Log: zerolog.New(zerolog.NewTestWriter(w.TB)).Level(zerolog.WarnLevel),
	})
	w.must(err)
	return a
}

// serve runs the service until the test ends; it must end without error.
func (w *world) serve(flags ...string) {
	w.Helper()
	w.run(w.app(flags...))
}

func (w *world) run(a *app.App) {
	w.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	w.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.Errorf("the service ended with: %v", err)
		}
	})
}

func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(w.Context(), *limit)
	w.Cleanup(cancel)
	return ctx
}

func (w *world) admit(s hospital.Stay) hospital.Admission {
	w.Helper()
	a, err := w.hospital.Admit(w.ctx(), s)
	w.must(err)
	return a
}

func (w *world) answer(a hospital.Admission, points ...int) {
	w.Helper()
	w.must(w.hospital.Answer(w.ctx(), a, "completed", points...))
}

// want waits until the admission's outcome on the server is the wanted one.
func (w *world) want(a hospital.Admission, want hospital.Outcome) {
	w.Helper()
	got, err := w.hospital.Await(w.ctx(), a, func(o hospital.Outcome) bool { return o == want })
	if err != nil {
		w.Fatalf("%s:\n got %+v\nwant %+v (%v)", a.Encounter, got, want, err)
	}
}

func (w *world) find(resourceType string, kind stay.Kind, a hospital.Admission) fhir.Resource {
	w.Helper()
	found, err := w.hospital.Find(w.ctx(), resourceType, kind, a)
	w.must(err)
	if len(found) != 1 {
		w.Fatalf("%s %s: %d on the server, want 1", kind, a.Encounter, len(found))
	}
	return found[0]
}

var (
	woman = hospital.Person{Given: "Kari", Gender: "female", Birth: "1961-03-14"}
	man   = hospital.Person{Given: "Ola", Gender: "male", Birth: "1958-11-02"}
)

// Outcomes that several tests want.
var (
	asked      = hospital.Outcome{Asked: 1, Task: "requested", Business: "unanswered", Draft: "in-progress"}
	notAsked   = hospital.Outcome{}
	scored     = hospital.Scored
	referred   = hospital.Referred
	discharged = hospital.Outcome{Asked: 1, Task: "cancelled", Business: "discharged", Draft: "stopped"}
)
