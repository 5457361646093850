package reconcile

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Every search about one admission, as the doctor sends them.
func TestSearches(t *testing.T) {
	p := pathway.DefaultPolicy()
	p.Screening.MaxAttempts = 2
	p.Screening.DoNotAsk = []pathway.Coding{{System: "s", Code: "x"}}
	p.Consult.Codings = []pathway.Coding{{System: "s", Code: "a"}, {System: "s", Code: "b"}}
	p.Pregnancy.Codings = []pathway.Coding{{System: "s", Code: "p"}}
	all := untabbed(`
		Encounter?_id=1&_include=Encounter:subject&_include=Encounter:part-of
		Task?identifier=ID|screening:1,ID|screening:1:2,ID|screening:1:3,ID|screening:1:4,ID|screening:1:5,ID|consult-task:1,ID|consult-task:1:2,ID|consult-task:1:3,ID|consult-task:1:4,ID|consult-task:1:5,ID|advice:1,ID|advice:1:2,ID|advice:1:3,ID|advice:1:4,ID|advice:1:5,ID|reply:1,ID|reply:1:2,ID|reply:1:3,ID|reply:1:4,ID|reply:1:5
		Task?encounter=Encounter/1&code=http://hl7.org/fhir/uv/sdc/CodeSystem/temp|complete-questionnaire,https://tilsyn.org/fhir/CodeSystem/tilsyn|consult,https://tilsyn.org/fhir/CodeSystem/tilsyn|brief-advice,https://tilsyn.org/fhir/CodeSystem/tilsyn|consult-rejected
		QuestionnaireResponse?identifier=ID|response:1,ID|response:1:2,ID|response:1:3,ID|response:1:4,ID|response:1:5
		QuestionnaireResponse?encounter=Encounter/1
		ServiceRequest?patient=Patient/2&code=s|a,s|b
		ServiceRequest?identifier=ID|consult:1,ID|consult:1:2
		Observation?identifier=ID|score:1,ID|at-least:1
		Condition?patient=Patient/2&code=s|p
		Flag?patient=Patient/2
		Task?patient=Patient/2&code=http://hl7.org/fhir/uv/sdc/CodeSystem/temp|complete-questionnaire&business-status=https://tilsyn.org/fhir/CodeSystem/tilsyn|scored
		QuestionnaireResponse?patient=Patient/2&status=completed,amended
		Task?patient=Patient/2&code=http://hl7.org/fhir/uv/sdc/CodeSystem/temp|complete-questionnaire
		Provenance?entity=QuestionnaireResponse/1
		ServiceRequest?_id=1
		Observation?_id=1`)
	if got := spelt(Searches(p, "1", "Patient/2")); got != all {
		t.Errorf("%s\nwant\n%s", got, all)
	}
	p.Screening.DoNotAsk, p.Screening.RescreenAfter.Duration, p.Tiers = nil, 0, pathway.Tiers{} // nobody asks for pregnancy
	got := spelt(Searches(p, "1", "Patient/2"))
	for _, spared := range []string{"Flag?", "business-status", "Condition?"} {
		if strings.Contains(got, spared) {
			t.Errorf("%s is asked for, and nothing depends on it", spared)
		}
	}
}

func spelt(queries []string) string {
	text, _ := url.QueryUnescape(strings.Join(queries, "\n"))
	return strings.ReplaceAll(text, "https://tilsyn.org/fhir/identifier|", "ID|")
}

// What the last look makes the next one need is asked for along with the admission.
func TestExpecting(t *testing.T) {
	requested := func(more ...string) []string { return append([]string{admission, woman}, more...) }
	taken := with(team, "status", `"completed"`)
	for name, test := range map[string]struct {
		there []string
		want  string
	}{
		"nobody asked yet": {requested(), "{Patient/p1 screening:e1 2031-05-17T08:00:00.000Z false  false }"},
		"asked":            {requested(nurse), "{Patient/p1 screening:e1 2031-05-17T08:00:00.000Z false  false }"},
		"the team waits":   {referred, "{   false ServiceRequest/s1 false }"},
		"all is done":      {instead(referred, taken), "{   false  false }"},
	} {
		r, s := desk(t, test.there...)
		p := lookedAt(t, r, s)
		r.loader.remember(&p)
		if got := fmt.Sprint(r.loader.seen.of("e1")); got != test.want {
			t.Errorf("%s: %s", name, got)
		}
		if _, kept := r.loader.seen.guesses["e1"]; kept != (test.want != "{   false  false }") {
			t.Errorf("%s: kept %t", name, kept)
		}
	}
	q := queries{pathway.DefaultPolicy()}
	for want, g := range map[string]guess{
		"":                       {},
		"Task?patient":           {patient: "Patient/1", toAsk: true},
		"ServiceRequest?patient": {patient: "Patient/1", screenings: "screening:e1"},
		"ServiceRequest?_id=s1":  {consult: "ServiceRequest/s1"},
	} {
		got := q.expected(g)
		if (len(got) == 0) != (want == "") || len(got) > 0 && !strings.HasPrefix(got[0], want) {
			t.Errorf("%+v: %q", g, got)
		}
	}
	if got := q.expected(guess{consult: "Observation/o1"}); got != nil {
		t.Error(got)
	}
}

