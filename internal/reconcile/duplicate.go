package reconcile

import (
	"fmt"

	"github.com/tilsyn/tilsyn/internal/pathway"
)

// discarding marks what there is one too many of as made in error. The Provenance
// points to the one that stays.
type discarding struct{ *pathway.Duplicates }

func (a discarding) describe() (lines []string) {
	for _, extra := range *a.Duplicates {
		lines = append(lines, fmt.Sprintf("mark %s as made in error; %s stays", extra.Ref, extra.Keep))
	}
	return lines
}

func (a discarding) record(*writing) (activity, from string) {
	return "duplicate", (*a.Duplicates)[0].Keep
}

func (a discarding) write(w *writing) {
	for _, extra := range *a.Duplicates {
		if _, there := w.p.byRef[extra.Ref]; !there {
			continue // a person has deleted it
		}
		w.edit(extra.Ref, func(e *edit) {
			e.set("status", "entered-in-error")
			if e.Type() == "Task" {
				w.modified(e)
			}
		})
		w.touched(extra.Ref)
	}
}
