package pathway

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// When the team is told that she has gone home, what becomes of the consult, and when it
// is told that she has not.
func TestDeparting(t *testing.T) {
	left := noonOf17.Add(-time.Hour)
	says := func(at time.Time, parts ...string) func(*stay.Stay) {
		return func(s *stay.Stay) { s.Consult.Notes, s.Consult.Left = parts, at }
	}
	team := func(change func(*stay.Task)) func(*stay.Stay) { return func(s *stay.Stay) { change(&s.Tasks[0]) } }
	status := func(to string) func(*stay.Stay) { return team(func(t *stay.Task) { t.Status = to }) }
	placed := team(func(t *stay.Task) { t.Location = "Location/1" })
	told := team(func(t *stay.Task) { t.BusinessStatus = Discharged })
	ended := func(why string) func(*stay.Stay) {
		return func(s *stay.Stay) {
			s.Tasks[0].Status, s.Tasks[0].Reason, s.Consult.Status = "cancelled", why, "revoked"
		}
	}
	here := func(s *stay.Stay) { s.Admission.Status, s.Admission.End = stay.InProgress, time.Time{} }
	died := func(s *stay.Stay) { s.Patient.Deceased = true }
	clinicians := func(s *stay.Stay) {
		s.Orders = []stay.Order{{Ref: "s9", Status: "active", Admission: "Encounter/e1", Codes: coded("consult")}}
	}
	many := func(changes ...func(*stay.Stay)) func(*stay.Stay) {
		return func(s *stay.Stay) {
			for _, change := range changes {
				change(s)
			}
		}
	}
	for name, test := range map[string]struct {
		change func(*stay.Stay)
		plans  Action
		keep   string
		end    string
	}{
		"open":                           {placed, nil, "gone", "gone, revoke s1"},
		"open, protected":                {many(), nil, "gone", "gone, revoke s1"},
		"begun":                          {many(placed, status("in-progress")), nil, "gone", "gone"},
		"over":                           {many(placed, status("completed")), nil, "-", "-"},
		"told":                           {many(told, says(left, stay.LetterLeft)), nil, "-", "-"},
		"told by the Task alone":         {told, nil, "-", "-"}, // a server that keeps no extensions of notes
		"told by the order alone":        {says(left, stay.LetterLeft), nil, "-", "-"},
		"told something else since":      {many(says(left, stay.LetterLeft), team(func(t *stay.Task) { t.BusinessStatus = Corrected })), nil, "-", "-"},
		"half of it, the Task":           {many(placed, says(left, stay.LetterLeft)), nil, "gone", "gone"},
		"half of it, the Task of an end": {many(placed, says(left, stay.LetterLeft), func(s *stay.Stay) { s.Consult.Status = "revoked" }), nil, "gone, revoke", "gone, revoke"},
		"half of it, the order":          {many(told, says(time.Time{}, stay.LetterPlace)), nil, "gone", "gone"},
		"another place, given since":     {many(placed, told, says(left, stay.LetterLeft)), nil, "-", "-"},
		"at another time":                {many(told, says(left.Add(time.Minute), stay.LetterLeft)), nil, "gone", "gone"},
		"at a time, now":                 {many(told, says(time.Time{}, stay.LetterLeft)), nil, "gone", "gone"},
		"cancelled by a clinician":       {many(told, says(left, stay.LetterLeft), func(s *stay.Stay) { s.Consult.Status = "revoked" }), nil, "-", "-"},
		"dead":                           {many(placed, died), nil, "-", "-"},
		"a clinician's":                  {many(placed, func(s *stay.Stay) { s.Consult.Theirs = true }), nil, "-", "-"},
		"deleted":                        {many(placed, func(s *stay.Stay) { s.Consult = stay.Result{} }), nil, "-", "-"},
		"of another screening":           {many(placed, func(s *stay.Stay) { s.Consult.Ref = "s2" }), nil, "-", "-"},
		"another patient's":              {many(placed, team(func(t *stay.Task) { t.For = "Patient/9" })), nil, "-", "-"},
		"without a Task of the team":     {func(s *stay.Stay) { s.Tasks = nil }, nil, "-", "-"},
		"to be revoked":                  {placed, &Revocation{Ref: "s1", Why: Corrected}, "-", "-"},
		"to be changed":                  {placed, &Referral{Changes: "s1"}, "gone", "- at once"},
		"here, nothing said":             {many(here, placed), nil, "-", "-"},
		"here, told":                     {many(here, told, says(left, stay.LetterLeft)), nil, "back", "back"},
		"here, told by the Task alone":   {many(here, told), nil, "back", "back"},
		"here, told by the order alone":  {many(here, says(left, stay.LetterLeft)), nil, "back", "back"},
		"here, told, and over":           {many(here, told, status("completed")), nil, "-", "-"},
		"here, told, and dead":           {many(here, told, died), nil, "-", "-"},
		"planned, told":                  {many(told, func(s *stay.Stay) { s.Admission.Status = stay.Planned }), nil, "-", "-"},
		"here, ended":                    {many(here, ended(Discharged)), nil, "back renews", "back renews"},
		"here, ended for something else": {many(here, ended(Corrected)), nil, "-", "-"},
		"here, ended and put away":       {many(here, ended(Discharged), status("rejected")), nil, "-", "-"},
		"here, ended, and active":        {many(here, ended(Discharged), func(s *stay.Stay) { s.Consult.Status = "active" }), nil, "back renews", "back renews"},
		"here, ended, and completed":     {many(here, ended(Discharged), func(s *stay.Stay) { s.Consult.Status = "completed" }), nil, "-", "-"},
		"here, half of it, the order":    {many(here, says(left, stay.LetterLeft), func(s *stay.Stay) { s.Consult.Status = "revoked" }), nil, "back", "back renews"},
		"here, half, and begun":          {many(here, says(left, stay.LetterLeft), status("accepted"), func(s *stay.Stay) { s.Consult.Status = "revoked" }), nil, "back", "back"},
		"here, half, told by the Task":   {many(here, told, func(s *stay.Stay) { s.Consult.Status = "revoked" }), nil, "back", "back"},
		"here, ended, and to be renewed": {many(here, ended(Discharged)), &Referral{Renews: "s1"}, "-", "-"},
		"here, ended, and ordered":       {many(here, ended(Discharged), clinicians), nil, "met s9", "met s9"},
		"ended":                          {ended(Discharged), nil, "-", "-"},
	} {
		for policy, want := range map[string]string{KeepConsult: test.keep, EndConsult: test.end} {
			s := stay.Stay{Admission: stay.Admission{ID: "e1", Status: stay.Finished, End: left}, Patient: stay.Patient{Ref: "Patient/1"}, Tasks: []stay.Task{teamTask("requested", 0)},
				Consult: stay.Result{Ref: "s1", Status: "active"}}
			test.change(&s)
			c := &chart{Stay: s, task: stay.Task{Consult: "s1"}, asked: true, now: noonOf17, policy: policyOf(func(p *Policy) { p.Consult.AtDischarge = policy })}
			if test.plans != nil {
				c.decision.Actions = []Action{test.plans}
			}
			c.depart()
			if got := departedAs(c, test.plans); got != want {
				t.Errorf("%s, %s: %q, want %q", name, policy, got, want)
			}
		}
	}
	c := &chart{Stay: stay.Stay{Admission: stay.Admission{Status: stay.Finished}, Tasks: []stay.Task{teamTask("requested", 0)}, Consult: stay.Result{Ref: "s1"}}, task: stay.Task{Consult: "s1"}, policy: policyOf(nil)}
	if c.depart(); !c.decision.Nothing() {
		t.Error("nobody was asked here")
	}
}

