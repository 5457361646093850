package reconcile

import (
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

const never = `[{"url":"https://example.org/other","valueString":"x"},{"url":"https://tilsyn.org/fhir/StructureDefinition/task","valueReference":{"reference":"urn:uuid:1"}}]`

// The consult and the team's Task, new and changed.
func TestReferring(t *testing.T) {
	refer := func(r pathway.Referral) []pathway.Action { return do(scored(t, answers, nil), &r, closed) }
	begun := instead(referred, with(team, "status", `"accepted"`))
	revoked := instead(referred, with(consult, "status", `"revoked"`), with(team, "status", `"cancelled"`, "statusReason", `{"text":"old"}`, "priority", `"urgent"`,
		"restriction.period.end", `"2031-05-17T11:00:00Z"`, "output", `[`+remembers("raised", `"valueInteger":1`)+`]`))
	tomorrow := at12.AddDate(0, 0, 1)
	earlier := func(_ *Reconciler, p *picture) {
		p.stay.EarlierScore = stay.Result{Ref: "Observation/o0", Sum: 9, Labels: []stay.Code{{System: "s", Code: "a"}}}
		p.stay.Before = []stay.Earlier{{At: at12.AddDate(0, 0, -3), BusinessStatus: "scored"}}
	}
	checkAll(t, []transacted{
		{"refer", awaited, nil, refer(pathway.Referral{Limit: pathway.Limit{From: 4}, Due: at12.AddDate(0, 0, 1)}), `
			+ Observation unless score:e1
			…
			+ ServiceRequest unless consult:e1
			authoredOn: 2031-05-17T12:00:00.000Z
			code: tilsyn-rus "Tilsyn rus" http://snomed.info/sct|431260004 "Referral to specialist alcohol treatment service" "Addiction liaison consult after AUDIT-C"
			encounter: Encounter/e1
			extension.0.url: https://tilsyn.org/fhir/StructureDefinition/task
			extension.0.valueReference: #consult-task
			identifier.0: consult:e1
			instantiatesUri.0: https://tilsyn.org/fhir/policy/policy-1
			intent: order
			locationReference.0: Location/l1
			meta.tag.0: https://tilsyn.org/fhir/policy|policy-1
			note.0 reason.text: AUDIT-C: 8 of 12 points. The limit of 4 for everybody was passed (Liaison consult). Policy: policy-1.
			note.1 answers.text: 1. How often do you have a drink containing alcohol? – 4 or more times a week (4) / 2. How many standard drinks containing alcohol do you have on a typical day when drinking? – 5 or 6 (2) / 3. How often do you have six or more drinks on one occasion? – Monthly (2) / Answered 2031-05-17 10:00.
			note.2 wish.text: Whether the patient wants the consult was left unanswered.
			note.3 place.text: Ward: Surgery 2.
			performer.0: CareTeam/liaison
			priority: routine
			reasonReference.0: #score
			requester: Device/tilsyn
			status: active
			subject: Patient/p1
			supportingInfo.0: QuestionnaireResponse/r1
			tier: consult
			+ Task unless consult-task:e1
			authoredOn: 2031-05-17T12:00:00.000Z
			code: http://hl7.org/fhir/CodeSystem/task-code|fulfill consult "Liaison consult"
			description: Addiction liaison consult after AUDIT-C
			encounter: Encounter/e1
			focus: #consult
			for: Patient/p1
			identifier.0: consult-task:e1
			intent: order
			lastModified: 2031-05-17T12:00:00.000Z
			location: Location/l1
			meta.tag.0: https://tilsyn.org/fhir/policy|policy-1
			owner: CareTeam/liaison
			priority: routine
			requester: Device/tilsyn
			restriction.period.end: 2031-05-18T12:00:00.000Z
			status: requested
			score from QuestionnaireResponse/r1: #score, #consult, #consult-task
			~ Task/nurse if 3
			businessStatus: ∅ → scored "Answered and scored"
			dated
			output carried.valueString: ∅ → requested
			output consult.valueReference: ∅ → #consult
			output score.valueReference: ∅ → #score
			status: requested → completed`},
		{"refer urgently", awaited, func(r *Reconciler, _ *picture) { r.Policy.Consult.Intent = "proposal" }, refer(pathway.Referral{Urgent: true}), `
			+ Observation unless score:e1
			…
			+ ServiceRequest unless consult:e1
			…
			intent: proposal
			priority: urgent
			+ Task unless consult-task:e1
			…
			intent: order
			priority: urgent
			score from QuestionnaireResponse/r1: #score, #consult, #consult-task
			~ Task/nurse if 3
			…
			output carried.valueString: ∅ → requested`},
		{"refer to nobody in particular, protected", instead(awaited, secret), func(r *Reconciler, p *picture) { p.stay.Owners.Liaison = "" }, refer(pathway.Referral{}), `
			+ Observation unless score:e1
			…
			+ ServiceRequest unless consult:e1
			…
			performer.0.display: Addiction liaison team (not configured)
			no locationReference
			meta.security.0: hl7:v3-Confidentiality|V "streng"
			+ Task unless consult-task:e1
			…
			owner.display: Addiction liaison team (not configured)
			no location
			output routed.valueString: nobody
			meta.security.0: hl7:v3-Confidentiality|V "streng"
			score from QuestionnaireResponse/r1: #score, #consult, #consult-task
			~ Task/nurse if 3
			…
			status: requested → completed`},
		{"refer for an earlier score", instead(toAsk, with(admission, "location", "")), earlier, do(&pathway.Referral{Earlier: true, Limit: pathway.Limit{From: 5}}, &pathway.TaskChange{Status: "completed", Business: "screened-before"}), `
			+ ServiceRequest unless consult:e1
			…
			reasonReference.0: Observation/o0
			no supportingInfo
			meta.security.0: s|a
			note.0 reason.text: AUDIT-C in an earlier admission: 9 of 12 points. The limit of 5 for everybody was passed (Liaison consult), and no consult was asked for then. Policy: policy-1. Answered 2031-05-14.
			+ Task unless consult-task:e1
			…
			meta.security.0: s|a
			+ Task unless screening:e1
			…
			output consult.valueReference: #consult
			status: completed
			refer from Observation/o0: #consult, #consult-task`},
		{"refer, the team's Task stands", instead(referred, with(team, "focus", `{"reference":"urn:uuid:2"}`)), nil, do(scored(t, answers, nil), &pathway.Referral{Number: 1, Due: tomorrow}, closed), `
			+ Observation unless score:e1
			…
			+ ServiceRequest unless consult:e1
			…
			extension.0.valueReference: Task/team
			score from QuestionnaireResponse/r1: #score, Task/team, #consult
			~ Task/team if 6
			focus: urn:uuid:2 → #consult
			dated
			restriction.period.end: ∅ → 2031-05-18T12:00:00.000Z
			~ Task/nurse if 3
			…
			output consult.valueReference: ServiceRequest/s1 → #consult`},
		{"refer anew, the old consult is deleted", referred, nil, do(scored(t, answers, nil), &pathway.Referral{Number: 1, Due: tomorrow}), `
			+ Observation unless score:e1
			…
			+ ServiceRequest unless consult:e1
			…
			extension.0.valueReference: Task/team
			score from QuestionnaireResponse/r1: #score, Task/team, #consult
			~ Task/team if 6
			focus: ServiceRequest/s1 → #consult
			dated
			restriction.period.end: ∅ → 2031-05-18T12:00:00.000Z`},
		{"refer, changed, as the Task does not know", instead(referred, nurse), nil, do(scored(t, answers, func(s *pathway.Score) { s.Amends, s.Stands = "Observation/o1", true }), &pathway.Referral{Changes: "ServiceRequest/s1"}, closed), `
			score from QuestionnaireResponse/r1: Observation/o1, ServiceRequest/s1
			~ ServiceRequest/s1 if 5
			…
			~ Task/nurse if 3
			…
			output consult.valueReference: ∅ → ServiceRequest/s1
			output score.valueReference: ∅ → Observation/o1`},
		{"refer, changed", referred, nil, do(scored(t, answers, func(s *pathway.Score) { s.Amends, s.Stands = "Observation/o1", true }), &pathway.Referral{Urgent: true, Changes: "ServiceRequest/s1", Limit: pathway.Limit{From: 8}, Due: at12.Add(4 * time.Hour)}), `
			score from QuestionnaireResponse/r1: Observation/o1, ServiceRequest/s1, Task/team
			~ ServiceRequest/s1 if 5
			note.0 reason.text: ∅ → AUDIT-C: 8 of 12 points. The limit of 8 for everybody was reached (Liaison consult, urgent). Policy: policy-1.
			note.0.text: AUDIT-C: 5 of 12 points. → ∅
			note.1 answers.text: ∅ → 1. How often do you have a drink containing alcohol? – 4 or more times a week (4) / 2. How many standard drinks containing alcohol do you have on a typical day when drinking? – 5 or 6 (2) / 3. How often do you have six or more drinks on one occasion? – Monthly (2) / Answered 2031-05-17 10:00.
			note.2 wish.text: ∅ → Whether the patient wants the consult was left unanswered.
			note.3 place.text: ∅ → Ward: Surgery 2.
			note.4 event.text: ∅ → The score was corrected: it was 5 of 12 points.
			priority: routine → urgent
			tier: ∅ → urgent
			~ Task/team if 6
			dated
			priority: routine → urgent
			restriction.period.end: ∅ → 2031-05-17T16:00:00.000Z`},
		{"refer, in place of one that was ended", instead(referred, with(team, "status", `"rejected"`), with(consult, "status", `"revoked"`, "authoredOn", `"2031-05-17T10:01:00Z"`)), nil,
			do(scored(t, answers, func(s *pathway.Score) { s.Amends, s.Stands = "Observation/o1", true }), &pathway.Referral{Urgent: true, Number: 2, Replaces: "ServiceRequest/s1"}, closed), `
			+ ServiceRequest unless consult:e1:2
			…
			identifier.0: consult:e1:2
			replaces.0: ServiceRequest/s1
			note.4 before.text: Consult before in this admission: 2031-05-17 (turned down).
			priority: urgent
			tier: urgent
			+ Task unless consult-task:e1:2
			…
			identifier.0: consult-task:e1:2
			status: requested
			score from QuestionnaireResponse/r1: Observation/o1, #consult, #consult-task
			~ Task/nurse if 3
			businessStatus: ∅ → scored "Answered and scored"
			dated
			output consult.valueReference: ServiceRequest/s1 → #consult`},
		{"refer, in place of one that was ended now", instead(referred, with(team, "status", `"completed"`)), nil,
			do(&pathway.Referral{Number: 2, Replaces: "ServiceRequest/s1", Earlier: true}, &pathway.Carriage{Order: "ServiceRequest/s1", Status: "completed", Team: "completed"}, closed), `
			+ ServiceRequest unless consult:e1:2
			…
			+ Task unless consult-task:e1:2
			…
			refer from Encounter/e1: #consult, #consult-task, ServiceRequest/s1
			~ ServiceRequest/s1 if 5
			status: active → completed
			~ Task/nurse if 3
			…
			output consult.valueReference: ServiceRequest/s1 → #consult
			no output carried`},
		{"refer, and clear the other away", instead(referred, with(consult, "status", `"revoked"`)), nil,
			do(&pathway.Referral{Number: 2, Replaces: "ServiceRequest/s1", Earlier: true}, &pathway.Revocation{Why: "order-ended"}, closed), `
			+ ServiceRequest unless consult:e1:2
			…
			+ Task unless consult-task:e1:2
			…
			refer from Encounter/e1: #consult, #consult-task, Task/team
			~ Task/team if 6
			dated
			status: requested → cancelled
			statusReason: ∅ → order-ended "The consult was cancelled"
			~ Task/nurse if 3
			…
			no output carried`},
		{"refer, changed, begun", begun, nil, do(scored(t, answers, func(s *pathway.Score) { s.Amends, s.Stands = "Observation/o1", true }), &pathway.Referral{Changes: "ServiceRequest/s1", Limit: pathway.Limit{From: 4}}), `
			score from QuestionnaireResponse/r1: Observation/o1, ServiceRequest/s1
			~ ServiceRequest/s1 if 5
			…
			no status
			no priority`},
		{"refer, renewed", revoked, nil, do(&pathway.Referral{Renews: "ServiceRequest/s1", Earlier: true, Due: tomorrow}, closed), `
			refer from Encounter/e1: ServiceRequest/s1, Task/team
			~ ServiceRequest/s1 if 5
			…
			status: revoked → active
			no priority
			~ Task/team if 6
			dated
			output raised.valueInteger: 1 → ∅
			priority: urgent → routine
			restriction.period.end: 2031-05-17T11:00:00Z → 2031-05-18T12:00:00.000Z
			status: cancelled → requested
			statusReason.text: old → ∅
			~ Task/nurse if 3
			…
			businessStatus: ∅ → scored "Answered and scored"
			no output`},
		{"refer, renewed, as the Task does not know", instead(revoked, nurse), nil, do(&pathway.Referral{Renews: "ServiceRequest/s1", Earlier: true, Due: tomorrow}, closed), `
			refer from Encounter/e1: ServiceRequest/s1, Task/team
			~ ServiceRequest/s1 if 5
			…
			~ Task/team if 6
			…
			~ Task/nurse if 3
			…
			output consult.valueReference: ∅ → ServiceRequest/s1`},
		{"refer, stands", instead(referred, nurse), nil, do(&pathway.Referral{Stands: "ServiceRequest/s1"}, closed), `
			~ Task/nurse if 3
			…
			output consult.valueReference: ∅ → ServiceRequest/s1
			output carried.valueString: ∅ → requested`},
		{"refer, completed", instead(referred[:6], with(consult, "extension", never)), nil, do(&pathway.Referral{Completes: "ServiceRequest/s1", Urgent: true}, closed), `
			+ Task unless consult-task:e1
			…
			focus: ServiceRequest/s1
			priority: urgent
			refer from ServiceRequest/s1: ServiceRequest/s1, #consult-task
			~ ServiceRequest/s1 if 5
			extension.1.valueReference: urn:uuid:1 → #consult-task
			~ Task/nurse if 3
			businessStatus: ∅ → scored "Answered and scored"
			dated`},
	})
}

// What was never made is pointed to once it stands.
func TestTying(t *testing.T) {
	loose := instead(append(referred, with(ward, "focus", `{"reference":"urn:uuid:1"}`)), with(consult, "reasonReference", `[{"reference":"urn:uuid:1"}]`),
		with(referred[2], "output.-1", remembers("brief-advice", `"valueReference":{"reference":"urn:uuid:3"}`)))
	checkAll(t, []transacted{
		{"tie", loose, nil, do(scored(t, answers, nil), closed), `
			+ Observation unless score:e1
			…
			score from QuestionnaireResponse/r1: #score
			~ ServiceRequest/s1 if 5
			reasonReference.0: urn:uuid:1 → #score
			~ Task/advice if 7
			focus: urn:uuid:1 → #score
			~ Task/nurse if 3
			businessStatus: ∅ → scored "Answered and scored"
			dated
			output brief-advice.valueReference: urn:uuid:3 → Task/advice
			output score.valueReference: Observation/o1 → #score`},
		{"tie nothing", append(referred, ward), nil, do(scored(t, answers, nil), closed), `
			+ Observation unless score:e1
			…
			score from QuestionnaireResponse/r1: #score
			~ Task/nurse if 3
			…
			output brief-advice.valueReference: ∅ → Task/advice
			output score.valueReference: Observation/o1 → #score`},
	})
}

// lower is a score that asks for nothing any more.
func lower(t *testing.T) *pathway.Score {
	return scored(t, answers, func(s *pathway.Score) { s.Amends, s.Tier = "Observation/o1", pathway.None })
}

// What the team is told, and what they do.
func TestTheTeam(t *testing.T) {
	shielded := func(_ *Reconciler, p *picture) {
		p.stay.Patient.Labels = []stay.Code{{System: pathway.Confidentiality, Code: "R"}}
	}
	few := func(r *Reconciler, p *picture) { shielded(r, p); p.stay.Owners.Liaison = "CareTeam/few" }
	letter := instead(referred, with(consult, "note", `[{"text":"AUDIT-C: 5 of 12 points.\nWard: Surgery 2.\nAnswered 2031-05-17 10:00, Kari Nurse."},{"text":"Ward: by a person"}]`))
	inParts := instead(referred, with(consult, "note", `[`+noted("reason", "AUDIT-C")+`,`+noted("author", "Filled in by Kari.")+`,`+noted("place", "Ward: Surgery 2.")+`]`))
	inLetter := instead(referred, with(team, "status", `"accepted"`), with(consult, "note", `[`+noted("reason", "AUDIT-C")+`,`+noted("answers", "1. Often")+`,`+noted("place", "Ward: Surgery 2.")+`]`))
	saysNo := instead(referred, with(team, "status", `"rejected"`, "statusReason", `{"text":"Known to us"}`, "note", `[{"text":"An older one"},{"text":"Call on Monday"},{"text":"The score was corrected"},`+noted("event", "Ours")+`]`))
	toldWard := with(ward, "id", `"reply"`, "meta.versionId", `"8"`, "identifier.0.value", `"reply:e1"`)
	away := instead(referred, with(team, "location.reference", `"Location/l0"`, "owner.reference", `"Practitioner/kari"`),
		with(consult, "locationReference.0.reference", `"Location/l0"`, "performer.0.reference", `"CareTeam/other"`, "note", `[`+noted("reason", "AUDIT-C")+`,{"text":"Ward: by a person"},`+noted("place", "Ward: Medical 1.")+`]`))
	lifted := instead(referred, with(team, "output", `[`+remembers("routed", `"valueString":"kept"`)+`]`, "location", ""), with(consult, "locationReference", ""))
	checkAll(t, []transacted{
		{"revoke", referred, nil, do(&pathway.Revocation{Ref: "ServiceRequest/s1", Why: "offer-declined"}), `
			withdraw from Encounter/e1: ServiceRequest/s1, Task/team
			~ ServiceRequest/s1 if 5
			note.1 event.text: ∅ → The patient does not want the consult.
			status: active → revoked
			tier: ∅ → none
			~ Task/team if 6
			dated
			status: requested → cancelled
			statusReason: ∅ → offer-declined "The patient does not want the consult."`},
		{"revoke the Task only", referred, nil, do(&pathway.Revocation{Why: "order-ended"}), `
			withdraw from Encounter/e1: Task/team
			~ Task/team if 6
			dated
			status: requested → cancelled
			statusReason: ∅ → order-ended "The consult was cancelled"`},
		{"revoke, the Task is over", instead(referred, with(team, "status", `"completed"`)), nil, do(&pathway.Revocation{Ref: "ServiceRequest/s1", Why: "corrected"}), `
			withdraw from Encounter/e1: ServiceRequest/s1
			~ ServiceRequest/s1 if 5
			note.1 event.text: ∅ → The score was corrected
			status: active → revoked
			tier: ∅ → none`},
		{"revoke, as the score has changed", referred, nil, do(lower(t), &pathway.Revocation{Ref: "ServiceRequest/s1", Why: "corrected"}), `
			score from QuestionnaireResponse/r1: Observation/o1, ServiceRequest/s1, Task/team
			~ Observation/o1 if 4
			…
			~ ServiceRequest/s1 if 5
			note.1 event.text: ∅ → The answers were corrected: the score is now 8 of 12 points (Below the limits).
			status: active → revoked
			tier: ∅ → none
			~ Task/team if 6
			…
			statusReason: ∅ → corrected "The answers were corrected: the score is now 8 of 12 points (Below the limits)."`},
		{"tell", inLetter, nil, do(ref[pathway.Withdrawal]("Observation/o1"), ref[pathway.Notice]("withdrawn")), `
			withdraw from Encounter/e1: Observation/o1, Task/team, ServiceRequest/s1
			~ Observation/o1 if 4
			status: final → entered-in-error
			~ Task/team if 6
			businessStatus: ∅ → withdrawn "The answers were withdrawn: the score no longer holds"
			dated
			note.0 event.text: ∅ → The answers were withdrawn: the score no longer holds
			output told.valueString: ∅ → withdrawn
			~ ServiceRequest/s1 if 5
			note.0 reason.text: AUDIT-C → AUDIT-C: the score no longer holds.
			note.0 reason.time: 2031-05-16T08:00:00Z → ∅
			note.1 answers.text: 1. Often → ∅
			note.1 answers.time: 2031-05-16T08:00:00Z → ∅
			note.1 place.text: ∅ → Ward: Surgery 2.
			note.1 place.time: ∅ → 2031-05-16T08:00:00Z
			note.2 event.text: ∅ → The answers were withdrawn: the score no longer holds
			note.2 place.text: Ward: Surgery 2. → ∅
			note.2 place.time: 2031-05-16T08:00:00Z → ∅
			tier: ∅ → none`},
		{"tell that the score has changed", inLetter, nil, do(lower(t), ref[pathway.Notice]("corrected")), `
			score from QuestionnaireResponse/r1: Observation/o1, Task/team, ServiceRequest/s1
			~ Observation/o1 if 4
			…
			~ Task/team if 6
			businessStatus: ∅ → corrected "The answers were corrected: the score is now 8 of 12 points (Below the limits)."
			dated
			note.0 event.text: ∅ → The answers were corrected: the score is now 8 of 12 points (Below the limits).
			output told.valueString: ∅ → corrected
			~ ServiceRequest/s1 if 5
			…
			note.0 reason.text: AUDIT-C → AUDIT-C: 8 of 12 points, below the limits. Policy: policy-1.
			note.4 event.text: ∅ → The score was corrected: it was 5 of 12 points.
			note.5 event.text: ∅ → The answers were corrected: the score is now 8 of 12 points (Below the limits).
			tier: ∅ → none`},
		{"tell of the death", instead(referred, with(team, "status", `"accepted"`)), nil, do(ref[pathway.Notice]("deceased")), `
			withdraw from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			businessStatus: ∅ → deceased "The patient has died"
			dated
			note.0 event.text: ∅ → The patient has died
			output told.valueString: ∅ → deceased
			~ ServiceRequest/s1 if 5
			note.1 event.text: ∅ → The patient has died
			tier: ∅ → none`},
		{"tell that a clinician has cancelled it", instead(referred, with(team, "status", `"accepted"`), with(consult, "status", `"revoked"`)), nil, do(ref[pathway.Notice]("order-ended")), `
			withdraw from Encounter/e1: Task/team
			~ Task/team if 6
			businessStatus: ∅ → order-ended "The consult was cancelled"
			dated
			note.0 event.text: ∅ → The consult was cancelled
			output told.valueString: ∅ → order-ended`},
		{"tell who is done", instead(referred, with(team, "status", `"completed"`)), nil, do(lower(t), ref[pathway.Notice]("corrected")), `
			score from QuestionnaireResponse/r1: Observation/o1, Task/team, ServiceRequest/s1
			~ Observation/o1 if 4
			…
			~ Task/team if 6
			…
			~ ServiceRequest/s1 if 5
			…
			note.0 reason.text: ∅ → AUDIT-C: 8 of 12 points, below the limits. Policy: policy-1.
			no tier`},
		{"tell again", instead(referred, with(team, "output", `[`+remembers("told", `"valueString":"corrected"`)+`]`, "note", `[{"text":"ours"}]`)), nil, do(ref[pathway.Notice]("corrected")), `
			withdraw from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			businessStatus: ∅ → corrected "The score was corrected"
			dated
			note.1 event.text: ∅ → The score was corrected
			~ ServiceRequest/s1 if 5
			note.1 event.text: ∅ → The score was corrected
			tier: ∅ → none`},
		{"tell once that it was cancelled", instead(referred, with(team, "output", `[`+remembers("told", `"valueString":"order-ended"`)+`]`, "status", `"accepted"`), with(consult, "status", `"revoked"`)), nil, do(ref[pathway.Notice]("corrected")), `
			withdraw from Encounter/e1: Task/team
			~ Task/team if 6
			businessStatus: ∅ → corrected "The score was corrected"
			dated
			note.0 event.text: ∅ → The score was corrected`},
		{"tell nobody", referred[:6], nil, do(ref[pathway.Notice]("withdrawn"), closed), `
			~ Task/nurse if 3
			businessStatus: ∅ → scored "Answered and scored"
			dated`},
		{"carry", referred, nil, do(&pathway.Carriage{Order: "ServiceRequest/s1", Status: "on-hold", Team: "on-hold"}), `
			carried from Encounter/e1: ServiceRequest/s1
			~ ServiceRequest/s1 if 5
			status: active → on-hold`},
		{"carry a no", saysNo, nil, do(&pathway.Carriage{Order: "ServiceRequest/s1", Status: "revoked", Team: "rejected", Refused: true}), `
			carried from Encounter/e1: ServiceRequest/s1
			~ ServiceRequest/s1 if 5
			note.1 event.text: ∅ → The addiction liaison team has turned the consult down. Its reason: Known to us / Call on Monday
			status: active → revoked`},
		{"carry a no that is told already", saysNo, func(_ *Reconciler, p *picture) { p.stay.Consult.Replied = true },
			do(&pathway.Carriage{Order: "ServiceRequest/s1", Status: "revoked", Team: "rejected", Refused: true}), `
			carried from Encounter/e1: ServiceRequest/s1
			~ ServiceRequest/s1 if 5
			status: active → revoked`},
		{"carry a no with no reason", instead(referred, with(team, "status", `"rejected"`)), nil, do(&pathway.Carriage{Order: "ServiceRequest/s1", Status: "revoked", Team: "rejected", Refused: true}), `
			carried from Encounter/e1: ServiceRequest/s1
			~ ServiceRequest/s1 if 5
			note.1 event.text: ∅ → The addiction liaison team has turned the consult down and gives no reason.
			status: active → revoked`},
		{"carry a reason that came later", append(saysNo, with(ward, "reasonReference", `{"reference":"ServiceRequest/s1"}`), with(ward, "id", `"over"`, "identifier.0.value", `"advice:e1:2"`, "status", `"completed"`, "reasonReference", `{"reference":"ServiceRequest/s1"}`)), nil,
			do(&pathway.Carriage{Order: "ServiceRequest/s1", Status: "revoked", Team: "rejected", Refused: true}), `
			carried from Encounter/e1: ServiceRequest/s1, Task/advice
			~ ServiceRequest/s1 if 5
			…
			~ Task/advice if 7
			dated
			note.0.text: ∅ → The addiction liaison team has turned the consult down. Its reason: Known to us / Call on Monday
			note.0.time: ∅ → 2031-05-17T12:00:00.000Z`},
		{"tell the ward", saysNo, nil, do(&pathway.ReplyChange{Status: "requested", Cause: "ServiceRequest/s1"}), `
			+ Task unless reply:e1
			authoredOn: 2031-05-17T12:00:00.000Z
			code: consult-rejected "Consult turned down"
			description: The addiction liaison team is not coming
			encounter: Encounter/e1
			focus: ServiceRequest/s1
			for: Patient/p1
			identifier.0: reply:e1
			intent: order
			lastModified: 2031-05-17T12:00:00.000Z
			location: Location/l1
			meta.tag.0: https://tilsyn.org/fhir/policy|policy-1
			note.0.text: The addiction liaison team has turned the consult down. Its reason: Known to us / Call on Monday
			note.0.time: 2031-05-17T12:00:00.000Z
			owner: Organization/ward
			priority: routine
			reasonReference: ServiceRequest/s1
			requester: Device/tilsyn
			status: requested
			withdraw from Encounter/e1: #reply`},
		{"tell the ward of the second", instead(saysNo, with(consult, "identifier.0.value", `"consult:e1:2"`), with(team, "identifier.0.value", `"consult-task:e1:2"`, "status", `"rejected"`)), nil, do(&pathway.ReplyChange{Status: "requested", Cause: "ServiceRequest/s1"}), `
			+ Task unless reply:e1:2
			…
			withdraw from Encounter/e1: #reply`},
		{"tell the ward, protected", saysNo, shielded, do(&pathway.ReplyChange{Status: "requested", Cause: "ServiceRequest/s1"}), `
			+ Task unless reply:e1
			…
			no location
			output routed.valueString: Organization/ward
			meta.security.0: hl7:v3-Confidentiality|R
			withdraw from Encounter/e1: #reply`},
		{"the ward need not know", append(saysNo, toldWard), nil, do(&pathway.ReplyChange{Ref: "Task/reply", Status: "cancelled", Why: "discharged"}), `
			withdraw from Encounter/e1: Task/reply
			~ Task/reply if 8
			dated
			status: requested → cancelled
			statusReason: ∅ → discharged "The patient has been discharged"`},
		{"the ward is told again", append(saysNo, with(toldWard, "status", `"cancelled"`, "statusReason", `{"text":"old"}`)), nil, do(&pathway.ReplyChange{Ref: "Task/reply", Status: "requested", Cause: "ServiceRequest/s1"}), `
			withdraw from Encounter/e1: Task/reply
			~ Task/reply if 8
			dated
			note.0.text: ∅ → The addiction liaison team has turned the consult down. Its reason: Known to us / Call on Monday
			note.0.time: ∅ → 2031-05-17T12:00:00.000Z
			reasonReference: ∅ → ServiceRequest/s1
			status: cancelled → requested
			statusReason.text: old → ∅`},
		{"advice in place of the consult", saysNo, nil, do(&pathway.AdviceChange{Status: "requested", Cause: "ServiceRequest/s1"}), `
			+ Task unless advice:e1
			…
			focus: Observation/o1
			reasonReference: ServiceRequest/s1
			note.0.text: The addiction liaison team has turned the consult down. Its reason: Known to us / Call on Monday
			note.1.text: Say this
			withdraw from Encounter/e1: #advice`},
		{"advice in place of one for an earlier score", instead([]string{admission, woman, team, with(consult, "reasonReference", `[{"reference":"Observation/o0"}]`)},
			with(nurse, "status", `"completed"`, "output.-1", remembers("consult", `"valueReference":{"reference":"ServiceRequest/s1"}`))), nil, do(&pathway.AdviceChange{Status: "requested", Cause: "ServiceRequest/s1"}), `
			+ Task unless advice:e1
			…
			focus: Observation/o0
			withdraw from Encounter/e1: #advice`},
		{"chase", referred, nil, do(&pathway.Chase{Task: "Task/team", Priority: "urgent"}), `
			~ Task/team if 6
			dated
			output raised.valueInteger: ∅ → 1
			priority: routine → urgent`},
		{"hand over", letter, few, do(&pathway.HandOver{Task: "Task/team", Order: "ServiceRequest/s1"}), `
			protection from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			dated
			location: Location/l1 → ∅
			output routed.valueString: ∅ → CareTeam/few
			owner: CareTeam/liaison → CareTeam/few
			~ ServiceRequest/s1 if 5
			locationReference.0: Location/l1 → ∅
			note.0.text: AUDIT-C: 5 of 12 points. / Ward: Surgery 2. / Answered 2031-05-17 10:00, Kari Nurse. → AUDIT-C: 5 of 12 points.
			performer.0: CareTeam/liaison → CareTeam/few`},
		{"hand over, kept", letter, few, do(&pathway.HandOver{Task: "Task/team", Order: "ServiceRequest/s1", Keeps: true}), `
			protection from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			dated
			location: Location/l1 → ∅
			output routed.valueString: ∅ → kept
			~ ServiceRequest/s1 if 5
			locationReference.0: Location/l1 → ∅
			note.0.text: AUDIT-C: 5 of 12 points. / Ward: Surgery 2. / Answered 2031-05-17 10:00, Kari Nurse. → AUDIT-C: 5 of 12 points.`},
		{"hand over, by its parts", inParts, few, do(&pathway.HandOver{Task: "Task/team", Order: "ServiceRequest/s1"}), `
			protection from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			…
			~ ServiceRequest/s1 if 5
			locationReference.0: Location/l1 → ∅
			note.1 author.text: Filled in by Kari. → ∅
			note.1 author.time: 2031-05-16T08:00:00Z → ∅
			note.2 place.text: Ward: Surgery 2. → ∅
			note.2 place.time: 2031-05-16T08:00:00Z → ∅
			performer.0: CareTeam/liaison → CareTeam/few`},
		{"follow", away, nil, do(&pathway.HandOver{Task: "Task/team", Order: "ServiceRequest/s1", Moved: true}), `
			follow from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			dated
			location: Location/l0 → Location/l1
			owner: Practitioner/kari → CareTeam/liaison
			~ ServiceRequest/s1 if 5
			locationReference.0: Location/l0 → Location/l1
			note.2 place.text: Ward: Medical 1. → Ward: Surgery 2.
			note.2 place.time: 2031-05-16T08:00:00Z → ∅
			performer.0: CareTeam/other → CareTeam/liaison`},
		{"follow, of the same team", away, nil, do(&pathway.HandOver{Task: "Task/team", Order: "ServiceRequest/s1", Moved: true, Stays: true}), `
			follow from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			dated
			location: Location/l0 → Location/l1
			~ ServiceRequest/s1 if 5
			…
			locationReference.0: Location/l0 → Location/l1
			no performer`},
		{"follow, kept", away, nil, do(&pathway.HandOver{Task: "Task/team", Order: "ServiceRequest/s1", Moved: true, Keeps: true}), `
			follow from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			dated
			location: Location/l0 → Location/l1
			~ ServiceRequest/s1 if 5
			…
			locationReference.0: Location/l0 → Location/l1
			no performer`},
		{"follow, protected", away, few, do(&pathway.HandOver{Task: "Task/team", Order: "ServiceRequest/s1", Moved: true, Stays: true}), `
			follow from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			dated
			location: Location/l0 → ∅
			output routed.valueString: ∅ → CareTeam/few
			~ ServiceRequest/s1 if 5
			…
			no performer`},
		{"follow, to a ward without a name", instead(away, with(admission, "location.0.location.display", "")), nil, do(&pathway.HandOver{Task: "Task/team", Order: "ServiceRequest/s1", Moved: true, Stays: true}), `
			follow from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			…
			~ ServiceRequest/s1 if 5
			locationReference.0: Location/l0 → Location/l1
			note.2 place.text: Ward: Medical 1. → ∅
			note.2 place.time: 2031-05-16T08:00:00Z → ∅`},
		{"hand over, no order", letter, few, do(&pathway.HandOver{Task: "Task/team"}), `
			protection from Encounter/e1: Task/team
			~ Task/team if 6
			dated
			location: Location/l1 → ∅
			output routed.valueString: ∅ → CareTeam/few
			owner: CareTeam/liaison → CareTeam/few`},
		{"hand over, the ward is shown", letter, func(r *Reconciler, p *picture) { few(r, p); r.Policy.Protected.Show = []string{"ward", "location"} },
			do(&pathway.HandOver{Task: "Task/team", Order: "ServiceRequest/s1"}), `
			protection from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			dated
			output routed.valueString: ∅ → CareTeam/few
			owner: CareTeam/liaison → CareTeam/few
			~ ServiceRequest/s1 if 5
			note.2 place.text: ∅ → Ward: Surgery 2.
			performer.0: CareTeam/liaison → CareTeam/few`},
		{"hand back", lifted, nil, do(&pathway.HandOver{Task: "Task/team", Order: "ServiceRequest/s1"}), `
			protection from Encounter/e1: Task/team, ServiceRequest/s1
			~ Task/team if 6
			dated
			location: ∅ → Location/l1
			output routed.valueString: kept → ∅
			~ ServiceRequest/s1 if 5
			locationReference.0: ∅ → Location/l1
			note.1 place.text: ∅ → Ward: Surgery 2.`},
	})
}
