package sandbox

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// table is all resources of one type, and the ways to find them without reading them all.
type table struct {
	kind    *kind
	records map[string]*record
	live    posting
	index   map[key]posting
	touches []touch // every write in the order of lastUpdated; those that are no longer the newest are skipped
}

// posting is a set of records in the order of creation.
type posting []*record

// touch is one write, kept for searches by _lastUpdated.
type touch struct {
	at     time.Time
	rec    *record
	number int
}

func newTable(k *kind) *table {
	return &table{kind: k, records: map[string]*record{}, index: map[key]posting{}}
}

func (t touch) fresh() bool {
	v := t.rec.current()
	return v.number == t.number && v.body != nil
}

// reindex moves rec from the keys of one body to those of another. A nil body has no keys.
func (t *table) reindex(rec *record, before, after []byte) {
	old, now := t.keysOf(before), t.keysOf(after)
	for k := range old {
		if !now[k] {
			t.drop(k, rec)
		}
	}
	for k := range now {
		if !old[k] {
			t.add(k, rec)
		}
	}
	switch {
	case before == nil && after != nil:
		t.live = t.live.with(rec)
	case before != nil && after == nil:
		t.live = t.live.without(rec)
	}
}

func (t *table) keysOf(body []byte) map[key]bool {
	if body == nil {
		return nil
	}
	doc := gjson.ParseBytes(body)
	keys := map[key]bool{}
	for _, p := range t.kind.params {
		if p.indexed() {
			p.keys(doc, func(value string) { keys[key{p.name, value}] = true })
		}
	}
	return keys
}

func (t *table) add(k key, rec *record) {
	set, known := t.index[k]
	if !known {
		k.value = strings.Clone(k.value) // the rest of the document must not be kept alive by one word of it
	}
	t.index[k] = set.with(rec)
}

func (t *table) drop(k key, rec *record) {
	set := t.index[k].without(rec)
	if len(set) == 0 {
		delete(t.index, k)
		return
	}
	t.index[k] = set
}

func (p posting) search(rec *record) (int, bool) {
	return slices.BinarySearchFunc(p, rec.serial, func(r *record, serial int64) int { return cmp.Compare(r.serial, serial) })
}

func (p posting) has(rec *record) bool {
	_, found := p.search(rec)
	return found
}

// with inserts rec. New records come last, so this is mostly an append.
func (p posting) with(rec *record) posting {
	i, found := p.search(rec)
	if found {
		return p
	}
	return slices.Insert(p, i, rec)
}

func (p posting) without(rec *record) posting {
	i, found := p.search(rec)
	if !found {
		return p
	}
	return slices.Delete(p, i, i+1)
}

// window returns the touches at or after from and before to.
func (t *table) window(from, to time.Time) []touch {
	i := sort.Search(len(t.touches), func(i int) bool { return !t.touches[i].at.Before(from) })
	j := sort.Search(len(t.touches), func(j int) bool { return !t.touches[j].at.Before(to) })
	return t.touches[i:max(i, j)]
}

// touch notes a write. It is mostly the latest, but one that began earlier and took longer belongs before others.
func (t *table) touch(x touch) {
	i := len(t.touches)
	for i > 0 && t.touches[i-1].at.After(x.at) {
		i--
	}
	t.touches = slices.Insert(t.touches, i, x)
}

// untouch takes back a write that was noted lately.
func (t *table) untouch(x touch) {
	for i, other := range slices.Backward(t.touches) {
		if other == x {
			t.touches = slices.Delete(t.touches, i, i+1)
			return
		}
	}
}

// compact forgets outdated touches once they are the majority, so that history does not slow down a search.
func (t *table) compact() {
	if len(t.touches) > 2*len(t.live)+1000 {
		t.touches = slices.DeleteFunc(t.touches, func(x touch) bool { return !x.fresh() })
	}
}
