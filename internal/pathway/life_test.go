package pathway_test

import (
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// lifeCases are about ends, reopenings, transfers and merges.
func lifeCases(t testing.TB) map[string]stay.Stay {
	return map[string]stay.Stay{
		"end/discharged":                    picture(status(stay.Finished), asked("requested"), draft(t)),
		"end/discharged, begun":             picture(status(stay.Finished), asked("requested"), begun(t)),
		"end/discharged, already ended":     picture(status(stay.Finished), asked("cancelled", business("discharged")), answered(t, "r1", "stopped", nil)),
		"end/cancelled":                     picture(status(stay.Cancelled), asked("requested"), draft(t)),
		"end/entered in error, answered":    picture(status(stay.EnteredInError), asked("requested"), answered(t, "r1", "completed", []int{4, 4, 4})),
		"end/deceased":                      picture(deceased, asked("requested"), draft(t)),
		"end/deceased, answered":            picture(deceased, asked("requested"), answered(t, "r1", "completed", []int{4, 4, 4})),
		"end/rejected, then discharged":     picture(status(stay.Finished), asked("rejected"), draft(t)),
		"reopen/discharge cancelled":        picture(asked("cancelled", business("discharged")), answered(t, "r1", "stopped", nil)),
		"reopen/discharge cancelled, begun": picture(asked("cancelled", business("discharged")), begun(t)),
		"transfer/asked":                    picture(lies("Location/b"), asked("requested", was("Location/a")), draft(t)),
		"transfer/closed":                   picture(lies("Location/b"), asked("completed", judged(2), wasScored, was("Location/a")), answered(t, "r1", "completed", []int{0})),
		"transfer/stays":                    picture(lies("Location/a"), asked("in-progress", was("Location/a")), begun(t)),
		"end/discharged, begun, seen":       picture(leftAgo(time.Hour), asked("cancelled", business("discharged")), begun(t)),
		"end/grace over":                    picture(leftAgo(25*time.Hour), asked("cancelled", business("discharged")), begun(t)),
		"end/grace over, seen":              picture(leftAgo(25*time.Hour), asked("cancelled", business("discharged")), answered(t, "r1", "stopped", []int{3})),
		"reopen/after the grace":            picture(asked("cancelled", business("discharged")), answered(t, "r1", "stopped", []int{3})),
		"withdraw/death, team has begun":    picture(deceased, asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "active"), team("accepted"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"withdraw/death, team was told":     picture(deceased, asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "active"), team("accepted", told("deceased")), answered(t, "r1", "completed", []int{2, 1, 1})),
		"merge/asked":                       picture(formerly("Patient/p0"), asked("requested", whose("Patient/p0")), answered(t, "r1", "in-progress", nil, about("Patient/p0"))),
		"merge/referred":                    picture(formerly("Patient/p0"), asked("completed", judged(2), wasScored, hadConsult, whose("Patient/p0")), before([3]int{2, 1, 1}, "active"), team("accepted", whose("Patient/p0")), answered(t, "r1", "completed", []int{2, 1, 1}, about("Patient/p0"))),
		"merge/answered on the old record":  picture(formerly("Patient/p0"), asked("requested", whose("Patient/p1")), answered(t, "r1", "completed", []int{2, 1, 1}, about("Patient/p0"))),
		"merge/another person, asked":       picture(asked("requested", whose("Patient/p0")), answered(t, "r1", "in-progress", nil, about("Patient/p0"))),
		"merge/another person, begun":       picture(asked("in-progress", whose("Patient/p0")), answered(t, "r1", "in-progress", []int{3}, about("Patient/p0"))),
		"merge/another person, referred":    picture(asked("completed", judged(2), wasScored, hadConsult, whose("Patient/p0")), before([3]int{2, 1, 1}, "active"), team("requested", whose("Patient/p0")), answered(t, "r1", "completed", []int{2, 1, 1}, about("Patient/p0"))),
		"merge/another person, put aside":   picture(asked("completed", judged(2), wasScored, takenBack, business("patient-changed"), whose("Patient/p0")), answered(t, "r1", "completed", []int{2, 1, 1}, about("Patient/p0"))),
		"merge/another person, asked anew":  picture(asked("completed", judged(2), wasScored, takenBack, business("patient-changed"), whose("Patient/p0")), answered(t, "r1", "completed", []int{2, 1, 1}, about("Patient/p0")), asked("requested", whose("Patient/p1"), answers("QuestionnaireResponse/r2")), answered(t, "r2", "completed", []int{0}, ours)),
		"duplicate/asked twice":             picture(asked("requested"), draft(t), twin("requested"), answered(t, "r9", "in-progress", nil, ours)),
		"duplicate/the other was answered":  picture(asked("requested"), draft(t), twin("requested"), answered(t, "r9", "completed", []int{0}, ours)),
		"duplicate/sorted out":              picture(asked("requested"), draft(t), twin("entered-in-error"), answered(t, "r9", "entered-in-error", nil, ours)),
		"duplicate/referred twice":          picture(asked("completed", judged(2), wasScored, hadConsult), team("requested", focus("ServiceRequest/s1")), twin("completed", hadOther), team("accepted", focus("ServiceRequest/s9"), named("Task/t8")), answered(t, "r2", "completed", []int{4, 4, 4})),
	}
}
