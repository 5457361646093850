package reconcile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// our is a Task that is ours in the admission e1, with these elements.
func our(name, elements string) string {
	return `"identifier":[{"system":"urn:theirs","value":"screening:e9"},{"system":"https://tilsyn.org/fhir/identifier","value":"` + name + `"}]` + strings.TrimSuffix(","+elements, ",")
}

// sdc is an output of SDC's.
func sdc(code, value string) string {
	return `{"type":{"coding":[{"system":"http://hl7.org/fhir/uv/sdc/CodeSystem/temp","code":"` + code + `"}]},` + value + `}`
}

func outputsOf(all ...string) string { return `"output":[` + strings.Join(all, ",") + `]` }

func to(ref string) string { return `"valueReference":{"reference":"` + ref + `"}` }

const ours = "https://tilsyn.org/fhir/CodeSystem/tilsyn"

// Task in, task out.
func TestReadingATask(t *testing.T) {
	r, _ := desk(t)
	screening := func(change func(*stay.Task)) stay.Task {
		task := stay.Task{Ref: "Task/1", Purpose: stay.For(stay.ScreeningTask, stay.AuditC), Number: 1}
		change(&task)
		return task
	}
	for elements, change := range map[string]func(*stay.Task){
		``: func(*stay.Task) {},
		`"status":"on-hold","priority":"asap","authoredOn":"2031-05-17T08:00:00Z","restriction":{"period":{"end":"2031-05-18"}},"meta":{"lastUpdated":"2031-05-17T09:00:00.5Z","security":[{"system":"s","code":"R"}]}`: func(t *stay.Task) {
			t.Status, t.Priority, t.Made, t.Due, t.Labels = "on-hold", "asap", utc(8, 0), lastOf("2031-05-18"), codesOf("s|R")
			t.Changed = utc(9, 0).Add(500e6)
		},
		`"focus":{"reference":"ServiceRequest/s"},"for":{"reference":"Patient/p"},"location":{"reference":"Location/l"}`: func(t *stay.Task) {
			t.Focus, t.For, t.Location = "ServiceRequest/s", "Patient/p", "Location/l"
		},
		`"focus":{"reference":"urn:uuid:1"},"for":{"reference":"http://elsewhere.example/Patient/p"},"location":{"display":"5B"}`: func(*stay.Task) {},
		`"businessStatus":{"coding":[{"system":"s","code":"theirs"},{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"scored"}]},"statusReason":{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"too-ill"}]}`: func(t *stay.Task) {
			t.BusinessStatus, t.Reason = "scored", "too-ill"
			t.Said.Codes = []stay.Code{{System: ours, Code: "too-ill"}, {System: "s", Code: "theirs"}, {System: ours, Code: "scored"}}
		},
		`"businessStatus":{"coding":[{"system":"s","code":"scored"}],"text":"scored"},"statusReason":{"coding":[{"code":"too-ill"}]}`: func(t *stay.Task) {
			t.Said = stay.Said{Codes: []stay.Code{{Code: "too-ill"}, {System: "s", Code: "scored"}}, Texts: []string{"scored"}}
		},
		`"statusReason":{"coding":[{"display":"in surgery"},{"system":"s","code":"a","display":""}],"text":"not now"}`: func(t *stay.Task) {
			t.Said = stay.Said{Codes: []stay.Code{{}, {System: "s", Code: "a"}}, Texts: []string{"in surgery", "not now"}}
		},
		`"statusReason":"declined"`:                                              func(*stay.Task) {},
		`"input":[` + sdc("questionnaire", `"valueCanonical":"u|1"`) + `]`:       func(t *stay.Task) { t.Form = "u|1" },
		`"input":[` + remembers("questionnaire", `"valueCanonical":"u|1"`) + `]`: func(*stay.Task) {},
		outputsOf(sdc("questionnaire-response", to("QuestionnaireResponse/r")), remembers("score", to("Observation/o")), remembers("consult", to(here+"/ServiceRequest/s")),
			remembers("brief-advice", to("Task/a"))): func(t *stay.Task) {
			t.Response, t.Score, t.Consult, t.Advice = "QuestionnaireResponse/r", "Observation/o", "ServiceRequest/s", "Task/a"
			t.Answers = []string{"QuestionnaireResponse/r"}
		},
		outputsOf(remembers("judged", `"valueString":"v2"`), remembers("withdrawn", `"valueString":"x"`), remembers("declined", `"valueString":"rejected"`),
			remembers("told", `"valueString":"corrected"`), remembers("raised", `"valueInteger":2`), remembers("routed", `"valueString":"few"`), remembers("carried", `"valueString":"completed"`)): func(t *stay.Task) {
			t.Judged, t.Withdrawn, t.ClosedBefore, t.Notified, t.Raised, t.Routed, t.Carried = "v2", true, true, "corrected", 2, "few", "completed"
		},
		outputsOf(remembers("unable", `"valueString":"2031-05-17T08:00:00Z"`)): func(t *stay.Task) { t.UnableSince = utc(8, 0) },
		outputsOf(remembers("unable", `"valueString":"yesterday"`)):            func(*stay.Task) {},
		outputsOf(sdc("score", to("Observation/o")), sdc("judged", `"valueString":"v2"`), sdc("withdrawn", `"valueString":"x"`), remembers("questionnaire-response", to("QuestionnaireResponse/r")),
			`{"type":{"text":"consult"},`+to("ServiceRequest/s")+`}`): func(t *stay.Task) { t.Answers = []string{"QuestionnaireResponse/r"} },
		outputsOf(`{"type":{"text":"QuestionnaireResponse"},`+to("QuestionnaireResponse/r")+`}`, `{"type":{"text":"done"},"valueString":"done"}`, `{`+to(here+"/QuestionnaireResponse/s")+`}`,
			`{`+to("QuestionnaireResponse/r")+`}`, `{`+to("http://elsewhere.example/QuestionnaireResponse/t")+`}`): func(t *stay.Task) {
			t.Answers = []string{"QuestionnaireResponse/r", "QuestionnaireResponse/s"}
		},
		outputsOf(sdc("questionnaire-response", to("urn:uuid:1"))):                  func(t *stay.Task) { t.NoResponse = true },
		outputsOf(remembers("score", to("urn:uuid:1"))):                             func(t *stay.Task) { t.NoResult = true },
		outputsOf(remembers("consult", to("urn:uuid:1"))):                           func(t *stay.Task) { t.NoResult = true },
		outputsOf(remembers("brief-advice", to("urn:uuid:1"))):                      func(t *stay.Task) { t.NoResult = true },
		outputsOf(remembers("score", to("http://elsewhere.example/Observation/o"))): func(*stay.Task) {},
	} {
		got, ok := r.loader.task(resource(t, "Task", our("screening:e1", elements)), "e1")
		want := screening(change)
		if want.Forgets = want.Response == "" && !want.NoResponse; !ok {
			t.Errorf("%s is not ours", elements)
		} else {
			same(t, elements, got, want)
		}
	}
}

