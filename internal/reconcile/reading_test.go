package reconcile

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// resource is one of a type with these elements.
func resource(t testing.TB, typ, elements string) fhir.Resource {
	t.Helper()
	return parsed(t, `{"resourceType":"`+typ+`","id":"1"`+strings.TrimSuffix(","+elements, ",")+`}`)
}

func codesOf(codes ...string) (list []stay.Code) {
	for _, c := range codes {
		system, code, _ := strings.Cut(c, "|")
		list = append(list, stay.Code{System: system, Code: code})
	}
	return list
}

func same[V any](t *testing.T, from string, got, want V) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: read\n%+v\nwant\n%+v", from, got, want)
	}
}

func utc(hour, minute int) time.Time { return time.Date(2031, 5, 17, hour, minute, 0, 0, time.UTC) }

// lastOf is the last moment that a date allows.
func lastOf(date string) time.Time { return stay.DateIn(date, time.UTC).Last() }

// place is one of an Encounter's locations.
func place(ref, more string) string { return `{"location":{"reference":"` + ref + `"}` + more + `}` }

// Encounter in, admission out.
func TestReadingAnAdmission(t *testing.T) {
	r, _ := desk(t)
	for elements, want := range map[string]stay.Admission{
		``: {},
		`"status":"onleave","meta":{"security":[{"system":"s","code":"V"},{"display":"no code"},{"code":7}]}`: {Status: stay.OnLeave, Labels: codesOf("s|V")},
		`"status":"a later one","class":[{"system":"s","code":"IMP"},{"coding":[{"code":"101"}]}]`:            {Status: "a later one", Classes: codesOf("s|IMP", "|101")},
		`"period":{"start":"2031-05-17T10:30:00+02:00","end":"2031-05-17"}`:                                   {Start: utc(8, 30), End: lastOf("2031-05-17")},
		`"period":{"start":"2031-05","end":"2031"}`:                                                           {Start: time.Date(2031, 5, 1, 0, 0, 0, 0, time.UTC), End: lastOf("2031")},
		`"period":{"start":"yesterday","end":17}`:                                                             {},
		`"serviceProvider":{"reference":"Organization/o"},"serviceType":{"coding":[{"system":"s","code":"x"},{"code":"y"}]}`: {
			ServiceProvider: "Organization/o", ServiceTypes: codesOf("s|x", "|y")},
		`"serviceProvider":{"reference":"http://elsewhere.example/Organization/o"}`:                                                                                                      {},
		`"location":[` + place("Location/a", ``) + `,` + place(here+"/Location/b", ``) + `]`:                                                                                             {Locations: []string{"Location/b", "Location/a"}},
		`"location":[` + place("Location/a", `,"status":"completed"`) + `,` + place("Location/b", ``) + `]`:                                                                              {Locations: []string{"Location/b"}},
		`"location":[` + place("Location/a", `,"period":{"end":"2030"}`) + `]`:                                                                                                           {},
		`"location":[` + place("Location/a", `,"status":"planned","period":{"start":"2031"}`) + `]`:                                                                                      {},
		`"location":[` + place("Location/a", `,"period":{"start":"2031-05-17T10:00:00Z"}`) + `,` + place("Location/b", `,"period":{"start":"2031-05-17T09:00:00Z"}`) + `]`:               {Locations: []string{"Location/a", "Location/b"}},
		`"location":[` + place("Location/a", `,"period":{"start":"2031-05-17T12:00:00Z"}`) + `,` + place("Location/b", `,"period":{"start":"2031-05-17T12:00:01Z"}`) + `]`:               {Locations: []string{"Location/a"}},
		`"location":[` + place("Location/a", `,"status":"active","period":{"end":"2031-05-17T12:00:01Z"}`) + `,` + place("Location/b", `,"period":{"end":"2031-05-17T12:00:00Z"}`) + `]`: {Locations: []string{"Location/a"}},
		`"location":[` + place("http://elsewhere.example/Location/a", ``) + `,{"location":{"display":"5B"}},5]`:                                                                          {Ward: "5B"},
	} {
		want.ID = "1"
		got := r.loader.admission(resource(t, "Encounter", elements))
		got.Start, got.End = got.Start.UTC(), got.End.UTC()
		same(t, elements, got, want)
	}
}