// A hint whose an admission is saves a request; what is known already counts more.
func TestAHintSavesARequest(t *testing.T) {
	for name, test := range map[string]struct {
		hint  string
		after int // how many searches follow the first
	}{
		"hers": {"Patient/p1", 0}, "none": {"", 1}, "another's": {"Patient/p2", 1}, "no id": {"Patient/a b", 1},
	} {
		r, s := desk(t, toAsk...)
		r.Expect("e1", test.hint)
		p := lookedAt(t, r, s)
		if _, err := r.loader.decide(t.Context(), &p); err != nil || len(s.asked) != test.after {
			t.Errorf("%s: asked %q, %v", name, s.asked, err)
		}
	}
	m := newMemo()
	m.keep("e1", guess{patient: "Patient/1"})
	m.expect("e1", "Patient/2")
	if m.of("e1").patient != "Patient/1" {
		t.Error("what the last look has seen counts more than a hint")
	}
	if m.keep("e1", guess{}); m.of("e1") != (guess{}) {
		t.Error("nothing is expected any more")
	}
	for name, test := range map[string]struct {
		g     guess
		after int
	}{
		"expected":                   {guess{patient: "Patient/p1", screenings: "screening:e1", screened: true}, 0},
		"expected, with a score":     {guess{patient: "Patient/p1", screenings: "screening:e1", screened: true, scores: "Observation/o9 Observation/o8"}, 1},
		"expected, scores not known": {guess{patient: "Patient/p1", screenings: "screening:e1"}, 1},
		"another screening":          {guess{patient: "Patient/p1", screenings: "screening:e1:2"}, 5},
		"another patient":            {guess{patient: "Patient/p2", screenings: "screening:e1", screened: true}, 5},
		"expected to be asked":       {guess{patient: "Patient/p1", screenings: "screening:e1", toAsk: true}, 5},
	} {
		r, s := desk(t, awaited...)
		r.loader.seen.keep("e1", test.g)
		p := lookedAt(t, r, s)
		if _, err := r.loader.decide(t.Context(), &p); err != nil || len(s.asked) != test.after {
			t.Errorf("%s: asked %q, %v", name, s.asked, err)
		}
	}
}

// picky refuses requests that name something, so often.
type picky struct {
	*shelf
	what                  string
	refusals, status, met int
	yields                int // at each so manieth it does not refuse
}

func (s *picky) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.RequestURI(), s.what) {
		if s.met++; s.met <= s.refusals && s.met%s.yields != 0 {
			w := httptest.NewRecorder()
			w.WriteHeader(s.status)
			return w.Result(), nil
		}
	}
	return s.shelf.RoundTrip(r)
}

// A server that refuses includes is asked without, and after three times in a row no
// more.
func TestIncludesThatAreRefused(t *testing.T) {
	for _, test := range []struct {
		status, refusals, yields, asked int
		err                             bool
	}{{400, 9, 9, 3, false}, {500, 9, 9, 3, false}, {400, 2, 9, 5, false}, {400, 99, 3, 5, false}, {502, 99, 99, 5, true}} {
		r, s := desk(t, toAsk...)
		p := &picky{s, "_include", test.refusals, test.status, 0, test.yields}
		client, err := fhir.New(fhir.Options{BaseURL: here, Transport: p})
		if err != nil {
			t.Fatal(err)
		}
		r.loader.client = client
		failed := false
		for range 5 {
			_, found, err := r.loader.load(t.Context(), "e1")
			failed = failed || err != nil || !found
		}
		if failed != test.err || !failed && p.met != test.asked {
			t.Errorf("%d: %d includes, failed %t", test.status, p.met, failed)
		}
		if asked := strings.Join(s.asked, " ") + " "; !test.err && test.refusals > 2 && !strings.Contains(asked, "Encounter?_id=e1 ") {
			t.Errorf("%d: asked %s", test.status, asked)
		}
		client.Close()
	}
}

