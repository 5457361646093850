package sandbox

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

func TestValidation(t *testing.T) {
	s := New()
	defer s.Close()
	for _, tc := range []struct{ name, body, at string }{ // an empty at means valid
		{"patient", `{"resourceType":"Patient","contained":[{"resourceType":"Organization"}],"_birthDate":{"extension":[{"url":"http://x","valueCode":"y"}]}}`, ""},
		{"nulls keep lists in step", `{"resourceType":"Patient","name":[{"given":["A",null],"_given":[null,{"id":"x"}]}]}`, ""},
		{"nested extension", `{"resourceType":"Patient","extension":[{"url":"http://x","extension":[{"url":"y","valueInteger":1}]}]}`, ""},
		{"unlisted types are not looked into", `{"resourceType":"Appointment","whatever":1}`, ""},
		{"task with inputs", `{"resourceType":"Task","status":"requested","intent":"order","input":[{"type":{"text":"x"},"valueCanonical":"http://q|1"}]}`, ""},
		{"one value is enough", `{"resourceType":"Questionnaire","status":"draft","item":[{"linkId":"1","type":"choice","answerOption":[{"valueCoding":{"code":"x"}}]}]}`, ""},
		{"reason code and reference are no choice", encounter("x", "p", `,"reasonCode":[{"text":"x"}],"reasonReference":[{"reference":"Condition/1"}]`), ""},
		{"null", `{"resourceType":"Patient","gender":null}`, "Patient.gender"},
		{"stray null", `{"resourceType":"Patient","name":[null]}`, "Patient.name[0]"},
		{"empty string", `{"resourceType":"Patient","name":[{"family":" "}]}`, "Patient.name[0].family"},
		{"empty array", `{"resourceType":"Appointment","x":{"y":[]}}`, "Appointment.x.y"},
		{"empty object", `{"resourceType":"Patient","maritalStatus":{}}`, "Patient.maritalStatus"},
		{"twice", `{"resourceType":"Patient","gender":"male","gender":"female"}`, "Patient.gender"},
		{"unknown element", `{"resourceType":"Patient","name":[{"last":"x"}]}`, "Patient.name[0].last"},
		{"unknown in contained", `{"resourceType":"Patient","contained":[{"resourceType":"Organization","x":1}]}`, "Patient.contained[0].x"},
		{"object for list", `{"resourceType":"Patient","name":{"family":"x"}}`, "Patient.name"},
		{"list for object", `{"resourceType":"Patient","maritalStatus":[{"text":"x"}]}`, "Patient.maritalStatus"},
		{"string for object", `{"resourceType":"Patient","maritalStatus":"x"}`, "Patient.maritalStatus"},
		{"string for boolean", `{"resourceType":"Patient","active":"true"}`, "Patient.active"},
		{"fraction for integer", `{"resourceType":"Patient","multipleBirthInteger":1.5}`, "Patient.multipleBirthInteger"},
		{"date", `{"resourceType":"Patient","birthDate":"1999-13-01"}`, "Patient.birthDate"},
		{"gender", `{"resourceType":"Patient","gender":"x"}`, "Patient.gender"},
		{"two of a choice", `{"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2024"}`, "Patient.deceasedDateTime"},
		{"relative identifier system", `{"resourceType":"Patient","identifier":[{"system":"s"}]}`, "Patient.identifier[0].system"},
		{"extension without url", `{"resourceType":"Patient","extension":[{"valueCode":"x"}]}`, "Patient.extension[0].url"},
		{"task intent", `{"resourceType":"Task","status":"requested","intent":"x"}`, "Task.intent"},
		{"task without intent", `{"resourceType":"Task","status":"requested"}`, "Task.intent"},
		{"task status", `{"resourceType":"Task","status":"open","intent":"order"}`, "Task.status"},
		{"input without value", `{"resourceType":"Task","status":"requested","intent":"order","input":[{"type":{"text":"x"}}]}`, "Task.input[0].value[x]"},
		{"encounter class", `{"resourceType":"Encounter","status":"planned"}`, "Encounter.class"},
		{"response status", `{"resourceType":"QuestionnaireResponse"}`, "QuestionnaireResponse.status"},
		{"observation code", `{"resourceType":"Observation","status":"final"}`, "Observation.code"},
		{"request subject", `{"resourceType":"ServiceRequest","status":"active","intent":"order"}`, "ServiceRequest.subject"},
		{"provenance agent", `{"resourceType":"Provenance","recorded":"2024-01-01T00:00:00Z","target":[{"reference":"Task/1"}]}`, "Provenance.agent"},
		{"questionnaire status", `{"resourceType":"Questionnaire"}`, "Questionnaire.status"},
		{"subscription channel", `{"resourceType":"Subscription","status":"requested","reason":"x","criteria":"Task?"}`, "Subscription.channel"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := s.validate([]byte(tc.body))
			if tc.at == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			if err == nil {
				t.Fatal("accepted")
			}
			f := asFault(err)
			equal(t, "status", f.status, 422)
			equal(t, "where", f.issues[0].Expression[0], tc.at)
		})
	}
}