// The admission that this one is part of, and what stops a look.
func TestReadingWhatAnAdmissionRefersTo(t *testing.T) {
	part := with(admission, "partOf", `{"reference":"Encounter/e0"}`)
	whole := `{"resourceType":"Encounter","id":"e0","status":"finished"}`
	for name, test := range map[string]struct {
		there  []string
		parent string
		err    string
	}{
		"part of another":              {instead(toAsk, part, whole), "e0", ""},
		"part of none":                 {toAsk, "", ""},
		"part of one elsewhere":        {instead(toAsk, with(part, "partOf.reference", `"http://elsewhere.example/Encounter/e0"`)), "", ""},
		"part of what is deleted":      {instead(toAsk, part), "", "partOf refers to what is not on the server"},
		"whose patient is deleted":     {[]string{admission}, "", "subject refers to what is not on the server"},
		"no status":                    {instead(toAsk, with(admission, "status", "")), "", "status is none that FHIR R4 knows"},
		"no status, an outpatient":     {instead(toAsk, with(admission, "status", "", "class.code", `"AMB"`)), "", ""},
		"a class of text":              {instead(toAsk, with(admission, "class", `"IMP"`)), "", "class is not what FHIR R4 has there"},
		"a subject of text":            {instead(toAsk, with(admission, "subject", `["Patient/p1"]`)), "", "subject is not what FHIR R4 has there"},
		"a Task of what status":        {append(toAsk, with(nurse, "status", `"done"`)), "", "status is none that FHIR R4 knows"},
		"outputs that are no list":     {append(toAsk, with(nurse, "output", `{}`)), "", "output is not a list"},
		"inputs that are no list":      {append(toAsk, with(nurse, "input", `5`)), "", "input is not a list"},
		"answers that are no list":     {append(toAsk, with(answers, "item", `{}`)), "", "item is not a list"},
		"answers of what status":       {append(toAsk, with(answers, "status", `"final"`)), "", "status is none that FHIR R4 knows"},
		"a Task of an id that is none": {append(toAsk, with(nurse, "id", `"a b"`)), "", "id is no id of FHIR R4"},
	} {
		r, s := desk(t, test.there...)
		p := picture{byRef: s.held, encounter: s.held["Encounter/e1"]}
		err := r.loader.read(t.Context(), &p)
		if err == nil && test.err != "" || err != nil && (test.err == "" || !strings.HasSuffix(err.Error(), test.err)) {
			t.Errorf("%s: %v", name, err)
		}
		if p.stay.Parent == nil && test.parent != "" || p.stay.Parent != nil && p.stay.Parent.ID != test.parent {
			t.Errorf("%s: part of %+v", name, p.stay.Parent)
		}
	}
}

// Every status of R4 is understood, and shown.
func TestStatusesThatAreUnderstood(t *testing.T) {
	for typ, all := range map[string]string{
		"Encounter":             "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown",
		"Task":                  "draft requested received accepted rejected ready cancelled in-progress on-hold failed completed entered-in-error",
		"QuestionnaireResponse": "in-progress completed amended entered-in-error stopped",
		"":                      "registered preliminary final amended corrected cancelled entered-in-error unknown draft active on-hold revoked completed",
	} {
		for _, status := range strings.Fields(all) {
			if typ != "" && understood(resource(t, typ, `"status":"`+status+`"`)) != nil || shownStatus(typ, status) != status {
				t.Errorf("%s %s is not understood", typ, status)
			}
		}
	}
}

// Patient in, patient out.
func TestReadingAPatient(t *testing.T) {
	day := stay.ParseDate("2031-05-16")
	for elements, want := range map[string]stay.Patient{
		``:                                      {},
		`"gender":"female"`:                     {Sex: stay.Female},
		`"gender":"male","birthDate":"1961-03"`: {Sex: stay.Male, Birth: stay.ParseDate("1961-03")},
		`"gender":"other","birthDate":"1961"`:   {Birth: stay.ParseDate("1961")},
		`"gender":"unknown","birthDate":"long ago"`: {},
		`"deceasedBoolean":true`:                    {Deceased: true},
		`"deceasedBoolean":false`:                   {},
		`"deceasedDateTime":"2031-05-16"`:           {Deceased: true, Died: day.Last()},
		`"deceasedDateTime":"2031-05"`:              {Deceased: true, Died: stay.ParseDate("2031-05").Last()},
		`"deceasedDateTime":"2031-05-16T08:00:00Z"`: {Deceased: true, Died: time.Date(2031, 5, 16, 8, 0, 0, 0, time.UTC)},
		`"deceasedDateTime":"unknown"`:              {Deceased: true},
		`"extension":[{"url":"u","valueCode":"6"},{"url":"v","valueCodeableConcept":{"coding":[{"system":"s","code":"7"},{"system":"s","code":"8"}]}}]`:       {Marks: codesOf("u|6", "s|7", "s|8")},
		`"address":[{"city":"Oslo"},{"extension":[{"url":"u","valueCoding":{"system":"s","code":"7"}}]}]`:                                                     {Marks: codesOf("s|7")},
		`"extension":[{"url":"outer","extension":[{"url":"in","valueCode":"6"},{"url":"deep","extension":[{"url":"deepest","valueCode":"9"}]}]},{"url":"x"}]`: {Marks: codesOf("in|6", "deepest|9")},
	} {
		want.Ref = "Patient/1"
		same(t, elements, loader{zone: time.UTC}.person(resource(t, "Patient", elements)), want)
	}
}

