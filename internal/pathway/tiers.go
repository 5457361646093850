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

// Tier is what a score leads to, the higher the more urgent.
type Tier int

const (
	None    Tier = iota // nothing
	Advice              // brief advice on the ward
	Consult             // a consult by the liaison team, routine
	Urgent              // a consult by the liaison team, urgent
)

func (t Tier) String() string {
	return [...]string{"none", "advice", "consult", "urgent"}[t]
}

// MarshalText writes the tier's code.
func (t Tier) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Tiers are the limits from which each tier begins.
type Tiers struct {
	Advice  []Limit `yaml:"advice"`
	Consult []Limit `yaml:"consult"`
	Urgent  []Limit `yaml:"urgent"`
}

// Limit says from which score a tier begins, and for whom.
type Limit struct {
	Sex      stay.Sex `yaml:"sex"`      // female, male; empty: both
	MinAge   int      `yaml:"min_age"`  // whole years; 0: no lower bound
	MaxAge   int      `yaml:"max_age"`  // whole years, included; 0: no upper bound
	Pregnant bool     `yaml:"pregnant"` // only during pregnancy
	From     int      `yaml:"from"`     // score, 1 to the highest of the instrument
	Source   string   `yaml:"source"`   // where the number comes from
}

// UnknownSex says which limits hold for a patient whose sex is not recorded as
// female or male.
type UnknownSex string

var unknownSexRules = []UnknownSex{"lower", "higher", "female", "male"}

func (ts Tiers) validate(of *instrument.Definition) error {
	var errs []error
	for _, t := range ts.List() {
		for i, l := range t.Limits {
			if err := l.validate(of); err != nil {
				errs = append(errs, fmt.Errorf("tiers.%s[%d]: %w", t.Tier, i, err))
			}
		}
	}
	return errors.Join(errs...)
}

func (l Limit) validate(of *instrument.Definition) error {
	switch {
	case l.From < 1 || l.From > of.Max:
		return fmt.Errorf("from: %d is not a score of 1–%d on %s", l.From, of.Max, of.Title)
	case l.Sex != stay.UnknownSex && l.Sex != stay.Female && l.Sex != stay.Male:
		return fmt.Errorf("sex: %q must be female or male; leave it out for both", l.Sex)
	case l.MinAge < 0 || l.MaxAge < 0 || l.MaxAge != 0 && l.MaxAge < l.MinAge:
		return fmt.Errorf("min_age %d and max_age %d are no age band", l.MinAge, l.MaxAge)
	case l.Pregnant && l.Sex == stay.Male:
		return errors.New("pregnant: leave sex out, or say female")
	case l.Source == "":
		return errors.New("source: say where the number comes from")
	}
	return nil
}

// person is what limits are keyed on. The age is a range where the birth date
// is partial or missing.
type person struct {
	sex              stay.Sex
	youngest, oldest int
	pregnant         bool
}

// Tier is what a score leads to for a patient at a time, and the limit that
// was passed. Whatever is uncertain about the patient's age counts towards
// the higher tier.
func (p *Policy) Tier(score int, patient stay.Patient, at time.Time) (Tier, Limit) {
	who := person{sex: patient.Sex, pregnant: patient.Pregnant}
	who.youngest, who.oldest = patient.Birth.Age(at)
	if who.sex != stay.UnknownSex {
		return p.Tiers.of(score, who)
	}
	return p.unknownSexTier(score, who)
}

func (p *Policy) unknownSexTier(score int, who person) (Tier, Limit) {
	female, male := who, who
	female.sex, male.sex = stay.Female, stay.Male
	f, fLimit := p.Tiers.of(score, female)
	m, mLimit := p.Tiers.of(score, male)
	switch {
	case p.UnknownSex == "female",
		p.UnknownSex == "lower" && f >= m,
		p.UnknownSex == "higher" && f < m:
		return f, fLimit
	}
	return m, mLimit
}

func (ts Tiers) of(score int, who person) (Tier, Limit) {
	for _, t := range slices.Backward(ts.List()) {
		for _, l := range t.Limits {
			if score >= l.From && l.fits(who) {
				return t.Tier, l
			}
		}
	}
	return None, Limit{}
}

func (l Limit) fits(who person) bool {
	return (l.Sex == stay.UnknownSex || l.Sex == who.sex) &&
		(!l.Pregnant || who.pregnant) &&
		who.oldest >= l.MinAge &&
		(l.MaxAge == 0 || who.youngest <= l.MaxAge)
}

// PregnancyMatters tells whether any limit asks for it, so that it need not
// be read where it cannot change anything.
func (p *Policy) PregnancyMatters() bool {
	asks := func(ts Tiers) bool {
		return slices.ContainsFunc(ts.List(), func(t TierLimits) bool {
			return slices.ContainsFunc(t.Limits, func(l Limit) bool { return l.Pregnant })
		})
	}
	asked := asks(p.Tiers) || slices.ContainsFunc(p.Screenings, func(a Asked) bool { return asks(a.Tiers) })
	return asked && len(p.Pregnancy.Codings) > 0
}

// Who says in words for whom a limit holds.
func (l Limit) Who() string {
	words := []string{}
	if l.Pregnant {
		words = append(words, "pregnant")
	}
	switch l.Sex {
	case stay.Female:
		words = append(words, "women")
	case stay.Male:
		words = append(words, "men")
	default:
		words = append(words, "patients")
	}
	switch {
	case l.MinAge > 0 && l.MaxAge > 0:
		words = append(words, fmt.Sprintf("of %d–%d", l.MinAge, l.MaxAge))
	case l.MinAge > 0:
		words = append(words, fmt.Sprintf("of %d and over", l.MinAge))
	case l.MaxAge > 0:
		words = append(words, fmt.Sprintf("up to %d", l.MaxAge))
	}
	return strings.Join(words, " ")
}

// Words says what a tier leads to.
func (t Tier) Words() string {
	return [...]string{"nothing", "brief advice on the ward", "liaison consult, routine", "liaison consult, urgent"}[t]
}

// TierLimits are the limits of one tier.
type TierLimits struct {
	Tier   Tier
	Limits []Limit
}

// List gives the limits from the lowest tier to the highest.
func (ts Tiers) List() []TierLimits {
	return []TierLimits{{Advice, ts.Advice}, {Consult, ts.Consult}, {Urgent, ts.Urgent}}
}

// Words says how a patient of unknown sex is judged.
func (u UnknownSex) Words() string {
	switch u {
	case "lower":
		return "the limits that find more"
	case "higher":
		return "the limits that find fewer"
	}
	return "the limits for " + string(u)
}
