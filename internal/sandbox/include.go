package sandbox

import (
	"net/http"
	"strings"

	"github.com/tidwall/gjson"
)

// maxIncluded is where HAPI silently cuts each include.
const maxIncluded = 1000

// include is one _include or _revinclude: a reference parameter to follow, forwards or backwards.
type include struct {
	reverse bool
	iterate bool
	source  *kind  // nil for *
	by      *param // nil for *
	target  string // a resource type, or any
}

// include understands "Task:focus", "Task:focus:ServiceRequest", "Task:*" and "*".
func (p *queryParser) include(name, value string) error {
	word, modifier, _ := strings.Cut(name, ":")
	inc := include{reverse: word == "_revinclude", iterate: modifier != ""}
	if value != "*" {
		parts := append(strings.SplitN(value, ":", 3), "", "")
		inc.source, inc.target = p.catalogue[parts[0]], parts[2]
		if inc.source != nil {
			inc.by = inc.source.param(parts[1])
		}
		if inc.source == nil || parts[1] != "*" && inc.by == nil {
			return refuse(http.StatusBadRequest, "Invalid %s parameter value: %q", word, clip(value))
		}
	}
	p.query.includes = append(p.query.includes, inc)
	return nil
}

// inclusion gathers what goes along with one page of matches.
type inclusion struct {
	store *store
	seen  map[*record]bool
	found []*record
}

// include follows the query's includes from one page. The store's lock must be held.
func (q *query) include(st *store, page []*record) []*record {
	in := &inclusion{store: st, seen: map[*record]bool{}}
	for _, rec := range page {
		in.seen[rec] = true
	}
	for _, inc := range q.includes {
		in.follow(inc, page)
	}
	for from := 0; ; {
		round := append([]*record(nil), in.found[from:]...)
		from = len(in.found)
		for _, inc := range q.includes {
			if inc.iterate {
				in.follow(inc, round)
			}
		}
		if len(in.found) == from {
			return in.found
		}
	}
}

func (in *inclusion) follow(inc include, from []*record) {
	added := 0
	for _, rec := range from {
		for _, other := range inc.neighbours(in.store, rec) {
			if added == maxIncluded {
				return
			}
			if !in.seen[other] {
				in.seen[other] = true
				in.found = append(in.found, other)
				added++
			}
		}
	}
}

// neighbours returns what rec refers to, or what refers to rec.
func (inc include) neighbours(st *store, rec *record) []*record {
	if inc.reverse {
		return inc.referrers(st, rec)
	}
	if inc.source != nil && inc.source.name != rec.typ {
		return nil
	}
	var found []*record
	doc := rec.document()
	for _, p := range inc.params(st.catalogue[rec.typ]) {
		p.each(doc, func(v gjson.Result, target string) {
			typ, id, _ := strings.Cut(localReference(v.Get("reference").String()), "/")
			if target != "" && typ != target || inc.target != "" && typ != inc.target {
				return
			}
			if other := st.find(typ, id); other != nil && !other.deleted() {
				found = append(found, other)
			}
		})
	}
	return found
}

func (inc include) referrers(st *store, rec *record) []*record {
	if inc.target != "" && inc.target != rec.typ {
		return nil
	}
	var found []*record
	for _, t := range st.sorted() {
		if inc.source != nil && inc.source != t.kind {
			continue
		}
		for _, p := range inc.params(t.kind) {
			found = append(found, t.index[key{p.name, rec.ref()}]...)
		}
	}
	return found
}

// params returns the reference parameters that the include follows on a type.
func (inc include) params(k *kind) []*param {
	if inc.by != nil {
		return []*param{inc.by}
	}
	var all []*param
	for _, p := range k.params {
		if p.refers() {
			all = append(all, p)
		}
	}
	return all
}