// What cannot be read now is not taken for absent: the look fails, and is tried again.
func TestWhatCannotBeReadNow(t *testing.T) {
	merged := []string{admission, linked("p1", "replaced-by", "Patient/p2"), linked("p2")}
	old := with(answers, "questionnaire", `"https://tilsyn.org/fhir/Questionnaire/audit-c|0.1"`)
	for name, test := range map[string]struct {
		what  string
		there []string
	}{
		"the admission":                {"/Encounter?", toAsk},
		"the patient":                  {"/Patient/p1", toAsk},
		"the surviving record":         {"/Patient/p2", merged},
		"the record that the Task has": {"/Patient/p0", append(toAsk, with(nurse, "for.reference", `"Patient/p0"`))},
		"the parent":                   {"/Encounter/e0", instead(toAsk, with(admission, "partOf", `{"reference":"Encounter/e0"}`))},
		"our Tasks":                    {"/Task?", toAsk},
		"the response of our Task":     {"/QuestionnaireResponse/r9", append(toAsk, with(nurse, "output.0.valueReference.reference", `"QuestionnaireResponse/r9"`))},
		"the form":                     {"/Questionnaire?", instead(awaited, old)},
		"flags and screenings":         {"business-status", toAsk},
		"conditions":                   {"/Condition?", awaited},
		"the score":                    {"/Observation/o1", append(referred[:3:3], with(answers, "meta.versionId", `"9"`))},
		"the consult":                  {"/ServiceRequest/s1", instead(referred[:4:4], score, team)},
		"a score that is there twice":  {"/Observation/o9", append(awaited, with(nurse, "id", `"nurse2"`, "output", `[`+remembers("score", to("Observation/o9"))+`,`+remembers("consult", to("ServiceRequest/s1"))+`]`), consult)},
		"the score of an earlier stay": {"/Observation/o0", append(toAsk, with(nurse, "id", `"t0"`, "identifier.0.value", `"screening:e0"`, "executionPeriod", `{"end":"2031-05-10T08:00:00Z"}`,
			"businessStatus", `{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"scored"}]}`, "output", `[`+remembers("score", to("Observation/o0"))+`]`))},
	} {
		r, s := desk(t, test.there...)
		p := &picky{s, test.what, 99, 502, 0, 1000}
		client, err := fhir.New(fhir.Options{BaseURL: here, Transport: p})
		if err != nil {
			t.Fatal(err)
		}
		r.Client, r.loader.client, r.loader.forms.client = client, client, client
		done, err := r.Reconcile(t.Context(), "e1")
		searched := strings.HasSuffix(test.what, "?") && test.what != "/Questionnaire?" && test.what != "/Condition?"
		if err == nil || errors.Is(err, ErrPermanent) || p.met == 0 || s.sent != nil || done.Gone || done.Known == searched {
			t.Errorf("%s: asked %d times, %+v, %v", name, p.met, done, err)
		}
		if _, err := r.Preview(t.Context(), "e1"); err == nil {
			t.Errorf("%s: looked at all the same", name)
		}
		client.Close()
	}
}

// An id that is none is for a person, and an admission that is not there is gone.
func TestAdmissionsThatAreNotThere(t *testing.T) {
	r, s := desk(t, toAsk...)
	if done, err := r.Reconcile(t.Context(), "e1/../2"); !strings.Contains(fmt.Sprint(err), "not an Encounter id") || done.Gone || len(s.asked) > 0 {
		t.Error(done, err, s.asked)
	}
	if done, err := r.Reconcile(t.Context(), "e2"); err != nil || !done.Gone || done.Known || done.Wrote {
		t.Error(done, err)
	}
	done, err := r.Reconcile(t.Context(), "e1")
	if err != nil || done.Gone || !done.Known || !done.Wrote || done.Over || s.sent == nil {
		t.Error(done, err)
	}
}