// What a thing is for, which of several it is, and whether it is ours in this
// admission, as its identifier says.
func TestReadingNames(t *testing.T) {
	r, _ := desk(t)
	for name, want := range map[string]string{
		"screening:e1": "screening 1 true", "screening:e1:2": "screening 2 true", "consult-task:e1": "consult-task 1 true", "advice:e1:12": "advice 12 true",
		"screening:e1:x": "screening 1 true", "screening:e1:0": "screening 1 true", "screening:e1:-3": "screening 1 true",
		"screening:e2": "screening 1 false", "screening:e1x": "screening 1 false", "screening": "screening 1 false", "": " 1 false",
		"screening-dudit:e1": "screening-dudit 1 true", "follow-up:e1": " 1 false",
	} {
		res := resource(t, "Task", our(name, ``))
		found, ok := nameIn(res, "e1")
		if got := fmt.Sprint(found.Purpose, " ", found.Number, " ", ok); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		if _, is := r.loader.task(res, "e1"); is != ok {
			t.Errorf("%s: a Task of ours: %t", name, is)
		}
	}
	if _, is := r.loader.task(resource(t, "ServiceRequest", our("screening:e1", ``)), "e1"); is {
		t.Error("a ServiceRequest is no Task")
	}
}

// Things are read in the order in which they were written last, and by id where that
// is the same.
func TestTheOrderOfReading(t *testing.T) {
	written := func(id, at string) string {
		return with(nurse, "id", `"`+id+`"`, "meta.lastUpdated", `"`+at+`"`)
	}
	r, s := desk(t, admission, woman, written("c", "2031-05-17T09:00:00Z"), written("b", "2031-05-17T09:00:00Z"), written("a", "2031-05-17T12:00:00+02:00"), written("d", "2031-05-17T08:00:00Z"))
	var order []string
	for _, task := range seen(t, r, s).stay.Tasks {
		order = append(order, strings.TrimPrefix(task.Ref, "Task/"))
	}
	if got := strings.Join(order, " "); got != "d b c a" {
		t.Error(got)
	}
	newest := picture{byRef: s.held}.newest()
	if !newest.Equal(utc(10, 0)) {
		t.Error(newest)
	}
	s.held["Patient/p1"] = parsed(t, with(woman, "meta.lastUpdated", `"2031-05-17T11:00:00Z"`)) // is written for other reasons
	if newest := (picture{byRef: s.held}).newest(); !newest.Equal(utc(10, 0)) {
		t.Error(newest)
	}
}