func departedAs(c *chart, before Action) string {
	var all []string
	if d := planned[Departure](c); d != nil {
		said := map[bool]string{false: "gone", true: "back"}[d.Back]
		if d.Renews {
			said += " renews"
		}
		all = append(all, said)
	}
	if r := planned[Revocation](c); r != nil && Action(r) != before {
		all = append(all, strings.TrimSpace("revoke "+r.Ref))
	}
	if task := planned[TaskChange](c); task != nil && task.Met != "" {
		all = append(all, "met "+task.Met)
	}
	if len(all) == 0 {
		all = []string{"-"}
	}
	if !c.decision.Next.IsZero() {
		all[len(all)-1] += " at once"
	}
	return strings.Join(all, ", ")
}

// A consult that ended with the stay and is no longer asked for does not come back.
func TestWhatEndedAtDischargeSaysWhyItStaysSo(t *testing.T) {
	for name, test := range map[string]struct {
		team    stay.Task
		consult stay.Result
		stay    func(*stay.Stay)
		want    bool
	}{
		"ended":         {stay.Task{Status: "cancelled", Reason: Discharged}, stay.Result{Ref: "s1", Status: "revoked"}, nil, true},
		"ended before":  {stay.Task{Status: "cancelled", Reason: Corrected}, stay.Result{Ref: "s1", Status: "revoked"}, nil, false},
		"rejected":      {stay.Task{Status: "rejected", Reason: Discharged}, stay.Result{Ref: "s1", Status: "revoked"}, nil, false},
		"a clinician's": {stay.Task{Status: "cancelled", Reason: Discharged}, stay.Result{Ref: "s1", Status: "revoked", Theirs: true}, nil, false},
		"dead":          {stay.Task{Status: "cancelled", Reason: Discharged}, stay.Result{Ref: "s1", Status: "revoked"}, func(s *stay.Stay) { s.Patient.Deceased = true }, false},
		"void":          {stay.Task{Status: "cancelled", Reason: Discharged}, stay.Result{Ref: "s1", Status: "revoked"}, func(s *stay.Stay) { s.Admission.Status = stay.Cancelled }, false},
	} {
		test.team.Ref, test.team.Kind = "Task/2", stay.ConsultTask
		s := stay.Stay{Tasks: []stay.Task{test.team}, Consult: test.consult}
		if test.stay != nil {
			test.stay(&s)
		}
		c := &chart{Stay: s, policy: policyOf(nil)}
		c.revoke(Corrected)
		r := planned[Revocation](c)
		if (r != nil) != test.want || r != nil && *r != (Revocation{Why: Corrected}) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// What a consult that may come back needs to have read.
func TestWhatComingBackNeeds(t *testing.T) {
	for name, test := range map[string]struct {
		status stay.Status
		why    string
		asked  bool
		want   bool
	}{
		"here":         {stay.InProgress, Discharged, true, true},
		"still gone":   {stay.Finished, Discharged, true, false},
		"another end":  {stay.InProgress, Corrected, true, false},
		"nobody asked": {stay.InProgress, Discharged, false, false},
	} {
		task := teamTask("cancelled", 0)
		task.Reason = test.why
		s := inpatient(func(s *stay.Stay) { s.Admission.Status, s.Tasks = test.status, []stay.Task{task} })
		if test.asked {
			s.Tasks = append(s.Tasks, nurseTask(func(t *stay.Task) {
				t.Score, t.Consult, t.Carried, t.BusinessStatus = "", "s1", "cancelled", ScreenedBefore
			}))
		}
		c := newChart(s, policyOf(nil), noonOf17)
		var parts []stay.Part
		for _, need := range c.needs() {
			parts = append(parts, need.Part)
		}
		if got := slices.Contains(parts, stay.Consults) && slices.Contains(parts, stay.Background); got != test.want {
			t.Errorf("%s: %v", name, parts)
		}
	}
}
