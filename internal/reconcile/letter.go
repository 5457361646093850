package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is what the team reads: why they are asked, in words. Each part is a note of
// its own; notes.go puts them on the order.

// passage is a part of the letter; one without a text is left out.
type passage struct{ part, text string }

// letter is all that there is to say now, in the order in which it is read.
func (w *writing) letter() []passage {
	return append(w.aboutScores(),
		passage{stay.LetterPlace, w.ward()},
		passage{stay.LetterLeaving, w.leaving()},
		passage{stay.LetterLeft, w.answeredAfterwards()},
		passage{stay.LetterBefore, w.before()})
}

// aboutScores is what of it follows from the answers: each part tells of every screening
// that asks for the consult.
func (w *writing) aboutScores() []passage {
	consult := pathway.Of[pathway.Referral](w.decision)
	if consult == nil || len(consult.Grounds) == 0 {
		return w.aboutScore(cmp.Or(pathway.Of[pathway.Score](w.decision), w.certain()))
	}
	lead := w.p.stay.Instrument
	defer func() { w.see(lead); w.ground = nil }()
	var all []passage
	for _, ground := range consult.Grounds {
		w.see(ground.Instrument)
		w.ground = &ground
		score := &ground.Score
		if ground.Earlier {
			score = nil
		}
		all = join(all, w.aboutScore(score))
	}
	return all
}

// aboutScore is what of it follows from the answers alone.
func (w *writing) aboutScore(score *pathway.Score) []passage {
	return []passage{
		{stay.LetterReason, w.found(score)},
		{stay.LetterPregnant, w.pregnant()},
		{stay.LetterAnswers, w.answers(score)},
		{stay.LetterAuthor, w.author(score)},
		{stay.LetterWish, w.wish(score)},
		{stay.LetterReview, w.review(score)},
	}
}

// found says which score it is, and which limit it has reached, for whom; of a score that
// has gone down below all limits, that.
func (w *writing) found(score *pathway.Score) string {
	limit, tier := w.passed(score)
	sum, text := w.p.stay.EarlierScore.Sum, "because-earlier"
	if score != nil {
		sum, text = *score.Result.Score, "because"
	}
	switch {
	case w.atLeastIs():
		text = "because-at-least"
	case tier == pathway.None && !w.wished():
		text = "because-below"
	}
	reached := w.words.Limit(sum, limit.From, w.whom(limit))
	if w.wished() {
		reached = w.words.Text("limit-none")
	}
	return w.about(text, "score", strconv.Itoa(sum), "limit", reached,
		"tier", w.words.Code(tier.String()), "policy", w.Policy.Version, "day", day(pathway.LastScreening(w.p.stay).At))
}

// atLeastIs tells that what is told of is what incomplete answers sum to at least.
func (w *writing) atLeastIs() bool {
	if w.ground != nil {
		return w.ground.Least
	}
	return w.certain() != nil
}

// wished tells that the patient asks for the consult, and no limit was passed.
func (w *writing) wished() bool {
	if w.ground != nil {
		return w.ground.Wish
	}
	consult := pathway.Of[pathway.Referral](w.decision)
	return consult != nil && consult.Wish
}

// about is a text about the instrument in view.
func (w *writing) about(text string, filledIn ...string) string {
	d := w.asked.Definition()
	return w.words.Text(text, append(filledIn, "instrument", d.Title, "max", strconv.Itoa(d.Max))...)
}

// passed is the limit that the letter is about: that of the consult which is asked for,
// or of a score that asks for none.
func (w *writing) passed(score *pathway.Score) (pathway.Limit, pathway.Tier) {
	if w.ground != nil {
		return w.ground.Score.Limit, w.tierOfGround()
	}
	consult := pathway.Of[pathway.Referral](w.decision)
	if consult == nil || len(consult.Grounds) > 0 {
		return score.Limit, score.Tier
	}
	return consult.Limit, w.tier()
}

// tierOfGround is what the patient's wish makes of a score below the limits.
func (w *writing) tierOfGround() pathway.Tier {
	if w.ground.Wish {
		return w.tier()
	}
	return w.ground.Score.Tier
}

func (w *writing) whom(l pathway.Limit) string {
	return w.words.Whom(string(l.Sex), l.Pregnant, l.MinAge, l.MaxAge)
}

// answers are the items as the form words them, and when they were answered.
func (w *writing) answers(s *pathway.Score) string {
	if s == nil || s.Response.Form == nil {
		return ""
	}
	var lines []string
	for _, item := range s.Result.Items {
		question, answer := s.Response.Form.Words(item.LinkID, s.Response.Content)
		lines = append(lines, fmt.Sprintf("%s. %s – %s (%d)", item.LinkID, question, answer, item.Points))
	}
	lines = append(lines, w.words.Text("answered", "when", w.stated(s.Response.Ref, "authored", s.Response.Authored, clock)))
	return strings.Join(lines, "\n")
}

