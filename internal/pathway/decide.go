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

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Decide says what is to be done with one admission now.
func Decide(s stay.Stay, p *Policy, now time.Time) Decision {
	c := newChart(s, p, now)
	c.protect()
	if len(c.extra) > 0 {
		c.decision.Duplicates = c.extra
		c.decision.because("duplicate", "the server let the same thing be made twice; one of each stays")
		c.look(now)
		return c.decision // all else when there is one of each
	}
	switch {
	case s.Admission.Void():
		c.end(AdmissionCancelled, "the admission was cancelled or entered in error")
		c.withdraw(AdmissionCancelled)
	case s.Dead():
		c.end(Deceased, "the patient has died")
		c.revoke(Deceased)
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
	if len(c.decision.Follow) > 0 {
		return c.decision // all else when the patient is right
	}
	c.carry()
	c.chase()
	c.follow()
	c.keepAdvice()
	c.handOver()
	c.label()
	return c.decision
}

func newChart(s stay.Stay, p *Policy, now time.Time) chart {
	c := chart{Stay: s, before: s.Responses, policy: p, now: now}
	c.dedupe()
	c.task, c.asked = c.ScreeningTask()
	c.setAside()
	return c
}

// look asks for another look at a moment, unless an earlier one is due anyway.
func (c *chart) look(at time.Time) {
	if c.decision.Next.IsZero() || at.Before(c.decision.Next) {
		c.decision.Next = at
	}
}

// chart is one decision in the making.
type chart struct {
	stay.Stay
	before   []stay.Response // all there ever were, also about somebody else
	extra    []Duplicate     // what there is one too many of
	policy   *Policy
	now      time.Time
	task     stay.Task     // the nurse's, if asked
	asked    bool          // somebody has been asked to screen this admission
	response stay.Response // the one that counts, if submitted
	decision Decision
}

// submitted finds the response that counts: the newest that was handed in. A
// nurse who marks her Task completed has handed in the response that belongs
// to it, whatever status her form left on it.
func (c *chart) submitted() bool {
	found := false
	for _, r := range c.Responses {
		byTask := c.task.Status == "completed" && r.Ref == c.task.Response && r.Status == "in-progress"
		if !r.Submitted() && !byTask {
			continue
		}
		if !found || !r.Authored.Before(c.response.Authored) {
			c.response, found = r, true
		}
	}
	return found
}

// consider asks for a screening of an admission that nobody has asked about.
func (c *chart) consider() {
	if c.taskRemoved() {
		c.decision.because("task-removed", "the nurse's task was removed by somebody; it is not made again")
		return
	}
	if !c.eligible() || c.spared() {
		return
	}
	c.decision.Ask = c.newTask(c.due())
	c.decision.because("ask", "an adult inpatient who has not been asked")
}

// newTask counts on from the tasks and drafts that the admission has had.
func (c *chart) newTask(due time.Time) *Ask {
	return &Ask{Due: due, Attempt: c.Attempts() + 1, Draft: c.nextDraft()}
}

// drafts counts the responses that we have prepared.
func drafts(responses []stay.Response) int {
	n := 0
	for _, r := range responses {
		if r.Ours {
			n++
		}
	}
	return n
}

// due counts from the admission; a task that would be born overdue counts
// from now.
func (c *chart) due() time.Time {
	start := c.Admission.Start
	if start.IsZero() || start.After(c.now) || c.now.Sub(start) >= c.policy.Screening.DueAfter.Duration {
		start = c.now
	}
	return start.Add(c.policy.Screening.DueAfter.Duration)
}

// await looks after a Task that has no answer yet.
func (c *chart) await() {
	switch {
	case !c.task.Open() && (later(c.task.BusinessStatus) || later(c.task.Reason)):
		c.decision.because("closed", "a later release of tilsyn ended the nurse's task in a way that this one does not know; left to that one")
	case c.unable():
		c.retry()
	case c.task.Status == "rejected":
		c.declined()
	case c.Admission.Status == stay.Finished:
		c.end(Discharged, "the patient was discharged before the answer")
	case c.task.Open():
		c.decision.because("wait", "asked; waiting for the answer")
		c.remind()
		c.relink()
	case c.Admission.Present() && ended(c.task.BusinessStatus):
		c.reopen("the admission goes on after all; asked again")
	default:
		c.decision.because("closed", "the nurse's task is %s, without an answer", c.task.Status)
	}
}

// later tells that a code of ours was written by a later release, which may run
// beside this one: whoever writes over the other's work is written over in turn.
func later(code string) bool { return code != "" && !artifacts.Defines(code) }

// follow keeps an open Task with the patient, and with those who may know of
// her. Where nothing has moved, whoever has taken it on stays its owner.
func (c *chart) follow() {
	change, rule := c.decision.Task, c.astray(c.task, c.Owners.Ward)
	if rule == "" || !c.asked || !c.hers(c.task) {
		return
	}
	switch {
	case change == nil && c.task.Open() && (c.Admission.Present() || rule != "transfer"):
		c.decision.Task = &TaskChange{Status: c.task.Status, Business: c.task.BusinessStatus, Why: c.task.Reason, Reroute: true}
		c.reroute(rule, "task")
	case change != nil && (change.Status == "requested" || change.Status == "in-progress"),
		change != nil && c.task.Open() && rule == "shielded": // also what is closed now stands without the ward
		change.Reroute = true
		if rule != "transfer" {
			c.reroute(rule, "task")
		}
	}
}

// end takes the question off the ward's list. A draft that a nurse has begun
// is left to her for a grace time.
func (c *chart) end(why, text string) {
	c.decision.because(why, "%s", text)
	switch {
	case c.task.Open():
		c.decision.Task = &TaskChange{Status: "cancelled", Business: why, Why: why}
	case slices.Contains(Unfinished, c.task.BusinessStatus):
		c.decision.Task = &TaskChange{Status: c.task.Status, Business: why, Why: why}
	}
	c.stopDrafts()
	c.stopBegun()
}

// stopDrafts puts out of the way what we prepared and nobody has written on.
func (c *chart) stopDrafts() {
	for _, r := range c.Responses {
		if r.Ours && r.Untouched() {
			c.decision.Stop = append(c.decision.Stop, r.Ref)
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
			c.look(over)
		default:
			c.decision.because("grace-over", "the form was begun and never handed in; it is stopped")
			c.decision.Stop = append(c.decision.Stop, r.Ref)
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

// judge scores the response that counts, once for each version of it.
func (c *chart) judge() {
	r := c.response
	if !c.asked && !c.eligible() {
		return
	}
	if c.task.Judged == r.Version && !c.closedInVain() && !c.task.NoResult {
		c.judgedBefore()
		return
	}
	if r.Subject != "" && !c.samePerson(r.Subject) {
		c.giveBack(WrongPatient, "", "the answers name another patient than the admission; not scored")
		return
	}
	if r.Form == nil {
		c.unreadable()
		return
	}
	c.act(instrument.Judge(r.Form, r.Content))
}

// unreadable says once that the form that was answered cannot be read. That is
// no judgement: it may be on the server later, and another release may read it.
func (c *chart) unreadable() {
	const text = "the version of the form that was answered cannot be scored"
	if c.task.BusinessStatus == Invalid && c.Admission.Present() && !c.closedInVain() && !c.task.Scored() {
		c.decision.because(Invalid, text)
		c.await()
		return
	}
	c.giveBack(Invalid, c.response.FormProblem, text)
	if c.decision.Task != nil {
		c.decision.Task.Response = stay.Response{}
	}
}

func (c *chart) act(result instrument.Result) {
	switch result.Status {
	case instrument.Incomplete:
		if result.Declined {
			c.decision.Task = &TaskChange{Status: "rejected", Business: Declined, Why: Declined, Response: c.response}
			c.decision.because(Declined, "the response says: declined; not asked again in this admission")
			c.withdraw(Declined)
			return
		}
		c.giveBack(Incomplete, result.Reason, "an answer is missing; no score")
	case instrument.Invalid:
		c.giveBack(Invalid, result.Reason, "an answer is not one of the form's; no score")
	default:
		c.score(result)
	}
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
		c.decision.Restore = c.response.Ref
		c.decision.because("restored", "the form came back without what ties it to the admission; that is put back, the answers stay as they are")
	}
}

// closedInVain tells that the nurse closed her Task although the answers gave
// no score, while the patient can still be asked.
func (c *chart) closedInVain() bool {
	return c.task.Status == "completed" && !c.task.Scored() && !c.task.PutAside && c.Admission.Present()
}

// giveBack leaves the Task with the ward and says what is wrong.
func (c *chart) giveBack(business, detail, text string) {
	c.decision.because(business, "%s", text)
	if c.task.Scored() {
		c.scoreFell(business, detail)
		return
	}
	if c.Admission.Status == stay.Finished {
		c.end(Discharged, "the patient was discharged before the answers gave a score")
		return
	}
	if !c.asked {
		c.decision.Ask = c.newTask(c.due())
		return
	}
	status := c.task.Status
	if c.closedInVain() {
		status = "in-progress"
	}
	c.decision.Task = &TaskChange{Status: status, Business: business, Why: business, Detail: detail, Response: c.response}
}

// score writes the score, closes the Task and acts on the tier that was
// reached.
func (c *chart) score(result instrument.Result) {
	tier, limit := c.policy.Tier(*result.Score, c.Patient, c.now)
	c.decision.Task = &TaskChange{Status: "completed", Business: Scored, Response: c.response, PutAside: c.putAside()}
	if c.task.NoResult {
		c.decision.because("never-made", "a part of what was to be written of these answers was never made; it is written again")
	}
	same := c.unchanged(result)
	if same && c.task.Scored() && !c.task.NoResult {
		c.decision.because("same", "the response was saved again with the same answers")
		return
	}
	c.decision.Score = &Score{Response: c.response, Result: result, Tier: tier, Limit: limit, Amends: c.Results.Score.Ref, Stands: same, Passed: c.passed()}
	c.decision.because("score", "complete answers")
	c.stopDrafts()
	switch {
	case tier < Consult:
		c.decision.because("tier-"+tier.String(), "no limit for a consult was passed")
		c.revoke(Corrected)
	default:
		c.decision.because("tier-"+tier.String(), "the limit of %d for %s was passed (%s)", limit.From, limit.Who(), limit.Source)
		c.offer(result.Offer, tier, limit)
	}
	if tier == Advice || tier > Advice && result.Offer == instrument.OfferDeclined {
		c.advise()
		return
	}
	c.endAdvice(Corrected)
}

// passed tells whether another response was handed in that does not count.
func (c *chart) passed() bool {
	return slices.ContainsFunc(c.Responses, func(r stay.Response) bool { return r.Submitted() && r.Ref != c.response.Ref })
}

// offer refers a patient who passed a limit, unless she has said that she does
// not want the team.
func (c *chart) offer(answer instrument.Offer, tier Tier, limit Limit) {
	if answer == instrument.OfferDeclined {
		c.decision.because(OfferDeclined, "the patient does not want the consult; recorded, and none is ordered")
		c.revoke(OfferDeclined)
		return
	}
	if c.Admission.Status == stay.Finished {
		c.decision.because("after-discharge", "the answers came after the discharge; by policy: %s", c.policy.AfterDischarge)
		if c.policy.AfterDischarge == "record" && !c.Results.Consult.Live() {
			return
		}
	}
	c.refer(&Referral{Urgent: tier == Urgent, Limit: limit})
}
