package pathway

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about the small judgements that the rules are made of: values in, an
// answer out.

var noonOf17 = time.Date(2031, 5, 17, 12, 0, 0, 0, time.UTC)

func coded(codes ...string) (list []stay.Code) {
	for _, c := range codes {
		list = append(list, stay.Code{System: "s", Code: c})
	}
	return list
}

func policyOf(change func(*Policy)) *Policy {
	p := DefaultPolicy()
	p.Consult.Codings = []Coding{{System: "s", Code: "consult"}, {System: "s", Code: "other"}}
	p.Pregnancy.Codings = []Coding{{System: "s", Code: "pregnant"}}
	p.Screening.DoNotAsk = []Coding{{System: "s", Code: "no"}}
	if change != nil {
		change(p)
	}
	return p
}

// Whether it matters: only to a limit that says so, and with codes to tell it by.
func TestPregnancyMatters(t *testing.T) {
	for _, test := range []struct {
		change func(*Policy)
		want   bool
	}{
		{nil, true},
		{func(p *Policy) { p.Pregnancy.Codings = nil }, false},
		{func(p *Policy) { p.Tiers = Tiers{Consult: []Limit{{From: 4}}} }, false},
		{func(p *Policy) { p.Tiers = Tiers{Advice: []Limit{{From: 4}, {From: 1, Pregnant: true}}} }, true},
		{func(p *Policy) { p.Tiers = Tiers{Urgent: []Limit{{From: 1, Pregnant: true}}} }, true},
	} {
		if got := policyOf(test.change).PregnancyMatters(); got != test.want {
			t.Errorf("%+v: %t", policyOf(test.change).Tiers, got)
		}
	}
}

// A clinician's own order counts while it stands, in this admission, for the consult.
func TestOrderedByOthers(t *testing.T) {
	order := stay.Order{Ref: "theirs", Status: "active", Admission: "Encounter/e1", Codes: coded("other")}
	with := func(change func(*stay.Order)) stay.Order {
		o := order
		change(&o)
		return o
	}
	cases := map[string]stay.Order{
		"theirs": order,
		"":       with(func(o *stay.Order) { o.Ours = true }),
	}
	check := func(want string, orders ...stay.Order) {
		t.Helper()
		c := &chart{Stay: stay.Stay{Admission: stay.Admission{ID: "e1"}, Orders: orders}, policy: policyOf(nil)}
		if got := c.orderedByOthers(); got != want {
			t.Errorf("%+v: %q", orders, got)
		}
	}
	for want, o := range cases {
		check(want, o)
	}
	for status, want := range map[string]string{"active": "theirs", "on-hold": "theirs", "completed": "theirs", "draft": "", "revoked": "", "entered-in-error": "", "unknown": "", "": ""} {
		check(want, with(func(o *stay.Order) { o.Status = status }))
	}
	for _, at := range []string{"Encounter/e2", "Encounter/e11", "e1", ""} {
		check("", with(func(o *stay.Order) { o.Admission = at }))
	}
	check("", with(func(o *stay.Order) { o.Codes = coded("physiotherapy") }))
	check("", with(func(o *stay.Order) { o.DoNotPerform = true }))
	for intent, want := range map[string]string{"order": "theirs", "original-order": "theirs", "reflex-order": "theirs", "filler-order": "theirs", "instance-order": "theirs",
		"": "theirs", "proposal": "", "plan": "", "directive": "", "option": "", "of a later release": ""} {
		check(want, with(func(o *stay.Order) { o.Intent = intent }))
	}
	check("last", order, with(func(o *stay.Order) { o.Ref = "last" }), with(func(o *stay.Order) { o.Status = "revoked" }))
}

// The team is told of the five latest consults of other admissions.
func TestEarlierConsults(t *testing.T) {
	var orders []stay.Order
	for i := range 7 {
		orders = append(orders, stay.Order{Ref: fmt.Sprint(i), Status: "revoked", Admission: "Encounter/e0", Codes: coded("consult")})
	}
	here, wrong, another := orders[0], orders[0], orders[0]
	here.Ref, here.Admission = "here", "Encounter/e1"
	wrong.Ref, wrong.Status = "wrong", "entered-in-error"
	another.Ref, another.Codes = "another", coded("physiotherapy")
	nowhere := stay.Order{Ref: "nowhere", Codes: coded("consult")}
	proposed, not, ours := orders[0], orders[0], orders[0]
	proposed.Ref, proposed.Intent = "proposed", "proposal"
	not.Ref, not.DoNotPerform = "not", true
	ours.Ref, ours.Intent, ours.Ours = "ours", "proposal", true
	for _, test := range []struct {
		orders []stay.Order
		want   string
	}{
		{nil, ""},
		{[]stay.Order{here, wrong, another}, ""},
		{[]stay.Order{proposed, not, ours}, "ours"},
		{slices.Concat(orders[:2], []stay.Order{here, nowhere, wrong}), "nowhere 1 0"},
		{orders[:5], "4 3 2 1 0"},
		{slices.Concat(orders, []stay.Order{another}), "6 5 4 3 2"},
	} {
		var got []string
		for _, o := range EarlierConsults(stay.Stay{Admission: stay.Admission{ID: "e1"}, Orders: test.orders}, policyOf(nil)) {
			got = append(got, o.Ref)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%+v: %q", test.orders, got)
		}
	}
}

