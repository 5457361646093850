package pathway

import (
	"fmt"
	"testing"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

const (
	wants    = instrument.OfferAccepted
	wantsNot = instrument.OfferDeclined
	notAsked = instrument.OfferNotAsked
)

// What a score leads to by what the patient says of the consult: a woman, by the shipped
// limits.
func TestCourse(t *testing.T) {
	for _, test := range []struct {
		score  int
		item1  bool
		offer  instrument.Offer
		onWish string
		item   string // item1_only
		want   string // tier, what it leads to, by which turn
	}{
		{0, false, "", WishConsult, AsScored, "none none"},
		{0, false, wants, WishConsult, AsScored, "none consult wish"},
		{2, false, wants, WishConsult, AsScored, "none consult wish"},
		{2, false, wants, WishAdvice, AsScored, "none advice wish"},
		{2, false, wants, WishRecord, AsScored, "none none"},
		{2, false, wantsNot, WishConsult, AsScored, "none none"},
		{2, false, notAsked, WishConsult, AsScored, "none none"},
		{3, false, wants, WishConsult, AsScored, "advice consult wish"},
		{3, false, wants, WishAdvice, AsScored, "advice advice"},
		{3, false, wants, WishRecord, AsScored, "advice advice"},
		{3, false, wantsNot, WishConsult, AsScored, "advice advice"},
		{4, false, wants, WishConsult, AsScored, "consult consult"},
		{4, false, wantsNot, WishConsult, AsScored, "consult advice"},
		{4, true, "", WishConsult, AsAdvice, "advice advice lowered"},
		{4, true, wants, WishConsult, AsAdvice, "advice consult lowered wish"},
		{4, true, wants, WishAdvice, AsAdvice, "advice advice lowered"},
		{4, true, wants, WishConsult, AsScored, "consult consult"},
		{8, false, wants, WishConsult, AsScored, "urgent urgent"},
		{8, false, wants, WishAdvice, AsScored, "urgent urgent"},
		{8, false, wantsNot, WishRecord, AsScored, "urgent advice"},
	} {
		c := &chart{Stay: stay.Stay{Patient: stay.Patient{Sex: stay.Female, Birth: stay.ParseDate("1980")}}, now: noonOf17,
			policy: policyOf(func(p *Policy) { p.OnWish, p.Item1Only = test.onWish, test.item })}
		k := c.course(test.score, test.item1, test.offer)
		got := fmt.Sprintf("%s %s", k.tier, k.leads)
		if k.lowered {
			got += " lowered"
		}
		if k.wish {
			got += " wish"
		}
		if got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
		if r := k.referral(); r.Urgent != (k.leads == Urgent) || r.Wish != k.wish || (r.Limit == Limit{}) != (k.wish || k.limit == Limit{}) {
			t.Errorf("%+v: %+v", test, r)
		}
	}
}

// A consult stands only while something asks for it: a limit that was passed and that the
// patient does not decline, or her wish. It is taken back as soon as neither does.
func TestAConsultStandsWithWhatAsksForIt(t *testing.T) {
	offers := []instrument.Offer{"", wants, wantsNot, notAsked}
	for _, onWish := range []string{WishConsult, WishAdvice, WishRecord} {
		for score := range instrument.AuditC().Max + 1 {
			for _, before := range offers {
				for _, now := range offers {
					c := &chart{Stay: inpatient(func(s *stay.Stay) {
						s.Score, s.Consult = stay.Result{Ref: "o1", Status: "final", Sum: score, Offer: before}, stay.Result{Ref: "s1", Status: "active"}
					}), now: noonOf17, policy: policyOf(func(p *Policy) { p.OnWish = onWish })}
					plan(c, &Score{})
					k := c.course(score, false, now)
					c.take(k, now)
					asked := k.tier >= Consult && now != wantsNot || now == wants && onWish == WishConsult
					referral, revoked := planned[Referral](c), planned[Revocation](c)
					if (referral != nil) != asked || (revoked != nil) == asked {
						t.Fatalf("%s, %d points, %q and then %q: asked for %t, taken back %t", onWish, score, before, now, referral != nil, revoked != nil)
					}
					no := now == wantsNot && (k.tier >= Consult || before == wants)
					if want := map[bool]string{true: OfferDeclined, false: Corrected}[no]; onWish == WishConsult && revoked != nil && revoked.Why != want {
						t.Errorf("%s, %d points, %q and then %q: because %s", onWish, score, before, now, revoked.Why)
					}
				}
			}
		}
	}
}
