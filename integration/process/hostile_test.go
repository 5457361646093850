package process

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/sandbox"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// siege is tilsyn, in a process of its own, beside a hostile server; the hospital
// reaches that server by another way.
type siege struct {
	*testing.T
	*hostile
	ctx      context.Context
	hospital *hospital.Hospital
	tilsyn   *process
	base     string          // of the hostile server
	stranger string          // host and port of who must hear nothing
	heard    func() []string // what the stranger heard
}

func besiege(t *testing.T) *siege {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	server := sandbox.New()
	direct := httptest.NewServer(server)
	h := &hostile{next: server, doses: map[string][2]string{}, given: map[string]int{}}
	front := httptest.NewServer(h)
	t.Cleanup(func() { front.Close(); direct.Close(); server.Close() })
	s := &siege{T: t, hostile: h, ctx: ctx, base: front.URL + "/fhir"}
	s.stranger, s.heard = stranger(t)
	token := filepath.Join(t.TempDir(), "token")
	s.must(os.WriteFile(token, []byte("s3cret"), 0o600))
	at := []string{"--fhir.base_url", s.base, "--fhir.token_file", token}
	if code, _, errs := tilsyn(t, append([]string{"setup"}, at...)...); code != exitDone {
		t.Fatal(errs)
	}
	client, err := fhir.New(fhir.Options{BaseURL: direct.URL + "/fhir"})
	s.must(err)
	t.Cleanup(client.Close)
	s.hospital, err = hospital.Open(ctx, client, "siege-")
	s.must(err)
	proxy := "http://" + s.stranger // whoever is not on this machine is reached through it
	s.tilsyn = start(t, []string{tellsHeap, "HTTP_PROXY=" + proxy, "HTTPS_PROXY=" + proxy, "http_proxy=" + proxy, "https_proxy=" + proxy, "NO_PROXY=", "no_proxy="},
		append(at, "serve", "--listen", "127.0.0.1:0", "--poll.interval", "100ms", "--poll.overlap", "1s", "--census.interval", "1s",
			"--routing.default.ward", s.hospital.Organization, "--routing.default.liaison", s.hospital.Liaison)...)
	await(t, &s.tilsyn.logs, `"message":"screening"`)
	return s
}

func (s *siege) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%v\n%s", err, s.after())
	}
}

// after is the end of the process's log.
func (s *siege) after() string {
	if s.tilsyn == nil {
		return ""
	}
	return tail(s.tilsyn.logs.String())
}

func (s *siege) admit() hospital.Admission {
	s.Helper()
	a, err := s.hospital.Admit(s.ctx, hospital.Stay{Person: kari})
	s.must(err)
	return a
}

// served admits so many, answers, and waits until their consults are ordered.
func (s *siege) served(n int) []hospital.Admission {
	s.Helper()
	var all []hospital.Admission
	for range n {
		all = append(all, s.admit())
	}
	for _, a := range all {
		s.must(s.hospital.Answer(s.ctx, a, "completed", 4, 4, 4))
	}
	for _, a := range all {
		_, err := s.hospital.Await(s.ctx, a, func(o hospital.Outcome) bool { return o == hospital.Referred(12, "urgent") })
		s.must(err)
	}
	return all
}

func (s *siege) wait(often int, keys ...string) {
	s.Helper()
	s.must(hospital.Wait(s.ctx, func() (bool, error) { return s.done(often, keys...), nil }))
}

// stands ends the service and checks that nothing left for anywhere else.
func (s *siege) stands() {
	s.Helper()
	s.tilsyn.end(s.T)
	if calls := s.heard(); len(calls) > 0 {
		s.Errorf("somebody else was called: %q", calls)
	}
	if len(s.outside) > 0 {
		s.Errorf("asked for outside the base URL: %q", s.outside)
	}
	if logs := s.tilsyn.logs.String(); strings.Contains(logs, "s3cret") || strings.Contains(logs, "evil") || strings.Contains(logs, "Kari") {
		s.Errorf("the log repeats what it was told:\n%s", tail(logs))
	}
}

func (s *siege) link(form, ref string) string {
	_, port, err := net.SplitHostPort(s.stranger)
	s.must(err)
	form = strings.NewReplacer("{base}", s.base, "{host}", s.stranger, "{port}", port).Replace(form)
	return fmt.Sprintf(form, ref)
}

// Whatever the server names, in whatever element, nothing is asked of anybody
// else, and the next patient is served.
func TestNothingLeavesForAnywhereElse(t *testing.T) {
	s := besiege(t)
	var attacked []string
	doses := map[string][2]string{}
	for i, a := range s.served(len(astray)) {
		place, form := places[i%len(places)], astray[i]
		ref := s.ref(a, place.on)
		link, err := json.Marshal(s.link(form, place.typ+"/1"))
		s.must(err)
		doses[ref] = [2]string{place.element, fmt.Sprintf(place.value, link)}
		attacked = append(attacked, ref)
	}
	s.change(func() { s.doses = doses })
	s.served(1)
	var seen []string
	for _, ref := range attacked {
		if !strings.HasPrefix(ref, "Observation/") && !strings.HasPrefix(ref, "ServiceRequest/") { // these are read when answers change
			seen = append(seen, ref)
		}
	}
	s.wait(2, seen...)
	s.change(func() {
		for _, form := range astray {
			s.links = append(s.links, s.link(form, "Task/1"))
		}
	})
	s.wait(2, seen...)
	s.change(func() { s.doses = nil })
	s.served(1)
	s.stands()
}

// ref is a resource of an admission.
func (s *siege) ref(a hospital.Admission, resourceType string) string {
	s.Helper()
	kind, ours := map[string]stay.Kind{"Task": stay.ScreeningTask, "QuestionnaireResponse": stay.Draft, "Observation": stay.Score, "ServiceRequest": stay.Consult}[resourceType]
	switch {
	case resourceType == "Patient":
		return a.Patient
	case !ours:
		return a.Encounter
	}
	found, err := s.hospital.Find(s.ctx, resourceType, kind, a)
	s.must(err)
	if len(found) != 1 {
		s.Fatalf("%d of %s", len(found), resourceType)
	}
	return found[0].Ref()
}

// Answers that are meant to fill memory, the stack or the clock harm nobody else.
func TestHostileAnswersHarmNobodyElse(t *testing.T) {
	s := besiege(t)
	s.served(1)
	instead, admissions := map[string]func(http.ResponseWriter, []byte){}, []string{}
	for _, reply := range replies {
		a := s.admit()
		instead[a.ID()] = reply
		admissions = append(admissions, a.ID())
	}
	one, other := s.admit(), s.admit()
	s.change(func() {
		s.replies = instead
		s.doses[one.Encounter] = [2]string{"partOf", `{"reference":"` + other.Encounter + `"}`}
		s.doses[other.Encounter] = [2]string{"partOf", `{"reference":"` + one.Encounter + `"}`}
	})
	s.served(1)
	s.wait(2, append(admissions, one.Encounter, other.Encounter)...)
	s.served(1)
	s.stands()
	if peak := s.tilsyn.peak(); peak == 0 || peak > 128 {
		t.Errorf("the heap grew to %d MiB", peak)
	} else {
		t.Logf("the heap grew to %d MiB", peak)
	}
	if s.cookies > 0 {
		t.Errorf("%d requests carried a cookie", s.cookies)
	}
}
