package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// QuestionnaireResponse in, response out: what differs from our draft, handed in.
func TestReadingAResponse(t *testing.T) {
	asked := stay.Task{Response: "QuestionnaireResponse/r1", Form: english().Canonical(), Made: utc(8, 30)}
	draft := stay.Response{Ref: "QuestionnaireResponse/r1", Version: "QuestionnaireResponse/r1/_history/2", Status: "completed", Ours: true, Number: 1,
		Subject: "Patient/p1", Authored: utc(10, 0), Author: "Practitioner/n1"}
	written := utc(10, 0).Add(5 * time.Second)
	for name, test := range map[string]struct {
		raw    string
		change func(*stay.Response)
	}{
		"ours":             {answers, func(*stay.Response) {}},
		"ours, the second": {with(answers, "identifier.value", `"response:e1:2"`), func(r *stay.Response) { r.Number = 2 }},
		"by the Task only": {with(answers, "identifier", ""), func(r *stay.Response) { r.Number, r.Poor = 0, true }},
		"by the identifier only": {with(answers, "id", `"r9"`), func(r *stay.Response) {
			r.Ref, r.Version = "QuestionnaireResponse/r9", "QuestionnaireResponse/r9/_history/2"
		}},
		"ours by another's name": {with(answers, "identifier.value", `"screening:e1:2"`), func(r *stay.Response) { r.Number = 0 }},
		"theirs": {with(answers, "id", `"r9"`, "identifier", "", "subject", ""), func(r *stay.Response) {
			r.Ref, r.Version, r.Ours, r.Number, r.Subject = "QuestionnaireResponse/r9", "QuestionnaireResponse/r9/_history/2", false, 0, ""
		}},
		"theirs, before the Task": {with(answers, "id", `"r9"`, "identifier", "", "authored", `"2031-05-17T08:00:00Z"`), func(r *stay.Response) {
			r.Ref, r.Version, r.Ours, r.Number, r.Authored = "QuestionnaireResponse/r9", "QuestionnaireResponse/r9/_history/2", false, 0, utc(8, 0)
		}},
		"no subject":                  {with(answers, "subject", ""), func(r *stay.Response) { r.Subject, r.Poor = "", true }},
		"a subject elsewhere":         {with(answers, "subject.reference", `"http://elsewhere.example/Patient/p1"`), func(r *stay.Response) { r.Subject = "elsewhere" }},
		"no encounter":                {with(answers, "encounter", ""), func(r *stay.Response) { r.Poor = true }},
		"no date":                     {with(answers, "authored", ""), func(r *stay.Response) { r.Authored, r.Poor = written, true }},
		"the date of its making":      {with(answers, "authored", `"2031-05-17T08:30:00Z"`), func(r *stay.Response) { r.Authored = written }},
		"a date after its making":     {with(answers, "authored", `"2031-05-17T08:30:01Z"`), func(r *stay.Response) { r.Authored = utc(8, 30).Add(time.Second) }},
		"a date after it was written": {with(answers, "authored", `"2099-01-01"`), func(r *stay.Response) { r.Authored = written }},
		"a date to come, and nobody knows when it was written": {with(answers, "authored", `"2099-01-01"`, "meta.lastUpdated", ""), func(r *stay.Response) { r.Authored = utc(8, 30) }},
		"a clock that is ahead":                                {with(answers, "authored", `"2031-05-17T12:10:00Z"`, "meta.lastUpdated", ""), func(r *stay.Response) { r.Authored = utc(12, 10) }},
		"more than clocks are":                                 {with(answers, "authored", `"2031-05-17T12:10:01Z"`, "meta.lastUpdated", ""), func(r *stay.Response) { r.Authored = utc(8, 30) }},
		"amended, dated as before":                             {with(answers, "status", `"amended"`), func(r *stay.Response) { r.Status, r.Authored = "amended", written }},
		"an author elsewhere":                                  {with(answers, "author.reference", `"http://elsewhere.example/Practitioner/n1"`), func(r *stay.Response) { r.Author = "" }},
		"labels":                                               {with(answers, "meta.security", `[{"system":"s","code":"R"}]`), func(r *stay.Response) { r.Labels = codesOf("s|R") }},
		"its Task was never made":                              {with(answers, "extension", never), func(r *stay.Response) { r.NoTask = true }},
		"its Task was made":                                    {with(answers, "extension", strings.Replace(never, "urn:uuid:1", "Task/nurse", 1)), func(r *stay.Response) { r.Task = "Task/nurse" }},
		"not handed in":                                        {with(answers, "status", `"in-progress"`), func(r *stay.Response) { r.Status = "in-progress" }},
		"another form":                                         {with(answers, "questionnaire", `"https://example.org/q"`), func(r *stay.Response) { r.FormProblem.Code = instrument.OtherForm }},
		"a version that is lost": {with(answers, "questionnaire", `"https://tilsyn.org/fhir/Questionnaire/audit-c|0.1"`), func(r *stay.Response) {
			r.FormProblem.Code = instrument.FormMissing
		}},
		"no form, as the Task has": {with(answers, "questionnaire", ""), func(*stay.Response) {}},
	} {
		r, _ := desk(t)
		got, err := r.loader.response(t.Context(), parsed(t, strings.ReplaceAll(test.raw, "THE FORM", english().Canonical())), asked, "e1")
		if err != nil {
			t.Fatal(err)
		}
		if stated := strings.ReplaceAll(test.raw, "THE FORM", english().Canonical()); got.Questionnaire != gjson.Get(stated, "questionnaire").String() {
			t.Errorf("%s: answers %q", name, got.Questionnaire)
		}
		if (got.Form == english()) != got.FormProblem.IsZero() || got.Content == nil {
			t.Errorf("%s: read the form %v", name, got.Form)
		}
		want := draft
		test.change(&want)
		got.Form, got.Content, got.Questionnaire = nil, nil, ""
		same(t, name, got, want)
	}
}

