package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/defect"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// System is that of the identifiers and the tag of throw-away resources: nobody
// else's search finds them.
const System = "https://tilsyn.org/fhir/doctor"

const (
	races    = 5                // keys that are raced for: one alone may go well by luck
	patience = 30 * time.Second // for a write to become visible
	tidying  = time.Minute      // for cleaning up, also when the trial was interrupted
)

// trial is one run with throw-away Tasks: cancelled, about nobody, owned by
// nobody, so that they stand on no list.
type trial struct {
	client *fhir.Client
	run    string        // tells this run's resources from any other's
	keys   []string      // all that may have been made
	lag    time.Duration // how long a write takes to be found
	audit  bool          // AuditEvents are to be written
	found  []Finding
}

// Try writes throw-away Tasks, so many at once where it races, looks what came
// of them, and removes them; with audit also whether AuditEvents are taken. An
// error is a server that does not answer; what was found until then is given with
// it.
func Try(ctx context.Context, c *fhir.Client, racers int, audit bool) ([]Finding, error) {
	t := &trial{client: c, run: uuid.NewString(), audit: audit}
	err := t.all(ctx, racers)
	tidy, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidying)
	defer cancel()
	t.cleanUp(tidy)
	return t.found, err
}

func (t *trial) all(ctx context.Context, racers int) error {
	first, err := t.visible(ctx)
	if err != nil || first.ID() == "" {
		return err
	}
	for _, try := range []func() error{
		func() error { return t.once(ctx) },
		func() error { return t.race(ctx, racers) },
		func() error { return t.refused(ctx, first) },
		func() error { return t.changes(ctx, first) },
		func() error { return t.finding(ctx) },
	} {
		if err := try(); err != nil {
			return err
		}
	}
	return nil
}

func (t *trial) add(level Level, what, means, seen string, args ...any) {
	Add(&t.found, level, what, means, seen, args...)
}

// visible makes the first Task and waits until a search finds it.
func (t *trial) visible(ctx context.Context) (first fhir.Resource, err error) {
	err = t.create(ctx, "first")
	if given(err) {
		t.add(Unsafe, "transaction", "tilsyn writes nothing else, and can write nothing here", "%v", err)
		return first, nil
	}
	if err != nil {
		return first, err
	}
	t.add(Fine, "transaction", "", "taken")
	began := time.Now()
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		made, err := t.made(ctx, "first")
		if err != nil {
			return first, err
		}
		if len(made) > 0 {
			t.sawAfter(time.Since(began), pause > 50*time.Millisecond)
			return made[0], nil
		}
		if time.Since(began) > patience {
			t.add(Unsafe, "search after a write", "tilsyn would ask and order again and again", "not found by its identifier within %s", patience)
			return first, nil
		}
		if err := sleep(ctx, pause); err != nil {
			return first, err
		}
	}
}

func (t *trial) sawAfter(lag time.Duration, late bool) {
	if !late {
		t.add(Fine, "search after a write", "", "finds it at once")
		return
	}
	t.lag = lag
	t.add(Note, "search after a write", "a look right after a write may repeat it; "+mended, "finds it after %s", lag.Round(10*time.Millisecond))
}

const mended = "tilsyn mends duplicates, see tilsyn_duplicates_repaired_total"

// once makes the first Task a second time.
func (t *trial) once(ctx context.Context) error {
	if err := t.create(ctx, "first"); err != nil && !given(err) {
		return err
	}
	made, err := t.after(ctx, "first")
	if err != nil {
		return err
	}
	t.add(levelIf(len(made) > 1, Note), "ifNoneExist, one after the other", mended, "asked twice, made %d", len(made))
	return nil
}

// race has several make the same Task at once, for a number of Tasks.
func (t *trial) race(ctx context.Context, racers int) error {
	twice, silent := 0, 0
	for n := range races {
		key := fmt.Sprintf("race-%d", n)
		failed, err := t.together(ctx, key, racers)
		if err != nil {
			return err
		}
		made, err := t.after(ctx, key)
		if err != nil {
			return err
		}
		silent += failed
		if len(made) > 1 {
			twice++
		}
	}
	what := fmt.Sprintf("ifNoneExist, %d at once", racers)
	t.add(levelIf(twice > 0, Note), what, "duplicates on a race: "+mended, "%d of %d keys were made more than once", twice, races)
	if silent > 0 {
		t.add(Note, "losers of a race", "they try again later, not at once", "%d of %d got an error that names no conflict", silent, races*racers)
	}
	return nil
}

// together counts the racers that got an error which is no conflict.
func (t *trial) together(ctx context.Context, key string, racers int) (failed int, err error) {
	t.know(key)
	errs := make([]error, racers)
	var group sync.WaitGroup
	for n := range racers {
		group.Go(func() { errs[n] = t.create(ctx, key) })
	}
	group.Wait()
	for _, e := range errs {
		switch {
		case e == nil || fhir.IsConflict(e):
		case given(e):
			failed++
		default:
			err = e
		}
	}
	return failed, err
}

