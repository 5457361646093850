package reconcile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
	"github.com/tilsyn/tilsyn/internal/words"
)

const oursIs = `"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn",`

// Why the team says no, in its own words.
func TestReasonsOfTheTeam(t *testing.T) {
	long := strings.Repeat("å", longestReason)
	for elements, want := range map[string]string{
		``:                                  "",
		`"statusReason":{"text":" Known "}`: "Known",
		`"statusReason":{"text":"Known","coding":[{"code":"x","display":"X"}]}`:                                       "Known",
		`"statusReason":{"coding":[{"system":"s","code":"x"},{"system":"s","code":"y","display":"No capacity"}]}`:     "No capacity",
		`"statusReason":{"coding":[{"system":"s","code":"no-capacity"}]}`:                                             "no-capacity",
		`"statusReason":{"coding":[{` + oursIs + `"code":"too-ill","display":"For syk"}]}`:                            "Too ill",
		`"statusReason":{"coding":[{` + oursIs + `"code":"of-a-later-release","display":"Neither"}]}`:                 "Neither",
		`"note":[{"text":"First"},{"text":"Last"}]`:                                                                   "Last",
		`"statusReason":{"text":"Known"},"note":[{"text":"Call us"}]`:                                                 "Known\nCall us",
		`"statusReason":{"text":"Known"},"note":[{"text":"Known"}]`:                                                   "Known",
		`"note":[{"text":"Theirs"},{"text":"The score was corrected"}]`:                                               "Theirs",
		`"note":[{"text":"Theirs"},{"text":"Skåren er rettet"}]`:                                                      "Theirs",
		`"note":[{"text":"Theirs"},{"authorString":"Kari","text":"The patient has died"}]`:                            "The patient has died",
		`"note":[{"text":"Theirs"},{"authorReference":{"reference":"Practitioner/1"},"text":"The patient has died"}]`: "The patient has died",
		`"note":[{"text":"Theirs"},` + noted("event", "Told by us") + `,{"text":""}]`:                                 "Theirs",
		`"note":[{"text":"Too ill"}]`:                                                                                 "Too ill", // is not what we tell a team
		`"statusReason":{"text":"` + long + `"}`:                                                                      long,
		`"statusReason":{"text":"` + long + `and more"}`:                                                              long + "…",
		`"note":"x","statusReason":"y"`:                                                                               "",
	} {
		if got := reasonOf(resource(t, "Task", elements), words.In("en")); got != want {
			t.Errorf("%.200s: %.200q, want %.200q", elements, got, want)
		}
	}
}

// What is known of a Task that says why it has its status: of the team's alone.
func TestReadingReasons(t *testing.T) {
	r, _ := desk(t)
	for name, want := range map[string]bool{"consult-task:e1": true, "consult-task:e1:2": true, "screening:e1": false, "advice:e1": false} {
		task, ok := r.loader.task(resource(t, "Task", our(name, `"statusReason":{"text":"Known"},"reasonReference":{"reference":"ServiceRequest/s1"}`)), "e1")
		if !ok || task.Reasoned != want || task.Cause != "ServiceRequest/s1" {
			t.Errorf("%s: %+v", name, task)
		}
	}
}

