package reconcile

import "github.com/tilsyn/tilsyn/internal/pathway"

// withdrawing says on a score that it no longer holds.
type withdrawing struct{ *pathway.Withdrawal }

func (a withdrawing) ref() string { return string(*a.Withdrawal) }

func (a withdrawing) describe() []string { return []string{"withdraw the score " + a.ref()} }

func (a withdrawing) write(w *writing) {
	w.edit(a.ref(), func(e *edit) { e.set("status", "entered-in-error") })
	w.touched(a.ref())
}
