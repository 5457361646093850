package pathway

import (
	"slices"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about answers: which of them count, what they are worth, and what
// follows from that.

// submitted finds the response that counts: the newest that was handed in, and
// where there is none to our form, to another. A nurse who marks her Task completed
// has handed in the response that belongs to it, whatever status her form left on it.
func (c *chart) submitted() bool {
	found := false
	for _, r := range c.Responses {
		if !r.Submitted() && !c.byTask(r) {
			continue
		}
		if !found || newer(r, c.response) {
			c.response, found = r, true
		}
	}
	return found
}

// byTask tells that the nurse has handed a response in by completing her Task.
func (c *chart) byTask(r stay.Response) bool {
	return c.task.Status == "completed" && r.Status == "in-progress" &&
		(r.Ref == c.task.Response || slices.Contains(c.task.Answers, r.Ref))
}

// newer tells that a response counts rather than another: a form that nobody has written
// on says nothing beside one that somebody has, nor one to another form beside one to ours.
func newer(r, than stay.Response) bool {
	switch {
	case r.Untouched() != than.Untouched():
		return than.Untouched()
	case r.ToAnotherForm() != than.ToAnotherForm():
		return than.ToAnotherForm()
	}
	return !r.Authored.Before(than.Authored)
}

// AnsweredAt is when a response was answered, as far as it tells: never later than
// the answers were written on the server, by whose clock all are compared. A draft bears
// the date of its making until somebody answers it, and some renderers leave that there;
// what is amended often keeps the date of the first answers.
func AnsweredAt(r stay.Response, task stay.Task, written time.Time) time.Time {
	dated := !r.Authored.IsZero() && r.Status != "amended" && (!r.Ours || r.Authored.After(task.Made))
	if !dated || r.Authored.After(written) && !written.IsZero() {
		return written
	}
	return r.Authored
}

// judge scores the response that counts, once for each version of it.
func (c *chart) judge() {
	r := c.response
	if !c.asked && !c.eligible() {
		return
	}
	if c.task.Judged == r.Version && !c.closedInVain() && !c.lacksResult() && !c.pregnantSince() {
		c.judgedBefore()
		return
	}
	if r.Subject != "" && !c.Patient.Is(r.Subject) {
		c.giveBack(WrongPatient, instrument.Problem{}, "the answers name another patient than the admission; not scored")
		return
	}
	if r.Form == nil {
		c.unreadable()
		return
	}
	result := instrument.Judge(r.Form, r.Content)
	if c.savedMeanwhile(result) {
		return
	}
	c.act(result)
}

// savedMeanwhile tells that a form whose answers were scored is saved with fewer of them
// and not handed in: an EHR saves what is on its way, and the score stands until somebody
// says otherwise.
func (c *chart) savedMeanwhile(result instrument.Result) bool {
	if c.response.Submitted() || !c.task.Scored() || result.Status == instrument.Complete {
		return false
	}
	c.decision.because("saved-meanwhile", "the form that was scored is saved with fewer answers and not handed in; the score stands")
	return true
}

// judgedBefore leaves a score alone. Where there is none the Task is still
// waited for: the nurse may decline, be reminded, or the patient go home.
func (c *chart) judgedBefore() {
	if !c.task.Scored() {
		c.await()
		return
	}
	c.decision.because("judged", "this version of the answers has been judged")
	if c.response.Poor {
		planEach[Restoration](c, c.response.Ref)
		c.decision.because("restored", "the form came back without what ties it to the admission; that is put back, the answers stay as they are")
	}
}

func (c *chart) act(result instrument.Result) {
	switch result.Status {
	case instrument.Incomplete:
		if result.Declined {
			plan(c, &TaskChange{Status: "rejected", Business: Declined, Why: Declined, Response: c.response})
			c.decision.because(Declined, "the response says: declined; not asked again in this admission")
			if result.Offer != instrument.OfferAccepted || c.task.Minimum == "" { // else the consult is her own wish
				c.withdraw(Declined)
			}
			return
		}
		c.giveBack(Incomplete, result.Reason, "an answer is missing; no score")
	case instrument.Invalid:
		c.giveBack(Invalid, result.Reason, "an answer is not one of the form's; no score")
	default:
		c.score(result)
	}
}

// unreadable says once that the form that was answered cannot be read, or is another:
// that is for the EHR to mend. It is no judgement: the form may be on the server later,
// and another release may read it; a score stands.
func (c *chart) unreadable() {
	const text = "the version of the form that was answered cannot be scored"
	switch {
	case c.task.Scored():
		c.decision.because(Invalid, text)
		return
	case c.task.BusinessStatus == Invalid && c.task.Judged == "" && c.Admission.Present() && !c.closedInVain():
		c.decision.because(Invalid, text)
		c.await()
		return
	}
	c.giveBack(Invalid, c.response.FormProblem, text)
	if task := planned[TaskChange](c); task != nil {
		task.Response = stay.Response{}
	}
}

// giveBack leaves the Task with the ward and says what is wrong.
func (c *chart) giveBack(business string, detail instrument.Problem, text string) {
	c.decision.because(business, "%s", text)
	if c.task.Scored() {
		c.scoreFell(business, detail)
		return
	}
	if c.asked && c.saidInstead() {
		c.holdsBeside()
		return
	}
	if c.Admission.Status == stay.Finished {
		c.end(Discharged, "the patient was discharged before the answers gave a score")
		return
	}
	if !c.asked {
		plan(c, c.newTask(c.due()))
		return
	}
	change := TaskChange{Status: c.task.Status, Business: business, Why: business, Detail: detail, Response: c.response}
	switch {
	case c.closedInVain() && c.leftClosed():
		return
	case c.closedInVain():
		change.Status, change.Returned = "in-progress", c.returns()
	case c.declinedInForm():
		change.Status, change.Due = "in-progress", c.dueAgain()
	}
	plan(c, &change)
}

// closedInVain tells that the nurse closed her Task although the answers gave
// no score, while the patient can still be asked.
func (c *chart) closedInVain() bool {
	return c.task.Status == "completed" && !c.task.Scored() && !c.task.ClosedBefore && c.Admission.Present()
}

// score writes the score, closes the Task and acts on what it leads to.
func (c *chart) score(result instrument.Result) {
	k := c.course(*result.Score, slices.Contains(result.Flags, instrument.FlagItem1Only), result.Offer)
	plan(c, &TaskChange{Status: "completed", Business: Scored, Response: c.response, ClosedBefore: c.closedForGood()})
	c.handIn()
	if c.task.NoResult {
		c.decision.because("never-made", "a part of what was to be written of these answers was never made; it is written again")
	}
	same := c.unchanged(result)
	since := same && c.pregnantSince()
	if same && c.task.Scored() && !c.lacksResult() && !since {
		c.decision.because("same", "the response was saved again with the same answers")
		c.rest(result, k)
		c.recall()
		return
	}
	plan(c, &Score{Response: c.response, Result: result, Tier: k.tier, Limit: k.limit, Amends: c.Score.Ref, Stands: same && !since, Passed: c.passed()})
	if since {
		c.decision.because("pregnancy", "a pregnancy was recorded after the answers were judged; judged again")
	}
	c.decision.because("score", "complete answers")
	c.stopDrafts()
	c.take(k, result.Offer)
	if since {
		c.tellOfPregnancy()
	}
}

// handIn says on our own draft that its answers were handed in, where only the nurse's
// Task said so: what an EHR saves there later is then seen as such. An EHR's own
// response is its own.
func (c *chart) handIn() {
	if c.response.Number > 0 && c.response.Status == "in-progress" {
		draft := HandIn(c.response.Ref)
		plan(c, &draft)
	}
}

// lacksResult tells that answers which were judged lead to something that does not stand.
func (c *chart) lacksResult() bool { return c.task.NoResult || c.asksAgainForConsult() }

// rest lets a score that stays as it is rest on the response that counts now, where it
// was another one: of two that were handed in meanwhile the newest may say what the
// score says.
func (c *chart) rest(result instrument.Result, k course) {
	if from := c.Score.From; from == "" || strings.HasSuffix(from, c.response.Ref) {
		return
	}
	c.rests = true
	tier := max(k.tier, tierOf(c.Score.Tier, k.tier)) // a pregnancy that has ended makes nothing less
	plan(c, &Score{Response: c.response, Result: result, Tier: tier, Limit: k.limit, Amends: c.Score.Ref, Passed: c.passed()})
}

// passed tells whether another response was handed in that does not count.
func (c *chart) passed() bool {
	return slices.ContainsFunc(c.Responses, func(r stay.Response) bool { return r.Submitted() && r.Ref != c.response.Ref })
}
