package reconcile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// answering is a server that gives every request the same answer.
func answering(t *testing.T, status int, body string) *fhir.Client {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	c, err := fhir.New(fhir.Options{BaseURL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); srv.Close() })
	return c
}

const failed = `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"exception"}]}}]}`

// The same answer for ever, with nothing changed, is for a person: at once where it
// is about what was asked, after ten minutes where the server may only be unwell.
func TestTheSameAnswerForEverIsForAPerson(t *testing.T) {
	for _, test := range []struct {
		status          int
		body            string
		soon, afterLong bool
	}{
		{409, ``, true, true}, {412, ``, true, true}, {300, ``, true, true}, {301, ``, true, true}, {400, ``, true, true}, {422, ``, true, true}, {499, ``, true, true},
		{500, ``, false, true}, {502, ``, false, true}, {200, `<html>`, false, true}, {200, `{"resourceType":"Patient","id":"2"}`, false, true},
		{503, ``, false, false}, {429, ``, false, false}, {401, ``, false, false},
	} {
		_, err := answering(t, test.status, test.body).Read(t.Context(), "Patient/1")
		if err == nil {
			t.Fatal(test.status)
		}
		if got := stuckAfter(err, time.Second); got != test.soon {
			t.Errorf("%d %s: stuck after five seconds: %t", test.status, test.body, got)
		}
		if got := stuckAfter(err, 3*time.Minute); got != test.afterLong {
			t.Errorf("%d %s: stuck after a quarter of an hour: %t", test.status, test.body, got)
		}
	}
	var tx fhir.Transaction
	tx.Create(fhir.NewRef(), made("advice:1"), "identifier=1")
	if err := answering(t, 200, inside("429")).Transact(t.Context(), &tx); stuckAfter(err, time.Second) || !stuckAfter(err, 3*time.Minute) {
		t.Errorf("%v: what is refused inside a success for ever is for a person, in the end", err)
	}
	_, err := answering(t, 200, failed).Search(t.Context(), "Task")
	if stuckAfter(err, time.Second) || !stuckAfter(err, 3*time.Minute) {
		t.Errorf("%v: a search that always fails is for a person, in the end", err)
	}
	if stuckAfter(errors.New("the connection broke"), 3*time.Minute) {
		t.Error("no answer at all is for nobody")
	}
}

// A server that is only unwell has ten minutes, counted from the first answer, and not
// one moment less or more.
func TestAServerThatIsUnwellHasTenMinutes(t *testing.T) {
	_, err := answering(t, 500, ``).Read(t.Context(), "Patient/1")
	const steps = manyEqual - 1
	if !stuckAfter(err, aLongTime/steps) || stuckAfter(err, aLongTime/steps-1) || aLongTime != 10*time.Minute {
		t.Error("a person is asked at another moment")
	}
}

// stuckAfter meets an error five times, so long one after the other.
func stuckAfter(err error, every time.Duration) (stuck bool) {
	m, now := newMemo(), time.Unix(0, 0)
	for range manyEqual {
		stuck = m.stuck("1", err, "seen", now)
		now = now.Add(every)
	}
	return stuck
}

func TestWhatHasChangedIsTriedAgain(t *testing.T) {
	conflict := func(status int) error {
		_, err := answering(t, status, ``).Read(t.Context(), "Patient/1")
		return err
	}
	first, other := conflict(409), conflict(412)
	now := time.Unix(0, 0)
	for name, at := range map[string]func(m *memo, n int) bool{
		"the server's state": func(m *memo, n int) bool { return m.stuck("1", first, fmt.Sprint(n), now) },
		"the answer":         func(m *memo, n int) bool { return m.stuck("1", []error{first, other}[n%2], "seen", now) },
		"it went well":       func(m *memo, n int) bool { return m.stuck("1", []error{first, nil}[n%2], "seen", now) },
		"another admission":  func(m *memo, n int) bool { return m.stuck(fmt.Sprint(n), first, "seen", now) },
	} {
		m := newMemo()
		for n := range 4 * manyEqual {
			if at(m, n) {
				t.Errorf("%s changes: stuck", name)
			}
		}
	}
}

