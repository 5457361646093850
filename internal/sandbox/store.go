package sandbox

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/tidwall/gjson"
)

// store is every resource and every version of it. It has no lock of its own: Server.mu guards it.
type store struct {
	catalogue catalogue
	tables    map[string]*table
	serial    int64                     // of the latest record
	ids       int64                     // the latest id that we gave
	latest    time.Time                 // of the latest write: lastUpdated never runs backwards
	began     func(time.Time) time.Time // when what is written now began; nil: now
}

// record is one resource through all its versions.
type record struct {
	typ, id  string
	serial   int64 // the order of creation, which is the order of an unsorted search
	versions []version
}

// version is one state of a record. Its body never changes once stored, so it can be read without a lock.
type version struct {
	number int
	body   []byte // nil when the version is a deletion
	at     time.Time
	method string // POST, PUT or DELETE
}

func newStore(c catalogue) *store { return &store{catalogue: c, tables: map[string]*table{}} }

func (r *record) current() *version { return &r.versions[len(r.versions)-1] }

func (r *record) deleted() bool { return r.current().body == nil }

func (r *record) ref() string { return r.typ + "/" + r.id }

// at returns the numbered version, or nil.
func (r *record) at(number string) *version {
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(r.versions) {
		return nil
	}
	return &r.versions[n-1]
}

// table returns the table of a resource type, making it on first use.
func (s *store) table(typ string) *table {
	t := s.tables[typ]
	if t == nil {
		t = newTable(s.catalogue[typ])
		s.tables[typ] = t
	}
	return t
}

// sorted returns the tables by name, so that nothing depends on the order of a map.
func (s *store) sorted() []*table {
	var all []*table
	for _, name := range slices.Sorted(maps.Keys(s.tables)) {
		all = append(all, s.tables[name])
	}
	return all
}

// find returns the record, deleted or not, or nil.
func (s *store) find(typ, id string) *record {
	if t := s.tables[typ]; t != nil {
		return t.records[id]
	}
	return nil
}

// tx is a set of writes that happen together or not at all. The write lock is held from begin to commit or rollback.
type tx struct {
	store  *store
	at     time.Time
	writes []*record
}

// begin opens a transaction at the present time, in the milliseconds that FHIR instants have here.
func (s *store) begin() *tx {
	now := time.Now()
	if s.began != nil {
		return &tx{store: s, at: instantOf(s.began(now))}
	}
	at := instantOf(now)
	if at.Before(s.latest) {
		at = s.latest
	}
	return &tx{store: s, at: at}
}

func instantOf(at time.Time) time.Time { return at.UTC().Truncate(time.Millisecond) }

// stampOf is what a new version of rec gets: no version is older than the one before it.
func (t *tx) stampOf(rec *record) time.Time {
	if len(rec.versions) > 0 && rec.current().at.After(t.at) {
		return rec.current().at
	}
	return t.at
}

// nextID returns an id that no resource has: a number, as HAPI gives.
func (t *tx) nextID() string {
	t.store.ids++
	return strconv.FormatInt(t.store.ids, 10)
}

// put stores body as the newest version. An identical body changes nothing, and put reports false.
func (t *tx) put(typ, id, method string, body []byte) (*record, bool) {
	tab := t.store.table(typ)
	rec := tab.records[id]
	if rec == nil {
		t.store.serial++
		rec = &record{typ: typ, id: id, serial: t.store.serial}
		tab.records[id] = rec
	} else if cur := rec.current(); cur.body != nil && sameResource(cur.body, body) {
		return rec, false
	}
	number := len(rec.versions) + 1
	at := t.stampOf(rec)
	t.append(rec, version{number: number, body: stamp(body, id, number, at), at: at, method: method})
	return rec, true
}

// remove stores a deletion as the newest version.
func (t *tx) remove(rec *record) {
	t.append(rec, version{number: len(rec.versions) + 1, at: t.stampOf(rec), method: "DELETE"})
}

func (t *tx) append(rec *record, v version) {
	tab := t.store.table(rec.typ)
	var before []byte
	if len(rec.versions) > 0 {
		before = rec.current().body
	}
	rec.versions = append(rec.versions, v)
	tab.reindex(rec, before, v.body)
	tab.touch(touch{v.at, rec, v.number})
	t.writes = append(t.writes, rec)
}

// commit makes the writes final.
func (t *tx) commit() {
	if len(t.writes) > 0 {
		t.store.latest = t.at
	}
	for _, rec := range t.writes {
		t.store.table(rec.typ).compact()
	}
}

// rollback takes the writes back, the latest first.
func (t *tx) rollback() {
	for _, rec := range slices.Backward(t.writes) {
		tab := t.store.table(rec.typ)
		last := *rec.current()
		undone := last.body
		rec.versions = rec.versions[:len(rec.versions)-1]
		tab.untouch(touch{last.at, rec, last.number})
		var restored []byte
		if len(rec.versions) == 0 {
			delete(tab.records, rec.id)
		} else {
			restored = rec.current().body
		}
		tab.reindex(rec, undone, restored)
	}
}

// referrer returns a resource that refers to ref, or nil.
func (s *store) referrer(ref string) *record {
	for _, tab := range s.sorted() {
		for _, p := range tab.kind.params {
			if !p.refers() {
				continue
			}
			for _, rec := range tab.index[key{p.name, ref}] {
				if rec.ref() != ref {
					return rec
				}
			}
		}
	}
	return nil
}

// document parses a stored body. gjson copies it, so that its values outlive the caller.
func (r *record) document() gjson.Result { return gjson.ParseBytes(r.current().body) }
