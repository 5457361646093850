package pathway

import (
	"maps"

	"github.com/tilsyn/tilsyn/internal/instrument"
)

// This file is about answers that change after they were scored, and scores
// that no longer hold. Nothing is deleted and nothing doubled: one score and
// one consult an admission, whose versions tell the story.

// unchanged tells whether the answers give just the score that stands.
func (c *chart) unchanged(result instrument.Result) bool {
	if !c.Score.Live() {
		return false
	}
	return c.Score.Offer == result.Offer && maps.Equal(c.Score.Items, Items(c.response.Form, result))
}

// Items are a result's points by the LOINC code of the item, or by its linkId
// where it has none: so they stand on the Observation.
func Items(form *instrument.Form, result instrument.Result) map[string]int {
	items := map[string]int{}
	for _, it := range result.Items {
		key := form.ItemCode(it.LinkID)
		if key == "" {
			key = it.LinkID
		}
		items[key] = it.Points
	}
	return items
}

// withdraw says that the score no longer holds.
func (c *chart) withdraw(why string) {
	if !c.restsOnAll() {
		c.dropAll(why)
	}
	if !c.task.Scored() {
		return
	}
	if c.Score.Live() {
		score := Withdrawal(c.Score.Ref)
		plan(c, &score)
	}
	if planned[TaskChange](c) == nil {
		plan(c, &TaskChange{Status: c.task.Status, Business: why, Why: why})
	}
	planned[TaskChange](c).Withdraw = true
}

// takeBack follows answers that were entered in error: score and untouched
// consult go with them, and the ward is asked again if the patient is there. A no
// from before the answers holds again.
func (c *chart) takeBack() {
	c.decision.because("withdrawn", "the answers were entered in error, or are no longer handed in")
	switch {
	case !c.Admission.Present():
	case c.task.ClosedBefore:
		c.decision.because("closed", "before them a person had put the question aside; not asked again in this admission")
	default:
		c.reopen(Withdrawn, "the patient is still there; asked again")
	}
	c.withdraw(Withdrawn)
}

// closedForGood tells that a person has ended the nurse's Task for good: not because
// she could not ask now, and not by the form, whose answers may change.
func (c *chart) closedForGood() bool {
	return c.asked && !c.task.Open() && c.task.Status != "completed" && !c.passes() && !c.declinedInForm() && !ended(c.task.BusinessStatus)
}

// scoreFell follows answers that were scored and have changed so that they
// give no score any more.
func (c *chart) scoreFell(business string, detail instrument.Problem) {
	change := TaskChange{Status: c.task.Status, Business: business, Why: business, Detail: detail, Response: c.response}
	if c.Admission.Present() && !c.task.ClosedBefore {
		change.Status, change.Due = "in-progress", c.dueAgain()
	}
	plan(c, &change)
	c.withdraw(business)
}
