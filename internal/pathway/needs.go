package pathway

import (
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file says what a decision needs beyond the admission, its tasks and its
// responses, so that nothing else is read.

// Revisits tells whether a decision needs the score and the consult that were
// written before: it may have to change them.
func Revisits(s stay.Stay, p *Policy, now time.Time) bool {
	c := chart{Stay: s, policy: p, now: now}
	c.task, c.asked = s.ScreeningTask()
	switch {
	case c.task.Score == "":
		return false
	case s.Admission.Void() || s.Dead():
		return c.task.BusinessStatus == Scored
	case c.submitted():
		return c.task.Judged != c.response.Version || c.toCarry() || c.toChase()
	}
	return c.task.Scored() || c.toCarry() || c.toChase()
}

// ToJudge tells whether there are answers that have not been judged.
func ToJudge(s stay.Stay) bool {
	c := chart{Stay: s}
	c.task, c.asked = s.ScreeningTask()
	return c.submitted() && (c.task.Judged != c.response.Version || c.closedInVain())
}

// Asks tells whether a decision may be to ask, and so needs to know whether
// the patient is to be spared.
func Asks(s stay.Stay, p *Policy) bool {
	c := chart{Stay: s, policy: p}
	_, c.asked = s.ScreeningTask()
	return !c.asked && c.drafts() == 0 && s.Admission.Present() && s.Patient.Ref != "" && c.inpatient(s.Admission)
}
