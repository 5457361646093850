package pathway

import (
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about several screenings in one admission. Each is decided for itself. The
// consult, the advice and what becomes of them are the admission's: they are decided with
// the screening that leads, and rest on all.

// Leading is the instrument whose screening leads: the first that is asked, of those that
// there is something of. Its nurse's Task remembers the consult.
func Leading(s stay.Stay, p *Policy) string {
	names := p.Instruments()
	for _, has := range []func(stay.Stay) bool{
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
	name := Leading(s, p)
	lead := newChart(s.About(name), p.About(name), now)
	for _, other := range p.Instruments() {
		if other != name {
			lead.others = append(lead.others, newOther(s.About(other), p.About(other), now))
		}
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
	for _, o := range append([]*chart{c}, c.others...) {
		if len(c.others) > 0 && o.task.Score != "" && o.unread(stay.Scores) && (c.stirs() || c.stirred()) {
			needs = append(needs, Need{Part: stay.Scores, Instrument: o.Instrument, Refs: []string{o.task.Score}})
		}
	}
	return needs
}

// stirs tells that this look may change what the answers lead to.
func (c *chart) stirs() bool { return c.toJudge() || c.needsScore() || c.settles() }

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

// wanting is what the answers of one screening lead to.
type wanting struct {
	course
	offer instrument.Offer
}

// wants is that, as it stands after this decision; ok is false where no answers count.
func (c *chart) wants() (w wanting, ok bool) {
	score, least := planned[Score](c), planned[Minimum](c)
	switch {
	case score != nil:
		one := slices.Contains(score.Result.Flags, instrument.FlagItem1Only)
		return wanting{c.course(*score.Result.Score, one, score.Result.Offer), score.Result.Offer}, true
	case planned[Withdrawal](c) == nil && c.task.Scored() && c.Score.Live():
		return wanting{c.courseOf(c.Score), c.Score.Offer}, true
	case c.referred != nil:
		return wanting{course: course{tier: c.referred.tier(), leads: c.referred.tier(), limit: c.referred.Limit}}, true
	case least == nil && c.task.Minimum != "" && c.Minimum.Live() && c.policy.CertainMinimum == ReferMinimum:
		return wanting{course: c.courseOf(c.Minimum)}, true
	}
	return w, false
}

// highest is the most that the answers of any screening lead to, if it is more than that.
func (c *chart) highest(w wanting) wanting {
	for _, o := range c.others {
		if theirs, ok := o.wants(); ok && theirs.leads > w.leads {
			w = theirs
		}
	}
	return w
}

// changes tells that this decision changes what the answers lead to.
func (c *chart) changes() bool {
	score := planned[Score](c)
	return score != nil && !score.Stands || planned[Withdrawal](c) != nil || planned[Minimum](c) != nil || c.referred != nil
}

// restOnAll lets the consult and the advice rest on all screenings, where the answers of
// another have changed, or the form has come, or will not come, that a consult waited for.
func (c *chart) restOnAll() {
	if len(c.others) == 0 || c.Admission.Void() || c.Dead() || c.strayed() {
		return
	}
	changed := slices.DeleteFunc(append([]*chart{c}, c.others...), func(o *chart) bool { return !o.changes() })
	again := slices.ContainsFunc(c.steps(), (*chart).changes)
	w, ok := c.wants()
	w = c.highest(w)
	switch {
	case c.pursued && !again:
	case len(changed) == 0 && c.owes() && w.leads >= Consult:
		c.askAsOwed(w)
	case len(changed) == 0:
	case !ok && !c.anyWants():
		c.note()
		c.dropAll(Withdrawn)
	case !c.alike(w, changed):
		c.note()
		c.pursue(w)
	}
}

func (c *chart) anyWants() bool {
	return slices.ContainsFunc(c.others, func(o *chart) bool { _, ok := o.wants(); return ok })
}

// alike tells that a consult stands which asks for just that, and that no changed answers
// ask for one.
func (c *chart) alike(w wanting, changed []*chart) bool {
	asks := slices.ContainsFunc(changed, func(o *chart) bool {
		theirs, ok := o.wants()
		return ok && theirs.leads >= Consult || planned[Withdrawal](o) != nil
	})
	return !asks && w.leads >= Consult && c.Consult.Live() && (c.Consult.Theirs || tierOf(c.Consult.Tier, w.leads) == w.leads)
}

// standsElsewhere tells that the answers of another screening lead to something.
func (c *chart) standsElsewhere() bool { return c.highest(wanting{}).leads > None }

// dropAll takes back what the answers led to.
func (c *chart) dropAll(why string) {
	c.revoke(why)
	c.endAdvice(why)
	c.endReply(why)
}

// Ground is a screening that a consult rests on. Where the admission was asked one thing
// alone, nothing is said of it: the decision has its score.
type Ground struct {
	Instrument string
	Score      Score
}

// grounds are all screenings whose answers ask for a consult, in the policy's order.
func (c *chart) grounds() (all []Ground) {
	if len(c.others) == 0 {
		return nil
	}
	for _, name := range c.policy.Instruments() {
		for _, o := range append([]*chart{c}, c.others...) {
			if w, ok := o.wants(); ok && w.leads >= Consult && o.policy.Definition().Name == name {
				all = append(all, Ground{name, o.ground(w)})
			}
		}
	}
	return all
}

// ground is the score as it is told to the team, also where it stood before.
func (c *chart) ground(w wanting) Score {
	if score := planned[Score](c); score != nil {
		return *score
	}
	score := Score{Result: instrument.Result{Score: &c.Score.Sum, Offer: w.offer}, Tier: w.tier, Limit: w.limit, Passed: c.passed()}
	if r := c.response; r.Form != nil && c.submitted() {
		if judged := instrument.Judge(r.Form, r.Content); judged.Status == instrument.Complete && *judged.Score == c.Score.Sum {
			score.Response, score.Result = r, judged
		}
	}
	return score
}
