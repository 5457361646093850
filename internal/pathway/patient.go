package pathway

import (
	"slices"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about an admission whose patient changes: two records of one
// person are merged, or the admission had been registered on somebody else.

// strayed tells that our work names another patient than the admission does.
func (c *chart) strayed() bool {
	return c.asked && c.task.For != "" && c.Patient.Ref != "" && c.task.For != c.Patient.Ref
}

// rejoin lets our work follow the surviving record of the same person. Where it
// is another person, only an empty form can follow: answers cannot.
func (c *chart) rejoin() {
	switch {
	case slices.Contains(c.Patient.Formerly, c.task.For):
		c.moveAlong("merged", "the patient's record was merged into another; our work follows")
	case !slices.ContainsFunc(c.each(), (*chart).begunOn): // what was asked together is put aside together
		c.moveAlong("moved", "the admission names another patient now; nothing was answered, and the task follows")
	default:
		c.startAnew()
	}
}

// moveAlong puts the admission's patient on all that is ours.
func (c *chart) moveAlong(rule, text string) {
	c.decision.because(rule, "%s", text)
	was := c.task.For
	for _, t := range c.Tasks {
		if t.For == was && !c.anothers(t) {
			planEach[Move](c, t.Ref)
		}
	}
	for _, r := range c.Responses {
		if r.Ours && r.Subject == was {
			planEach[Move](c, r.Ref)
		}
	}
	for _, r := range c.results() {
		if r.Ref != "" && !r.Theirs {
			planEach[Move](c, r.Ref)
		}
	}
	c.again(c.now)
}

// startAnew closes what was answered about somebody else; the next look asks
// about the patient of the admission.
func (c *chart) startAnew() {
	c.decision.because(PatientChanged, "the admission names another patient than the answers; they are put aside, and the question is asked anew")
	status := c.task.Status
	if c.task.Open() {
		status = "cancelled"
	}
	plan(c, &TaskChange{Status: status, Business: PatientChanged, Why: PatientChanged})
	c.endMinimum()
	c.withdraw(PatientChanged)
	for _, r := range c.Responses {
		if r.Ours && r.Status == "in-progress" {
			planEach[Stop](c, r.Ref)
		}
	}
	c.again(c.now)
}

// begunOn tells whether anybody has answered, or ended the question, about another patient
// than the admission's: what names her is hers.
func (c *chart) begunOn() bool {
	return c.saidOfAnother() || slices.ContainsFunc(c.Responses, func(r stay.Response) bool {
		return !c.Patient.Is(r.Subject) && (r.Submitted() || r.Status == "in-progress" && !r.Untouched())
	})
}

// saidOfAnother tells that the Task was ended because of whom it was about: by answers, by
// a no, by an earlier screening. A nurse who completes it hands in what the form says.
func (c *chart) saidOfAnother() bool {
	handedIn := c.task.Status == "completed" && slices.Contains(Unfinished, c.task.BusinessStatus)
	return !c.task.Open() && !handedIn && !ended(c.task.BusinessStatus)
}

// leaveOutOthers leaves out what was closed because it was about somebody else.
func (c *chart) leaveOutOthers() {
	var theirs []string
	for _, t := range c.Tasks {
		if t.BusinessStatus == PatientChanged && !c.anothers(t) {
			theirs = append(theirs, t.Response)
		}
	}
	if len(theirs) == 0 {
		return
	}
	c.Responses = slices.DeleteFunc(slices.Clone(c.Responses), func(r stay.Response) bool {
		return slices.Contains(theirs, r.Ref) || r.Ours && slices.Contains([]string{"stopped", "entered-in-error"}, r.Status) && !c.Patient.Is(r.Subject)
	})
	if c.task.BusinessStatus == PatientChanged {
		c.task, c.asked = stay.Task{}, false
	}
}

// Generation counts the screenings of the admission, from 1: a new one begins, with
// whatever is asked, when it turns out to be another patient's.
func Generation(s stay.Stay) int {
	n, of := 1, map[string]int{}
	for _, t := range s.Tasks {
		if t.Kind == stay.ScreeningTask && t.BusinessStatus == PatientChanged {
			of[t.Instrument]++
			n = max(n, 1+of[t.Instrument])
		}
	}
	return n
}
