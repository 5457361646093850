package reconcile

import (
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// What is certain of incomplete answers is no score: another code, a lower bound, and
// preliminary.
func TestWritingAMinimum(t *testing.T) {
	half := with(answers, "item.2", "")
	least := func(ref string) *pathway.Minimum {
		raw := parsed(t, strings.ReplaceAll(half, "THE FORM", english().Canonical()))
		content, err := instrument.ParseResponse(raw.Raw())
		if err != nil {
			t.Fatal(err)
		}
		return &pathway.Minimum{Ref: ref, Status: "preliminary", Sum: 6, Tier: pathway.Consult, Limit: pathway.Limit{From: 4, Sex: stay.Female},
			Response: stay.Response{Ref: "QuestionnaireResponse/r1", Version: "v2", Form: english(), Content: content, Authored: utc(10, 0)},
			Result:   instrument.Judge(english(), content)}
	}
	known := with(score, "id", `"o9"`, "identifier.0.value", `"at-least:e1"`, "status", `"preliminary"`)
	checkAll(t, []transacted{
		{"made", instead(awaited, half), nil, do(least(""), &pathway.Referral{Limit: pathway.Limit{From: 4, Sex: stay.Female}}, &pathway.TaskChange{Status: "cancelled", Business: "discharged"}), `
			+ Observation unless at-least:e1
			category.0: hl7:observation-category|survey "Survey" "Questionnaire"
			code: audit-c-at-least "AUDIT-C, at least (the form is not complete)"
			component.0.code: http://loinc.org|68518-0 "How often do you have a drink containing alcohol?"
			component.0.valueQuantity: 4 points http://unitsofmeasure.org|{score}
			component.1.code: http://loinc.org|68519-8 "How many standard drinks containing alcohol do you have on a typical day when drinking?"
			component.1.valueQuantity: 2 points http://unitsofmeasure.org|{score}
			derivedFrom.0: QuestionnaireResponse/r1
			…
			status: preliminary
			subject: Patient/p1
			valueQuantity.code: {score}
			valueQuantity.comparator: >=
			valueQuantity.system: http://unitsofmeasure.org
			valueQuantity.unit: points
			valueQuantity.value: 6
			+ ServiceRequest unless consult:e1
			…
			reasonReference.0: #at-least
			…
			+ Task unless consult-task:e1
			…
			audit-c-at-least from QuestionnaireResponse/r1: #at-least, #consult, #consult-task
			~ Task/nurse if 3
			…
			output audit-c-at-least.valueReference: ∅ → #at-least
			output consult.valueReference: ∅ → #consult
			…`},
		{"superseded", append(instead(awaited, half), known), nil, do(&pathway.Minimum{Ref: "Observation/o9", Status: "cancelled"}), `
			audit-c-at-least from Encounter/e1: Observation/o9
			~ Observation/o9 if 4
			status: preliminary → cancelled`},
	})
}

// There is a score now: the consult rests on that.
func TestAConsultThatRestedOnAMinimum(t *testing.T) {
	known := with(score, "id", `"o9"`, "identifier.0.value", `"at-least:e1"`, "status", `"preliminary"`)
	rests := with(consult, "reasonReference", `[{"reference":"Observation/o9"}]`)
	nurses := with(referred[2], "output", `[`+sdc("questionnaire-response", to("QuestionnaireResponse/r1"))+`,`+remembers("audit-c-at-least", to("Observation/o9"))+`,`+remembers("consult", to("ServiceRequest/s1"))+`]`)
	r, s := desk(t, admission, woman, nurses, answers, known, rests, team)
	p := lookedAt(t, r, s)
	if err := r.loader.fetch(t.Context(), &p, []pathway.Need{{Part: stay.Minima, Refs: []string{"Observation/o9"}}, {Part: stay.Consults, Refs: []string{"ServiceRequest/s1"}}}); err != nil {
		t.Fatal(err)
	}
	if task, _ := p.stay.ScreeningTask(); task.Minimum != "Observation/o9" || p.stay.Minimum.Sum != 5 {
		t.Errorf("%+v", p.stay.Minimum)
	}
	wrote(t, r, s, p, scored(t, answers, nil), &pathway.Referral{Changes: "ServiceRequest/s1"}, &pathway.TaskChange{Status: "completed", Business: "scored"})
	if got := orderSent(s).Get("reasonReference.0.reference").String(); got == "Observation/o9" || got == "" {
		t.Error(got)
	}
}
