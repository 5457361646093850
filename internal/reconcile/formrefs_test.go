package reconcile

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/instrument"
)

const ourURL = "https://tilsyn.org/fhir/Questionnaire/audit-c"

// names is a response that names its form so; more are elements of it.
func names(t testing.TB, form, more string) fhir.Resource {
	t.Helper()
	return parsed(t, fmt.Sprintf(`{"resourceType":"QuestionnaireResponse","id":"r1","questionnaire":%q%s}`, form, more))
}

// held is a Questionnaire as it lies on a server.
func held(id, url, version, number string) string {
	return fmt.Sprintf(`{"resourceType":"Questionnaire","id":%q,"url":%q,"version":%q,"meta":{"versionId":%q}}`, id, url, version, number)
}

// A response may say where its form lies. It is ours when what lies there bears our url;
// anything else is said, and is for the EHR to mend.
func TestFormsByReference(t *testing.T) {
	today := english().Version
	carries := func(id, url, version string) string {
		return `,"contained":[{"resourceType":"Patient","id":"p"},` + strings.Replace(held(id, url, version, "1"), `"meta":{"versionId":"1"}`, `"title":"x"`, 1) + `]`
	}
	for _, test := range []struct {
		form, more string
		asked      string
		version    string // of the form that it answers
		problem    instrument.ProblemCode
		detail     string
		ours       bool
	}{
		{form: "Questionnaire/7", version: today, ours: true},
		{form: here + "/Questionnaire/7", version: today, ours: true},
		{form: "Questionnaire/7/_history/3", version: today, ours: true},
		{form: here + "/Questionnaire/7/_history/3", version: today, ours: true},
		{form: "Questionnaire/7/_history/1", version: "0.9", ours: true},
		{form: "Questionnaire/7/_history/2", version: "0.8", ours: true},
		{form: "Questionnaire/7/_history/2|0.7", problem: "form-missing", ours: true},
		{form: "Questionnaire/7|0.9", version: "0.9", ours: true},
		{form: "Questionnaire/8", asked: ourURL + "|0.9", version: "0.9", ours: true},
		{form: "Questionnaire/8", version: today, ours: true},
		{form: "#f", more: carries("f", ourURL, today), version: today, ours: true},
		{form: "#f", more: carries("#f", ourURL, "0.9"), version: "0.9", ours: true},
		{form: "#f", more: carries("f", ourURL, ""), asked: ourURL + "|0.9", version: "0.9", ours: true},

		{form: "#f", more: carries("f", ourURL, "0.1"), problem: "form-missing", ours: true},
		{form: "#f", more: carries("f", "https://example.org/q", today), problem: "other-form", detail: "the form that it carries along is another one"},
		{form: "#p", more: carries("f", ourURL, today), problem: "other-form", detail: "what it carries along as its form is none"},
		{form: "#g", more: carries("f", ourURL, today), problem: "form-missing", detail: "it does not carry along the form that it names"},
		{form: "#", more: carries("", ourURL, today), problem: "form-missing", detail: "it does not carry along the form that it names"},
		{form: "#f", problem: "form-missing", detail: "it does not carry along the form that it names"},
		{form: "Questionnaire/9", problem: "other-form", detail: "Questionnaire/9 is another one"},
		{form: "Questionnaire/without-url", problem: "other-form", detail: "a Questionnaire is another one"},
		{form: "Questionnaire/7/_history/5", problem: "form-missing", detail: "it names a version of Questionnaire/7, which is not on the server"},
		{form: "Questionnaire/7/_history/../8", problem: "form-missing", detail: "it names a version of Questionnaire/7, which is not on the server"},
		{form: "Questionnaire/404", problem: "form-missing", detail: "it names Questionnaire/404, which is not on the server"},
		{form: "Questionnaire/kari-nordmann", problem: "form-missing", detail: "it names a Questionnaire, which is not on the server"},
		{form: "Questionnaire/7|0.1", problem: "form-missing", ours: true},
		{form: "Patient/7", problem: "other-form", detail: "it names a Patient as its form"},
		{form: here + "/QuestionnaireResponse/7", problem: "other-form", detail: "it names a QuestionnaireResponse as its form"},
		{form: "http://elsewhere.example/fhir/Questionnaire/7", problem: "other-form"},
		{form: "Questionnaire/", problem: "other-form"},
		{form: "Questionnaire", problem: "other-form"},
		{form: "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", problem: "other-form"},
	} {
		r, s := desk(t, with(string(questionnaire()), "id", `"1"`, "version", `"0.9"`), held("7", ourURL, today, "3"), held("8", ourURL, "", "1"),
			held("9", "https://example.org/q", "1", "1"), held("without-url", "", today, "1"))
		s.held["Questionnaire/7/_history/1"] = parsed(t, held("7", ourURL, "0.9", "1"))
		s.held["Questionnaire/7/_history/2"] = parsed(t, with(string(questionnaire()), "id", `"7"`, "version", `"0.8"`, "meta", `{"versionId":"2"}`))
		response := names(t, test.form, test.more)
		found, err := r.loader.forms.of(t.Context(), response, test.asked)
		version := ""
		if found.form != nil {
			version = found.form.Version
		}
		if err != nil || version != test.version || found.problem.Code != test.problem || found.detail != test.detail {
			t.Errorf("%s%s: version %q, %q, %q, %v", test.form, test.more, version, found.problem.Code, found.detail, err)
		}
		if ours := r.AnswersOurForm(t.Context(), response); ours != test.ours {
			t.Errorf("%s%s: ours is %v", test.form, test.more, ours)
		}
		for _, asked := range s.asked {
			if !strings.HasPrefix(asked, "Questionnaire") || strings.Contains(asked, "..") {
				t.Errorf("%s: asks for %s", test.form, asked)
			}
		}
	}
}

