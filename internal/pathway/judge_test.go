package pathway_test

import (
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// judgeCases are about answers that come back.
func judgeCases(t testing.TB) map[string]stay.Stay {
	return map[string]stay.Stay{
		"judge/0":                                  picture(asked("requested"), answered(t, "r1", "completed", []int{0})),
		"judge/advice":                             picture(asked("requested"), answered(t, "r1", "completed", []int{1, 1, 1})),
		"judge/consult":                            picture(asked("requested"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"judge/urgent":                             picture(asked("requested"), answered(t, "r1", "completed", []int{4, 4, 4})),
		"judge/pregnant":                           picture(expecting, asked("requested"), answered(t, "r1", "completed", []int{1, 0, 0})),
		"judge/after discharge":                    picture(status(stay.Finished), asked("cancelled"), answered(t, "r1", "completed", []int{2, 2, 2})),
		"judge/stale answers":                      picture(asked("requested"), answered(t, "r1", "completed", []int{0, 4, 4})),
		"judge/incomplete":                         picture(asked("requested"), answered(t, "r1", "completed", []int{3, 2})),
		"judge/incomplete, seen":                   picture(asked("requested", judged(2)), answered(t, "r1", "completed", []int{3, 2})),
		"judge/incomplete, closed":                 picture(asked("completed"), answered(t, "r1", "in-progress", []int{3, 2})),
		"judge/incomplete, closed again":           picture(asked("completed", judged(2)), answered(t, "r1", "in-progress", []int{3, 2})),
		"judge/incomplete, going home":             picture(status(stay.Finished), asked("in-progress", judged(2), business("incomplete")), answered(t, "r1", "in-progress", []int{3, 2})),
		"judge/incomplete, closed on the way home": picture(status(stay.Finished), asked("completed"), answered(t, "r1", "in-progress", []int{3, 2})),
		"judge/incomplete after going home":        picture(status(stay.Finished), asked("cancelled", business("discharged")), answered(t, "r1", "completed", []int{3, 2})),
		"judge/incomplete, gone home":              picture(status(stay.Finished), asked("cancelled", judged(2)), answered(t, "r1", "completed", []int{3, 2})),
		"judge/invalid":                            picture(asked("requested"), answered(t, "r1", "completed", []int{3, -1, 2})),
		"judge/form not on the server":             picture(asked("requested"), answered(t, "r1", "completed", []int{3, 2, 2}, ofLostForm)),
		"judge/form still not on the server":       picture(asked("requested", business("invalid")), answered(t, "r1", "completed", []int{3, 2, 2}, ofLostForm)),
		"judge/form now on the server":             picture(asked("requested", business("invalid")), answered(t, "r1", "completed", []int{3, 2, 2})),
		"judge/another patient":                    picture(asked("requested"), answered(t, "r1", "completed", []int{4, 4, 4}, about("Patient/p2"))),
		"judge/names no patient":                   picture(asked("requested"), answered(t, "r1", "completed", []int{4, 4, 4}, about(""))),
		"judge/handed in by task":                  picture(asked("completed"), answered(t, "r1", "in-progress", []int{2, 1, 1})),
		"judge/scored":                             picture(asked("completed", judged(2), wasScored), answered(t, "r1", "completed", []int{2, 1, 1})),
		"judge/after discharge, on record only":    picture(status(stay.Finished), asked("cancelled"), answered(t, "r1", "completed", []int{2, 2, 2})),
		"judge/withdrawn":                          picture(asked("requested"), answered(t, "r1", "entered-in-error", []int{2, 1, 1})),
		"judge/another screen's response":          picture(asked("requested"), draft(t), answered(t, "r2", "completed", []int{2, 1, 1})),
		"judge/two, the newest counts":             picture(asked("requested"), answered(t, "r1", "completed", []int{4, 4, 4}, at(-time.Hour)), answered(t, "r2", "completed", []int{1, 0, 0})),
		"judge/answered before anybody asked":      picture(answered(t, "r2", "completed", []int{2, 1, 1})),
		"judge/incomplete, nobody asked":           picture(answered(t, "r2", "completed", []int{2, 1})),
		"judge/outpatient's form":                  picture(class("AMB"), answered(t, "r2", "completed", []int{4, 4, 4})),
		"judge/advice, gone home":                  picture(leftAgo(time.Hour), asked("cancelled", business("discharged")), answered(t, "r1", "completed", []int{1, 1, 1})),
		"judge/came back poor":                     picture(asked("completed", judged(2), wasScored), answered(t, "r1", "completed", []int{1, 1, 0}, poor)),
		"judge/came back poor, unscored":           picture(asked("requested"), answered(t, "r1", "completed", []int{1, 1, 0}, poor)),
		"offer/accepted":                           picture(asked("requested"), answered(t, "r1", "completed", nil, wishes(t, "offer-accepted"))),
		"offer/not asked":                          picture(asked("requested"), answered(t, "r1", "completed", nil, wishes(t, "offer-not-asked"))),
		"offer/declined":                           picture(asked("requested"), answered(t, "r1", "completed", nil, wishes(t, "offer-declined"))),
		"offer/declined after all":                 picture(asked("completed", judged(1), wasScored, hadConsult), before([3]int{4, 4, 4}, "active"), team("requested"), answered(t, "r1", "amended", nil, wishes(t, "offer-declined"))),
		"offer/declined, team has begun":           picture(asked("completed", judged(1), wasScored, hadConsult), before([3]int{4, 4, 4}, "active"), team("in-progress"), answered(t, "r1", "amended", nil, wishes(t, "offer-declined"))),
	}
}