func TestOnlySoManyAreRemembered(t *testing.T) {
	m := newMemo()
	_, err := answering(t, 409, ``).Read(t.Context(), "Patient/1")
	for n := range 3 * maxRemembered {
		m.stuck(fmt.Sprint(n), err, "", time.Unix(0, 0))
		m.sent(fmt.Sprint(n), &fhir.Transaction{}, twice(t))
	}
	if len(m.failures) != maxRemembered || len(m.halves) != maxRemembered {
		t.Errorf("%d failures and %d halves are kept", len(m.failures), len(m.halves))
	}
}

var odd struct {
	sync.Once
	err error
}

// twice is what a transaction gives that was answered with a page for people.
func twice(t *testing.T) error {
	odd.Do(func() {
		var tx fhir.Transaction
		tx.Create(fhir.NewRef(), made("consult-task:1"), "identifier=1")
		odd.err = answering(t, 200, `<html>`).Transact(t.Context(), &tx)
	})
	if !fhir.IsUnsure(odd.err) {
		t.Fatal(odd.err)
	}
	return odd.err
}

func made(name string) fhir.Task {
	t := fhir.Task{}
	t.Identifier = append(t.Identifier, identifier(stay.Name{}))
	*t.Identifier[0].Value = name
	return t
}

// partly has taken a part of a transaction, and tells what it is asked.
type partly struct {
	mu    sync.Mutex
	there map[string]bool // identifiers
	asked []string
}

func (p *partly) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var entries []string
	if r.Method == http.MethodGet {
		_, name, _ := strings.Cut(r.URL.Query().Get("identifier"), "|")
		p.asked = append(p.asked, "search "+name)
		if p.there[name] {
			entries = append(entries, fmt.Sprintf(`{"resource":{"resourceType":"Task","id":"1","identifier":[{"system":%q,"value":%q}]}}`, IdentifierSystem, name))
		}
		fmt.Fprintf(w, `{"resourceType":"Bundle","type":"searchset","entry":[%s]}`, strings.Join(entries, ","))
		return
	}
	body := new(strings.Builder)
	buf := make([]byte, 1<<20)
	for n, err := r.Body.Read(buf); n > 0; n, err = r.Body.Read(buf) {
		body.Write(buf[:n])
		if err != nil {
			break
		}
	}
	if gjson.Get(body.String(), "type").String() == "batch" {
		w.WriteHeader(http.StatusNotImplemented)
		return
	}
	for _, e := range gjson.Get(body.String(), "entry").Array() {
		name := e.Get("resource.identifier.0.value").String()
		p.asked = append(p.asked, "make "+name+" if none")
		p.there[name] = true
		entries = append(entries, `{"response":{"status":"201"}}`)
	}
	fmt.Fprintf(w, `{"resourceType":"Bundle","type":"transaction-response","entry":[%s]}`, strings.Join(entries, ","))
}

// What half stands is found and completed, and what stands whole is left alone.
func TestWhatHalfStandsIsCompleted(t *testing.T) {
	for name, test := range map[string]struct {
		there []string
		wrote bool
		asked string
	}{
		"all of it stands":   {[]string{"consult-task:1", "advice:1"}, false, "search consult-task:1; search advice:1"},
		"the team's Task":    {[]string{"advice:1"}, true, "search consult-task:1; search advice:1; make consult-task:1 if none; make advice:1 if none; make provenance if none"},
		"nothing of it does": {nil, false, "search consult-task:1; search advice:1"}, // it is decided anew
	} {
		p := &partly{there: map[string]bool{}}
		for _, id := range test.there {
			p.there[id] = true
		}
		srv := httptest.NewServer(p)
		c, err := fhir.New(fhir.Options{BaseURL: srv.URL})
		if err != nil {
			t.Fatal(err)
		}
		r := &Reconciler{Options: Options{Client: c}, loader: loader{client: c, seen: newMemo()}}
		var tx fhir.Transaction
		for _, id := range []string{"consult-task:1", "advice:1"} {
			tx.Create(fhir.NewRef(), made(id), fhir.ByIdentifier(IdentifierSystem, id))
		}
		tx.Create(fhir.NewRef(), made("provenance"), "") // cannot be told from another: sent again, as the server does not say what it refused
		r.loader.seen.sent("1", &tx, twice(t))
		for round := range 2 {
			done, err := r.complete(t.Context(), "1")
			if want := test.wrote && round == 0; err != nil || done.Wrote != want {
				t.Errorf("%s, round %d: wrote %t, %v", name, round, done.Wrote, err)
			}
		}
		if got := strings.Join(p.asked, "; "); got != test.asked {
			t.Errorf("%s: %s", name, got)
		}
		c.Close()
		srv.Close()
	}
}

