package pathway

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about which instruments a policy asks with. What stands above them in the
// file holds for each, until it says otherwise.

// Asked is an instrument that is asked of whom the policy lets be asked at all.
type Asked struct {
	Instrument string `yaml:"instrument"` // its name
	Tiers      Tiers  `yaml:"tiers"`

	MinAge         int       `yaml:"min_age"`         // whole years, where fewer are asked than the policy says
	DueAfter       *Duration `yaml:"due_after"`       // as in Screening
	RescreenAfter  *Duration `yaml:"rescreen_after"`  // as in Screening
	CertainMinimum string    `yaml:"certain_minimum"` // as in Policy
	Next           *Next     `yaml:"next"`
	Performer      string    `yaml:"performer"`   // ByNurse, where nothing is said, ByPatient or PatientThenNurse
	PatientDue     *Duration `yaml:"patient_due"` // how long the ward waits for the patient; DefaultPatientDue where it is not said

	of   *instrument.Definition
	step *Step
}

// Next is what is asked of those alone whose score has reached a tier.
type Next struct {
	Instrument string    `yaml:"instrument"`
	From       string    `yaml:"from"`   // advice or consult
	Within     *Duration `yaml:"within"` // how long a routine consult waits for it; DefaultWithin where it is not said
}

// Step is the same, of the screening that is asked so.
type Step struct {
	After  string // instrument
	From   Tier
	Within time.Duration
}

// DefaultWithin is how long a routine consult waits for the next form.
const DefaultWithin = 4 * time.Hour

