package pathway

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

var todaysForm = sync.OnceValue(func() *instrument.Form {
	raw, _ := artifacts.Questionnaire("en")
	form, err := instrument.AuditC().Form(raw)
	if err != nil {
		panic(err)
	}
	return form
})

// sent is a response of ours to today's form, handed in, with these items.
func sent(t *testing.T, items ...string) stay.Response {
	t.Helper()
	content, err := instrument.ParseResponse([]byte(`{"resourceType":"QuestionnaireResponse","item":[` + strings.Join(items, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return stay.Response{Ref: "r1", Version: "v2", Status: "completed", Ours: true, Number: 1, Form: todaysForm(), Content: content}
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
		"a form that is lost":   {lost(sent(t, four...)), fourSaid, "requested", ""},
		"another form":          {toAnotherForm(sent(t, four...)), fourSaid, "requested", ""},
		"saved again":           {sent(t, four...), fourSaid, "requested", "task completed/scored v2"},
		"other answers":         {sent(t, four...), map[string]int{"68518-0": 4}, "requested", "score v2 amends o1, consult changes s1 from 4, task completed/scored v2"},
		"other answers, begun":  {sent(t, four...), map[string]int{"68518-0": 4}, "accepted", "score v2 amends o1, consult changes s1 from 4, tell corrected, task completed/scored v2"},
		"declined":              {sent(t, asksNo), fourSaid, "requested", "withdraw o1, revoke s1 declined, task rejected/declined withdraw v2"},
		"incomplete":            {sent(t, four[0]), fourSaid, "requested", "withdraw o1, revoke s1 incomplete, task in-progress/incomplete withdraw v2"},
		"incomplete, begun":     {sent(t, four[0]), fourSaid, "accepted", "withdraw o1, tell incomplete, task in-progress/incomplete withdraw v2"},
		"none of the form's":    {sent(t, item("1", "LA0-0")), fourSaid, "requested", "withdraw o1, revoke s1 invalid, task in-progress/invalid withdraw v2"},
		"does not want them":    {sent(t, append(four, refused)...), fourSaid, "requested", "score v2 amends o1, revoke s1 offer-declined, advice requested, task completed/scored v2"},
		"below the limits":      {sent(t, item("1", "LA6270-8")), fourSaid, "requested", "score v2 amends o1, revoke s1 corrected, task completed/scored v2"},
		"the team has ended it": {sent(t, item("1", "LA6270-8")), fourSaid, "completed", "score v2 amends o1, tell corrected, task completed/scored v2"},
	} {
		s := inpatient(func(s *stay.Stay) {
			s.Unread, s.Patient.Sex, s.Responses = nil, stay.Female, []stay.Response{test.response}
			s.Tasks = []stay.Task{nurseTask(func(t *stay.Task) { t.Consult, t.Carried = "s1", test.team }), teamTask(test.team, 0)}
			s.Score, s.Consult = stay.Result{Ref: "o1", Status: "final", Items: test.score}, stay.Result{Ref: "s1", Status: "active"}
		})
		d := Decide(s, policyOf(nil), noonOf17)
		if got := saidOf(d); got != test.want {
			t.Errorf("%s: %s\nwant %s", name, got, test.want)
		}
		if score := Of[Score](d); score != nil && (score.Limit.From > 0) != score.Positive() {
			t.Errorf("%s: %s by the limit of %d", name, score.Tier, score.Limit.From)
		}
	}
}

func lost(r stay.Response) stay.Response {
	r.Form, r.FormProblem = nil, instrument.Problem{Code: instrument.FormMissing}
	return r
}

func toAnotherForm(r stay.Response) stay.Response {
	r.Form, r.FormProblem = nil, instrument.Problem{Code: instrument.OtherForm}
	return r
}

// A form that cannot be read, or is another, is said once on the nurse's Task, also where
// it said before that an answer is wrong.
func TestAFormForTheEHRToMend(t *testing.T) {
	for name, test := range map[string]struct {
		task func(*stay.Task)
		want string
	}{
		"not said yet":             {func(*stay.Task) {}, "task requested/invalid"},
		"said":                     {func(t *stay.Task) { t.BusinessStatus = Invalid }, ""},
		"an answer was wrong":      {func(t *stay.Task) { t.BusinessStatus, t.Judged = Invalid, "v1" }, "task requested/invalid"},
		"said, and she has closed": {func(t *stay.Task) { t.BusinessStatus, t.Status = Invalid, "completed" }, "task in-progress/invalid"},
		"an answer was missing":    {func(t *stay.Task) { t.BusinessStatus, t.Judged = Incomplete, "v1" }, "task requested/invalid"},
		"these were judged":        {func(t *stay.Task) { t.BusinessStatus, t.Judged = Invalid, "v2" }, ""},
	} {
		s := inpatient(func(s *stay.Stay) {
			task := stay.Task{Ref: "t1", Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Number: 1, For: s.Patient.Ref, Status: "requested", BusinessStatus: Unanswered, Made: noonOf17, Due: noonOf17.AddDate(0, 0, 1), Response: "r1"}
			test.task(&task)
			s.Unread, s.Tasks, s.Responses = nil, []stay.Task{task}, []stay.Response{toAnotherForm(sent(t, item("1", "LA6270-8")))}
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
			words = append(words, "score "+a.Response.Version+" amends "+a.Amends)
		case *Withdrawal:
			words = append(words, "withdraw "+string(*a))
		case *Referral:
			words = append(words, fmt.Sprintf("consult changes %s from %d", a.Changes, a.Limit.From))
		case *Revocation:
			words = append(words, "revoke "+a.Ref+" "+a.Why)
		case *Notice:
			words = append(words, "tell "+string(*a))
		case *AdviceChange:
			words = append(words, "advice "+a.Status)
		case *TaskChange:
			words = append(words, strings.TrimSpace(fmt.Sprintf("task %s/%s %s", a.Status, a.Business, map[bool]string{true: "withdraw "}[a.Withdraw])+strings.TrimPrefix(a.Response.Version, "r1/")))
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
		"none to another form":         {stay.Task{}, []stay.Response{at("a", "completed", 1), toAnotherForm(at("b", "completed", 3))}, "a"},
		"ours after one to another":    {stay.Task{}, []stay.Response{toAnotherForm(at("a", "completed", 3)), at("b", "completed", 1)}, "b"},
		"to another form, of two":      {stay.Task{}, []stay.Response{toAnotherForm(at("a", "completed", 3)), toAnotherForm(at("b", "completed", 1))}, "a"},
		"a draft whose Task is done":   {stay.Task{Status: "completed", Response: "a"}, []stay.Response{at("a", "in-progress", 1)}, "a"},
		"another draft":                {stay.Task{Status: "completed", Response: "a"}, []stay.Response{at("b", "in-progress", 1)}, ""},
		"a draft whose Task is not":    {stay.Task{Status: "in-progress", Response: "a"}, []stay.Response{at("a", "in-progress", 1)}, ""},
		"a stopped one, Task done":     {stay.Task{Status: "completed", Response: "a"}, []stay.Response{at("a", "stopped", 1)}, ""},
	} {
		c := &chart{Stay: stay.Stay{Screening: stay.Screening{Responses: test.responses}}, task: test.task}
		if found := c.submitted(); c.response.Ref != test.want || found != (test.want != "") {
			t.Errorf("%s: %q", name, c.response.Ref)
		}
	}
}

// Points by the item's code, or by its linkId in a form that has no codes.
func TestItems(t *testing.T) {
	result := instrument.Result{Items: []instrument.Points{{LinkID: "1", Points: 3}, {LinkID: "other", Points: 2}}}
	if got := Items(todaysForm(), result); len(got) != 2 || got["68518-0"] != 3 || got["other"] != 2 {
		t.Error(got)
	}
}

// What becomes of the advice on the ward: what is open ends, or follows, and what was
// given stays.
func TestWhatBecomesOfAdvice(t *testing.T) {
	finished := func(s *stay.Stay) { s.Admission.Status = stay.Finished }
	void := func(s *stay.Stay) { s.Admission.Status = stay.EnteredInError }
	died := func(s *stay.Stay) { s.Patient.Deceased = true }
	another := func(s *stay.Stay) { s.Patient.Ref = "Patient/2" }
	elsewhere := func(s *stay.Stay) { s.Admission.Locations = []string{"Location/2"} }
	none := func(*stay.Stay) {}
	for _, test := range []struct {
		name, status, reason string
		change               func(*stay.Stay)
		want                 *AdviceChange
	}{
		{"nothing has changed", "requested", "", none, nil},
		{"gone home", "requested", "", finished, &AdviceChange{Ref: "Task/3", Status: "cancelled", Why: Discharged}},
		{"gone home, begun", "in-progress", "", finished, &AdviceChange{Ref: "Task/3", Status: "cancelled", Why: Discharged}},
		{"gone home, given", "completed", "", finished, nil},
		{"died", "requested", "", died, &AdviceChange{Ref: "Task/3", Status: "cancelled", Why: Deceased}},
		{"died, given", "completed", "", died, nil},
		{"the stay never was", "requested", "", void, &AdviceChange{Ref: "Task/3", Status: "cancelled", Why: AdmissionCancelled}},
		{"another patient", "requested", "", another, &AdviceChange{Ref: "Task/3", Status: "cancelled", Why: PatientChanged}},
		{"another patient, given", "completed", "", another, nil},
		{"moved", "accepted", "", elsewhere, &AdviceChange{Ref: "Task/3", Status: "accepted", Reroute: true}},
		{"moved, given", "completed", "", elsewhere, nil},
		{"back again", "cancelled", Discharged, none, &AdviceChange{Ref: "Task/3", Status: "requested"}},
		{"still gone", "cancelled", Discharged, finished, nil},
		{"cancelled by the ward", "cancelled", "", none, nil},
		{"ended for other answers", "cancelled", Corrected, none, nil},
	} {
		s := inpatient(func(s *stay.Stay) {
			answered := sent(t, item("1", "LA18927-6"))
			answered.Version = "v1"
			s.Unread, s.Responses = nil, []stay.Response{answered}
			s.Tasks = []stay.Task{nurseTask(func(t *stay.Task) { t.Advice = "Task/3" }), {Ref: "Task/3", Purpose: stay.Purpose{Kind: stay.Advice}, Number: 1, For: "Patient/1", Status: test.status, Reason: test.reason}}
			test.change(s)
		})
		got := Of[AdviceChange](Decide(s, policyOf(nil), noonOf17))
		if (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
}

// Which answers the results rest on, and whether they passed a limit.
func TestWhatResultsRestOn(t *testing.T) {
	c := &chart{task: stay.Task{Response: "r1"}}
	if c.counts() != "r1" {
		t.Error("those of the Task, where none were handed in")
	}
	if c.response.Ref = "r2"; c.counts() != "r2" {
		t.Error("those that were handed in")
	}
	for tier, want := range map[Tier]bool{None: false, Advice: true, Consult: true, Urgent: true} {
		if (Score{Tier: tier}).Positive() != want {
			t.Errorf("%s: positive %t", tier, !want)
		}
	}
}

// A question that is put back gets the form that was stopped, or the one that is begun,
// or a new one.
func TestReopening(t *testing.T) {
	form := func(ref, status string, ours bool) stay.Response {
		return stay.Response{Ref: ref, Status: status, Ours: ours, Number: 1}
	}
	for name, test := range map[string]struct {
		forms   []stay.Response
		restart string
		draft   int
	}{
		"none": {nil, "", 1}, "stopped": {[]stay.Response{form("a", "stopped", true)}, "a", 0}, "begun": {[]stay.Response{form("a", "in-progress", true)}, "", 0},
		"handed in": {[]stay.Response{form("a", "completed", true)}, "", 2}, "theirs": {[]stay.Response{form("a", "stopped", false)}, "", 1},
		"theirs is begun": {[]stay.Response{form("a", "in-progress", false)}, "", 1}, "one of two": {[]stay.Response{form("a", "stopped", true), form("b", "stopped", true)}, "a", 0},
	} {
		c := &chart{Stay: stay.Stay{Screening: stay.Screening{Responses: test.forms}}, before: test.forms, asked: true, now: noonOf17, policy: policyOf(nil)}
		c.reopen(Withdrawn, "text")
		restart := ""
		if r := planned[Restart](c); r != nil {
			restart = strings.Join(*r, " ")
		}
		if task := planned[TaskChange](c); restart != test.restart || task.NewDraft != test.draft || task.Status != "requested" || task.Business != Unanswered ||
			task.Why != Withdrawn || !task.Due.Equal(noonOf17.Add(24*time.Hour)) {
			t.Errorf("%s: %s, %+v", name, restart, task)
		}
	}
}
