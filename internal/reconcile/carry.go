package reconcile

import (
	"fmt"

	"github.com/tilsyn/tilsyn/internal/pathway"
)

// carrying shows on the order what the team did with their Task.
type carrying struct{ *pathway.Carriage }

func (a carrying) describe() []string {
	return []string{fmt.Sprintf("set the consult %s to %s", a.Order, a.Status)}
}

func (a carrying) write(w *writing) {
	w.edit(a.Order, func(e *edit) { e.set("status", a.Status) })
	w.touched(a.Order)
}
