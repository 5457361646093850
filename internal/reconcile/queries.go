package reconcile

import (
	"slices"
	"strings"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is every search of a look at one admission. The doctor sends the same.

// Searches are those about an admission and its patient, Patient/id.
func Searches(p *pathway.Policy, admission, patient string) []string {
	q := queries{p}
	all := append([]string{q.admission(admission)}, q.ourWork(admission)...)
	all = append(all, q.background(patient, presents(stay.Stay{Admission: stay.Admission{ID: admission}}, p.Instruments()))...)
	all = append(all, q.spare(patient)...)
	all = append(all, q.unplaced(patient, ""), q.questions(patient))
	all = append(all, q.recordsOf([]string{"QuestionnaireResponse/" + admission})...)
	return append(all, q.order(admission), q.scores(admission))
}

// queries are searches as a policy wants them.
type queries struct{ policy *pathway.Policy }

// admission brings the Encounter with its patient and its parent. What a server
// does not include is read by itself.
func (q queries) admission(id string) string {
	return fhir.Query("Encounter", "_id", id, "_include", "Encounter:subject", "_include", "Encounter:part-of")
}

// ourWork asks for our work in several ways. Includes are cut at 100 or at 10, with
// a word or without one, so none is relied on; and a server that ignores one of
// these parameters, or a person who has written over what one of them asks for,
// must not make it look as if nobody had been asked.
func (q queries) ourWork(id string) []string {
	return []string{
		"Task?" + q.named(id, stay.ScreeningTask, stay.ConsultTask, stay.Advice, stay.Reply),
		fhir.Query("Task", "encounter", "Encounter/"+id, "code", strings.Join(ourCodes, ",")),
		"QuestionnaireResponse?" + q.named(id, stay.Draft),
		fhir.Query("QuestionnaireResponse", "encounter", "Encounter/"+id),
	}
}

// ourCodes are those of our Tasks.
var ourCodes = []string{sdcTemp + "|complete-questionnaire", CodeSystem + "|consult", CodeSystem + "|brief-advice", CodeSystem + "|consult-rejected"}

// anothersAsked is how many Tasks more an admission may have than the policy allows, because
// it had been another patient's. Should there be more, they are found by the Encounter.
const anothersAsked = 3

// named asks for the first so many things of each kind: a token search knows
// no beginnings.
func (q queries) named(id string, kinds ...stay.Kind) string {
	var names []stay.Name
	for _, purpose := range q.purposes(kinds) {
		for n := 1; n <= q.policy.Screening.MaxAttempts+anothersAsked; n++ {
			names = append(names, stay.Name{Purpose: purpose, Admission: id, Number: n})
		}
	}
	return byName(names...)
}

func (q queries) purposes(kinds []stay.Kind) (all []stay.Purpose) {
	for _, kind := range kinds {
		for _, name := range q.policy.Instruments() {
			if purpose := stay.For(kind, name); !slices.Contains(all, purpose) {
				all = append(all, purpose)
			}
		}
	}
	return all
}

// background asks for every consult that the patient has had: the team wants to
// know of the earlier ones too. What was made of the answers of the screening so
// named is asked for by name: the nurse's Task may not know of it.
func (q queries) background(patient string, screenings []stay.Name) []string {
	all := []string{
		fhir.Query("ServiceRequest", "patient", patient, "code", pathway.Tokens(q.policy.Consult.Codings)),
	}
	all = append(all, q.results(screenings)...)
	if q.policy.PregnancyMatters() {
		all = append(all, fhir.Query("Condition", "patient", patient, "code", pathway.Tokens(q.policy.Pregnancy.Codings)))
	}
	return all
}

// results asks by name for what was made of the answers.
func (q queries) results(screenings []stay.Name) []string {
	var consults, scores []stay.Name
	for _, screening := range screenings {
		consult := screening.As(stay.Consult)
		for _, name := range []stay.Name{consult, consult.Next()} {
			if !slices.Contains(consults, name) {
				consults = append(consults, name)
			}
		}
		scores = append(scores, screening.As(stay.Score), screening.As(stay.AtLeast))
	}
	return []string{
		"ServiceRequest?" + byName(consults...),
		"Observation?" + byName(scores...),
	}
}

// recordsOf asks for the Provenances of what was made of these answers: they tell of
// what a person has deleted since.
func (q queries) recordsOf(responses []string) []string {
	if len(responses) == 0 {
		return nil
	}
	return []string{fhir.Query("Provenance", "entity", strings.Join(responses, ","))}
}

// unplaced asks for what a patient has handed in since her admission began: in a portal
// she names none.
func (q queries) unplaced(patient, since string) string {
	query := []string{"patient", patient, "status", "completed,amended"}
	if since != "" {
		query = append(query, "_lastUpdated", "ge"+since)
	}
	return fhir.Query("QuestionnaireResponse", query...)
}

// windowless asks the same of all times: a search that has a window has it last.
func windowless(queries []string) []string {
	open := make([]string, len(queries))
	for i, query := range queries {
		open[i], _, _ = strings.Cut(query, "&_lastUpdated=")
	}
	return open
}

// questions asks for every nurse's Task about a patient.
func (q queries) questions(patient string) string {
	return fhir.Query("Task", "patient", patient, "code", sdcTemp+"|complete-questionnaire")
}

// spare asks for what speaks against asking the patient.
func (q queries) spare(patient string) (all []string) {
	if len(q.policy.Screening.DoNotAsk) > 0 {
		all = append(all, fhir.Query("Flag", "patient", patient))
	}
	if q.policy.Rescreens() {
		all = append(all, q.screened(patient))
	}
	return all
}

// expected is what the last look makes this one need beside the admission.
func (q queries) expected(g guess) (all []string) {
	switch {
	case g.toAsk:
		all = q.spare(g.patient)
	case g.patient != "":
		all = append(q.background(g.patient, g.names()), q.unplaced(g.patient, g.since))
	}
	if id, ok := strings.CutPrefix(g.consult, "ServiceRequest/"); ok {
		all = append(all, q.order(id))
	}
	return all
}

func (q queries) order(id string) string { return fhir.Query("ServiceRequest", "_id", id) }