// linked is a Patient record that points to others of the same person.
func linked(id string, links ...string) string {
	list := ""
	for i := 0; i+1 < len(links); i += 2 {
		list += `,{"type":"` + links[i] + `","other":{"reference":"` + links[i+1] + `"}}`
	}
	return `{"resourceType":"Patient","id":"` + id + `","meta":{"security":[{"system":"s","code":"` + id + `"}]},"link":[` + strings.TrimPrefix(list, ",") + `]}`
}

// about is a response about another patient.
func about(response, patient string) string {
	return with(response, "subject.reference", `"Patient/`+patient+`"`)
}

// Records of one person that were merged: which counts, which it was before, and the
// labels of all.
func TestReadingMergedRecords(t *testing.T) {
	for name, test := range map[string]struct {
		records  []string
		ref      string
		formerly []string
		labels   string
		err      string
	}{
		"not merged":        {[]string{linked("p1", "refer", "Patient/p2", "replaced-by", "http://elsewhere.example/Patient/p3")}, "Patient/p1", nil, "p1", ""},
		"replaces another":  {[]string{linked("p1", "replaces", "Patient/p0")}, "Patient/p1", []string{"Patient/p0"}, "p1", ""},
		"merged":            {[]string{linked("p1", "replaced-by", "Patient/p2"), linked("p2")}, "Patient/p2", []string{"Patient/p1"}, "p1 p2", ""},
		"merged twice":      {[]string{linked("p1", "replaced-by", "Patient/p2"), linked("p2", "replaced-by", "Patient/p3"), linked("p3")}, "Patient/p3", []string{"Patient/p1", "Patient/p2"}, "p1 p2 p3", ""},
		"into what is gone": {[]string{linked("p1", "replaced-by", "Patient/p2")}, "", nil, "", "subject was merged into a record that is not on the server"},
		"in a circle":       {[]string{linked("p1", "replaced-by", "Patient/p2"), linked("p2", "replaced-by", "Patient/p1")}, "", nil, "", "subject was merged more than 8 times, or in a circle"},
		"our Task names a record that was merged into it": {[]string{linked("p1"), with(nurse, "for.reference", `"Patient/p0"`), linked("p0", "replaced-by", "Patient/p1")}, "Patient/p1", []string{"Patient/p0"}, "p1", ""},
		"answers name a record that was merged into it":   {[]string{linked("p1"), about(answers, "p0"), linked("p0", "replaced-by", "Patient/p1")}, "Patient/p1", []string{"Patient/p0"}, "p1", ""},
		"answers name somebody else":                      {[]string{linked("p1"), about(answers, "p0"), linked("p0", "replaced-by", "Patient/p3"), linked("p3")}, "Patient/p1", nil, "p1", ""},
		"answers name a record that is gone":              {[]string{linked("p1"), about(answers, "p0")}, "Patient/p1", nil, "p1", ""},
		"our Task names somebody else":                    {[]string{linked("p1"), with(nurse, "for.reference", `"Patient/p0"`), linked("p0", "replaced-by", "Patient/p3"), linked("p3")}, "Patient/p1", nil, "p1", ""},
		"our Task names a record that is gone":            {[]string{linked("p1"), with(nurse, "for.reference", `"Patient/p0"`)}, "Patient/p1", nil, "p1", ""},
	} {
		r, s := desk(t, append([]string{admission}, test.records...)...)
		p := picture{byRef: map[string]fhir.Resource{}, encounter: s.held["Encounter/e1"]}
		for _, ref := range []string{"Task/nurse", "QuestionnaireResponse/r1"} {
			if res, ok := s.held[ref]; ok {
				p.byRef[ref] = res
			}
		}
		err := r.loader.read(t.Context(), &p)
		if err == nil && test.err != "" || err != nil && (test.err == "" || !strings.HasSuffix(err.Error(), test.err)) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var labels []string
		for _, l := range p.stay.Patient.Labels {
			labels = append(labels, l.Code)
		}
		if got := p.stay.Patient; got.Ref != test.ref || strings.Join(got.Formerly, " ") != strings.Join(test.formerly, " ") || strings.Join(labels, " ") != test.labels {
			t.Errorf("%s: read %+v", name, got)
		}
	}
}

// Eight merges are followed, and no more.
func TestHowManyMergesAreFollowed(t *testing.T) {
	for n, fails := range map[int]bool{maxMerges - 1: false, maxMerges: true} {
		records := []string{admission}
		for i := range n {
			records = append(records, linked("p"+string(rune('1'+i)), "replaced-by", "Patient/p"+string(rune('2'+i))))
		}
		r, s := desk(t, append(records, linked("p"+string(rune('1'+n))))...)
		p := picture{byRef: map[string]fhir.Resource{}, encounter: s.held["Encounter/e1"]}
		if err := r.loader.read(t.Context(), &p); (err != nil) != fails || maxMerges != 8 {
			t.Errorf("%d merges: %v", n, err)
		}
	}
}
