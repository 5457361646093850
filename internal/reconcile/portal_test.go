package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// portal is a response of the patient that names no admission.
var portal = with(answers, "id", `"r7"`, "identifier", "", "encounter", "", "source", `{"reference":"Patient/p1"}`, "questionnaire", `"https://tilsyn.org/fhir/Questionnaire/audit-c|1"`)

// What a patient has answered without naming an admission, and who else waits for it.
func TestReadingAPortal(t *testing.T) {
	open := with(nurse, "id", `"elsewhere"`, "identifier.0.value", `"screening:e2"`, "encounter", `{"reference":"Encounter/e2"}`, "output", "")
	pointing := with(open, "status", `"completed"`, "output", `[{"type":{"text":"x"},`+to("QuestionnaireResponse/r7")+`}]`)
	for name, test := range map[string]struct {
		there []string
		want  string
	}{
		"nothing":                         {nil, "[] 0, questions not asked for"},
		"one":                             {[]string{portal}, "[r7] 0"},
		"another admission waits":         {[]string{portal, open}, "[r7] 1"},
		"another admission waits twice":   {[]string{portal, open, with(open, "id", `"again"`, "status", `"in-progress"`)}, "[r7] 1"},
		"two others wait":                 {[]string{portal, open, with(open, "id", `"third"`, "encounter.reference", `"Encounter/e3"`)}, "[r7] 2"},
		"another's Task points to it":     {[]string{portal, pointing}, "[] 0"},
		"another's question is answered":  {[]string{portal, with(open, "status", `"cancelled"`)}, "[r7] 0"},
		"somebody else is asked":          {[]string{portal, with(open, "for.reference", `"Patient/p2"`)}, "[r7] 0"},
		"another form is asked":           {[]string{portal, with(open, "input.0.valueCanonical", `"https://example.org/q"`)}, "[r7] 0"},
		"of an admission":                 {[]string{with(portal, "encounter", `{"reference":"Encounter/e2"}`)}, "[] 0, questions not asked for"},
		"about another patient":           {[]string{with(portal, "subject.reference", `"Patient/p2"`)}, "[] 0, questions not asked for"},
		"to another form":                 {[]string{with(portal, "questionnaire", `"https://example.org/q|1"`)}, "[] 0, questions not asked for"},
		"of a status that is none":        {[]string{with(portal, "status", `"done"`)}, "[] 0, questions not asked for"},
		"that the Task points to already": {[]string{with(portal, "id", `"r1"`)}, "[] 0, questions not asked for"},
	} {
		r, s := desk(t, append([]string{admission, woman, nurse}, test.there...)...)
		p := lookedAt(t, r, s)
		if err := r.loader.fetch(t.Context(), &p, []pathway.Need{{Part: "unplaced"}}); err != nil {
			t.Fatal(err)
		}
		refs := []string{}
		for _, response := range p.stay.Unplaced {
			refs = append(refs, strings.TrimPrefix(response.Ref, "QuestionnaireResponse/"))
			if response.Source != "Patient/p1" {
				t.Errorf("%s: from %q", name, response.Source)
			}
		}
		got := fmt.Sprint(refs, " ", p.stay.Waiting)
		if !slices.ContainsFunc(s.asked, func(q string) bool { return strings.HasPrefix(q, "Task?patient") }) {
			got += ", questions not asked for"
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// What the last look makes this one expect costs no request more.
func TestAPortalCostsNothing(t *testing.T) {
	r, s := desk(t, admission, woman, nurse)
	for range 2 {
		s.asked = nil
		if _, err := r.Preview(t.Context(), "e1"); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.asked); n == 0 || !slices.ContainsFunc(s.asked, func(q string) bool {
		return strings.HasPrefix(q, "QuestionnaireResponse?patient=") && strings.Contains(q, "_lastUpdated=ge2031-05-17T08")
	}) {
		t.Error(s.asked)
	}
}

// A server that refuses a window of time is asked without, and after three times in a row
// no more: what is read then is the same.
func TestWindowsThatAreRefused(t *testing.T) {
	for _, test := range []struct {
		status, refusals, yields, asked int
		err                             bool
	}{{400, 9, 9, 3, false}, {500, 9, 9, 3, false}, {400, 2, 9, 5, false}, {400, 99, 3, 5, false}, {502, 99, 99, 5, true}} {
		r, s := desk(t, admission, woman, nurse, portal)
		p := &picky{s, "_lastUpdated", test.refusals, test.status, 0, test.yields}
		client, err := fhir.New(fhir.Options{BaseURL: here, Transport: p})
		if err != nil {
			t.Fatal(err)
		}
		r.loader.client = client
		for range 5 {
			p := lookedAt(t, r, s)
			err := r.loader.fetch(t.Context(), &p, []pathway.Need{{Part: "unplaced"}})
			if (err != nil) != test.err || err == nil && len(p.stay.Unplaced) != 1 {
				t.Errorf("%d: %v, %v", test.status, p.stay.Unplaced, err)
			}
		}
		if !test.err && p.met != test.asked {
			t.Errorf("%d: %d windows, want %d", test.status, p.met, test.asked)
		}
		client.Close()
	}
}
