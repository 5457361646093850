package pathway

import (
	"cmp"
	"slices"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about what several screenings lead to together: the highest tier counts, and
// what the patient says of the consult on one form holds for all.

// each are the charts of all screenings, that of the lead first.
func (c *chart) each() []*chart {
	if c.all == nil {
		return []*chart{c}
	}
	return c.all
}

func (c *chart) several() bool { return len(c.all) > 1 }

// tally is what counts of one screening after this decision, and how it came to be.
type tally struct {
	sum   int
	one   bool // all of it from item 1
	offer instrument.Offer

	least    bool // incomplete answers sum to so much at least
	declined bool // and the patient declined the rest
	earlier  bool // the score is of another admission
}

// tally is that; ok is false where no answers count.
func (c *chart) tally() (t tally, ok bool) {
	score, least := planned[Score](c), planned[Minimum](c)
	switch {
	case score != nil:
		return tally{sum: *score.Result.Score, one: slices.Contains(score.Result.Flags, instrument.FlagItem1Only), offer: score.Result.Offer}, true
	case least != nil && least.Response.Ref != "":
		items := stay.Result{Sum: least.Sum, Items: Items(least.Response.Form, least.Result)}
		return tally{sum: least.Sum, one: c.item1Only(items), offer: least.Result.Offer, least: true, declined: least.Result.Declined}, true
	case c.task.Scored() && c.Score.Live() && !c.withdraws():
		return c.tallyOf(c.Score), true
	case least == nil && c.task.Minimum != "" && c.Minimum.Live() && c.Minimum.Status != "cancelled" && c.policy.CertainMinimum == ReferMinimum:
		t = c.tallyOf(c.Minimum)
		t.least, t.declined = true, c.task.BusinessStatus == Declined
		return t, true
	case c.findsBefore() && c.EarlierScore.Live():
		t = c.tallyOf(c.EarlierScore)
		t.earlier = true
		return t, true
	}
	return t, false
}

func (c *chart) tallyOf(r stay.Result) tally {
	return tally{sum: r.Sum, one: c.item1Only(r), offer: r.Offer}
}

// withdraws tells that this decision takes the score back.
func (c *chart) withdraws() bool {
	task := planned[TaskChange](c)
	return planned[Withdrawal](c) != nil || task != nil && task.Withdraw
}

// foundBefore tells that nobody was asked, as an earlier score asks for the consult: for
// nothing else is a Task made that says so.
func (c *chart) foundBefore() bool { return c.asked && c.task.BusinessStatus == ScreenedBefore }

// findsBefore tells the same, also where this decision makes that Task.
func (c *chart) findsBefore() bool {
	task := planned[TaskChange](c)
	return c.foundBefore() || task != nil && task.Business == ScreenedBefore
}

// wanting is what the answers of one screening lead to, beside the others.
type wanting struct {
	course
	tally
	of  string // the instrument
	why string // our code: why what they led to before is taken back, where a correction is not
}

// wants is that; ok is false where no answers count.
func (c *chart) wants() (w wanting, ok bool) {
	w.tally, ok = c.tally()
	if !ok {
		return w, false
	}
	w.of, w.offer = c.policy.Definition().Name, c.offered()
	w.course = c.course(w.sum, w.one, w.offer)
	if w.declined && w.offer != instrument.OfferAccepted {
		w.leads = min(w.leads, Advice) // the ward makes the offer, and only a yes refers
	}
	return w, true
}

// offered is what the patient says of the consult, on whichever form: a yes counts before a
// no, so that nobody is lost, and a no before a form on which nothing is said.
func (c *chart) offered() (offer instrument.Offer) {
	for _, o := range c.each() {
		t, _ := o.tally()
		if t.offer == instrument.OfferAccepted || offer == "" || offer == instrument.OfferNotAsked && t.offer != "" {
			offer = t.offer
		}
		if offer == instrument.OfferAccepted {
			return offer
		}
	}
	return offer
}

// together is the most that the answers of any screening lead to. Of two that lead to the
// same, the one of the higher tier says why.
func (c *chart) together() (most wanting, ok bool) {
	for _, o := range c.each() {
		w, counts := o.wants()
		if counts && (!ok || w.leads > most.leads || w.leads == most.leads && w.tier > most.tier) {
			most, ok = w, true
		}
	}
	return most, ok
}

// changes tells that this decision changes what the answers of a screening lead to.
func (c *chart) changes() bool {
	score, task := planned[Score](c), planned[TaskChange](c)
	found := task != nil && task.Business == ScreenedBefore && !c.foundBefore()
	return score != nil && !score.Stands && !c.rests || c.withdraws() || planned[Minimum](c) != nil || found
}

func (c *chart) changed() []*chart {
	return slices.DeleteFunc(slices.Clone(c.each()), func(o *chart) bool { return !o.changes() })
}

// restsOnAll tells that what the answers lead to is decided for all screenings at once.
func (c *chart) restsOnAll() bool {
	return c.several() && !c.Admission.Void() && !c.Dead() && !c.strayed()
}

// restOnAll lets the consult and the advice rest on all screenings, where the answers of
// any have changed, or the form has come, or will not come, that a consult waited for.
func (c *chart) restOnAll() {
	changed := c.changed()
	stepped := slices.ContainsFunc(c.steps(), (*chart).changes)
	if !c.restsOnAll() || c.pursued && !stepped {
		return
	}
	w, ok := c.together()
	w.why = whyTakenBack(changed)
	switch {
	case len(changed) == 0 && !c.redoes() && (!c.owes() || w.leads < Consult):
	case len(changed) == 0 && !c.redoes():
		c.noting(func() { c.askAsOwed(w) })
	case !ok:
		c.noting(func() { c.dropAll(cmp.Or(w.why, Withdrawn)) })
	case c.redoes() || !c.alike(w, changed):
		c.noting(func() { c.pursue(w) })
	}
}

// noting writes on the nurse's Task what is decided of the consult and the advice; where
// that is nothing, the Task is left alone.
func (c *chart) noting(decide func()) {
	noted, before := planned[TaskChange](c) != nil, len(c.decision.Actions)
	c.note()
	decide()
	if !noted && len(c.decision.Actions) == before+1 && planned[TaskChange](c).Met == "" {
		c.decision = Without[TaskChange](c.decision)
	}
}

// redoes tells that what the answers lead to is to be made again, though none have changed.
func (c *chart) redoes() bool {
	return c.several() && !c.other && (c.task.NoResult || c.comesBackAlive())
}

// comesBackAlive tells that a death was recorded by mistake, by which the consult was taken
// back: see revived.
func (c *chart) comesBackAlive() bool {
	gone := c.Admission.Status == stay.Finished && c.policy.AfterDischarge == "record"
	return c.revived() && !gone && c.Consult.Status == "revoked" && !c.Consult.Theirs
}

// whyTakenBack is our code for why answers no longer count; "": they were corrected.
func whyTakenBack(changed []*chart) string {
	for _, o := range changed {
		if task := planned[TaskChange](o); o.withdraws() && task != nil && slices.Contains(takenBack, task.Why) {
			return task.Why
		}
	}
	return ""
}

// alike tells that nothing is to be done about the consult: none of the answers that have
// changed asks for one, and what the others ask for stands, or was ended by somebody.
func (c *chart) alike(w wanting, changed []*chart) bool {
	asks := slices.ContainsFunc(changed, func(o *chart) bool {
		theirs, ok := o.wants()
		return ok && theirs.leads >= Consult || o.withdraws() || o.couldNotRefer()
	})
	if asks || w.leads < Consult {
		return false
	}
	team, _ := c.TeamTask()
	switch consult := c.Consult; {
	case consult.Theirs && consult.Live(), c.endedByPerson():
		return true
	case consult.Live():
		return tierOf(consult.Tier, w.leads) == w.leads
	}
	return ended(team.Reason) // it comes back with her
}

// couldNotRefer tells that a minimum is taken back, on which a consult may rest.
func (c *chart) couldNotRefer() bool {
	least := planned[Minimum](c)
	return least != nil && least.Response.Ref == "" && planned[Score](c) == nil
}

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
	Least      bool // it is what incomplete answers sum to at least
	Earlier    bool // it is of another admission
	Wish       bool // the patient asks for the consult, and no limit was passed
}

