package reconcile

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// sentOf are the resources of a type in the last transaction.
func sentOf(s *shelf, typ string) (all []gjson.Result) {
	for _, e := range gjson.GetBytes(s.sent, "entry").Array() {
		if res := e.Get("resource"); res.Get("resourceType").String() == typ {
			all = append(all, res)
		}
	}
	return all
}

func orderSent(s *shelf) gjson.Result { return sentOf(s, "ServiceRequest")[0] }

// The whole Provenance, which carries the labels of the answers.
func TestProvenance(t *testing.T) {
	r, s := desk(t, instead(awaited, with(answers, "meta.security", `[{"system":"s","code":"a"}]`))...)
	p := seen(t, r, s)
	d := pathway.Decision{Actions: do(scored(t, answers, nil)), Reasons: []pathway.Reason{{Rule: "score", Text: "complete answers"}, {Rule: "tier-none", Text: "no limit"}}}
	if err := r.transact(t.Context(), p, d, false); err != nil {
		t.Fatal(err)
	}
	entries := gjson.GetBytes(s.sent, "entry").Array()
	lines := elements(flat(sentOf(s, "Provenance")[0].Raw))
	got := shortened(entries).Replace(strings.Join(lines, "\n"))
	if want := untabbed(`
		activity: score "Scored"
		agent.0.type: hl7:provenance-participant-type|assembler "Assembler"
		agent.0.who: Device/tilsyn
		entity.0.role: source
		entity.0.what: QuestionnaireResponse/r1
		meta.security.0: s|a
		meta.tag.0: https://tilsyn.org/fhir/policy|policy-1
		policy.0: https://tilsyn.org/fhir/policy/policy-1
		reason.0: https://tilsyn.org/fhir/CodeSystem/rule|score "The form was answered in full and scored."
		reason.1: https://tilsyn.org/fhir/CodeSystem/rule|tier-none "The score is below the limits."
		recorded: 2031-05-17T12:00:00.000Z
		target.0: #score`); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if last := entries[len(entries)-1].Get("request"); last.Get("ifNoneExist").Exists() {
		t.Error("each Provenance is made: it has no name")
	}
}