// Which responses belong to an admission.
func TestWhichResponsesAreRead(t *testing.T) {
	foreign := with(answers, "id", `"r9"`, "identifier", "")
	for name, test := range map[string]struct {
		raw  string
		read bool
	}{
		"our draft":                            {answers, true},
		"our draft, torn":                      {with(answers, "encounter", "", "questionnaire", `"https://example.org/q"`), true},
		"theirs, of this admission":            {foreign, true},
		"theirs, of this admission elsewhere":  {with(foreign, "encounter.reference", `"http://elsewhere.example/Encounter/e1"`), false},
		"theirs, of this admission, by a URL":  {with(foreign, "encounter.reference", `"`+here+`/Encounter/e1"`), true},
		"theirs, of another version":           {with(foreign, "questionnaire", `"https://tilsyn.org/fhir/Questionnaire/audit-c|0.1"`), true},
		"theirs, to another form":              {with(foreign, "questionnaire", `"https://example.org/q"`), false},
		"theirs, of another admission":         {with(foreign, "encounter.reference", `"Encounter/e2"`), false},
		"our draft of another admission":       {with(answers, "id", `"r9"`, "identifier.value", `"response:e2"`, "encounter.reference", `"Encounter/e2"`), false},
		"what our Task points to, torn wholly": {with(answers, "identifier", "", "encounter", "", "questionnaire", ""), true},
	} {
		r, s := desk(t, instead([]string{admission, woman, nurse}, test.raw)...)
		if got := len(seen(t, r, s).stay.Responses); (got == 1) != test.read {
			t.Errorf("%s: %d are read", name, got)
		}
	}
}

