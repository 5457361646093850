package pathway

import (
	"slices"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// eligible tells whether this admission is to be screened. The first check that
// speaks ends them.
func (c *chart) eligible() bool {
	if c.notInpatient() || c.partOf() || c.overAlready() || c.plannedLate() || c.notArrived() ||
		c.noPatient() || c.tooYoung() || c.excluded() {
		return false
	}
	c.ageUncertain()
	c.deathContradicted()
	return true
}

// no gives the reason why nobody is asked.
func (c *chart) no(rule string, not bool, format string, args ...any) bool {
	if not {
		c.decision.because(rule, format, args...)
	}
	return not
}

func (c *chart) notInpatient() bool {
	return c.no("not-inpatient", !c.inpatient(c.Admission), "its class is not one of those the policy asks")
}

func (c *chart) partOf() bool {
	if c.Parent == nil {
		return false
	}
	return c.no("part-of", c.inpatient(*c.Parent) && !c.Parent.Void(), "part of the admission Encounter/%s, which is asked as a whole", c.Parent.ID)
}

func (c *chart) overAlready() bool {
	return c.no("discharged", c.Admission.Status == stay.Finished, "the admission is over")
}

func (c *chart) plannedLate() bool {
	a := c.Admission
	late := a.Status == stay.Planned && !a.Start.IsZero() && a.Start.Before(c.now)
	return c.no("planned-late", late, "planned, and the start has passed; the patient may be here without anybody having said so")
}

func (c *chart) notArrived() bool {
	return c.no("not-arrived", !c.Admission.Present(), "the patient is not in the hospital")
}

func (c *chart) noPatient() bool {
	return c.no("no-patient", c.Patient.Ref == "", "the admission names no patient of this server")
}

func (c *chart) tooYoung() bool {
	_, oldest := c.Patient.Birth.Age(c.now)
	return c.no("too-young", oldest < c.policy.Screening.MinAge, "younger than %d", c.policy.Screening.MinAge)
}

// excluded tells whether the policy leaves this ward or service out.
func (c *chart) excluded() bool {
	left := anyOf(c.Admission.ServiceTypes, c.policy.Screening.ExcludedServiceTypes) ||
		slices.ContainsFunc(c.Admission.Locations, func(at string) bool { return slices.Contains(c.policy.Screening.ExcludedLocations, at) })
	return c.no("excluded", left, "the policy excludes this location or service")
}

func (c *chart) ageUncertain() {
	if youngest, _ := c.Patient.Birth.Age(c.now); youngest < c.policy.Screening.MinAge {
		c.decision.because("age-uncertain", "the birth date leaves open whether the patient is %d; asked", c.policy.Screening.MinAge)
	}
}

func (c *chart) deathContradicted() {
	if c.DiedBefore() {
		c.decision.because("death-contradicted", "the date of death lies before the admission: somebody is in the bed; asked")
	}
}

func anyOf(have []stay.Code, wanted []Coding) bool {
	return slices.ContainsFunc(have, func(h stay.Code) bool {
		return slices.ContainsFunc(wanted, func(w Coding) bool { return w.System == h.System && w.Code == h.Code })
	})
}

// spared tells whether an eligible patient is nevertheless not to be asked.
func (c *chart) spared() bool {
	switch {
	case c.flagged():
		c.decision.because("do-not-ask", "a flag on the patient says not to ask")
		return true
	case c.countsStill():
		c.decision.because("screened-before", "screened within the time that the policy allows between two")
		c.again(c.earlier.At.Add(c.policy.Screening.RescreenAfter.Duration))
		c.referEarlier()
		return true
	}
	return false
}

// flagged tells that an active warning on the patient says not to ask.
func (c *chart) flagged() bool {
	return slices.ContainsFunc(c.Flags, func(f stay.Flag) bool { return f.Status == "active" && anyOf(f.Codes, c.policy.Screening.DoNotAsk) })
}

// LastScreening is the latest of another admission that gave a score; zero: none did.
func LastScreening(s stay.Stay) (last stay.Earlier) {
	for _, e := range s.Before {
		if e.BusinessStatus == Scored && e.At.After(last.At) {
			last = e
		}
	}
	return last
}

// Lies are the locations where a patient is at a time, the latest first: those that
// are active, or do not say, have begun and are not over. An end that is still to come
// is only expected. Of those without a start the Encounter names the latest last.
func Lies(locations []stay.Location, at time.Time) (now []stay.Location) {
	for _, l := range slices.Backward(locations) {
		here := l.Status == "" || l.Status == "active"
		over := !l.End.IsZero() && !l.End.After(at)
		if here && !over && !l.Start.After(at) {
			now = append(now, l)
		}
	}
	slices.SortStableFunc(now, func(a, b stay.Location) int { return b.Start.Compare(a.Start) })
	return now
}

// countsStill tells that the patient was screened so short a time ago that
// nobody asks again.
func (c *chart) countsStill() bool {
	return !c.earlier.At.IsZero() && c.earlier.At.Add(c.policy.Screening.RescreenAfter.Duration).After(c.now)
}

func (c *chart) inpatient(a stay.Admission) bool { return c.policy.AsksClass(a.Classes) }

// AsksClass tells whether the policy asks in Encounters of these classes, any of
// which will do.
func (p *Policy) AsksClass(classes []stay.Code) bool {
	return slices.ContainsFunc(classes, func(have stay.Code) bool {
		return slices.ContainsFunc(p.Screening.Classes, func(asked string) bool { return isClass(asked, have) })
	})
}

// isClass compares as a token search does: a code alone is one of any system.
func isClass(asked string, have stay.Code) bool {
	system, code, named := cutLast(asked, "|")
	if !named {
		return have.Code == asked
	}
	return have.Code == code && have.System == system
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// consider asks for a screening of an admission that nobody has asked about.
func (c *chart) consider() {
	if c.taskRemoved() {
		c.decision.because("task-removed", "the nurse's task was removed by somebody; it is not made again")
		return
	}
	if !c.nextIsDue() || !c.eligible() || c.spared() {
		return
	}
	plan(c, c.newTask(c.due()))
	c.decision.because("ask", "an adult inpatient who has not been asked")
}

// newTask counts on from the tasks and drafts that the admission has had.
func (c *chart) newTask(due time.Time) *Ask {
	ask := &Ask{Due: due, Attempt: c.Attempts() + 1, Draft: c.nextDraft()}
	if c.byPatient() {
		ask.Patient, ask.Due = true, c.now.Add(c.policy.PatientDue())
	}
	return ask
}

// lastDraft is the number of the last response that we have prepared. Where one does not
// say its own, there are at least as many as are there.
func lastDraft(responses []stay.Response) (last int) {
	count := 0
	for _, r := range responses {
		if r.Ours {
			count++
			last = max(last, r.Number)
		}
	}
	return max(last, count)
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
