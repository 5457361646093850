package pathway

import (
	"cmp"
	"slices"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about what follows from a score: from its tier, and from what the patient
// says of the consult.

// course is what a score leads to.
type course struct {
	tier    Tier  // that it has reached, as it stands on record
	limit   Limit // that was passed; zero for None
	lowered bool  // to advice, by the policy, as all points come from item 1
	leads   Tier  // to what is done
	wish    bool  // and that because the patient asks for it
}

// course is the tier of a score, but for what the patient says: who does not want the
// consult gets advice, and to whom asks for it without a limit the policy gives something.
func (c *chart) course(score int, item1Only bool, offer instrument.Offer) (k course) {
	k.tier, k.limit, k.lowered = c.tier(score, item1Only)
	k.leads = k.tier
	switch wished := c.policy.wished(); {
	case k.tier >= Consult && offer == instrument.OfferDeclined:
		k.leads = Advice
	case wished > k.tier && offer == instrument.OfferAccepted:
		k.leads, k.wish = wished, true
	}
	return k
}

// referral asks for the consult that it leads to.
func (k course) referral() *Referral {
	r := &Referral{Urgent: k.leads == Urgent, Wish: k.wish}
	if !k.wish {
		r.Limit = k.limit
	}
	return r
}

func (c *chart) item1Only(score stay.Result) bool {
	return c.policy.Definition().AllFrom(instrument.FlagItem1Only, score.Items, score.Sum)
}

// referralOn is the same, and names what it rests on.
func (c *chart) referralOn(k course) *Referral {
	r := k.referral()
	r.Grounds = c.grounds()
	return r
}

// courseOf is that of a score which stands on the server.
func (c *chart) courseOf(score stay.Result) course {
	return c.course(score.Sum, c.item1Only(score), score.Offer)
}

// tier is that of a score. Of one that is all of item 1 the policy may make less than a
// routine consult.
func (c *chart) tier(score int, item1Only bool) (tier Tier, limit Limit, lowered bool) {
	tier, limit = c.policy.Tier(score, c.Patient, c.now)
	if item1Only && tier == Consult && !c.Patient.Pregnant && c.policy.Item1Only == AsAdvice {
		return Advice, limit, true
	}
	return tier, limit, false
}

// take acts on what a score leads to.
func (c *chart) take(k course, offer instrument.Offer) {
	c.findings(k)
	switch {
	case c.other:
	case c.several():
		c.takeTogether()
	default:
		c.pursue(wanting{course: k, tally: tally{offer: offer}})
	}
}

// takeTogether acts on what the answers of all screenings lead to.
func (c *chart) takeTogether() {
	w, _ := c.together()
	if !planned[Score](c).Stands && c.alike(w, c.changed()) {
		c.pursued = true
		return
	}
	c.pursue(w)
}

// pursue asks for what the answers lead to, or takes it back.
func (c *chart) pursue(w wanting) {
	k, offer, why := w.course, w.offer, cmp.Or(w.why, Corrected)
	c.pursued = true
	c.decideSteps()
	switch {
	case c.holdBack(w):
	case k.leads >= Consult:
		c.order(c.referralOn(k))
	case offer == instrument.OfferDeclined && (k.tier >= Consult || c.courseOf(c.Score).wish):
		c.decision.because(OfferDeclined, "the patient does not want the consult; recorded, and none is ordered")
		c.revoke(OfferDeclined)
	default:
		c.revoke(why)
	}
	if k.leads == Advice {
		c.advise()
		c.about(w)
		c.endReply(why)
		return
	}
	c.instead(k.leads)
}

// about says of advice which score it is about. Where the patient declined the rest of a
// form whose limit is passed, the ward makes the offer with it.
func (c *chart) about(w wanting) {
	if advice := planned[AdviceChange](c); advice != nil {
		advice.Of, advice.Offer = w.of, w.declined
	}
}

// findings are the rules by which a score leads there.
func (c *chart) findings(k course) {
	switch tier := k.tier; {
	case k.lowered:
		c.decision.because("item-1-only", "the limit of %d for %s was passed by item 1 alone; by policy the ward gives advice", k.limit.From, k.limit.Who())
	case tier < Consult:
		c.decision.because("tier-"+tier.String(), "no limit for a consult was passed")
	default:
		c.decision.because("tier-"+tier.String(), "the limit of %d for %s was passed (%s)", k.limit.From, k.limit.Who(), k.limit.Source)
	}
	if k.wish {
		c.decision.because("wish", "the patient wants to see the team, and no limit for it was passed; by policy: %s", c.policy.OnWish)
	}
}

// order asks for the consult, after the discharge where the policy says so.
func (c *chart) order(r *Referral) {
	if c.Admission.Status == stay.Finished {
		c.afterDischarge()
		if c.policy.AfterDischarge == "record" && (!c.Consult.Live() || c.endedByPerson()) {
			return
		}
	}
	c.refer(r)
}

// afterDischarge says so of answers that have come since.
func (c *chart) afterDischarge() {
	if slices.ContainsFunc(c.each(), func(o *chart) bool { return planned[Score](o) != nil }) {
		c.decision.because("after-discharge", "the answers came after the discharge; by policy: %s", c.policy.AfterDischarge)
	}
}

// consultThen tells of a consult in the admission of the last screening, where several were
// asked: the Task of another screening may be the one that remembers it.
func (c *chart) consultThen() bool {
	return c.several() && slices.ContainsFunc(c.Orders, func(o stay.Order) bool {
		return o.Admission == c.earlier.Admission && o.Status != "entered-in-error" && isOrder(o) && anyOf(o.Codes, c.policy.Consult.Codings)
	})
}

// referEarlier acts on the screening of an earlier admission that holds still:
// a patient who was found then, and for whom nobody was asked to come.
func (c *chart) referEarlier() {
	score := c.EarlierScore
	if c.earlier.Consult != "" || !score.Live() || c.consultThen() {
		return
	}
	k := c.courseOf(score)
	switch {
	case k.leads < Consult:
		return
	case k.wish:
		c.decision.because("wish", "she wanted to see the team then, and no limit for it was passed; no consult came of it, and it is asked for now")
	default:
		c.decision.because("earlier-positive", "it passed the limit of %d for %s, and no consult came of it; asked for now", k.limit.From, k.limit.Who())
	}
	plan(c, &TaskChange{Status: "completed", Business: ScreenedBefore})
	if c.several() {
		return // with all others
	}
	r := k.referral()
	r.Earlier = true
	c.refer(r)
}
