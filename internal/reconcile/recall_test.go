package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// bare is a Task of the admission e1 that has lost its identifier.
func bare(code string) string {
	return `{"resourceType":"Task","id":"t","status":"requested","encounter":{"reference":"Encounter/e1"},"requester":{"reference":"Device/tilsyn"},` +
		`"code":{"coding":[{"system":"http://example.org","code":"other"},` + code + `]},` +
		`"input":[` + sdc("questionnaire", `"valueCanonical":"https://tilsyn.org/fhir/Questionnaire/audit-c|0.1"`) + `]}`
}

const (
	complete = `{"system":"http://hl7.org/fhir/uv/sdc/CodeSystem/temp","code":"complete-questionnaire"}`
	consults = `{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"consult"}`
	advises  = `{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"brief-advice"}`
)

// A Task without an identifier of ours is ours where our Device asked for it, in this
// admission, and for what only we ask for.
func TestTasksThatHaveLostTheirName(t *testing.T) {
	r, _ := desk(t)
	for name, test := range map[string]struct {
		raw  string
		want stay.Kind
	}{
		"the nurse's":            {bare(complete), stay.ScreeningTask},
		"the team's":             {bare(consults), stay.ConsultTask},
		"advice":                 {bare(advises), stay.Advice},
		"with a name of theirs":  {with(bare(complete), "identifier", `[{"system":"urn:theirs","value":"screening:e1"}]`), stay.ScreeningTask},
		"of another admission":   {with(bare(complete), "encounter.reference", `"Encounter/e2"`), ""},
		"of no admission":        {with(bare(complete), "encounter", ""), ""},
		"asked for by another":   {with(bare(complete), "requester.reference", `"Device/other"`), ""},
		"asked for by nobody":    {with(bare(complete), "requester", ""), ""},
		"for another form":       {with(bare(complete), "input.0.valueCanonical", `"https://example.org/q|1"`), ""},
		"for no form":            {with(bare(complete), "input", ""), ""},
		"with another code":      {bare(`{"system":"http://example.org","code":"consult"}`), ""},
		"ours of another stay":   {with(bare(complete), "identifier", `[{"system":"https://tilsyn.org/fhir/identifier","value":"screening:e2"}]`), ""},
		"no Task":                {with(bare(complete), "resourceType", `"ServiceRequest"`), ""},
		"the team's with a form": {with(bare(consults), "input", ""), stay.ConsultTask},
	} {
		got, is := r.loader.task(parsed(t, test.raw), "e1")
		if is != (test.want != "") || got.Kind != test.want || got.Number != 0 {
			t.Errorf("%s: %q %d", name, got.Purpose, got.Number)
		}
	}
}

// What has lost its number gets one that is free, the oldest the lowest.
func TestNumbersThatAreFree(t *testing.T) {
	task := func(kind stay.Kind, number, hour int) stay.Task {
		return stay.Task{Ref: fmt.Sprint(kind, hour), Purpose: stay.For(kind, stay.AuditC), Number: number, Made: utc(hour, 0)}
	}
	tasks := []stay.Task{task(stay.ScreeningTask, 0, 12), task(stay.ScreeningTask, 2, 11), task(stay.ScreeningTask, 0, 10), task(stay.ConsultTask, 0, 9), task(stay.Advice, 3, 8),
		task(stay.Advice, 0, 13), task("later", 7, 1)}
	number(tasks, nil)
	var got []int
	for _, task := range tasks {
		got = append(got, task.Number)
	}
	if fmt.Sprint(got) != "[3 2 1 1 3 1 7]" {
		t.Error(got)
	}
}

