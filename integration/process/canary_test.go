package process

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/sandbox"
)

// canary is tilsyn beside a server that marks all that it says.
type canary struct {
	*ward
	*catch
	front, aside *front // the second for commands: what is spoilt there is their own
	at           []string
	dir          string
	services     []*process
	listen       string // of the first service
	operator     string
}

func openCanary(t *testing.T) *canary {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	server := sandbox.New()
	direct := serving(t, server)
	t.Cleanup(server.Close)
	client, err := fhir.New(fhir.Options{BaseURL: direct + "/fhir"})
	c := &canary{ward: &ward{T: t, ctx: ctx, client: client}, catch: newCatch(), front: newFront(server), aside: newFront(server), dir: t.TempDir()}
	c.must(err)
	t.Cleanup(client.Close)
	c.hospital, err = hospital.Open(ctx, client, "canary-")
	c.must(err)
	c.must(os.WriteFile(filepath.Join(c.dir, "token"), []byte("secret"), 0o600))
	c.at = []string{"--fhir.base_url", serving(t, c.aside) + "/fhir", "--operator.listen", "127.0.0.1:1", "--log.level", "debug"}
	return c
}

// serving serves without a word of its own.
func serving(t *testing.T, h http.Handler) (base string) {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.URL
}

// serve starts the service with a form of log.
func (c *canary) serve(format string) {
	c.Helper()
	p := start(c.T, nil, "serve", "--fhir.base_url", serving(c.T, c.front)+"/fhir", "--listen", "127.0.0.1:0", "--operator.listen", "127.0.0.1:0",
		"--poll.interval", "500ms", "--poll.overlap", "1s", "--census.interval", "1h", "--log.level", "debug", "--log.format", format,
		"--hook.enabled", "--hook.public_url", "http://127.0.0.1:1", "--hook.token_file", filepath.Join(c.dir, "token"),
		"--routing.default.ward", c.hospital.Organization, "--routing.default.liaison", c.hospital.Liaison)
	c.services = append(c.services, p)
	if format == "json" {
		c.listen, c.operator = await(c.T, &p.logs, `"listen":"`), await(c.T, &p.logs, `"operator":"`)
	}
	await(c.T, &p.logs, "screening")
}

// run runs a command and keeps what it says.
func (c *canary) run(args ...string) (code int, stdout string) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, 10*time.Second) // one that waits for a server says so
	defer cancel()
	code, out, errs := tilsynUntil(ctx, c.T, args...)
	io.WriteString(c.of(args[0]), out+errs)
	return code, out
}

// commands runs every command that speaks to a server.
func (c *canary) commands() {
	c.Helper()
	at := func(args ...string) []string { return append(args, c.at...) }
	c.run(at("setup")...)
	c.run(at("doctor")...)
	c.run(at("doctor", "--json")...)
	c.run(at("report")...)
	c.run(at("report", "--json")...)
	c.run(at("quarantine")...)
	c.run(at("quarantine", "--json")...)
	c.run(append(at("quarantine"), "--operator.listen", c.operator)...)
	for _, a := range c.all[:3] {
		c.run(at("explain", a.Encounter)...)
		c.run(at("explain", "--json", a.Encounter)...)
		c.run(at("quarantine", "--retry", a.Encounter)...)
	}
}

// pages keeps what the service shows to operators.
func (c *canary) pages() {
	c.Helper()
	for _, page := range []string{c.operator + "/status", c.operator + "/metrics", c.operator + "/none", c.listen + "/livez", c.listen + "/readyz"} {
		resp, err := http.Get("http://" + page)
		c.must(err)
		_, err = io.Copy(c.of(page[strings.Index(page, "/"):]), resp.Body)
		c.must(err)
		resp.Body.Close()
	}
}

// ring names every admission to the service, and keeps what it answers.
func (c *canary) ring() {
	c.Helper()
	for _, a := range c.all {
		c.call(http.MethodPost, "/hooks/fhir/"+a.Encounter, "", nil)
	}
}

