package sandbox

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// run returns what matches, in order. The store's lock must be held; the result is the caller's own.
func (q *query) run(st *store) posting {
	t := st.tables[q.kind.name]
	if t == nil {
		return nil
	}
	candidates := q.narrowest(t)
	matches := make(posting, 0, min(len(candidates), maxPage))
	for _, rec := range candidates {
		if q.matches(t, rec) {
			matches = append(matches, rec)
		}
	}
	q.order(matches)
	return matches
}

// narrowest lets the filter with the fewest candidates lead, so that the cost follows the answer and not the store.
func (q *query) narrowest(t *table) posting {
	var lead filter
	least := len(t.live)
	for _, f := range q.filters {
		if cost := f.cost(t); cost >= 0 && cost <= least {
			lead, least = f, cost
		}
	}
	if lead == nil {
		return t.live
	}
	return lead.candidates(t)
}

func (q *query) matches(t *table, rec *record) bool {
	return !slices.ContainsFunc(q.filters, func(f filter) bool { return !f.match(t, rec) })
}

// sortKey is one word of _sort. A nil parameter is _id or _lastUpdated.
type sortKey struct {
	name       string
	by         *param
	descending bool
}

// order sorts as asked; what is equal stays in the order of creation, and what has no value comes last.
func (q *query) order(found posting) {
	for _, by := range slices.Backward(q.sort) {
		values := map[*record]string{}
		for _, rec := range found {
			values[rec] = by.value(rec)
		}
		slices.SortStableFunc(found, func(a, b *record) int {
			x, y := values[a], values[b]
			switch {
			case x == "" || y == "":
				return -cmp.Compare(x, y)
			case by.descending:
				return cmp.Compare(y, x)
			}
			return cmp.Compare(x, y)
		})
	}
}

// value is what rec is sorted by, as text that sorts right.
func (k sortKey) value(rec *record) string {
	switch k.name {
	case "_id":
		return rec.id
	case "_lastUpdated":
		return sortable(rec.current().at)
	}
	first := ""
	k.by.each(rec.document(), func(v gjson.Result, _ string) {
		text := k.text(v)
		if first == "" || text != "" && (text < first) != k.descending {
			first = text
		}
	})
	return first
}

func (k sortKey) text(v gjson.Result) string {
	switch k.by.typ {
	case typeDate:
		if s, ok := spanOf(v); ok {
			return sortable(s.from)
		}
		return ""
	case typeReference:
		return v.Get("reference").String()
	case typeString:
		return fold(strings.Join(leaves(v), " "))
	}
	text := ""
	tokenKeys(v, func(value string) { text = cmp.Or(text, strings.TrimPrefix(value, anyCode)) })
	return text
}

func sortable(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000000") }
