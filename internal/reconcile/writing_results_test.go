package reconcile

import (
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// scored is what the answers of the admission that the tests vary are worth, or other
// answers to the same form.
func scored(t *testing.T, raw string, change func(*pathway.Score)) *pathway.Score {
	r, s := desk(t, admission, woman, nurse, raw)
	response := seen(t, r, s).stay.Responses[0]
	result := instrument.Judge(response.Form, response.Content)
	a := &pathway.Score{Response: response, Result: result, Tier: pathway.Urgent, Limit: pathway.Limit{From: 8}}
	if change != nil {
		change(a)
	}
	return a
}

const (
	offered   = `{"linkId":"consult-offer","answer":[{"valueCoding":{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"offer-declined"}}]}`
	unknownIn = `{"linkId":"99","answer":[{"valueString":"x"}]}`
)

// The Observation, new and amended.
func TestScoring(t *testing.T) {
	declining := with(answers, "item.-1", offered, "author", `{"reference":"Device/d"}`)
	checkAll(t, []transacted{
		{"score", awaited, nil, do(scored(t, answers, nil)), `
			+ Observation unless score:e1
			category.0: hl7:observation-category|survey "Survey" "Questionnaire"
			code: http://loinc.org|75626-2 "Total score [AUDIT-C]" "AUDIT-C, total score"
			component.0.code: http://loinc.org|68518-0 "How often do you have a drink containing alcohol?"
			component.0.valueQuantity: 4 points http://unitsofmeasure.org|{score}
			component.1.code: http://loinc.org|68519-8 "How many standard drinks containing alcohol do you have on a typical day when drinking?"
			component.1.valueQuantity: 2 points http://unitsofmeasure.org|{score}
			component.2.code: http://loinc.org|68520-6 "How often do you have six or more drinks on one occasion?"
			component.2.valueQuantity: 2 points http://unitsofmeasure.org|{score}
			derivedFrom.0: QuestionnaireResponse/r1
			effectiveDateTime: 2031-05-17T10:00:00.000Z
			encounter: Encounter/e1
			identifier.0: score:e1
			interpretation.0: hl7:v3-ObservationInterpretation|POS "Positive" "Positive"
			interpretation.1: urgent "Liaison consult, urgent"
			issued: 2031-05-17T12:00:00.000Z
			meta.tag.0: https://tilsyn.org/fhir/policy|policy-1
			performer.0: Practitioner/n1
			status: final
			subject: Patient/p1
			valueQuantity: 8 points http://unitsofmeasure.org|{score}
			score from QuestionnaireResponse/r1: #score`},
		{"score, declined, by a device", instead(awaited, declining), nil, do(scored(t, declining, func(s *pathway.Score) { s.Tier = pathway.Advice })), `
			+ Observation unless score:e1
			…
			component.3.code: consult-offer "Offer of a talk with the addiction liaison team"
			component.3.valueCodeableConcept: offer-declined "The patient does not want the consult."
			interpretation.0: hl7:v3-ObservationInterpretation|POS "Positive" "Positive"
			interpretation.1: advice "Advice on the ward"
			no performer
			score from QuestionnaireResponse/r1: #score`},
		{"score, negative", awaited, nil, do(scored(t, answers, func(s *pathway.Score) { s.Tier = pathway.None })), `
			+ Observation unless score:e1
			…
			interpretation.0: hl7:v3-ObservationInterpretation|NEG "Negative" "Negative"
			interpretation.1: none "Below the limits"
			score from QuestionnaireResponse/r1: #score`},
		{"score, remarks", awaited, nil, do(scored(t, with(answers, "item.-1", unknownIn), func(s *pathway.Score) { s.Passed = true })), `
			+ Observation unless score:e1
			…
			note.0.text: More than one response was handed in; the newest counts: QuestionnaireResponse/r1.
			note.1.text: For review: an answer to a question that the form does not have.
			no note.2
			score from QuestionnaireResponse/r1: #score`},
		{"score, labels of the answers", instead(awaited, with(answers, "meta.security", `[{"system":"s","code":"a"}]`)), nil, do(scored(t, answers, nil)), `
			+ Observation unless score:e1
			…
			meta.security.0: s|a
			score from QuestionnaireResponse/r1: #score`},
		{"score amended", referred, nil, do(scored(t, answers, func(s *pathway.Score) { s.Amends = "Observation/o1" })), `
			score from QuestionnaireResponse/r1: Observation/o1
			~ Observation/o1 if 4
			component.0.code: ∅ → http://loinc.org|68518-0 "How often do you have a drink containing alcohol?"
			component.0.valueQuantity: ∅ → 4 points http://unitsofmeasure.org|{score}
			component.1.code: ∅ → http://loinc.org|68519-8 "How many standard drinks containing alcohol do you have on a typical day when drinking?"
			component.1.valueQuantity: ∅ → 2 points http://unitsofmeasure.org|{score}
			component.2.code: ∅ → http://loinc.org|68520-6 "How often do you have six or more drinks on one occasion?"
			component.2.valueQuantity: ∅ → 2 points http://unitsofmeasure.org|{score}
			derivedFrom.0: ∅ → QuestionnaireResponse/r1
			effectiveDateTime: ∅ → 2031-05-17T10:00:00.000Z
			interpretation.0: ∅ → hl7:v3-ObservationInterpretation|POS "Positive" "Positive"
			interpretation.1: ∅ → urgent "Liaison consult, urgent"
			issued: ∅ → 2031-05-17T12:00:00.000Z
			meta.tag.0: ∅ → https://tilsyn.org/fhir/policy|policy-1
			note.0.text: old → ∅
			status: final → amended
			valueQuantity: ∅ → 8 points http://unitsofmeasure.org|{score}
			valueQuantity.value: 5 → ∅`},
		{"score amended with a remark", referred, nil, do(scored(t, answers, func(s *pathway.Score) { s.Amends, s.Passed = "Observation/o1", true })), `
			score from QuestionnaireResponse/r1: Observation/o1
			~ Observation/o1 if 4
			…
			note.0.text: old → More than one response was handed in; the newest counts: QuestionnaireResponse/r1.`},
		{"score stands", referred, nil, do(scored(t, answers, func(s *pathway.Score) { s.Amends, s.Stands = "Observation/o1", true }), closed), `
			score from QuestionnaireResponse/r1: Observation/o1
			~ Task/nurse if 3
			businessStatus: ∅ → scored "Answered and scored"
			dated`},
		{"withdraw", referred, nil, do(ref[pathway.Withdrawal]("Observation/o1")), `
			withdraw from Encounter/e1: Observation/o1
			~ Observation/o1 if 4
			status: final → entered-in-error`},
		{"all of it", awaited, nil, do(scored(t, answers, nil), &pathway.Referral{Urgent: true, Limit: pathway.Limit{From: 8}}, &pathway.AdviceChange{Status: "requested"},
			&pathway.TaskChange{Status: "completed", Response: stay.Response{Ref: "QuestionnaireResponse/r1", Version: "v2"}}), `
			+ Observation unless score:e1
			…
			+ ServiceRequest unless consult:e1
			…
			+ Task unless consult-task:e1
			…
			+ Task unless advice:e1
			…
			score from QuestionnaireResponse/r1: #score, #consult, #consult-task, #advice
			~ Task/nurse if 3
			dated
			output brief-advice.valueReference: ∅ → #advice
			output carried.valueString: ∅ → requested
			output consult.valueReference: ∅ → #consult
			output judged.valueString: ∅ → v2
			output score.valueReference: ∅ → #score
			status: requested → completed`},
		{"second screening", instead(awaited, with(nurse, "businessStatus", `{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"patient-changed"}]}`)), nil,
			do(scored(t, answers, nil)), `
			+ Observation unless score:e1:2
			…
			identifier.0: score:e1:2
			score from QuestionnaireResponse/r1: #score`},
	})
}

// ref is an action that is a reference or a code.
func ref[A ~string](s A) *A { return &s }

// An author of answers who cannot be a performer is left out.
func TestWhoPerforms(t *testing.T) {
	for author, want := range map[string]bool{"Practitioner/1": true, "PractitionerRole/1": true, "Organization/1": true, "CareTeam/1": true,
		"Patient/1": true, "RelatedPerson/1": true, "Device/1": false, "": false} {
		if performs(author) != want {
			t.Errorf("%q performs: %t", author, !want)
		}
	}
}

// A form without LOINC codes names its items by their linkId.
func TestItemsWithoutCodes(t *testing.T) {
	w := writing{}
	if c := w.item(english(), "1"); len(c.Coding) != 1 || *c.Coding[0].Code != "68518-0" || *c.Coding[0].System != "http://loinc.org" {
		t.Errorf("%+v", c)
	}
	if c := w.item(english(), "other"); c.Coding != nil || *c.Text != "other" {
		t.Errorf("%+v", c)
	}
}

// The Task to give advice.
func TestAdvising(t *testing.T) {
	there := append(referred, with(ward, "status", `"cancelled"`, "statusReason", `{"text":"old"}`))
	cases := []transacted{
		{"advise", awaited, nil, do(scored(t, answers, nil), &pathway.AdviceChange{Status: "requested"}), `
			+ Observation unless score:e1
			…
			+ Task unless advice:e1
			authoredOn: 2031-05-17T12:00:00.000Z
			code: brief-advice "Give brief advice"
			description: Give brief advice about alcohol
			encounter: Encounter/e1
			focus: #score
			for: Patient/p1
			identifier.0: advice:e1
			intent: order
			lastModified: 2031-05-17T12:00:00.000Z
			location: Location/l1
			meta.tag.0: https://tilsyn.org/fhir/policy|policy-1
			note.0.text: Say this
			note.0.time: 2031-05-17T12:00:00.000Z
			note.1.text: Line – 08588
			note.1.time: 2031-05-17T12:00:00.000Z
			note.2.text: Group
			note.2.time: 2031-05-17T12:00:00.000Z
			owner: Organization/ward
			priority: routine
			requester: Device/tilsyn
			status: requested
			score from QuestionnaireResponse/r1: #score, #advice`},
		{"advise, protected", instead(awaited, secret), nil, do(&pathway.AdviceChange{Status: "requested"}), `
			+ Task unless advice:e1
			…
			owner: Organization/few
			no location
			output routed.valueString: Organization/few
			meta.security.0: hl7:v3-Confidentiality|V "streng"
			withdraw from Encounter/e1: #advice`},
		{"advise again", there, nil, do(&pathway.AdviceChange{Ref: "Task/advice", Status: "requested"}), `
			withdraw from Encounter/e1: Task/advice
			~ Task/advice if 7
			dated
			status: cancelled → requested
			statusReason.text: old → ∅`},
		{"advice ended", there, nil, do(&pathway.AdviceChange{Ref: "Task/advice", Status: "cancelled", Why: "deceased"}), `
			withdraw from Encounter/e1: Task/advice
			~ Task/advice if 7
			dated
			statusReason: ∅ → deceased "The patient has died"
			statusReason.text: old → ∅`},
		{"advice follows", there, func(_ *Reconciler, p *picture) { p.stay.Owners.Ward = "Organization/other" },
			do(&pathway.AdviceChange{Ref: "Task/advice", Status: "requested", Reroute: true, Why: "x"}), `
			withdraw from Encounter/e1: Task/advice
			~ Task/advice if 7
			dated
			owner: Organization/ward → Organization/other
			status: cancelled → requested`},
	}
	checkAll(t, cases)
}

// A form that a renderer has torn from its admission is tied to it again; what it
// wrote itself stays.
func TestRestoring(t *testing.T) {
	torn := with(answers, "identifier", "", "subject", "", "encounter", "", "authored", "")
	second := with(torn, "id", `"r2"`, "identifier", `{"system":"https://tilsyn.org/fhir/identifier","value":"response:e1:2"}`, "status", `"stopped"`, "extension", strings.Replace(never, "urn:uuid:1", "Task/before", 1))
	checkAll(t, []transacted{
		{"restore", instead(awaited, torn), nil, do(&pathway.Restoration{"QuestionnaireResponse/r1"}), `
			restored from QuestionnaireResponse/r1: QuestionnaireResponse/r1
			~ QuestionnaireResponse/r1 if 2
			authored: ∅ → 2031-05-17T10:00:05Z
			encounter: ∅ → Encounter/e1
			extension.0: ∅ → answers of version 2, written 2031-05-17T10:00:05.000Z
			identifier: ∅ → response:e1
			subject: ∅ → Patient/p1`},
		{"restore, one of two", append(instead(awaited, torn), second), nil, do(&pathway.Restoration{"QuestionnaireResponse/r1"}), `
			restored from QuestionnaireResponse/r1: QuestionnaireResponse/r1
			~ QuestionnaireResponse/r1 if 2
			…
			identifier: ∅ → response:e1
			subject: ∅ → Patient/p1`},
		{"restore what is missing", instead(awaited, with(answers, "subject", "")), nil, do(&pathway.Restoration{"QuestionnaireResponse/r1"}), `
			restored from QuestionnaireResponse/r1: QuestionnaireResponse/r1
			~ QuestionnaireResponse/r1 if 2
			extension.0: ∅ → answers of version 2, written 2031-05-17T10:00:05.000Z
			subject: ∅ → Patient/p1`},
		{"stop", awaited, nil, do(&pathway.Stop{"QuestionnaireResponse/r1"}), `
			~ QuestionnaireResponse/r1 if 2
			extension.0: ∅ → answers of version 2, written 2031-05-17T10:00:05.000Z
			status: completed → stopped`},
		{"restart", awaited, nil, do(&pathway.Restart{"QuestionnaireResponse/r1"}), `
			~ QuestionnaireResponse/r1 if 2
			extension.0: ∅ → answers of version 2, written 2031-05-17T10:00:05.000Z
			status: completed → in-progress`},
	})
}

// Another patient's name, other labels, and what is there twice.
func TestChangingWhatIsOurs(t *testing.T) {
	label := []stay.Code{{System: "s", Code: "a"}}
	worded := with(woman, "meta.security", `[{"system":"s","code":"a","display":"A"}]`)
	late := with(answers, "authored", `"2031-05-17T08:00:00Z"`)
	other := with(woman, "id", `"p2"`)
	moved := append(instead(referred, with(admission, "subject", `{"reference":"Patient/p2"}`)), other)
	checkAll(t, []transacted{
		{"move", moved, nil, do(&pathway.Move{"Task/nurse", "QuestionnaireResponse/r1", "Observation/o1", "ServiceRequest/s1"}), `
			merged from Encounter/e1: Task/nurse, QuestionnaireResponse/r1, Observation/o1, ServiceRequest/s1
			~ Task/nurse if 3
			for: Patient/p1 → Patient/p2
			dated
			~ QuestionnaireResponse/r1 if 2
			extension.0: ∅ → answers of version 2, written 2031-05-17T10:00:05.000Z
			subject: Patient/p1 → Patient/p2
			~ Observation/o1 if 4
			subject: Patient/p1 → Patient/p2
			~ ServiceRequest/s1 if 5
			subject: Patient/p1 → Patient/p2`},
		{"label", instead(referred, worded), nil, do(&pathway.Labels{{Ref: "Task/nurse", Add: label}, {Ref: "Observation/o1", Add: label}}), `
			protection from Encounter/e1: Task/nurse, Observation/o1
			~ Task/nurse if 3
			dated
			meta.security.0: ∅ → s|a "A"
			~ Observation/o1 if 4
			meta.security.0: ∅ → s|a "A"`},
		{"show on the order what stands there", referred, nil, do(&pathway.Carriage{Order: "ServiceRequest/s1", Status: "active"}), `
			carried from Encounter/e1: ServiceRequest/s1`},
		{"label answers that say when", instead(referred, worded), nil, do(&pathway.Labels{{Ref: "QuestionnaireResponse/r1", Add: label}}), `
			protection from Encounter/e1: QuestionnaireResponse/r1
			~ QuestionnaireResponse/r1 if 2
			extension.0: ∅ → answers of version 2, written 2031-05-17T10:00:05.000Z
			meta.security.0: ∅ → s|a "A"`},
		{"label answers that do not", instead(referred, late), nil, do(&pathway.Labels{{Ref: "QuestionnaireResponse/r1", Add: label}}), `
			protection from Encounter/e1: QuestionnaireResponse/r1
			~ QuestionnaireResponse/r1 if 2
			extension.0: ∅ → answers of version 2, written 2031-05-17T10:00:05.000Z
			meta.security.0: ∅ → s|a`},
		{"label a form that is not handed in", instead(awaited, with(late, "status", `"in-progress"`)), nil, do(&pathway.Labels{{Ref: "QuestionnaireResponse/r1", Add: label}}), `
			protection from Encounter/e1: QuestionnaireResponse/r1
			~ QuestionnaireResponse/r1 if 2
			extension.0: ∅ → answers of version 2, written 2031-05-17T10:00:05.000Z
			meta.security.0: ∅ → s|a`},
		{"label a form that the Task handed in", instead(referred, with(late, "status", `"in-progress"`)), nil, do(&pathway.Labels{{Ref: "QuestionnaireResponse/r1", Add: label}}), `
			protection from Encounter/e1: QuestionnaireResponse/r1
			~ QuestionnaireResponse/r1 if 2
			extension.0: ∅ → answers of version 2, written 2031-05-17T10:00:05.000Z
			meta.security.0: ∅ → s|a`},
		{"duplicates", referred, nil, do(&pathway.Duplicates{{Ref: "Task/team", Keep: "Task/other"}, {Ref: "Observation/o1", Keep: "Observation/o2"}, {Ref: "ServiceRequest/deleted", Keep: "ServiceRequest/s1"}}), `
			duplicate from Task/other: Task/team, Observation/o1
			~ Task/team if 6
			dated
			status: requested → entered-in-error
			~ Observation/o1 if 4
			status: final → entered-in-error`},
	})
}