func (c *canary) call(method, path, body string, header http.Header) {
	c.Helper()
	req, err := http.NewRequestWithContext(c.ctx, method, "http://"+c.listen+path, strings.NewReader(body))
	c.must(err)
	req.Header.Set("Authorization", "Bearer secret")
	for k, v := range header {
		req.Header[k] = v
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	c.must(err)
	defer resp.Body.Close()
	out := c.of("the hook")
	fmt.Fprintln(out, resp.Status, resp.Header)
	_, err = io.Copy(out, resp.Body)
	c.must(err)
}

// explainer explains every admission as the command does, a thousand times faster:
// it starts no process for each.
func (c *canary) explainer() func() {
	c.Helper()
	a := c.app(c.settings(c.at...), c.of("explain"))
	rec, err := a.Reconciler(c.ctx)
	c.must(err)
	out := c.of("explain, again and again")
	return func() {
		for _, a := range c.all {
			e, err := rec.Explain(c.ctx, a.ID())
			if err != nil {
				fmt.Fprintln(out, err)
				continue
			}
			all, err := json.Marshal(e)
			c.must(err)
			fmt.Fprintln(out, fhir.Mask(string(all), e.Admission))
		}
	}
}

// TestCanary: whatever a server or a caller says, in whatever element, header or
// failure, tilsyn says nothing of it: not in a log at any level, on a page, in a
// metric, in an error, or in what a command prints.
func TestCanary(t *testing.T) {
	c := openCanary(t)
	began := time.Now()
	lap := func(what string) { t.Logf("%5.1fs %s", time.Since(began).Seconds(), what) }
	if code, _ := c.run(append([]string{"setup"}, c.at...)...); code != exitDone {
		t.Fatal(c.of("setup"))
	}
	c.serve("json")
	c.serve("console")
	c.fill()
	lap("somebody is in each phase")
	c.run(append([]string{"doctor", "--write"}, c.at...)...)
	c.commands()
	c.offline()
	c.pages()
	c.callers()
	lap("every command was run, and every caller has called")
	c.soak()
	lap("every element was wrong, for the service")
	c.explained()
	lap("for explain")
	c.files()
	lap("in files")
	c.commands()
	c.aside.change(func() { c.aside.wrong = false })
	lap("for the commands, and in files")
	c.everyFailure()
	c.failing()
	c.tokens()
	lap("every failure was met, by the commands")
	c.unwell()
	lap("by the service")
	for i, p := range c.services {
		p.end(t)
		io.WriteString(c.of(fmt.Sprint("serve ", i)), plain(p.logs.String()))
	}
	c.reached()
	c.judge(t)
	c.judgeScores(t)
}

// soak has the service look at every admission until each element that it reads
// was wrong in each way.
func (c *canary) soak() {
	c.Helper()
	c.front.change(func() { c.front.wrong = true })
	for !c.front.settled(20) && c.ctx.Err() == nil {
		c.ring()
	}
	c.pages()
}

// explained does the same for explain, and has the command put some of it in words.
func (c *canary) explained() {
	c.Helper()
	again := c.explainer()
	c.aside.change(func() { c.aside.wrong = true })
	for !c.aside.settled(20) && c.ctx.Err() == nil {
		again()
	}
	for _, a := range c.all {
		c.run(append([]string{"explain", a.Encounter}, c.at...)...)
	}
}

// unwell has the service meet every failure in its looks, while callers call.
func (c *canary) unwell() {
	c.Helper()
	all := failures()
	c.front.change(func() { c.front.wrong, c.front.fails = false, turns(all) })
	met := func() (n int) {
		c.front.change(func() { n = len(c.front.failed) })
		return n
	}
	c.callers()
	for met() < len(all) && c.ctx.Err() == nil {
		c.ring()
		c.pages()
	}
	if met() < len(all) {
		c.Errorf("the service has met %d of %d failures", met(), len(all))
	}
	all = overloads()
	c.front.change(func() { c.front.failed, c.front.fails = map[string]bool{}, turns(all) })
	c.ring()
	c.must(hospital.Wait(c.ctx, func() (bool, error) { return met() > 0, nil }))
	c.pages()
	c.front.change(func() { c.front.fails = nil })
}

// offline are the commands that speak to nobody, or to a server of their own.
func (c *canary) offline() {
	c.Helper()
	c.run(append([]string{"check-config"}, c.at...)...)
	c.run("version")
	c.run("demo")
	box := start(c.T, nil, "sandbox", "--listen", "127.0.0.1:0")
	await(c.T, &box.logs, "sandbox at")
	box.end(c.T)
	io.WriteString(c.of("sandbox"), box.logs.String())
}

// reached checks that there was something to let out.
func (c *canary) reached() {
	c.Helper()
	for _, typ := range []string{"Encounter", "Patient", "Task", "QuestionnaireResponse", "Observation", "ServiceRequest", "Condition", "Questionnaire", "Device",
		"CapabilityStatement", "Bundle"} {
		if c.aside.served[typ] == 0 || c.front.served[typ] == 0 && typ != "Device" {
			c.Errorf("no marked %s was served: %d to commands, %d to the service", typ, c.aside.served[typ], c.front.served[typ])
		}
	}
	if len(c.front.tried) < 1000 || len(c.aside.tried) < 1000 {
		c.Errorf("only %d and %d elements were made wrong", len(c.front.tried), len(c.aside.tried))
	}
	c.Logf("elements made wrong: %d for the service, %d for commands", len(c.front.tried), len(c.aside.tried))
}

// Whoever prints what a server says is seen.
func TestTheCanaryTestSeesALeak(t *testing.T) {
	m := newMarks()
	said := string(m.mark([]byte(`{"resourceType":"Patient","id":"1","name":[{"family":"Nordmann"}],"birthDate":"1961-03-14"}`), false))
	wrong := string(m.mark([]byte(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Encounter","id":"1","status":"finished"}}]}`), true))
	for name, leak := range map[string]string{"a resource": said, "a wrong one": wrong, "a failure": outcome(markers()[0], issues(markers()[0])),
		"small letters": strings.ToLower(markers()[0]), "a URL": "GET /Patient?name=" + url.QueryEscape(markers()[len(markers())-1])} {
		c := newCatch()
		fmt.Fprintln(c.of("a leaky sink"), "level=debug body="+leak)
		if len(c.slips()) != 1 {
			t.Errorf("%s: %v in %q", name, c.slips(), leak)
		}
	}
	c := newCatch()
	fmt.Fprintln(c.of("a tight sink"), "level=debug admission=12 status=422")
	if len(c.slips()) > 0 || len(c.scores()) > 0 {
		t.Errorf("%v, %v", c.slips(), c.scores())
	}
	fmt.Fprintln(c.of("serve 0"), `"code":"LA6270-8"`)
	fmt.Fprintln(c.of("/status"), "AUDIT-C score 12 written")
	if len(c.scores()) != 2 {
		t.Errorf("an answer and a score passed: %v", c.scores())
	}
}
