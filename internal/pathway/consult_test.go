package pathway_test

import (
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// consultCases are about the one consult of an admission, and the advice.
func consultCases(t testing.TB) map[string]stay.Stay {
	return map[string]stay.Stay{
		"team/silent, cancelled by a clinician":    picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "revoked"), team("requested", made(25*time.Hour)), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/accepted":                            picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "active"), team("accepted"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/completed":                           picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "active"), team("completed"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/completed, carried":                  picture(asked("completed", judged(2), wasScored, hadConsult, carried("completed")), before([3]int{2, 1, 1}, "completed"), team("completed"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/rejected":                            picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "active"), team("rejected"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/takes it up again":                   picture(asked("completed", judged(2), wasScored, hadConsult, carried("rejected")), before([3]int{2, 1, 1}, "revoked"), team("accepted"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/completed, cancelled by a clinician": picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "revoked"), team("completed"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"consult/already ordered":                  picture(ordered, asked("requested"), answered(t, "r1", "completed", []int{4, 4, 4})),
		"consult/already ordered, below the limit": picture(ordered, asked("requested"), answered(t, "r1", "completed", []int{1, 0, 0})),
		"team/silent for an hour":                  picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "active"), team("requested", made(time.Hour)), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/silent for a day":                    picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "active"), team("requested", made(25*time.Hour)), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/silent, urgent":                      picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{4, 4, 4}, "active"), team("requested", made(5*time.Hour), hurried), answered(t, "r1", "completed", []int{4, 4, 4})),
		"team/silent, raised":                      picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "active"), team("requested", made(50*time.Hour), raised(1)), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/order cancelled by a clinician":      picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "revoked"), team("requested", made(time.Hour)), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/order cancelled, begun":              picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "revoked"), team("accepted"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/order cancelled, told":               picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "revoked"), team("accepted", told("order-ended")), answered(t, "r1", "completed", []int{2, 1, 1})),
		"advice/up to a consult":                   picture(asked("completed", judged(1), wasScored, hadAdvice), before([3]int{1, 1, 1}, ""), advice("requested"), answered(t, "r1", "amended", []int{4, 4, 4})),
		"advice/down":                              picture(asked("completed", judged(1), wasScored, hadAdvice), before([3]int{1, 1, 1}, ""), advice("requested"), answered(t, "r1", "amended", []int{0})),
		"advice/up again":                          picture(asked("completed", judged(1), wasScored, hadAdvice), before([3]int{0, 0, 0}, ""), advice("cancelled", because("corrected")), answered(t, "r1", "amended", []int{1, 1, 1})),
		"advice/given, answers changed":            picture(asked("completed", judged(1), wasScored, hadAdvice), before([3]int{1, 1, 1}, ""), advice("completed"), answered(t, "r1", "amended", []int{2, 1, 0})),
		"advice/removed, answers changed":          picture(asked("completed", judged(1), wasScored, hadAdvice), before([3]int{1, 1, 1}, ""), answered(t, "r1", "amended", []int{2, 1, 0})),
		"advice/waits":                             picture(asked("completed", judged(2), wasScored, hadAdvice), advice("requested"), answered(t, "r1", "completed", []int{1, 1, 1})),
		"advice/gone home":                         picture(leftAgo(time.Hour), asked("completed", judged(2), wasScored, hadAdvice), advice("requested"), answered(t, "r1", "completed", []int{1, 1, 1})),
		"advice/back again":                        picture(asked("completed", judged(2), wasScored, hadAdvice), advice("cancelled", because("discharged")), answered(t, "r1", "completed", []int{1, 1, 1})),
		"advice/dead":                              picture(deceased, asked("completed", judged(2), wasScored, hadAdvice), advice("requested"), answered(t, "r1", "completed", []int{1, 1, 1})),
		"advice/void":                              picture(status(stay.Cancelled), asked("completed", judged(2), wasScored, hadAdvice), before([3]int{1, 1, 1}, ""), advice("requested"), answered(t, "r1", "completed", []int{1, 1, 1})),
		"advice/answers in error":                  picture(asked("completed", judged(1), wasScored, hadAdvice), before([3]int{1, 1, 1}, ""), advice("requested"), answered(t, "r1", "entered-in-error", []int{1, 1, 1})),
		"advice/incomplete now":                    picture(asked("completed", judged(1), wasScored, hadAdvice), before([3]int{1, 1, 1}, ""), advice("in-progress"), answered(t, "r1", "amended", []int{1, 1})),
		"advice/invalid now":                       picture(asked("completed", judged(1), wasScored, hadAdvice), before([3]int{1, 1, 1}, ""), advice("requested"), answered(t, "r1", "amended", []int{1, 1, -1})),
		"advice/declined now":                      picture(asked("completed", judged(1), wasScored, hadAdvice), before([3]int{1, 1, 1}, ""), advice("requested"), answered(t, "r1", "amended", nil, declining(t))),
		"advice/given, answers in error":           picture(asked("completed", judged(1), wasScored, hadAdvice), before([3]int{1, 1, 1}, ""), advice("completed"), answered(t, "r1", "entered-in-error", []int{1, 1, 1})),
		"advice/answered again":                    picture(asked("requested", judged(1), wasScored, takenBack, hadAdvice), before([3]int{1, 1, 1}, ""), advice("cancelled", because("withdrawn")), answered(t, "r1", "completed", []int{1, 1, 1})),
		"advice/transfer":                          picture(lies("Location/b"), asked("completed", judged(2), wasScored, hadAdvice, was("Location/a")), advice("requested", was("Location/a")), answered(t, "r1", "completed", []int{1, 1, 1})),
	}
}