// take finds what the screenings ask with. A policy that names none asks AUDIT-C, as all
// did before there were others.
func (p *Policy) take(others []*instrument.Definition) error {
	known := append(slices.Clone(others), instrument.Embedded()...)
	if len(p.Screenings) == 0 {
		p.of = known[slices.IndexFunc(known, func(d *instrument.Definition) bool { return d.Name == stay.AuditC })]
		return nil
	}
	if len(p.Tiers.Advice)+len(p.Tiers.Consult)+len(p.Tiers.Urgent) > 0 {
		return errors.New("tiers: stands beside screenings: move it under the screening whose limits these are")
	}
	var errs []error
	for i := range p.Screenings {
		errs = append(errs, p.Screenings[i].take(i, p.Screenings[:i], known))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := p.link(); err != nil {
		return err
	}
	whole := *p
	p.whole = &whole
	*p = *p.seen(p.Screenings[0])
	return nil
}

// link lets each screening know after which other it is asked.
func (p *Policy) link() error {
	for i, a := range p.Screenings {
		if a.Next == nil {
			continue
		}
		at := slices.IndexFunc(p.Screenings, func(b Asked) bool { return b.Instrument == a.Next.Instrument })
		from := tierOf(a.Next.From, None)
		switch within := a.Next.Within; {
		case at <= i:
			return fmt.Errorf("screenings[%d].next.instrument: %q is none of those below it", i, a.Next.Instrument)
		case p.Screenings[at].step != nil:
			return fmt.Errorf("screenings[%d].next.instrument: %s follows %s already", i, a.Next.Instrument, p.Screenings[at].step.After)
		case from != Advice && from != Consult:
			return fmt.Errorf("screenings[%d].next.from: %q must be advice or consult", i, a.Next.From)
		case within != nil && !within.positive():
			return fmt.Errorf("screenings[%d].next.within: must be a duration longer than 0, such as 4h", i)
		}
		p.Screenings[at].step = &Step{After: a.Instrument, From: from, Within: DefaultWithin}
		if a.Next.Within != nil {
			p.Screenings[at].step.Within = a.Next.Within.Duration
		}
	}
	return nil
}

// Step is after which other screening the one in view is asked; nil: after none.
func (p *Policy) Step() *Step { return p.step }

func (a *Asked) take(i int, before []Asked, known []*instrument.Definition) error {
	at := slices.IndexFunc(known, func(d *instrument.Definition) bool { return d.Name == a.Instrument })
	if at < 0 {
		return fmt.Errorf("screenings[%d].instrument: %q is none of %s, and none of instruments.dir: correct the name, or put a folder of that name there", i, a.Instrument, namesOf(known))
	}
	if slices.ContainsFunc(before, func(b Asked) bool { return b.Instrument == a.Instrument }) {
		return fmt.Errorf("screenings[%d].instrument: %s stands above already", i, a.Instrument)
	}
	a.of = known[at]
	return nil
}

func namesOf(all []*instrument.Definition) string {
	var names []string
	for _, d := range all {
		if !slices.Contains(names, d.Name) {
			names = append(names, d.Name)
		}
	}
	return strings.Join(names, ", ")
}

// Instruments are the names of those that are asked, in order.
func (p *Policy) Instruments() (names []string) {
	for _, d := range p.Definitions() {
		names = append(names, d.Name)
	}
	return names
}

// Definitions are those of the instruments that are asked, in order.
func (p *Policy) Definitions() (all []*instrument.Definition) {
	for _, a := range p.Screenings {
		all = append(all, a.of)
	}
	if len(all) == 0 {
		all = append(all, p.Definition())
	}
	return all
}

// Definition is that of the instrument in view.
func (p *Policy) Definition() *instrument.Definition {
	if p.of == nil {
		return instrument.AuditC()
	}
	return p.of
}

// About is the policy as it is for one instrument; for one that it does not ask with, as
// it is.
func (p *Policy) About(name string) *Policy {
	for _, a := range p.Screenings {
		if a.Instrument == name && name != p.Definition().Name {
			return p.seen(a)
		}
	}
	return p
}

func (p *Policy) seen(a Asked) *Policy {
	seen := *p.whole
	seen.of, seen.step, seen.whole, seen.Tiers = a.of, a.step, p.whole, a.Tiers
	seen.Screening.MinAge = max(a.MinAge, seen.Screening.MinAge)
	if a.DueAfter != nil {
		seen.Screening.DueAfter = *a.DueAfter
	}
	if a.RescreenAfter != nil {
		seen.Screening.RescreenAfter = *a.RescreenAfter
	}
	if a.CertainMinimum != "" {
		seen.CertainMinimum = a.CertainMinimum
	}
	seen.performer, seen.patientDue = a.Performer, DefaultPatientDue
	if a.PatientDue != nil {
		seen.patientDue = a.PatientDue.Duration
	}
	return &seen
}

// Rescreens tells that an earlier screening with any of its instruments may count still.
func (p *Policy) Rescreens() bool {
	return slices.ContainsFunc(p.Instruments(), func(name string) bool { return p.About(name).Screening.RescreenAfter.Duration > 0 })
}

// each gathers what there is to say of the limits of each screening.
func (p *Policy) each(say func(*Policy) []string) (all []string) {
	for i, name := range p.Instruments() {
		for _, text := range say(p.About(name)) {
			if len(p.Screenings) > 0 {
				text = fmt.Sprintf("screenings[%d] (%s): %s", i, name, text)
			}
			all = append(all, text)
		}
	}
	return all
}

// validateScreenings is about the limits of each, and what it says otherwise.
func (p *Policy) validateScreenings() error {
	if len(p.Screenings) == 0 {
		return errors.Join(p.Tiers.validate(p.Definition()), p.gaps())
	}
	var errs []error
	for i, a := range p.Screenings {
		seen := p.seen(a)
		for _, err := range []error{a.validate(), a.Tiers.validate(a.of), seen.gaps()} {
			if err != nil {
				errs = append(errs, fmt.Errorf("screenings[%d] (%s): %w", i, a.Instrument, err))
			}
		}
	}
	return errors.Join(errs...)
}

func (a Asked) validate() error {
	switch {
	case a.MinAge < 0 || a.MinAge > 120:
		return fmt.Errorf("min_age: %d is not an age in years (0–120)", a.MinAge)
	case a.DueAfter != nil && !a.DueAfter.positive():
		return errors.New("due_after: must be a duration longer than 0, such as 24h")
	case a.RescreenAfter != nil && (a.RescreenAfter.unread != "" || a.RescreenAfter.Duration < 0):
		return errors.New("rescreen_after: must be a duration such as 720h, or 0s to ask in every admission")
	case !slices.Contains([]string{"", ByNurse, ByPatient, PatientThenNurse}, a.Performer):
		return fmt.Errorf("performer: %q must be nurse, patient or patient_then_nurse", a.Performer)
	case a.PatientDue != nil && !a.PatientDue.positive():
		return errors.New("patient_due: must be a duration longer than 0, such as 4h")
	case a.PatientDue != nil && !a.patientFirst():
		return errors.New("patient_due: the nurse is asked; take it out, or say performer: patient_then_nurse")
	case !slices.Contains([]string{"", ReferMinimum, IgnoreMinimum}, a.CertainMinimum):
		return fmt.Errorf("certain_minimum: %q must be refer or ignore", a.CertainMinimum)
	}
	return nil
}

// gaps finds patients for whom no consult limit was written: an age band forgotten must
// not mean that nobody in it is ever referred. A further instrument may lead to no consult
// at all.
func (p *Policy) gaps() error {
	further := len(p.Screenings) > 0 && p.Screenings[0].of != p.of
	if further && len(p.Tiers.Consult)+len(p.Tiers.Urgent) == 0 {
		return nil
	}
	for _, sex := range []stay.Sex{stay.Female, stay.Male} {
		for age := p.Screening.MinAge; age <= stay.MaxAge; age++ {
			who := person{sex: sex, youngest: age, oldest: age}
			if tier, _ := p.Tiers.of(p.Definition().Max, who); tier < Consult {
				return fmt.Errorf("tiers: a %s patient of %d has no limit for a consult", sex, age)
			}
		}
	}
	return nil
}
