package pathway

import "time"

// This file is about the one consult of an admission, from the order to what
// the liaison team makes of it.

// refer makes the one consult of the admission. An answer that has changed
// renews a consult that was revoked, and makes one anew that was deleted.
func (c *chart) refer(urgent bool) {
	consult := c.Results.Consult
	if met := c.Ordered; met != "" && consult.Ref == "" {
		c.decision.Task.Met = met
		c.decision.because("already-ordered", "a clinician has ordered the consult; ours is met by theirs")
		return
	}
	if consult.Theirs {
		return
	}
	c.decision.Consult = &Referral{Urgent: urgent}
	switch {
	case consult.Ref == "":
	case consult.Live():
		c.decision.Consult.Changes = consult.Ref
		if team, ok := c.TeamTask(); ok && team.Begun() {
			c.tell(Corrected)
		}
	default:
		c.decision.Consult.Renews = consult.Ref
	}
}

// revoke takes back a consult that nobody has begun on; otherwise the team is
// told, and decides.
func (c *chart) revoke(why string) {
	consult := c.Results.Consult
	if !consult.Live() || consult.Theirs || consult.Status == "completed" {
		return
	}
	if team, ok := c.TeamTask(); ok && team.Begun() {
		c.tell(why)
		return
	}
	c.decision.Revoke = &Revocation{consult.Ref, why}
	c.decision.because("revoked", "nobody has begun on the consult; it is revoked")
}

func (c *chart) tell(why string) {
	c.decision.Tell = why
	c.decision.because("told", "the team has begun on the consult; they are told and decide")
}

// orders are the R4 request-statuses that the team's Task leads to; for any
// other Task the consult is active.
var orders = map[string]string{
	"completed": "completed",
	"rejected":  "revoked",
	"failed":    "revoked",
	"cancelled": "revoked",
	"on-hold":   "on-hold",
}

func orderStatus(team string) string {
	if s, ok := orders[team]; ok {
		return s
	}
	return "active"
}

// toCarry tells that the team has done something with their Task that the
// consult does not show yet.
func (c *chart) toCarry() bool {
	team, ok := c.TeamTask()
	return ok && c.task.Consult != "" && orderStatus(team.Status) != orderStatus(c.task.Carried)
}

// carry closes the loop: what the team did with their Task is seen on the
// consult. One that a clinician has cancelled or deleted is left alone.
func (c *chart) carry() {
	team, _ := c.TeamTask()
	if !c.toCarry() || c.decision.Consult != nil || c.decision.Revoke != nil || c.Results.Consult.Ref == "" {
		return
	}
	status := orderStatus(team.Status)
	if c.Results.Consult.Status != orderStatus(c.task.Carried) {
		status = c.Results.Consult.Status // somebody else has set it since
	}
	c.decision.Carry = &Carriage{Order: c.Results.Consult.Ref, Status: status, Team: team.Status}
	c.decision.because("carried", "the team's task is %s", team.Status)
	if c.decision.Task == nil {
		c.decision.Task = &TaskChange{Status: c.task.Status, Business: c.task.BusinessStatus, Why: c.task.Reason}
	}
}

// acceptBy is when somebody on the team should have accepted the consult; zero
// if nobody is waited for.
func (c *chart) acceptBy() time.Time {
	team, ok := c.TeamTask()
	if !ok || team.Status != "requested" || team.Raised > 0 || team.Made.IsZero() {
		return time.Time{}
	}
	if team.Urgent {
		return team.Made.Add(c.policy.Consult.AcceptWithinUrgent.Duration)
	}
	return team.Made.Add(c.policy.Consult.AcceptWithin.Duration)
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
	case by.IsZero() || c.decision.Consult != nil || c.decision.Revoke != nil:
	case by.After(c.now):
		c.decision.Next = by
	case c.Results.Consult.Live() && !c.Dead():
		team, _ := c.TeamTask()
		c.decision.Chase = team.Ref
		c.decision.because("not-accepted", "nobody on the team has accepted the consult in time; raised")
	}
}
