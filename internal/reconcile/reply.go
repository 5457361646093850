package reconcile

import (
	"cmp"
	"slices"
	"strings"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
	"github.com/tilsyn/tilsyn/internal/words"
)

// This file carries the team's no to the order and to the ward, in the words in which
// the team wrote it. They go into resources alone: no log, error or decision holds them.

// longestReason bounds what is carried of them, in characters.
const longestReason = 2000

// reasonOf is why the team's Task has its status: its statusReason in words, and the last
// note of theirs; "" where they say nothing.
func reasonOf(task fhir.Resource, language *words.Catalogue) string {
	var said []string
	for _, words := range []string{conceptIn(task.Get("statusReason"), language), lastNote(task)} {
		if words = strings.TrimSpace(words); words != "" && !slices.Contains(said, words) {
			said = append(said, words)
		}
	}
	reason := []rune(strings.Join(said, "\n"))
	if len(reason) > longestReason {
		return string(reason[:longestReason]) + "…"
	}
	return string(reason)
}

// conceptIn is what a person reads of a concept: its text, our words for a code of ours,
// a display, or the bare code.
func conceptIn(concept gjson.Result, language *words.Catalogue) string {
	if text := concept.Get("text").String(); text != "" {
		return text
	}
	if said := language.Code(ourCode(concept)); said != "" {
		return said
	}
	for _, part := range []string{"display", "code"} {
		for _, c := range concept.Get("coding").Array() {
			if said := c.Get(part).String(); said != "" {
				return said
			}
		}
	}
	return ""
}

// lastNote is the last of a Task that we did not write.
func lastNote(task fhir.Resource) string {
	for _, note := range slices.Backward(task.Get("note").Array()) {
		if text := note.Get("text").String(); text != "" && !ourNotice(note) {
			return text
		}
	}
	return ""
}

// ourNotice tells what we tell the team from what people write beside it. Earlier
// releases did not mark theirs, and left the words as they are.
func ourNotice(note gjson.Result) bool {
	if partOf(note) != "" {
		return true
	}
	if note.Get("authorReference").Exists() || note.Get("authorString").Exists() {
		return false
	}
	return slices.ContainsFunc(artifacts.Languages, func(language string) bool {
		return slices.ContainsFunc(pathway.Notices, func(code string) bool {
			return note.Get("text").String() == words.In(language).Team(code)
		})
	})
}

// replied tells whether an order says already why the team does not come.
func replied(order, task fhir.Resource) bool {
	return slices.ContainsFunc(artifacts.Languages, func(language string) bool {
		reason := reasonOf(task, words.In(language))
		return slices.ContainsFunc(order.Get("note").Array(), func(note gjson.Result) bool {
			return reason != "" && strings.Contains(note.Get("text").String(), reason)
		})
	})
}

// refusal is the team's no, for the ward and for who reads the order.
func (w *writing) refusal() string {
	team, _ := w.p.stay.TeamTask()
	if reason := reasonOf(w.p.byRef[team.Ref], w.words); reason != "" {
		return w.words.Text("turned-down", "reason", reason)
	}
	return w.words.Text("turned-down-unexplained")
}

// replying tells the ward that the team does not come, or changes the Task that does.
type replying struct{ *pathway.ReplyChange }

func (a replying) describe() []string {
	return []string{"set the task that tells the ward of the team's no to " + a.Status}
}

func (a replying) write(w *writing) {
	if a.Ref != "" {
		w.changeWards(pathway.AdviceChange(*a.ReplyChange), w.words.Reply)
		return
	}
	ref := fhir.NewRef()
	w.createNamed(ref, w.replyTask(a.Cause), w.presentReply())
	w.touched(ref)
}

// presentReply names the reply to the consult that there is: it bears its number.
func (w *writing) presentReply() stay.Name {
	return w.named(stay.Reply, w.p.stay.Consult.Number)
}

func (w *writing) replyTask(consult string) fhir.Task {
	t := w.wardsTask("consult-rejected", consult)
	t.Identifier = []r4.Identifier{identifier(w.presentReply())}
	t.Description = fhir.Ptr(w.words.Text("reply"))
	t.ReasonReference = fhir.Ref(consult)
	t.Note = []r4.Annotation{w.note(w.refusal())}
	return t
}

// scoreOf is the score that advice rests on: what was made now or stands, or, in place of
// a consult for an earlier admission's, the reason of that.
func (w *writing) scoreOf(consult string) string {
	reason, _ := w.Client.LocalRef(w.p.byRef[consult].Get("reasonReference.0.reference").String())
	if w.several() {
		return cmp.Or(reason, w.scoreOfAny())
	}
	for _, ref := range []string{w.made.score, w.made.minimum, w.p.stay.Score.Ref, w.p.stay.Minimum.Ref, reason} {
		if ref != "" {
			return ref
		}
	}
	return ""
}
