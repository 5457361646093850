package intake

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/tilsyn/tilsyn/fhir"
)

const (
	// mostAround bounds the requests that a round sends beyond the ordinary.
	mostAround = 32
	// triesOfAPage come before it is read around: it may only be a bad moment.
	triesOfAPage = 3
)

// badPage tells of a page that cannot be had although the server answers.
func badPage(err error) bool {
	switch status := fhir.Status(err); {
	case errors.Is(err, resty.ErrResponseBodyTooLarge):
		return true
	case status == http.StatusServiceUnavailable || status == http.StatusNotImplemented:
		return false
	default:
		return status == http.StatusOK || status == http.StatusNotFound || status == http.StatusGone || status >= http.StatusInternalServerError
	}
}

// around reads a search from both of its ends to where a page fails, and what lies
// between again in smaller pages. What is left is named.
func (r *reader) around(ctx context.Context, query string, s span, why error, visit func(fhir.Resource) error) error {
	typ, _, _ := strings.Cut(query, "?")
	g := gap{span: s}
	for _, count := range []int{200, 25, 5, 1} {
		if g.seen == 0 && count < 200 && !r.givesAny(ctx, query) {
			break
		}
		for _, newestFirst := range []bool{false, true} {
			end := end{reader: r, count: count, visit: visit}
			err := end.read(ctx, g.query(query, strconv.Itoa(count), newestFirst))
			if err == nil && g.astray == [2]bool{} {
				return nil // it can be had after all
			}
			if err != nil && !badPage(err) && !errors.Is(err, errEnough) {
				return err
			}
			g.narrow(end.times, newestFirst)
		}
		if r.left <= 0 {
			break
		}
	}
	if g.seen == 0 {
		r.left = 0 // it is not one resource, but the server
		return why
	}
	r.ofOneMoment(ctx, query, g.span, visit)
	r.unread(Unread{typ, g.from, g.to, why})
	return nil
}

// ofOneMoment reads what is left from both ends of another order: what was written
// at one moment, by one transaction, has none by time.
func (r *reader) ofOneMoment(ctx context.Context, query string, s span, visit func(fhir.Resource) error) {
	for _, order := range []string{"_id", "-_id"} {
		if r.left <= 0 {
			return
		}
		end := end{reader: r, count: 1, visit: visit}
		_ = end.read(ctx, with(query, append(s.parameters(), "_sort", order, "_count", "1")...)) // where it is refused, nothing is lost
	}
}

// gap is what lies between what could be read from either end.
type gap struct {
	span
	seen   int
	astray [2]bool // the server has not kept to the order, oldest first or newest first
}

// narrow takes out what was read from one end. Where the server does not keep to
// the order, nobody knows what that is.
func (g *gap) narrow(times []time.Time, newestFirst bool) {
	g.seen += len(times)
	side := 0
	if newestFirst {
		side = 1
		slices.Reverse(times)
	}
	g.astray[side] = g.astray[side] || !slices.IsSortedFunc(times, time.Time.Compare)
	if len(times) == 0 || g.astray[side] {
		return
	}
	if newestFirst {
		g.to = times[0]
	} else {
		g.from = times[len(times)-1]
	}
}

// givesAny tells that it is not the server that is unwell.
func (r *reader) givesAny(ctx context.Context, query string) bool {
	for _, newestFirst := range []bool{false, true} {
		r.left--
		err := r.once(ctx, span{}.query(query, "1", newestFirst), func(fhir.Resource) error { return errEnough })
		if err == errEnough {
			return true
		}
	}
	return false
}

// end reads a search from one of its ends, as far as pages can be had and requests
// are left.
type end struct {
	*reader
	count int
	visit func(fhir.Resource) error
	n     int
	times []time.Time // when what was read was written, in the order in which it came
}

func (e *end) read(ctx context.Context, query string) error {
	defer func() { e.left -= e.n/e.count + 1 }()
	return e.once(ctx, query, func(res fhir.Resource) error {
		if e.n >= e.left*e.count {
			return errEnough
		}
		e.n++
		e.times = append(e.times, lastUpdated(res))
		return e.visit(res)
	})
}

// errEnough ends a search early.
var errEnough = errors.New("enough")