// What a Provenance says was done is the first action that has a word for it.
func TestActivities(t *testing.T) {
	labels := &pathway.Labels{{Ref: "Task/nurse", Add: codesOf("s|a")}}
	withdrawal, restoration := ref[pathway.Withdrawal]("Observation/o1"), &pathway.Restoration{"QuestionnaireResponse/r1"}
	for name, test := range map[string]struct {
		do   []pathway.Action
		want string
	}{
		"nothing to speak of": {do(&pathway.Stop{"QuestionnaireResponse/r1"}), ""},
		"withdraw":            {do(withdrawal), "withdraw from Encounter/e1: Observation/o1"},
		"labels":              {do(withdrawal, labels), "protection from Encounter/e1: Observation/o1, Task/nurse"},
		"hand over":           {do(&pathway.HandOver{Task: "Task/team"}), "protection from Encounter/e1: Task/team"},
		"restored":            {do(restoration, labels), "restored from QuestionnaireResponse/r1: QuestionnaireResponse/r1, Task/nurse"},
		"merged":              {do(&pathway.Move{"Task/nurse"}, labels), "merged from Encounter/e1: Task/nurse"},
		"duplicate":           {do(&pathway.Duplicates{{Ref: "Task/team", Keep: "Task/t"}}), "duplicate from Task/t: Task/team"},
		"each thing once":     {do(withdrawal, ref[pathway.Notice]("withdrawn"), &pathway.Chase{Task: "Task/team", Priority: "stat"}, &pathway.HandOver{Task: "Task/team"}), "protection from Encounter/e1: Observation/o1, Task/team, ServiceRequest/s1"},
	} {
		r, s := desk(t, referred...)
		got := wrote(t, r, s, seen(t, r, s), test.do...)
		at := slices.IndexFunc(got, beginsProvenance)
		if at < 0 && test.want != "" || at >= 0 && got[at] != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// audited carries actions out with their AuditEvents.
func audited(t *testing.T, r *Reconciler, s *shelf, p picture, actions ...pathway.Action) []string {
	t.Helper()
	if err := r.transact(t.Context(), p, pathway.Decision{Actions: actions}, true); err != nil {
		t.Fatal(err)
	}
	var events []string
	short := shortened(gjson.GetBytes(s.sent, "entry").Array())
	for _, e := range sentOf(s, "AuditEvent") {
		whose, what := "", ""
		for _, entity := range e.Get("entity").Array() {
			query, _ := base64.StdEncoding.DecodeString(entity.Get("query").String())
			if entity.Get("role.code").String() == "1" {
				whose = entity.Get("what.reference").String()
			} else {
				what = string(query) + entity.Get("what.identifier.value").String()
			}
		}
		events = append(events, short.Replace(fmt.Sprintf("%s %s of %s", e.Get("action"), what, whose)))
	}
	return events
}

// Each thing that was done and read has its AuditEvent, for the patient that it names.
func TestWhatIsAudited(t *testing.T) {
	other := with(woman, "id", `"p2"`)
	moved := append(instead(referred, with(admission, "subject", `{"reference":"Patient/p2"}`)), other)
	for name, test := range map[string]struct {
		there []string
		do    []pathway.Action
		want  string
	}{
		"nothing is done": {referred, nil, ""},
		"made":            {toAsk, do(&pathway.Ask{Attempt: 1, Draft: 1}), "E Encounter?_id=e1 of Patient/p1; R http://ehr.example/fhir/Patient/p1 of Patient/p1; C response:e1 of Patient/p1; C screening:e1 of Patient/p1"},
		"changed": {referred, do(ref[pathway.Withdrawal]("Observation/o1")),
			"E Encounter?_id=e1 of Patient/p1; R http://ehr.example/fhir/Patient/p1 of Patient/p1; U score:e1 of Patient/p1"},
		"taken off another's record": {moved, do(&pathway.Move{"Task/nurse", "ServiceRequest/s1"}),
			"E Encounter?_id=e1 of Patient/p2; R http://ehr.example/fhir/Patient/p1 of Patient/p1; U screening:e1 of Patient/p2; U screening:e1 of Patient/p1; U consult:e1 of Patient/p2; U consult:e1 of Patient/p1"},
	} {
		r, s := desk(t, test.there...)
		p := seen(t, r, s)
		p.asked, p.gotten = []string{"Encounter?_id=e1"}, append(p.gotten, p.byRef["Patient/p1"])
		if got := strings.Join(audited(t, r, s, p, test.do...), "; "); got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, test.want)
		}
	}
}

