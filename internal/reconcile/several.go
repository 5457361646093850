package reconcile

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is what the team reads of several screenings in one admission: each line names
// the instrument that it is about.

func (w *writing) several() bool { return len(w.decided) > 1 }

// eachOf has every decision in view, in the policy's order, and then the present one again.
func (w *writing) eachOf(look func(d pathway.Decision)) {
	lead := w.decision
	defer func() {
		w.decision = lead
		w.see(lead.Instrument)
	}()
	for _, name := range w.Policy.Instruments() {
		for _, d := range w.decided {
			if d.Instrument == name {
				w.decision = d
				w.see(name)
				look(d)
			}
		}
	}
}

// join puts the parts of a letter about one screening below those about another.
func join(all, more []passage) []passage {
	for i, p := range more {
		switch {
		case len(all) <= i:
			all = append(all, p)
		case p.text != "" && p.text != all[i].text:
			all[i].text = strings.TrimPrefix(all[i].text+"\n"+p.text, "\n")
		}
	}
	return all
}

// titled is a text with the instrument in view before it.
func (w *writing) titled(text string) string { return w.asked.Definition().Title + ": " + text }

// amends tells that a score was another before, and which.
func (w *writing) amends(score *pathway.Score) (was int, ok bool) {
	before := w.p.stay.Score
	return before.Sum, before.Live() && before.Sum != *score.Result.Score
}

// takenBack tells that a score, or what was certain, no longer holds by this decision.
func takenBack(d pathway.Decision) bool {
	least := pathway.Of[pathway.Minimum](d)
	return pathway.Of[pathway.Withdrawal](d) != nil || least != nil && least.Status == "entered-in-error"
}

// news are what has become of each score by this decision; nothing where one thing is asked.
func (w *writing) news() (lines []string) {
	if !w.several() {
		return nil
	}
	w.eachOf(func(d pathway.Decision) {
		score := pathway.Of[pathway.Score](d)
		switch {
		case takenBack(d):
			lines = append(lines, w.about("because-withdrawn"))
		case score == nil || score.Stands:
		case w.p.stay.Score.Live():
			lines = append(lines, w.titled(w.scoreNow(score)))
		default:
			lines = append(lines, w.aboutOne(score)[0].text)
		}
	})
	return lines
}

// aboutOne is what the letter says of one score beside others, whatever the consult is for.
func (w *writing) aboutOne(score *pathway.Score) []passage {
	w.ground = &pathway.Ground{Instrument: w.p.stay.Instrument, Score: *score}
	defer func() { w.ground = nil }()
	return w.aboutScore(score)
}

// correctAll is correct, for all scores that have changed.
func (w *writing) correctAll(e *edit, said string) {
	var all []passage
	w.eachOf(func(d pathway.Decision) {
		switch score := pathway.Of[pathway.Score](d); {
		case takenBack(d):
			all = join(all, w.lostParts())
		case score != nil:
			all = join(all, w.aboutOne(score))
		}
	})
	if len(all) > 0 {
		w.replaceParts(e, all)
		w.tellWhatItWas(e)
	}
	w.tell(e, said)
}

// lostParts are what the letter says of a score that no longer holds, as aboutScore has
// them.
func (w *writing) lostParts() []passage {
	return []passage{{stay.LetterReason, w.about("because-withdrawn")}, {stay.LetterPregnant, w.pregnant()}, {part: stay.LetterAnswers},
		{part: stay.LetterAuthor}, {part: stay.LetterWish}, {part: stay.LetterReview}}
}

// tellWhatTheyWere tells of each score that has changed what it was.
func (w *writing) tellWhatTheyWere(e *edit) {
	var lines []string
	w.eachOf(func(d pathway.Decision) {
		if score := pathway.Of[pathway.Score](d); score != nil {
			if was, ok := w.amends(score); ok {
				lines = append(lines, w.titled(w.about("score-was", "score", strconv.Itoa(was))))
			}
		}
	})
	if len(lines) > 0 {
		w.tell(e, strings.Join(lines, "\n"))
	}
}

// scoreOfAny is the score that advice is about, or else any that there is.
func (w *writing) scoreOfAny() string {
	names := w.Policy.Instruments()
	if a := pathway.Of[pathway.AdviceChange](w.decision); a != nil {
		names = append([]string{a.Of}, names...)
	}
	for _, name := range names {
		view, made := w.p.stay.About(name), w.scores[name]
		if name == w.p.stay.Instrument {
			made = cmp.Or(w.made.score, w.made.minimum)
		}
		if ref := cmp.Or(made, view.Score.Ref, view.Minimum.Ref); name != "" && ref != "" {
			return ref
		}
	}
	return ""
}