// refused sends transactions of which the second part must be refused: an old
// version, and a type that there is not. Nothing of them may be there then.
func (t *trial) refused(ctx context.Context, first fhir.Resource) error {
	if done, err := t.change(ctx, first); err != nil || !done {
		return err
	}
	var stale, broken fhir.Transaction
	t.put(&stale, "beside-stale")
	stale.Update(t.client, first)
	refusal := t.client.Transact(ctx, &stale)
	if err := t.stale(refusal); err != nil {
		return err
	}
	if t.audit {
		if err := t.audited(ctx, first, refusal); err != nil {
			return err
		}
	}
	t.put(&broken, "beside-broken")
	broken.Create(fhir.NewRef(), json.RawMessage(`{"resourceType":"TilsynDoctor"}`), "")
	if err := t.client.Transact(ctx, &broken); err != nil && !given(err) {
		return err
	}
	return t.atomic(ctx)
}

// change updates the version that was read, so that it is an old one.
func (t *trial) change(ctx context.Context, first fhir.Resource) (done bool, err error) {
	edited, err := first.Set("description", about+"; changed")
	if err != nil {
		return false, err
	}
	var tx fhir.Transaction
	tx.Update(t.client, edited)
	err = t.client.Transact(ctx, &tx)
	if tx.Err() != nil || given(err) {
		t.add(Unsafe, "ifMatch", "tilsyn can change nothing here", "an update of the version that was read is refused: %v", err)
		return false, nil
	}
	return err == nil, err
}

// stale judges what came of an update of an old version.
func (t *trial) stale(err error) error {
	switch {
	case err == nil:
		t.add(Unsafe, "ifMatch", "what somebody writes at the same moment as tilsyn is lost", "an old version was taken and overwrote the new one")
	case fhir.IsConflict(err):
		t.add(Fine, "ifMatch", "", "an old version is refused (%d)", fhir.Status(err))
	case given(err):
		t.add(Note, "ifMatch", "not known as a conflict: the admission waits for the next look", "an old version is refused (%d)", fhir.Status(err))
	default:
		return err
	}
	return nil
}

func (t *trial) atomic(ctx context.Context) error {
	var left []string
	refused := slices.DeleteFunc([]string{"beside-stale", besideAudit, "beside-broken"}, func(key string) bool { return !slices.Contains(t.keys, key) })
	for _, key := range refused {
		made, err := t.after(ctx, key)
		if err != nil {
			return err
		}
		if len(made) > 0 {
			left = append(left, key)
		}
	}
	if slices.Contains(left, "beside-stale") && slices.Contains(Of(t.found, Unsafe), "ifMatch") {
		left = slices.Delete(left, 0, 1) // it was not refused, so it says nothing
	}
	t.add(levelIf(len(left) > 0, Unsafe), "all or nothing", "a score may be written without its consult", "of %d refused transactions %d left something behind", len(refused), len(left))
	return nil
}

func written(r fhir.Resource) time.Time {
	return stay.DateIn(r.Get("meta.lastUpdated").String(), time.UTC).First()
}

// changes asks as the poller does for what changed since the first Task.
func (t *trial) changes(ctx context.Context, first fhir.Resource) error {
	since := written(first)
	if since.IsZero() {
		t.add(Note, "_lastUpdated", "polls cannot follow what changes; the census finds it", "the server writes none")
		return nil
	}
	var times []time.Time
	seen := false
	err := t.client.Each(ctx, fhir.Query("Task", "_lastUpdated", "ge"+*fhir.Instant(since), "_sort", "_lastUpdated", "_count", "200"), func(r fhir.Resource) error {
		times = append(times, written(r))
		seen = seen || r.Ref() == first.Ref()
		if len(times) == 1000 {
			return errHit
		}
		return nil
	})
	if err != nil && err != errHit && !given(err) {
		return err
	}
	older := slices.ContainsFunc(times, func(at time.Time) bool { return at.Before(since.Truncate(time.Second)) })
	ordered := slices.IsSortedFunc(times, time.Time.Compare)
	switch {
	case given(err) || !seen:
		t.add(Note, "_lastUpdated", "polls miss what changes; only the census finds it", "a change is not found (%s)", orError(err))
	case older || !ordered:
		t.add(levelOf(older, Unsafe, Note), "_lastUpdated", "the server reads its whole history at each poll; tilsyn takes nothing from before the window for news", "older resources come too: %t, in order: %t", older, ordered)
	default:
		t.add(Fine, "_lastUpdated", "", "finds what changed, oldest first")
	}
	return nil
}

// create makes the Task of a key by a transaction, as tilsyn makes everything.
func (t *trial) create(ctx context.Context, key string) (err error) {
	defer defect.Catch(&err) // several do it at once
	var tx fhir.Transaction
	t.put(&tx, key)
	return t.client.Transact(ctx, &tx)
}
