package reconcile

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about Encounter.class, which is one code of v3-ActCode in R4, and
// in the field also one of v2 or of the EHR's own, a list, or none.

// classesOf reads a Coding, a CodeableConcept, or a list of either.
func classesOf(encounter fhir.Resource) (classes []stay.Code) {
	for _, class := range encounter.Get("class").Array() {
		for _, c := range append(class.Get("coding").Array(), class) {
			if c.IsObject() && c.Get("code").Type == gjson.String {
				classes = append(classes, code(c))
			}
		}
	}
	return classes
}

// Asked tells whether a policy asks in Encounters of the class of this one.
func Asked(p *pathway.Policy, encounter fhir.Resource) bool { return p.AsksClass(classesOf(encounter)) }

// ClassShown is the class of an Encounter as people may see it: "none" where it has
// none.
func ClassShown(p *pathway.Policy, encounter fhir.Resource) string {
	if shown := shownClasses(classesOf(encounter), p); shown != "" {
		return shown
	}
	return "none"
}

var (
	// knownClasses are HL7's: of v3-ActCode for an Encounter, and of v2 table 0004.
	knownClasses = strings.Fields("AMB EMER FLD HH IMP ACUTE NONAC OBSENC PRENC SS VR E I O P R B C N U")
	// numberedClass is an EHR's own, as Epic has them; too short to be anybody's number.
	numberedClass = regexp.MustCompile(`^[0-9]{1,4}$`)
)

// shownClasses leaves out what may be any text.
func shownClasses(classes []stay.Code, p *pathway.Policy) string {
	var shown []string
	for _, c := range classes {
		if !slices.Contains(knownClasses, c.Code) && !numberedClass.MatchString(c.Code) && !p.AsksClass([]stay.Code{c}) {
			c.Code = unknownCode
		}
		if !slices.Contains(shown, c.Code) {
			shown = append(shown, c.Code)
		}
	}
	return strings.Join(shown, ", ")
}