// Answers whose Task is not found are not judged where the server has warned that it
// did not give all.
func TestDoubt(t *testing.T) {
	warned := fmt.Errorf("not all")
	asked := stay.Stay{Tasks: []stay.Task{{Ref: "Task/1", Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Number: 1}}, Screening: stay.Screening{Responses: []stay.Response{{}}}}
	for name, test := range map[string]struct {
		p    picture
		fail bool
	}{
		"answers and no Task": {picture{stay: stay.Stay{Screening: stay.Screening{Responses: []stay.Response{{}}}}, doubt: warned}, true},
		"no answers":          {picture{doubt: warned}, false},
		"no warning":          {picture{stay: stay.Stay{Screening: stay.Screening{Responses: []stay.Response{{}}}}}, false},
		"the Task is there":   {picture{stay: asked, doubt: warned}, false},
	} {
		if err := test.p.doubtful(); (err != nil) != test.fail {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A server that warns is believed where something is not found, and only there.
func TestWarnings(t *testing.T) {
	for name, test := range map[string]struct {
		there []string
		fails bool
	}{
		"the admission is not found": {[]string{woman}, true}, "all that is needed is": {awaited, false}, "nobody was asked": {toAsk, false},
		"answers without their Task": {instead(toAsk, answers), true},
	} {
		r, s := desk(t, test.there...)
		s.warns = true
		if done, err := r.Reconcile(t.Context(), "e1"); (err != nil) != test.fails || errors.Is(err, ErrPermanent) || done.Gone {
			t.Errorf("%s: %+v, %v", name, done, err)
		}
	}
}

// What speaks against asking is looked for again where the server warned that it had not
// given all of the first answer, which asked for that too.
func TestWhatSparesAPatientIsLookedForAgain(t *testing.T) {
	for doubt, want := range map[bool]int{true: 1, false: 0} {
		r, s := desk(t, toAsk...)
		r.Expect("e1", "Patient/p1")
		p := lookedAt(t, r, s)
		if doubt {
			p.doubt = errors.New("cut short")
		}
		if _, err := r.loader.decide(t.Context(), &p); err != nil || len(s.asked) != want {
			t.Errorf("in doubt %t: asked %q, %v", doubt, s.asked, err)
		}
	}
}

// What was asked of the server and read from it is in the trail of what follows.
func TestTheTrailOfALook(t *testing.T) {
	r, s := desk(t, toAsk...)
	r.Audit = true
	if _, err := r.Reconcile(t.Context(), "e1"); err != nil {
		t.Fatal(err)
	}
	var queries []string
	kinds := ""
	for _, e := range sentOf(s, "AuditEvent") {
		kinds += e.Get("action").String()
		query, _ := base64.StdEncoding.DecodeString(e.Get("entity.1.query").String())
		queries = append(queries, string(query))
	}
	if kinds != "EERCC" || !strings.HasPrefix(queries[0], "Encounter?_id=e1&") || !strings.Contains(queries[0], "\nTask?") || !strings.HasPrefix(queries[1], "Task?patient=Patient%2Fp1") {
		t.Errorf("%s: %q", kinds, queries)
	}
	r.Policy.Screening.RescreenAfter.Duration = 0
	p := lookedAt(t, r, s)
	before := len(p.asked)
	if err := r.loader.fetch(t.Context(), &p, []pathway.Need{{Part: stay.Spared}}); err != nil || len(p.asked) != before || s.asked != nil {
		t.Error("nothing speaks against asking here, so nothing is asked for", p.asked, err)
	}
}

// Who gets the work of an admission: those whom the configuration names, and for a
// protected patient those first whom it names for her.
func TestRouting(t *testing.T) {
	protected := stay.Stay{Patient: stay.Patient{Labels: []stay.Code{{System: pathway.Confidentiality, Code: "R"}}}, Admission: stay.Admission{Locations: []string{"Location/l"}}}
	r, _ := desk(t)
	r.Routing.Protected.Liaison = ""
	if got := r.route(stay.Stay{}); got != (stay.Owners{Ward: "Organization/ward", Liaison: "CareTeam/liaison"}) {
		t.Error(got)
	}
	if got := r.route(protected); got != (stay.Owners{Ward: "Organization/few", Liaison: "CareTeam/liaison"}) {
		t.Error(got)
	}
	r.Routing.Default.Ward = ""
	if got := r.route(stay.Stay{Admission: stay.Admission{ServiceProvider: "Organization/o"}}); got.Ward != "Organization/o" {
		t.Error(got)
	}
}