// grounds are all screenings whose answers ask for a consult, in the policy's order.
func (c *chart) grounds() (all []Ground) {
	if !c.several() {
		return nil
	}
	names := c.policy.Instruments()
	for _, o := range c.each() {
		if w, ok := o.wants(); ok && w.leads >= Consult {
			all = append(all, o.ground(w))
		}
	}
	slices.SortStableFunc(all, func(a, b Ground) int {
		return slices.Index(names, a.Instrument) - slices.Index(names, b.Instrument)
	})
	return all
}

// ground is the score as it is told to the team, also where it stood before.
func (c *chart) ground(w wanting) Ground {
	g := Ground{Instrument: c.policy.Definition().Name, Least: w.least, Earlier: w.earlier, Wish: w.wish}
	if score := planned[Score](c); score != nil {
		g.Score = *score
		return g
	}
	own, _ := c.tally()
	g.Score = Score{Result: instrument.Result{Score: &w.sum, Offer: own.offer}, Tier: w.tier, Limit: w.limit, Passed: !w.earlier && c.passed()}
	if r, ok := c.answersOf(w); ok && !w.earlier {
		g.Score.Response, g.Score.Result = r, instrument.Judge(r.Form, r.Content)
		g.Score.Result.Score = &w.sum
	}
	return g
}

// answersOf are the answers that sum to that, if they are still there.
func (c *chart) answersOf(w wanting) (r stay.Response, ok bool) {
	r, ok = c.lastAnswers()
	if !ok || r.Form == nil {
		return r, false
	}
	sum := 0
	for _, points := range Items(r.Form, instrument.Judge(r.Form, r.Content)) {
		sum += points
	}
	return r, sum == w.sum
}

// foundation has the labels of all that the consult and the advice rest on.
func (c *chart) foundation() *Source {
	var all Source
	for _, o := range c.each() {
		if t, ok := o.tally(); ok || !c.several() {
			from := o.counts()
			if t.earlier {
				from = ""
			}
			all.Labels = slices.Concat(all.Labels, From(o.Stay, from).Labels)
		}
	}
	return &all
}
