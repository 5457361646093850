package doctor

import (
	"strings"

	"github.com/tilsyn/tilsyn/fhir"
)

// uses are the types that tilsyn reads, and those of them that it writes.
var uses = []struct {
	typ    string
	writes bool
}{
	{"Encounter", false}, {"Patient", false}, {"Condition", false}, {"Flag", false},
	{"Questionnaire", false}, {"Device", false}, {"CodeSystem", false},
	{"Task", true}, {"QuestionnaireResponse", true}, {"Observation", true}, {"ServiceRequest", true}, {"Provenance", true},
}

// Lacks is what tilsyn cannot do without, or does worse, and the server does not
// say that it does. Batches are not among them: HAPI takes them and does not say
// so, and a server that refuses one is asked in single searches.
// With audit it writes AuditEvents too, and reads none.
func Lacks(caps fhir.Capabilities, audit bool) []string {
	lacks := []string{}
	if !caps.System["transaction"] {
		lacks = append(lacks, "transaction")
	}
	for _, u := range uses {
		if missing := lacksOf(caps.Types[u.typ], u.writes); len(missing) > 0 {
			lacks = append(lacks, u.typ+": "+strings.Join(missing, ", "))
		}
	}
	if audit && !caps.Types["AuditEvent"].Does("create") {
		lacks = append(lacks, "AuditEvent: create")
	}
	for _, name := range []string{"Task:encounter", "QuestionnaireResponse:encounter"} {
		if !caps.RevIncludes[name] {
			lacks = append(lacks, "_revinclude="+name)
		}
	}
	return lacks
}

func lacksOf(typ fhir.Stated, writes bool) (missing []string) {
	need := []string{"read", "search-type"}
	if writes {
		need = append(need, "create", "update")
	}
	for _, interaction := range need {
		if !typ.Does(interaction) {
			missing = append(missing, interaction)
		}
	}
	if writes && !typ.ConditionalCreate {
		missing = append(missing, "conditionalCreate")
	}
	if writes && (typ.Versioning == "" || typ.Versioning == "no-version") {
		missing = append(missing, "versioning")
	}
	return missing
}
