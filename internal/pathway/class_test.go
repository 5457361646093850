package pathway

import (
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// A class is asked by its code alone, of whatever system, or by both; several
// count as any of them.
func TestTheClassesThatAreAsked(t *testing.T) {
	const v3, v2, epic = "http://terminology.hl7.org/CodeSystem/v3-ActCode", "http://terminology.hl7.org/CodeSystem/v2-0004", "urn:oid:1.2.840.114350.1.72.1.7.7.10.696784.13260"
	p := Policy{Screening: Screening{Classes: []string{"IMP", v2 + "|I", epic + "|4", "|none"}}}
	for _, test := range []struct {
		classes []stay.Code
		want    bool
	}{
		{[]stay.Code{{System: v3, Code: "IMP"}}, true},
		{[]stay.Code{{System: "their own", Code: "IMP"}}, true},
		{[]stay.Code{{Code: "IMP"}}, true},
		{[]stay.Code{{System: v2, Code: "I"}}, true},
		{[]stay.Code{{System: v3, Code: "I"}}, false},
		{[]stay.Code{{Code: "I"}}, false},
		{[]stay.Code{{System: epic, Code: "4"}}, true},
		{[]stay.Code{{System: epic, Code: "5"}}, false},
		{[]stay.Code{{Code: "none"}}, true},
		{[]stay.Code{{System: v3, Code: "none"}}, false},
		{[]stay.Code{{System: v3, Code: "AMB"}, {System: v2, Code: "I"}}, true},
		{[]stay.Code{{System: v3, Code: "AMB"}, {System: v3, Code: "EMER"}}, false},
		{[]stay.Code{{System: v3, Code: "imp"}}, false},
		{nil, false},
		{[]stay.Code{{}}, false},
	} {
		if got := p.AsksClass(test.classes); got != test.want {
			t.Errorf("%v: %t", test.classes, got)
		}
	}
}

func TestAClassThatCannotBeSearchedForIsAMistake(t *testing.T) {
	for class, ok := range map[string]bool{"IMP": true, `"urn:oid:1.2|4"`: true, `"a|b|c"`: true, `""`: false, `"urn:oid:1.2|"`: false, `"IMP,ACUTE"`: false, `"I P"`: false} {
		text := strings.Replace(string(defaultPolicy), "classes: [IMP, ACUTE, NONAC]", "classes: ["+class+"]", 1)
		_, err := ParsePolicy([]byte(text))
		if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "screening.classes[0]") {
			t.Errorf("%s: %v", class, err)
		}
	}
}