// The form of a response is the version that it names; where it names none, the one
// that its Task asked for, and without a Task today's.
func TestWhichFormWasAnswered(t *testing.T) {
	old := `{"resourceType":"Questionnaire","id":"q1","url":"https://tilsyn.org/fhir/Questionnaire/audit-c","version":"0.5"}`
	url := "https://tilsyn.org/fhir/Questionnaire/audit-c"
	r, s := desk(t, with(string(questionnaire()), "id", `"q2"`, "version", `"0.9"`), old, with(string(questionnaire()), "id", `"q0"`, "url", `"https://example.org/q"`, "version", `"0.1"`),
		`{"resourceType":"Questionnaire","id":"q9"}`)
	for _, test := range []struct{ stated, asked, form, problem string }{
		{english().Canonical(), "", english().Canonical(), ""},
		{url, "", english().Canonical(), ""},
		{"", "", english().Canonical(), ""},
		{url, url + "|0.9", url + "|0.9", ""},
		{"", url + "|0.9", url + "|0.9", ""},
		{url + "|0.9", english().Canonical(), url + "|0.9", ""},
		{"https://example.org/q", url + "|0.9", "", string(instrument.OtherForm)},
		{"https://example.org/q|0.1", "", "", string(instrument.OtherForm)}, // however well it could be scored
		{url + "|0.5", "", "", string(instrument.FormUnreadable)},
		{url + "|0.1", "", "", string(instrument.FormMissing)},
	} {
		found, err := r.loader.forms.answered(t.Context(), test.stated, test.asked)
		got := ""
		if found.form != nil {
			got = found.form.Canonical()
		}
		if err != nil || got != test.form || string(found.problem.Code) != test.problem {
			t.Errorf("%q, asked with %q: %s, %q, %v", test.stated, test.asked, got, found.problem, err)
		}
	}
	if got := strings.Join(s.asked, " "); !strings.Contains(got, "version=0.9") || !strings.Contains(got, "url=https") {
		t.Error(got)
	}
	if got := len(s.asked); got != 3 { // 0.9 once: a version never changes
		t.Errorf("asked %d times: %q", got, s.asked)
	}
}

// A form that a server may have left out is not taken for lost.
func TestAFormThatMayBeThere(t *testing.T) {
	r, s := desk(t)
	s.warns = true
	if found, err := r.loader.forms.answered(t.Context(), english().URL+"|1", ""); err == nil || found.form != nil || !found.problem.IsZero() {
		t.Error(found, err)
	}
}

// Observation or ServiceRequest in, result out.
func TestReadingAResult(t *testing.T) {
	ours := our("score:e1", "")
	item := func(code, value string) string {
		return `{"code":` + code + `,"valueQuantity":{"value":` + value + `}}`
	}
	coded := func(system, code string) string {
		return `{"coding":[{"system":"` + system + `","code":"` + code + `"}]}`
	}
	offer := func(system, code, answer string) string {
		return `{"code":` + coded(system, code) + `,"valueCodeableConcept":` + coded("https://tilsyn.org/fhir/CodeSystem/tilsyn", answer) + `}`
	}
	for elements, want := range map[string]stay.Result{
		``: {Theirs: true},
		`"identifier":[{"system":"urn:theirs","value":"1"}],"status":"active"`: {Theirs: true, Status: "active"},
		ours: {},
		ours + `,"status":"final","priority":"stat","valueQuantity":{"value":7},"meta":{"security":[{"system":"s","code":"R"}]}`: {Status: "final", Priority: "stat", Sum: 7, Labels: codesOf("s|R")},
		ours + `,"extension":` + never: {NoTask: true},
		ours + `,"component":[` + item(coded("http://loinc.org", "68518-0"), "4") + `,` + item(`{"text":"2"}`, "3") + `,` + item(`{"text":"3"}`, "0") + `]`:                  {Items: map[string]int{"68518-0": 4, "2": 3, "3": 0}},
		ours + `,"component":[` + offer("https://tilsyn.org/fhir/CodeSystem/tilsyn", "consult-offer", "offer-declined") + `]`:                                                {Offer: "declined"},
		ours + `,"component":[` + offer("https://tilsyn.org/fhir/CodeSystem/tilsyn", "consult-offer", "offer-accepted") + `,` + item(coded("s", "consult-offer"), "1") + `]`: {Offer: "accepted", Items: map[string]int{"consult-offer": 1}},
	} {
		want.Ref = "Observation/1"
		if want.Items == nil {
			want.Items = map[string]int{}
		}
		same(t, elements, result(resource(t, "Observation", elements)), want)
	}
}

