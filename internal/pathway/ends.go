package pathway

import (
	"slices"
	"time"
)

// This file is about the end of an admission, and about one that goes on after all.

// cancelled ends all about an admission that never was.
func (c *chart) cancelled() {
	c.end(AdmissionCancelled, "the admission was cancelled or entered in error")
	c.withdraw(AdmissionCancelled)
}

// died spares the ward the question and the team the visit; the score stays.
func (c *chart) died() {
	c.end(Deceased, "the patient has died")
	c.revoke(Deceased)
}

// revived tells that the consult was taken back because of a death that was recorded
// by mistake: the answers ask for it still.
func (c *chart) revived() bool {
	team, ok := c.TeamTask()
	return ok && team.Status == "cancelled" && team.Reason == Deceased && !c.Dead()
}

// asksAgainForConsult tells that such a consult is to come back.
func (c *chart) asksAgainForConsult() bool {
	return c.comesBackAlive() && c.Score.Live() && c.courseOf(c.Score).leads >= Consult
}

// end takes the question off the ward's list. A draft that a nurse has begun
// is left to her for a grace time.
func (c *chart) end(why, text string) {
	c.decision.because(why, "%s", text)
	switch {
	case c.task.Open():
		plan(c, &TaskChange{Status: "cancelled", Business: why, Why: why})
	case slices.Contains(Unfinished, c.task.BusinessStatus):
		plan(c, &TaskChange{Status: c.task.Status, Business: why, Why: why})
	}
	c.stopDrafts()
	c.stopBegun()
}

// stopDrafts puts out of the way what we prepared and nobody has written on.
func (c *chart) stopDrafts() {
	for _, r := range c.Responses {
		if r.Ours && r.Untouched() {
			planEach[Stop](c, r.Ref)
		}
	}
}

// stopBegun stops what a nurse has begun and not handed in, once the grace time
// is over.
func (c *chart) stopBegun() {
	over := c.endedAt().Add(c.policy.Screening.DraftGrace.Duration)
	for _, r := range c.Responses {
		switch {
		case !r.Ours || r.Status != "in-progress" || r.Untouched():
		case over.After(c.now):
			c.decision.because("grace", "the nurse has begun on the form; it is left to her for a while")
			c.again(over)
		default:
			c.decision.because("grace-over", "the form was begun and never handed in; it is stopped")
			planEach[Stop](c, r.Ref)
		}
	}
}

// endedAt is when the admission ended, as far as is known.
func (c *chart) endedAt() time.Time {
	switch end := c.Admission.End; {
	case !end.IsZero() && !end.After(c.now):
		return end
	case c.task.Open() || c.task.Changed.IsZero():
		return c.now
	}
	return c.task.Changed
}

// dueAgain is by when a question that comes back is to be answered.
func (c *chart) dueAgain() time.Time { return c.now.Add(c.policy.Screening.DueAfter.Duration) }

// endings are the codes of a Task that we ended for a reason that may pass.
var endings = []string{Discharged, AdmissionCancelled, Deceased}

func ended(code string) bool { return slices.Contains(endings, code) }

// reopen puts the question back on the ward's list, with a form to fill in and the time
// for it that a new one has, and says why.
func (c *chart) reopen(why, text string) {
	c.decision.because(Reopened, "%s", text)
	plan(c, &TaskChange{Status: "requested", Business: Unanswered, Why: why, Due: c.dueAgain()})
	for _, r := range c.Responses {
		if !r.Ours {
			continue
		}
		switch {
		case r.Status == "stopped":
			planEach[Restart](c, r.Ref)
			return
		case r.Status == "in-progress":
			return // she has begun on it, and goes on
		}
	}
	planned[TaskChange](c).NewDraft = c.nextDraft()
}
