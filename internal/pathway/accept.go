package pathway

import (
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about how long the team may take until somebody accepts a consult. Its
// Task is due then, and is raised once when nobody has. The time counts from when the
// consult was asked for, and anew when it is asked for again.

// acceptWithin is when a consult that is asked for now is to have been accepted.
func (c *chart) acceptWithin(urgent bool) time.Time {
	return c.now.Add(c.policy.Consult.within(urgent))
}

func (p Consulting) within(urgent bool) time.Duration {
	if urgent {
		return p.AcceptWithinUrgent.Duration
	}
	return p.AcceptWithin.Duration
}

// teamDue is when the team's Task says that it is to have been accepted. One of an earlier
// release does not say it: then its time counts from when it was made.
func (c *chart) teamDue(team stay.Task) time.Time {
	if !team.Due.IsZero() || team.Made.IsZero() {
		return team.Due
	}
	return team.Made.Add(c.policy.Consult.within(team.Urgent()))
}

// dueAnew is when a consult that stands is due, where its urgency has changed; zero: as
// before. One that has become more urgent is never due later than it was.
func (c *chart) dueAnew(r *Referral) time.Time {
	if r.Urgent == c.Consult.Urgent() {
		return time.Time{}
	}
	anew := c.acceptWithin(r.Urgent)
	team, _ := c.TeamTask()
	if was := c.teamDue(team); r.Urgent && was.After(c.now) && was.Before(anew) {
		return was
	}
	return anew
}

// acceptBy is when somebody on the team should have accepted the consult; zero if nobody
// is waited for.
func (c *chart) acceptBy() time.Time {
	team, ok := c.TeamTask()
	if !ok || team.Status != "requested" || team.Raised > 0 {
		return time.Time{}
	}
	return c.teamDue(team)
}

func (c *chart) toChase() bool {
	by := c.acceptBy()
	return !by.IsZero() && !by.After(c.now)
}

// chase raises the team's Task, once, when nobody has accepted in time a
// consult that still stands.
func (c *chart) chase() {
	by := c.acceptBy()
	switch {
	case by.IsZero() || planned[Referral](c) != nil || planned[Revocation](c) != nil || c.renewing():
	case by.After(c.now):
		c.again(by)
	case c.Consult.Live() && !c.Dead():
		team, _ := c.TeamTask()
		plan(c, &Chase{Task: team.Ref, Priority: above(team.Priority)})
		c.decision.because("not-accepted", "nobody on the team has accepted the consult in time; raised")
	}
}

// above is the next higher of R4's priorities; the highest stays.
func above(priority string) string {
	ladder := []string{"routine", "urgent", "asap", "stat"}
	at := max(0, slices.Index(ladder, priority))
	return ladder[min(at+1, len(ladder)-1)]
}
