package reconcile

import "github.com/tilsyn/tilsyn/internal/pathway"

// moving puts the admission's patient on what is ours.
type moving struct{ *pathway.Move }

func (a moving) describe() (lines []string) {
	for _, ref := range *a.Move {
		lines = append(lines, "put the admission's patient on "+ref)
	}
	return lines
}

func (moving) record(*writing) (activity, from string) { return "merged", "" }

func (a moving) write(w *writing) {
	w.touched(*a.Move...)
	for _, ref := range *a.Move {
		w.edit(ref, func(e *edit) {
			if e.Type() != "Task" {
				e.set("subject", w.subject())
				return
			}
			e.set("for", w.subject())
			w.modified(e)
		})
	}
}