// wish is what the patient says of the consult. An offer that was not made, or not
// answered, is left to the team.
func (w *writing) wish(s *pathway.Score) string {
	offer := w.p.stay.EarlierScore.Offer
	if s != nil {
		offer = s.Result.Offer
	}
	if offer == "" {
		return w.words.Text("offer-open")
	}
	return w.words.Code("offer-" + string(offer))
}

// review is what of the answers, and of how they were judged, a person should look at.
// An earlier score keeps its answers by their points alone.
func (w *writing) review(s *pathway.Score) string {
	var lines []string
	switch {
	case s != nil:
		if s.Passed {
			lines = append(lines, w.words.Text("several-responses"))
		}
		for _, flag := range s.Result.Flags {
			lines = append(lines, w.flagged(flag))
		}
	case w.asked.Definition().AllFrom(instrument.FlagItem1Only, w.p.stay.EarlierScore.Items, w.p.stay.EarlierScore.Sum):
		lines = append(lines, w.flagged(instrument.FlagItem1Only))
	}
	limit, _ := w.passed(s)
	if limit.Sex != stay.UnknownSex && w.p.stay.Patient.Sex == stay.UnknownSex {
		lines = append(lines, w.words.Text("sex-not-recorded", "whom", w.whom(limit)))
	}
	return strings.Join(lines, "\n")
}

// before are earlier scores and consults, the latest first; before all those of this
// admission, which the consult took the place of.
func (w *writing) before() string {
	lines := w.replaced()
	carries := pathway.Wanted(w.p.stay, w.Policy, source(w.p.stay, w.decision))
	for _, earlier := range pathway.EarlierScores(w.p.stay, carries) {
		lines = append(lines, w.about("score-before", "day", w.stated(earlier.Ref, "effectiveDateTime", earlier.At, day), "score", strconv.Itoa(earlier.Sum)))
	}
	for _, order := range pathway.EarlierConsults(w.p.stay, w.Policy) {
		lines = append(lines, w.words.Text("consult-before", "day", w.stated(order.Ref, "authoredOn", order.At, day), "status", w.words.Status(order.Status)))
	}
	return strings.Join(lines, "\n")
}

// replaced are the consults of this admission that a person had ended.
func (w *writing) replaced() (lines []string) {
	results := w.p.stay.Replaced
	if pathway.Of[pathway.Referral](w.decision).Replaces != "" {
		results = slices.Insert(slices.Clone(results), 0, w.p.stay.Consult)
	}
	for _, r := range results {
		at, status := w.loader.stamp(w.p.byRef[r.Ref], "authoredOn"), r.Status
		for _, t := range w.p.stay.Tasks {
			if t.Kind == stay.ConsultTask && t.Focus == r.Ref && pathway.SaidNo(t) {
				status = "rejected"
			}
		}
		lines = append(lines, w.words.Text("consult-replaced", "day", w.stated(r.Ref, "authoredOn", at, day), "status", w.words.Status(status)))
	}
	return lines
}

// stated is when something was, as exactly as its resource says: where that has a date
// alone, no time is made up.
func (w *writing) stated(ref, element string, at time.Time, words func(time.Time) string) string {
	stated := w.p.byRef[ref].Get(element)
	if d := w.loader.date(stated); d.First().Equal(at) && !d.Last().Equal(at) {
		return stated.String()
	}
	return words(at)
}

func day(t time.Time) string { return t.Format(time.DateOnly) }

// clock is a time as the hospital's clocks show it, with the zone in the one night
// of the year in which they show it twice.
func clock(t time.Time) string {
	const shows = "2006-01-02 15:04"
	if t.Add(-time.Hour).Format(shows) == t.Format(shows) || t.Add(time.Hour).Format(shows) == t.Format(shows) {
		return t.Format(shows + " MST")
	}
	return t.Format(shows)
}

// supporting is what the team may want to open: the answers, earlier consults.
func (w *writing) supporting() []r4.Reference {
	var refs []r4.Reference
	grounds := pathway.Of[pathway.Referral](w.decision).Grounds
	for _, ground := range grounds {
		if ground.Score.Response.Ref != "" {
			refs = append(refs, *fhir.Ref(ground.Score.Response.Ref))
		}
	}
	if score := cmp.Or(pathway.Of[pathway.Score](w.decision), w.certain()); score != nil && len(grounds) == 0 {
		refs = append(refs, *fhir.Ref(score.Response.Ref))
	}
	for _, order := range pathway.EarlierConsults(w.p.stay, w.Policy) {
		refs = append(refs, *fhir.Ref(order.Ref))
	}
	return refs
}
