package pathway

import (
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about what a nurse may say instead of an answer, and about
// reminding her.

// UnableReasons are the codes of Task.statusReason that mean: not now, ask
// again. Any other rejection is a no.
var UnableReasons = []string{"intoxicated", "delirious", "no-common-language", "too-ill"}

// unable tells that the nurse has put the Task aside with one of our reasons.
func (c *chart) unable() bool {
	switch c.task.Status {
	case "rejected", "failed", "on-hold", "cancelled":
		return slices.Contains(UnableReasons, c.task.Reason)
	}
	return false
}

// retry asks again after a while, with a Task of its own, a bounded number of
// times.
func (c *chart) retry() {
	if !c.Admission.Present() || c.Attempts() >= c.policy.Screening.MaxAttempts {
		c.close(Unable, "unable, and asked as often as the policy allows")
		return
	}
	again := c.task.Changed.Add(c.policy.Screening.RetryAfter.Duration)
	if again.After(c.now) {
		c.decision.because("unable", "the patient cannot be asked now; asked again later")
		c.again(again)
		return
	}
	c.close(Unable, "the patient could not be asked; asked again")
	plan(c, c.newTask(c.now.Add(c.policy.Screening.DueAfter.Duration)))
}

// declined records a no: never asked again in this admission.
func (c *chart) declined() { c.close(Declined, "declined; not asked again in this admission") }

// close writes on a Task that the nurse has ended what we made of it, once.
func (c *chart) close(business, text string) {
	c.decision.because(business, "%s", text)
	if c.task.BusinessStatus == business {
		return
	}
	status := c.task.Status
	if c.task.Open() {
		status = "failed" // put aside, and replaced or given up
	}
	plan(c, &TaskChange{Status: status, Business: business, Why: c.task.Reason})
	c.stopDrafts()
}

// maxRaises bounds how often a Task is raised: to urgent, then to asap.
const maxRaises = 2

// remind raises the priority of a Task at its due time, and once more later.
// An overdue Task can still be answered.
func (c *chart) remind() {
	if c.task.Due.IsZero() || !c.Admission.Present() {
		return
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
	case c.unable():
		c.retry()
	case c.task.Status == "rejected":
		c.declined()
	case c.Admission.Status == stay.Finished:
		c.end(Discharged, "the patient was discharged before the answer")
	case c.task.Open():
		c.decision.because("wait", "asked; waiting for the answer")
		c.remind()
		c.relink()
	case c.Admission.Present() && ended(c.task.BusinessStatus):
		c.reopen("the admission goes on after all; asked again")
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
	if rule == "" || !c.asked || !c.hers(c.task) {
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
