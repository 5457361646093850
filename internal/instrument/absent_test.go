package instrument_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
)

// because is an extension that says why there is no answer.
func because(code string) string {
	return fmt.Sprintf(`"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":%q}]`, code)
}

// whole is a response that gives a reason as a whole.
func whole(system, code string, items ...string) string {
	return strings.Replace(response(items...), `"status"`, fmt.Sprintf(
		`"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/questionnaireresponse-reason","valueCodeableConcept":{"coding":[{"system":"s","code":"c"},{"system":%q,"code":%q}]}}],"status"`, system, code), 1)
}

const absentReasons = "http://terminology.hl7.org/CodeSystem/data-absent-reason"

// places are where SDC lets a reason stand: the item in place of its answer.
var places = map[string]func(link, why string) string{
	"on the item":                  func(link, why string) string { return item(link, ","+why) },
	"on the item with answer []":   func(link, why string) string { return item(link, ","+why+`,"answer":[]`) },
	"on the item with answer [{}]": func(link, why string) string { return item(link, ","+why+`,"answer":[{}]`) },
	"on the answer":                func(link, why string) string { return answered(link, "{"+why+"}") },
	"on the coding":                func(link, why string) string { return answered(link, `{"valueCoding":{`+why+`}}`) },
	"on the coding with a system": func(link, why string) string {
		return answered(link, `{"valueCoding":{"system":"http://loinc.org",`+why+`}}`)
	},
	"on the coding with a display": func(link, why string) string {
		return answered(link, `{"valueCoding":{"display":"Ikke besvart",`+why+`}}`)
	},
	"on the code of the coding": func(link, why string) string {
		return answered(link, `{"valueCoding":{"system":"http://loinc.org","_code":{`+why+`}}}`)
	},
	"beside a string":        func(link, why string) string { return answered(link, `{"_valueString":{`+why+`}}`) },
	"beside an integer":      func(link, why string) string { return answered(link, `{"_valueInteger":{`+why+`}}`) },
	"beside a null":          func(link, why string) string { return answered(link, `{"valueString":null,"_valueString":{`+why+`}}`) },
	"beside an empty string": func(link, why string) string { return answered(link, `{"valueString":"","_valueString":{`+why+`}}`) },
	"on a quantity":          func(link, why string) string { return answered(link, `{"valueQuantity":{`+why+`}}`) },
	"on a quantity of a unit": func(link, why string) string {
		return answered(link, `{"valueQuantity":{"unit":"glass","_value":{`+why+`}}}`)
	},
	"in a group": func(link, why string) string { return item("g", `,"item":[`+answered(link, "{"+why+"}")+`]`) },
	"among other extensions": func(link, why string) string {
		return answered(link, `{"extension":[{"url":"http://x.no/e","valueString":"x"},`+strings.TrimPrefix(why, `"extension":[`)+`}`)
	},
	"twice, the no last": func(link, why string) string {
		return answered(link, "{"+because("unknown")+"},{"+why+"}")
	},
}

// What is no word of the patient's is unanswered, wherever it stands; her no is heard there.
func TestReasonsForNoAnswer(t *testing.T) {
	weekly, five := coded("1", often[3]), coded("2", many[2])
	for place, at := range places {
		for code, declined := range map[string]bool{
			"asked-declined": true, "unknown": false, "asked-unknown": false, "temp-unknown": false, "not-asked": false, "masked": false,
			"unsupported": false, "not-applicable": false, "not-permitted": false, "error": false, "": false, "Asked-Declined": false, "declined": false,
		} {
			got := judge(t, ourForm(t), response(weekly, five, at("3", because(code))))
			if judgement(got) != "incomplete 1:3 2:2 | missing 3" || got.Declined != declined {
				t.Errorf("%q %s: %s, declined %v", code, place, judgement(got), got.Declined)
			}
			got = judge(t, ourForm(t), response(weekly, five, coded("3", binges[2]), at("consult-offer", because(code))))
			if judgement(got) != "complete 7 1:3 2:2 3:2" || (got.Offer == instrument.OfferDeclined) != declined || got.Offer == instrument.OfferAccepted || got.Declined {
				t.Errorf("%q %s, on the offer: %s, %q", code, place, judgement(got), got.Offer)
			}
			r, err := instrument.ParseResponse([]byte(response(at("1", because(code)))))
			if err != nil || r.Empty() == declined {
				t.Errorf("%q %s: empty is %v", code, place, r.Empty())
			}
		}
	}
}