// A reference that its transaction was to resolve, and did not.
func TestWhatWasNeverMade(t *testing.T) {
	for value, want := range map[string]bool{
		``: false, `{"reference":"Task/1"}`: false, `{"reference":"urn:oid:1"}`: false, `{"reference":"http://elsewhere.example/Task/1"}`: false,
		`{"reference":"urn:uuid:1"}`: true, `{}`: true, `{"display":"the form"}`: true, `{"reference":""}`: true,
	} {
		if got := neverMade(parsed(t, with(nurse, "focus", value)).Get("focus")); got != want {
			t.Errorf("%s: %t", value, got)
		}
	}
}

// Why the team has put its Task where it is: theirs alone, and only where they say it.
func TestReadingWhyTheTeamSaidNo(t *testing.T) {
	r, _ := desk(t)
	const because = `"statusReason":{"text":"known to us"}`
	for name, test := range map[string]struct {
		elements string
		want     bool
	}{
		"the team's": {our("consult-task:e1", because), true}, "without a word": {our("consult-task:e1", ""), false},
		"the nurse's": {our("screening:e1", because), false}, "advice": {our("advice:e1", because), false},
	} {
		if task, ok := r.loader.task(resource(t, "Task", test.elements), "e1"); !ok || task.Reasoned != test.want {
			t.Errorf("%s: %t, %+v", name, ok, task)
		}
	}
}

// Which responses are looked at: our draft by its name alone, what the Task points to, and
// what answers our form in this admission.
func TestWhichResponsesAreLookedAt(t *testing.T) {
	r, _ := desk(t)
	bare := with(answers, "identifier", "", "encounter", "", "questionnaire", "")
	named := with(bare, "questionnaire", `"https://tilsyn.org/fhir/Questionnaire/audit-c|0.1"`)
	here := with(named, "encounter", `{"reference":"Encounter/e1"}`)
	for name, test := range map[string]struct {
		raw  string
		task stay.Task
		want bool
	}{
		"our draft, with nothing but its name":   {with(bare, "identifier", `{"system":"https://tilsyn.org/fhir/identifier","value":"response:e1:2"}`), stay.Task{}, true},
		"a draft of another admission":           {with(bare, "identifier", `{"system":"https://tilsyn.org/fhir/identifier","value":"response:e2"}`), stay.Task{}, false},
		"what the Task points to":                {bare, stay.Task{Response: "QuestionnaireResponse/r1"}, true},
		"what it points to besides":              {named, stay.Task{Answers: []string{"QuestionnaireResponse/r1"}}, true},
		"what it points to, of no form":          {bare, stay.Task{Answers: []string{"QuestionnaireResponse/r1"}}, false},
		"what answers our form here":             {here, stay.Task{}, true},
		"what answers our form":                  {named, stay.Task{}, false},
		"what answers our form there":            {with(here, "encounter.reference", `"Encounter/e12"`), stay.Task{}, false},
		"what answers another form here":         {with(here, "questionnaire", `"https://example.org/q"`), stay.Task{}, false},
		"what answers a form with a longer name": {with(here, "questionnaire", `"https://tilsyn.org/fhir/Questionnaire/audit-c2|1"`), stay.Task{}, false},
	} {
		if got, err := r.loader.relevant(t.Context(), parsed(t, test.raw), test.task, "e1"); err != nil || got != test.want {
			t.Errorf("%s: %t, %v", name, got, err)
		}
	}
}