func TestRubbishIsReportedInPart(t *testing.T) {
	body := `{"resourceType":"Patient","name":[` + strings.TrimSuffix(strings.Repeat(`{"x":1},`, 1000), ",") + `]}`
	r := newClient(t).do("POST", "/Patient", body).want(t, 422)
	equal(t, "issues", int(r.Get("issue.#").Int()), maxIssues)
}

func TestDeepNestingIsRefused(t *testing.T) {
	newClient(t).do("POST", "/Patient", strings.Repeat("[", 1_000_000)).want(t, 400)
}

func TestUnknownProfile(t *testing.T) {
	c := newClient(t)
	body := `{"resourceType":"Patient","meta":{"profile":["http://x/p"]}}`
	c.do("POST", "/Patient", body).want(t, 422)
	c.do("POST", "/StructureDefinition", `{"resourceType":"StructureDefinition","url":"http://x/p","name":"P","status":"active","kind":"resource","abstract":false,"type":"Patient"}`).want(t, 201)
	c.do("POST", "/Patient", body).want(t, 201)
}

const testForm = `{"resourceType":"Questionnaire","id":"q","url":"http://q","version":"1","status":"active","item":[
 {"linkId":"1","text":"One","type":"choice","required":true,"answerOption":[{"valueCoding":{"system":"http://c","code":"a"}},{"valueCoding":{"system":"http://c","code":"b"}}]},
 {"linkId":"2","type":"integer","required":true,"enableWhen":[{"question":"1","operator":"=","answerCoding":{"system":"http://c","code":"b"}}]},
 {"linkId":"g","type":"group","item":[{"linkId":"g1","type":"decimal","required":true},{"linkId":"g2","type":"open-choice","repeats":true,"answerOption":[{"valueString":"x"}]}]},
 {"linkId":"3","type":"string","enableBehavior":"all","enableWhen":[{"question":"2","operator":">=","answerInteger":3},{"question":"g1","operator":"exists","answerBoolean":false}]}]}`

func coded(link, code string) string {
	return `{"linkId":"` + link + `","answer":[{"valueCoding":{"system":"http://c","code":"` + code + `"}}]}`
}

