package pathway

import (
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about several screenings in one admission. Each is decided for itself. The
// consult, the advice and what becomes of them are the admission's: they are decided with
// the screening that leads, and rest on all.

// Leading is the instrument whose screening leads: whose nurse's Task remembers the consult
// or the advice, and else the first that is asked, of those that there is something of.
func Leading(s stay.Stay, p *Policy) string {
	names := p.Instruments()
	for _, has := range []func(stay.Stay) bool{
		func(s stay.Stay) bool { t, _ := s.ScreeningTask(); return t.Consult+t.Advice != "" },
		func(s stay.Stay) bool { _, asked := s.ScreeningTask(); return asked },
		func(s stay.Stay) bool { return slices.ContainsFunc(s.Responses, stay.Response.Submitted) },
	} {
		for _, name := range names {
			if has(s.About(name)) {
				return name
			}
		}
	}
	return names[0]
}

// newCharts gives that of the screening which leads, with the others.
func newCharts(s stay.Stay, p *Policy, now time.Time) *chart {
	return chartsLed(Leading(s, p), s, p, now)
}

func chartsLed(name string, s stay.Stay, p *Policy, now time.Time) *chart {
	lead := newChart(s.About(name), p.About(name), now)
	for _, other := range p.Instruments() {
		if other != name {
			lead.others = append(lead.others, newOther(s.About(other), p.About(other), now))
		}
	}
	lead.all = append([]*chart{lead}, lead.others...)
	for _, o := range lead.others {
		o.all = lead.all
	}
	lead.linkSteps()
	return lead
}

// newOther is the chart of a screening that does not lead. It knows nothing of the consult.
func newOther(s stay.Stay, p *Policy, now time.Time) *chart {
	s.Tasks = slices.DeleteFunc(slices.Clone(s.Tasks), func(t stay.Task) bool { return !s.Asks(t) })
	for i := range s.Tasks {
		s.Tasks[i].Consult, s.Tasks[i].Advice, s.Tasks[i].Carried = "", "", ""
	}
	s.Consult, s.Replaced = stay.Result{}, nil
	c := newChart(s, p, now)
	c.other = true
	return c
}

// anothers tells that a Task asks for another screening than the one in view.
func (c *chart) anothers(t stay.Task) bool { return t.Kind == stay.ScreeningTask && !c.Asks(t) }

// allNeeds are those of each screening, and what the lead needs of the others.
func (c *chart) allNeeds() []Need {
	needs := c.needs()
	for _, o := range c.others {
		needs = append(needs, o.needs()...)
	}
	if len(c.others) == 0 || !c.stirs() && !c.stirred() {
		return needs
	}
	for _, o := range c.each() {
		needs = append(needs, o.standing()...)
	}
	return needs
}

// standing are the parts that say what a screening leads to as it stands, unless they were
// read.
func (c *chart) standing() (needs []Need) {
	switch {
	case c.task.Score != "" && c.unread(stay.Scores):
		needs = append(needs, Need{Part: stay.Scores, Instrument: c.Instrument, Refs: []string{c.task.Score}})
	case c.foundBefore() && c.unread(stay.Spared):
		needs = append(needs, Need{Part: stay.Spared, Instrument: c.Instrument})
	case c.foundBefore() && c.unread(stay.EarlierScores):
		needs = append(needs, Need{Part: stay.EarlierScores, Instrument: c.Instrument, Refs: []string{c.earlier.Score}})
	}
	return needs
}

// stirs tells that this look may change what the answers lead to.
func (c *chart) stirs() bool { return c.toJudge() || c.needsScore() || c.settles() || c.remakes() }

// remakes tells that this look may make the consult again: see redoes.
func (c *chart) remakes() bool { return c.several() && !c.other && (c.task.NoResult || c.revived()) }

// stirred tells that of another screening.
func (c *chart) stirred() bool { return slices.ContainsFunc(c.others, (*chart).stirs) }

// decideOthers decides each of some other screenings for itself.
func (c *chart) decideOthers(which func(*chart) bool) {
	for _, o := range c.others {
		if !which(o) {
			continue
		}
		o.screening()
		o.settle()
		if planned[Move](o) == nil {
			o.reassign()
			o.label()
			o.putBack()
		}
		if !o.decision.Next.IsZero() {
			c.again(o.decision.Next)
		}
		o.decision = o.decision.inOrder()
	}
}

// leaderInstead is the screening that leads in this one's place; "": none. One of which
// nothing stands after this decision remembers nothing: another whose answers lead to
// something does.
func (c *chart) leaderInstead() string {
	if c.asked || planned[TaskChange](c) != nil {
		return ""
	}
	for _, o := range c.others {
		if o.changes() {
			return o.Instrument
		}
	}
	return ""
}