// Some say it by a code in place of an answer.
func TestAReasonAsTheAnswer(t *testing.T) {
	for code, want := range map[string]bool{"asked-declined": true, "unknown": false, "": false} {
		raw := response(coded("1", often[3]), coded("2", many[2]), answered("3", fmt.Sprintf(`{"valueCoding":{"system":%q,"code":%q}}`, absentReasons, code)))
		if got := judge(t, ourForm(t), raw); judgement(got) != "incomplete 1:3 2:2 | missing 3" || got.Declined != want {
			t.Errorf("%q: %s, declined %v", code, judgement(got), got.Declined)
		}
	}
	if got := judge(t, ourForm(t), response(answered("1", `{"valueCoding":{"system":"s","code":"asked-declined"}}`))); judgement(got) != "invalid | not-offered 1" {
		t.Error(judgement(got))
	}
}

// What holds nothing is no answer, with a reason or without.
func TestHollowValues(t *testing.T) {
	weekly, five := coded("1", often[3]), coded("2", many[2])
	for value, want := range map[string]string{
		`"valueCoding":{"extension":[{"url":"http://x.no/e","valueBoolean":true}]}`: "incomplete 1:3 2:2 | missing 3",
		`"valueCoding":{"id":"a"}`:                               "incomplete 1:3 2:2 | missing 3",
		`"valueString":""`:                                       "incomplete 1:3 2:2 | missing 3",
		`"valueString":" "`:                                      "incomplete 1:3 2:2 | missing 3",
		`"valueQuantity":{"unit":"glass"}`:                       "incomplete 1:3 2:2 | missing 3",
		`"valueQuantity":{"value":0}`:                            "invalid 1:3 2:2 | other-type 3 quantity",
		`"valueBoolean":false`:                                   "invalid 1:3 2:2 | other-type 3 boolean",
		`"valueInteger":0`:                                       "invalid 1:3 2:2 | other-type 3 integer",
		`"valueCoding":{"display":"Aldri"}`:                      "invalid 1:3 2:2 | no-code 3",
		`"valueString":"x","valueCoding":{` + because("x") + `}`: "invalid 1:3 2:2 | answer-absent 3",
	} {
		if got := judge(t, ourForm(t), response(weekly, five, answered("3", "{"+value+"}"))); judgement(got) != want {
			t.Errorf("%s:\n got %s\nwant %s", value, judgement(got), want)
		}
	}
}