func TestForms(t *testing.T) {
	c := newClient(t)
	c.put("/Questionnaire/q", testForm)
	for _, tc := range []struct {
		name, canonical, status, items string
		says                           string // empty means accepted
	}{
		{"complete", "http://q|1", "completed", coded("1", "a"), ""},
		{"enabled and answered", "http://q|1", "completed", coded("1", "b") + `,{"linkId":"2","answer":[{"valueInteger":3}]},{"linkId":"3","answer":[{"valueString":"x"}]}`, ""},
		{"group", "http://q|1", "amended", coded("1", "a") + `,{"linkId":"g","item":[{"linkId":"g1","answer":[{"valueDecimal":1.5}]},{"linkId":"g2","answer":[{"valueString":"y"},{"valueCoding":{"code":"z"}}]}]}`, ""},
		{"draft", "http://q|1", "in-progress", coded("1", "b"), ""},
		{"stopped", "http://q|1", "stopped", "", ""},
		{"unknown version", "http://q|9", "completed", coded("9", "z"), ""},
		{"unknown form", "http://none", "completed", coded("9", "z"), ""},
		{"disabled without answer", "http://q|1", "completed", coded("1", "a") + `,{"linkId":"2"}`, ""},
		{"empty", "http://q|1", "completed", "", "required item '1'"},
		{"enabled without answer", "http://q|1", "completed", coded("1", "b"), "required item '2'"},
		{"enabled with empty item", "http://q|1", "completed", coded("1", "b") + `,{"linkId":"2"}`, "required item '2'"},
		{"latest version", "http://q", "completed", coded("1", "z"), "options"},
		{"not an option", "http://q|1", "in-progress", coded("1", "z"), "options"},
		{"other system", "http://q|1", "completed", `{"linkId":"1","answer":[{"valueCoding":{"system":"http://d","code":"a"}}]}`, "options"},
		{"wrong type", "http://q|1", "completed", `{"linkId":"1","answer":[{"valueBoolean":true}]}`, "type"},
		{"unknown question", "http://q|1", "in-progress", coded("9", "a"), "'9' not found"},
		{"out of order", "http://q|1", "completed", `{"linkId":"2","answer":[{"valueInteger":1}]},` + coded("1", "b"), "out of order"},
		{"disabled but answered", "http://q|1", "in-progress", coded("1", "a") + `,{"linkId":"2","answer":[{"valueInteger":1}]}`, "not enabled"},
		{"only one of all conditions", "http://q|1", "completed", coded("1", "b") + `,{"linkId":"2","answer":[{"valueInteger":2}]},{"linkId":"3","answer":[{"valueString":"x"}]}`, "not enabled"},
		{"other text", "http://q|1", "completed", strings.Replace(coded("1", "a"), `,"answer"`, `,"text":"Two","answer"`, 1), "must match"},
		{"two answers", "http://q|1", "completed", `{"linkId":"1","answer":[{"valueCoding":{"system":"http://c","code":"a"}},{"valueCoding":{"system":"http://c","code":"a"}}]}`, "Only one"},
		{"item twice", "http://q|1", "completed", coded("1", "a") + "," + coded("1", "a"), "Only one"},
		{"missing in group", "http://q|1", "completed", coded("1", "a") + `,{"linkId":"g","item":[{"linkId":"g2","answer":[{"valueString":"x"}]}]}`, "required item 'g1'"},
		{"answer to a group", "http://q|1", "completed", coded("1", "a") + `,{"linkId":"g","answer":[{"valueDecimal":1}]}`, "group"},
		{"items below a question", "http://q|1", "completed", `{"linkId":"1","item":[{"linkId":"g1"}],"answer":[{"valueCoding":{"system":"http://c","code":"a"}}]}`, "group"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body := `{"resourceType":"QuestionnaireResponse","questionnaire":"` + tc.canonical + `","status":"` + tc.status + `"`
			if tc.items != "" {
				body += `,"item":[` + tc.items + `]`
			}
			r := c.do("POST", "/QuestionnaireResponse", body+"}")
			if tc.says == "" {
				r.want(t, 201)
				return
			}
			r.want(t, 422)
			if !strings.Contains(r.text, tc.says) {
				t.Errorf("says %s, want %q", r.text, tc.says)
			}
		})
	}
}

func TestComparisons(t *testing.T) {
	for _, tc := range []struct {
		operator, got, want string
		met                 bool
	}{
		{"=", `1`, `1.0`, true}, {"!=", `1`, `2`, true}, {">", `10`, `9`, true}, {"<", `"2024-01-02"`, `"2024-01-01"`, false},
		{"<=", `{"value":3}`, `{"value":3}`, true}, {"=", `{"code":"a"}`, `{"code":"b"}`, false}, {"~", `1`, `1`, false},
	} {
		equal(t, tc.got+tc.operator+tc.want, compareAnswers(tc.operator, gjson.Parse(tc.got), gjson.Parse(tc.want)), tc.met)
	}
}

func TestStampKeepsEveryOtherByte(t *testing.T) {
	c := newClient(t)
	for _, members := range []string{`"meta":{"versionId":"old","source":"s"},"id":"x",`, `"id":"x",`, `"meta":{"lastUpdated":"2020"},`, ``} {
		rest := `"name":[{"family":"\u00e5<&>"}],"multipleBirthInteger":1`
		r := c.do("POST", "/Patient", `{`+members+rest+`,"resourceType":"Patient"}`)
		if r.status == 201 && (!strings.Contains(r.text, rest) || !json.Valid([]byte(r.text)) || r.Get("meta.versionId").Str != "1") {
			t.Errorf("%s became %s", members, r.text)
		}
		equal(t, "status", r.status, 201)
	}
}
