package reconcile

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// trailRest is how long no AuditEvents are sent to a server that has refused
// them: somebody may allow them meanwhile.
const trailRest = time.Hour

// trail knows whether the server refuses AuditEvents.
type trail struct {
	rest atomic.Pointer[time.Time] // until when none are sent
}

func (t *trail) open(now time.Time) bool {
	until := t.rest.Load()
	return until == nil || !now.Before(*until)
}

func (t *trail) close(now time.Time) {
	until := now.Add(trailRest)
	t.rest.Store(&until)
}

// send writes a decision, with its AuditEvents where they are wanted. A server
// that refuses these (Helios keeps a trail of its own, others want another scope)
// gets the decision without: nobody is missed for want of a record. unrecorded
// tells that it was so.
func (r *Reconciler) send(ctx context.Context, p picture, d pathway.Decision) (unrecorded bool, err error) {
	recorded := r.Audit && r.trail.open(r.Now())
	err = r.transact(ctx, p, d, recorded)
	if !recorded || !fhir.IsRefused(err) {
		return r.Audit && !recorded, err
	}
	switch without := r.transact(ctx, p, d, false); {
	case without == nil:
		r.trail.close(r.Now())
		return true, nil
	case !fhir.IsRefused(without):
		return false, without
	}
	return false, err // it was for something else
}

func (r *Reconciler) transact(ctx context.Context, p picture, d pathway.Decision, recorded bool) error {
	tx, err := r.compose(p, d, recorded)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPermanent, err)
	}
	err = r.Client.Transact(ctx, tx)
	r.loader.seen.sent(p.stay.Admission.ID, tx, err)
	return err
}
