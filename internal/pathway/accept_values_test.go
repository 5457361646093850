package pathway

import (
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// By when the team is to have accepted a consult whose urgency has changed.
func TestDueAnew(t *testing.T) {
	in := func(d time.Duration) time.Time { return noonOf17.Add(d) }
	const h = time.Hour
	for name, test := range map[string]struct {
		had, has string // the order's priority, and whether the referral is urgent
		team     stay.Task
		want     time.Time
	}{
		"as before":                      {"routine", "routine", stay.Task{Due: in(10 * h)}, time.Time{}},
		"as urgent as before":            {"urgent", "urgent", stay.Task{Due: in(h)}, time.Time{}},
		"as a person has set it":         {"asap", "urgent", stay.Task{Due: in(h)}, time.Time{}},
		"urgent now":                     {"routine", "urgent", stay.Task{Due: in(10 * h)}, in(4 * h)},
		"urgent now, and due soon":       {"routine", "urgent", stay.Task{Due: in(h)}, in(h)},
		"urgent now, and due then":       {"routine", "urgent", stay.Task{Due: in(4 * h)}, in(4 * h)},
		"urgent now, and overdue":        {"routine", "urgent", stay.Task{Due: in(-h)}, in(4 * h)},
		"urgent now, due this moment":    {"routine", "urgent", stay.Task{Due: noonOf17}, in(4 * h)},
		"urgent now, of an old release":  {"routine", "urgent", stay.Task{Made: in(-22 * h)}, in(2 * h)},
		"urgent now, it does not say":    {"routine", "urgent", stay.Task{}, in(4 * h)},
		"routine now":                    {"urgent", "routine", stay.Task{Due: in(h)}, in(24 * h)},
		"routine now, and due long ago":  {"urgent", "routine", stay.Task{Due: in(-9 * h)}, in(24 * h)},
		"the order says nothing, urgent": {"", "urgent", stay.Task{Due: in(9 * h)}, in(4 * h)},
	} {
		test.team.Kind, test.team.Ref = stay.ConsultTask, "t"
		c := &chart{Stay: stay.Stay{Tasks: []stay.Task{test.team}, Consult: stay.Result{Ref: "s1", Status: "active", Priority: test.had}}, now: noonOf17, policy: policyOf(nil)}
		if got := c.dueAnew(&Referral{Urgent: test.has == "urgent"}); !got.Equal(test.want) {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// When nobody has accepted in time: what the Task says, or counted from its making.
func TestAcceptedInTime(t *testing.T) {
	in := func(d time.Duration) time.Time { return noonOf17.Add(d) }
	const h = time.Hour
	for name, test := range map[string]struct {
		team stay.Task
		want time.Time // zero: nobody is waited for
		late bool
	}{
		"due later":                 {stay.Task{Status: "requested", Due: in(1), Made: in(-99 * h)}, in(1), false},
		"due now":                   {stay.Task{Status: "requested", Due: noonOf17}, noonOf17, true},
		"it does not say":           {stay.Task{Status: "requested", Made: in(-23 * h)}, in(h), false},
		"it does not say, and late": {stay.Task{Status: "requested", Made: in(-24 * h)}, noonOf17, true},
		"nor that it is urgent":     {stay.Task{Status: "requested", Made: in(-4 * h), Priority: "urgent"}, noonOf17, true},
		"nor when it was made":      {stay.Task{Status: "requested"}, time.Time{}, false},
		"raised":                    {stay.Task{Status: "requested", Due: in(-h), Raised: 1}, time.Time{}, false},
		"accepted":                  {stay.Task{Status: "accepted", Due: in(-h)}, time.Time{}, false},
		"turned down":               {stay.Task{Status: "rejected", Due: in(-h)}, time.Time{}, false},
	} {
		test.team.Kind, test.team.Ref = stay.ConsultTask, "t"
		c := &chart{Stay: stay.Stay{Tasks: []stay.Task{test.team}}, now: noonOf17, policy: policyOf(nil)}
		if got := c.acceptBy(); !got.Equal(test.want) || c.toChase() != test.late {
			t.Errorf("%s: %s %t, want %s", name, got, c.toChase(), test.want)
		}
	}
	if c := (&chart{policy: policyOf(nil)}); !c.acceptBy().IsZero() {
		t.Error("there is no Task of the team")
	}
}

// Whatever is asked for of the team says by when.
func TestReferralsSayByWhen(t *testing.T) {
	live := stay.Result{Ref: "s1", Status: "active", Priority: "routine", NoTask: true}
	revoked, completed := live, live
	revoked.Status, completed.Status = "revoked", "completed"
	knows := stay.Task{Consult: "s1", Carried: "cancelled"}
	for name, test := range map[string]struct {
		consult stay.Result
		task    stay.Task
	}{
		"made": {stay.Result{}, stay.Task{}}, "renewed": {revoked, knows}, "made urgent": {live, knows}, "in place of another": {completed, knows},
	} {
		c := &chart{Stay: stay.Stay{Consult: test.consult}, task: test.task, now: noonOf17, policy: policyOf(nil)}
		plan(c, &Score{})
		c.refer(&Referral{Urgent: true})
		if r := planned[Referral](c); r == nil || !r.Due.Equal(noonOf17.Add(4*time.Hour)) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	c := &chart{Stay: stay.Stay{Consult: live}, task: stay.Task{Consult: "s1", Carried: "requested"}, now: noonOf17, policy: policyOf(nil)}
	c.assign()
	if r := planned[Referral](c); r == nil || !r.Due.Equal(noonOf17.Add(24*time.Hour)) {
		t.Errorf("completed: %+v", r)
	}
}
