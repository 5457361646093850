package pathway

import (
	"time"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about waiting for an answer, and about reminding the nurse.

// maxRaises bounds how often a Task is raised: to urgent, then to asap.
const maxRaises = 2

// remind raises the priority of a Task at its due time, and once more later.
// An overdue Task can still be answered.
func (c *chart) remind() {
	if c.task.Due.IsZero() || !c.Admission.Present() {
		return
	}
	if c.task.ByPatient {
		if c.policy.Performer() == PatientThenNurse {
			c.again(c.task.Due)
		}
		return // she is not reminded by a priority
	}
	raises := c.raises()
	if raises > c.task.Raised {
		c.decision.because("overdue", "not answered in time; raised")
		plan(c, &TaskChange{Status: c.task.Status, Business: c.task.BusinessStatus, Why: c.task.Reason, Raise: raises})
	}
	if raises < maxRaises {
		c.again(c.task.Due.Add(time.Duration(raises) * c.policy.Screening.RaiseAfter.Duration))
	}
}

// raises is how often the Task is to have been raised by now.
func (c *chart) raises() int {
	n := 0
	for at := c.task.Due; n < maxRaises && !c.now.Before(at); at = at.Add(c.policy.Screening.RaiseAfter.Duration) {
		n++
	}
	return n
}

// await looks after a Task that has no answer yet.
func (c *chart) await() {
	switch {
	case !c.task.Open() && (later(c.task.BusinessStatus) || later(c.task.Reason)):
		c.decision.because("closed", "a later release of tilsyn ended the nurse's task in a way that this one does not know; left to that one")
	case c.toWard():
		c.askWard()
	case c.unable():
		c.cannotBeAsked()
	case c.saidNo():
		c.close(Declined, "the patient has declined; not asked again in this admission")
	case c.task.Status == "rejected":
		c.close(PutAway, "the ward has put the question away, and nothing says that the patient declined; not asked again in this admission")
	case c.Admission.Status == stay.Finished:
		c.end(Discharged, "the patient was discharged before the answer")
	case c.task.Open():
		c.decision.because("wait", "asked; waiting for the answer")
		c.remind()
		c.relink()
		c.takenUpAgain()
	case c.Admission.Present() && ended(c.task.BusinessStatus):
		c.reopen(Reopened, "the admission goes on after all; asked again")
	case c.task.BusinessStatus == Withdrawn && c.closedInVain():
		c.reopen(Withdrawn, "the answers were withdrawn while the patient was away; she is here again, and asked again")
	default:
		c.decision.because("closed", "the nurse's task is %s, without an answer", c.task.Status)
	}
}

// later tells that a code of ours was written by a later release, which may run
// beside this one: whoever writes over the other's work is written over in turn.
func later(code string) bool { return code != "" && !artifacts.Defines(code) }

// reassign keeps an open Task with the patient, and with those who may know of
// her. Where nothing has moved, whoever has taken it on stays its owner.
func (c *chart) reassign() {
	change, rule := planned[TaskChange](c), c.astray(c.task, c.Owners.Ward)
	if rule == "" || !c.asked || c.task.ByPatient || !c.hers(c.task) {
		return
	}
	switch {
	case change == nil && c.task.Open() && (c.Admission.Present() || rule != "transfer"):
		plan(c, &TaskChange{Status: c.task.Status, Business: c.task.BusinessStatus, Why: c.task.Reason, Reroute: true})
		c.reroute(rule, "task")
	case change != nil && (change.Status == "requested" || change.Status == "in-progress"),
		change != nil && c.task.Open() && rule == "shielded": // also what is closed now stands without the ward
		change.Reroute = true
		if rule != "transfer" {
			c.reroute(rule, "task")
		}
	}
}

// Priority is R4's for a Task that was raised so often: first urgent, then asap.
func (t TaskChange) Priority() string {
	priority := "routine"
	for range min(t.Raise, maxRaises) {
		priority = above(priority)
	}
	return priority
}
