package app

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// Job is what a command is there for: it asks for no more than that takes.
type Job string

// The jobs.
const (
	Serve Job = "serve" // screens
	Setup Job = "setup" // puts on the server what screening needs
	Read  Job = "read"  // reads, and writes nothing
	Try   Job = "try"   // reads, and makes and deletes Tasks that are about nobody
)

// Scopes are the least that a job needs on the FHIR server, in SMART 2: letters
// for create, read, update, delete and search. docs/authorization.md says what each is
// for, and the integration suite compares both with what is sent.
func Scopes(job Job, cfg config.Config, policy *pathway.Policy) []string {
	if job == Setup {
		return setupScopes(cfg.Hook.Enabled)
	}
	needs := map[string]string{
		"CodeSystem": "s", "Device": "s", "Questionnaire": "rs",
		"Encounter": "rs", "Patient": "rs",
		"Task": "rs", "QuestionnaireResponse": "rs",
		"Observation": "rs", "ServiceRequest": "rs", "Provenance": "s",
	}
	if job == Serve { // a create looks first whether the thing is there: s
		for _, typ := range []string{"Task", "QuestionnaireResponse", "Observation", "ServiceRequest"} {
			needs[typ] = "crus"
		}
		needs["Provenance"] = "cs"
	}
	if cfg.Audit.Enabled && job != Read {
		needs["AuditEvent"] = "c"
	}
	if job == Try {
		needs["Task"] = "cruds"
		for _, party := range cfg.Routing.Parties() {
			typ, _, _ := strings.Cut(party, "/")
			needs[typ] = "r"
		}
		if cfg.Hook.Enabled {
			needs["Subscription"] = "s"
		}
	}
	if policy.PregnancyMatters() {
		needs["Condition"] = "s"
	}
	if len(policy.Screening.DoNotAsk) > 0 {
		needs["Flag"] = "s"
	}
	return scopes(needs)
}

// reads tells whether resources of a type are read under this configuration.
func (a *App) reads(typ string) bool {
	return slices.ContainsFunc(Scopes(Read, a.cfg, a.policy), func(scope string) bool {
		return strings.HasPrefix(scope, "system/"+typ+".")
	})
}

func setupScopes(hook bool) []string {
	needs := map[string]string{"CodeSystem": "cs", "Device": "cs", "Questionnaire": "cs"}
	if hook {
		needs["Subscription"] = "cus"
	}
	return scopes(needs)
}

func scopes(needs map[string]string) []string {
	var all []string
	for typ, letters := range needs {
		all = append(all, "system/"+typ+"."+letters)
	}
	slices.Sort(all)
	return all
}

// scopes are those of the configuration, or the least.
func (o Options) scopes() []string {
	if own := strings.Fields(o.Config.FHIR.Auth.Scopes); len(own) > 0 {
		return own
	}
	return Scopes(cmp.Or(o.Job, Serve), o.Config, o.Policy)
}
