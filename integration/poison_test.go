package integration_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// poison has a server give what no FHIR server should: elements of some
// resources are replaced in its answers.
type poison struct {
	mu    sync.Mutex
	doses map[string][2]string // by reference: element and JSON
}

func (p *poison) put(ref, element, value string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.doses == nil {
		p.doses = map[string][2]string{}
	}
	p.doses[ref] = [2]string{element, value}
}

func (p *poison) remove(ref string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.doses, ref)
}

func (p *poison) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	resp.Body = io.NopCloser(bytes.NewReader(p.in(body)))
	return resp, err
}

// in poisons a resource, and those in a Bundle.
func (p *poison) in(body []byte) []byte {
	if dose, ok := p.doses[gjson.GetBytes(body, "resourceType").String()+"/"+gjson.GetBytes(body, "id").String()]; ok {
		body, _ = sjson.SetRawBytes(body, dose[0], []byte(dose[1]))
	}
	for n, e := range gjson.GetBytes(body, "entry").Array() {
		if inner := e.Get("resource"); inner.Exists() {
			body, _ = sjson.SetRawBytes(body, fmt.Sprintf("entry.%d.resource", n), p.in([]byte(inner.Raw)))
		}
	}
	return body
}

// secret stands where a name might: no reason may hold it.
const secret = "Kari Nordmann"

// What cannot be understood is shown with its resource and element, delays
// nobody else, and goes on when it is mended.
func TestPoison(t *testing.T) {
	onEachServer(t, func(w *world) {
		var p poison
		bad, want := map[string]hospital.Admission{}, map[string]string{}
		give := func(resourceType, element, value string) {
			a := w.admit(hospital.Stay{Person: woman})
			ref := a.Encounter
			switch resourceType {
			case "Task":
				w.look(a, 0)
				ref = w.find("Task", stay.ScreeningTask, a).Ref()
			case "QuestionnaireResponse":
				w.look(a, 0)
				w.answer(a, 4, 4, 4)
				ref = w.find("QuestionnaireResponse", stay.Draft, a).Ref()
			}
			p.put(ref, element, value)
			bad[ref], want[a.ID()] = a, ref+": "+element
		}
		give("Encounter", "status", `"`+secret+`"`)
		give("Encounter", "status", `{"text":"`+secret+`"}`)
		give("Encounter", "class", `"IMP"`)
		give("Encounter", "subject", `"`+secret+`"`)
		give("Task", "status", `"`+secret+`"`)
		give("Task", "output", `{"valueString":"`+secret+`"}`)
		give("QuestionnaireResponse", "status", `"`+secret+`"`)
		give("QuestionnaireResponse", "item", `"`+secret+`"`)

		listener := w.serveOver(&p, "--census.interval", "24h")
		good := w.admit(hospital.Stay{Person: man})
		w.answer(good, 4, 4, 4)
		w.want(good, referred(12, "urgent"))
		w.must(hospital.Wait(w.ctx(), func() (bool, error) { return w.quarantined(listener) == len(bad), nil }))
		for id, reason := range gjson.Get(w.get(listener, "/status"), "quarantined").Map() {
			if got := reason.Get("reason").String(); !strings.Contains(got, want[id]) || strings.Contains(got, secret) {
				w.Errorf("quarantined for %q, want %q", got, want[id])
			}
		}
		for ref, a := range bad {
			p.remove(ref)
			w.edit(a.Encounter, "period.start", time.Now().UTC().Format(time.RFC3339))
		}
		w.must(hospital.Wait(w.ctx(), func() (bool, error) { return w.quarantined(listener) == 0, nil }))
		for ref, a := range bad {
			if strings.HasPrefix(ref, "QuestionnaireResponse/") {
				w.want(a, referred(12, "urgent"))
			} else {
				w.want(a, asked)
			}
		}
	})
}

// serveOver runs the service with a transport of the test's own, and gives where
// its pages are.
func (w *world) serveOver(transport http.RoundTripper, flags ...string) net.Listener {
	w.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	a, err := app.New(app.Options{Config: w.config(flags...), Policy: w.policy, Log: zerolog.Nop(), Operator: listener, Transport: transport})
	w.must(err)
	w.run(a)
	return listener
}

func (w *world) quarantined(l net.Listener) int {
	w.Helper()
	return len(gjson.Get(w.get(l, "/status"), "quarantined").Map())
}

// The census tries again what nobody is told of: a mended admission goes on, and
// one that is gone from the server leaves.
func TestQuarantineEnds(t *testing.T) {
	onEachServer(t, func(w *world) {
		var p poison
		mended, gone := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: man})
		for _, a := range []hospital.Admission{mended, gone} {
			p.put(a.Encounter, "status", `"?"`)
		}
		listener := w.serveOver(&p, "--poll.interval", "0", "--census.interval", "1s")
		w.must(hospital.Wait(w.ctx(), func() (bool, error) { return w.quarantined(listener) == 2, nil }))
		p.remove(mended.Encounter)
		p.put(gone.Encounter, "id", `"somebody-else"`)
		w.must(hospital.Wait(w.ctx(), func() (bool, error) { return w.quarantined(listener) == 0, nil }))
		w.want(mended, asked)
		w.want(gone, notAsked)
	})
}

// A wrong value that has a safe reading hides nobody.
func TestWrongDates(t *testing.T) {
	onEachServer(t, func(w *world) {
		var p poison
		a := w.admit(hospital.Stay{Person: woman})
		p.put(a.Encounter, "period", `{"start":"2026-13-45","end":17}`)
		p.put(a.Patient, "birthDate", `"`+secret+`"`)
		listener := w.serveOver(&p)
		w.want(a, asked)
		p.put(w.find("QuestionnaireResponse", stay.Draft, a).Ref(), "authored", `"yesterday"`)
		w.answer(a, 4, 4, 4)
		w.want(a, referred(12, "urgent"))
		if n := w.quarantined(listener); n != 0 {
			w.Errorf("%d are quarantined", n)
		}
	})
}

// A defect of our own that one admission brings to light stops that one, and
// says where it is, not what it was about.
func TestDefect(t *testing.T) {
	w := onSandbox(t)
	a := w.admit(hospital.Stay{Person: woman})
	rec, err := w.app().Reconciler(w.ctx())
	w.must(err)
	rec.Now = func() time.Time { panic(secret) }
	_, err = rec.Reconcile(w.ctx(), a.ID())
	if !errors.Is(err, reconcile.ErrPermanent) || !strings.Contains(err.Error(), "TestDefect") || strings.Contains(err.Error(), secret) {
		w.Errorf("%v", err)
	}
	if _, err := rec.Preview(w.ctx(), a.ID()); err == nil {
		w.Error("a defect passed")
	}
}
