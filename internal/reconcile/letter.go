package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is what the team reads: why they are asked, in words.

// notes are what the team reads first.
func (w *writing) notes(d pathway.Decision) []r4.Annotation {
	notes := []r4.Annotation{w.note(w.letter(d))}
	if w.p.stay.Admission.Status == stay.Finished {
		notes = append(notes, w.note(w.words.of("after-discharge")))
	}
	return notes
}

// letter tells what was found, which limit was passed, what was answered, by
// whom and when, where the patient lies, what she wants, and what went before.
func (w *writing) letter(d pathway.Decision) string {
	lines := []string{w.found(d)}
	if d.Score != nil {
		lines = append(lines, w.answers(*d.Score)...)
	}
	if ward := w.p.encounter.Get("location.#(location.display!=\"\").location.display").String(); ward != "" {
		lines = append(lines, fmt.Sprintf(w.words.of("ward"), ward))
	}
	for _, order := range w.ordersBefore() {
		lines = append(lines, fmt.Sprintf(w.words.of("consult-before"), day(moment(order.Get("authoredOn"))), order.Get("status")))
	}
	if w.hides(pathway.ShowWard) {
		return discreet(strings.Join(lines, "\n"))
	}
	return strings.Join(lines, "\n")
}

func (w *writing) found(d pathway.Decision) string {
	tier := pathway.Consult
	if d.Consult.Urgent {
		tier = pathway.Urgent
	}
	sum, text := w.p.stay.Before.Score.Sum, w.words.of("because-earlier")
	if d.Score != nil {
		sum, text = *d.Score.Result.Score, w.words.of("because")
	}
	text = fmt.Sprintf(text, sum, d.Consult.Limit.From, w.words.of("tier-"+tier.String()), w.Policy.Version)
	if d.Score == nil {
		text += " " + day(w.p.stay.Before.At) + "."
	}
	return text
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
	lines = append(lines, fmt.Sprintf(w.words.of("answered"), when))
	if s.Result.Offer != "" {
		lines = append(lines, w.words.of("offer-"+string(s.Result.Offer)))
	}
	return lines
}

func day(t time.Time) string { return t.Format(time.DateOnly) }

// maxBefore bounds how many earlier consults the team is told of.
const maxBefore = 5

// ordersBefore are the patient's consults of other admissions, the latest first.
func (w *writing) ordersBefore() []fhir.Resource {
	var orders []fhir.Resource
	for _, res := range sorted(w.p.byRef) {
		at, _ := w.Client.LocalRef(res.Get("encounter.reference").String())
		if res.Type() == "ServiceRequest" && at != "Encounter/"+w.id && coded(res.Get("code"), w.Policy.Consult.Codings) &&
			w.loader.concerns(res, "subject", w.p.stay.Patient.Ref) && res.Get("status").String() != "entered-in-error" {
			orders = append(orders, res)
		}
	}
	slices.Reverse(orders)
	return orders[:min(len(orders), maxBefore)]
}

// supporting is what the team may want to open: the answers, earlier consults.
func (w *writing) supporting(d pathway.Decision) []r4.Reference {
	var refs []r4.Reference
	if d.Score != nil {
		refs = append(refs, *fhir.Ref(d.Score.Response.Ref))
	}
	for _, order := range w.ordersBefore() {
		refs = append(refs, *fhir.Ref(order.Ref()))
	}
	return refs
}
