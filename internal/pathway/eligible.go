package pathway

import (
	"slices"
	"strings"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// eligible tells whether this admission is to be screened; every no has its
// reason.
func (c *chart) eligible() bool {
	no := func(rule, format string, args ...any) bool {
		c.decision.because(rule, format, args...)
		return false
	}
	a := c.Admission
	youngest, oldest := c.Patient.Birth.Age(c.now)
	switch {
	case !c.inpatient(a):
		return no("not-inpatient", "its class is not one of those the policy asks")
	case c.Parent != nil && c.inpatient(*c.Parent) && !c.Parent.Void():
		return no("part-of", "part of the admission Encounter/%s, which is asked as a whole", c.Parent.ID)
	case a.Status == stay.Finished:
		return no("discharged", "the admission is over")
	case a.Status == stay.Planned && !a.Start.IsZero() && a.Start.Before(c.now):
		return no("planned-late", "planned, and the start has passed; the patient may be here without anybody having said so")
	case !a.Present():
		return no("not-arrived", "the patient is not in the hospital")
	case c.Patient.Ref == "":
		return no("no-patient", "the admission names no patient of this server")
	case oldest < c.policy.Screening.MinAge:
		return no("too-young", "younger than %d", c.policy.Screening.MinAge)
	case c.excluded():
		return no("excluded", "the policy excludes this location or service")
	case youngest < c.policy.Screening.MinAge:
		c.decision.because("age-uncertain", "the birth date leaves open whether the patient is %d; asked", c.policy.Screening.MinAge)
	}
	if c.DiedBefore() {
		c.decision.because("death-contradicted", "the date of death lies before the admission: somebody is in the bed; asked")
	}
	return true
}

// excluded tells whether the policy leaves this ward or service out.
func (c *chart) excluded() bool {
	for _, at := range c.Admission.Locations {
		if slices.Contains(c.policy.Screening.ExcludedLocations, at) {
			return true
		}
	}
	return anyOf(c.Admission.ServiceTypes, c.policy.Screening.ExcludedServiceTypes)
}

func anyOf(have []stay.Code, wanted []Coding) bool {
	return slices.ContainsFunc(have, func(h stay.Code) bool {
		return slices.ContainsFunc(wanted, func(w Coding) bool { return w.System == h.System && w.Code == h.Code })
	})
}

// spared tells whether an eligible patient is nevertheless not to be asked.
func (c *chart) spared() bool {
	switch {
	case anyOf(c.Flags, c.policy.Screening.DoNotAsk):
		c.decision.because("do-not-ask", "a flag on the patient says not to ask")
		return true
	case c.countsStill():
		c.decision.because("screened-before", "screened within the time that the policy allows between two")
		c.look(c.Before.At.Add(c.policy.Screening.RescreenAfter.Duration))
		c.referEarlier()
		return true
	}
	return false
}

// countsStill tells that the patient was screened so short a time ago that
// nobody asks again.
func (c *chart) countsStill() bool {
	return !c.Before.At.IsZero() && c.Before.At.Add(c.policy.Screening.RescreenAfter.Duration).After(c.now)
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
