package reconcile

import (
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// What is asked of the ward nurse.
func TestAsking(t *testing.T) {
	ask := do(&pathway.Ask{Due: at12.Add(24 * time.Hour), Attempt: 1, Draft: 1})
	checkAll(t, []transacted{
		{"ask", toAsk, nil, ask, `
			+ QuestionnaireResponse unless response:e1
			authored: 2031-05-17T12:00:00.000Z
			encounter: Encounter/e1
			extension.0.url: https://tilsyn.org/fhir/StructureDefinition/task
			extension.0.valueReference: #screening
			identifier: response:e1
			meta.tag.0: https://tilsyn.org/fhir/policy|policy-1
			questionnaire: the form
			status: in-progress
			subject: Patient/p1
			+ Task unless screening:e1
			authoredOn: 2031-05-17T12:00:00.000Z
			businessStatus: unanswered "Not answered"
			code: sdc:complete-questionnaire "Fill in the form"
			description: AUDIT-C: ask the patient about alcohol
			encounter: Encounter/e1
			for: Patient/p1
			identifier.0: screening:e1
			input sdc:questionnaire.valueCanonical: the form
			input sdc:response-endpoint.valueUrl: http://ehr.example/fhir/QuestionnaireResponse
			intent: order
			lastModified: 2031-05-17T12:00:00.000Z
			location: Location/l1
			meta.tag.0: https://tilsyn.org/fhir/policy|policy-1
			output sdc:questionnaire-response.valueReference: #response
			owner: Organization/ward
			priority: routine
			requester: Device/tilsyn
			restriction.period.end: 2031-05-18T12:00:00.000Z
			status: requested`},
		{"ask again", awaited, nil, do(&pathway.Ask{Due: at12, Attempt: 2, Draft: 3}), `
			+ QuestionnaireResponse unless response:e1:3
			…
			identifier: response:e1:3
			+ Task unless screening:e1:2
			…
			identifier.0: screening:e1:2
			output sdc:questionnaire-response.valueReference: #response
			restriction.period.end: 2031-05-17T12:00:00.000Z`},
		{"ask, nobody in particular, nowhere", instead(toAsk, with(admission, "location", "")),
			func(r *Reconciler, p *picture) { p.stay.Owners.Ward = "" }, ask, `
			+ QuestionnaireResponse unless response:e1
			…
			+ Task unless screening:e1
			…
			no owner
			no location
			no output routed`},
		{"ask, an owner by identifier", toAsk, func(r *Reconciler, p *picture) { p.stay.Owners.Ward = "urn:oid:1|7" }, ask, `
			+ QuestionnaireResponse unless response:e1
			…
			+ Task unless screening:e1
			…
			owner.identifier: urn:oid:1|7`},
		{"ask, protected", instead(toAsk, secret), nil, ask, `
			+ QuestionnaireResponse unless response:e1
			…
			meta.security.0: hl7:v3-Confidentiality|V "streng"
			+ Task unless screening:e1
			…
			meta.security.0: hl7:v3-Confidentiality|V "streng"
			owner: Organization/few
			no location
			output routed.valueString: Organization/few`},
		{"ask, protected, nobody", instead(toAsk, secret), func(r *Reconciler, p *picture) { p.stay.Owners.Ward = "" }, ask, `
			+ QuestionnaireResponse unless response:e1
			…
			+ Task unless screening:e1
			…
			no owner
			output routed.valueString: nobody`},
		{"ask, protected, with the place", instead(toAsk, secret), func(r *Reconciler, p *picture) { r.Policy.Protected.Show = []string{"location"} }, ask, `
			+ QuestionnaireResponse unless response:e1
			…
			+ Task unless screening:e1
			…
			location: Location/l1`},
		{"ask, labels", instead(toAsk, with(admission, "meta.security", `[{"system":"s","code":"a","display":"A"}]`), with(woman, "meta.security", `[{"system":"s","code":"b"}]`)),
			func(r *Reconciler, _ *picture) {
				r.Policy.Labels.Add = []pathway.Coding{{System: "s", Code: "c", Display: "C"}}
			}, ask, `
			+ QuestionnaireResponse unless response:e1
			…
			meta.security.0: s|a "A"
			meta.security.1: s|b
			meta.security.2: s|c "C"
			+ Task unless screening:e1
			…
			meta.security.0: s|a "A"
			meta.security.1: s|b
			no meta.security.2`},
	})
}

// What the nurse's Task says from then on.
func TestChangingTheNursesTask(t *testing.T) {
	marked := with(nurse, "businessStatus", `{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"unable"}],"text":"she said"}`,
		"statusReason", `{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"too-ill"}],"text":"she said"}`)
	judged := with(nurse, "output.-1", remembers("judged", `"valueString":"old"`), "output.-1", remembers("withdrawn", `"valueString":"then"`),
		"output.-1", remembers("score", `"valueReference":{"reference":"urn:uuid:1"}`), "output.-1", remembers("consult", `"valueReference":{"reference":"urn:uuid:2"}`),
		"output.-1", remembers("brief-advice", `"valueReference":{"reference":"urn:uuid:3"}`))
	response := stay.Response{Ref: "QuestionnaireResponse/r1", Version: "v2", Authored: at12.Add(-time.Hour)}
	change := func(c pathway.TaskChange) []pathway.Action { return do(&c) }
	checkAll(t, []transacted{
		{"task, another word", instead(awaited, marked), nil, change(pathway.TaskChange{Status: "failed", Business: "declined", Why: "declined", Detail: instrument.Problem{Code: instrument.NotOffered, Items: []string{"2"}}}), `
			~ Task/nurse if 3
			businessStatus: unable "she said" → declined "Declined"
			dated
			status: requested → failed
			statusReason: too-ill "she said" → declined "Declined. Correct the answer (question 2: the answer is none of those the form offers)"`},
		{"task, what a person wrote stays", instead(awaited, marked), nil, change(pathway.TaskChange{Status: "failed", Business: "unable", Why: "too-ill"}), `
			~ Task/nurse if 3
			dated
			status: requested → failed`},
		{"task, unable", instead(awaited, with(nurse, "status", `"rejected"`, "statusReason", `{"text":"she said"}`)), nil,
			change(pathway.TaskChange{Status: "rejected", Business: "unable", UnableSince: at12.Add(-2 * time.Hour)}), `
			~ Task/nurse if 3
			businessStatus: ∅ → unable "Could not be asked"
			dated
			output unable.valueString: ∅ → 2031-05-17T10:00:00.000Z`},
		{"task, unable and opened again", instead(awaited, with(marked, "output.-1", remembers("unable", `"valueString":"then"`))), nil,
			change(pathway.TaskChange{Status: "requested", Business: "unanswered"}), `
			~ Task/nurse if 3
			businessStatus: unable "she said" → unanswered "Not answered"
			dated
			output unable.valueString: then → ∅
			statusReason: too-ill "she said" → ∅`},
		{"task, unable and asked again", instead(awaited, with(marked, "output.-1", remembers("unable", `"valueString":"then"`))), nil,
			change(pathway.TaskChange{Status: "failed", Business: "unable", Why: "too-ill"}), `
			~ Task/nurse if 3
			dated
			status: requested → failed`},
		{"task, no reason any more", instead(awaited, marked), nil, change(pathway.TaskChange{Status: "requested", Business: "", Why: ""}), `
			~ Task/nurse if 3
			dated
			statusReason: too-ill "she said" → ∅`},
		{"task, same reason, another item", instead(awaited, marked), nil, change(pathway.TaskChange{Status: "requested", Business: "unable", Why: "too-ill", Detail: instrument.Problem{Code: instrument.Missing, Items: []string{"3"}}}), `
			~ Task/nurse if 3
			dated
			statusReason: too-ill "she said" → too-ill "Too ill (not answered: question 3)"`},
		{"task, judged", instead(awaited, judged), nil, change(pathway.TaskChange{Status: "completed", Business: "scored", Response: response}), `
			~ Task/nurse if 3
			businessStatus: ∅ → scored "Answered and scored"
			executionPeriod.end: ∅ → 2031-05-17T11:00:00.000Z
			dated
			output brief-advice.valueReference: urn:uuid:3 → ∅
			output consult.valueReference: urn:uuid:2 → ∅
			output judged.valueString: old → v2
			output score.valueReference: urn:uuid:1 → ∅
			output withdrawn.valueString: then → ∅
			status: requested → completed`},
		{"task, judged, no score", instead(awaited, judged), nil, change(pathway.TaskChange{Status: "requested", Business: "incomplete", Why: "incomplete", Response: response}), `
			~ Task/nurse if 3
			businessStatus: ∅ → incomplete "The form is incomplete: no score. Fill in the rest"
			dated
			output brief-advice.valueReference: urn:uuid:3 → ∅
			output consult.valueReference: urn:uuid:2 → ∅
			output judged.valueString: old → v2
			output score.valueReference: urn:uuid:1 → ∅
			statusReason: ∅ → incomplete "The form is incomplete: no score. Fill in the rest"`},
		{"task, not judged", instead(awaited, judged), nil, change(pathway.TaskChange{Status: "completed", Business: "scored"}), `
			~ Task/nurse if 3
			businessStatus: ∅ → scored "Answered and scored"
			dated
			status: requested → completed`},
		{"task, a form for the EHR to mend", instead(awaited, judged), nil, change(pathway.TaskChange{Status: "requested", Business: "invalid", Why: "invalid", Detail: instrument.Problem{Code: instrument.OtherForm}}), `
			~ Task/nurse if 3
			businessStatus: ∅ → invalid "The form cannot be scored"
			dated
			output judged.valueString: old → ∅
			statusReason: ∅ → invalid "The form cannot be scored (the screen sends another form than the one the ward was asked to use; IT must mend that, the answers can stay as they are)"`},
		{"task, back on the list", instead(awaited, with(judged, "priority", `"asap"`, "restriction.period.end", `"2031-05-17T11:00:00Z"`, "output.-1", remembers("raised", `"valueInteger":2`))), nil,
			change(pathway.TaskChange{Status: "requested", Business: "unanswered", Why: "withdrawn", Due: at12.AddDate(0, 0, 1)}), `
			~ Task/nurse if 3
			businessStatus: ∅ → unanswered "Not answered"
			dated
			output raised.valueInteger: 2 → ∅
			priority: asap → routine
			restriction.period.end: 2031-05-17T11:00:00Z → 2031-05-18T12:00:00.000Z
			statusReason: ∅ → withdrawn "The answers were withdrawn. Ask the patient again"`},
		{"task, withdrawn", instead(awaited, judged), nil, change(pathway.TaskChange{Status: "requested", Business: "withdrawn", Withdraw: true}), `
			~ Task/nurse if 3
			businessStatus: ∅ → withdrawn "The answers were withdrawn"
			dated
			output judged.valueString: old → ∅
			output withdrawn.valueString: then → 2031-05-17T12:00:00.000Z`},
		{"task, withdrawn for other answers", instead(awaited, judged), nil, change(pathway.TaskChange{Status: "requested", Business: "incomplete", Response: response, Withdraw: true}), `
			~ Task/nurse if 3
			businessStatus: ∅ → incomplete "The form is incomplete: no score. Fill in the rest"
			dated
			output brief-advice.valueReference: urn:uuid:3 → ∅
			output consult.valueReference: urn:uuid:2 → ∅
			output judged.valueString: old → v2
			output score.valueReference: urn:uuid:1 → ∅
			output withdrawn.valueString: then → 2031-05-17T12:00:00.000Z`},
		{"task, the answers may count again", instead(awaited, with(nurse, "output", `[`+remembers("judged", `"valueString":"old"`)+`,`+remembers("told", `"valueString":"x"`)+`]`)), nil, change(pathway.TaskChange{Status: "requested", Withdraw: true}), `
			~ Task/nurse if 3
			dated
			output sdc:questionnaire-response.valueReference: ∅ → QuestionnaireResponse/r1
			output judged.valueString: old → ∅
			output withdrawn.valueString: ∅ → 2031-05-17T12:00:00.000Z`},
		{"task, put aside", instead(awaited, with(nurse, "status", `"rejected"`)), nil, change(pathway.TaskChange{Status: "completed", ClosedBefore: true}), `
			~ Task/nurse if 3
			dated
			output declined.valueString: ∅ → rejected
			status: rejected → completed`},
		{"task, raised", awaited, nil, change(pathway.TaskChange{Status: "requested", Raise: 1}), `
			~ Task/nurse if 3
			dated
			output raised.valueInteger: ∅ → 1
			priority: ∅ → urgent`},
		{"task, raised again", instead(awaited, with(nurse, "output.-1", remembers("raised", `"valueInteger":1`), "priority", `"urgent"`)), nil,
			change(pathway.TaskChange{Status: "requested", Raise: 2}), `
			~ Task/nurse if 3
			dated
			output raised.valueInteger: 1 → 2
			priority: urgent → asap`},
		{"task, the draft that stands", awaited, nil, change(pathway.TaskChange{Status: "requested", Draft: "QuestionnaireResponse/r2"}), `
			~ Task/nurse if 3
			dated
			output sdc:questionnaire-response.valueReference: QuestionnaireResponse/r1 → QuestionnaireResponse/r2`},
		{"task, a new draft", awaited, nil, change(pathway.TaskChange{Status: "requested", NewDraft: 2}), `
			+ QuestionnaireResponse unless response:e1:2
			authored: 2031-05-17T12:00:00.000Z
			encounter: Encounter/e1
			extension.0.url: https://tilsyn.org/fhir/StructureDefinition/task
			extension.0.valueReference: Task/nurse
			identifier: response:e1:2
			meta.tag.0: https://tilsyn.org/fhir/policy|policy-1
			questionnaire: the form
			status: in-progress
			subject: Patient/p1
			~ Task/nurse if 3
			input sdc:questionnaire.valueCanonical: https://tilsyn.org/fhir/Questionnaire/audit-c|0.9 → the form
			dated
			output sdc:questionnaire-response.valueReference: QuestionnaireResponse/r1 → #response`},
		{"task, their order", awaited, nil, change(pathway.TaskChange{Status: "completed", Met: "ServiceRequest/theirs"}), `
			~ Task/nurse if 3
			dated
			output consult.valueReference: ∅ → ServiceRequest/theirs
			status: requested → completed`},
		{"task, moved", instead(awaited, with(admission, "location.-1", `{"location":{"reference":"Location/l2"}}`)),
			func(_ *Reconciler, p *picture) { p.stay.Owners.Ward = "Organization/other" }, change(pathway.TaskChange{Status: "requested", Reroute: true}), `
			~ Task/nurse if 3
			dated
			location: Location/l1 → Location/l2
			owner: Organization/ward → Organization/other`},
		{"task, moved to nobody, nowhere", instead(awaited, with(admission, "location", "")),
			func(_ *Reconciler, p *picture) { p.stay.Owners.Ward = "" }, change(pathway.TaskChange{Status: "requested", Reroute: true}), `
			~ Task/nurse if 3
			dated
			owner: Organization/ward → ∅`},
		{"task, shielded", instead(awaited, secret), nil, change(pathway.TaskChange{Status: "requested", Reroute: true}), `
			~ Task/nurse if 3
			dated
			location: Location/l1 → ∅
			output routed.valueString: ∅ → Organization/few
			owner: Organization/ward → Organization/few`},
		{"task, no longer shielded", instead(awaited, with(nurse, "output", `[`+remembers("routed", `"valueString":"few"`)+`]`)), nil,
			change(pathway.TaskChange{Status: "requested", Reroute: true}), `
			~ Task/nurse if 3
			dated
			output sdc:questionnaire-response.valueReference: ∅ → QuestionnaireResponse/r1
			output routed.valueString: few → ∅`},
		{"task, a clock behind", instead(awaited, with(nurse, "authoredOn", `"2031-05-17T12:30:00Z"`)), nil, change(pathway.TaskChange{Status: "completed"}), `
			~ Task/nurse if 3
			lastModified: ∅ → 2031-05-17T12:30:00.000Z
			status: requested → completed`},
		{"task, with the team's doing", referred, nil, do(&pathway.Carriage{Order: "ServiceRequest/s1", Status: "completed", Team: "completed"}, closed), `
			carried from Encounter/e1: ServiceRequest/s1
			~ ServiceRequest/s1 if 5
			status: active → completed
			~ Task/nurse if 3
			businessStatus: ∅ → scored "Answered and scored"
			dated
			output carried.valueString: requested → completed`},
		{"task, with a revoked consult", referred, nil, do(&pathway.Revocation{Ref: "ServiceRequest/s1", Why: "corrected"}, closed), `
			withdraw from Encounter/e1: ServiceRequest/s1, Task/team
			~ ServiceRequest/s1 if 5
			note.1 event.text: ∅ → The score was corrected
			status: active → revoked
			tier: ∅ → none
			~ Task/team if 6
			dated
			status: requested → cancelled
			statusReason: ∅ → corrected "The score was corrected"
			~ Task/nurse if 3
			businessStatus: ∅ → scored "Answered and scored"
			dated
			output carried.valueString: requested → cancelled`},
	})
}

// Answers that nobody had asked for get a Task too: it is where we remember.
func TestAnsweredUnasked(t *testing.T) {
	response := stay.Response{Ref: "QuestionnaireResponse/r1", Version: "v2", Authored: at12.Add(-time.Hour)}
	checkAll(t, []transacted{
		{"unasked", instead(toAsk, answers), nil, do(&pathway.TaskChange{Status: "completed", Business: "scored", Response: response, Met: "ServiceRequest/theirs"}), `
			+ Task unless screening:e1
			authoredOn: 2031-05-17T12:00:00.000Z
			businessStatus: scored "Answered and scored"
			code: sdc:complete-questionnaire "Fill in the form"
			description: AUDIT-C: ask the patient about alcohol
			encounter: Encounter/e1
			executionPeriod.end: 2031-05-17T11:00:00.000Z
			for: Patient/p1
			identifier.0: screening:e1
			input sdc:questionnaire.valueCanonical: the form
			input sdc:response-endpoint.valueUrl: http://ehr.example/fhir/QuestionnaireResponse
			intent: order
			lastModified: 2031-05-17T12:00:00.000Z
			location: Location/l1
			meta.tag.0: https://tilsyn.org/fhir/policy|policy-1
			output sdc:questionnaire-response.valueReference: QuestionnaireResponse/r1
			output consult.valueReference: ServiceRequest/theirs
			output judged.valueString: v2
			owner: Organization/ward
			priority: routine
			requester: Device/tilsyn
			status: completed`},
		{"unasked, of an earlier admission", toAsk, nil, do(&pathway.TaskChange{Status: "completed", Business: "screened-before"}), `
			+ Task unless screening:e1
			…
			businessStatus: screened-before "Screened in an earlier admission; not asked again"
			status: completed
			no executionPeriod
			no output`},
	})
}
