package pathway

import (
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file says what a decision needs beyond the admission, its tasks and its
// responses, so that nothing else is read.

// NeedsScore tells whether the score that was written may have to change.
func NeedsScore(s stay.Stay, p *Policy) bool {
	c := newChart(s, p, time.Time{})
	switch {
	case c.task.Score == "":
		return false
	case c.unlabelled():
		return true
	case s.Admission.Void():
		return c.task.BusinessStatus == Scored
	case c.strayed():
		return true
	case c.submitted():
		return c.task.Judged != c.response.Version
	}
	return c.task.Scored()
}

// NeedsConsult tells whether the consult that was written may have to change,
// or somebody else may have changed it.
func NeedsConsult(s stay.Stay, p *Policy, now time.Time) bool {
	c := newChart(s, p, now)
	if c.task.Consult == "" {
		return false
	}
	over := (s.Admission.Void() || s.Dead()) && orderStatus(c.task.Carried) == "active"
	return over || c.unassigned() || c.strayed() || c.unlabelled() || c.watches() || c.toCarry() || c.toChase() || NeedsScore(s, p)
}

// ToJudge tells whether there are answers that have not been judged.
func ToJudge(s stay.Stay) bool {
	c := newChart(s, nil, time.Time{})
	return c.submitted() && (c.task.Judged != c.response.Version || c.closedInVain() || c.task.NoResult)
}

// CountsStill tells whether the screening of an earlier admission takes the
// place of a new one.
func CountsStill(s stay.Stay, p *Policy, now time.Time) bool {
	c := newChart(s, p, now)
	return c.countsStill()
}

// Asks tells whether a decision may be to ask, and so needs to know whether
// the patient is to be spared.
func Asks(s stay.Stay, p *Policy) bool {
	c := newChart(s, p, time.Time{})
	return !c.asked && !c.taskRemoved() && s.Admission.Present() && s.Patient.Ref != "" && c.inpatient(s.Admission)
}

// LeftUnasked tells that a patient went home who would have been asked, as far
// as the admission and her age show: flags and earlier screenings are not looked at.
func LeftUnasked(s stay.Stay, p *Policy, now time.Time) bool {
	if s.Admission.Status != stay.Finished {
		return false
	}
	s.Admission.Status = stay.InProgress
	c := newChart(s, p, now)
	return !c.asked && c.eligible()
}
