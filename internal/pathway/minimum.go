package pathway

import (
	"maps"
	"slices"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about answers that are not complete and pass a limit all the same: with 8
// points from items 1 and 2 an urgent consult is due, whatever item 3 would say. There is
// no score. What is certain is put on record under a code of ours, and only when nobody
// will complete the form any more.

// What a hospital can make of such answers.
const (
	ReferMinimum  = "refer"  // ask for the consult
	IgnoreMinimum = "ignore" // nothing
)

// minimum is what incomplete answers sum to at least.
type minimum struct {
	response stay.Response
	result   instrument.Result
	sum      int
	tier     Tier
	limit    Limit
}

// certainly finds it. ok is false where there is a score, where the answers say nothing
// certain, or no consult follows from it.
func (c *chart) certainly() (m minimum, ok bool) {
	r, there := c.lastAnswers()
	if !there || c.policy.CertainMinimum != ReferMinimum || c.Admission.Void() || c.task.Scored() || planned[Score](c) != nil {
		return m, false
	}
	if r.Form == nil || r.Subject != "" && !c.Patient.Is(r.Subject) {
		return m, false
	}
	m = minimum{response: r, result: instrument.Judge(r.Form, r.Content)}
	if m.result.Status != instrument.Incomplete {
		return m, false
	}
	for _, item := range m.result.Items {
		m.sum += item.Points
	}
	var lowered bool
	m.tier, m.limit, lowered = c.tier(m.sum, c.item1Only(stay.Result{Sum: m.sum, Items: Items(r.Form, m.result)}))
	return m, m.tier >= Consult && !lowered
}

// lastAnswers are those that were handed in, or else those on the form that somebody has
// begun. What it was stopped with counts where a minimum of it is on record.
func (c *chart) lastAnswers() (last stay.Response, ok bool) {
	if c.submitted() {
		return c.response, true
	}
	for _, r := range c.Responses {
		begun := r.Status == "in-progress" || r.Status == "stopped" && c.task.Minimum != ""
		if r.Ours && begun && !r.Content.Empty() && !r.Untouched() {
			last, ok = r, true
		}
	}
	return last, ok
}

// settle acts on it.
func (c *chart) settle() {
	if !c.asked || c.strayed() || c.Dead() {
		return
	}
	m, ok := c.certainly()
	switch {
	case c.policy.CertainMinimum == IgnoreMinimum && planned[Score](c) == nil: // what is on record stays
	case !ok:
		c.endMinimum()
	case c.task.Minimum != "" && !c.sameMinimum(m):
		c.record(m)
		c.askFor(m)
	case c.task.Minimum == "" && (m.result.Declined || c.lastCall(m.response)):
		c.decision.because("certain-minimum", "the form is not complete and will not be completed; the limit of %d for %s is passed whatever is missing", m.limit.From, m.limit.Who())
		c.record(m)
		c.askFor(m)
	}
}

// lastCall tells that nobody will complete a form any more: the patient has gone home, or
// the ward has been reminded as often as it is.
func (c *chart) lastCall(r stay.Response) bool {
	if c.Admission.Status != stay.Finished {
		return c.task.Open() && c.Admission.Present() && !c.task.Due.IsZero() && c.raises() >= maxRaises
	}
	ends, stopped := planned[TaskChange](c), planned[Stop](c)
	now := ends != nil && ends.Business == Discharged || r.Submitted() && c.task.Judged != r.Version
	if r.Submitted() || c.task.Status == "completed" {
		return now
	}
	return stopped != nil && slices.Contains(*stopped, r.Ref)
}

// settles tells that a look may come to that, so that the background is read.
func (c *chart) settles() bool {
	if !c.asked || c.task.Minimum != "" {
		return c.asked
	}
	m, ok := c.certainly()
	home := c.Admission.Status == stay.Finished
	return ok && (m.result.Declined || home || c.lastCall(m.response))
}

func (c *chart) record(m minimum) {
	c.note()
	plan(c, &Minimum{Ref: c.Minimum.Ref, Status: "preliminary", Response: m.response, Result: m.result, Sum: m.sum, Tier: m.tier, Limit: m.limit})
}

// askFor asks for the consult. Where the patient declined the rest her no stands: the ward
// makes the offer, and only a yes refers.
func (c *chart) askFor(m minimum) {
	if c.restsOnAll() {
		return // with all others
	}
	if m.result.Declined && m.result.Offer != instrument.OfferAccepted {
		c.advise()
		if advice := planned[AdviceChange](c); advice != nil {
			advice.Offer = true
		}
		return
	}
	switch {
	case m.result.Offer == instrument.OfferDeclined:
		c.revoke(OfferDeclined)
	case c.Admission.Status == stay.Finished && c.policy.AfterDischarge == "record" && (!c.Consult.Live() || c.endedByPerson()):
	default:
		c.decision = Without[Revocation](c.decision) // of what the rest of the form, declined, would take back
		c.refer(&Referral{Urgent: m.tier == Urgent, Limit: m.limit})
	}
	if planned[AdviceChange](c) == nil {
		c.instead(m.tier)
	}
}

func (c *chart) sameMinimum(m minimum) bool {
	had := c.Minimum
	return had.Live() && had.Offer == m.result.Offer && maps.Equal(had.Items, Items(m.response.Form, m.result))
}

// endMinimum says of a minimum that it no longer holds: there is a score now, or the
// answers say so no more.
func (c *chart) endMinimum() {
	had := c.Minimum
	if !had.Live() || had.Status == "cancelled" {
		return
	}
	if planned[Score](c) != nil || c.task.Scored() {
		plan(c, &Minimum{Ref: had.Ref, Status: "cancelled"})
		c.note()
		return
	}
	plan(c, &Minimum{Ref: had.Ref, Status: "entered-in-error"})
	c.note()
	c.decision.because("withdrawn", "the answers of which a part was certain no longer say so")
	if c.restsOnAll() {
		return
	}
	c.revoke(Withdrawn)
	c.endAdvice(Withdrawn)
}