// One of two that was marked as made in error does not come back as another question when
// it has lost its name; the only one there is keeps its place.
func TestNumbersOfWhatWasMadeInError(t *testing.T) {
	task := func(number, hour int, status string) stay.Task {
		return stay.Task{Ref: fmt.Sprint(hour), Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Number: number, Made: utc(hour, 0), Status: status}
	}
	other := task(1, 9, "completed")
	other.Purpose = stay.Purpose{Kind: stay.Advice}
	const wrong = "entered-in-error"
	for name, test := range map[string]struct {
		tasks []stay.Task
		want  string
		last  string
	}{
		"one of two":             {[]stay.Task{task(1, 9, "completed"), task(0, 10, wrong)}, "[1 1]", "9"},
		"one of two, made first": {[]stay.Task{task(0, 8, wrong), task(1, 9, "completed")}, "[1 1]", "9"},
		"both have lost it":      {[]stay.Task{task(0, 8, wrong), task(0, 9, "completed")}, "[1 1]", "9"},
		"of the second question": {[]stay.Task{task(1, 2, "rejected"), task(2, 9, "requested"), task(0, 10, wrong)}, "[1 2 2]", "9"},
		"of the first":           {[]stay.Task{task(1, 2, "rejected"), task(0, 3, wrong), task(2, 9, "requested")}, "[1 1 2]", "9"},
		"the only one":           {[]stay.Task{task(0, 9, wrong)}, "[1]", "9"},
		"beside advice":          {[]stay.Task{other, task(0, 10, wrong)}, "[1 1]", "10"},
		"the one that stays":     {[]stay.Task{task(1, 8, wrong), task(0, 9, "rejected"), task(2, 12, "requested")}, "[1 1 2]", "12"},
		"not in error":           {[]stay.Task{task(1, 9, "completed"), task(0, 10, "requested")}, "[1 2]", "10"},
	} {
		number(test.tasks, nil)
		var got []int
		for _, task := range test.tasks {
			got = append(got, task.Number)
		}
		last, _ := stay.Stay{Tasks: test.tasks}.ScreeningTask()
		if fmt.Sprint(got) != test.want || last.Ref != test.last {
			t.Errorf("%s: %v, the last is %s", name, got, last.Ref)
		}
	}
}

// Of two that were made at once the one that has lost its name is no other question: their
// drafts have one number.
func TestNumbersOfWhatWasMadeAtOnce(t *testing.T) {
	for drafts, want := range map[string]string{
		"response:e1 response:e1":     "1 1",
		"response:e1 response:e1:2":   "1 2",
		"response:e1:2 response:e1:2": "1 1",
		"response:e9 response:e9":     "1 2", // of another admission
	} {
		there := []string{admission, woman, with(nurse, "id", `"a"`), with(nurse, "id", `"b"`, "identifier", "", "encounter", `{"reference":"Encounter/e1"}`,
			"requester", `{"reference":"Device/tilsyn"}`, "code", `{"coding":[`+complete+`]}`)}
		for i, name := range strings.Fields(drafts) {
			task := []string{"Task/a", "Task/b"}[i]
			there = append(there, with(answers, "id", fmt.Sprintf("%q", "r"+task[5:]), "identifier.value", fmt.Sprintf("%q", name), "status", `"in-progress"`,
				"extension", `[{"url":"https://tilsyn.org/fhir/StructureDefinition/task","valueReference":{"reference":"`+task+`"}}]`))
		}
		r, s := desk(t, there...)
		p := lookedAt(t, r, s)
		var got []string
		for _, task := range p.stay.Tasks {
			got = append(got, fmt.Sprint(task.Number))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: numbers %v, want %s", drafts, got, want)
		}
	}
}

// remembered is what a look finds of the nurse's Task.
func remembered(t *testing.T, there ...string) (stay.Task, *shelf) {
	t.Helper()
	r, s := desk(t, there...)
	p := lookedAt(t, r, s)
	if _, err := r.loader.decide(t.Context(), &p); err != nil {
		t.Fatal(err)
	}
	task, _ := p.stay.ScreeningTask()
	return task, s
}

