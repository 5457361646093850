package reconcile

import (
	"fmt"
	"slices"
	"strconv"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file puts the letter on the order, and changes it there. Each of our notes says
// by an extension which part it is, so that it is found in whatever language and words
// it was written. What people write beside them is not touched.

// notes are the letter on a new order.
func (w *writing) notes() (notes []r4.Annotation) {
	for _, p := range w.letter() {
		if p.text != "" {
			notes = append(notes, w.part(p.part, p.text))
		}
	}
	return notes
}

func (w *writing) part(part, text string) r4.Annotation {
	note := w.note(text)
	note.Extension = []r4.Extension{{Url: partExtension, ValueCoding: fhir.Ptr(fhir.Coding(CodeSystem, part, ""))}}
	if left := w.leftAt(); part == stay.LetterLeft && left != "" {
		note.Extension = append(note.Extension, r4.Extension{Url: leftExtension, ValueDateTime: &left})
	}
	return note
}

// partOf is which part of the letter a note is; "": it is none of ours.
func partOf(note gjson.Result) string {
	return extension(note, partExtension).Get("valueCoding.code").String()
}

// leftOf is when a note says that she has gone home, as the Encounter said it then.
func leftOf(note gjson.Result) gjson.Result {
	return extension(note, leftExtension).Get("valueDateTime")
}

// letterOn reads which parts of the letter stand on a consult.
func (l loader) letterOn(order fhir.Resource, r *stay.Result) {
	for _, note := range order.Get("note").Array() {
		part := partOf(note)
		if part == "" {
			continue
		}
		r.Notes = append(r.Notes, part)
		if part == stay.LetterLeft {
			r.Left = l.date(leftOf(note)).Last()
		}
	}
}

// rewrite makes the letter say what holds now. What has not changed keeps its time; the
// score that stood there before is told in one line, and the letter as it was is in the
// order's earlier versions.
func (w *writing) rewrite(e *edit) {
	w.replaceParts(e, w.letter())
	w.tellWhatItWas(e)
}

func (w *writing) replaceParts(e *edit, parts []passage) {
	w.dropOldLetters(e)
	consult := pathway.Of[pathway.Referral](w.decision)
	open := consult != nil && consult.Changes != "" // of one that was open then, departing says it
	for _, p := range parts {
		if p.part != stay.LetterLeft || !open || w.p.stay.Consult.Says(p.part) {
			w.put(e, p.part, p.text)
		}
	}
}

// correct makes the letter of a consult that the team has begun on say what the score is
// now, though it asks for none any more, or that it no longer holds. said is what the
// team is told.
func (w *writing) correct(e *edit, said string) {
	if w.several() {
		w.correctAll(e, said)
		return
	}
	score := pathway.Of[pathway.Score](w.decision)
	if score != nil {
		w.replaceParts(e, w.aboutScore(score))
		w.tellWhatItWas(e)
	}
	certain := pathway.Of[pathway.Minimum](w.decision)
	if pathway.Of[pathway.Withdrawal](w.decision) != nil || certain != nil && certain.Status == "entered-in-error" {
		w.replaceParts(e, w.withdrawn())
	}
	w.tell(e, said)
}

// withdrawn is what the letter says of a score that no longer holds.
func (w *writing) withdrawn() []passage {
	return []passage{{stay.LetterReason, w.about("because-withdrawn")}, {part: stay.LetterAnswers}, {part: stay.LetterAuthor},
		{part: stay.LetterWish}, {part: stay.LetterReview}}
}

func (w *writing) tellWhatItWas(e *edit) {
	if w.several() {
		w.tellWhatTheyWere(e)
		return
	}
	score, was := pathway.Of[pathway.Score](w.decision), w.p.stay.Score
	if score != nil && was.Live() && was.Sum != *score.Result.Score {
		w.tell(e, w.about("score-was", "score", strconv.Itoa(was.Sum)))
	}
}

// tell adds to the order, or to the team's Task, a note that stays, on what has become of
// it.
func (w *writing) tell(e *edit, text string) { e.set("note.-1", w.part(stay.LetterEvent, text)) }

// put makes one part of the letter say a text; "" takes it away.
func (w *writing) put(e *edit, part, text string) {
	at := -1
	for i, note := range slices.Backward(e.Get("note").Array()) {
		if partOf(note) != part {
			continue
		}
		if at >= 0 {
			e.deleteNote(at) // there is one of each
		}
		at = i
	}
	switch {
	case at < 0 && text != "":
		e.set("note.-1", w.part(part, text))
	case at >= 0 && text == "":
		e.deleteNote(at)
	case at >= 0 && !w.stands(e.Get(fmt.Sprintf("note.%d", at)), part, text):
		e.set(fmt.Sprintf("note.%d", at), w.part(part, text))
	}
}

// stands tells that a note says a text already, and the same time with it.
func (w *writing) stands(note gjson.Result, part, text string) bool {
	return note.Get("text").String() == text && (part != stay.LetterLeft || leftOf(note).String() == w.leftAt())
}

func (e *edit) deleteNote(at int) {
	if len(e.Get("note").Array()) == 1 {
		e.delete("note") // FHIR knows no empty lists
		return
	}
	e.delete(fmt.Sprintf("note.%d", at))
}