// An answer and a reason for none cannot both hold. It is for a person to say which: a
// score could be against the patient's will, and none could be a patient who is missed.
func TestAnAnswerAndAReasonForNone(t *testing.T) {
	weekly, five, monthly := coded("1", often[3]), coded("2", many[2]), coded("3", binges[2])
	value := `"valueCoding":{"system":"http://loinc.org","code":"LA18876-5"`
	for _, why := range []string{because("asked-declined"), because("unknown")} {
		for name, three := range map[string]string{
			"on the item":         item("3", ","+why+`,"answer":[{`+value+`}}]`),
			"on the answer":       answered("3", "{"+why+","+value+"}}"),
			"on the coding":       answered("3", "{"+value+","+why+"}}"),
			"in another answer":   answered("3", "{"+value+"}},{"+why+"}"),
			"on the item, again":  monthly + "," + item("3", ","+why),
			"beside a string":     answered("3", `{"valueString":"x","_valueString":{`+why+`}}`),
			"of two that differ":  answered("3", "{"+why+","+value+"}},"+"{"+value+"}}"),
			"of two types of one": answered("3", `{"valueInteger":2,`+value+","+why+"}}"),
		} {
			if got := judge(t, ourForm(t), response(weekly, five, three)); judgement(got) != "invalid 1:3 2:2 | answer-absent 3" {
				t.Errorf("%s: %s", name, judgement(got))
			}
		}
	}
	for raw, want := range map[string]string{
		response(answered("1", "{"+because("unknown")+`,"valueCoding":{"system":"http://loinc.org","code":"LA6270-8"}}`)):                  "invalid | answer-absent 1",
		response(coded("1", often[0]), answered("2", "{"+because("unknown")+`,"valueCoding":{"system":"http://loinc.org","code":"LA0"}}`)): "complete 0 1:0 stale-answers",
		response(coded("1", often[0]), item("2", ","+because("not-applicable")), item("3", ","+because("not-applicable"))):                 "complete 0 1:0",
		response(weekly, five, monthly, item("9", ","+because("unknown"))):                                                                 "complete 7 1:3 2:2 3:2",
		response(weekly, five, monthly, item("consult-offer", ","+because("unknown")+`,"answer":[`+offerAnswer("offer-accepted")+`]`)):     "complete 7 1:3 2:2 3:2 offer-unclear",
	} {
		if got := judge(t, ourForm(t), raw); judgement(got) != want || got.Offer != "" {
			t.Errorf("%s:\n got %s, %q\nwant %s", raw, judgement(got), got.Offer, want)
		}
	}
	if got := judge(t, ourForm(t), response(answered("1", "{"+because("asked-declined")+`,"valueCoding":{"system":"http://loinc.org","code":"LA6270-8"}}`))); got.Status != instrument.Invalid {
		t.Error("to decline is not to say never")
	}
}

// The response as a whole says that the patient did not want to answer.
func TestDeclinedAsAWhole(t *testing.T) {
	all := []string{coded("1", often[3]), coded("2", many[2]), coded("3", binges[2])}
	onTheResource := func(code string) string { return strings.Replace(response(), `"status"`, because(code)+`,"status"`, 1) }
	for _, c := range []struct {
		name, raw, want string
		declined        bool
	}{
		{"by R4's code", whole(absentReasons, "asked-declined"), "incomplete | missing 1", true},
		{"by ours", whole(artifacts.CodeSystemURL, "declined"), "incomplete | missing 1", true},
		{"some are answered", whole(absentReasons, "asked-declined", all[:2]...), "incomplete 1:3 2:2 | missing 3", true},
		{"all are answered", whole(absentReasons, "asked-declined", all...), "invalid 1:3 2:2 3:2 | refused", true},
		{"never is answered", whole(absentReasons, "asked-declined", coded("1", often[0])), "invalid 1:0 | refused", true},
		{"one is wrong", whole(absentReasons, "asked-declined", coded("1", "LA0")), "invalid | not-offered 1", true},
		{"for another reason", whole(absentReasons, "not-asked", all...), "complete 7 1:3 2:2 3:2", false},
		{"for a reason of ours that is none", whole(artifacts.CodeSystemURL, "offer-declined", all...), "complete 7 1:3 2:2 3:2", false},
		{"by a code of somebody's", whole("http://x.no", "asked-declined", all...), "complete 7 1:3 2:2 3:2", false},
		{"by data-absent-reason", onTheResource("asked-declined"), "incomplete | missing 1", true},
		{"by another data-absent-reason", onTheResource("unknown"), "incomplete | missing 1", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := judge(t, ourForm(t), c.raw)
			if judgement(got) != c.want || got.Declined != c.declined || got.Offer != "" {
				t.Errorf("got %s, declined %v, offer %q", judgement(got), got.Declined, got.Offer)
			}
		})
	}
	for raw, want := range map[string]bool{whole(absentReasons, "asked-declined"): false, whole(absentReasons, "unknown"): true} {
		if r, err := instrument.ParseResponse([]byte(raw)); err != nil || r.Empty() != want {
			t.Errorf("%s: empty is %v", raw, r.Empty())
		}
	}
}