// What lies under an id is asked for once a minute, a version of it once.
func TestHowOftenAFormIsRead(t *testing.T) {
	r, s := desk(t, held("7", ourURL, english().Version, "3"))
	now := at12
	r.Now = func() time.Time { return now }
	s.held["Questionnaire/7/_history/1"] = parsed(t, held("7", ourURL, english().Version, "1"))
	for _, test := range []struct {
		form  string
		later time.Duration
		asked int
	}{
		{"Questionnaire/7", 0, 1}, {here + "/Questionnaire/7", 0, 0}, {"Questionnaire/7", 59 * time.Second, 0}, {"Questionnaire/7", time.Second, 1},
		{"Questionnaire/404", 0, 1}, {"Questionnaire/404", 59 * time.Second, 0}, {"Questionnaire/404", time.Second, 1},
		{"Questionnaire/7/_history/3", 0, 1}, {"Questionnaire/7/_history/3", 1000 * time.Hour, 0},
		{"Questionnaire/7/_history/1", 0, 2}, {"Questionnaire/7/_history/1", 1000 * time.Hour, 0},
		{"Questionnaire/7/_history/4", 0, 2}, {"Questionnaire/7/_history/4", time.Second, 0},
		{"#f", 0, 0}, {"Patient/7", 0, 0}, {"https://example.org/q|1", 0, 0}, {ourURL + "|0.1", 0, 0},
	} {
		now, s.asked = now.Add(test.later), nil
		r.AnswersOurForm(t.Context(), names(t, test.form, ""))
		if len(s.asked) != test.asked {
			t.Errorf("%s, %s later: asked %q", test.form, test.later, s.asked)
		}
	}
	for i := range 2 * manyReferred {
		r.AnswersOurForm(t.Context(), names(t, fmt.Sprintf("Questionnaire/%d", 1000+i), ""))
	}
	if kept := len(r.loader.forms.referred); kept > manyReferred {
		t.Errorf("%d are kept", kept)
	}
}

