package intake

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/tilsyn/tilsyn/fhir"
)

// Gaps are what keeps a round from being whole. What it could read it has named
// all the same.
type Gaps struct {
	Reasons []string // for people; they hold no patient data
	Unread  []Unread
}

// Unread is what a server could not give: one resource that it cannot write makes
// its whole page an error (Oracle Millennium). No id of it is known.
type Unread struct {
	Type     string
	From, To time.Time // when what is there was last written; zero: open
	Why      error
}

// String names the window.
func (u Unread) String() string {
	text := u.Type
	if !u.From.IsZero() {
		text += " from " + u.From.UTC().Format(time.RFC3339Nano)
	}
	if !u.To.IsZero() {
		text += " to " + u.To.UTC().Format(time.RFC3339Nano)
	}
	return text
}

func (g *Gaps) Error() string { return strings.Join(g.Reasons, "; ") }

// or is nil where nothing is missing.
func (g *Gaps) or() error {
	if len(g.Reasons) == 0 {
		return nil
	}
	return g
}

func (g *Gaps) because(format string, args ...any) {
	if reason := fmt.Sprintf(format, args...); !slices.Contains(g.Reasons, reason) {
		g.Reasons = append(g.Reasons, reason)
	}
}

func (g *Gaps) unread(u Unread) {
	g.Unread = append(g.Unread, u)
	g.because("%s: cannot be read: %v", u, u.Why)
}

const (
	// mostAround bounds the requests that a round sends beyond the ordinary.
	mostAround = 32
	// triesOfAPage come before it is read around: it may only be a bad moment.
	triesOfAPage = 3
)

// reader reads searches to their end, around what the server cannot give.
type reader struct {
	*Gaps
	client *fhir.Client
	left   int // requests beyond the ordinary
	failed int // searches in which the server says that something went wrong
}

func newReader(c *fhir.Client) *reader { return &reader{Gaps: &Gaps{}, client: c, left: mostAround} }

// each visits what a search without order and page size finds. Its error is a
// search that could not be read at all.
func (r *reader) each(ctx context.Context, query string, visit func(fhir.Resource) error) error {
	err := r.once(ctx, with(query, "_count", pageSize), visit)
	for try := 1; try < triesOfAPage && badPage(err) && r.left > 0; try++ {
		r.left--
		err = r.once(ctx, with(query, "_count", pageSize), visit)
	}
	if !badPage(err) || r.left <= 0 {
		return err
	}
	return r.around(ctx, query, span{}, err, visit)
}

// once reads a search, and notes what the server says of it.
func (r *reader) once(ctx context.Context, query string, visit func(fhir.Resource) error) error {
	err := r.client.Each(ctx, query, visit)
	if fhir.IsNotWhole(err) {
		r.because("%v", err)
		if !fhir.IsCutShort(err) {
			r.failed++
		}
		return nil
	}
	return err
}

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
