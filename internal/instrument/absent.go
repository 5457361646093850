package instrument

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
)

// absence is what a response says of an answer that is not there.
type absence int

const (
	notSaid    absence = iota
	unanswered         // unknown, not-asked, masked and what else is no word of the patient's
	refused            // asked-declined: the patient was asked and did not want to answer
)

const (
	extAbsent = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
	// extReason stands on the response as a whole. R4 binds it to no code system and means by it
	// why the form was answered; EHRs put there why it was not.
	extReason     = "http://hl7.org/fhir/StructureDefinition/questionnaireresponse-reason"
	absentSystem  = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
	askedDeclined = "asked-declined"
)

func absenceBy(code string) absence {
	if code == askedDeclined {
		return refused
	}
	return unanswered
}

// absent reads data-absent-reason, which R4 lets stand on any element. Of several the
// patient's no counts.
func absent(element gjson.Result) (why absence) {
	for _, e := range element.Get("extension").Array() {
		if e.Get("url").String() == extAbsent {
			why = max(why, absenceBy(e.Get("valueCode").String()))
		}
	}
	return why
}

// absentValue reads it of one entry of item.answer: on the entry, on its value, beside a
// primitive value, and in place of what makes a Coding or a Quantity one.
func absentValue(answer gjson.Result) absence {
	why := absent(answer)
	answer.ForEach(func(key, val gjson.Result) bool {
		if strings.HasPrefix(strings.TrimPrefix(key.String(), "_"), "value") {
			why = max(why, absent(val), absent(val.Get("_code")), absent(val.Get("_value")))
		}
		return true
	})
	return why
}

// refusedWhole tells that the patient does not want to answer the form at all: nobody
// else's code but these two is taken for her no.
func refusedWhole(response gjson.Result) bool {
	for _, e := range response.Get("extension").Array() {
		if e.Get("url").String() != extReason {
			continue
		}
		for _, c := range e.Get("valueCodeableConcept.coding").Array() {
			switch (value{"coding", c.Get("system").String(), c.Get("code").String()}) {
			case value{"coding", absentSystem, askedDeclined}, value{"coding", artifacts.CodeSystemURL, "declined"}:
				return true
			}
		}
	}
	return absent(response) == refused
}

// hollow tells of a value that holds nothing, such as a Coding with only an extension.
func hollow(kind string, val gjson.Result) bool {
	switch {
	case val.Type == gjson.Null, val.Type == gjson.String && strings.TrimSpace(val.Str) == "":
		return true
	case kind == "quantity":
		return !val.Get("value").Exists()
	case !val.IsObject():
		return false
	}
	holds := false
	val.ForEach(func(key, _ gjson.Result) bool {
		switch name := key.String(); {
		case name == "extension", name == "id", strings.HasPrefix(name, "_"):
		default:
			holds = true
		}
		return !holds
	})
	return !holds
}
