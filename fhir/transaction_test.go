package fhir_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
)

// recorder keeps the body of the last transaction.
type recorder struct {
	body     []byte
	requests int
	header   http.Header
}

func (s *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests++
	s.header = r.Header
	s.body, _ = io.ReadAll(r.Body)
	var entries []string
	for range gjson.GetBytes(s.body, "entry").Array() {
		entries = append(entries, done)
	}
	always(200, response(entries...))(w, r)
}

const done = `{"response":{"status":"201 Created"}}`

func response(entries ...string) string {
	return `{"resourceType":"Bundle","type":"transaction-response","entry":[` + strings.Join(entries, ",") + `]}`
}

// compact drops the blanks between JSON tokens and touches nothing else.
func compact(t *testing.T, raw string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(raw)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAnUpdateArrivesAsItWasReadButForTheEdit(t *testing.T) {
	s := &recorder{}
	c := connect(t, s)
	edited, err := parse(t, strings.ReplaceAll(foreign, `\u2028`, "\u2028\u2029\u00e6")).Set("status", "completed")
	if err != nil {
		t.Fatal(err)
	}
	var tx fhir.Transaction
	tx.Update(c, edited)
	if err := c.Transact(t.Context(), &tx); err != nil {
		t.Fatal(err)
	}
	want := compact(t, strings.Replace(strings.ReplaceAll(foreign, `\u2028`, "\u2028\u2029\u00e6"), `"status":"requested"`, `"status":"completed"`, 1))
	if got := gjson.GetBytes(s.body, "entry.0.resource").Raw; got != want {
		t.Errorf("on the wire %s\nwant        %s", got, want)
	}
	entry := gjson.GetBytes(s.body, "entry.0")
	if entry.Get("fullUrl").String() != c.Base()+"/Task/t1" || entry.Get("request").Raw != `{"method":"PUT","url":"Task/t1","ifMatch":"W/\"3\""}` {
		t.Errorf("got %s, %s", entry.Get("fullUrl"), entry.Get("request"))
	}
}

func TestACreateIsConditionalAndKeepsItsTemporaryName(t *testing.T) {
	s := &recorder{}
	c := connect(t, s)
	first, second := fhir.NewRef(), fhir.NewRef()
	var tx fhir.Transaction
	tx.Create(first, json.RawMessage(`{"resourceType":"Observation","valueDecimal":1.50}`), fhir.ByIdentifier("https://tilsyn.example/id", "score:1&2"))
	tx.Create(second, fhir.Task{Input: []fhir.Parameter{{ValueReference: fhir.Ref(first)}}}, fhir.ByIdentifier("s", "ask:1"))
	if err := c.Transact(t.Context(), &tx); err != nil {
		t.Fatal(err)
	}
	sent := gjson.ParseBytes(s.body)
	if sent.Get("type").String() != "transaction" || sent.Get("entry.#").Int() != 2 || s.requests != 1 {
		t.Fatalf("%d requests, sent %s", s.requests, s.body)
	}
	if got := sent.Get("entry.0.request").Raw; got != `{"method":"POST","url":"Observation","ifNoneExist":"identifier=https%3A%2F%2Ftilsyn.example%2Fid%7Cscore%3A1%262"}` {
		t.Errorf("got %s", got)
	}
	if sent.Get("entry.0.resource").Raw != `{"resourceType":"Observation","valueDecimal":1.50}` {
		t.Errorf("got %s", sent.Get("entry.0.resource").Raw)
	}
	if first == second || !strings.HasPrefix(first, "urn:uuid:") || sent.Get("entry.0.fullUrl").String() != first || sent.Get("entry.1.resource.input.0.valueReference.reference").String() != first {
		t.Error("the Task does not point at what the same transaction creates")
	}
	if s.header.Get("Content-Type") != fhir.ContentType {
		t.Errorf("sent as %s", s.header.Get("Content-Type"))
	}
}

func TestWithoutAVersionNothingIsOverwritten(t *testing.T) {
	s := &recorder{}
	c := connect(t, s)
	var tx fhir.Transaction
	tx.Create(fhir.NewRef(), json.RawMessage(`{"resourceType":"Observation"}`), "identifier=1")
	tx.Update(c, parse(t, `{"resourceType":"Task","id":"1"}`))
	if tx.Empty() {
		t.Error("a transaction that cannot be written passes for one with nothing to write")
	}
	if err := c.Transact(t.Context(), &tx); err == nil || s.requests != 0 {
		t.Errorf("error %v after %d requests: half of it may be written", err, s.requests)
	}
}

func TestWhatCannotBeEncodedStopsTheWholeTransaction(t *testing.T) {
	s := &recorder{}
	c := connect(t, s)
	var tx fhir.Transaction
	tx.Create(fhir.NewRef(), map[string]any{"valueDecimal": math.Inf(1)}, "identifier=1")
	tx.Create(fhir.NewRef(), json.RawMessage(`{"resourceType":"Task"}`), "identifier=2")
	if err := c.Transact(t.Context(), &tx); err == nil || s.requests != 0 {
		t.Errorf("error %v after %d requests", err, s.requests)
	}
}

func TestAnEmptyTransactionIsNotSent(t *testing.T) {
	s := &recorder{}
	var tx fhir.Transaction
	if err := connect(t, s).Transact(t.Context(), &tx); err != nil || !tx.Empty() || s.requests != 0 {
		t.Errorf("error %v, %d requests", err, s.requests)
	}
}

func TestATransactionThatMetAnotherWriterIsAConflict(t *testing.T) {
	for _, h := range []http.HandlerFunc{always(409, ``), always(412, ``), always(400, `Entry failed with status 412`), always(500, `constraint violation`)} {
		c := connect(t, h)
		var tx fhir.Transaction
		tx.Update(c, parse(t, foreign))
		if err := c.Transact(t.Context(), &tx); !fhir.IsConflict(err) || fhir.IsRefused(err) {
			t.Errorf("got %v", err)
		}
	}
}

// two sends a transaction of two entries to a server that answers in one way.
func two(t *testing.T, status int, body string) error {
	t.Helper()
	var tx fhir.Transaction
	for _, name := range []string{"1", "2"} {
		tx.Create(fhir.NewRef(), json.RawMessage(`{"resourceType":"Task"}`), fhir.ByIdentifier("s", name))
	}
	return connect(t, always(status, body)).Transact(t.Context(), &tx)
}

func TestASuccessMustSayWhatBecameOfEachEntry(t *testing.T) {
	for _, entries := range [][]string{{done, done}, {`{"response":{"status":"200"}}`, `{"response":{"status":"204 No Content"}}`}} {
		if err := two(t, 200, response(entries...)); err != nil {
			t.Error(err)
		}
	}
	for name, body := range map[string]string{
		"a sign-in page": `<html>Sign in</html>`, "nothing": ``, "an outcome": `{"resourceType":"OperationOutcome","issue":[]}`,
		"what was sent":       `{"resourceType":"Bundle","type":"transaction","entry":[` + done + `,` + done + `]}`,
		"a batch":             strings.Replace(response(done, done), "transaction", "batch", 1),
		"an entry too few":    response(done),
		"an entry too many":   response(done, done, done),
		"no entry":            response(),
		"an entry of no word": response(done, `{}`),
		"an odd status":       response(done, `{"response":{"status":"fine"}}`),
	} {
		for _, status := range []int{200, 202} {
			err := two(t, status, body)
			if !fhir.IsUnsure(err) || fhir.IsConflict(err) || fhir.IsRefused(err) || fhir.Status(err) == 0 {
				t.Errorf("%s with %d: %v", name, status, err)
			}
		}
	}
}

func TestAnEntryThatWasRefusedInsideASuccess(t *testing.T) {
	const outcome = `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"business-rule"}]}`
	for status, want := range map[string]struct{ conflict, refused, unavailable bool }{
		"409": {conflict: true}, "412 Precondition Failed": {conflict: true}, "422": {refused: true}, "403 Forbidden": {refused: true},
		"429": {unavailable: true}, "503": {unavailable: true}, "404": {}, "301": {},
	} {
		err := two(t, 200, response(done, `{"response":{"status":"`+status+`","outcome":`+outcome+`}}`))
		got := struct{ conflict, refused, unavailable bool }{fhir.IsConflict(err), fhir.IsRefused(err), fhir.IsUnavailable(err)}
		if got != want || !fhir.IsUnsure(err) || !strings.Contains(err.Error(), status[:3]) || !strings.Contains(err.Error(), "business-rule") {
			t.Errorf("%s: %+v, %v", status, got, err)
		}
	}
}
