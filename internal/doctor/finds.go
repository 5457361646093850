package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
)

// This file shows that each kind of search finds what it must: one that finds
// nothing and says nothing looks as if nobody had been asked.

// children are throw-away Tasks beside their parent: together a dozen.
const children = 11

const parent = "find-parent"

func child(n int) string { return fmt.Sprintf("find-%02d", n) }

// family makes a Task with children: two statuses, two business statuses, one code.
// Four go in one request: a server that takes no more than eight (Medplum) is tried too.
func (t *trial) family(ctx context.Context) error {
	if err := t.create(ctx, parent); err != nil {
		return err
	}
	made, err := t.after(ctx, parent)
	if err != nil || len(made) == 0 {
		return err // a Task that no search finds was reported before
	}
	for from := 0; from < children; from += 4 {
		var tx fhir.Transaction
		for n := from; n < min(from+4, children); n++ {
			t.make(&tx, child(n), fhir.NewRef(), t.childOf(made[0].Ref(), n))
		}
		if err := t.client.Transact(ctx, &tx); err != nil {
			return err
		}
	}
	return nil
}

func (t *trial) childOf(whole string, n int) fhir.Task {
	task := t.task(child(n))
	task.PartOf = []r4.Reference{*fhir.Ref(whole)}
	task.Code = fhir.Ptr(fhir.Concept(System, "trial", ""))
	task.BusinessStatus = fhir.Ptr(fhir.Concept(System, []string{"even", "odd"}[n%2], ""))
	if n%2 == 1 {
		task.Status = r4.TaskStatusFailed
	}
	return task
}

// kind is one kind of search, as serve uses it.
type kind struct {
	what, query string
	want        []string // keys
	means       string
}

func (t *trial) kinds() []kind {
	all, cancelled := make([]string, children), []string{}
	for n := range children {
		all[n] = child(n)
		if n%2 == 0 {
			cancelled = append(cancelled, child(n))
		}
	}
	system, now := System+"|", t.client.ServerTime()
	if now.IsZero() {
		now = time.Now()
	}
	return []kind{
		{"search identifier=a,b", "Task?" + fhir.ByIdentifier(System, t.identifier(child(0)), t.identifier(child(1))), all[:2],
			"a look does not find what was made; tilsyn asks for each value by itself once it has seen this of its own Device"},
		{"search identifier=system|", fhir.Query("Task", "identifier", system, "status", "cancelled", "_count", "200"), append(cancelled, parent),
			"the census does not find forms that somebody has begun on; it finds their Tasks"},
		{"search business-status=a,b", fhir.Query("Task", "business-status", system+"even,"+system+"odd", "_count", "200"), all,
			"the census does not find our open work by what we wrote on it; it finds it by code and status, and by the open admissions"},
		{"search code and status=a,b", fhir.Query("Task", "code", "trial,"+system+"none", "status", "cancelled,failed", "_count", "200"), all,
			"the census misses open work whose business status a person wrote over"},
		{"pages", fhir.Query("Task", "code", system+"trial", "_count", "5"), all, "the census sees the first page alone: most admissions are missed, and it says that it is not whole"},
		{"search _lastUpdated beside others", fhir.Query("Task", "code", system+"trial", "_lastUpdated", "ge"+*fhir.Instant(now.Add(-time.Hour)), "_sort", "_lastUpdated", "_count", "200"), all,
			"polls miss what changes; only the census finds it"},
	}
}

// finding tries each kind of search on the family.
func (t *trial) finding(ctx context.Context) error {
	if err := t.family(ctx); given(err) {
		t.add(Unproved, "what searches find", "", "the throw-away Tasks are refused: %v", err)
		return nil
	} else if err != nil {
		return err
	}
	if err := sleep(ctx, 2*t.lag); err != nil {
		return err
	}
	for _, k := range t.kinds() {
		if err := t.finds(ctx, k); err != nil {
			return err
		}
	}
	t.add(Unproved, "search by encounter and patient", "a throw-away Encounter would reach other systems; tilsyn asks for its own work by name as well", "not tried")
	return t.includes(ctx)
}

func (t *trial) finds(ctx context.Context, k kind) error {
	found, err := t.keysIn(ctx, k.query)
	missing := slices.DeleteFunc(slices.Clone(k.want), func(key string) bool { return found[key] })
	switch {
	case err != nil && !given(err) && !fhir.IsNotWhole(err) && len(found) == 0:
		return err
	case err != nil && !fhir.IsNotWhole(err):
		t.add(Unsafe, k.what, k.means, "%v", err)
	case len(missing) == 0:
		t.add(Fine, k.what, "", "finds what it must: %d", len(k.want))
	case fhir.IsNotWhole(err):
		t.add(Note, k.what, "what is not there is not taken for absent", "found %d of %d; %v", len(k.want)-len(missing), len(k.want), err)
	default:
		t.add(Unsafe, k.what, k.means, "found %d of %d%s", len(k.want)-len(missing), len(k.want), t.literal(ctx, k, found))
	}
	return nil
}

// literal says where a comma is taken for part of a value.
func (t *trial) literal(ctx context.Context, k kind, found map[string]bool) string {
	if len(found) > 0 || !strings.Contains(k.what, "a,b") {
		return ""
	}
	if alone, err := t.keysIn(ctx, "Task?"+fhir.ByIdentifier(System, t.identifier(child(0)))); err != nil || !alone[child(0)] {
		return ""
	}
	return "; a value alone is found, so the comma is taken literally"
}

// keysIn are the keys of this run's Tasks that a search finds.
func (t *trial) keysIn(ctx context.Context, query string) (map[string]bool, error) {
	keys := map[string]bool{}
	err := t.client.Each(ctx, query, func(r fhir.Resource) error {
		if key, ours := strings.CutPrefix(r.Identifier(System), t.run+":"); ours && r.Type() == "Task" {
			keys[key] = true
		}
		return nil
	})
	return keys, err
}

// includes tries what a search brings along. Nothing rests on it: a server that
// cuts it must not be taken for one that has no more.
func (t *trial) includes(ctx context.Context) error {
	made, err := t.made(ctx, parent)
	if err != nil || len(made) == 0 {
		return err
	}
	found, err := t.keysIn(ctx, fhir.Query("Task", "_id", made[0].ID(), "_revinclude", "Task:part-of"))
	const means = "tilsyn relies on no include: it asks for its own work by name, and reads a patient who is not brought along"
	brought := len(found) - 1
	switch {
	case err != nil && !fhir.IsNotWhole(err) && !given(err):
		return err
	case err != nil:
		t.add(Note, "includes", means, "%d of %d: %v", max(brought, 0), children, err)
	case brought < children:
		t.add(Unsafe, "includes", "the server leaves out what belongs to an answer and says nothing, so other searches may be cut too; "+means, "brings %d of %d, without a word", brought, children)
	default:
		t.add(Fine, "includes", "", "brings %d of %d", children, children)
	}
	t.add(Unproved, "includes of 100 and more", means, "Microsoft cuts them at 100, AWS at 10")
	return nil
}
