package pathway

import (
	"slices"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

func teamsTask(status, reason string) stay.Task {
	return stay.Task{Purpose: stay.Purpose{Kind: stay.ConsultTask}, Ref: "Task/team", Focus: "ServiceRequest/1", For: "Patient/1", Status: status, Reason: reason}
}

// referred is a chart of two, AUDIT-C of so many points, with a consult of a tier that
// stands; AUDIT has been scored now.
func referred(t *testing.T, short, long int, tier Tier) *chart {
	t.Helper()
	c := together(asksBoth(t), short, 0)
	c.Patient.Ref, c.task.Consult, c.task.Carried = "Patient/1", "ServiceRequest/1", "requested"
	c.Consult = stay.Result{Ref: "ServiceRequest/1", Status: "active", Tier: tier.String(), Number: 1}
	c.Tasks = []stay.Task{c.task, teamsTask("requested", "")}
	plan(c.others[0], &Score{Result: instrument.Result{Score: &long}})
	return c
}

// A consult that asks for just that is left alone where nothing that has changed asks for
// one, and so is one that somebody has ended.
func TestAlike(t *testing.T) {
	ended := func(consult, team, reason string) func(*chart) {
		return func(c *chart) {
			c.Consult.Status, c.Tasks[1] = consult, teamsTask(team, reason)
		}
	}
	for name, test := range map[string]struct {
		short, long int
		tier        Tier
		change      func(*chart)
		want        bool
	}{
		"the other asks for nothing":        {4, 1, Consult, nil, true},
		"the other asks for advice":         {4, 8, Consult, nil, true},
		"the other asks for as much":        {4, 16, Consult, nil, false},
		"the other asks for more":           {4, 20, Consult, nil, false},
		"the other asked for more before":   {4, 1, Urgent, nil, false},
		"neither asks for one":              {3, 1, Consult, nil, false},
		"of an older release":               {4, 1, Consult, func(c *chart) { c.Consult.Tier = "" }, true},
		"a clinician's own":                 {4, 1, Urgent, func(c *chart) { c.Consult.Theirs = true }, true},
		"a clinician's own, cancelled":      {4, 1, Consult, func(c *chart) { c.Consult.Theirs, c.Consult.Status, c.Tasks = true, "revoked", nil }, true},
		"the team has said no":              {4, 1, Consult, ended("revoked", "rejected", ""), true},
		"the team is done":                  {4, 1, Urgent, ended("completed", "completed", ""), true},
		"we took it back":                   {4, 1, Consult, ended("revoked", "cancelled", Corrected), false},
		"she does not want it":              {4, 1, Consult, ended("revoked", "cancelled", OfferDeclined), false},
		"it ended with the stay":            {4, 1, Consult, ended("revoked", "cancelled", Discharged), true},
		"it ended with a death":             {4, 1, Consult, ended("revoked", "cancelled", Deceased), true},
		"there was none":                    {4, 1, Consult, func(c *chart) { c.Consult, c.task.Consult, c.Tasks = stay.Result{}, "", nil }, false},
		"the other is withdrawn":            {4, 1, Consult, func(c *chart) { plan(c.others[0], &TaskChange{Withdraw: true}) }, false},
		"what was certain is taken back":    {4, 1, Consult, func(c *chart) { c.others[0].decision = Decision{}; plan(c.others[0], &Minimum{}) }, false},
		"what was certain is a score now":   {4, 1, Consult, func(c *chart) { plan(c.others[0], &Minimum{}) }, true},
		"the other asks, and the team said": {4, 16, Consult, ended("revoked", "rejected", ""), false},
	} {
		c := referred(t, test.short, test.long, test.tier)
		if test.change != nil {
			test.change(c)
		}
		w, _ := c.together()
		if got := c.alike(w, c.changed()); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// What changes what the answers lead to, and what does not.
func TestChanges(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*chart)
		want   bool
	}{
		"nothing":                 {func(*chart) {}, false},
		"a score":                 {func(c *chart) { plan(c, &Score{}) }, true},
		"one that stands":         {func(c *chart) { plan(c, &Score{Stands: true}) }, false},
		"one on another response": {func(c *chart) { plan(c, &Score{}); c.rests = true }, false},
		"a withdrawal":            {func(c *chart) { w := Withdrawal("o"); plan(c, &w) }, true},
		"one that was deleted":    {func(c *chart) { plan(c, &TaskChange{Withdraw: true}) }, true},
		"a reminder":              {func(c *chart) { plan(c, &TaskChange{Raise: 1}) }, false},
		"what is certain":         {func(c *chart) { plan(c, &Minimum{}) }, true},
		"found before":            {func(c *chart) { plan(c, &TaskChange{Business: ScreenedBefore}) }, true},
		"found before, and known": {func(c *chart) { c.task.BusinessStatus = ScreenedBefore; plan(c, &TaskChange{Business: ScreenedBefore}) }, false},
	} {
		c := standing(asksBoth(t), "auditc", 4, "")
		test.change(c)
		if got := c.changes(); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// Why a consult is taken back: as the answers say that no longer count.
func TestWhyTakenBack(t *testing.T) {
	for why, want := range map[string]string{Withdrawn: Withdrawn, Incomplete: Incomplete, WrongPatient: WrongPatient, Unanswered: "", "": ""} {
		c := standing(asksBoth(t), "auditc", 4, "")
		plan(c, &TaskChange{Why: why, Withdraw: true})
		if got := whyTakenBack([]*chart{standing(asksBoth(t), "audit", 1, ""), c}); got != want {
			t.Errorf("%q: %q", why, got)
		}
		plan(c, &TaskChange{Why: why})
		if got := whyTakenBack([]*chart{c}); got != "" {
			t.Errorf("%q, of a score that stands: %q", why, got)
		}
	}
}

// Where nothing is decided of the consult, the nurse's Task is left alone.
func TestNoting(t *testing.T) {
	for name, test := range map[string]struct {
		before func(*chart)
		decide func(*chart)
		want   string
	}{
		"nothing":              {nil, func(*chart) {}, ""},
		"a consult":            {nil, func(c *chart) { plan(c, &Referral{}) }, "task consult"},
		"a clinician's own":    {nil, func(c *chart) { planned[TaskChange](c).Met = "o" }, "task"},
		"nothing, and a score": {func(c *chart) { plan(c, &TaskChange{}) }, func(*chart) {}, "task"},
	} {
		c := standing(asksBoth(t), "auditc", 4, "")
		if test.before != nil {
			test.before(c)
		}
		c.noting(func() { test.decide(c) })
		var got []string
		for _, a := range c.decision.Actions {
			got = append(got, a.Name())
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// Another leads in place of one of which nothing stands.
func TestLeaderInstead(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*chart)
		want   string
	}{
		"neither":             {func(*chart) {}, ""},
		"the other is scored": {func(c *chart) { plan(c.others[0], &Score{}) }, "audit"},
		"this one is asked":   {func(c *chart) { plan(c.others[0], &Score{}); c.asked = true }, ""},
		"this one is scored":  {func(c *chart) { plan(c.others[0], &Score{}); plan(c, &TaskChange{}) }, ""},
		"it is being asked":   {func(c *chart) { plan(c.others[0], &Score{}); plan(c, &Ask{}) }, "audit"},
	} {
		c := together(asksBoth(t), 0, 0)
		test.change(c)
		if got := c.leaderInstead(); got != test.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// What a look may change needs the scores of all that it rests on, and no other look does.
func TestNeedsOfAll(t *testing.T) {
	read := func(parts ...stay.Part) []stay.Part {
		return slices.DeleteFunc(slices.Clone(stay.Parts), func(p stay.Part) bool { return slices.Contains(parts, p) })
	}
	scored := func(task *stay.Task) {
		task.Status, task.BusinessStatus, task.Score, task.Judged = "completed", Scored, "Observation/"+task.Instrument, "r/_history/1"
	}
	for name, test := range map[string]struct {
		short, long func(*stay.Task)
		answers     string // version of those to AUDIT
		want        string
	}{
		"nothing is new":            {scored, scored, "r/_history/1", ""},
		"new answers":               {scored, scored, "r/_history/2", "audit score, audit background, auditc background, auditc score"},
		"an earlier stay":           {func(t *stay.Task) { t.Status, t.BusinessStatus = "completed", ScreenedBefore }, scored, "r/_history/2", "auditc spared"},
		"an earlier stay, at peace": {func(t *stay.Task) { t.Status, t.BusinessStatus = "completed", ScreenedBefore }, scored, "r/_history/1", ""},
		"never made":                {func(t *stay.Task) { t.NoResult, t.Consult = true, "ServiceRequest/1" }, scored, "r/_history/1", "auditc background, auditc consult, audit score"},
	} {
		s := twoAsked(nurses("auditc", test.short), nurses("audit", test.long))
		s.Unread = read(stay.Portal, stay.Memory)
		s.Responses = nil
		if test.short != nil && s.Tasks[0].Judged != "" {
			s.Responses = []stay.Response{{Ref: "q", Version: "r/_history/1", Status: "completed", Content: &instrument.Response{}}}
		}
		s.Others = []stay.Screening{{Instrument: "audit", Unread: s.Unread, Responses: []stay.Response{{Ref: "r", Version: test.answers, Status: "completed", Content: &instrument.Response{}}}}}
		var got []string
		for _, n := range newCharts(s, asksBoth(t), noonOf17).allNeeds() {
			got = append(got, n.Instrument+" "+string(n.Part))
		}
		for _, want := range strings.Split(test.want, ", ") {
			if want != "" && !slices.Contains(got, want) || test.want == "" && got != nil {
				t.Errorf("%s: %q is not %q", name, got, test.want)
			}
		}
	}
}

// What rests on all answers carries the labels of all that count, and of no others.
func TestFoundation(t *testing.T) {
	c := together(asksBoth(t), 4, 16)
	for i, o := range c.all {
		o.task.Response = "r"
		o.Responses = []stay.Response{{Ref: "r", Labels: coded([]string{"first", "second"}[i])}}
	}
	labels := func() (all string) {
		for _, l := range c.foundation().Labels {
			all += l.Code + " "
		}
		return all
	}
	if got := labels(); got != "first second " {
		t.Error(got)
	}
	c.others[0].task.Score = ""
	if got := labels(); got != "first " {
		t.Error("of answers that do not count:", got)
	}
	c.task.Score, c.task.BusinessStatus, c.EarlierScore = "", ScreenedBefore, stay.Result{Ref: "o", Sum: 4, Labels: coded("earlier")}
	if got := labels(); got != "earlier " {
		t.Error(got)
	}
}
