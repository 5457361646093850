package pathway

// This file is about EHRs that write over what tilsyn keeps on a Task: the output, the
// business status, the identifier. That is a short cut and never the only copy.

// forgot tells that the nurse's Task may have lost what was made of the answers, so that
// it must be looked for by name.
func (c *chart) forgot() bool {
	t := c.task
	if !c.asked || t.Status == "entered-in-error" {
		return false
	}
	unknown := t.Score == "" && c.Score.Ref != ""
	unexplained := !t.Open() && t.Judged == "" && (t.BusinessStatus == "" || t.BusinessStatus == Scored) && !c.submitted()
	return t.Forgets || unknown || unexplained || t.BusinessStatus == Scored && t.Score == ""
}

// putBack restores what an EHR has written over.
func (c *chart) putBack() {
	found := false
	for _, t := range c.Tasks {
		if t.WrittenOver && !c.anothers(t) && t.Status != "entered-in-error" {
			planEach[Restoration](c, t.Ref)
			found = true
		}
	}
	if found {
		c.decision.because("written-over", "something has written over what is kept on a task; it is put back")
	}
}

// mostReturns bounds how often a Task comes back whose form nobody has written on: some
// EHRs complete it by themselves, and would do so for ever.
const mostReturns = 3

// returns is how often the Task has come back so, this time included; 0: something is
// written on the form, or it is an EHR's own.
func (c *chart) returns() int {
	if !c.response.Ours || !c.response.Untouched() {
		return 0
	}
	return c.response.Returned + 1
}

// leftClosed tells that an untouched form has come back often enough: the Task stays
// completed, and says that it is not answered.
func (c *chart) leftClosed() bool {
	r := c.response
	if c.returns() <= mostReturns {
		return false
	}
	c.decision.because("left-closed", "the task was closed again and again with nothing on the form; it is left closed, unanswered")
	if c.task.BusinessStatus != Incomplete || c.task.Judged != r.Version {
		plan(c, &TaskChange{Status: c.task.Status, Business: Incomplete, Why: Incomplete, Response: r})
	}
	return true
}
