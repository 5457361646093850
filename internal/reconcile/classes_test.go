package reconcile

import (
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// Encounter.class as it is found in the field, and what of it people are shown.
func TestClassesAsTheyAreFound(t *testing.T) {
	p := pathway.DefaultPolicy()
	p.Screening.Classes = append(p.Screening.Classes, "urn:oid:1.2.3|Sengepost")
	for class, want := range map[string]struct {
		asked bool
		shown string
	}{
		`{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"}`:             {true, "IMP"},
		`{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"}`:             {false, "AMB"},
		`{"system":"http://terminology.hl7.org/CodeSystem/v2-0004","code":"I","display":"Kari"}`: {false, "I"},
		`{"system":"urn:oid:1.2.840.114350.1.72.1.7.7.10.696784.13260","code":"101"}`:            {false, "101"},
		`{"system":"urn:oid:1.2.3","code":"Sengepost"}`:                                          {true, "Sengepost"},
		`{"code":"Kari Nordmann"}`:          {false, unknownCode},
		`{"code":"01019012345"}`:            {false, unknownCode},
		`{"display":"inpatient"}`:           {false, "none"},
		`{"code":17}`:                       {false, "none"},
		`null`:                              {false, "none"},
		`"IMP"`:                             {false, "none"},
		`[{"code":"AMB"},{"code":"ACUTE"}]`: {true, "AMB, ACUTE"},
		`[{"coding":[{"code":"IMP"}]}]`:     {true, "IMP"},
		`{"coding":[{"code":"AMB"},{"code":"AMB"},{"code":"EMER"}]}`: {false, "AMB, EMER"},
		`[]`: {false, "none"},
	} {
		e, err := fhir.Parse([]byte(`{"resourceType":"Encounter","id":"1","class":` + class + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := Asked(p, e); got != want.asked {
			t.Errorf("%s: asked %t", class, got)
		}
		if got := ClassShown(p, e); got != want.shown {
			t.Errorf("%s: shown as %s", class, got)
		}
	}
}
