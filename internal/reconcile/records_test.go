package reconcile

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Earlier work is looked for under all records of a person, also under those that one of
// them had taken over; one that cannot be read tells of no other.
func TestEarlierWorkUnderAllRecords(t *testing.T) {
	before := screenedIn("a1", "2031-01-01T08:00:00Z", "2")
	under := func(patient string) []string {
		return []string{with(before[0], "for.reference", `"`+patient+`"`), with(before[1], "subject.reference", `"`+patient+`"`),
			`{"resourceType":"ServiceRequest","id":"s0","status":"active","intent":"plan","doNotPerform":true,"subject":{"reference":"` + patient + `"}}`,
			`{"resourceType":"Flag","id":"f0","status":"active","subject":{"reference":"` + patient + `"}}`,
			`{"resourceType":"Condition","id":"c0","subject":{"reference":"` + patient + `"}}`}
	}
	for name, test := range map[string]struct {
		patients []string
		at       string
		asked    string // of whom, and whether it is found
	}{
		"one record":            {[]string{woman}, "Patient/p1", "Patient/p1 true"},
		"another's":             {[]string{woman}, "Patient/p0", "Patient/p1 false"},
		"one that she replaces": {[]string{linked("p1", "replaces", "Patient/p0")}, "Patient/p0", "Patient/p1,Patient/p0 true"},
		"one before that":       {[]string{linked("p1", "replaces", "Patient/p0"), linked("p0", "replaces", "Patient/p9", "replaced-by", "Patient/p1")}, "Patient/p9", "Patient/p1,Patient/p0,Patient/p9 true"},
		"the admission's own":   {[]string{linked("p1", "replaced-by", "Patient/p2"), linked("p2")}, "Patient/p1", "Patient/p2,Patient/p1 true"},
		"in a circle":           {[]string{linked("p1", "replaces", "Patient/p0"), linked("p0", "replaces", "Patient/p1")}, "Patient/p0", "Patient/p1,Patient/p0 true"},
		"linked otherwise":      {[]string{linked("p1", "seealso", "Patient/p0", "refer", "Patient/p0")}, "Patient/p0", "Patient/p1 false"},
	} {
		r, s := desk(t, append(append([]string{admission}, test.patients...), under(test.at)...)...)
		r.Policy.Screening.DoNotAsk = []pathway.Coding{{System: "s", Code: "w"}}
		p := lookedAt(t, r, s)
		needs := []pathway.Need{{Part: stay.Spared}, {Part: stay.Background}, {Part: stay.History}}
		if err := r.loader.fetch(t.Context(), &p, needs); err != nil {
			t.Fatal(name, err)
		}
		whom, _, found := strings.Cut(test.asked, " ")
		for _, query := range s.asked {
			_, parameters, _ := strings.Cut(query, "?")
			values, _ := url.ParseQuery(parameters)
			if values.Has("patient") && values.Get("patient") != whom {
				t.Errorf("%s: %s", name, query)
			}
		}
		got := fmt.Sprint(len(p.stay.Before), len(p.stay.Scores), len(p.stay.Orders), len(p.stay.Flags), len(p.stay.Conditions))
		if want := map[bool]string{true: "1 1 1 1 1", false: "0 0 0 0 0"}[strings.HasSuffix(test.asked, "true")]; got != want || !found {
			t.Errorf("%s: found %s, want %s", name, got, want)
		}
		if len(p.stay.Orders) > 0 && (p.stay.Orders[0].Intent != "plan" || !p.stay.Orders[0].DoNotPerform) {
			t.Errorf("%s: %+v", name, p.stay.Orders[0])
		}
		r.loader.remember(&p)
		if g := r.loader.seen.of("e1"); g.patient != whom {
			t.Errorf("%s: the next look asks for %s", name, g.patient)
		}
	}
}

// So many records that they would not fit a URL are no longer asked about.
func TestNoMoreRecordsThanFit(t *testing.T) {
	var links []string
	for i := range 100 {
		links = append(links, "replaces", fmt.Sprintf("Patient/q%d", i))
	}
	r, s := desk(t, admission, linked("p1", links...))
	p := lookedAt(t, r, s)
	whom, err := r.loader.records(t.Context(), &p)
	if n := len(strings.Split(whom, ",")); err != nil || n != mostRecords || !strings.HasPrefix(whom, "Patient/p1,Patient/q0,") {
		t.Error(n, whom, err)
	}
}