// hiding is a server that answers what is asked for a form with an error.
type hiding struct {
	*shelf
	status *int
	when   func(path string) bool
}

func (a hiding) RoundTrip(r *http.Request) (*http.Response, error) {
	if *a.status > 0 && a.when(r.URL.RequestURI()) {
		return &http.Response{StatusCode: *a.status, Body: http.NoBody, Request: r}, nil
	}
	return a.shelf.RoundTrip(r)
}

// A server that is unwell has not changed its forms: what was known goes on, and else it
// is tried again. One that refuses to show a form keeps nobody from the work.
func TestAServerThatDoesNotShowAForm(t *testing.T) {
	for _, test := range []struct {
		form, path string
		status     int
		before     bool // it was asked for a minute ago
		version    string
		detail     string
		fails      bool
	}{
		{form: "Questionnaire/7", path: "_id=7", status: 500, fails: true},
		{form: "Questionnaire/7", path: "_id=7", status: 500, before: true, version: "today"},
		{form: "Questionnaire/7", path: "_id=7", status: 403, detail: "it names Questionnaire/7, which the server does not show"},
		{form: "Questionnaire/7/_history/1", path: "_history", status: 501, version: "today"},
		{form: "Questionnaire/7/_history/1", path: "_history", status: 403, version: "today"},
		{form: "Questionnaire/7/_history/1", path: "_history", status: 410, detail: "it names a version of Questionnaire/7, which is not on the server"},
		{form: "Questionnaire/7/_history/1", path: "_history", status: 502, fails: true},
		{form: "Questionnaire/8/_history/1", path: "_history", status: 405, detail: "it names a version of Questionnaire/8, which is not on the server"},
	} {
		r, s := desk(t, held("7", ourURL, english().Version, "3"))
		status, now := 0, at12
		r.Now = func() time.Time { return now }
		client, err := fhir.New(fhir.Options{BaseURL: here, Transport: hiding{s, &status, func(path string) bool { return strings.Contains(path, test.path) }}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
		r.loader.forms.client = client
		if test.before {
			r.AnswersOurForm(t.Context(), names(t, test.form, ""))
			now = now.Add(time.Hour)
		}
		status = test.status
		found, err := r.loader.forms.of(t.Context(), names(t, test.form, ""), "")
		if (err != nil) != test.fails || (found.form != nil) != (test.version != "") || found.detail != test.detail {
			t.Errorf("%s, %d: %v, %q, %v", test.form, test.status, found.form, found.detail, err)
		}
		if ours := r.AnswersOurForm(t.Context(), names(t, test.form, "")); ours != (test.fails || test.version != "") {
			t.Errorf("%s, %d: ours is %v", test.form, test.status, ours)
		}
	}
}

// What lies there now, in the place of a version that the server does not show, may be
// another form in a minute.
func TestAVersionThatIsNotShown(t *testing.T) {
	r, s := desk(t, held("7", ourURL, english().Version, "3"))
	status, now := http.StatusForbidden, at12
	r.Now = func() time.Time { return now }
	client, err := fhir.New(fhir.Options{BaseURL: here, Transport: hiding{s, &status, func(path string) bool { return strings.Contains(path, "_history") }}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	r.loader.forms.client = client
	for _, want := range []bool{true, false} {
		if ours := r.AnswersOurForm(t.Context(), names(t, "Questionnaire/7/_history/1", "")); ours != want {
			t.Errorf("ours is %v", ours)
		}
		s.held["Questionnaire/7"] = parsed(t, held("7", "https://example.org/q", "1", "4"))
		now = now.Add(time.Minute)
	}
}

// A response that says where our form lies is one to our form, and what a screen has sent
// to another is told.
func TestWrongForms(t *testing.T) {
	foreign := with(answers, "id", `"r9"`, "identifier", "")
	for name, test := range map[string]struct {
		raw  string
		read int
		want string
	}{
		"pointed to, to another":               {with(foreign, "id", `"88"`, "encounter", "", "questionnaire", `"Questionnaire/9"`), 1, "QuestionnaireResponse/88 other-form Questionnaire/9 is another one"},
		"pointed to, to ours":                  {with(foreign, "id", `"88"`, "encounter", "", "questionnaire", `"Questionnaire/7"`), 1, ""},
		"pointed to, to nothing":               {with(foreign, "id", `"88"`, "encounter", "", "questionnaire", ""), 0, ""},
		"our draft, to ours":                   {with(answers, "questionnaire", `"Questionnaire/7"`), 1, ""},
		"our draft, to another":                {with(answers, "questionnaire", `"Questionnaire/9"`), 1, "a QuestionnaireResponse other-form Questionnaire/9 is another one"},
		"our draft, to another, not begun":     {with(answers, "questionnaire", `"Questionnaire/9"`, "status", `"in-progress"`, "item", ""), 1, ""},
		"our draft, to another, begun":         {with(answers, "questionnaire", `"Questionnaire/9"`, "status", `"in-progress"`), 1, "a QuestionnaireResponse other-form Questionnaire/9 is another one"},
		"our draft, to another, stopped":       {with(answers, "questionnaire", `"Questionnaire/9"`, "status", `"stopped"`), 1, ""},
		"our draft, to another, in error":      {with(answers, "questionnaire", `"Questionnaire/9"`, "status", `"entered-in-error"`), 1, ""},
		"our draft, to what is gone":           {with(answers, "questionnaire", `"Questionnaire/404"`), 1, "a QuestionnaireResponse form-missing it names Questionnaire/404, which is not on the server"},
		"another screen, to ours":              {with(foreign, "questionnaire", `"Questionnaire/7"`), 1, ""},
		"another screen, to ours, elsewhere":   {with(foreign, "questionnaire", `"Questionnaire/7"`, "encounter.reference", `"Encounter/e2"`), 0, ""},
		"another screen, to another":           {with(foreign, "questionnaire", `"Questionnaire/9"`), 0, ""},
		"another screen, to what is gone":      {with(foreign, "questionnaire", `"Questionnaire/404"`), 0, ""},
		"another screen, to a lost version":    {with(foreign, "questionnaire", `"`+ourURL+`|0.1"`), 1, "a QuestionnaireResponse form-missing"},
		"our draft, of a number that is plain": {with(answers, "id", `"77"`, "questionnaire", `"Questionnaire/9"`), 1, "QuestionnaireResponse/77 other-form Questionnaire/9 is another one"},
	} {
		pointing := with(nurse, "output.-1", `{"type":{"text":"QuestionnaireResponse"},"valueReference":{"reference":"QuestionnaireResponse/88"}}`)
		r, s := desk(t, instead([]string{admission, woman, pointing}, test.raw)...)
		for _, form := range []string{held("7", ourURL, english().Version, "1"), held("9", "https://example.org/q", "1", "1")} {
			res := parsed(t, form)
			s.held[res.Ref()] = res
		}
		p := seen(t, r, s)
		var got []string
		for _, w := range p.wrongForms() {
			got = append(got, strings.TrimSpace(w.Response+" "+string(w.Problem)+" "+w.Detail))
		}
		if len(p.stay.Responses) != test.read || strings.Join(got, "; ") != test.want {
			t.Errorf("%s: %d read, %q", name, len(p.stay.Responses), got)
		}
		if test.read == 1 && p.stay.Responses[0].Form != nil && p.stay.Responses[0].Content.Questionnaire != english().Canonical() {
			t.Errorf("%s: it is judged as an answer to %s", name, p.stay.Responses[0].Content.Questionnaire)
		}
		if test.read == 0 && name == "another screen, to ours, elsewhere" && strings.Contains(strings.Join(s.asked, " "), "_id=7") {
			t.Errorf("%s: its form is read", name)
		}
	}
}
