package sandbox

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// filter is one condition of a search.
type filter interface {
	// cost is how many records candidates would return, or -1 if the index does not help.
	cost(t *table) int
	// candidates returns all records that match, and perhaps more.
	candidates(t *table) posting
	match(t *table, rec *record) bool
}

// filter makes the condition for one parameter with its alternatives.
func (p *queryParser) filter(by *param, modifier string, values []string) (filter, error) {
	switch {
	case modifier == "missing":
		return missing{by, values[0] == "true"}, nil
	case by.typ == typeDate && modifier == "":
		return dateFilter(by, values)
	case by.typ == typeString && (modifier == "" || modifier == "exact"):
		return scan{by, stringTest(modifier == "exact", values)}, nil
	case by.typ == typeURI && modifier == "below":
		return scan{by, prefixTest(values)}, nil
	case by.typ == typeToken && (modifier == "" || modifier == "not"):
		return keyed{keysFor(by, values, tokenValue), modifier == "not"}, nil
	case by.typ == typeReference && (modifier == "" || p.catalogue[modifier] != nil):
		return keyed{keysFor(by, values, referenceValue(modifier)), false}, nil
	case (by.typ == typeURI || by.typ == typeCanonical) && modifier == "":
		return keyed{keysFor(by, values, unescape), false}, nil
	}
	return nil, refuse(http.StatusBadRequest, "Modifier %q is not supported for search parameter %q of resource type %q",
		clip(modifier), by.name, p.query.kind.name)
}

func keysFor(by *param, values []string, form func(string) string) []key {
	keys := make([]key, len(values))
	for i, v := range values {
		keys[i] = key{by.name, form(v)}
	}
	return keys
}

// tokenValue turns "system|code", "|code", "system|" or "code" into the value that the index knows.
func tokenValue(v string) string {
	parts := splitEscaped(v, '|')
	if len(parts) == 1 {
		return anyCode + unescape(v)
	}
	return unescape(parts[0]) + "|" + unescape(strings.Join(parts[1:], "|"))
}

// referenceValue accepts "id" and "Type/id"; an absolute URL finds nothing, not even one on this server. A modifier such as
// :Patient adds the type.
func referenceValue(typ string) func(string) string {
	return func(v string) string {
		v = unescape(v)
		if typ != "" && !strings.Contains(v, "/") {
			v = typ + "/" + v
		}
		if local := localReference(v); local != "" {
			return local
		}
		return v
	}
}

// keyed finds records by index keys, any of them; negated it finds all others.
type keyed struct {
	keys   []key
	negate bool
}

func (f keyed) cost(t *table) int {
	if f.negate {
		return -1
	}
	n := 0
	for _, k := range f.keys {
		n += len(t.index[k])
	}
	return n
}

func (f keyed) candidates(t *table) posting {
	if len(f.keys) == 1 {
		return t.index[f.keys[0]]
	}
	var all posting
	for _, k := range f.keys {
		all = append(all, t.index[k]...)
	}
	return inOrder(all)
}

func (f keyed) match(t *table, rec *record) bool {
	return f.negate != slices.ContainsFunc(f.keys, func(k key) bool { return t.index[k].has(rec) })
}

// inOrder sorts records by creation and drops doubles.
func inOrder(p posting) posting {
	slices.SortFunc(p, func(a, b *record) int { return cmp.Compare(a.serial, b.serial) })
	return slices.Compact(p)
}

// idFilter finds records by their ids.
type idFilter []string

func (f idFilter) cost(*table) int { return len(f) }

func (f idFilter) candidates(t *table) posting {
	var found posting
	for _, id := range f {
		// HAPI takes Type/id here as well.
		if rec := t.records[strings.TrimPrefix(id, t.kind.name+"/")]; rec != nil && !rec.deleted() {
			found = append(found, rec)
		}
	}
	return inOrder(found)
}

func (f idFilter) match(t *table, rec *record) bool { return f.candidates(t).has(rec) }

// window finds records by when they were last written. It includes from and excludes to.
type window struct{ from, to time.Time }

// narrow adds one comparison, and reports false if it is one that a window cannot express.
func (w *window) narrow(test dateTest) bool {
	from, to := longAgo, farAhead
	switch test.prefix {
	case "eq":
		from, to = test.span.from, test.span.to
	case "ge":
		from = test.span.from
	case "gt", "sa":
		from = test.span.to
	case "lt", "eb":
		to = test.span.from
	case "le":
		to = test.span.to
	default:
		return false
	}
	if from.After(w.from) {
		w.from = from
	}
	if to.Before(w.to) {
		w.to = to
	}
	return true
}

func (w *window) cost(t *table) int { return len(t.window(w.from, w.to)) }

func (w *window) candidates(t *table) posting {
	var found posting
	for _, x := range t.window(w.from, w.to) {
		if x.fresh() {
			found = append(found, x.rec)
		}
	}
	return inOrder(found)
}

func (w *window) match(_ *table, rec *record) bool {
	at := rec.current().at
	return !at.Before(w.from) && at.Before(w.to)
}

// scan looks at the elements themselves. It is for what is rarely searched alone: dates and strings.
type scan struct {
	by   *param
	test func(gjson.Result) bool
}

func (scan) cost(*table) int { return -1 }

func (scan) candidates(t *table) posting { return t.live }

func (f scan) match(_ *table, rec *record) bool {
	found := false
	f.by.each(rec.document(), func(v gjson.Result, _ string) { found = found || f.test(v) })
	return found
}

// missing finds records that lack an element altogether, or that have it.
type missing struct {
	by   *param
	want bool
}

func (missing) cost(*table) int { return -1 }

func (missing) candidates(t *table) posting { return t.live }

func (f missing) match(_ *table, rec *record) bool { return f.by.present(rec.document()) != f.want }
