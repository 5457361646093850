package reconcile

// Forget makes a process as it is after a restart.
func (r *Reconciler) Forget() { r.loader.seen = newMemo() }
