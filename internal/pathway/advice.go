package pathway

import (
	"slices"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about brief advice: what the ward nurse says and hands over to
// a patient who drinks more than is good but whom the team need not see, or who
// does not want to see them.

// advise puts the advice on the ward's list, once.
func (c *chart) advise() {
	task, made := c.advice()
	switch {
	case c.other:
	case !c.Admission.Present():
		c.decision.because("advice-late", "the patient has gone home; nobody can give the advice")
	case !made && c.task.Advice == "":
		plan(c, &AdviceChange{Status: "requested"})
		c.decision.because("advise", "the ward is asked to give brief advice")
	case made && c.endedByUs(task):
		plan(c, &AdviceChange{Ref: task.Ref, Status: "requested", Reworded: c.unworded(task)})
		c.decision.because("advise", "the ward is asked again to give brief advice")
	}
}

// advice is the Task to give advice that belongs to the present screening.
func (c *chart) advice() (stay.Task, bool) {
	task, made := c.AdviceTask()
	return task, made && task.For == c.task.For
}

func (c *chart) endedByUs(t stay.Task) bool { return t.Status == "cancelled" && t.Reason != "" }

// endAdvice takes advice off the ward's list that nobody is to give any more.
func (c *chart) endAdvice(why string) {
	if task, made := c.AdviceTask(); made && task.Open() {
		plan(c, &AdviceChange{Ref: task.Ref, Status: "cancelled", Why: why})
		c.decision.because("advice-ended", "the advice is no longer to be given")
	}
}

// keepAdvice follows the patient: to another ward, home, and back.
func (c *chart) keepAdvice() {
	task, made := c.advice()
	if !made || planned[AdviceChange](c) != nil {
		return
	}
	why, rule := c.wardsOver(task), c.astray(task, c.Owners.Ward)
	switch {
	case why != "":
		c.endAdvice(why)
	case c.backAgain(task) && task.Cause != "" && c.refused():
		c.adviseInstead()
	case c.backAgain(task) && slices.ContainsFunc(c.each(), func(o *chart) bool { return o.task.Scored() }):
		c.advise()
	case task.Open() && rule != "":
		plan(c, &AdviceChange{Ref: task.Ref, Status: task.Status, Reroute: true})
		c.reroute(rule, "advice")
	}
}
