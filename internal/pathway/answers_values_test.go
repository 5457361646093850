package pathway

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// sent is a response of ours to today's form, handed in, with these items.
func sent(t *testing.T, items ...string) stay.Response {
	t.Helper()
	raw, err := artifacts.Questionnaire("en")
	if err != nil {
		t.Fatal(err)
	}
	form, err := instrument.ParseForm(raw)
	if err != nil {
		t.Fatal(err)
	}
	content, err := instrument.ParseResponse([]byte(`{"resourceType":"QuestionnaireResponse","item":[` + strings.Join(items, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return stay.Response{Ref: "r1", Version: "v2", Status: "completed", Ours: true, Number: 1, Form: form, Content: content}
}

func item(link, code string) string {
	return `{"linkId":"` + link + `","answer":[{"valueCoding":{"system":"http://loinc.org","code":"` + code + `"}}]}`
}

const asksNo = `{"linkId":"1","answer":[{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"asked-declined"}]}]}`

// What becomes of the score, the consult and the nurse's Task when answers change.
func TestAnswersThatChange(t *testing.T) {
	four := []string{item("1", "LA18927-6"), item("2", "LA15695-2"), item("3", "LA18933-4")} // 2, 1, 1
	fourSaid := map[string]int{"68518-0": 2, "68519-8": 1, "68520-6": 1}
	refused := `{"linkId":"consult-offer","answer":[{"valueCoding":{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"offer-declined"}}]}`
	for name, test := range map[string]struct {
		response stay.Response
		score    map[string]int // that stands
		team     string         // status of the team's Task
		want     string
	}{
		"saved again":           {sent(t, four...), fourSaid, "requested", "task completed/scored"},
		"other answers":         {sent(t, four...), map[string]int{"68518-0": 4}, "requested", "score amends o1, consult changes s1, task completed/scored"},
		"other answers, begun":  {sent(t, four...), map[string]int{"68518-0": 4}, "accepted", "score amends o1, consult changes s1, tell corrected, task completed/scored"},
		"declined":              {sent(t, asksNo), fourSaid, "requested", "withdraw o1, revoke s1 declined, task rejected/declined withdraw"},
		"incomplete":            {sent(t, four[0]), fourSaid, "requested", "withdraw o1, revoke s1 incomplete, task in-progress/incomplete withdraw"},
		"incomplete, begun":     {sent(t, four[0]), fourSaid, "accepted", "withdraw o1, tell incomplete, task in-progress/incomplete withdraw"},
		"none of the form's":    {sent(t, item("1", "LA0-0")), fourSaid, "requested", "withdraw o1, revoke s1 invalid, task in-progress/invalid withdraw"},
		"does not want them":    {sent(t, append(four, refused)...), fourSaid, "requested", "score amends o1, revoke s1 offer-declined, advice requested, task completed/scored"},
		"below the limits":      {sent(t, item("1", "LA6270-8")), fourSaid, "requested", "score amends o1, revoke s1 corrected, task completed/scored"},
		"the team has ended it": {sent(t, item("1", "LA6270-8")), fourSaid, "completed", "score amends o1, tell corrected, task completed/scored"},
	} {
		s := inpatient(func(s *stay.Stay) {
			s.Unread, s.Patient.Sex, s.Responses = nil, stay.Female, []stay.Response{test.response}
			s.Tasks = []stay.Task{nurseTask(func(t *stay.Task) { t.Consult, t.Carried = "s1", test.team }), teamTask(test.team, 0)}
			s.Results = stay.Results{Score: stay.Result{Ref: "o1", Status: "final", Items: test.score}, Consult: stay.Result{Ref: "s1", Status: "active"}}
		})
		if got := saidOf(Decide(s, policyOf(nil), noonOf17)); got != test.want {
			t.Errorf("%s: %s\nwant %s", name, got, test.want)
		}
	}
}

// saidOf says the actions that matter here in short.
func saidOf(d Decision) string {
	var words []string
	for _, action := range d.Actions {
		switch a := action.(type) {
		case *Score:
			words = append(words, "score amends "+a.Amends)
		case *Withdrawal:
			words = append(words, "withdraw "+string(*a))
		case *Referral:
			words = append(words, "consult changes "+a.Changes)
		case *Revocation:
			words = append(words, "revoke "+a.Ref+" "+a.Why)
		case *Notice:
			words = append(words, "tell "+string(*a))
		case *AdviceChange:
			words = append(words, "advice "+a.Status)
		case *TaskChange:
			words = append(words, strings.TrimSpace(fmt.Sprintf("task %s/%s %s", a.Status, a.Business, map[bool]string{true: "withdraw"}[a.Withdraw])))
		}
	}
	return strings.Join(words, ", ")
}

// Which of several responses counts: the newest that was handed in, and of two at one
// time the one that was written last.
func TestWhichResponseCounts(t *testing.T) {
	at := func(ref, status string, days int) stay.Response {
		return stay.Response{Ref: ref, Status: status, Authored: noonOf17.AddDate(0, 0, days)}
	}
	for name, test := range map[string]struct {
		task      stay.Task
		responses []stay.Response
		want      string
	}{
		"none":                         {stay.Task{}, nil, ""},
		"the newest":                   {stay.Task{}, []stay.Response{at("a", "completed", 1), at("b", "completed", 3), at("c", "amended", 2)}, "b"},
		"the later of two":             {stay.Task{}, []stay.Response{at("a", "completed", 1), at("b", "completed", 1)}, "b"},
		"not a draft":                  {stay.Task{}, []stay.Response{at("a", "completed", 1), at("b", "in-progress", 3)}, "a"},
		"not one in error, or stopped": {stay.Task{}, []stay.Response{at("a", "entered-in-error", 1), at("b", "stopped", 3)}, ""},
		"a draft whose Task is done":   {stay.Task{Status: "completed", Response: "a"}, []stay.Response{at("a", "in-progress", 1)}, "a"},
		"another draft":                {stay.Task{Status: "completed", Response: "a"}, []stay.Response{at("b", "in-progress", 1)}, ""},
		"a draft whose Task is not":    {stay.Task{Status: "in-progress", Response: "a"}, []stay.Response{at("a", "in-progress", 1)}, ""},
		"a stopped one, Task done":     {stay.Task{Status: "completed", Response: "a"}, []stay.Response{at("a", "stopped", 1)}, ""},
	} {
		c := &chart{Stay: stay.Stay{Responses: test.responses}, task: test.task}
		if found := c.submitted(); c.response.Ref != test.want || found != (test.want != "") {
			t.Errorf("%s: %q", name, c.response.Ref)
		}
	}
}
