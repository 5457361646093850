package simulate_test

import (
	"fmt"
	"time"
)

// pregnancy puts it on record.
func (h *hospital) pregnancy(patient string) {
	h.ehr.create("Condition", fmt.Sprintf(`"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},`+
		`"code":{"coding":[{"system":"http://snomed.info/sct","code":"77386006"}]},"subject":{"reference":%q}`, patient))
}

// conceived: that some are pregnant is found out while they lie here, before somebody has
// asked them or after.
func (h *hospital) conceived(s *stay, stays time.Duration) {
	c := draw(h.sim.seed, "pregnancy", number(int64(s.n))) // of its own: the rest of the course is as it was
	if s.sex == "male" || s.age < 18 || s.age >= 45 || s.pregnant || !c.happens(0.5) {
		return
	}
	h.in(c.between(0, stays), func() {
		if s.over || !s.present() || s.nobody || s.pregnant {
			return
		}
		h.pregnancy(s.patient.ref)
		h.sim.conceived(s.patient.ref)
		for _, o := range h.stays {
			if o.patient.ref == s.patient.ref {
				o.pregnant, o.found = true, time.Now()
			}
		}
	})
}

// aware tells whether what was made of her answers knows of her pregnancy: it was on
// record when they last changed, or a census came while she was here.
func (s *stay) aware() verdict {
	a := s.counts()
	switch until := later(s.left, s.found); {
	case !s.pregnant:
		return no
	case s.found.IsZero():
		return yes
	case a != nil && a.changed.After(s.found) && !s.pace.near(a.changed, s.found):
		return yes
	case s.heard(until):
		return yes
	case !s.present() && s.left.Before(s.found) && (a == nil || !s.pace.near(a.changed, s.found)):
		return no
	}
	return either
}

// heard tells that a census came before she left, or since.
func (s *stay) heard(until time.Time) bool {
	if s.present() && !s.dead && s.left.Before(s.found) {
		until = time.Now()
	}
	return s.pace.apart(until, s.found) >= s.pace.noticed+s.pace.census
}

// expected is what must stand for an admission when everything has settled. Where nobody
// can say whether a pregnancy was known of, it is what follows in both cases.
func (s *stay) expected() want {
	unaware := *s
	unaware.pregnant = false
	known, unknown := s.follows(), unaware.follows()
	switch s.aware() {
	case yes:
		return known
	case no:
		return unknown
	}
	if known.consult != unknown.consult {
		known.consult = either
	}
	if known.advice != unknown.advice {
		known.advice = either
	}
	return known
}
