package doctor

import (
	"context"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
)

// besideAudit is the Task of the transaction with an AuditEvent.
const besideAudit = "beside-audit"

// audited sends an AuditEvent in a transaction that is refused for an old version,
// as one without was before. R4 has creates come before updates, so a server that
// takes no AuditEvent is expected to say that instead. Nothing of it stays: an
// AuditEvent that did could not be deleted, and would keep its Task from being.
func (t *trial) audited(ctx context.Context, first fhir.Resource, before error) error {
	const what = "AuditEvent"
	if !fhir.IsConflict(before) {
		t.add(Note, what, "see whether serve is refused", "not tried: an old version beside it is not refused as a conflict")
		return nil
	}
	var tx fhir.Transaction
	task := t.put(&tx, besideAudit)
	tx.Create(fhir.NewRef(), event(task), "")
	tx.Update(t.client, first)
	err := t.client.Transact(ctx, &tx)
	if err != nil && !given(err) {
		return err
	}
	if fhir.IsConflict(err) {
		t.add(Fine, what, "", "not refused, only the old version beside it is (%d)", fhir.Status(err))
		return nil
	}
	t.add(Note, what, "tilsyn writes without a record of it: let the server take them, or turn audit.enabled off where it keeps one itself", "%s", orTaken(err))
	return nil
}

func orTaken(err error) string {
	if err == nil {
		return "taken with an old version beside it, and stays"
	}
	return err.Error()
}

// event says that a throw-away Task was made.
func event(task string) r4.AuditEvent {
	self := r4.Reference{Display: fhir.Ptr("tilsyn doctor")}
	return r4.AuditEvent{
		Meta:     testData(),
		Type:     fhir.Coding("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest", ""),
		Subtype:  []r4.Coding{fhir.Coding("http://hl7.org/fhir/restful-interaction", "create", "")},
		Action:   fhir.Ptr(r4.AuditEventActionC),
		Recorded: *fhir.Instant(time.Now()),
		Outcome:  fhir.Ptr(r4.AuditEventOutcome0),
		Agent:    []r4.AuditEventAgent{{Who: &self, Requestor: true}},
		Source:   r4.AuditEventSource{Observer: self},
		Entity:   []r4.AuditEventEntity{{What: fhir.Ref(task)}},
	}
}
