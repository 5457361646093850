package pathway

import (
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about pregnancy: who is pregnant, and what follows where that is recorded
// after the answers were judged.

const (
	// pregnancyLasts is how long a Condition that has begun, or was recorded, says so: 42
	// weeks from the last period are 294 days. An entry that nobody has ended says nothing
	// of today.
	pregnancyLasts = 300 * 24 * time.Hour
	// youngestPregnant and oldestPregnant, in whole years, are wider than what is counted
	// as fertile age (WHO: 15–49): outside them the record is in error.
	youngestPregnant, oldestPregnant = 12, 55
)

// over are the R4 condition-clinical codes of what is no longer so.
var over = []string{"inactive", "remission", "resolved"}

// mayBePregnant leaves out men, and who is certainly too young or too old.
func mayBePregnant(who stay.Patient, at time.Time) bool {
	youngest, oldest := who.Birth.Age(at)
	return who.Sex != stay.Male && oldest >= youngestPregnant && youngest <= oldestPregnant
}

// pregnancies are the Conditions of the patient that say that she is pregnant, of the
// codes that the policy names.
func pregnancies(s stay.Stay, p *Policy, at time.Time) (found []stay.Condition) {
	if !mayBePregnant(s.Patient, at) {
		return nil
	}
	for _, c := range s.Conditions {
		ended := slices.ContainsFunc(c.Clinical, func(code string) bool { return slices.Contains(over, code) })
		void := slices.Contains(c.Verification, "refuted") || slices.Contains(c.Verification, "entered-in-error")
		if !ended && !void && lasts(c, at) && anyOf(c.Codes, p.Pregnancy.Codings) {
			found = append(found, c)
		}
	}
	return found
}

// lasts tells that a pregnancy can still go on: by when it began, else by when that was
// recorded. One without a date can.
func lasts(c stay.Condition, at time.Time) bool {
	since := c.Begun
	if !since.Known() {
		since = c.Recorded
	}
	return !since.Known() || since.Last().Add(pregnancyLasts).After(at)
}

// IsPregnant tells whether the patient is, as far as her Conditions were read.
func IsPregnant(s stay.Stay, p *Policy, at time.Time) bool { return len(pregnancies(s, p, at)) > 0 }

// Knowing is the stay with what its Conditions say of the patient.
func Knowing(s stay.Stay, p *Policy, at time.Time) stay.Stay {
	found := pregnancies(s, p, at)
	s.Patient.Pregnant, s.Patient.Because = len(found) > 0, nil
	for _, c := range found {
		s.Patient.Because = append(s.Patient.Because, c.Labels...)
	}
	return s
}

// hearsOf tells that a pregnancy may have been recorded since the answers were judged,
// while she is here.
func (c *chart) hearsOf() bool {
	return c.News && c.task.Scored() && c.Admission.Present() && mayBePregnant(c.Patient, c.now)
}

// pregnantSince tells that what was made of the answers does not know of a pregnancy that
// it should: a tier that she would not have reached otherwise, advice or a letter without
// it. When a pregnancy ends, nothing is made less.
func (c *chart) pregnantSince() bool {
	r := c.response
	if !c.Patient.Pregnant || !c.task.Scored() || !c.Admission.Present() || !c.Score.Live() || r.Form == nil ||
		instrument.Judge(r.Form, r.Content).Status != instrument.Complete {
		return false
	}
	now := c.courseOf(c.Score).tier
	recorded := tierOf(c.Score.Tier, now)
	return c.byPregnancy(now, recorded) || now == recorded && (c.adviceUnaware() || c.letterUnaware())
}

// byPregnancy tells that a tier is reached in pregnancy alone, and is higher than the one
// on record.
func (c *chart) byPregnancy(now, recorded Tier) bool {
	without := *c
	without.Patient.Pregnant = false
	return now > recorded && now > without.courseOf(c.Score).tier
}

// tierOf is the tier of a code; of one that is not on record, another.
func tierOf(code string, other Tier) Tier {
	for _, t := range []Tier{None, Advice, Consult, Urgent} {
		if t.String() == code {
			return t
		}
	}
	return other
}

// adviceUnaware tells of advice that is still to be given, in words that are not for a
// pregnant patient.
func (c *chart) adviceUnaware() bool {
	task, made := c.advice()
	return made && task.Open() && c.unworded(task)
}

// unworded tells of advice, if there is any, that it is not worded for her pregnancy.
func (c *chart) unworded(task stay.Task) bool {
	return task.Ref != "" && c.Patient.Pregnant && !task.Pregnant
}

// letterUnaware tells of an order that somebody is to act on, and that does not say it.
func (c *chart) letterUnaware() bool {
	consult := c.Consult
	return consult.Live() && !consult.Theirs && consult.Status != "completed" && !consult.Says(stay.LetterPregnant)
}

// tellOfPregnancy lets ward and team read why something has changed although the answers
// have not.
func (c *chart) tellOfPregnancy() {
	if notice := planned[Notice](c); notice != nil && *notice == Corrected {
		*notice = Pregnant
	}
	if task, _ := c.advice(); c.adviceUnaware() && planned[AdviceChange](c) == nil {
		plan(c, &AdviceChange{Ref: task.Ref, Status: task.Status, Reworded: true})
	}
}
