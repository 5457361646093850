package pathway

import "github.com/tilsyn/tilsyn/internal/stay"

// This file is about the team's no: the ward is told of it, on a Task that is given to
// whom the answers are for. The nurse's own Task does not say it: everybody has that.

// What a hospital can make of a consult that the team says no to.
const (
	TellOnly    = "nothing" // the ward is told why
	AdviceThere = "advice"  // and gives brief advice
)

// refused tells that the team does not come, as things stand.
func (c *chart) refused() bool {
	team, ok := c.TeamTask()
	referral, task := planned[Referral](c), planned[TaskChange](c)
	again := referral != nil && (referral.Renews != "" || referral.Number > 0) || task != nil && task.Met != ""
	return ok && SaidNo(team) && !again
}

// tellWard says to the ward that the team does not come, with advice to give instead
// where the policy has it and none was given yet.
func (c *chart) tellWard() {
	if !c.Admission.Present() || c.Dead() {
		return
	}
	if c.adviseInstead() {
		return
	}
	change := ReplyChange{Status: "requested", Cause: c.Consult.Ref}
	if before, made := c.reply(); made && before.Cause == change.Cause {
		change.Ref = before.Ref // they had come after all, and do not come now
	}
	plan(c, &change)
	c.decision.because("turned-down", "the team does not come; the ward is told")
}

// adviseInstead has the ward give advice in place of the consult.
func (c *chart) adviseInstead() bool {
	task, made := c.advice()
	again := made && c.endedByUs(task)
	if c.policy.Consult.Rejected != AdviceThere || !again && (made || c.task.Advice != "") {
		return false
	}
	plan(c, &AdviceChange{Ref: task.Ref, Status: "requested", Cause: c.Consult.Ref, Reworded: c.unworded(task)})
	c.decision.because("turned-down", "the team does not come; the ward is told, and asked to give brief advice")
	return true
}

// tookUp tells of a Task that was made because the team did not come that they come
// after all.
func (c *chart) tookUp(task stay.Task) bool {
	team, ok := c.TeamTask()
	return ok && task.Cause != "" && task.Cause == c.task.Consult && !SaidNo(team)
}

// reply is the Task that tells the ward of the team's no.
func (c *chart) reply() (stay.Task, bool) {
	task, made := c.ReplyTask()
	return task, made && task.For == c.task.For
}

// endReply takes off the ward's list what is no longer to be known there.
func (c *chart) endReply(why string) {
	if task, made := c.ReplyTask(); made && task.Open() {
		plan(c, &ReplyChange{Ref: task.Ref, Status: "cancelled", Why: why})
		c.decision.because("reply-ended", "the ward need not know any more that the team does not come")
	}
}

// instead leaves with the ward what it has because the team does not come, as long as
// the answers ask for the consult and no other is asked for.
func (c *chart) instead(tier Tier) {
	switch {
	case tier < Consult || !c.refused():
		c.endAdvice(Corrected)
		c.endReply(Corrected)
	case c.task.NoResult:
		c.adviseInstead()
	}
}

// keepReply follows the patient: to another ward, home, and back.
func (c *chart) keepReply() {
	task, made := c.reply()
	if !made || planned[ReplyChange](c) != nil {
		return
	}
	why, rule := c.wardsOver(task), c.astray(task, c.Owners.Ward)
	switch {
	case why != "":
		c.endReply(why)
	case c.backAgain(task) && c.refused():
		plan(c, &ReplyChange{Ref: task.Ref, Status: "requested", Cause: task.Cause})
		c.decision.because("turned-down", "the team does not come; the ward is told again")
	case task.Open() && rule != "":
		plan(c, &ReplyChange{Ref: task.Ref, Status: task.Status, Reroute: true})
		c.reroute(rule, "reply")
	}
}

// wardsOver is why a Task of the ward that follows from answers is no longer for it; "":
// it is.
func (c *chart) wardsOver(task stay.Task) string {
	switch {
	case c.Admission.Void():
		return AdmissionCancelled
	case c.Dead():
		return Deceased
	case c.Admission.Status == stay.Finished:
		return Discharged
	case c.tookUp(task):
		return TakenUp
	}
	return ""
}

// backAgain tells that such a Task was ended because the patient had left, who is here.
func (c *chart) backAgain(task stay.Task) bool {
	return task.Status == "cancelled" && ended(task.Reason) && c.Admission.Present()
}
