package intake

import (
	"net/url"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
)

// This file is every search of the poller and the census. The doctor sends the same.

const pageSize = "200"

// openStatuses are those of a patient who is in the hospital.
const openStatuses = "arrived,triaged,in-progress,onleave"

// aWeek is how far back a planned admission is counted as late, and one that
// has ended as left.
const aWeek = 7 * 24 * time.Hour

// Searches are those that a round of the poller and the census send, with a patient
// who changed.
func (n Names) Searches(now time.Time, patient string) []string {
	var all []string
	for _, typ := range polled {
		all = append(all, n.newest(typ), n.since(typ, span{from: now}))
	}
	for _, query := range append(n.openWork(), n.admissions()) {
		all = append(all, with(query, "_count", pageSize))
	}
	if n.Pregnancy != "" {
		all = append(all, n.pregnancies(now))
	}
	return append(all, n.plannedLate(now), n.left(now), n.open(), n.admissionsOf([]string{patient}), n.questionsOf([]string{patient}))
}

// only are the parameters that bound what is read of a type.
func (n Names) only(typ string) string {
	switch typ {
	case "ServiceRequest": // a clinician's consult, or what she did with ours
		return "code=" + url.QueryEscape(n.Consults)
	case "Patient": // a death, two records merged; nothing else of them is read
		return "_elements=id,meta"
	}
	return ""
}

// all of a type that may be of interest.
func (n Names) all(typ string) string {
	if only := n.only(typ); only != "" {
		return typ + "?" + only
	}
	return typ
}

// newest asks for what was written last.
func (n Names) newest(typ string) string {
	return with(n.all(typ), "_sort", "-_lastUpdated", "_count", "1")
}

// since asks for what was written in a span, the oldest first.
func (n Names) since(typ string, s span) string { return s.query(n.all(typ), pageSize, false) }

func (n Names) admissions() string {
	return fhir.Query("Encounter", "class", strings.Join(n.Classes, ","), "status", openStatuses)
}

// open asks for all Encounters with somebody in the hospital, whatever their class.
func (n Names) open() string {
	return fhir.Query("Encounter", "status", openStatuses, "_elements", "id,class,status", "_count", pageSize)
}

// admissionsOf asks for the open admissions of patients.
func (n Names) admissionsOf(patients []string) string {
	return fhir.Query("Encounter", "patient", strings.Join(patients, ","), "class", strings.Join(n.Classes, ","),
		"status", openStatuses, "_count", pageSize)
}

// pregnancies asks for what was recorded of any patient since a moment.
func (n Names) pregnancies(since time.Time) string {
	return fhir.Query("Condition", "code", n.Pregnancy, "_lastUpdated", "ge"+*fhir.Instant(since), "_elements", "id,meta,subject,code", "_count", pageSize)
}

// questionsOf asks for the Tasks in which patients were asked, open or not.
func (n Names) questionsOf(patients []string) string {
	return fhir.Query("Task", "patient", strings.Join(patients, ","), "code", "complete-questionnaire", "_count", pageSize)
}

func (n Names) plannedLate(now time.Time) string {
	return fhir.Query("Encounter", "class", strings.Join(n.Classes, ","), "status", "planned",
		"date", "ge"+*fhir.Instant(now.Add(-aWeek)), "date", "lt"+*fhir.Instant(now), "_count", pageSize)
}

func (n Names) left(now time.Time) string {
	return fhir.Query("Encounter", "class", strings.Join(n.Classes, ","), "status", "finished",
		"date", "ge"+*fhir.Instant(now.Add(-aWeek)), "_count", pageSize)
}

// openWork looks for our tasks twice: by what we wrote on them, and by their
// status where the ward's system put its own business status over ours; and for
// our forms that somebody has begun on when the stay ended.
func (n Names) openWork() []string {
	codes := make([]string, 0, len(n.Unfinished))
	for _, code := range n.Unfinished {
		codes = append(codes, n.CodeSystem+"|"+code)
	}
	return []string{
		fhir.Query("Task", "business-status", strings.Join(codes, ",")),
		fhir.Query("Task", "code", "complete-questionnaire,"+n.CodeSystem+"|brief-advice,"+n.CodeSystem+"|consult,"+n.CodeSystem+"|consult-rejected",
			"status", "requested,received,accepted,ready,in-progress,on-hold"),
		fhir.Query("QuestionnaireResponse", "identifier", n.IdentifierSystem+"|", "status", "in-progress"),
	}
}

// span is from when to when something was last written; zero: open.
type span struct{ from, to time.Time }

// query asks for a part of what another search finds, in the order of time.
func (s span) query(of, count string, newestFirst bool) string {
	order := "_lastUpdated"
	if newestFirst {
		order = "-_lastUpdated"
	}
	return with(of, append(s.parameters(), "_sort", order, "_count", count)...)
}

func (s span) parameters() (parameters []string) {
	if !s.from.IsZero() {
		parameters = append(parameters, "_lastUpdated", "ge"+*fhir.Instant(s.from))
	}
	if !s.to.IsZero() {
		parameters = append(parameters, "_lastUpdated", "le"+*fhir.Instant(s.to.Add(time.Millisecond))) // an instant is cut to the millisecond
	}
	return parameters
}

// with adds parameters to a search.
func with(query string, parameters ...string) string {
	more := fhir.Query("", parameters...)
	if strings.Contains(query, "?") {
		more = "&" + more[1:]
	}
	return query + more
}