// Whatever is dropped of the nurse's Task, what was made of the answers is found again.
func TestRecalling(t *testing.T) {
	nurses := with(referred[2], "businessStatus", `{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"scored"}]}`)
	dropped := with(nurses, "output", "", "businessStatus", "")
	named := func(raw, name string) string { return with(raw, "identifier.0.value", `"`+name+`"`) }
	told := `{"resourceType":"Provenance","id":"v1","meta":{"lastUpdated":"2031-05-17T10:01:00Z"},"target":[{"reference":"Observation/o1"},{"reference":"ServiceRequest/gone"},{"reference":"Task/team"}],"entity":[{"what":{"reference":"QuestionnaireResponse/r1"}}]}`
	advised := with(nurses, "output", `[`+sdc("questionnaire-response", to("QuestionnaireResponse/r1"))+`]`)
	for name, test := range map[string]struct {
		there []string
		want  string
	}{
		"nothing":                          {instead(referred, nurses), "r1 o1 s1 kept"},
		"the output":                       {instead(referred, dropped), "r1 o1 s1 over"},
		"and the team's Task is gone":      {instead(referred, dropped)[:6], "r1 o1 s1 over"},
		"and the consult, deleted":         {append(instead(referred, dropped)[:5], told), "r1 o1 gone over"},
		"and both, deleted":                {append(instead(referred, dropped)[:4], with(told, "target.0.reference", `"Observation/away"`)), "r1 away gone over"},
		"of another screening":             {instead(referred, dropped, named(score, "score:e1:2"), with(named(consult, "consult:e1:2"), "subject.reference", `"Patient/p9"`))[:6], "r1 - - over"},
		"the second consult":               {append(instead(referred, dropped)[:6], with(named(consult, "consult:e1:2"), "id", `"s2"`), told), "r1 o1 s2 over"},
		"the second one's Task":            {append(instead(referred, dropped), with(named(consult, "consult:e1:2"), "id", `"s2"`), with(named(team, "consult-task:e1:2"), "id", `"t2"`, "focus", `{"reference":"ServiceRequest/s2"}`)), "r1 o1 s2 over"},
		"advice in place of a consult":     {append(instead(referred, advised)[:4], with(ward, "focus", `{"reference":"Observation/o0"}`, "reasonReference", `{"reference":"ServiceRequest/s1"}`), consult, team), "r1 - s1 over advice"},
		"the score withdrawn":              {instead(referred, dropped, with(score, "status", `"entered-in-error"`)), "r1 o1 s1 over withdrawn"},
		"put aside before":                 {instead(referred, dropped, with(score, "extension", `[{"url":"`+closedExtension+`","valueCode":"rejected"}]`)), "r1 o1 s1 over aside"},
		"of the output all but the answer": {append(instead(referred, advised), ward), "r1 o1 s1 over advice"},
		"the identifier":                   {instead(referred, with(nurses, "identifier", "", "encounter", `{"reference":"Encounter/e1"}`, "requester", `{"reference":"Device/tilsyn"}`, "code", `{"coding":[`+complete+`]}`)), "r1 o1 s1 over"},
	} {
		task, _ := remembered(t, test.there...)
		got := strings.NewReplacer("QuestionnaireResponse/", "", "Observation/", "", "ServiceRequest/", "", "Task/", "").Replace(
			fmt.Sprint(or(task.Response, "-"), " ", or(task.Score, "-"), " ", or(task.Consult, "-"), " ", map[bool]string{true: "over", false: "kept"}[task.WrittenOver]))
		for word, is := range map[string]bool{"withdrawn": task.Withdrawn, "aside": task.ClosedBefore, "advice": task.Advice == "Task/advice"} {
			if is {
				got += " " + word
			}
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// Nothing more is read of a Task on which nothing is missing.
func TestNothingIsRecalledForNothing(t *testing.T) {
	_, s := remembered(t, referred...)
	if slices.ContainsFunc(s.asked, func(q string) bool { return strings.HasPrefix(q, "Provenance") }) {
		t.Error(s.asked)
	}
	_, s = remembered(t, instead(referred, with(referred[2], "output", ""))...)
	if !slices.ContainsFunc(s.asked, func(q string) bool {
		return q == "Provenance?entity=QuestionnaireResponse%2Fr1" || q == "Provenance?entity=QuestionnaireResponse/r1"
	}) {
		t.Error(s.asked)
	}
}

// Why a screening was ended is known by its draft where the Task has lost it.
func TestRecallingWhatBecameOfIt(t *testing.T) {
	stopped := with(answers, "status", `"stopped"`, "item", "", "extension", `[{"url":"`+endedExtension+`","valueCode":"discharged"}]`)
	ended := with(nurse, "status", `"cancelled"`)
	for name, test := range map[string]struct {
		there []string
		want  string
	}{
		"by the draft":                {instead(awaited, ended, stopped), "discharged"},
		"by the reason":               {instead(awaited, with(ended, "statusReason", `{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"deceased"}]}`), stopped), "deceased"},
		"not known":                   {instead(awaited, ended, with(answers, "status", `"stopped"`, "item", "")), ""},
		"by what stands there":        {instead(awaited, with(ended, "businessStatus", `{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"unable"}]}`), stopped), "unable"},
		"of one that waits":           {instead(awaited, nurse, stopped), ""},
		"of one that somebody closed": {instead(awaited, with(nurse, "status", `"failed"`), stopped), ""},
	} {
		r, s := desk(t, test.there...)
		p := lookedAt(t, r, s)
		if task, _ := p.stay.ScreeningTask(); task.BusinessStatus != test.want {
			t.Errorf("%s: %q", name, task.BusinessStatus)
		}
	}
}

// A reminder that was given is not given again because the output is gone.
func TestRecallingReminders(t *testing.T) {
	for name, test := range map[string]struct {
		task     stay.Task
		raised   int
		notified string
	}{
		"not reminded":               {stay.Task{Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Forgets: true, Priority: "routine"}, 0, ""},
		"reminded once":              {stay.Task{Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Forgets: true, Priority: "urgent"}, 1, ""},
		"reminded twice":             {stay.Task{Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Forgets: true, Priority: "asap"}, 2, ""},
		"urgent by the ward":         {stay.Task{Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Priority: "urgent"}, 0, ""},
		"remembered":                 {stay.Task{Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Forgets: true, Priority: "asap", Raised: 1}, 1, ""},
		"the team, told":             {stay.Task{Purpose: stay.Purpose{Kind: stay.ConsultTask}, BusinessStatus: "corrected"}, 0, "corrected"},
		"the team, told and noted":   {stay.Task{Purpose: stay.Purpose{Kind: stay.ConsultTask}, BusinessStatus: "corrected", Notified: "withdrawn"}, 0, "withdrawn"},
		"the team's, by its urgency": {stay.Task{Purpose: stay.Purpose{Kind: stay.ConsultTask}, Forgets: true, Priority: "asap"}, 0, ""},
	} {
		recallReminders(&test.task)
		if test.task.Raised != test.raised || test.task.Notified != test.notified {
			t.Errorf("%s: %d, %q", name, test.task.Raised, test.task.Notified)
		}
	}
}

// What was lost is put back, and nothing else is touched.
func TestPuttingBack(t *testing.T) {
	dropped := with(referred[2], "output", "", "identifier", `[{"system":"urn:theirs","value":"1"}]`, "encounter", `{"reference":"Encounter/e1"}`,
		"requester", `{"reference":"Device/tilsyn"}`, "code", `{"coding":[`+complete+`]}`)
	r, s := desk(t, instead(referred, dropped)...)
	p := lookedAt(t, r, s)
	if _, err := r.loader.decide(t.Context(), &p); err != nil {
		t.Fatal(err)
	}
	saysThat(t, "put back", wrote(t, r, s, p, &pathway.Restoration{"Task/nurse"}), `
		restored from Task/nurse: Task/nurse
		~ Task/nurse if 3
		businessStatus: ∅ → scored "Answered and scored"
		identifier.1: ∅ → screening:e1
		dated
		output sdc:questionnaire-response.valueReference: ∅ → QuestionnaireResponse/r1
		output consult.valueReference: ∅ → ServiceRequest/s1
		output score.valueReference: ∅ → Observation/o1`)
}

// A score that is put back stays what it was: taken back, or given after a person had
// ended the question. Else a patient who has declined would be asked again.
func TestPuttingBackWhatWasWithdrawn(t *testing.T) {
	dropped := with(referred[2], "output", "", "status", `"rejected"`)
	taken := with(score, "status", `"entered-in-error"`, "extension", `[{"url":"`+closedExtension+`","valueCode":"rejected"}]`)
	r, s := desk(t, instead(referred, dropped, taken)...)
	p := lookedAt(t, r, s)
	if _, err := r.loader.decide(t.Context(), &p); err != nil {
		t.Fatal(err)
	}
	wrote(t, r, s, p, &pathway.Restoration{"Task/nurse"})
	back, _ := r.loader.task(parsed(t, sentOf(s, "Task")[0].Raw), "e1")
	if back.Score != "Observation/o1" || !back.Withdrawn || !back.ClosedBefore || back.Scored() {
		t.Errorf("%+v", back)
	}
}

// What must outlast an EHR's hand is kept elsewhere too.
func TestWhatIsKeptElsewhere(t *testing.T) {
	untouched := with(answers, "status", `"in-progress"`, "item", "")
	checkAll(t, []transacted{
		{"why it was ended", instead(awaited, untouched), nil, do(&pathway.TaskChange{Status: "cancelled", Business: "discharged", Why: "discharged"}, &pathway.Stop{"QuestionnaireResponse/r1"}), `
			~ Task/nurse if 3
			…
			~ QuestionnaireResponse/r1 if 2
			extension.0.url: ∅ → https://tilsyn.org/fhir/StructureDefinition/ended
			extension.0.valueCode: ∅ → discharged
			status: in-progress → stopped`},
		{"stopped for another reason", instead(awaited, untouched), nil, do(&pathway.TaskChange{Status: "completed", Business: "scored"}, &pathway.Stop{"QuestionnaireResponse/r1"}), `
			~ Task/nurse if 3
			…
			~ QuestionnaireResponse/r1 if 2
			status: in-progress → stopped`},
		{"how often it came back", instead(awaited, untouched), nil, do(&pathway.TaskChange{Status: "in-progress", Business: "incomplete", Returned: 2, Response: stay.Response{Ref: "QuestionnaireResponse/r1"}}), `
			~ Task/nurse if 3
			…
			~ QuestionnaireResponse/r1 if 2
			extension.0.url: ∅ → https://tilsyn.org/fhir/StructureDefinition/returned
			extension.0.valueInteger: ∅ → 2`},
		{"that it had been put aside", instead(awaited, with(nurse, "status", `"rejected"`)), nil, do(scored(t, answers, nil), &pathway.TaskChange{Status: "completed", Business: "scored", ClosedBefore: true}), `
			+ Observation unless score:e1
			…
			extension.0.url: https://tilsyn.org/fhir/StructureDefinition/closed-before
			extension.0.valueCode: rejected
			…
			score from QuestionnaireResponse/r1: #score
			~ Task/nurse if 3
			…
			output declined.valueString: ∅ → rejected
			…`},
	})
	r, _ := desk(t)
	if got, err := r.loader.response(t.Context(), parsed(t, with(answers, "extension", `[{"url":"`+returnedExtension+`","valueInteger":2}]`)), stay.Task{}, "e1"); err != nil || got.Returned != 2 {
		t.Error(got.Returned, err)
	}
}
