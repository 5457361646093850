package pathway

import (
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about a form that is asked of those alone whose first one has reached a
// tier: the whole AUDIT after AUDIT-C. It never delays an urgent consult. A routine one
// waits for it, so that the team is asked once, with both; but not for long.

// linkSteps lets the chart of each such form know the one before it.
func (c *chart) linkSteps() {
	all := c.each()
	for _, o := range all {
		if step := o.policy.step; step != nil {
			at := slices.IndexFunc(all, func(b *chart) bool { return b.policy.Definition().Name == step.After })
			o.prior = all[at]
		}
	}
}

// nextIsDue tells of a form that is asked after another that this one's score asks for it.
func (c *chart) nextIsDue() bool {
	if c.prior == nil {
		return true
	}
	w, ok := c.prior.wants()
	return ok && w.tier >= c.policy.step.From
}

// mayBeNext tells that the score before it may ask for this form now.
func (c *chart) mayBeNext() bool { return c.prior == nil || c.prior.toJudge() || c.prior.stirs() }

// steps are the forms that are asked after this one.
func (c *chart) steps() (all []*chart) {
	for _, o := range c.others {
		if o.prior == c {
			all = append(all, o)
		}
	}
	return all
}

// decideSteps decides them, once the answers before them are judged.
func (c *chart) decideSteps() {
	if !c.stepped {
		c.stepped = true
		c.decideOthers(func(o *chart) bool { return o.prior == c })
	}
}

// unsettled tells that such a form was asked, and nothing is known yet of what came of it.
func (c *chart) unsettled() bool {
	return c.asked && (c.task.Open() || slices.Contains(Unfinished, c.task.BusinessStatus))
}

// owes tells that a routine consult may have waited for the next form.
func (c *chart) owes() bool {
	return c.task.Scored() && c.task.Consult == "" && slices.ContainsFunc(c.steps(), (*chart).unsettled)
}

// waitsUntil is when a routine consult waits no longer for the next form; zero: it does not.
func (c *chart) waitsUntil() (until time.Time) {
	if c.Consult.Ref != "" || c.task.Consult != "" || !c.Admission.Present() {
		return until
	}
	for _, o := range c.steps() {
		by := c.response.Authored.Add(o.policy.step.Within)
		if o.awaited() && by.After(c.now) && by.After(until) {
			until = by
		}
	}
	return until
}

// awaited tells that somebody is to answer the form, as things stand after this decision.
func (c *chart) awaited() bool {
	change := planned[TaskChange](c)
	switch {
	case planned[Ask](c) != nil:
		return true
	case !c.asked || c.task.Scored():
		return false
	case change != nil:
		return stay.Task{Status: change.Status}.Open()
	}
	return c.task.Open()
}

// holdBack lets a routine consult wait for the next form.
func (c *chart) holdBack(w wanting) bool {
	until := c.waitsUntil()
	if w.leads != Consult || w.wish || until.IsZero() {
		return false
	}
	c.decision.because("next-first", "a routine consult is due; it waits for the next form, which is asked now")
	c.again(until)
	return true
}

// askAsOwed asks for the consult that has waited, with what is known: also where the stay
// has ended meanwhile, for the answers came within it.
func (c *chart) askAsOwed(w wanting) {
	if c.holdBack(w) {
		return
	}
	c.decision.because("next-first", "a routine consult has waited for the next form, and waits no longer")
	c.refer(c.referralOn(w.course))
}

// answeredBefore is the response because of which the form in view is asked.
func (c *chart) answeredBefore() (prior stay.Response) {
	if c.prior != nil && c.prior.submitted() {
		return c.prior.response
	}
	return prior
}
