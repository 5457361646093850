package pathway_test

import (
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// whoCases are about who is asked, and by when.
func whoCases(t testing.TB) map[string]stay.Stay {
	return map[string]stay.Stay{
		"who/inpatient":                          picture(),
		"who/arrived":                            picture(status(stay.Arrived)),
		"who/on leave":                           picture(status(stay.OnLeave)),
		"who/planned":                            picture(status(stay.Planned)),
		"who/finished":                           picture(status(stay.Finished)),
		"who/cancelled":                          picture(status(stay.Cancelled)),
		"who/unknown status":                     picture(status("nonsense")),
		"who/outpatient":                         picture(class("AMB")),
		"who/emergency":                          picture(class("EMER")),
		"who/no class":                           picture(class("")),
		"who/part of an inpatient stay":          picture(partOf("IMP", stay.InProgress)),
		"who/part of a cancelled inpatient stay": picture(partOf("IMP", stay.Cancelled)),
		"who/part of an outpatient contact":      picture(partOf("AMB", stay.InProgress)),
		"who/child":                              picture(born("2010-01-01")),
		"who/perhaps 18":                         picture(born("2008")),
		"who/no birth date":                      picture(born("")),
		"who/deceased":                           picture(deceased),
		"who/died today":                         picture(diedOn("2026-11-22")),
		"who/died last year":                     picture(diedOn("2025")),
		"who/no patient":                         picture(nobody),
		"due/in bed for a week":                  picture(since(7 * 24 * time.Hour)),
		"due/admitted tomorrow":                  picture(since(-24 * time.Hour)),
		"who/screened last week":                 picture(screened(7 * 24 * time.Hour)),
		"who/screened last year":                 picture(screened(300 * 24 * time.Hour)),
		"who/flagged":                            picture(flagged),
		"who/excluded ward":                      picture(lies("Location/palliative")),
		"who/excluded service":                   picture(ofService),
		"who/planned, late":                      picture(status(stay.Planned), since(3*time.Hour)),
		"who/planned for tomorrow":               picture(status(stay.Planned), since(-24*time.Hour)),
		"before/positive, no consult":            picture(scoredBefore(9)),
		"before/positive, already ordered":       picture(scoredBefore(9), ordered),
		"before/positive, declined the offer":    picture(scoredBefore(9, refused)),
		"before/positive, withdrawn":             picture(scoredBefore(9, void)),
		"before/below the limit":                 picture(scoredBefore(3)),
		"before/referred now":                    picture(asked("completed", business("screened-before"), hadConsult), team("requested", made(time.Hour)), before([3]int{}, "active")),
		"before/referred now, admission void":    picture(status(stay.Cancelled), asked("completed", business("screened-before"), hadConsult), team("requested"), before([3]int{}, "active")),
	}
}
