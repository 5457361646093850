package reconcile

import (
	"fmt"
	"slices"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/defect"
)

// This file is about what cannot be understood. A wrong value that has a safe
// reading is read so: an admission without a date is asked about all the same.
// One that would hide a patient or an answer is for a person to look at.

// statuses are R4's, of the types that a decision rests on.
var statuses = map[string][]string{
	"Encounter": {"planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled", "entered-in-error", "unknown"},
	"Task": {"draft", "requested", "received", "accepted", "rejected", "ready", "cancelled", "in-progress", "on-hold", "failed",
		"completed", "entered-in-error"},
	"QuestionnaireResponse": {"in-progress", "completed", "amended", "entered-in-error", "stopped"},
}

// broken says which element of which resource cannot be understood. What
// stands there is not quoted: it may name a patient.
func broken(res fhir.Resource, element, problem string) error {
	return fmt.Errorf("%w: %s: %s %s", ErrPermanent, res.Shown(), element, problem)
}

// understood checks what a decision cannot do without.
func understood(res fhir.Resource) error {
	if res.ID() == "" {
		return broken(res, "id", "is no id of FHIR R4")
	}
	if !slices.Contains(statuses[res.Type()], res.Get("status").String()) {
		return broken(res, "status", "is none that FHIR R4 knows")
	}
	for _, list := range []string{"input", "output", "item"} {
		if v := res.Get(list); v.Exists() && !v.IsArray() {
			return broken(res, list, "is not a list")
		}
	}
	return nil
}

// understoodAdmission leaves alone what is not asked about anyway.
func (l loader) understoodAdmission(encounter fhir.Resource) error {
	for _, element := range []string{"class", "subject"} {
		if v := encounter.Get(element); v.Exists() && !v.IsObject() && (element != "class" || !v.IsArray()) {
			return broken(encounter, element, "is not what FHIR R4 has there")
		}
	}
	if !Asked(l.policy, encounter) {
		return nil
	}
	return understood(encounter)
}

// guard turns a defect of this program that one admission brings to light into
// an error, so that the others are worked on.
func guard(err *error) {
	if recover() != nil {
		*err = fmt.Errorf("%w: %w", ErrPermanent, defect.Found())
	}
}
