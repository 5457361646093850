package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// kind says what a request to the FHIR server is for.
type kind string

const (
	loads  kind = "load"   // one admission
	write  kind = "write"  // a transaction
	poll   kind = "poll"   // what has changed
	census kind = "census" // who is there
	page   kind = "page"   // the next page of a poll or a census
	other  kind = "other"  // start-up
)

// kindOf tells requests apart by the parameters that only one kind has.
func kindOf(r *http.Request, body []byte) kind {
	query := r.URL.Query()
	switch {
	case r.Method == http.MethodPost && gjson.GetBytes(body, "type").String() == "transaction":
		return write
	case strings.Contains(r.URL.RawQuery, "page"):
		return page
	case query.Has("_count") && !query.Has("patient") && (query.Has("status") || query.Has("business-status")):
		return census
	case query.Has("_count"): // also for whose admissions a changed patient is
		return poll
	case strings.HasSuffix(r.URL.Path, "/metadata"), query.Has("url"), query.Get("identifier") != "":
		return other
	}
	return loads
}

// counts are requests by kind.
type counts map[kind]int

func (c counts) total() (n int) {
	for _, of := range c {
		n += of
	}
	return n
}

func (c counts) since(before counts) counts {
	d := counts{}
	for k, n := range c {
		if n > before[k] {
			d[k] = n - before[k]
		}
	}
	return d
}

func (c counts) String() string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(c)) {
		parts = append(parts, fmt.Sprintf("%d %s", c[k], k))
	}
	return strings.Join(parts, ", ")
}

// count is what has passed the tap so far.
func (t *tap) count() counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}

// kindOfBody is the type of a Bundle.
func kindOfBody(body string) string { return gjson.Get(body, "type").String() }
