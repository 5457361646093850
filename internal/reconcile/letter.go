package reconcile

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
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
// whom and when, where the patient lies, what she wants, and what went before.
func (w *writing) letter() string {
	lines := []string{w.found()}
	if score := pathway.Of[pathway.Score](w.decision); score != nil {
		lines = append(lines, w.answers(*score)...)
	}
	if ward := w.p.encounter.Get("location.#(location.display!=\"\").location.display").String(); ward != "" {
		lines = append(lines, w.words.Text("ward", "ward", ward))
	}
	for _, order := range pathway.EarlierConsults(w.p.stay, w.Policy) {
		lines = append(lines, w.words.Text("consult-before", "day", day(order.At), "status", w.words.Status(order.Status)))
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
	when := s.Response.Authored.Format("2006-01-02 15:04")
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

func day(t time.Time) string { return t.Format(time.DateOnly) }

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
