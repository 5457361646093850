package doctor

import (
	"context"
	"net/http"
	"slices"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
)

// about stands on every throw-away Task, for whoever finds one.
const about = "Made by `tilsyn doctor --write` to try this server; about nobody, may be deleted"

func (t *trial) identifier(key string) string { return t.run + ":" + key }

func (t *trial) know(key string) {
	if !slices.Contains(t.keys, key) {
		t.keys = append(t.keys, key)
	}
}

// testData marks what is made here as nobody's.
func testData() *r4.Meta {
	return &r4.Meta{Tag: []r4.Coding{fhir.Coding("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST", "test health data")}}
}

// put adds to a transaction that the Task of a key be made once.
func (t *trial) put(tx *fhir.Transaction, key string) (ref string) {
	ref = fhir.NewRef()
	t.make(tx, key, ref, t.task(key))
	return ref
}

func (t *trial) make(tx *fhir.Transaction, key, ref string, task fhir.Task) {
	t.know(key)
	tx.Create(ref, task, fhir.ByIdentifier(System, t.identifier(key)))
}

func (t *trial) task(key string) fhir.Task {
	name := t.identifier(key)
	return fhir.Task{Task: r4.Task{
		Meta:        testData(),
		Identifier:  []r4.Identifier{{System: fhir.Ptr(System), Value: &name}},
		Status:      r4.TaskStatusCancelled,
		Intent:      "order",
		Description: fhir.Ptr(about),
		AuthoredOn:  fhir.Instant(time.Now()),
	}}
}

// made finds the Tasks of a key. What else a server gives that ignores the
// search is not ours, and must never be touched.
func (t *trial) made(ctx context.Context, key string) ([]fhir.Resource, error) {
	found, err := t.client.Search(ctx, "Task?"+fhir.ByIdentifier(System, t.identifier(key)))
	found = slices.DeleteFunc(found, func(r fhir.Resource) bool {
		return r.Type() != "Task" || r.Identifier(System) != t.identifier(key)
	})
	if fhir.IsCutShort(err) && len(found) > 0 {
		err = nil
	}
	return found, err
}

// after is made, once a write has had the time to become visible.
func (t *trial) after(ctx context.Context, key string) ([]fhir.Resource, error) {
	if err := sleep(ctx, 2*t.lag); err != nil {
		return nil, err
	}
	return t.made(ctx, key)
}

// cleanUp removes what was made, the last first, as a server may keep what another
// points to; or marks it where it may not be deleted.
func (t *trial) cleanUp(ctx context.Context) {
	made, unseen := t.allMade(ctx)
	left, why := t.delete(ctx, made)
	deleted, marked := len(made)-len(left), 0
	for _, r := range left {
		if t.mark(ctx, r) == nil {
			marked++
		}
	}
	const what = "cleaning up"
	switch stuck := len(left) - marked + unseen; {
	case stuck > 0:
		t.add(Note, what, "delete the Tasks whose identifier has the system "+System, "%d deleted, %d marked as made in error, %d left", deleted, marked, stuck)
	case marked > 0:
		t.add(Note, what, "the server does not let them be deleted; they stand on no list", "%d deleted, %d marked as made in error: %v", deleted, marked, why)
	case deleted > 0:
		t.add(Fine, what, "", "%d throw-away Tasks deleted", deleted)
	}
}

// allMade are the Tasks of this trial, the last first, and how many keys could not
// be asked for.
func (t *trial) allMade(ctx context.Context) (made []fhir.Resource, unseen int) {
	for _, key := range slices.Backward(t.keys) {
		found, err := t.after(ctx, key)
		if err != nil {
			unseen++
		}
		made = append(made, found...)
	}
	return made, unseen
}

// delete gives what is left, and why. A server refuses one that it is still busy
// with, and with it what that points to: these are tried again.
func (t *trial) delete(ctx context.Context, made []fhir.Resource) (left []fhir.Resource, why error) {
	left = made
	for pause := 100 * time.Millisecond; ; pause *= 2 {
		before := len(left)
		left = slices.DeleteFunc(slices.Clone(left), func(r fhir.Resource) bool {
			err := t.client.Delete(ctx, r.Ref())
			if err != nil {
				why = err
			}
			return err == nil
		})
		gaveUp := fhir.IsRefused(why) && len(left) == before || pause > 2*time.Second
		if len(left) == 0 || gaveUp || sleep(ctx, pause) != nil {
			return left, why
		}
	}
}

func (t *trial) mark(ctx context.Context, r fhir.Resource) error {
	r, err := r.Set("status", "entered-in-error")
	if err != nil {
		return err
	}
	var tx fhir.Transaction
	tx.Update(t.client, r)
	return t.client.Transact(ctx, &tx)
}

// given tells that the server has given its answer, if not the one that was
// hoped for; one that is overloaded has not.
func given(err error) bool {
	switch fhir.Status(err) {
	case 0, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return false
	}
	return true
}

// sleep waits, unless ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
