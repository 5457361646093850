package config

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Routing says who owns the nurse's Task and which team gets the consult. A
// rule for the location comes before one for the service provider, and that
// before the default; each may set one of the two and leave the other. For a
// protected patient Protected comes before all of them.
type Routing struct {
	Default   Owners `mapstructure:"default"`
	Protected Owners `mapstructure:"protected"`
	Rules     []Rule `mapstructure:"rules"`
}

// Owners are parties as Type/id, or as system|value where the server knows
// them only by an identifier. Empty: not set here.
type Owners struct {
	Ward    string `mapstructure:"ward"`
	Liaison string `mapstructure:"liaison"`
}

// Rule routes the admissions of one location or one service provider.
type Rule struct {
	Location        string `mapstructure:"location"`         // Location/id
	ServiceProvider string `mapstructure:"service_provider"` // Organization/id
	Owners          `mapstructure:",squash"`
}

var ruleKeys = []string{"location", "service_provider", "ward", "liaison"}

// Route finds the owners for an admission: locations most specific first.
// Without a ward the service provider owns the nurse's Task.
func (r Routing) Route(locations []string, serviceProvider string) Owners {
	var found Owners
	take := func(o Owners) {
		if found.Ward == "" {
			found.Ward = o.Ward
		}
		if found.Liaison == "" {
			found.Liaison = o.Liaison
		}
	}
	for _, at := range locations {
		for _, rule := range r.Rules {
			if rule.Location != "" && rule.Location == at {
				take(rule.Owners)
			}
		}
	}
	for _, rule := range r.Rules {
		if rule.ServiceProvider != "" && rule.ServiceProvider == serviceProvider {
			take(rule.Owners)
		}
	}
	take(r.Default)
	take(Owners{Ward: serviceProvider})
	return found
}

// Or leaves to others what is not set here.
func (o Owners) Or(others Owners) Owners {
	return Owners{Ward: cmp.Or(o.Ward, others.Ward), Liaison: cmp.Or(o.Liaison, others.Liaison)}
}

var (
	ownerRef    = regexp.MustCompile(`^(Practitioner|PractitionerRole|Organization|CareTeam|HealthcareService)/[A-Za-z0-9.-]{1,64}$`)
	locationRef = regexp.MustCompile(`^Location/[A-Za-z0-9.-]{1,64}$`)
	providerRef = regexp.MustCompile(`^Organization/[A-Za-z0-9.-]{1,64}$`)
)

func (r Routing) validate() error {
	errs := []error{r.Default.validate("routing.default"), r.Protected.validate("routing.protected")}
	for i, rule := range r.Rules {
		at := fmt.Sprintf("routing.rules[%d]", i)
		switch {
		case (rule.Location == "") == (rule.ServiceProvider == ""):
			errs = append(errs, fmt.Errorf("configuration: %s: name either a location or a service_provider", at))
		case rule.Location != "" && !locationRef.MatchString(rule.Location):
			errs = append(errs, fmt.Errorf("configuration: %s.location: must look like Location/id", at))
		case rule.ServiceProvider != "" && !providerRef.MatchString(rule.ServiceProvider):
			errs = append(errs, fmt.Errorf("configuration: %s.service_provider: must look like Organization/id", at))
		case rule.Owners == Owners{}:
			errs = append(errs, fmt.Errorf("configuration: %s: name a ward, a liaison team or both", at))
		}
		errs = append(errs, rule.Owners.validate(at))
	}
	return errors.Join(errs...)
}

func (o Owners) validate(at string) error {
	var errs []error
	for _, p := range []struct{ key, party string }{{"ward", o.Ward}, {"liaison", o.Liaison}} {
		if p.party != "" && !ownerRef.MatchString(p.party) && !identifier(p.party) {
			errs = append(errs, fmt.Errorf("configuration: %s.%s: %q must be a reference such as CareTeam/id or Organization/id, or an identifier system|value", at, p.key, p.party))
		}
	}
	return errors.Join(errs...)
}

func identifier(s string) bool {
	system, value, ok := strings.Cut(s, "|")
	return ok && strings.Contains(system, ":") && value != ""
}

// unknownRuleKeys looks inside the list, where viper does not.
func unknownRuleKeys(rules any) error {
	list, _ := rules.([]any)
	var errs []error
	for i, item := range list {
		fields, ok := item.(map[string]any)
		if !ok {
			errs = append(errs, fmt.Errorf("configuration: routing.rules[%d]: must be a mapping with %v", i, ruleKeys))
			continue
		}
		for k := range fields {
			if !slices.Contains(ruleKeys, k) {
				errs = append(errs, fmt.Errorf("configuration: routing.rules[%d]: unknown key %q; did you mean %q?", i, k, nearest(k, ruleKeys)))
			}
		}
	}
	return errors.Join(errs...)
}

// Parties are those that are named by Type/id, each once.
func (r Routing) Parties() []string {
	var all []string
	for _, owners := range append([]Owners{r.Default, r.Protected}, ownersOf(r.Rules)...) {
		for _, party := range []string{owners.Ward, owners.Liaison} {
			if party != "" && !strings.Contains(party, "|") && !slices.Contains(all, party) {
				all = append(all, party)
			}
		}
	}
	return all
}

func ownersOf(rules []Rule) (all []Owners) {
	for _, rule := range rules {
		all = append(all, rule.Owners)
	}
	return all
}
