package pathway

import (
	"cmp"
	"slices"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about a consult that was asked for before. One that we took back, and
// that nobody had begun on, is asked for again. One that a person has ended stays ended:
// the team has said no or is done, or a clinician has cancelled or deleted the order.
// Only answers that ask for more than it was ended at lead to another.

// takenBack are our reasons to take a consult back.
var takenBack = []string{Corrected, Withdrawn, Incomplete, Invalid, WrongPatient, Declined, OfferDeclined,
	Deceased, AdmissionCancelled, PatientChanged, Discharged}

// Notices are the codes for what the team may be told.
var Notices = append([]string{OrderEnded}, takenBack...)

// SaidNo tells that the team has put its Task away, and not we.
func SaidNo(team stay.Task) bool {
	switch team.Status {
	case "rejected", "failed":
		return true
	case "cancelled":
		return !slices.Contains(Notices, team.Reason)
	}
	return false
}

// endedByPerson tells that a person has ended the consult that there was.
func (c *chart) endedByPerson() bool {
	consult := c.Consult
	team, ok := c.TeamTask()
	switch {
	case consult.Ref == "" && c.task.Consult == "":
		return false // there was none
	case ok && (SaidNo(team) || team.Status == "completed"), consult.Status == "completed", consult.Ref == "":
		return true
	case consult.Live():
		return false
	case ok:
		return !slices.Contains(takenBack, team.Reason)
	}
	return c.task.Carried != "" && orderStatus(c.task.Carried) != "revoked" // a person has deleted the team's Task too
}

// renew asks again for a consult that we took back.
func (c *chart) renew(r *Referral) {
	r.Renews, r.Due = c.Consult.Ref, c.acceptWithin(r.Urgent)
	plan(c, r)
	c.decision.because("renewed", "the consult had been taken back and nobody had begun on it; it is asked for again")
}

// referAgain asks for another consult where the answers ask for more than the one that
// a person has ended. A team that is at it all the same is told, and one that was.
func (c *chart) referAgain(r *Referral) {
	team, ok := c.TeamTask()
	atIt := ok && team.Begun() && team.Open()
	if !atIt && r.tier() > c.endedTier() {
		r.Replaces, r.Number, r.Due = c.Consult.Ref, c.consultNumber(c.endedNumber()), c.acceptWithin(r.Urgent)
		plan(c, r)
		c.decision.because("renewed", "a person has ended the consult; the answers ask for more now, and another is asked for")
		c.clearAway(team)
		return
	}
	c.decision.because("not-renewed", "a person has ended the consult, and the answers ask for no more than before; none is asked for")
	if ok && team.Begun() {
		c.notify(Corrected)
	}
}

// clearAway takes off the team's list the Task of a consult that another takes the
// place of, where nobody has done anything with it.
func (c *chart) clearAway(team stay.Task) {
	if team.Open() && c.Consult.Ref != "" {
		plan(c, &Revocation{Why: OrderEnded})
		c.decision.because("order-ended", "the team's task of the one that was ended is cancelled")
	}
}

// tier is what a referral asks for.
func (r *Referral) tier() Tier {
	if r.Urgent {
		return Urgent
	}
	return Consult
}

// endedTier is what the answers asked for when the consult was last set right by them. An
// order of an earlier release says it by its priority alone, and one that was deleted by
// that of the team's Task, which may have been raised once.
func (c *chart) endedTier() Tier {
	consult := c.Consult
	team, _ := c.TeamTask()
	if consult.Urgent() || consult.Ref == "" && team.Urgent() && (team.Raised == 0 || team.Priority != above("routine")) {
		return tierOf(consult.Tier, Urgent)
	}
	return tierOf(consult.Tier, Consult)
}

// endedNumber is the number of the consult that a person has ended. Where the order is
// gone and nobody has had the team's Task, that Task is given to the new one.
func (c *chart) endedNumber() int {
	team, ok := c.TeamTask()
	switch {
	case c.Consult.Ref != "":
		return max(1, c.Consult.Number)
	case ok && (SaidNo(team) || team.Begun()):
		return team.Number
	case ok:
		return team.Number - 1
	}
	return 0
}

// consultNumber is that of a consult to be made, after those that there were: the same
// each time that it is asked for. What was asked for about somebody else is counted.
func (c *chart) consultNumber(after int) int {
	n := max(Generation(c.Stay), after+1)
	for slices.ContainsFunc(c.Tasks, func(t stay.Task) bool {
		return t.Kind == stay.ConsultTask && t.Number == n && t.For != cmp.Or(c.task.For, c.Patient.Ref) && t.For != ""
	}) {
		n++
	}
	return n
}
