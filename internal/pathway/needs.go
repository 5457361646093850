package pathway

import (
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file says what a decision needs beyond the admission, its tasks and its
// responses, so that nothing else is read.

// needs are the parts that matter and have not been read. Whether an earlier screening
// is needed is known only when it is known that there is one.
func (c *chart) needs() (unread []Need) {
	for _, need := range []struct {
		needed bool
		Need
	}{
		{len(c.extra) > 0, Need{Part: stay.Twins, Refs: c.twins()}},
		{c.awaitsAnswer(), Need{Part: stay.Portal}},
		{c.forgot(), Need{Part: stay.Memory}},
		{c.needsScore(), Need{Part: stay.Scores, Refs: []string{c.task.Score}}},
		{c.needsConsult(), Need{Part: stay.Consults, Refs: []string{c.task.Consult}}},
		{c.task.Minimum != "", Need{Part: stay.Minima, Refs: []string{c.task.Minimum}}},
		{c.toJudge() || c.settles() || c.mayComeBack() || c.stirred() || c.remakes(), Need{Part: stay.Background}},
		{c.asks(), Need{Part: stay.Spared}},
		{c.asks() && !c.unread(stay.Spared) && c.countsStill() && c.earlier.Consult == "", Need{Part: stay.EarlierScores, Refs: []string{c.earlier.Score}}},
	} {
		if need.Instrument = c.Instrument; need.needed && c.unread(need.Part) {
			unread = append(unread, need.Need)
		}
	}
	return unread
}

// Need is a part of the stay that a decision needs, and which resources that is where
// their references are known.
type Need struct {
	Part       stay.Part
	Refs       []string
	Instrument string // of the screening whose part it is
}

func (c *chart) twins() (refs []string) {
	for _, d := range c.extra {
		refs = append(refs, d.Ref)
	}
	return refs
}

func (c *chart) unread(part stay.Part) bool { return slices.Contains(c.Unread, part) }

// needsScore tells whether the score that was written may have to change.
func (c *chart) needsScore() bool {
	switch {
	case c.task.Score == "":
		return false
	case c.owes():
		return true
	case c.unlabelled():
		return true
	case c.Admission.Void():
		return c.task.BusinessStatus == Scored
	case c.strayed():
		return true
	case c.submitted():
		return c.task.Judged != c.response.Version || c.revived() || c.hearsOf()
	}
	return c.task.Scored()
}

// needsConsult tells whether the consult that was written may have to change,
// or somebody else may have changed it.
func (c *chart) needsConsult() bool {
	if c.task.Consult == "" {
		return false
	}
	if c.task.Minimum != "" {
		return true
	}
	over := (c.Admission.Void() || c.Dead()) && orderStatus(c.task.Carried) == "active"
	return over || c.unassigned() || c.strayed() || c.unlabelled() || c.watches() || c.toCarry() || c.toCarryWords() || c.toChase() ||
		c.needsScore() || c.toJudge() || c.mayComeBack() || c.stirred() || c.remakes()
}

// toJudge tells whether there are answers that have not been judged.
func (c *chart) toJudge() bool {
	return c.submitted() && (c.task.Judged != c.response.Version || c.closedInVain() || c.task.NoResult || c.revived() || c.hearsOf())
}

// asks tells whether a decision may be to ask, and so needs to know whether
// the patient is to be spared.
func (c *chart) asks() bool {
	return !c.asked && c.mayBeNext() && !c.taskRemoved() && c.Admission.Present() && c.Patient.Ref != "" && c.inpatient(c.Admission)
}

// Awaits tells whether the next decision about a stay may be to ask.
func Awaits(s stay.Stay, p *Policy) bool {
	c := newCharts(s, p, time.Time{})
	return c.asks() || slices.ContainsFunc(c.others, (*chart).asks)
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
