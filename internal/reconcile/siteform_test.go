package reconcile

import (
	"testing"

	"github.com/tilsyn/tilsyn/internal/instrument"
)

// The hospital has brought its own wording, under a url of its own. What was asked with
// ours before is ours still, each response by the form that it names.
func TestAFormThatAnotherTookThePlaceOf(t *testing.T) {
	const theirs = "https://hospital.example/Questionnaire/audit-c"
	r, _ := desk(t, with(string(questionnaire()), "id", `"7"`, "version", `"0.9"`), held("8", theirs, "", "1"))
	own, err := instrument.AuditC().Form([]byte(with(string(questionnaire()), "url", `"`+theirs+`"`, "version", `"1"`)))
	if err != nil {
		t.Fatal(err)
	}
	o := r.Options
	o.Forms = []*instrument.Form{own, english()}
	r = New(o)
	for _, test := range []struct{ stated, asked, form, problem string }{
		{"", "", theirs + "|1", ""},
		{theirs, "", theirs + "|1", ""},
		{theirs + "|1", english().Canonical(), theirs + "|1", ""}, // in another screen, after the change
		{theirs, english().Canonical(), theirs + "|1", ""},
		{english().Canonical(), english().Canonical(), english().Canonical(), ""},
		{ourURL + "|0.9", ourURL + "|0.9", ourURL + "|0.9", ""}, // of an earlier release, then
		{ourURL, ourURL + "|0.9", ourURL + "|0.9", ""},
		{"", ourURL + "|0.9", ourURL + "|0.9", ""},
		{ourURL, theirs + "|1", english().Canonical(), ""}, // a screen that was not changed yet
		{ourURL, "", english().Canonical(), ""},
		{"Questionnaire/7", "", ourURL + "|0.9", ""},
		{"Questionnaire/8", "", theirs + "|1", ""},
		{theirs + "|2", "", "", string(instrument.FormMissing)},
		{"https://example.org/q", theirs + "|1", "", string(instrument.OtherForm)},
	} {
		response := names(t, test.stated, "")
		found, err := r.loader.forms.of(t.Context(), response, test.asked)
		got := ""
		if found.form != nil {
			got = found.form.Canonical()
		}
		if err != nil || got != test.form || string(found.problem.Code) != test.problem {
			t.Errorf("%q, asked with %q: %s, %q, %v", test.stated, test.asked, got, found.problem, err)
		}
		if ours := r.AnswersOurForm(t.Context(), response); ours != (test.problem != string(instrument.OtherForm) && test.stated != "") {
			t.Errorf("%q: ours is %v", test.stated, ours)
		}
	}
	for _, url := range []string{ourURL, theirs} {
		task := parsed(t, `{"resourceType":"Task","id":"t","input":[{"type":{"coding":[{"system":"`+paramForm.system+`","code":"`+paramForm.code+`"}]},"valueCanonical":"`+url+`|1"}]}`)
		if name, ok := r.loader.asksWith(task); !ok || name != "auditc" {
			t.Errorf("a Task that asks for %s: %q, %v", url, name, ok)
		}
	}
	if got := r.loader.forms.current; got != own {
		t.Errorf("asked with %s", got.Canonical())
	}
}
