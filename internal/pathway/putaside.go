package pathway

import (
	"slices"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about what a nurse may say instead of an answer. Most rejections of a
// task mean "not now" or "not here", and few are the patient's no.

// UnableReasons are the codes of Task.statusReason by which a nurse says that the
// patient cannot be asked. The policy names those that pass.
var UnableReasons = []string{"intoxicated", "delirious", "no-common-language", "too-ill", "no-privacy", "away", "dementia", "interpreter-needed"}

// WithoutAnswer are the codes of a Task that a person has put aside instead of answering.
var WithoutAnswer = []string{Declined, PutAway, Unable}

// askedDeclined is HL7's code for a patient who was asked and declined.
var askedDeclined = Coding{System: "http://terminology.hl7.org/CodeSystem/data-absent-reason", Code: "asked-declined"}

// putAside tells that the nurse's Task is in a status in which a reason counts that
// somebody gives.
func (c *chart) putAside() bool {
	return slices.Contains([]string{"rejected", "failed", "on-hold", "cancelled"}, c.task.Status)
}

// unable tells that the nurse has put the Task aside with one of our reasons.
func (c *chart) unable() bool { return c.putAside() && slices.Contains(UnableReasons, c.task.Reason) }

// passes tells of such a Task that the patient may be asked later.
func (c *chart) passes() bool {
	return c.unable() && slices.Contains(c.policy.Screening.AskedAgain, c.task.Reason)
}

// saidNo tells that the patient has declined, as whoever has put the Task aside says.
func (c *chart) saidNo() bool {
	rejected := c.task.Status == "rejected" && c.policy.Screening.RejectedWithoutReason == AsDeclined
	return c.putAside() && (c.givesNo() || rejected)
}

// givesNo tells that the Task says it by a code, or in words that count as one.
func (c *chart) givesNo() bool {
	return c.task.Reason == Declined || c.task.BusinessStatus == Declined || c.policy.Screening.CountsAsDeclined.in(c.task.Said)
}

// in tells that something says so: by HL7's code, by one of the policy's, or in its words.
func (r Refusal) in(said stay.Said) bool {
	return anyOf(said.Codes, append([]Coding{askedDeclined}, r.Codings...)) || slices.ContainsFunc(said.Texts, r.reads)
}

// reads tells that a text says so: one of the policy's as a whole.
func (r Refusal) reads(text string) bool {
	return slices.ContainsFunc(r.Texts, func(no string) bool { return strings.EqualFold(plain(no), plain(text)) })
}

// plain leaves of the spaces in a text one between two words, and no full stop.
func plain(text string) string {
	return strings.TrimRight(strings.Join(strings.Fields(text), " "), ".! ")
}

// cannotBeAsked asks again after a while, with a Task of its own and a bounded number
// of times, where the reason passes.
func (c *chart) cannotBeAsked() {
	again := c.unableSince().Add(c.policy.Screening.RetryAfter.Duration)
	switch {
	case !c.passes():
		c.close(Unable, "unable, for a reason that by the policy does not pass; not asked again in this admission")
	case !c.Admission.Present() || c.attempts() >= c.policy.Screening.MaxAttempts:
		c.close(Unable, "unable, and asked as often as the policy allows")
	case again.After(c.now):
		c.decision.because(Unable, "the patient cannot be asked now; asked again later")
		c.sayUnable()
		c.again(again)
	default:
		c.close(Unable, "the patient could not be asked; asked again")
		plan(c, c.newTask(c.now.Add(c.policy.Screening.DueAfter.Duration)))
	}
}

// attempts is how often the ward has been asked about this patient: what was asked about
// somebody else, whose admission it turned out not to be, is not counted.
func (c *chart) attempts() (n int) {
	for _, t := range c.Tasks {
		others := t.BusinessStatus == PatientChanged || t.For != "" && !c.Patient.Is(t.For)
		if c.Asks(t) && !others && !t.ByPatient {
			n++
		}
	}
	return n
}

// unableSince is when the nurse said so: our own word on the Task is written later.
func (c *chart) unableSince() time.Time {
	if c.task.UnableSince.IsZero() {
		return c.task.Changed
	}
	return c.task.UnableSince
}

// sayUnable shows at once on the Task that she could not be asked. The form is left to
// the nurse: she may be able to sooner.
func (c *chart) sayUnable() {
	if c.task.BusinessStatus != Unable {
		plan(c, &TaskChange{Status: c.task.Status, Business: Unable, Why: c.task.Reason, UnableSince: c.unableSince()})
	}
}

// close writes on a Task that the nurse has ended what we made of it, once.
func (c *chart) close(business, text string) {
	c.decision.because(business, "%s", text)
	c.stopDrafts()
	status := c.task.Status
	switch {
	case c.task.Open() && business == Declined:
		status = "rejected"
	case c.task.Open():
		status = "failed" // put aside, and replaced or given up
	}
	if c.task.BusinessStatus != business || c.task.Status != status {
		plan(c, &TaskChange{Status: status, Business: business, Why: c.task.Reason})
	}
}

// takenUpAgain takes back what we made of a Task that a person had put aside and has
// opened again.
func (c *chart) takenUpAgain() {
	if slices.Contains(WithoutAnswer, c.task.BusinessStatus) {
		c.note()
		change := planned[TaskChange](c)
		change.Business, change.Why = Unanswered, ""
	}
}

// saidInstead tells that what the nurse has said instead of an answer holds beside
// answers that give no score.
func (c *chart) saidInstead() bool {
	return !c.declinedInForm() && (c.unable() || c.saidNo() || c.task.Status == "rejected")
}

// declinedInForm tells that the Task was rejected because the form said so, whose answers
// may change.
func (c *chart) declinedInForm() bool {
	return c.task.Status == "rejected" && c.task.Judged != "" && c.task.Reason == Declined
}

// holdsBeside leaves the Task as the nurse has put it aside, and notes which answers were
// looked at.
func (c *chart) holdsBeside() {
	c.await()
	if c.response.Form != nil {
		c.note()
		planned[TaskChange](c).Response = c.response
	}
}
