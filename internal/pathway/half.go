package pathway

import "slices"

// This file is about transactions of which a server carried out a part. What stands
// says what was to be made with it: that was never made, and no person has deleted it.

// taskRemoved tells that a draft is there and the Task that it was made for is gone.
func (c *chart) taskRemoved() bool {
	return lastDraft(c.Responses) > 0 && c.halfDraft() == 0
}

// halfDraft is the number of the last draft, where its Task was never made; 0: it was.
func (c *chart) halfDraft() (number int) {
	last := 0
	for _, r := range c.Responses {
		if !r.Ours || r.Number < last {
			continue
		}
		last, number = r.Number, 0
		if r.NoTask {
			number = r.Number
		}
	}
	return number
}

// nextDraft is the number of the draft that a Task gets: the next, or that of one
// which waits for its Task.
func (c *chart) nextDraft() int {
	if n := c.halfDraft(); n > 0 && !c.asked {
		return n
	}
	return lastDraft(c.before) + 1
}

// relink gives an open Task a draft where the one that it was to have was never made.
func (c *chart) relink() {
	if !c.task.NoResponse {
		return
	}
	c.note()
	if draft := c.openDraft(); draft != "" {
		planned[TaskChange](c).Draft = draft
	} else {
		planned[TaskChange](c).NewDraft = lastDraft(c.before) + 1
	}
	c.decision.because("never-made", "the form of the nurse's task was never made; it gets one")
}

// openDraft is the last draft that waits for answers, or "".
func (c *chart) openDraft() string {
	for _, r := range slices.Backward(c.Responses) {
		if r.Ours && r.Status == "in-progress" {
			return r.Ref
		}
	}
	return ""
}

// recall takes a consult that stands for the one of the answers, where the change of the
// nurse's Task that was to say so was refused.
func (c *chart) recall() {
	if c.forgotten() {
		plan(c, &Referral{Stands: c.Consult.Ref})
		c.decision.because("never-made", "the consult for these answers stands, and the nurse's task did not come to know of it")
	}
}

// unassigned tells that we have asked for a consult and the team has no Task for it.
func (c *chart) unassigned() bool {
	_, assigned := c.TeamTask()
	return !assigned && c.task.Carried == "requested" && c.task.Consult != ""
}

// assign makes the team's Task for a consult that stands, where it was never made.
func (c *chart) assign() {
	consult := c.Consult
	if !c.unassigned() || !consult.NoTask || !consult.Live() || planned[Referral](c) != nil || planned[Revocation](c) != nil {
		return
	}
	plan(c, &Referral{Urgent: consult.Urgent(), Completes: consult.Ref, Number: max(1, consult.Number), Due: c.acceptWithin(consult.Urgent())})
	c.decision.because("never-made", "the team's task for the consult was never made; it is made now")
}
