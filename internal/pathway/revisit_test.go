package pathway_test

import (
	"testing"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// revisitCases are about answers that change, and scores that no longer hold.
func revisitCases(t testing.TB) map[string]stay.Stay {
	return map[string]stay.Stay{
		"amend/up":                                  picture(asked("completed", judged(1), wasScored), before([3]int{1, 0, 0}, ""), answered(t, "r1", "amended", []int{2, 1, 1})),
		"amend/down, untouched":                     picture(asked("completed", judged(1), wasScored), before([3]int{4, 4, 4}, "active"), team("requested"), answered(t, "r1", "amended", []int{1, 0, 0})),
		"amend/down, begun":                         picture(asked("completed", judged(1), wasScored), before([3]int{4, 4, 4}, "active"), team("accepted"), answered(t, "r1", "amended", []int{1, 0, 0})),
		"amend/up again":                            picture(asked("completed", judged(1), wasScored), before([3]int{1, 0, 0}, "revoked"), team("cancelled", because("corrected")), answered(t, "r1", "amended", []int{4, 4, 4})),
		"amend/higher":                              picture(asked("completed", judged(1), wasScored), before([3]int{2, 1, 1}, "active"), team("requested"), answered(t, "r1", "amended", []int{4, 4, 4})),
		"amend/higher, begun":                       picture(asked("completed", judged(1), wasScored), before([3]int{2, 1, 1}, "active"), team("in-progress"), answered(t, "r1", "amended", []int{4, 4, 4})),
		"amend/saved again":                         picture(asked("completed", judged(1), wasScored, hadConsult), before([3]int{2, 1, 1}, "revoked"), team("cancelled", because("order-ended")), answered(t, "r1", "amended", []int{2, 1, 1})),
		"amend/to incomplete":                       picture(asked("completed", judged(1), wasScored), before([3]int{2, 1, 1}, "active"), team("requested"), answered(t, "r1", "amended", []int{2, 1})),
		"amend/after a deleted consult":             picture(asked("completed", judged(1), wasScored, hadConsult), before([3]int{2, 1, 1}, ""), answered(t, "r1", "amended", []int{4, 4, 4})),
		"withdraw/answers":                          picture(asked("completed", judged(1), wasScored), before([3]int{2, 1, 1}, "active"), team("requested"), answered(t, "r1", "entered-in-error", []int{2, 1, 1})),
		"withdraw/answers, begun":                   picture(asked("completed", judged(1), wasScored), before([3]int{2, 1, 1}, "active"), team("accepted"), answered(t, "r1", "entered-in-error", []int{2, 1, 1})),
		"withdraw/answers, declined before":         picture(asked("completed", judged(1), wasScored, closedForGood), before([3]int{2, 1, 1}, "active"), team("requested"), answered(t, "r1", "entered-in-error", []int{2, 1, 1})),
		"withdraw/answers, declined before, seen":   picture(asked("completed", wasScored, takenBack, closedForGood, business("withdrawn")), withdrawnResults, answered(t, "r1", "entered-in-error", []int{2, 1, 1})),
		"amend/to incomplete, declined before":      picture(asked("completed", judged(1), wasScored, closedForGood), before([3]int{2, 1, 1}, "active"), team("requested"), answered(t, "r1", "amended", []int{2, 1})),
		"nurse/declined, then answered elsewhere":   picture(asked("rejected", business("declined")), answered(t, "r1", "completed", []int{1, 0, 0})),
		"nurse/unable, then answered elsewhere":     picture(asked("rejected", because("delirious")), answered(t, "r1", "completed", []int{1, 0, 0})),
		"nurse/declined in the form, then answered": picture(asked("rejected", judged(1), business("declined"), because("declined")), answered(t, "r1", "amended", []int{1, 0, 0})),
		"withdraw/answers, gone home":               picture(status(stay.Finished), asked("completed", judged(1), wasScored), before([3]int{2, 1, 1}, "active"), team("requested"), answered(t, "r1", "entered-in-error", []int{2, 1, 1})),
		"withdraw/admission":                        picture(status(stay.EnteredInError), asked("completed", judged(2), wasScored), before([3]int{2, 1, 1}, "active"), team("requested"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"withdraw/admission, seen":                  picture(status(stay.EnteredInError), asked("completed", wasScored, takenBack, business("admission-cancelled")), answered(t, "r1", "completed", []int{2, 1, 1})),
		"withdraw/admission goes on":                picture(asked("completed", wasScored, takenBack, business("admission-cancelled")), withdrawnResults, answered(t, "r1", "completed", []int{2, 1, 1})),
		"withdraw/death":                            picture(deceased, asked("completed", judged(2), wasScored), before([3]int{2, 1, 1}, "active"), team("requested"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"withdraw/answered when asked again": picture(asked("rejected", judged(1), wasScored, takenBack, hadConsult, business("unable")), asked("requested", answers("QuestionnaireResponse/r2")),
			withdrawnResults, team("cancelled", because("withdrawn")), answered(t, "r1", "entered-in-error", []int{2, 1, 1}), answered(t, "r2", "completed", []int{4, 4, 4}, ours)),
	}
}
