package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/words"
)

// This file leaves out what widens the circle of those who know of a protected
// patient, and hands her work to others.

func (w *writing) hides(what string) bool { return w.Policy.Hides(w.p.stay, what) }

// place says on a Task where the patient is, or takes that off it.
func (w *writing) place(e *edit) {
	switch at := w.location(); {
	case at != nil:
		e.set("location", at)
	case w.hides(pathway.ShowLocation):
		e.delete("location")
	}
}

// routed remembers on a new Task to whom it was given, where nothing else
// would tell.
func (w *writing) routed(owner string) []fhir.Parameter {
	if !pathway.IsProtected(w.p.stay, w.Policy) {
		return nil
	}
	return []fhir.Parameter{{Type: paramRouted.concept(), ValueString: fhir.Ptr(pathway.Routed(owner))}}
}

// rememberOwner does so on one that is there.
func (w *writing) rememberOwner(e *edit, owner string) {
	if pathway.IsProtected(w.p.stay, w.Policy) {
		e.output(fhir.Parameter{Type: paramRouted.concept(), ValueString: &owner})
		return
	}
	e.dropOutput(paramRouted)
}

// kept is remembered of a Task whose owner had begun on it: given back, it goes
// to those who may know.
const kept = "kept"

// handingOver gives the consult to the team that is to have it now.
type handingOver struct{ *pathway.HandOver }

func (a handingOver) describe() []string {
	return []string{"give the team's task " + a.Task + " to those who may know, or to everybody's again"}
}

func (handingOver) record(*writing) (activity, from string) { return "protection", "" }

func (a handingOver) write(w *writing) {
	w.edit(a.Task, func(e *edit) {
		remembered := kept
		if !a.Keeps {
			e.set("owner", w.team())
			remembered = pathway.Routed(w.owners.Liaison)
		}
		w.place(e)
		w.rememberOwner(e, remembered)
		w.modified(e)
	})
	w.touched(a.Task)
	if a.Order != "" {
		w.edit(a.Order, func(e *edit) { w.handOverOrder(e, a.Keeps) })
		w.touched(a.Order)
	}
}

func (w *writing) handOverOrder(e *edit, keeps bool) {
	if !keeps {
		e.set("performer", []any{w.team()})
	}
	switch at := w.locations(); {
	case at != nil:
		e.set("locationReference", at)
	case w.hides(pathway.ShowLocation):
		e.delete("locationReference")
	}
	if !w.hides(pathway.ShowWard) {
		return
	}
	for i, note := range e.Get("note").Array() {
		text := note.Get("text").String()
		if less := discreet(text); less != text && ourLetter(text) {
			e.set(fmt.Sprintf("note.%d.text", i), less)
		}
	}
}

// ourLetter tells our words to the team from what people write beside them.
func ourLetter(text string) bool { return strings.HasPrefix(text, "AUDIT-C") }

// discreet is a letter without the ward and without who asked there.
func discreet(letter string) string {
	var lines []string
	for line := range strings.SplitSeq(letter, "\n") {
		switch {
		case begins(line, "ward"):
			continue
		case begins(line, "answered"):
			if when, _, more := strings.Cut(line, ", "); more {
				line = when + "."
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// begins tells a line by its words, in whichever language it was written.
func begins(line, code string) bool {
	return slices.ContainsFunc(artifacts.Languages, func(language string) bool {
		return strings.HasPrefix(line, words.In(language).Before(code))
	})
}
