package pathway

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Policy is what a hospital approves: who is asked, and what a score leads to.
type Policy struct {
	Version    string     `yaml:"version"`
	Screening  Screening  `yaml:"screening"`
	UnknownSex UnknownSex `yaml:"unknown_sex"`
	Pregnancy  Codings    `yaml:"pregnancy"`
	Tiers      Tiers      `yaml:"tiers"`
	Consult    Codings    `yaml:"consult"`
}

// Screening says who is asked, and by when.
type Screening struct {
	Classes  []string `yaml:"classes"`   // Encounter.class codes
	MinAge   int      `yaml:"min_age"`   // whole years
	DueAfter Duration `yaml:"due_after"` // after admission
}

// Duration is written as 24h or 30m. One that cannot be read is kept for
// validate, which knows the name of the key.
type Duration struct {
	time.Duration
	unread string
}

// UnmarshalText never fails.
func (d *Duration) UnmarshalText(text []byte) error {
	var err error
	if d.Duration, err = time.ParseDuration(string(text)); err != nil {
		d.unread = string(text)
	}
	return nil
}

// positive tells whether the duration can be read and is longer than 0.
func (d Duration) positive() bool { return d.unread == "" && d.Duration > 0 }

// Codings is a list of codes, any of which will do.
type Codings struct {
	Codings []Coding `yaml:"codings"`
}

// Coding is one code of a code system.
type Coding struct {
	System  string `yaml:"system"`
	Code    string `yaml:"code"`
	Display string `yaml:"display"`
}

//go:embed policy.yaml
var defaultPolicy []byte

// DefaultPolicy is the suggestion that tilsyn ships with; each number in
// policy.yaml carries its source.
func DefaultPolicy() *Policy {
	p, err := ParsePolicy(defaultPolicy)
	if err != nil {
		panic("the embedded policy.yaml is broken: " + err.Error()) // a build that no test passes
	}
	return p
}

// ParsePolicy reads a policy strictly: an unknown key, a limit outside 1–12, a
// group of patients without a limit is an error that says where and what.
func ParsePolicy(text []byte) (*Policy, error) {
	var p Policy
	if err := yaml.UnmarshalWithOptions(text, &p, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if err := p.validate(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return &p, nil
}

// The version becomes a code and part of a URI.
var versionPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (p *Policy) validate() error {
	errs := []error{p.Tiers.validate(), p.gaps()}
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(versionPattern.MatchString(p.Version), "version: %q must be 1–64 letters, digits, dots, dashes or underscores", p.Version)
	check(len(p.Screening.Classes) > 0, "screening.classes: name at least one Encounter class, such as IMP")
	check(p.Screening.MinAge >= 0 && p.Screening.MinAge <= 120, "screening.min_age: %d is not an age in years (0–120)", p.Screening.MinAge)
	check(p.Screening.DueAfter.positive(), "screening.due_after: must be a duration longer than 0, such as 24h")
	check(slices.Contains(unknownSexRules, p.UnknownSex), "unknown_sex: %q must be one of %v", p.UnknownSex, unknownSexRules)
	check(len(p.Consult.Codings) > 0, "consult.codings: name at least one code for the consult")
	for name, list := range map[string][]Coding{"pregnancy": p.Pregnancy.Codings, "consult": p.Consult.Codings} {
		for i, c := range list {
			check(c.System != "" && c.Code != "", "%s.codings[%d]: system and code are needed", name, i)
		}
	}
	return errors.Join(errs...)
}

// gaps finds patients for whom no consult limit was written: an age band
// forgotten must not mean that nobody in it is ever referred.
func (p *Policy) gaps() error {
	for _, sex := range []stay.Sex{stay.Female, stay.Male} {
		for age := p.Screening.MinAge; age <= stay.MaxAge; age++ {
			who := person{sex: sex, youngest: age, oldest: age}
			if tier, _ := p.Tiers.of(instrument.MaxScore, who); tier < Consult {
				return fmt.Errorf("tiers: a %s patient of %d has no limit for a consult", sex, age)
			}
		}
	}
	return nil
}
