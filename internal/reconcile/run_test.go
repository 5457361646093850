package reconcile

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// How a look at one admission ends, and what it says of itself.
func TestHowALookEnds(t *testing.T) {
	asked := instead(awaited, with(answers, "status", `"in-progress"`, "item", ""), with(nurse, "location.reference", `"Location/l1"`))
	stamped := func(raw, at string) string { return with(raw, "meta.lastUpdated", `"2031-05-17T`+at+`:00Z"`) }
	raised := instead(asked, with(nurse, "restriction", `{"period":{"end":"2031-05-17T11:00:00Z"}}`))
	due := instead(asked, with(nurse, "restriction", `{"period":{"end":"2031-05-17T13:00:00Z"}}`))
	twice := append(asked, with(nurse, "id", `"nurse2"`, "output", ""))
	for name, test := range map[string]struct {
		there []string
		want  string // wrote, known, over, repaired, happened, next
	}{
		"to ask":        {instead(toAsk, stamped(admission, "11:15")), "wrote true known true over false repaired 0 happened 11:15 next 00:00"},
		"waiting":       {due, "wrote false known true over false repaired 0 happened 00:00 next 13:00"},
		"raised":        {raised, "wrote true known true over false repaired 0 happened 00:00 next 11:00"},
		"asked twice":   {twice, "wrote true known true over false repaired 1 happened 00:00 next 12:00"},
		"answered":      {awaited, "wrote true known true over false repaired 0 happened 10:00 next 00:00"},
		"gone home":     {instead(toAsk, with(admission, "status", `"finished"`)), "wrote false known true over true repaired 0 happened 00:00 next 00:00"},
		"cancelled":     {instead(toAsk, with(admission, "status", `"cancelled"`)), "wrote false known true over true repaired 0 happened 00:00 next 00:00"},
		"entered wrong": {instead(toAsk, with(admission, "status", `"entered-in-error"`)), "wrote false known true over true repaired 0 happened 00:00 next 00:00"},
	} {
		r, s := desk(t, test.there...)
		done, err := r.Reconcile(t.Context(), "e1")
		got := fmt.Sprintf("wrote %t known %t over %t repaired %d happened %s next %s", done.Wrote, done.Known, done.Over, done.Repaired, done.Happened.UTC().Format("15:04"), done.Next.UTC().Format("15:04"))
		if kept := r.loader.seen.of("e1"); name == "waiting" && kept.patient != "Patient/p1" {
			t.Errorf("%s: %+v is kept for the next look", name, kept)
		}
		if err != nil || got != test.want || done.Wrote != (s.sent != nil) || done.seen == "" || done.Unrecorded {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

// What a look has seen is told from any other state by the versions of what it read.
func TestFingerprints(t *testing.T) {
	of := func(resources ...string) string {
		_, s := desk(t, resources...)
		return picture{byRef: s.held}.fingerprint()
	}
	first := of(admission, woman)
	if first != of(woman, admission) {
		t.Error("the same state has two fingerprints")
	}
	for name, other := range map[string]string{
		"a version": of(with(admission, "meta.versionId", `"2"`), woman), "a date": of(with(admission, "meta.lastUpdated", `"2031"`), with(woman, "meta.lastUpdated", `"2031"`)),
		"another resource": of(admission, woman, nurse), "fewer": of(admission),
	} {
		if other == first {
			t.Errorf("%s differs, and the fingerprint does not", name)
		}
	}
	look := func(order string) string {
		r, _ := desk(t, append(awaited, order)...)
		done, err := r.Reconcile(t.Context(), "e1")
		if err != nil {
			t.Fatal(err)
		}
		return done.seen
	}
	if theirs := with(consult, "identifier", ""); look(theirs) == look(with(theirs, "meta.versionId", `"9"`)) {
		t.Error("what was read for the decision counts too")
	}
}

// Labels that a server does not keep are put there three times, and then it is said.
func TestLabelsInVain(t *testing.T) {
	labelled := pathway.Decision{Actions: do(&pathway.Stop{}, &pathway.Labels{{Ref: "Task/1"}})}
	m := newMemo()
	for n := range 5 {
		d := labelled
		err := m.inVain("e1", &d)
		if vain := n >= 3; (err != nil) != vain || (pathway.Of[pathway.Labels](d) == nil) != vain || pathway.Of[pathway.Stop](d) == nil {
			t.Errorf("time %d: %v, %+v", n, err, d)
		}
		m.put("e1", labelled)
	}
	other, none := labelled, pathway.Decision{}
	if m.inVain("e2", &other) != nil || m.inVain("e1", &none) != nil {
		t.Error("another admission, or one whose labels stand, is in order")
	}
	if again := labelled; m.inVain("e1", &again) != nil {
		t.Error("it is counted in a row")
	}
}

// The labels that are put on by a look are counted, and only those.
func TestLabelsAreCounted(t *testing.T) {
	draft := with(answers, "status", `"in-progress"`, "item", "", "meta.security", protectedLabel)
	bare := with(nurse, "owner.reference", `"Organization/few"`, "output.-1", remembers("routed", `"valueString":"Organization/few"`), "location", "")
	r, _ := desk(t, admission, secret, bare, draft)
	for n := range 4 {
		done, err := r.Reconcile(t.Context(), "e1")
		if vain := n == 3; (err != nil) != vain || done.Wrote == vain {
			t.Errorf("time %d: %+v, %v", n, done, err)
		}
	}
	asked, _ := desk(t, toAsk...)
	if _, err := asked.Reconcile(t.Context(), "e1"); err != nil || len(asked.loader.seen.puts) != 0 {
		t.Error(err, asked.loader.seen.puts)
	}
}

// shut refuses transactions: all of them, or those with AuditEvents.
type shut struct {
	*shelf
	all   bool
	tried []bool // with AuditEvents
	gives int
	then  int // without them, where it is another
}

func (s *shut) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost {
		return s.shelf.RoundTrip(r)
	}
	body, _ := io.ReadAll(r.Body)
	w := httptest.NewRecorder()
	if gjson.GetBytes(body, "type").String() != "transaction" {
		w.WriteHeader(http.StatusNotImplemented)
		return w.Result(), nil
	}
	recorded := strings.Contains(string(body), `"AuditEvent"`)
	s.tried = append(s.tried, recorded)
	if s.all || recorded {
		status := s.gives
		if !recorded && s.then > 0 {
			status = s.then
		}
		w.WriteHeader(status)
		return w.Result(), nil
	}
	parts := len(gjson.GetBytes(body, "entry").Array())
	fmt.Fprintf(w, `{"resourceType":"Bundle","type":"transaction-response","entry":[%s]}`, strings.TrimPrefix(strings.Repeat(`,{"response":{"status":"200"}}`, parts), ","))
	return w.Result(), nil
}

// A server that refuses AuditEvents gets the decision without, and none for an hour.
func TestAuditEventsThatAreRefused(t *testing.T) {
	for name, test := range map[string]struct {
		all        bool
		gives      int
		then       int
		unrecorded bool
		fails      bool
		tried      string // at noon, half an hour later, and a minute after the hour
	}{
		"AuditEvents are refused":   {false, 403, 0, true, false, "[true false] [false] [true false]"},
		"everything is refused":     {true, 422, 0, false, true, "[true false] [true false] [true false]"},
		"the server is unwell then": {true, 403, 500, false, true, "[true false] [true false] [true false]"},
		"the server is not well":    {false, 500, 0, false, true, "[true] [true] [true]"},
	} {
		r, s := desk(t, toAsk...)
		server := &shut{shelf: s, all: test.all, gives: test.gives, then: test.then}
		client, err := fhir.New(fhir.Options{BaseURL: here, Transport: server})
		if err != nil {
			t.Fatal(err)
		}
		r.Client, r.Audit = client, true
		now, tried := at12, []string{}
		r.Now = func() time.Time { return now }
		for _, wait := range []time.Duration{0, 30 * time.Minute, 31 * time.Minute} {
			now, server.tried = now.Add(wait), nil
			p := seen(t, r, s)
			unrecorded, err := r.send(t.Context(), p, pathway.Decision{Actions: do(&pathway.Ask{Attempt: 1, Draft: 1})})
			if unrecorded != test.unrecorded || (err != nil) != test.fails {
				t.Errorf("%s: unrecorded %t, %v", name, unrecorded, err)
			}
			tried = append(tried, fmt.Sprint(server.tried))
		}
		if got := strings.Join(tried, " "); got != test.tried {
			t.Errorf("%s: tried %s, want %s", name, got, test.tried)
		}
		client.Close()
	}
	r, s := desk(t, toAsk...)
	if _, err := r.send(t.Context(), seen(t, r, s), pathway.Decision{Actions: do(&pathway.Ask{})}); err != nil || strings.Contains(string(s.sent), "AuditEvent") {
		t.Error("none are wanted here", err)
	}
}

// What cannot be written is for a person, and what nobody carries out is a defect of
// one admission only.
func TestWhatCannotBeWritten(t *testing.T) {
	r, s := desk(t, instead(referred, with(score, "meta", ""))...)
	err := r.transact(t.Context(), seen(t, r, s), pathway.Decision{Actions: do(ref[pathway.Withdrawal]("Observation/o1"))}, false)
	if !errors.Is(err, ErrPermanent) || !strings.Contains(fmt.Sprint(err), "gives no versionId") || s.sent != nil {
		t.Error(err)
	}
	w := &writing{Reconciler: r, p: seen(t, r, s), edits: map[string]*edit{}}
	w.edit("Task/nurse", func(e *edit) { e.set("note", func() {}); e.set("status", "completed"); e.delete("owner") })
	w.edit("Task/team", func(e *edit) { e.set("status", "completed") })
	if w.update(); w.err == nil || len(w.tx.Writes()) != 1 {
		t.Errorf("what cannot be set: %v, %d writes", w.err, len(w.tx.Writes()))
	}
	stop := func() (err error) {
		defer guard(&err)
		doingOf(nil)
		return nil
	}
	if err := stop(); err == nil || !strings.Contains(err.Error(), "defect") {
		t.Error(err)
	}
}

// What the nurse's Task points to where the search has not brought it.
func TestWhatTheTaskPointsTo(t *testing.T) {
	wrong := with(nurse, "output.0.valueReference.reference", `"Patient/p1"`)
	for name, test := range map[string]struct {
		there []string
		reads int
		err   string
	}{
		"it is read": {awaited, 1, ""}, "it is gone": {[]string{admission, woman, nurse}, 0, ""},
		"it is no response": {append(toAsk, with(wrong, "output.0.valueReference.reference", `"Patient/p3"`), with(woman, "id", `"p3"`)), 0, "a Task: output questionnaire-response refers to what is no response"},
	} {
		r, s := desk(t, test.there...)
		p := picture{byRef: map[string]fhir.Resource{"Task/nurse": s.held["Task/nurse"]}, encounter: s.held["Encounter/e1"]}
		err := r.loader.read(t.Context(), &p)
		if len(p.stay.Responses) != test.reads || (err == nil) != (test.err == "") || err != nil && !strings.HasSuffix(err.Error(), test.err) {
			t.Errorf("%s: %d, %v", name, len(p.stay.Responses), err)
		}
	}
}

// A half of which nobody can say what stands of it is kept.
func TestHalvesAreKept(t *testing.T) {
	client := answering(t, 502, ``)
	r := New(Options{Client: client, Policy: pathway.DefaultPolicy(), Forms: []*instrument.Form{english()}})
	if r.Now == nil || r.Now().IsZero() {
		t.Error("without a clock it is the machine's")
	}
	var tx fhir.Transaction
	tx.Create(fhir.NewRef(), made("advice:1"), fhir.ByIdentifier(IdentifierSystem, "advice:1"))
	r.loader.seen.sent("1", &tx, twice(t))
	if done, err := r.complete(t.Context(), "1"); err == nil || done.Wrote || len(r.loader.seen.halves["1"]) != 1 {
		t.Errorf("%+v, %v, kept %d", done, err, len(r.loader.seen.halves["1"]))
	}
}

// A refusal is for a person at once, and a conflict that never ends after a while.
func TestWhatIsForAPerson(t *testing.T) {
	tries := map[int]int{409: conflictTries}
	for status, after := range map[int]int{422: 1, 403: 1, 409: manyEqual, 502: 99} {
		r, s := desk(t, toAsk...)
		server := &shut{shelf: s, all: true, gives: status}
		client, err := fhir.New(fhir.Options{BaseURL: here, Transport: server})
		if err != nil {
			t.Fatal(err)
		}
		r.Client, r.loader.client = client, client
		for n := 1; n <= manyEqual; n++ {
			server.tried = nil
			if _, err := r.Reconcile(t.Context(), "e1"); err == nil || errors.Is(err, ErrPermanent) != (n >= after) {
				t.Errorf("%d, time %d: %v", status, n, err)
			}
			if len(server.tried) != max(1, tries[status]) || conflictTries != 3 {
				t.Errorf("%d: tried %d times", status, len(server.tried))
			}
		}
		client.Close()
	}
}

// Nobody is missed for want of a record: a half that lacks only AuditEvents, which the
// server refuses, is whole, and no more are sent for an hour.
func TestHalvesThatLackOnlyARecord(t *testing.T) {
	r, s := desk(t, with(ward, "identifier.0.value", `"advice:1"`))
	client, err := fhir.New(fhir.Options{BaseURL: here, Transport: &shut{shelf: s, all: true, gives: 403}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	r.Client = client
	var tx fhir.Transaction
	tx.Create(fhir.NewRef(), made("advice:1"), fhir.ByIdentifier(IdentifierSystem, "advice:1"))
	tx.Create(fhir.NewRef(), map[string]string{"resourceType": "AuditEvent"}, "")
	const partly = `{"resourceType":"Bundle","type":"transaction-response","entry":[{"response":{"status":"201"}},{"response":{"status":"403"}}]}`
	r.loader.seen.sent("1", &tx, answering(t, 200, partly).Transact(t.Context(), &tx))
	done, err := r.complete(t.Context(), "1")
	if err != nil || !done.Wrote || !done.Unrecorded || r.trail.open(at12) || !r.trail.open(at12.Add(time.Hour)) || len(r.loader.seen.halves) > 0 {
		t.Errorf("%+v, %v, kept %v", done, err, r.loader.seen.halves)
	}
}

// A look tells that there is no record of what it has written, also where that is a
// half of an earlier one and nothing is to be written now.
func TestALookTellsOfAHalfWithoutARecord(t *testing.T) {
	r, s := desk(t, instead(awaited, with(answers, "status", `"in-progress"`, "item", ""))...)
	client, err := fhir.New(fhir.Options{BaseURL: here, Transport: &shut{shelf: s, all: true, gives: 403}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	r.Client, r.loader.client = client, client
	var tx fhir.Transaction
	tx.Create(fhir.NewRef(), made("screening:e1"), fhir.ByIdentifier(IdentifierSystem, "screening:e1"))
	tx.Create(fhir.NewRef(), map[string]string{"resourceType": "AuditEvent"}, "")
	r.loader.seen.sent("e1", &tx, answering(t, 200, inside("201", "403")).Transact(t.Context(), &tx))
	if done, err := r.Reconcile(t.Context(), "e1"); err != nil || !done.Wrote || !done.Unrecorded || !done.Known {
		t.Errorf("%+v, %v", done, err)
	}
	if done, err := r.Reconcile(t.Context(), "e1"); err != nil || done.Wrote || done.Unrecorded {
		t.Errorf("and the next says nothing of it: %+v, %v", done, err)
	}
}

// A look that only completes a half has written.
func TestALookThatCompletesAHalf(t *testing.T) {
	waiting := instead(awaited, with(answers, "status", `"in-progress"`, "item", ""))
	r, s := desk(t, waiting...)
	var tx fhir.Transaction
	for _, name := range []string{"screening:e1", "advice:e1"} {
		tx.Create(fhir.NewRef(), made(name), fhir.ByIdentifier(IdentifierSystem, name))
	}
	const partly = `{"resourceType":"Bundle","type":"transaction-response","entry":[{"response":{"status":"201"}},{"response":{"status":"422"}}]}`
	r.loader.seen.sent("e1", &tx, answering(t, 200, partly).Transact(t.Context(), &tx))
	client := r.Client
	r.Client = answering(t, 200, partly)
	if err := r.transact(t.Context(), seen(t, r, s), pathway.Decision{Actions: do(&pathway.Ask{Attempt: 2, Draft: 2})}, false); err == nil || len(r.loader.seen.halves["e1"]) != 2 {
		t.Fatal("the half of a look is not known", err)
	}
	r.Client, r.loader.seen.halves["e1"] = client, r.loader.seen.halves["e1"][:1]
	done, err := r.Reconcile(t.Context(), "e1")
	if err != nil || !done.Wrote || s.sent == nil {
		t.Errorf("%+v, %v", done, err)
	}
	if done, err = r.Reconcile(t.Context(), "e1"); err != nil || done.Wrote {
		t.Errorf("and then nothing is left: %+v, %v", done, err)
	}
}

// What a server refuses of a half, and is no record, is kept and said.
func TestHalvesThatAreRefused(t *testing.T) {
	r, s := desk(t, nurse)
	client, err := fhir.New(fhir.Options{BaseURL: here, Transport: &shut{shelf: s, all: true, gives: 403}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	r.Client = client
	var tx fhir.Transaction
	for _, name := range []string{"screening:e1", "advice:e1"} {
		tx.Create(fhir.NewRef(), made(name), fhir.ByIdentifier(IdentifierSystem, name))
	}
	r.loader.seen.sent("e1", &tx, twice(t))
	done, err := r.complete(t.Context(), "e1")
	if !fhir.IsRefused(err) || done.Unrecorded || !r.trail.open(at12) || len(r.loader.seen.halves["e1"]) != 1 {
		t.Errorf("%+v, %v, kept %v", done, err, r.loader.seen.halves)
	}
}