// The last screening is the latest that gave a score, wherever it stands in the list.
func TestLastScreening(t *testing.T) {
	screened := func(days int, business string) stay.Earlier {
		return stay.Earlier{At: noonOf17.AddDate(0, 0, -days), BusinessStatus: business}
	}
	for _, test := range []struct {
		screenings []stay.Earlier
		want       stay.Earlier
	}{
		{nil, stay.Earlier{}},
		{[]stay.Earlier{screened(9, Scored), screened(3, Scored), screened(5, Scored)}, screened(3, Scored)},
		{[]stay.Earlier{screened(9, Scored), screened(1, Declined), screened(2, Withdrawn)}, screened(9, Scored)},
		{[]stay.Earlier{{BusinessStatus: Scored, Score: "never answered"}}, stay.Earlier{}},
		{[]stay.Earlier{screened(1, "")}, stay.Earlier{}},
	} {
		if got := LastScreening(stay.Stay{Screening: stay.Screening{Before: test.screenings}}); got != test.want {
			t.Errorf("%+v: %+v", test.screenings, got)
		}
	}
}

// How long an earlier screening spares the patient.
func TestCountsStill(t *testing.T) {
	for ago, want := range map[time.Duration]bool{0: true, 719 * time.Hour: true, 720*time.Hour - 1: true, 720 * time.Hour: false, 9000 * time.Hour: false} {
		c := &chart{policy: policyOf(nil), now: noonOf17, earlier: stay.Earlier{At: noonOf17.Add(-ago)}}
		if got := c.countsStill(); got != want {
			t.Errorf("%s ago: %t", ago, got)
		}
	}
	never := &chart{policy: policyOf(func(p *Policy) { p.Screening.RescreenAfter.Duration = 1 << 62 }), now: noonOf17}
	if never.countsStill() {
		t.Error("nobody was screened")
	}
}

// When a response was answered: when it says so, unless it is our draft and says only
// when that was made, is amended, or runs ahead of the server.
func TestAnsweredAt(t *testing.T) {
	made, written := noonOf17, noonOf17.Add(2*time.Hour)
	for _, test := range []struct {
		authored time.Time
		ours     bool
		want     time.Time
	}{
		{made.Add(time.Hour), true, made.Add(time.Hour)},
		{made, true, written},
		{made.Add(-time.Hour), true, written},
		{made.Add(-time.Hour), false, made.Add(-time.Hour)},
		{made, false, made},
		{time.Time{}, false, written},
		{time.Time{}, true, written},
		{written, false, written},
		{written.Add(time.Second), false, written},
		{written.AddDate(73, 0, 0), true, written},
	} {
		if got := AnsweredAt(stay.Response{Authored: test.authored, Ours: test.ours}, stay.Task{Made: made}, written); !got.Equal(test.want) {
			t.Errorf("%+v: %s", test, got)
		}
		amended := stay.Response{Authored: test.authored, Ours: test.ours, Status: "amended"}
		if got := AnsweredAt(amended, stay.Task{Made: made}, written); !got.Equal(written) {
			t.Errorf("amended, %+v: %s", test, got)
		}
	}
	ahead := made.AddDate(73, 0, 0)
	if got := AnsweredAt(stay.Response{Authored: ahead}, stay.Task{}, time.Time{}); !got.Equal(ahead) {
		t.Errorf("of a server that does not say when it was written: %s", got)
	}
}

// A flag says not to ask while it is active and has a code of the policy's.
func TestFlagged(t *testing.T) {
	for _, test := range []struct {
		flags []stay.Flag
		want  bool
	}{
		{nil, false},
		{[]stay.Flag{{Status: "active", Codes: coded("x", "no")}}, true},
		{[]stay.Flag{{Status: "inactive", Codes: coded("no")}}, false},
		{[]stay.Flag{{Status: "entered-in-error", Codes: coded("no")}}, false},
		{[]stay.Flag{{Codes: coded("no")}}, false},
		{[]stay.Flag{{Status: "active", Codes: coded("fall risk")}}, false},
		{[]stay.Flag{{Status: "active", Codes: coded("fall risk")}, {Status: "inactive", Codes: coded("no")}}, false},
		{[]stay.Flag{{Status: "inactive", Codes: coded("no")}, {Status: "active", Codes: coded("no")}}, true},
	} {
		c := &chart{Stay: stay.Stay{Flags: test.flags}, policy: policyOf(nil)}
		if got := c.flagged(); got != test.want {
			t.Errorf("%+v: %t", test.flags, got)
		}
	}
}

// The ladder of priorities, and how far the nurse's Task and the team's climb it.
func TestPriorities(t *testing.T) {
	for from, to := range map[string]string{"routine": "urgent", "urgent": "asap", "asap": "stat", "stat": "stat", "": "urgent", "none": "urgent"} {
		if got := above(from); got != to {
			t.Errorf("above %q: %q", from, got)
		}
	}
	for raised, want := range []string{"routine", "urgent", "asap", "asap", "asap"} {
		if got := (TaskChange{Raise: raised}).Priority(); got != want {
			t.Errorf("raised %d times: %s", raised, got)
		}
	}
}

