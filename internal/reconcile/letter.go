package reconcile

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is what the team reads: why they are asked, in words.

// notes are what the team reads first.
func (w *writing) notes() []r4.Annotation {
	notes := []r4.Annotation{w.note(w.letter())}
	if w.p.stay.Admission.Status == stay.Finished {
		notes = append(notes, w.note(w.words.Text("after-discharge")))
	}
	return notes
}

// letter tells what was found, which limit was passed, what was answered, by
// whom and when, what she wants, what is for review, where the patient lies, and
// what went before.
func (w *writing) letter() string {
	lines := []string{w.found()}
	if score := pathway.Of[pathway.Score](w.decision); score != nil {
		lines = append(lines, w.answers(*score)...)
	}
	lines = append(lines, w.review()...)
	if ward := w.p.stay.Admission.Ward; ward != "" {
		lines = append(lines, w.words.Text("ward", "ward", ward))
	}
	for _, order := range pathway.EarlierConsults(w.p.stay, w.Policy) {
		lines = append(lines, w.words.Text("consult-before", "day", w.stated(order.Ref, "authoredOn", order.At, day), "status", w.words.Status(order.Status)))
	}
	if w.hides(pathway.ShowWard) {
		return discreet(strings.Join(lines, "\n"))
	}
	return strings.Join(lines, "\n")
}

func (w *writing) found() string {
	consult, score, tier := pathway.Of[pathway.Referral](w.decision), pathway.Of[pathway.Score](w.decision), pathway.Consult
	if consult.Urgent {
		tier = pathway.Urgent
	}
	sum, text := w.p.stay.EarlierScore.Sum, "because-earlier"
	if score != nil {
		sum, text = *score.Result.Score, "because"
	}
	return w.words.Text(text, "score", strconv.Itoa(sum), "limit", w.words.Limit(sum, consult.Limit.From),
		"tier", w.words.Code(tier.String()), "policy", w.Policy.Version, "day", day(pathway.LastScreening(w.p.stay).At))
}

// answers are the items as the form words them, and who answered when.
func (w *writing) answers(s pathway.Score) []string {
	var lines []string
	for _, item := range s.Result.Items {
		question, answer := s.Response.Form.Words(item.LinkID, s.Response.Content)
		lines = append(lines, fmt.Sprintf("%s. %s – %s (%d)", item.LinkID, question, answer, item.Points))
	}
	when := w.stated(s.Response.Ref, "authored", s.Response.Authored, clock)
	author := w.p.byRef[s.Response.Ref].Get("author")
	if by := cmp.Or(author.Get("display").String(), author.Get("reference").String()); by != "" {
		when += ", " + by
	}
	lines = append(lines, w.words.Text("answered", "when", when))
	if s.Result.Offer != "" {
		lines = append(lines, w.words.Code("offer-"+string(s.Result.Offer)))
	}
	return lines
}

// review is what of the answers a person should look at. An earlier score keeps them
// by their points alone.
func (w *writing) review() (lines []string) {
	score := pathway.Of[pathway.Score](w.decision)
	if score == nil && w.p.stay.EarlierScore.Item1Only() {
		return []string{w.words.Code(string(instrument.FlagItem1Only))}
	}
	if score != nil {
		for _, remark := range w.remarks(*score) {
			lines = append(lines, remark.Text)
		}
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
	if score := pathway.Of[pathway.Score](w.decision); score != nil {
		refs = append(refs, *fhir.Ref(score.Response.Ref))
	}
	for _, order := range pathway.EarlierConsults(w.p.stay, w.Policy) {
		refs = append(refs, *fhir.Ref(order.Ref))
	}
	return refs
}
