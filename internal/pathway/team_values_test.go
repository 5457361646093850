package pathway

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// What a referral does with the consult that there is.
func TestReferring(t *testing.T) {
	live := stay.Result{Ref: "s1", Status: "active"}
	revoked, theirs := live, live
	revoked.Status, theirs.Theirs = "revoked", true
	knows := stay.Task{Consult: "s1"}
	ordered := []stay.Order{{Ref: "s9", Status: "active", Admission: "Encounter/e1", Codes: coded("consult")}}
	begun := []stay.Task{teamTask("accepted", 0)}
	done, cancelled := []stay.Task{teamTask("completed", 0)}, []stay.Task{teamTask("cancelled", 0)}
	ended := []stay.Task{teamTask("cancelled", 0)}
	ended[0].Reason = OrderEnded
	completed := live
	completed.Status = "completed"
	for name, test := range map[string]struct {
		consult stay.Result
		task    stay.Task
		orders  []stay.Order
		team    []stay.Task
		earlier bool
		stands  bool // the score
		want    string
	}{
		"none":                              {want: "new"},
		"a clinician's":                     {orders: ordered, want: "met by s9"},
		"a clinician's beside ours":         {consult: live, task: knows, orders: ordered, want: "changes s1"},
		"a clinician's that the Task knows": {consult: theirs, task: knows, want: "nothing"},
		"revoked":                           {consult: revoked, task: knows, want: "renews s1"},
		"live":                              {consult: live, task: knows, want: "changes s1"},
		"live, begun":                       {consult: live, task: knows, team: begun, want: "changes s1, tell corrected"},
		"live, the score stands":            {consult: live, task: knows, stands: true, want: "stands s1"},
		"unknown, the score stands":         {consult: live, stands: true, want: "stands s1"},
		"unknown, another score":            {consult: live, want: "changes s1"},
		"unknown, of an earlier score":      {consult: live, earlier: true, want: "stands s1"},
		"unknown, and done":                 {consult: completed, team: done, stands: true, want: "stands s1"},
		"live, done":                        {consult: live, task: knows, team: done, want: "nothing, tell corrected"},
		"completed":                         {consult: completed, task: knows, want: "nothing"},
		"cancelled by the team":             {consult: revoked, task: knows, team: cancelled, want: "nothing"},
		"cancelled by a clinician":          {consult: revoked, task: knows, team: ended, want: "nothing"},
		"cancelled, the team's Task open":   {consult: revoked, task: knows, team: []stay.Task{teamTask("requested", 0)}, want: "nothing"},
		"cancelled, the team goes on":       {consult: revoked, task: knows, team: begun, want: "nothing, tell corrected"},
		"deleted":                           {task: knows, want: "nothing"},
		"revoked, the team's Task deleted":  {consult: revoked, task: stay.Task{Consult: "s1", Carried: "cancelled"}, want: "renews s1"},
		"cancelled, both deleted":           {consult: revoked, task: stay.Task{Consult: "s1", Carried: "requested"}, want: "nothing"},
		"a clinician's beside what we took": {consult: revoked, task: knows, orders: ordered, want: "met by s9"},
		"unknown and revoked":               {consult: revoked, stands: true, want: "renews s1"},
	} {
		c := &chart{Stay: stay.Stay{Admission: stay.Admission{ID: "e1"}, Orders: test.orders, Tasks: test.team, Consult: test.consult}, task: test.task, policy: policyOf(nil)}
		plan(c, &TaskChange{})
		plan(c, &Score{Stands: test.stands})
		c.refer(&Referral{Earlier: test.earlier})
		if got := referredAs(c); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func referredAs(c *chart) string {
	text := "nothing"
	switch r := planned[Referral](c); {
	case planned[TaskChange](c).Met != "":
		text = "met by " + planned[TaskChange](c).Met
	case r == nil:
	case r.Changes != "":
		text = "changes " + r.Changes
	case r.Renews != "":
		text = "renews " + r.Renews
	case r.Stands != "":
		text = "stands " + r.Stands
	default:
		text = "new"
	}
	if told := planned[Notice](c); told != nil {
		text += ", tell " + string(*told)
	}
	return text
}

// When the team's Task is handed over, and with which order.
func TestHandingOver(t *testing.T) {
	ours := stay.Result{Ref: "s1", Status: "active"}
	theirs := ours
	theirs.Theirs = true
	another := func(t *stay.Task) { t.For = "Patient/2" }
	for name, test := range map[string]struct {
		status  string
		change  func(*stay.Task)
		consult stay.Result
		plans   Action
		unasked bool
		want    *HandOver
	}{
		"open":                  {"requested", nil, ours, nil, false, &HandOver{Task: "Task/2", Order: "s1"}},
		"begun":                 {"in-progress", nil, ours, nil, false, &HandOver{Task: "Task/2", Order: "s1", Keeps: true}},
		"the order is theirs":   {"requested", nil, theirs, nil, false, &HandOver{Task: "Task/2"}},
		"the order is gone":     {"requested", nil, stay.Result{}, nil, false, &HandOver{Task: "Task/2"}},
		"over":                  {"cancelled", nil, ours, nil, false, nil},
		"over, and renewed":     {"cancelled", nil, ours, &Referral{Renews: "s1"}, false, &HandOver{Task: "Task/2", Order: "s1"}},
		"over, and changed":     {"completed", nil, ours, &Referral{Changes: "s1"}, false, nil},
		"to be revoked":         {"requested", nil, ours, &Revocation{Ref: "s1"}, false, nil},
		"another patient's":     {"requested", another, ours, nil, false, nil},
		"where it should be":    {"requested", func(t *stay.Task) { t.Routed = "few" }, ours, nil, false, nil},
		"nobody was asked here": {"requested", nil, ours, nil, true, nil},
	} {
		team := teamTask(test.status, 0)
		if test.change != nil {
			test.change(&team)
		}
		c := &chart{Stay: stay.Stay{Patient: stay.Patient{Ref: "Patient/1", Labels: []stay.Code{{System: Confidentiality, Code: "R"}}}, Tasks: []stay.Task{team},
			Consult: test.consult, Owners: stay.Owners{Liaison: "few"}}, task: stay.Task{Consult: "s1"}, asked: !test.unasked, policy: policyOf(nil)}
		if test.plans != nil {
			c.decision.Actions = []Action{test.plans}
		}
		c.handOver()
		got := planned[HandOver](c)
		if (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	c := &chart{asked: true, policy: policyOf(nil)}
	if c.handOver(); !c.decision.Nothing() {
		t.Error("there is no Task of the team")
	}
}

// When the team's Task follows a patient who is moved, and whose it is then.
func TestTheTeamFollowing(t *testing.T) {
	shown := func(s *stay.Stay) { s.Patient.Labels = []stay.Code{{System: Confidentiality, Code: "R"}} }
	routed := func(to string) func(*stay.Task) { return func(t *stay.Task) { t.Routed = to } }
	for name, test := range map[string]struct {
		status     string
		performers []string
		task       func(*stay.Task)
		stay       func(*stay.Stay)
		want       string
	}{
		"moved":                             {"requested", []string{"CareTeam/1"}, nil, nil, "moved stays"},
		"moved, seen":                       {"received", []string{"CareTeam/9", "http://ehr.example/CareTeam/1"}, nil, nil, "moved stays"},
		"moved to another team's":           {"requested", []string{"CareTeam/9"}, nil, nil, "moved"},
		"moved, and the order names nobody": {"requested", nil, nil, nil, "moved"},
		"moved, begun":                      {"in-progress", []string{"CareTeam/9"}, nil, nil, "keeps moved"},
		"moved, over":                       {"completed", nil, nil, nil, "-"},
		"where it says":                     {"requested", nil, func(t *stay.Task) { t.Location = "Location/2" }, nil, "-"},
		"not known where":                   {"requested", nil, nil, func(s *stay.Stay) { s.Admission.Locations = nil }, "-"},
		"gone home":                         {"requested", nil, nil, func(s *stay.Stay) { s.Admission.Status = stay.Finished }, "-"},
		"protected now":                     {"requested", []string{"CareTeam/1"}, nil, shown, ""},
		"protected":                         {"requested", []string{"CareTeam/1"}, routed("CareTeam/1"), shown, "-"},
		"protected, another team's":         {"requested", []string{"CareTeam/9"}, routed("CareTeam/9"), shown, "moved"},
		"protected, begun, another team's":  {"accepted", []string{"CareTeam/9"}, routed("CareTeam/9"), shown, "-"},
		"protected, begun, kept":            {"accepted", []string{"CareTeam/9"}, routed(Kept), shown, "-"},
		"protected, given back":             {"requested", []string{"CareTeam/9"}, routed(Kept), shown, ""},
		"protected, gone, another team's":   {"requested", []string{"CareTeam/9"}, routed("CareTeam/9"), func(s *stay.Stay) { shown(s); s.Admission.Status = stay.Finished }, "-"},
		"no longer protected":               {"accepted", []string{"CareTeam/1"}, routed("CareTeam/1"), nil, "keeps"},
	} {
		team := teamTask(test.status, 0)
		team.Location = "Location/1"
		if test.task != nil {
			test.task(&team)
		}
		s := stay.Stay{Admission: stay.Admission{Status: stay.InProgress, Locations: []string{"Location/2", "Location/1"}}, Patient: stay.Patient{Ref: "Patient/1"}, Tasks: []stay.Task{team},
			Consult: stay.Result{Ref: "s1", Status: "active", Performers: test.performers}, Owners: stay.Owners{Liaison: "CareTeam/1"}}
		if test.stay != nil {
			test.stay(&s)
		}
		c := &chart{Stay: s, task: stay.Task{Consult: "s1"}, asked: true, policy: policyOf(nil)}
		c.handOver()
		if got := handedOverAs(c); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func handedOverAs(c *chart) string {
	h := planned[HandOver](c)
	if h == nil {
		return "-"
	}
	var all []string
	for word, is := range map[string]bool{"keeps": h.Keeps, "moved": h.Moved, "stays": h.Stays} {
		if is {
			all = append(all, word)
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// When the nurse's Task follows the patient, or those who may know of her.
func TestFollowing(t *testing.T) {
	moved := func(s *stay.Stay) { s.Admission.Locations = []string{"l2"} }
	secret := func(s *stay.Stay) { s.Patient.Labels = []stay.Code{{System: Confidentiality, Code: "R"}} }
	gone := func(change func(*stay.Stay)) func(*stay.Stay) {
		return func(s *stay.Stay) { change(s); s.Admission.Status = stay.Finished }
	}
	for name, test := range map[string]struct {
		status string
		change func(*stay.Stay)
		plans  *TaskChange
		want   string // reroute, and the rules that spoke
	}{
		"nothing":                      {"requested", func(*stay.Stay) {}, nil, "false []"},
		"moved":                        {"accepted", moved, nil, "true [transfer]"},
		"moved, closed":                {"completed", moved, nil, "false []"},
		"moved out":                    {"accepted", gone(moved), nil, "false []"},
		"protected":                    {"accepted", secret, nil, "true [shielded]"},
		"protected, gone home":         {"accepted", gone(secret), nil, "true [shielded]"},
		"moved, reopened":              {"completed", moved, &TaskChange{Status: "requested"}, "true []"},
		"moved, gone on":               {"completed", moved, &TaskChange{Status: "in-progress"}, "true []"},
		"moved, closed now":            {"requested", moved, &TaskChange{Status: "completed"}, "false []"},
		"protected, reopened":          {"completed", secret, &TaskChange{Status: "requested"}, "true [shielded]"},
		"protected, closed now":        {"requested", secret, &TaskChange{Status: "completed"}, "true [shielded]"},
		"protected, closed long since": {"completed", secret, &TaskChange{Status: "completed"}, "false []"},
	} {
		s := inpatient(func(s *stay.Stay) { s.Admission.Locations = []string{"l1"}; test.change(s) })
		c := &chart{Stay: s, task: stay.Task{Status: test.status, Location: "l1", For: "Patient/1", BusinessStatus: Incomplete, Reason: Incomplete}, asked: true, policy: policyOf(nil)}
		if test.plans != nil {
			plan(c, test.plans)
		}
		c.reassign()
		task := planned[TaskChange](c)
		if task != nil && test.plans == nil && (task.Status != test.status || task.Business != Incomplete || task.Why != Incomplete) {
			t.Errorf("%s: it stays what it was: %+v", name, task)
		}
		var rules []string
		for _, r := range c.decision.Reasons {
			rules = append(rules, r.Rule)
		}
		if got := fmt.Sprintf("%t [%s]", task != nil && task.Reroute, strings.Join(rules, " ")); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// Answers that give no score leave the Task with the ward, and are judged once.
func TestAnswersThatGiveNoScore(t *testing.T) {
	one, wrong := item("1", "LA18927-6"), item("1", "LA0-0")
	elses := sent(t, one)
	elses.Subject = "Patient/9"
	for name, test := range map[string]struct {
		response stay.Response
		status   string
		change   func(*stay.Stay)
		want     string
	}{
		"incomplete":            {sent(t, one), "requested", func(*stay.Stay) {}, "task requested/incomplete v2"},
		"incomplete, closed":    {sent(t, one), "completed", func(*stay.Stay) {}, "task in-progress/incomplete v2"},
		"incomplete, gone home": {sent(t, one), "requested", func(s *stay.Stay) { s.Admission.Status = stay.Finished }, "task cancelled/discharged"},
		"none of the form's":    {sent(t, wrong), "requested", func(*stay.Stay) {}, "task requested/invalid v2"},
		"another patient's":     {elses, "requested", func(*stay.Stay) {}, "task requested/wrong-patient v2"},
		"her former record's":   {elses, "requested", func(s *stay.Stay) { s.Patient.Formerly = []string{"Patient/9"} }, "task requested/incomplete v2"},
		"a form that is lost":   {lost(sent(t, one)), "requested", func(*stay.Stay) {}, "task requested/invalid"},
		"declined":              {sent(t, asksNo), "requested", func(*stay.Stay) {}, "task rejected/declined v2"},
	} {
		s := inpatient(func(s *stay.Stay) {
			s.Unread, s.Responses = nil, []stay.Response{test.response}
			s.Tasks = []stay.Task{nurseTask(func(t *stay.Task) { t.Status, t.Score, t.Judged, t.BusinessStatus = test.status, "", "", Unanswered })}
			test.change(s)
		})
		if got := saidOf(Decide(s, policyOf(nil), noonOf17)); got != test.want {
			t.Errorf("%s: %s\nwant %s", name, got, test.want)
		}
	}
}

// Labels that have come since are put on what is ours and about her.
func TestLabelling(t *testing.T) {
	form := func(ref, subject string, ours bool) stay.Response {
		return stay.Response{Ref: ref, Subject: subject, Ours: ours}
	}
	s := stay.Stay{Patient: stay.Patient{Ref: "Patient/1", Labels: coded("new"), Formerly: []string{"Patient/0"}},
		Tasks:     []stay.Task{{Ref: "t1", Purpose: stay.Purpose{Kind: stay.ScreeningTask}}, {Ref: "t2", Purpose: stay.Purpose{Kind: stay.ConsultTask}, Labels: coded("new")}, {Ref: "t3", Purpose: stay.Purpose{Kind: stay.Advice}}, {Ref: "t4", For: "Patient/9"}},
		Screening: stay.Screening{Responses: []stay.Response{form("r1", "Patient/1", true), form("r2", "", true), form("r3", "Patient/0", true), form("r4", "Patient/9", true), form("r5", "Patient/1", false)}, Score: stay.Result{Ref: "o1"}}, Consult: stay.Result{Ref: "s1", Theirs: true}}
	for asked, want := range map[bool]string{true: "t1 t3 r1 r2 r3 o1", false: ""} {
		c := &chart{Stay: s, asked: asked, policy: policyOf(nil)}
		c.label()
		var got []string
		if labels := planned[Labels](c); labels != nil {
			for _, l := range *labels {
				got = append(got, l.Ref)
			}
		}
		if strings.Join(got, " ") != want || len(c.decision.Reasons) != min(len(got), 1) {
			t.Errorf("asked %t: %q, want %q", asked, got, want)
		}
	}
}
