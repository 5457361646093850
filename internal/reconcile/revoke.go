package reconcile

import "github.com/tilsyn/tilsyn/internal/pathway"

// revoking takes back a consult that nobody has begun on.
type revoking struct{ *pathway.Revocation }

func (a revoking) describe() []string {
	if a.Ref == "" {
		return []string{"cancel the team's task (" + a.Why + ")"}
	}
	return []string{"revoke the consult " + a.Ref + " (" + a.Why + ")"}
}

func (a revoking) write(w *writing) {
	said := w.toTeam(a.Why)
	if a.Ref != "" {
		w.edit(a.Ref, func(e *edit) {
			e.set("status", "revoked")
			if a.Why != pathway.Discharged { // the answers ask for as much as before
				e.extend(tierOf(pathway.None))
			}
			w.tell(e, said)
		})
		w.touched(a.Ref)
	}
	task, ok := w.p.stay.TeamTask()
	if !ok || !task.Open() && task.Reason != pathway.Discharged {
		return
	}
	w.edit(task.Ref, func(e *edit) {
		e.set("status", "cancelled")
		e.set("statusReason", coded(a.Why, said))
		w.modified(e)
	})
	w.touched(task.Ref)
}
