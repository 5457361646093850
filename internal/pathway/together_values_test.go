package pathway

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// bothAsked asks AUDIT-C and AUDIT of everybody.
const bothAsked = `
version: v1
screening: {classes: [IMP], min_age: 18, due_after: 24h}
unknown_sex: lower
certain_minimum: refer
on_wish: consult
consult: {codings: [{system: s, code: consult}]}
screenings:
  - {instrument: auditc, tiers: {advice: [{from: 3, source: s}], consult: [{from: 4, source: s}], urgent: [{from: 8, source: s}]}}
  - {instrument: audit, tiers: {advice: [{from: 8, source: s}], consult: [{from: 16, source: s}], urgent: [{from: 20, source: s}]}}
`

func asksBoth(t *testing.T) *Policy {
	t.Helper()
	p, err := ParsePolicy([]byte(bothAsked))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func nurses(name string, change func(*stay.Task)) stay.Task {
	task := stay.Task{Purpose: stay.For(stay.ScreeningTask, name), Ref: "Task/" + name, Number: 1, For: "Patient/1", Status: "requested"}
	if change != nil {
		change(&task)
	}
	return task
}

// twoAsked is a stay in which both are asked, with these Tasks.
func twoAsked(tasks ...stay.Task) stay.Stay {
	return stay.Stay{
		Admission: stay.Admission{ID: "e1", Status: stay.InProgress, Classes: []stay.Code{{Code: "IMP"}}},
		Patient:   stay.Patient{Ref: "Patient/1", Sex: stay.Female},
		Tasks:     tasks, Screening: stay.Screening{Instrument: stay.AuditC}, Others: []stay.Screening{{Instrument: "audit"}},
	}
}

// Whose nurse's Task remembers what was made of the answers leads, and else the first.
func TestLeading(t *testing.T) {
	submitted := []stay.Response{{Ref: "r", Status: "completed"}}
	for name, test := range map[string]struct {
		s    stay.Stay
		want string
	}{
		"nothing":                  {twoAsked(), "auditc"},
		"both":                     {twoAsked(nurses("audit", nil), nurses("auditc", nil)), "auditc"},
		"the second alone":         {twoAsked(nurses("audit", nil)), "audit"},
		"the second has a consult": {twoAsked(nurses("auditc", nil), nurses("audit", func(t *stay.Task) { t.Consult = "ServiceRequest/1" })), "audit"},
		"the second has advice":    {twoAsked(nurses("auditc", nil), nurses("audit", func(t *stay.Task) { t.Advice = "Task/9" })), "audit"},
		"both have a consult": {twoAsked(nurses("auditc", func(t *stay.Task) { t.Consult = "ServiceRequest/1" }),
			nurses("audit", func(t *stay.Task) { t.Consult = "ServiceRequest/1" })), "auditc"},
		"the second is answered unasked": {func() stay.Stay {
			s := twoAsked()
			s.Others = []stay.Screening{{Instrument: "audit", Responses: submitted}}
			return s
		}(), "audit"},
		"the first is asked, the second answered unasked": {func() stay.Stay {
			s := twoAsked(nurses("auditc", nil))
			s.Others = []stay.Screening{{Instrument: "audit", Responses: submitted}}
			return s
		}(), "auditc"},
	} {
		if got := Leading(test.s, asksBoth(t)); got != test.want {
			t.Errorf("%s: %s leads", name, got)
		}
		if got := Leading(test.s.About("audit"), asksBoth(t)); got != test.want {
			t.Errorf("%s, with the other in view: %s leads", name, got)
		}
	}
}

// Those that do not lead know nothing of the consult, nor of each other's Tasks.
func TestChartsOfEach(t *testing.T) {
	s := twoAsked(nurses("auditc", func(t *stay.Task) { t.Consult = "ServiceRequest/1" }), nurses("audit", func(t *stay.Task) { t.Consult, t.Carried = "ServiceRequest/1", "accepted" }),
		stay.Task{Purpose: stay.Purpose{Kind: stay.ConsultTask}, Ref: "Task/team", Focus: "ServiceRequest/1", For: "Patient/1"})
	s.Consult, s.Replaced = stay.Result{Ref: "ServiceRequest/1"}, []stay.Result{{Ref: "ServiceRequest/0"}}
	c := newCharts(s, asksBoth(t), noonOf17)
	if c.Instrument != "auditc" || len(c.Tasks) != 3 || c.Consult.Ref == "" || c.other || len(c.others) != 1 {
		t.Fatalf("%s %d", c.Instrument, len(c.Tasks))
	}
	o := c.others[0]
	if _, team := o.TeamTask(); team || len(o.Tasks) != 1 || o.task.Consult+o.task.Carried != "" || o.Consult.Ref != "" || o.Replaced != nil || !o.other || len(o.all) != 2 || o.all[0] != c {
		t.Errorf("%+v", o.Tasks)
	}
	if s.Tasks[1].Consult == "" {
		t.Error("the stay was changed")
	}
	if !c.anothers(s.Tasks[1]) || c.anothers(s.Tasks[0]) || c.anothers(s.Tasks[2]) {
		t.Error("whose Task is whose")
	}
}

// standing is a chart of one of two with a score that stands; 0 for none.
func standing(p *Policy, name string, sum int, offer instrument.Offer) *chart {
	c := &chart{policy: p.About(name), now: noonOf17, asked: sum > 0}
	c.Instrument, c.Patient.Sex = name, stay.Female
	if sum > 0 {
		c.task = nurses(name, func(t *stay.Task) { t.Score, t.Status = "Observation/1", "completed" })
		c.Score = stay.Result{Ref: "Observation/" + name, Status: "final", Sum: sum, Offer: offer}
	}
	return c
}

func together(p *Policy, short, long int, offers ...instrument.Offer) *chart {
	offers = append(offers, "", "")
	a, b := standing(p, "auditc", short, offers[0]), standing(p, "audit", long, offers[1])
	a.all, a.others, b.other = []*chart{a, b}, []*chart{b}, true
	b.all = a.all
	return a
}

// The highest counts, and each score that asks for a consult is a ground.
func TestTogether(t *testing.T) {
	const yes, no, open, notAsked = instrument.OfferAccepted, instrument.OfferDeclined, instrument.Offer(""), instrument.OfferNotAsked
	for _, test := range []struct {
		short, long int
		offers      [2]instrument.Offer
		want        string
	}{
		{0, 0, [2]instrument.Offer{}, "none "},
		{1, 0, [2]instrument.Offer{}, "none none auditc "},
		{1, 1, [2]instrument.Offer{}, "none none auditc "},
		{1, 8, [2]instrument.Offer{}, "advice advice audit "},
		{3, 8, [2]instrument.Offer{}, "advice advice auditc "},
		{4, 0, [2]instrument.Offer{}, "consult consult auditc auditc"},
		{0, 16, [2]instrument.Offer{}, "consult consult audit audit"},
		{4, 16, [2]instrument.Offer{}, "consult consult auditc auditc,audit"},
		{4, 20, [2]instrument.Offer{}, "urgent urgent audit auditc,audit"},
		{8, 16, [2]instrument.Offer{}, "urgent urgent auditc auditc,audit"},
		{8, 1, [2]instrument.Offer{}, "urgent urgent auditc auditc"},
		{4, 16, [2]instrument.Offer{no, open}, "advice consult auditc "},
		{4, 16, [2]instrument.Offer{open, no}, "advice consult auditc "},
		{4, 16, [2]instrument.Offer{no, notAsked}, "advice consult auditc "},
		{4, 16, [2]instrument.Offer{notAsked, no}, "advice consult auditc "},
		{8, 1, [2]instrument.Offer{open, no}, "advice urgent auditc "},
		{4, 20, [2]instrument.Offer{no, open}, "advice urgent audit "},
		{4, 16, [2]instrument.Offer{no, yes}, "consult consult auditc auditc,audit"},
		{4, 16, [2]instrument.Offer{yes, no}, "consult consult auditc auditc,audit"},
		{1, 16, [2]instrument.Offer{yes, open}, "consult consult audit auditc,audit"},
		{1, 1, [2]instrument.Offer{open, yes}, "consult none auditc auditc,audit"},
	} {
		c := together(asksBoth(t), test.short, test.long, test.offers[:]...)
		w, ok := c.together()
		got := w.leads.String() + " "
		if ok {
			got += w.tier.String() + " " + w.of + " "
		}
		if got += strings.Join(groundNames(c.grounds()), ","); got != test.want {
			t.Errorf("%d and %d, %q: %s", test.short, test.long, test.offers, got)
		}
	}
	if alone := standing(DefaultPolicy(), "auditc", 8, ""); alone.grounds() != nil {
		t.Error("one alone names no grounds")
	}
}

func groundNames(grounds []Ground) (names []string) {
	for _, g := range grounds {
		names = append(names, g.Instrument)
	}
	return names
}

// What counts of one screening: what is written now before what stood.
func TestTally(t *testing.T) {
	p := asksBoth(t)
	twelve := 12
	minimum := func(status string) func(*chart) {
		return func(c *chart) {
			c.task.Score, c.task.Minimum, c.Score = "", "Observation/9", stay.Result{}
			c.Minimum = stay.Result{Ref: "Observation/9", Status: status, Sum: 9}
		}
	}
	for name, test := range map[string]struct {
		change func(*chart)
		want   string
	}{
		"as it stands":     {func(*chart) {}, "5 true"},
		"a new score":      {func(c *chart) { plan(c, &Score{Result: instrument.Result{Score: &twelve}}) }, "12 true"},
		"withdrawn now":    {func(c *chart) { w := Withdrawal("Observation/1"); plan(c, &w) }, "0 false"},
		"withdrawn so":     {func(c *chart) { plan(c, &TaskChange{Withdraw: true}) }, "0 false"},
		"withdrawn before": {func(c *chart) { c.task.Withdrawn = true }, "0 false"},
		"in error":         {func(c *chart) { c.Score.Status = "entered-in-error" }, "0 false"},
		"deleted":          {func(c *chart) { c.Score = stay.Result{} }, "0 false"},
		"at least":         {minimum("preliminary"), "9 true least"},
		"at least, over":   {minimum("cancelled"), "0 false"},
		"at least, wrong":  {minimum("entered-in-error"), "0 false"},
		"at least, ended now": {func(c *chart) {
			minimum("preliminary")(c)
			plan(c, &Minimum{Ref: "Observation/9", Status: "entered-in-error"})
		}, "0 false"},
		"at least, now": {func(c *chart) {
			minimum("")(c)
			plan(c, &Minimum{Sum: 10, Response: stay.Response{Ref: "r", Form: &instrument.Form{}}, Result: instrument.Result{Declined: true}})
		}, "10 true least declined"},
		"at least, the rest declined": {func(c *chart) { minimum("preliminary")(c); c.task.BusinessStatus = Declined }, "9 true least declined"},
		"at least, ignored": {func(c *chart) {
			minimum("preliminary")(c)
			c.policy = &Policy{CertainMinimum: IgnoreMinimum}
		}, "0 false"},
		"of an earlier stay": {func(c *chart) {
			c.task.Score, c.task.BusinessStatus, c.EarlierScore = "", ScreenedBefore, stay.Result{Ref: "o", Sum: 7}
		}, "7 true earlier"},
		"of an earlier stay, now": {func(c *chart) {
			c.asked, c.task, c.EarlierScore = false, stay.Task{}, stay.Result{Ref: "o", Sum: 7}
			plan(c, &TaskChange{Business: ScreenedBefore})
		}, "7 true earlier"},
		"of an earlier stay, in error": {func(c *chart) {
			c.task.Score, c.task.BusinessStatus, c.EarlierScore = "", ScreenedBefore, stay.Result{Ref: "o", Sum: 7, Status: "entered-in-error"}
		}, "0 false"},
		"an earlier stay that asked for nothing": {func(c *chart) { c.task.Score, c.EarlierScore = "", stay.Result{Ref: "o", Sum: 7} }, "0 false"},
	} {
		c := standing(p, "auditc", 5, "")
		test.change(c)
		tally, ok := c.tally()
		got := fmt.Sprint(tally.sum, ok)
		for _, is := range []struct {
			is   bool
			word string
		}{{tally.least, "least"}, {tally.declined, "declined"}, {tally.earlier, "earlier"}} {
			if is.is {
				got += " " + is.word
			}
		}
		if got != test.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// Who declined the rest of a form gets the offer from the ward; only a yes refers.
func TestTheRestDeclined(t *testing.T) {
	for offer, want := range map[instrument.Offer]Tier{"": Advice, instrument.OfferDeclined: Advice, instrument.OfferAccepted: Consult} {
		c := together(asksBoth(t), 5, 1, "", offer)
		c.task.Score, c.task.Minimum, c.task.BusinessStatus = "", "Observation/9", Declined
		c.Minimum = stay.Result{Ref: "Observation/9", Sum: 5}
		if w, _ := c.wants(); w.leads != want || !w.declined {
			t.Errorf("%q: %s", offer, w.leads)
		}
	}
}

// A ground says what it is: a score, what is certain, of an earlier stay, or her wish.
func TestGround(t *testing.T) {
	p := asksBoth(t)
	c := together(p, 8, 1, "", instrument.OfferAccepted)
	got := c.grounds()
	if len(got) != 2 || *got[0].Score.Result.Score != 8 || got[0].Score.Tier != Urgent || got[0].Score.Limit.From != 8 || got[0].Wish ||
		*got[1].Score.Result.Score != 1 || !got[1].Wish || got[1].Score.Result.Offer != instrument.OfferAccepted || got[0].Score.Result.Offer != "" {
		t.Errorf("%+v", got)
	}
	c.task.Score, c.task.BusinessStatus, c.EarlierScore = "", ScreenedBefore, stay.Result{Ref: "o", Sum: 9}
	c.Responses = []stay.Response{{Ref: "r", Status: "completed"}}
	if got := c.grounds()[0]; !got.Earlier || *got.Score.Result.Score != 9 || got.Score.Passed || got.Score.Response.Ref != "" {
		t.Errorf("%+v", got)
	}
	now := 8
	plan(c, &Score{Result: instrument.Result{Score: &now}, Response: stay.Response{Ref: "new"}})
	if got := c.grounds()[0]; got.Earlier || got.Score.Response.Ref != "new" {
		t.Errorf("%+v", got)
	}
	leads := c.others[0]
	leads.task.Score, leads.task.Minimum, leads.Minimum = "", "Observation/9", stay.Result{Ref: "Observation/9", Sum: 16}
	if got := leads.grounds()[1]; !got.Least || *got.Score.Result.Score != 16 || got.Earlier {
		t.Errorf("%+v", got)
	}
	leads.task.Score, leads.task.Minimum, leads.Score.Sum = "Observation/1", "", 20
	leads.all = []*chart{leads, c}
	if names := groundNames(leads.grounds()); !slices.Equal(names, []string{"auditc", "audit"}) {
		t.Error("not in the policy's order", names)
	}
}