// script is a server on which some things stand. It answers the first transaction as it
// says, and carries out those that come then.
type script struct {
	there []string // identifiers
	first string
	sent  []string // the names in each transaction, or types
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		var entries []string
		for _, name := range s.there {
			entries = append(entries, fmt.Sprintf(`{"resource":{"resourceType":"Task","id":"1","identifier":[{"system":%q,"value":%q}]}}`, IdentifierSystem, name))
		}
		fmt.Fprintf(w, `{"resourceType":"Bundle","type":"searchset","entry":[%s]}`, strings.Join(entries, ","))
		return
	}
	body, _ := io.ReadAll(r.Body)
	if gjson.GetBytes(body, "type").String() == "batch" {
		w.WriteHeader(http.StatusNotImplemented)
		return
	}
	var sent []string
	for _, res := range gjson.GetBytes(body, "entry.#.resource").Array() {
		sent = append(sent, cmp.Or(res.Get("identifier.0.value").String(), res.Get("resourceType").String()))
	}
	s.sent = append(s.sent, strings.Join(sent, " "))
	if len(s.sent) == 1 {
		_, _ = io.WriteString(w, s.first)
		return
	}
	_, _ = io.WriteString(w, inside(slices.Repeat([]string{"200"}, len(sent))...))
}

// inside answers a transaction, with a status for each entry.
func inside(statuses ...string) string {
	return `{"resourceType":"Bundle","type":"transaction-response","entry":[{"response":{"status":"` + strings.Join(statuses, `"}},{"response":{"status":"`) + `"}}]}`
}

// What is left of a half is sent again until it stands, and no record twice: a second
// answer that says what it refused counts, and one that says nothing takes nothing away.
func TestWhatIsLeftAfterASecondAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		first, second string
		sent          []string
	}{
		"the record stands now":    {inside("201", "422", "422"), inside("200", "422", "201"), []string{"screening:e1 advice:e1 Provenance", "screening:e1 advice:e1"}},
		"and the Task is left":     {inside("201", "422", "201"), inside("200", "422"), []string{"screening:e1 advice:e1", "screening:e1 advice:e1"}},
		"nobody knows what stands": {inside("201", "422", "422"), `<html>`, []string{"screening:e1 advice:e1 Provenance", "screening:e1 advice:e1 Provenance"}},
		"nor of a Provenance":      {inside("201", "422", "201"), `<html>`, []string{"screening:e1 advice:e1", "screening:e1 advice:e1"}},
	} {
		server := &script{there: []string{"screening:e1"}, first: test.second}
		srv := httptest.NewServer(server)
		client, err := fhir.New(fhir.Options{BaseURL: srv.URL})
		if err != nil {
			t.Fatal(err)
		}
		r := &Reconciler{Options: Options{Client: client}, loader: loader{client: client, seen: newMemo()}}
		var tx fhir.Transaction
		for _, name := range []string{"screening:e1", "advice:e1"} {
			tx.Create(fhir.NewRef(), made(name), fhir.ByIdentifier(IdentifierSystem, name))
		}
		tx.Create(fhir.NewRef(), map[string]string{"resourceType": "Provenance"}, "")
		r.loader.seen.sent("e1", &tx, answering(t, 200, test.first).Transact(t.Context(), &tx))
		for round := range 2 {
			if _, err := r.complete(t.Context(), "e1"); (err == nil) != (round == 1) {
				t.Errorf("%s, round %d: %v", name, round, err)
			}
		}
		if !slices.Equal(server.sent, test.sent) {
			t.Errorf("%s: sent %q, want %q", name, server.sent, test.sent)
		}
		client.Close()
		srv.Close()
	}
}
