// Package pathway holds the rules: from the picture of one admission, the
// policy and the time to what is to be done and why.
//
// Decide reads from top to bottom as a clinician would tell it. It is pure:
// the same stay gives the same decision, so events may come late, twice or
// never, and an admission that has not changed is left alone.
package pathway

import (
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// Decide says what is to be done with one admission now, or what has to be read
// before that can be said.
func Decide(s stay.Stay, p *Policy, now time.Time) Decision {
	return newCharts(s, p, now).decide(s, p)
}

func (c *chart) decide(s stay.Stay, p *Policy) Decision {
	if needs := c.allNeeds(); len(needs) > 0 {
		return Decision{Needs: needs}
	}
	c.protect()
	if c.madeTwice() {
		return c.decided() // all else when there is one of each
	}
	c.decideOthers(func(o *chart) bool { return o.prior != c })
	c.screening()
	c.settle()
	c.decideSteps()
	if name := c.leaderInstead(); name != "" {
		return chartsLed(name, s, p, c.now).decide(s, p)
	}
	c.restOnAll()
	if planned[Move](c) == nil { // all else when the patient is right
		if c.depart(); !c.renewing() {
			c.carry()
		}
		c.chase()
		c.reassign()
		c.keepAdvice()
		c.keepReply()
		c.handOver()
		c.label()
		c.putBack()
	}
	if c.needsHistory() {
		return Decision{Needs: []Need{{Part: stay.History, Instrument: c.Instrument}}}
	}
	return c.decided()
}

// decided is the decision with those about the other screenings.
func (c *chart) decided() Decision {
	d := c.decision.inOrder()
	d.Instrument, d.Prior = c.policy.Definition().Name, c.answeredBefore()
	if c.several() {
		d.Rests = c.foundation()
	}
	for _, o := range c.others {
		theirs := o.decision
		theirs.Instrument, theirs.Prior = o.policy.Definition().Name, o.answeredBefore()
		theirs.Reasons = slices.DeleteFunc(slices.Clone(theirs.Reasons), func(r Reason) bool { return slices.Contains(d.Reasons, r) }) // the admission's
		d.Others = append(d.Others, theirs)
	}
	return d
}

// screening is where the question to the ward stands, and what is made of the answer.
func (c *chart) screening() {
	switch {
	case c.Admission.Void():
		c.cancelled()
	case c.Dead():
		c.died()
	case c.strayed():
		c.rejoin()
	case c.submitted():
		c.judge()
	case c.task.Scored():
		c.takeBack()
	case c.asked:
		c.await()
	default:
		c.consider()
	}
}

func newChart(s stay.Stay, p *Policy, now time.Time) *chart {
	c := &chart{Stay: Knowing(s, p, now), before: s.Responses, policy: p, now: now, earlier: LastScreening(s)}
	c.dedupe()
	c.task, c.asked = c.ScreeningTask()
	c.task.ClosedBefore = c.task.ClosedBefore || s.Score.ClosedBefore
	c.leaveOutOthers()
	c.place()
	return c
}

// again asks for another look at a moment, unless an earlier one is due anyway.
func (c *chart) again(at time.Time) {
	if c.decision.Next.IsZero() || at.Before(c.decision.Next) {
		c.decision.Next = at
	}
}

// chart is one decision in the making.
type chart struct {
	stay.Stay
	before   []stay.Response // all there ever were, also about somebody else
	earlier  stay.Earlier    // the last screening of another admission
	extra    []Duplicate     // what there is one too many of
	policy   *Policy
	now      time.Time
	task     stay.Task     // the nurse's, if asked
	asked    bool          // somebody has been asked to screen this admission
	response stay.Response // the one that counts, if submitted
	decision Decision

	others  []*chart // of the screenings that do not lead
	prior   *chart   // of the screening after whose score this one is asked
	other   bool     // this is one of those that do not lead
	all     []*chart // of all, that of the lead first; nil: there is but this one
	stepped bool     // the forms that are asked after this one were decided
	pursued bool     // what the answers lead to was decided on
	rests   bool     // the score stays as it is, and rests on another response
}
