package reconcile

import (
	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/internal/pathway"
)

// stopping puts drafts out of the way.
type stopping struct{ *pathway.Stop }

func (a stopping) describe() []string { return eachOf("stop the draft ", *a.Stop) }

// write leaves on a draft why its Task was ended.
func (a stopping) write(w *writing) {
	w.setStatus(*a.Stop, "stopped")
	change := pathway.Of[pathway.TaskChange](w.decision)
	if change == nil || change.Status != "cancelled" || change.Why == "" {
		return
	}
	for _, ref := range *a.Stop {
		w.edit(ref, func(e *edit) { e.extend(r4.Extension{Url: endedExtension, ValueCode: &change.Why}) })
	}
}

// restarting opens drafts again.
type restarting struct{ *pathway.Restart }

func (a restarting) describe() []string { return eachOf("open again the draft ", *a.Restart) }

func (a restarting) write(w *writing) { w.setStatus(*a.Restart, "in-progress") }

// completing says on a draft that its answers were handed in.
type completing struct{ *pathway.HandIn }

func (a completing) describe() []string {
	return eachOf("complete the draft ", []string{string(*a.HandIn)})
}

func (a completing) write(w *writing) { w.setStatus([]string{string(*a.HandIn)}, "completed") }

func (w *writing) setStatus(refs []string, status string) {
	for _, ref := range refs {
		w.edit(ref, func(e *edit) { e.set("status", status) })
	}
}

func eachOf(words string, refs []string) (lines []string) {
	for _, ref := range refs {
		lines = append(lines, words+ref)
	}
	return lines
}
