package reconcile

import (
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

const (
	items = `answers: 1. How often do you have a drink containing alcohol? – 4 or more times a week (4)
		2. How many standard drinks containing alcohol do you have on a typical day when drinking? – 5 or 6 (2)
		3. How often do you have six or more drinks on one occasion? – Monthly (2)
		`
	withTime = items + `Answered 2031-05-17 10:00.
		`
	limit4 = `reason: AUDIT-C: 8 of 12 points. The limit of 4 for women was passed (Liaison consult). Policy: policy-1.
		` + withTime
	urgent = `reason: AUDIT-C: 8 of 12 points. The limit of 8 for everybody was reached (Liaison consult, urgent). Policy: policy-1.
		` + withTime
	open = `wish: Whether the patient wants the consult was left unanswered.
		`
	surgery = `place: Ward: Surgery 2.
		`
)

var (
	forWomen = pathway.Referral{Limit: pathway.Limit{Sex: stay.Female, From: 4}}
	named8   = with(answers, "author", `{"reference":"Practitioner/n1","display":"Kari N."}`)
)

// The letter to the team, part by part.
func TestLetters(t *testing.T) {
	speaks := func(language string) func(*Reconciler, *picture) {
		return func(r *Reconciler, _ *picture) { r.Language = language }
	}
	flagged := func(a *pathway.Score) { a.Passed, a.Result.Flags = true, []instrument.Flag{instrument.FlagItem1Only} }
	for name, test := range map[string]struct {
		there    []string
		change   func(*Reconciler, *picture)
		referral pathway.Referral
		scored   func(*pathway.Score)
		want     string
	}{
		"routine":         {awaited, nil, forWomen, nil, limit4 + open + surgery},
		"urgent, by name": {instead(awaited, named8), nil, pathway.Referral{Urgent: true, Limit: pathway.Limit{From: 8}}, nil, urgent + "author: Filled in by Kari N.\n" + open + surgery},
		"with earlier scores and consults": {awaited, went, forWomen, nil, limit4 + open + surgery + `before: Earlier AUDIT-C: 2030-02-03, 7 of 12 points.
			Earlier AUDIT-C: 2029-11, 3 of 12 points.
			Earlier consult: 2030-02-03 (completed).`},
		"declined, no name of the ward": {instead(awaited, with(answers, "item.-1", offered), with(admission, "location.0.location.display", "")), nil, forWomen, nil, limit4 + `wish: The patient does not want the consult.`},
		"not asked": {instead(awaited, with(answers, "item.-1", strings.Replace(offered, "declined", "not-asked", 1))), nil, forWomen, nil, limit4 + `wish: The patient was not asked whether she or he wants the consult.
			` + surgery},
		"for review": {awaited, nil, forWomen, flagged, limit4 + open + `review: For review: more than one response was handed in; the newest counts.
			For review: all points come from question 1; the intake may be below the recommended limit.
			` + surgery},
		"by her wish":                     {awaited, nil, pathway.Referral{Wish: true}, nil, strings.Replace(limit4, "The limit of 4 for women was passed", "No limit for a consult was reached; the patient asks for it", 1) + open + surgery},
		"the latest ward that has a name": {instead(awaited, with(admission, "location", `[{"location":{"reference":"Location/a"}},{"location":{"display":"B"}},{"location":{"display":"C"}}]`)), nil, forWomen, nil, limit4 + open + `place: Ward: C.`},
		"of no recorded sex": {instead(awaited, with(woman, "gender", `"other"`)), nil, forWomen, nil, limit4 + open + `review: For review: the sex is not recorded as female or male; the limit for women was used.
			` + surgery},
		"of no recorded sex, by a limit for all": {instead(awaited, with(woman, "gender", "")), nil, pathway.Referral{Urgent: true, Limit: pathway.Limit{From: 8}}, nil, urgent + open + surgery},
		"leaving":                                {instead(awaited, with(admission, "period.end", `"2031-05-20"`)), nil, forWomen, nil, limit4 + open + surgery + `leaving: Expected discharge: 2031-05-20.`},
		"gone": {instead(awaited, with(admission, "status", `"finished"`, "period.end", `"2031-05-20"`)), nil, forWomen, nil, limit4 + open + `left: The answers came after the discharge: the patient is no longer in the hospital
			The patient has been discharged.`},
		"protected":                 {instead(awaited, secret, named8), nil, forWomen, nil, limit4 + open},
		"protected, the ward shown": {instead(awaited, secret, named8), func(r *Reconciler, _ *picture) { r.Policy.Protected.Show = []string{"ward"} }, forWomen, nil, limit4 + "author: Filled in by Kari N.\n" + open + surgery},
		"nb": {instead(awaited, named8), speaks("nb"), forWomen, nil, `reason: AUDIT-C: 8 av 12 poeng. Grensen på 4 for kvinner er passert (Tilsyn rus). Regelverk: policy-1.
			` + items + `Besvart 2031-05-17 10:00.
			author: Fylt ut av Kari N.
			wish: Det er ikke svart på om pasienten ønsker tilsyn.
			place: Avdeling: Surgery 2.`},
		"da, protected": {instead(awaited, secret), speaks("da"), forWomen, nil, `reason: AUDIT-C: 8 af 12 point. Grænsen på 4 for kvinder er passeret (Tilsyn). Regelsæt: policy-1.
			` + items + `Besvaret 2031-05-17 10:00.
			wish: Det er ikke besvaret, om patienten ønsker tilsyn.`},
	} {
		r, s := desk(t, test.there...)
		p := seen(t, r, s)
		if test.change != nil {
			test.change(r, &p)
		}
		wrote(t, r, s, p, scored(t, test.there[3], func(a *pathway.Score) {
			a.Response.Ref = "QuestionnaireResponse/r1"
			if test.scored != nil {
				test.scored(a)
			}
		}), &test.referral)
		if got, want := letterSent(s), untabbed(test.want); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

// went has a consult and two scores of other admissions, and some that are not told of.
func went(_ *Reconciler, p *picture) {
	codes := pathway.DefaultPolicy().Consult.Codings[0]
	p.stay.Orders = []stay.Order{{Ref: "ServiceRequest/s0", Status: "completed", Admission: "Encounter/e0", At: time.Date(2030, 2, 3, 0, 0, 0, 0, time.UTC),
		Codes: []stay.Code{{System: codes.System, Code: codes.Code}}}}
	p.byRef["Observation/o9"], _ = fhir.Parse([]byte(`{"resourceType":"Observation","id":"o9","effectiveDateTime":"2029-11"}`))
	p.stay.Scores = []stay.Result{
		{Ref: "Observation/o8", Status: "final", Sum: 7, At: time.Date(2030, 2, 3, 9, 0, 0, 0, time.UTC)},
		{Ref: "Observation/o7", Status: "entered-in-error", Sum: 12},
		{Ref: "Observation/o6", Status: "final", Sum: 11, Labels: []stay.Code{{System: pathway.Confidentiality, Code: "R"}}},
		{Ref: "Observation/o9", Status: "final", Sum: 3, At: time.Date(2029, 11, 1, 0, 0, 0, 0, time.UTC)},
	}
}

func untabbed(text string) string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, "\n")
}

// letterSent are the notes on the order in the last transaction, each after its part.
func letterSent(s *shelf) string { return notesIn(orderSent(s)) }

func notesIn(order gjson.Result) string {
	var lines []string
	for _, note := range order.Get("note").Array() {
		part := strings.TrimPrefix(partOf(note), "letter-")
		if part != "" {
			part += ": "
		}
		lines = append(lines, part+note.Get("text").String())
	}
	return strings.Join(lines, "\n")
}

// A letter for a score of an earlier admission says what that one knew.
func TestLettersForAnEarlierScore(t *testing.T) {
	for offer, want := range map[instrument.Offer]string{
		"":                       "wish: Whether the patient wants the consult was left unanswered.",
		instrument.OfferAccepted: "wish: The patient wants the consult.",
	} {
		r, s := desk(t, toAsk...)
		p := seen(t, r, s)
		p.stay.EarlierScore = stay.Result{Ref: "Observation/o0", Sum: 4, Items: map[string]int{"68518-0": 4}, Offer: offer}
		p.stay.Before = []stay.Earlier{{At: at12.AddDate(0, 0, -3), BusinessStatus: "scored"}}
		p.stay.Scores = []stay.Result{{Ref: "Observation/o0", Status: "final", Sum: 4, At: at12}, {Ref: "Observation/o8", Status: "final", Sum: 7, At: at12}}
		wrote(t, r, s, p, &pathway.Referral{Earlier: true, Limit: pathway.Limit{Sex: stay.Female, From: 4}}, &pathway.TaskChange{Status: "completed", Business: "screened-before"})
		if got := letterSent(s); got != untabbed(`reason: AUDIT-C in an earlier admission: 4 of 12 points. The limit of 4 for women was reached (Liaison consult), and no consult was asked for then. Policy: policy-1. Answered 2031-05-14.
			`+want+`
			review: For review: all points come from question 1; the intake may be below the recommended limit.
			place: Ward: Surgery 2.
			before: Earlier AUDIT-C: 2031-05-17, 7 of 12 points.`) {
			t.Errorf("%s:\n%s", offer, got)
		}
	}
}

// Who filled in the form is a name or a role, never an id.
func TestWhoAnswered(t *testing.T) {
	nurse := func(resource string) string {
		return `{"resourceType":"QuestionnaireResponse","author":{"reference":"#a"},"contained":[{"resourceType":"Practitioner","id":"b","name":[{"text":"Nobody"}]},` + resource + `]}`
	}
	for response, want := range map[string]string{
		`{"id":"1"}`: "",
		`{"author":{"reference":"Practitioner/123"}}`:                                                "",
		`{"author":{"reference":"Practitioner/123","display":"Practitioner/123"}}`:                   "",
		`{"author":{"display":"PractitionerRole/a-b"}}`:                                              "",
		`{"author":{"display":"urn:oid:2.16.578.1.12.4.1.4.4"}}`:                                     "",
		`{"author":{"display":"9144900"}}`:                                                           "",
		`{"author":{"display":"kno042"}}`:                                                            "",
		`{"author":{"display":"  "}}`:                                                                "",
		`{"author":{"display":"#a"}}`:                                                                "",
		`{"author":{"display":"Kari N."}}`:                                                           "Kari N.",
		`{"author":{"display":"Kari\n Nordmann "}}`:                                                  "Kari Nordmann",
		`{"author":{"display":"Sykepleier/vernepleier, Kirurgi 2"}}`:                                 "Sykepleier/vernepleier, Kirurgi 2",
		`{"author":{"display":"Åse"}}`:                                                               "Åse",
		`{"author":{"reference":"Patient/p1"}}`:                                                      "the patient",
		`{"author":{"type":"RelatedPerson","identifier":{"value":"7"}}}`:                             "a relative",
		`{"source":{"reference":"http://ehr.example/fhir/Patient/p1","type":"Patient"}}`:             "the patient",
		`{"author":{"reference":"Practitioner/1"},"source":{"reference":"Patient/p1"}}`:              "",
		nurse(`{"resourceType":"Practitioner","id":"a","name":[{"text":"Ola Nordmann"}]}`):           "Ola Nordmann",
		nurse(`{"resourceType":"Practitioner","id":"a","name":[{"given":["Ola"],"family":"N"}]}`):    "Ola N",
		nurse(`{"resourceType":"PractitionerRole","id":"a","practitioner":{"display":"Ola"}}`):       "Ola",
		nurse(`{"resourceType":"PractitionerRole","id":"a","code":[{"text":"Nurse"}]}`):              "Nurse",
		nurse(`{"resourceType":"PractitionerRole","id":"a","code":[{"coding":[{"display":"RN"}]}]}`): "RN",
		nurse(`{"resourceType":"Practitioner","id":"a"}`):                                            "",
	} {
		r, _ := desk(t)
		w := &writing{Reconciler: r, words: wordsOf("en")}
		if got := w.who(parsed(t, `{"resourceType":"QuestionnaireResponse",`+strings.TrimPrefix(strings.TrimPrefix(response, `{"resourceType":"QuestionnaireResponse",`), "{"))); got != want {
			t.Errorf("%s: %q, want %q", response, got, want)
		}
	}
}

// When she is expected to go home, as far as an R4 Encounter says.
func TestLeaving(t *testing.T) {
	extension := func(url, date string) string {
		return `[{"url":"http://example.org/other","valueDateTime":"2031-05-30"},{"url":"` + url + `","valueDateTime":"` + date + `"}]`
	}
	const r5, dk = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate", "http://hl7.dk/fhir/core/StructureDefinition/dk-core-planned-end-date"
	for name, test := range map[string]struct{ encounter, want string }{
		"nothing":                {admission, ""},
		"a day":                  {with(admission, "period.end", `"2031-05-20"`), "2031-05-20."},
		"today":                  {with(admission, "period.end", `"2031-05-17"`), "2031-05-17."},
		"an hour":                {with(admission, "period.end", `"2031-05-20T09:30:00Z"`), "2031-05-20 09:30."},
		"a time that has passed": {with(admission, "period.end", `"2031-05-17T11:00:00Z"`), ""},
		"as R5 says":             {with(admission, "extension", extension(r5, "2031-05-19")), "2031-05-19."},
		"as dk-core says":        {with(admission, "extension", extension(dk, "2031-05-19T10:00:00Z")), "2031-05-19 10:00."},
		"planned before the end": {with(admission, "extension", extension(r5, "2031-05-19"), "period.end", `"2031-05-21"`), "2031-05-19."},
		"the plan has passed":    {with(admission, "extension", extension(r5, "2031-05-16"), "period.end", `"2031-05-21"`), "2031-05-21."},
		"of another extension":   {with(admission, "extension", extension("http://example.org/x", "2031-05-19")), ""},
		"no date":                {with(admission, "period.end", `"soon"`), ""},
		"gone":                   {with(admission, "status", `"finished"`, "period.end", `"2031-05-21"`), ""},
	} {
		r, s := desk(t, test.encounter, woman)
		w := &writing{Reconciler: r, p: seen(t, r, s), words: wordsOf("en"), now: at12}
		want := test.want
		if want != "" {
			want = "Expected discharge: " + want
		}
		if got := w.leaving(); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// What stands on the order beside the letter.
func TestWhatTheTeamMayOpen(t *testing.T) {
	codes := pathway.DefaultPolicy().Consult.Codings[0]
	r, s := desk(t, awaited...)
	p := seen(t, r, s)
	for _, id := range []string{"a", "b"} {
		p.stay.Orders = append(p.stay.Orders, stay.Order{Ref: "ServiceRequest/" + id, Codes: []stay.Code{{System: codes.System, Code: codes.Code}}})
	}
	wrote(t, r, s, p, scored(t, answers, nil), &pathway.Referral{})
	if got := orderSent(s).Get("supportingInfo.#.reference").String(); got != `["QuestionnaireResponse/r1","ServiceRequest/b","ServiceRequest/a"]` {
		t.Error(got)
	}
}
