package pathway

import (
	"slices"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about what the letter to the team may tell of earlier admissions.

// needsHistory tells that a letter is to be written, and that the scores of earlier
// admissions were not read. Nothing rests on them, so nobody else pays for reading them.
func (c *chart) needsHistory() bool {
	r := planned[Referral](c)
	return r != nil && r.Stands == "" && r.Completes == "" && c.unread(stay.History)
}

// EarlierScores are those of other admissions that a letter tells of, the latest first:
// which hold still, are not what it is about, and carry no label that it lacks. To put
// that label on the order instead could hide her from the team.
func EarlierScores(s stay.Stay, carries []stay.Code) (earlier []stay.Result) {
	for _, score := range s.Scores {
		secret := slices.DeleteFunc(without(score.Labels, carries), ordinary)
		if score.Live() && score.Ref != s.EarlierScore.Ref && len(secret) == 0 {
			earlier = append(earlier, score)
		}
	}
	return earlier[:min(len(earlier), MostEarlier)]
}

// ordinary tells of a label that it says no more than none does.
func ordinary(l stay.Code) bool {
	at := confidentiality(l)
	return at >= 0 && at <= slices.Index(confidentialities, "N")
}