// Whom an order names, as a configuration would.
func TestReadingWhoIsAsked(t *testing.T) {
	for performer, want := range map[string]string{
		``: "[]",
		`[{"reference":"CareTeam/1"},{"reference":"http://ehr.example/fhir/CareTeam/2","display":"B"}]`: `["CareTeam/1" "http://ehr.example/fhir/CareTeam/2"]`,
		`[{"identifier":{"system":"urn:oid:1.2","value":"few"}}]`:                                       `["urn:oid:1.2|few"]`,
		`[{"display":"The team"}]`: `[""]`,
	} {
		if got := fmt.Sprintf("%q", result(parsed(t, with(consult, "performer", performer))).Performers); got != want {
			t.Errorf("%s: %s, want %s", performer, got, want)
		}
	}
	if got := result(parsed(t, with(score, "performer", `[{"reference":"Practitioner/1"}]`))).Performers; got != nil {
		t.Errorf("of a score: %v", got)
	}
}

// What else a judgement and a question rest on: only what concerns the patient,
// whatever the server finds.
func TestReadingTheBackground(t *testing.T) {
	hers := `"subject":{"reference":"Patient/p1"}`
	other := func(raw string) string { return with(raw, "id", `"other"`, "subject.reference", `"Patient/p2"`) }
	condition := `{"resourceType":"Condition","id":"c1",` + hers + `,"code":{"coding":[{"system":"s","code":"x"},{"code":"y"}]},"clinicalStatus":{"coding":[{"code":"active"},{"code":"recurrence"}]},"verificationStatus":{"coding":[{"code":"refuted"}]}}`
	order := `{"resourceType":"ServiceRequest","id":"s0",` + hers + `,"status":"active","encounter":{"reference":"Encounter/e0"},"authoredOn":"2031-05-01","code":{"coding":[{"system":"s","code":"z"}]}}`
	flag := `{"resourceType":"Flag","id":"f1",` + hers + `,"status":"active","code":{"coding":[{"system":"s","code":"w"}]}}`
	before := with(nurse, "id", `"t0"`, "identifier.0.value", `"screening:e0"`, "executionPeriod", `{"end":"2031-05-10T08:00:00Z"}`, "businessStatus", `{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"scored"}]}`,
		"output", `[`+remembers("score", to("Observation/o0"))+`,`+remembers("consult", to("ServiceRequest/s0"))+`]`)
	theirs := with(before, "id", `"t9"`, "for.reference", `"Patient/p2"`)
	r, s := desk(t, admission, woman, condition, other(condition), order, other(order), with(consult, "encounter", `{"reference":"http://elsewhere.example/Encounter/e1"}`), flag, other(flag), before, theirs)
	r.Policy.Screening.DoNotAsk = []pathway.Coding{{System: "s", Code: "w"}}
	p := lookedAt(t, r, s)
	needs := []pathway.Need{{Part: stay.Background}, {Part: stay.Spared}, {Part: stay.Scores, Refs: []string{"Observation/gone"}}, {Part: stay.Consults, Refs: []string{"ServiceRequest/s0"}}, {Part: stay.EarlierScores, Refs: []string{"ServiceRequest/s0"}}}
	if err := r.loader.fetch(t.Context(), &p, needs); err != nil {
		t.Fatal(err)
	}
	same(t, "conditions", p.stay.Conditions, []stay.Condition{{Codes: codesOf("s|x", "|y"), Clinical: []string{"active", "recurrence"}, Verification: []string{"refuted"}}})
	same(t, "orders", p.stay.Orders, []stay.Order{
		{Ref: "ServiceRequest/s0", Status: "active", Admission: "Encounter/e0", At: time.Date(2031, 5, 1, 0, 0, 0, 0, time.UTC), Codes: codesOf("s|z")},
		{Ref: "ServiceRequest/s1", Status: "active", Ours: true}})
	same(t, "flags", p.stay.Flags, []stay.Flag{{Status: "active", Codes: codesOf("s|w")}})
	same(t, "earlier", p.stay.Before, []stay.Earlier{{Admission: "Encounter/e0", At: time.Date(2031, 5, 10, 8, 0, 0, 0, time.UTC), BusinessStatus: "scored", Score: "Observation/o0", Consult: "ServiceRequest/s0"}})
	same(t, "a score that a person has deleted", p.stay.Score, stay.Result{})
	same(t, "the consult", p.stay.Consult.Ref, "ServiceRequest/s0")
	same(t, "unread", fmt.Sprint(p.stay.Unread), "[twins memory unplaced minimum history]")
	same(t, "the earlier score", p.stay.EarlierScore.Ref, "ServiceRequest/s0")
}

