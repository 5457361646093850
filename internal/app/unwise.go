package app

import (
	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/doctor"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// Warnings are what is allowed but unwise in the configuration, and in what
// the policy makes of it.
func Warnings(cfg config.Config, policy *pathway.Policy) []string {
	unwise := cfg.Warnings()
	if everybodys(cfg, policy) {
		unwise = append(unwise, "routing.protected: "+nobodyOfTheirOwn)
	}
	for _, name := range unasked(cfg, policy) {
		unwise = append(unwise, "instruments.dir: "+name+" is asked by no screening of the policy, so it is not published; name it there, or take its folder away")
	}
	for _, odd := range policy.Odd() {
		unwise = append(unwise, "policy: "+odd)
	}
	return unwise
}

const nobodyOfTheirOwn = "names nobody; work about patients whom the policy protects goes to those who get everybody's, without the ward on it"

// everybodys tells that the work about protected patients goes to nobody in
// particular.
func everybodys(cfg config.Config, policy *pathway.Policy) bool {
	return len(policy.Protected.Labels) > 0 && cfg.Routing.Protected == config.Owners{}
}

func (a *App) isDiscreet(found *[]doctor.Finding) {
	if everybodys(a.cfg, a.policy) {
		doctor.Add(found, doctor.Note, "protected patients", "set routing.protected, or protect nobody by the policy", "routing.protected %s", nobodyOfTheirOwn)
	}
}