// The present consult: which of several it is, what it was ended at, whether the team's
// no stands on it, and which it took the place of.
func TestReadingTheConsult(t *testing.T) {
	no := with(team, "status", `"rejected"`, "statusReason", `{"text":"Known to us"}`)
	says := with(consult, "note.-1", `{"text":"Rusteamet har avvist tilsynet. Begrunnelse: Known to us"}`)
	tier := func(code string) string {
		return `[{"url":"https://example.org/x","valueCode":"y"},{"url":"https://tilsyn.org/fhir/StructureDefinition/tier","valueCode":"` + code + `"}]`
	}
	third := with(consult, "id", `"s3"`, "identifier.0.value", `"consult:e1:3"`, "replaces", `[{"reference":"ServiceRequest/s2"}]`, "extension", tier("urgent"))
	second := with(consult, "id", `"s2"`, "identifier.0.value", `"consult:e1:2"`, "replaces", `[{"reference":"`+here+`/ServiceRequest/s1"}]`, "status", `"completed"`)
	for name, test := range map[string]struct {
		ref   string
		there []string
		want  string // number, tier, whether the no stands on it, what it took the place of
	}{
		"alone":                        {"ServiceRequest/s1", []string{consult, team}, "1  false []"},
		"the team's no is not on it":   {"ServiceRequest/s1", []string{consult, no}, "1  false []"},
		"it is":                        {"ServiceRequest/s1", []string{says, no}, "1  true []"},
		"in another language":          {"ServiceRequest/s1", []string{with(consult, "note.-1", `{"text":"… For syk"}`), with(no, "statusReason", `{"coding":[{`+oursIs+`"code":"too-ill"}]}`)}, "1  true []"},
		"none, and there is a note":    {"ServiceRequest/s1", []string{says, team}, "1  false []"},
		"the third":                    {"ServiceRequest/s3", []string{consult, second, third, team}, "3 urgent false [s2 s1]"},
		"the first of them is deleted": {"ServiceRequest/s3", []string{second, third}, "3 urgent false [s2]"},
		"what is between is deleted":   {"ServiceRequest/s3", []string{consult, third}, "3 urgent false []"},
		"it took the place of theirs":  {"ServiceRequest/s2", []string{with(consult, "identifier", ""), second}, "2  false []"},
		"in a circle":                  {"ServiceRequest/s2", []string{with(consult, "replaces", `[{"reference":"ServiceRequest/s2"}]`), second}, "2  false [s1 s2 s1 s2]"},
		"elsewhere":                    {"ServiceRequest/s2", []string{with(second, "replaces", `[{"reference":"http://elsewhere.example/ServiceRequest/s1"}]`), consult}, "2  false []"},
		"a clinician's":                {"ServiceRequest/s1", []string{with(says, "identifier", "", "replaces", `[{"reference":"ServiceRequest/s2"}]`), second, no}, "0  false []"},
		"deleted":                      {"ServiceRequest/s1", []string{team}, "0  false []"},
	} {
		r, s := desk(t, append([]string{admission, woman, with(nurse, "output.-1", remembers("consult", to(test.ref))), answers}, test.there...)...)
		p := lookedAt(t, r, s)
		if err := r.loader.fetch(t.Context(), &p, []pathway.Need{{Part: stay.Consults, Refs: []string{test.ref}}}); err != nil {
			t.Fatal(name, err)
		}
		var replaced []string
		for _, one := range p.stay.Replaced {
			replaced = append(replaced, strings.TrimPrefix(one.Ref, "ServiceRequest/"))
		}
		c := p.stay.Consult
		if got := fmt.Sprint(c.Number, " ", c.Tier, " ", c.Replied, " ", replaced); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// A consult whose no has a reason is asked for along with the next look, which sees
// whether the reason is on it; one that is done is not.
func TestExpectingTheConsult(t *testing.T) {
	for status, want := range map[string]string{"requested": "ServiceRequest/s1", "rejected": "ServiceRequest/s1", "completed": ""} {
		r, s := desk(t, instead(referred, with(team, "status", `"`+status+`"`, "statusReason", `{"text":"x"}`))...)
		p := seen(t, r, s)
		r.loader.remember(&p)
		if got := r.loader.seen.of("e1").consult; got != want {
			t.Errorf("%s: %q", status, got)
		}
	}
}

// The number of a consult is that of its name.
func TestNumbersOfOrders(t *testing.T) {
	for name, want := range map[string]int{"consult:e1": 1, "consult:e1:2": 2, "consult:e1:12": 12, "consult:e1:x": 1, "consult:e1:0": 1, "consult": 0, "score:e1:2": 0, "": 0} {
		if got := consultNumber(resource(t, "ServiceRequest", our(name, ``))); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}