// Whom an AuditEvent names is a patient: what is about somebody else, or a patient of
// another server, concerns that of the admission.
func TestWhomAnAuditEventNames(t *testing.T) {
	r, s := desk(t, referred...)
	w := &writing{Reconciler: r, p: seen(t, r, s)}
	for body, want := range map[string]string{
		`"resourceType":"Patient","id":"p9"`:                                                                          "Patient/p9",
		`"resourceType":"Task","for":{"reference":"Patient/p9"}`:                                                      "Patient/p9",
		`"resourceType":"Task","for":{"reference":"` + here + `/Patient/p9"}`:                                         "Patient/p9",
		`"resourceType":"Task","for":{"reference":"Group/p9"}`:                                                        "Patient/p1",
		`"resourceType":"Task","for":{"reference":"PatientX/p9"}`:                                                     "Patient/p1",
		`"resourceType":"Observation","subject":{"reference":"Device/p9"}`:                                            "Patient/p1",
		`"resourceType":"Observation","subject":{"reference":"Device/p9"},"for":{"reference":"Patient/p9"}`:           "Patient/p9",
		`"resourceType":"Observation","subject":{"reference":"http://elsewhere.example/fhir/Patient/p9"}`:             "Patient/p1",
		`"resourceType":"Observation","subject":{"reference":"Patient/p9"},"focus":[{"reference":"Patient/another"}]`: "Patient/p9",
		`"resourceType":"Questionnaire","id":"q"`:                                                                     "Patient/p1",
	} {
		if got := w.patientOf(parsed(t, "{"+body+"}")); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

// An AuditEvent has the shape of IHE BALP; in a read the roles are turned round.
func TestTheShapeOfAuditEvents(t *testing.T) {
	r, s := desk(t, instead(referred, with(admission, "meta.security", `[{"system":"s","code":"e"}]`), with(answers, "meta.security", `[{"system":"s","code":"a"}]`))...)
	p := seen(t, r, s)
	p.asked, p.gotten = []string{"Task?x"}, append(p.gotten, parsed(t, `{"resourceType":"Observation","id":"o9"}`))
	audited(t, r, s, p, ref[pathway.Withdrawal]("Observation/o1"))
	const common = `
		agent.0.network.address: pc-7
		agent.0.network.type: 1
		agent.0.requestor: true
		agent.0.who: Device/tilsyn
		agent.1.network.address: http://ehr.example/fhir
		agent.1.network.type: 5
		agent.1.requestor: false
		agent.1.who.identifier: urn:ietf:rfc:3986|http://ehr.example/fhir
		entity.0.role: hl7:object-role|1 "Patient"
		entity.0.type: hl7:audit-entity-type|1 "Person"
		entity.0.what: Patient/p1
		entity.1.type: hl7:audit-entity-type|2 "System Object"
		meta.security.0: s|e
		meta.security.1: s|a
		meta.tag.0: https://tilsyn.org/fhir/policy|policy-1
		outcome: 0
		purposeOfEvent.0: hl7:v3-ActReason|TREAT
		recorded: 2031-05-17T12:00:00.000Z
		source.observer: Device/tilsyn
		source.type.0: hl7:security-source-type|4 "Application Server"
		type: hl7:audit-event-type|rest "Restful Operation"
`
	const ours = `
		agent.0.type: http://dicom.nema.org/resources/ontology/DCM|110153 "Source Role ID"
		agent.1.type: http://dicom.nema.org/resources/ontology/DCM|110152 "Destination Role ID"
`
	const data = `entity.1.role: hl7:object-role|4 "Domain Resource"
		entity.1.what.type: Observation
`
	for i, want := range []string{common + ours + `
		action: E
		entity.1.query: VGFzaz94
		entity.1.role: hl7:object-role|24 "Query"
		subtype.0: http://hl7.org/fhir/restful-interaction|search "search"`, common + data + `
		action: R
		agent.0.type: http://dicom.nema.org/resources/ontology/DCM|110152 "Destination Role ID"
		agent.1.type: http://dicom.nema.org/resources/ontology/DCM|110153 "Source Role ID"
		entity.1.what.identifier: urn:ietf:rfc:3986|http://ehr.example/fhir/Observation/o9
		subtype.0: http://hl7.org/fhir/restful-interaction|read "read"`, common + ours + data + `
		action: U
		entity.1.what.identifier: score:e1
		subtype.0: http://hl7.org/fhir/restful-interaction|update "update"`} {
		got := shortened(nil).Replace(strings.Join(elements(flat(sentOf(s, "AuditEvent")[i].Raw)), "\n"))
		lines := slices.Sorted(strings.SplitSeq(untabbed(want), "\n"))
		if want := strings.TrimSpace(strings.Join(lines, "\n")); got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	}
}

// What says only that the patient is to be asked has none of the answers' labels, and
// an AuditEvent about nobody names nobody.
func TestAuditEventsOfAQuestion(t *testing.T) {
	r, s := desk(t, instead(toAsk, with(admission, "meta.security", `[{"system":"s","code":"e"}]`))...)
	r.Policy.Labels.Add = []pathway.Coding{{System: "s", Code: "a"}}
	p := seen(t, r, s)
	audited(t, r, s, p, &pathway.Ask{Attempt: 1, Draft: 1})
	for _, e := range sentOf(s, "AuditEvent") {
		if got := e.Get("meta.security.#.code").String(); got != `["e"]` {
			t.Error(got)
		}
	}
	p.stay.Patient = stay.Patient{}
	w := &writing{Reconciler: r, p: p}
	w.record(created, "", w.data(s.held["Encounter/e1"]))
	if got := w.tx.Writes()[0].Resource; got.Get("entity.#").Int() != 1 {
		t.Error(got.Get("entity"))
	}
}
