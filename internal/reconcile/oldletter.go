package reconcile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// This file is about orders of releases that wrote the letter as one text. All of them
// began it in one way, with the answers below: that much can be kept of a protected
// patient's, whatever the words, as no ward can stand in it. The rest goes, and with it
// who asked, what she wants and what went before; the score, the answers and the earlier
// consults are what the order points to.

var (
	oldLetter = regexp.MustCompile(`^AUDIT-C[^:\n]*: \d{1,2} \pL+ 12 `)
	oldAnswer = regexp.MustCompile(`^\S+\. .* – .* \(\d\)$`)
)

// isOldLetter tells our words of such a release from what people write.
func isOldLetter(note gjson.Result) bool {
	signed := note.Get("authorString").Exists() || note.Get("authorReference").Exists()
	return partOf(note) == "" && !signed && oldLetter.MatchString(note.Get("text").String())
}

// shortenOldLetters leaves in them what names no ward, and nobody who asked there.
func (w *writing) shortenOldLetters(e *edit) {
	for i, note := range e.Get("note").Array() {
		text := note.Get("text").String()
		if short := withoutPlace(text); isOldLetter(note) && short != text {
			e.set(fmt.Sprintf("note.%d.text", i), short)
		}
	}
}

func withoutPlace(letter string) string {
	lines := strings.Split(letter, "\n")
	n := 1
	for n < len(lines) && oldAnswer.MatchString(lines[n]) {
		n++
	}
	return strings.Join(lines[:n], "\n")
}

// dropOldLetters takes them away where the letter is written anew.
func (w *writing) dropOldLetters(e *edit) {
	for i, note := range slices.Backward(e.Get("note").Array()) {
		if isOldLetter(note) {
			e.deleteNote(i)
		}
	}
}