// What somebody writes while the background is read is not taken into the picture: the
// edit that rests on what was read before must fail.
func TestThePictureIsOfOneMoment(t *testing.T) {
	r, s := desk(t, awaited...)
	p := lookedAt(t, r, s)
	s.held["Task/nurse"] = parsed(t, with(nurse, "meta.versionId", `"9"`, "status", `"completed"`))
	if err := r.loader.fetch(t.Context(), &p, []pathway.Need{{Part: stay.Background}, {Part: stay.Spared}}); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(s.asked, func(q string) bool { return strings.HasPrefix(q, "Task?") }) {
		t.Fatal("no Task was asked for:", s.asked)
	}
	if got := p.byRef["Task/nurse"].VersionID(); got != "3" {
		t.Errorf("the Task is edited at version %s, and was read at 3", got)
	}
}

// An earlier score is acted on with its background.
func TestTheBackgroundOfAnEarlierScore(t *testing.T) {
	r, s := desk(t, append(toAsk, score, consult)...)
	p := lookedAt(t, r, s)
	if err := r.loader.fetch(t.Context(), &p, []pathway.Need{{Part: stay.EarlierScores, Refs: []string{"Observation/o1"}}}); err != nil || p.stay.EarlierScore.Sum != 5 || len(p.stay.Orders) != 1 {
		t.Errorf("%+v, %v, %v", p.stay.EarlierScore, p.stay.Orders, err)
	}
}

// Without a patient there is no background.
func TestNobodysBackground(t *testing.T) {
	r, s := desk(t, with(admission, "subject", ""), with(consult, "subject", ""))
	p := lookedAt(t, r, s)
	if err := r.loader.fetch(t.Context(), &p, []pathway.Need{{Part: stay.Background}}); err != nil || s.asked != nil || p.stay.Orders != nil {
		t.Error(err, s.asked, p.stay.Orders)
	}
}

// lookedAt is the admission as the loader brings it, with nothing else read.
func lookedAt(t *testing.T, r *Reconciler, s *shelf) picture {
	t.Helper()
	p, found, err := r.loader.load(t.Context(), "e1")
	if err != nil || !found {
		t.Fatal(found, err)
	}
	s.asked = nil
	return p
}

// What was made of the answers is known by its name where the nurse's Task does not
// say it.
func TestResultsThatTheTaskDoesNotKnow(t *testing.T) {
	knows := with(nurse, "output.-1", remembers("score", to("Observation/o9")), "output.-1", remembers("consult", to("ServiceRequest/s9")))
	for name, test := range map[string]struct {
		there []string
		want  string
	}{
		"it says nothing":       {[]string{nurse, score, consult}, "Observation/o1 ServiceRequest/s1"},
		"it says others":        {[]string{knows, score, consult}, " ServiceRequest/s1"},
		"of another screening":  {[]string{nurse, with(score, "identifier.0.value", `"score:e1:2"`)}, " "},
		"the second consult":    {[]string{nurse, consult, with(consult, "id", `"s2"`, "identifier.0.value", `"consult:e1:2"`)}, " ServiceRequest/s2"},
		"made in error":         {[]string{nurse, consult, with(consult, "id", `"s2"`, "identifier.0.value", `"consult:e1:2"`, "status", `"entered-in-error"`)}, " ServiceRequest/s1"},
		"of another admission":  {[]string{nurse, with(consult, "identifier.0.value", `"consult:e2"`)}, " "},
		"of another patient":    {[]string{nurse, with(consult, "subject.reference", `"Patient/p9"`)}, " "},
		"of another system":     {[]string{nurse, with(score, "identifier.0.system", `"s"`), with(consult, "identifier.0.system", `"s"`)}, " "},
		"there are two of each": {[]string{nurse, score, consult, with(score, "id", `"o2"`), with(consult, "id", `"s2"`)}, "Observation/o1 ServiceRequest/s1"},
	} {
		r, s := desk(t, append([]string{admission, woman, answers}, test.there...)...)
		p := lookedAt(t, r, s)
		if err := r.loader.fetch(t.Context(), &p, []pathway.Need{{Part: stay.Background}}); err != nil {
			t.Fatal(err)
		}
		if got := p.stay.Score.Ref + " " + p.stay.Consult.Ref; got != test.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
