package pathway_test

import (
	"testing"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// halfCases are about what a server left out of a transaction. Each has a twin in
// which a person deleted the same thing.
func halfCases(t testing.TB) map[string]stay.Stay {
	return map[string]stay.Stay{
		"half/the nurse's task":              picture(answered(t, "r1", "in-progress", nil, noTask)),
		"half/the nurse's task, of two":      picture(answered(t, "r1", "stopped", nil), answered(t, "r2", "in-progress", nil, ours, second, noTask)),
		"half/the first task's form":         picture(answered(t, "r1", "stopped", nil, noTask), answered(t, "r2", "in-progress", nil, ours, second)),
		"half/the form":                      picture(asked("requested", answers(""), noResponse)),
		"half/the form, made since":          picture(asked("requested", answers(""), noResponse), draft(t)),
		"half/the form, gone home":           picture(status(stay.Finished), asked("requested", answers(""), noResponse)),
		"half/the form, deleted":             picture(asked("requested")),
		"half/the form, the last is stopped": picture(asked("requested", answers(""), noResponse), answered(t, "r1", "stopped", nil)),
		"half/the score":                     picture(asked("completed", judged(2), business("scored"), noResult), answered(t, "r1", "completed", []int{1, 0, 0})),
		"half/the score, deleted":            picture(asked("completed", judged(2), wasScored), answered(t, "r1", "completed", []int{1, 0, 0})),
		"half/the order":                     picture(asked("completed", judged(2), wasScored, noResult, carried("requested")), before([3]int{2, 1, 1}, ""), team("requested"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"half/the order, made since":         picture(asked("completed", judged(2), wasScored, noResult, carried("requested")), before([3]int{2, 1, 1}, "active"), team("requested"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"half/the advice":                    picture(asked("completed", judged(2), wasScored, noResult), before([3]int{2, 1, 0}, ""), answered(t, "r1", "completed", []int{2, 1, 0})),
		"half/the team's task":               picture(asked("completed", judged(2), wasScored, hadConsult, carried("requested")), before([3]int{2, 1, 1}, "active"), unassigned, answered(t, "r1", "completed", []int{2, 1, 1})),
		"half/the team's task, urgent":       picture(asked("completed", judged(2), wasScored, hadConsult, carried("requested")), before([3]int{4, 4, 4}, "active"), unassigned, hurry, answered(t, "r1", "completed", []int{4, 4, 4})),
		"half/the team's task, deleted":      picture(asked("completed", judged(2), wasScored, hadConsult, carried("requested")), before([3]int{2, 1, 1}, "active"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"half/the team's task, revoked":      picture(asked("completed", judged(2), wasScored, hadConsult, carried("requested")), before([3]int{2, 1, 1}, "revoked"), unassigned, answered(t, "r1", "completed", []int{2, 1, 1})),
		"half/the team's task, died":         picture(deceased, asked("completed", judged(2), wasScored, hadConsult, carried("requested")), before([3]int{2, 1, 1}, "active"), unassigned, answered(t, "r1", "completed", []int{2, 1, 1})),
		"half/the nurse's task says nothing": picture(asked("requested"), before([3]int{2, 1, 1}, "active"), team("requested"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"half/nor of other answers":          picture(asked("requested"), before([3]int{4, 4, 4}, "active"), team("requested"), answered(t, "r1", "completed", []int{2, 1, 1})),
	}
}

func noTask(r *stay.Response) { r.NoTask = true }
func second(r *stay.Response) { r.Number = 2 }
func noResponse(t *stay.Task) { t.NoResponse = true }
func noResult(t *stay.Task)   { t.NoResult = true }
func unassigned(s *stay.Stay) { s.Consult.NoTask = true }
func hurry(s *stay.Stay)      { s.Consult.Priority = "urgent" }
