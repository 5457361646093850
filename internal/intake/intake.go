// Package intake finds out which admissions to reconcile: the hook and the
// poller hear of changes, the census walks past every open admission. All of
// them only name an admission; none carries data that anybody trusts.
package intake

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
)

// Queue takes the admissions that were named.
type Queue interface {
	Fresh(id string)   // something happened to it just now
	Backlog(id string) // the census walked past it
}

// Inbox is a queue that can have enough.
type Inbox interface {
	Queue
	Full() bool // so much waits that callers from outside are sent away
}

// Names are what intake must know of our resources to map them to admissions.
type Names struct {
	IdentifierSystem string   // our identifiers read <purpose>:<Encounter id>[:n]
	CodeSystem       string   // our codes
	Unfinished       []string // those of a Task whose screening still waits for somebody
	Questionnaires   []string // urls of our forms
	Classes          []string // of the Encounters that are asked about: code, or system|code

	InClasses  func(encounter fhir.Resource) bool   // whether it has one of these classes
	ClassShown func(encounter fhir.Resource) string // its class as people may see it
	Consults   string                               // system|code,… of the orders that are a consult
	Pregnancy  string                               // system|code,… of the Conditions that say pregnant; "": it does not matter
	Zone       *time.Location                       // in which a date without a time is a day; nil: UTC
}

func (n Names) zone() *time.Location { return cmp.Or(n.Zone, time.UTC) }

// isOpen tells whether somebody is in the hospital for an Encounter.
func isOpen(encounter fhir.Resource) bool {
	return slices.Contains(strings.Split(openStatuses, ","), encounter.Get("status").String())
}

// bell rings at most once while nobody listens.
type bell chan struct{}

func newBell() bell { return make(bell, 1) }

// Ring asks for one more round; it never waits.
func (b bell) Ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// every runs round at once, then at each interval and whenever the bell rings,
// until ctx ends. Interval 0 leaves only the bell.
func (b bell) every(ctx context.Context, interval time.Duration, round func(context.Context)) {
	var tick <-chan time.Time
	if interval > 0 {
		t := time.NewTicker(interval)
		defer t.Stop()
		tick = t.C
	}
	for {
		round(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick:
		case <-b:
		}
	}
}

// admissionOf reads the admission from the identifier of one of our resources.
func (n Names) admissionOf(r fhir.Resource) (string, bool) {
	_, rest, ok := strings.Cut(r.Identifier(n.IdentifierSystem), ":") // also of a kind that a later release has
	id, _, _ := strings.Cut(rest, ":")                                // what follows counts attempts
	return id, ok && fhir.ValidID(id)
}

// admissionOfTask reads it from a Task of ours that an EHR has taken the identifier off:
// one that asks for our form, or has a code of ours.
func (n Names) admissionOfTask(r fhir.Resource, encounter string) (string, bool) {
	id, ok := strings.CutPrefix(encounter, "Encounter/")
	if r.Type() != "Task" || !ok {
		return "", false
	}
	for _, in := range r.Get("input.#.valueCanonical").Array() {
		if url, _, _ := strings.Cut(in.String(), "|"); slices.Contains(n.Questionnaires, url) {
			return id, true
		}
	}
	for _, c := range r.Get("code.coding.#.system").Array() {
		if c.String() == n.CodeSystem {
			return id, true
		}
	}
	return "", false
}

// tally rings for each admission once, when all pages have been read: one that
// was rung for after the first page may have changed before the second.
type tally struct {
	queue func(id string)
	late  bool // what is named changed before we started
	ids   []string
	known map[string]bool
}

func newTally(queue func(id string)) *tally { return &tally{queue: queue, known: map[string]bool{}} }

func (t *tally) add(id string) {
	if fhir.ValidID(id) && !t.known[id] {
		t.known[id] = true
		t.ids = append(t.ids, id)
	}
}

func (t *tally) count() int { return len(t.ids) }

func (t *tally) ring() {
	for _, id := range t.ids {
		t.queue(id)
	}
}

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
