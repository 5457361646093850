package pathway

import (
	"slices"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about the one consult of an admission, from the order to what
// the liaison team makes of it.

// refer makes the one consult of the admission, or sets right the one that there is.
func (c *chart) refer(r *Referral) {
	consult := c.Consult
	if met := c.orderedByOthers(); met != "" && !consult.Live() {
		planned[TaskChange](c).Met = met
		c.decision.because("already-ordered", "a clinician has ordered the consult; ours is met by theirs")
		return
	}
	switch {
	case consult.Theirs:
	case c.stands(r) && (r.Earlier || planned[Score](c) != nil && planned[Score](c).Stands):
		r.Stands = consult.Ref
		plan(c, r)
	case c.endedByPerson():
		c.referAgain(r)
	case consult.Ref == "":
		r.Number, r.Due = c.consultNumber(0), c.acceptWithin(r.Urgent)
		plan(c, r)
	case consult.Live():
		c.restate(r)
	default:
		c.renew(r)
	}
}

// stands tells that the consult of a score that stands is there: one that is live, or one
// that a person has ended since, where the nurse's Task does not know of it.
func (c *chart) stands(r *Referral) bool {
	if c.endedByPerson() {
		return c.forgotten() && r.tier() <= c.endedTier()
	}
	return c.Consult.Live()
}

// forgotten tells of a consult that stands and of which the nurse's Task says nothing.
func (c *chart) forgotten() bool {
	consult := c.Consult
	return consult.Ref != "" && consult.Ref != c.task.Consult && (consult.Live() || c.endedByPerson())
}

// restate puts what the answers ask for now on a consult that stands.
func (c *chart) restate(r *Referral) {
	r.Changes, r.Due = c.Consult.Ref, c.dueAnew(r)
	plan(c, r)
	c.decision.because("restated", "the consult is set right by the answers")
	if team, ok := c.TeamTask(); ok && team.Begun() {
		c.notify(Corrected)
	}
}

// orderedByOthers is a live consult that a clinician has ordered in this admission.
func (c *chart) orderedByOthers() (ref string) {
	for _, o := range c.Orders {
		live := slices.Contains([]string{"active", "on-hold", "completed"}, o.Status)
		if live && !o.Ours && isOrder(o) && o.Admission == "Encounter/"+c.Admission.ID && anyOf(o.Codes, c.policy.Consult.Codings) {
			ref = o.Ref
		}
	}
	return ref
}

// MostEarlier bounds how many earlier scores, and how many consults, the team is told of.
const MostEarlier = 5

// orderIntents are those of R4's request-intent by which somebody has asked for what the
// request says; a proposal, a plan, a directive of the patient's or an option asks nobody.
var orderIntents = []string{"order", "original-order", "reflex-order", "filler-order", "instance-order"}

// isOrder tells of a request of ours or a clinician's that a consult was asked for by it.
// One without an intent, which R4 does not allow, was taken for an order before.
func isOrder(o stay.Order) bool {
	return !o.DoNotPerform && (o.Ours || o.Intent == "" || slices.Contains(orderIntents, o.Intent))
}

// EarlierConsults are those of other admissions, the latest first.
func EarlierConsults(s stay.Stay, p *Policy) (earlier []stay.Order) {
	for _, o := range slices.Backward(s.Orders) {
		if o.Admission != "Encounter/"+s.Admission.ID && o.Status != "entered-in-error" && isOrder(o) && anyOf(o.Codes, p.Consult.Codings) {
			earlier = append(earlier, o)
		}
	}
	return earlier[:min(len(earlier), MostEarlier)]
}

// revoke takes back a consult that nobody has begun on; otherwise the team is
// told, and decides.
func (c *chart) revoke(why string) {
	consult := c.Consult
	team, ok := c.TeamTask()
	if ok && endedAtDischarge(team) && !consult.Live() && !consult.Theirs && !c.Admission.Void() && !c.Dead() {
		plan(c, &Revocation{Why: why}) // it is not to come back with her
		return
	}
	if !consult.Live() || consult.Theirs || consult.Status == "completed" {
		return
	}
	if ok && team.Begun() {
		c.notify(why)
		return
	}
	plan(c, &Revocation{consult.Ref, why})
	c.decision.because("revoked", "nobody has begun on the consult; it is revoked")
}

// notify leaves it to the team, once for each reason; a score may be corrected
// any number of times.
func (c *chart) notify(why string) {
	if team, _ := c.TeamTask(); team.Notified == why && why != Corrected {
		return
	}
	notice := Notice(why)
	plan(c, &notice)
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

// toCarryWords tells that the team has said why it does not come, and that the consult
// does not say it.
func (c *chart) toCarryWords() bool {
	team, ok := c.TeamTask()
	return ok && SaidNo(team) && team.Reasoned && !c.Consult.Replied
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
	if c.orderEnded() {
		c.dropOrder()
	}
	c.assign()
	if planned[Revocation](c) != nil {
		c.note()
	}
	referral := planned[Referral](c)
	other := referral != nil && referral.Replaces == "" // it sets the consult right itself
	if other || planned[Revocation](c) != nil || c.Consult.Ref == "" || c.Consult.Theirs {
		return
	}
	switch {
	case c.toCarry():
		c.carryStatus()
	case c.toCarryWords():
		c.carryWords()
	}
}

// carryStatus shows on the consult how the team's Task stands, and tells the ward of a no.
func (c *chart) carryStatus() {
	team, _ := c.TeamTask()
	status, theirs := orderStatus(team.Status), c.Consult.Status
	since := theirs != orderStatus(c.task.Carried) // somebody else has set it since
	if since {
		status = theirs
	}
	plan(c, &Carriage{Order: c.Consult.Ref, Status: status, Team: team.Status, Refused: SaidNo(team)})
	c.decision.because("carried", "the team's task is %s", team.Status)
	if SaidNo(team) && !since && planned[Referral](c) == nil {
		c.tellWard()
	}
	c.note()
}

// carryWords puts on the consult why the team does not come, where they have said so
// after they had said no.
func (c *chart) carryWords() {
	team, _ := c.TeamTask()
	plan(c, &Carriage{Order: c.Consult.Ref, Status: c.Consult.Status, Team: team.Status, Refused: true})
	c.decision.because("carried", "the team has said why it does not come")
}

// note makes sure that the nurse's Task, our memory, is written.
func (c *chart) note() {
	if planned[TaskChange](c) == nil {
		plan(c, &TaskChange{Status: c.task.Status, Business: c.task.BusinessStatus, Why: c.task.Reason})
	}
}

// watches tells that the team has a Task for a consult, which somebody else
// may end.
func (c *chart) watches() bool {
	team, ok := c.TeamTask()
	return ok && team.Open() && c.task.Consult != ""
}

// orderEnded tells that a person has cancelled or deleted the consult while the
// team's Task goes on.
func (c *chart) orderEnded() bool {
	return c.watches() && !c.Consult.Live() && orderStatus(c.task.Carried) != "revoked" &&
		planned[Referral](c) == nil && planned[Revocation](c) == nil && planned[Notice](c) == nil
}

// dropOrder takes the Task off the team's list, or tells them if they have
// begun.
func (c *chart) dropOrder() {
	if team, _ := c.TeamTask(); team.Begun() {
		c.notify(OrderEnded)
		return
	}
	plan(c, &Revocation{Why: OrderEnded})
	c.decision.because("order-ended", "somebody has cancelled the consult; the team's task is cancelled too")
}
