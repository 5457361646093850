package pathway_test

import (
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// nurseCases are about waiting, reminding, and what a nurse may say instead of an answer.
func nurseCases(t testing.TB) map[string]stay.Stay {
	return map[string]stay.Stay{
		"wait/asked":                             picture(asked("requested"), draft(t)),
		"wait/begun":                             picture(asked("in-progress"), begun(t)),
		"wait/task removed":                      picture(draft(t)),
		"nurse/due in an hour":                   picture(asked("requested", due(time.Hour)), draft(t)),
		"nurse/overdue":                          picture(asked("requested", due(-time.Hour)), draft(t)),
		"nurse/overdue, raised":                  picture(asked("requested", due(-time.Hour), raised(1)), draft(t)),
		"nurse/overdue for two days":             picture(asked("in-progress", due(-48*time.Hour), raised(1)), begun(t)),
		"nurse/overdue for a week, raised twice": picture(asked("requested", due(-168*time.Hour), raised(2)), draft(t)),
		"nurse/incomplete, overdue":              picture(asked("requested", judged(2), business("incomplete"), due(-time.Hour)), answered(t, "r1", "completed", []int{3, 2})),
		"nurse/incomplete, then declined":        picture(asked("rejected", judged(2), business("incomplete"), because("declined")), answered(t, "r1", "completed", []int{3, 2})),
		"nurse/cancelled":                        picture(asked("cancelled"), draft(t)),
		"nurse/declined":                         picture(asked("rejected", because("declined")), draft(t)),
		"nurse/put away":                         picture(asked("rejected"), draft(t)),
		"nurse/put away, seen":                   picture(asked("rejected", business("put-away")), draft(t)),
		"nurse/put away, opened again":           picture(asked("requested", business("put-away")), draft(t)),
		"nurse/dementia":                         picture(asked("rejected", because("dementia")), draft(t)),
		"nurse/declined, seen":                   picture(asked("rejected", business("declined")), draft(t)),
		"nurse/declined in the form":             picture(asked("requested"), answered(t, "r1", "completed", nil, declining(t))),
		"nurse/declined, then discharged":        picture(status(stay.Finished), asked("rejected", because("declined")), draft(t)),
		"nurse/put aside by a later release":     picture(asked("rejected", because("of-a-later-release")), draft(t)),
		"nurse/ended by a later release":         picture(asked("cancelled", business("of-a-later-release")), draft(t)),
		"nurse/unable, an hour ago":              picture(asked("rejected", unable("intoxicated", time.Hour)), draft(t)),
		"nurse/unable, yesterday":                picture(asked("on-hold", unable("too-ill", 25*time.Hour)), draft(t)),
		"nurse/unable, third time":               picture(asked("failed", business("unable")), asked("failed", business("unable")), asked("rejected", unable("delirious", 25*time.Hour)), draft(t)),
		"nurse/unable, gone home":                picture(status(stay.Finished), asked("rejected", unable("delirious", 25*time.Hour)), draft(t)),
	}
}