// A consult that nobody accepts in time is raised above what it was, once.
func TestChasing(t *testing.T) {
	hour := time.Hour
	for name, test := range map[string]struct {
		team     stay.Task
		consult  string
		priority string // that it is raised to; "": it is not
		next     time.Time
	}{
		"in time":            {stay.Task{Status: "requested", Made: noonOf17.Add(-23 * hour)}, "active", "", noonOf17.Add(hour)},
		"late":               {stay.Task{Status: "requested", Made: noonOf17.Add(-24 * hour), Priority: "routine"}, "active", "urgent", time.Time{}},
		"urgent, in time":    {stay.Task{Status: "requested", Made: noonOf17.Add(-3 * hour), Priority: "urgent"}, "active", "", noonOf17.Add(hour)},
		"urgent, late":       {stay.Task{Status: "requested", Made: noonOf17.Add(-4 * hour), Priority: "urgent"}, "active", "asap", time.Time{}},
		"at once":            {stay.Task{Status: "requested", Made: noonOf17.Add(-4 * hour), Priority: "stat"}, "active", "stat", time.Time{}},
		"raised before":      {stay.Task{Status: "requested", Made: noonOf17.Add(-99 * hour), Raised: 1}, "active", "", time.Time{}},
		"accepted":           {stay.Task{Status: "accepted", Made: noonOf17.Add(-99 * hour)}, "active", "", time.Time{}},
		"received":           {stay.Task{Status: "received", Made: noonOf17.Add(-99 * hour)}, "active", "", time.Time{}},
		"nobody knows since": {stay.Task{Status: "requested"}, "active", "", time.Time{}},
		"revoked":            {stay.Task{Status: "requested", Made: noonOf17.Add(-99 * hour)}, "revoked", "", time.Time{}},
	} {
		test.team.Ref, test.team.Kind, test.team.Number = "Task/2", stay.ConsultTask, 1
		c := &chart{Stay: stay.Stay{Tasks: []stay.Task{test.team}, Consult: stay.Result{Ref: "ServiceRequest/1", Status: test.consult}}, policy: policyOf(nil), now: noonOf17}
		c.chase()
		got := planned[Chase](c)
		if got == nil && test.priority != "" || got != nil && *got != (Chase{"Task/2", test.priority}) || !c.decision.Next.Equal(test.next) {
			t.Errorf("%s: %+v, next %s", name, got, c.decision.Next)
		}
	}
}

// What the team's Task makes of the consult.
func TestOrderStatus(t *testing.T) {
	for team, want := range map[string]string{"completed": "completed", "rejected": "revoked", "failed": "revoked", "cancelled": "revoked", "on-hold": "on-hold",
		"requested": "active", "accepted": "active", "in-progress": "active", "received": "active", "": "active"} {
		if got := orderStatus(team); got != want {
			t.Errorf("%s: %s", team, got)
		}
	}
}

// Advice that we ended may be given again; what the ward ended is not.
func TestEndedByUs(t *testing.T) {
	for _, test := range []struct {
		task stay.Task
		want bool
	}{{stay.Task{Status: "cancelled", Reason: Corrected}, true}, {stay.Task{Status: "cancelled"}, false}, {stay.Task{Status: "completed", Reason: Corrected}, false}, {stay.Task{Status: "requested"}, false}} {
		if got := (&chart{}).endedByUs(test.task); got != test.want {
			t.Errorf("%+v: %t", test.task, got)
		}
	}
}

// An overdue Task is raised and stays what it was; it is uncertain who may be younger.
func TestRemindingAndAges(t *testing.T) {
	task := stay.Task{Status: "accepted", BusinessStatus: Incomplete, Reason: Incomplete, Due: noonOf17.Add(-time.Hour)}
	c := &chart{Stay: stay.Stay{Admission: stay.Admission{Status: stay.InProgress}}, task: task, policy: policyOf(nil), now: noonOf17}
	c.remind()
	if got := planned[TaskChange](c); got == nil || fmt.Sprint(*got) != fmt.Sprint(TaskChange{Status: "accepted", Business: Incomplete, Why: Incomplete, Raise: 1}) {
		t.Errorf("%+v", got)
	}
	for born, want := range map[string][2]int{"2013-05-17": {0, 0}, "2013-05-18": {1, 1}, "2013": {0, 1}, "2014": {1, 1}, "": {0, 1}} { // too young, uncertain
		c := &chart{Stay: stay.Stay{Patient: stay.Patient{Birth: stay.ParseDate(born)}}, policy: policyOf(nil), now: noonOf17}
		young := c.tooYoung()
		c.decision.Reasons = nil
		if c.ageUncertain(); young != (want[0] == 1) || len(c.decision.Reasons) != want[1] {
			t.Errorf("born %q: too young %t, %v", born, young, c.decision.Reasons)
		}
	}
}
