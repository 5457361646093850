package intake

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/defect"
)

// Poller asks the server what has changed and names the admissions concerned.
// It works on every FHIR server.
type Poller struct {
	client *fhir.Client
	queue  Queue
	names  Names
	Window
	census  *Census
	bell    bell
	cursors map[string]*cursor // by resource type
	whose   []string           // patients who changed, and whose admissions are not known yet
	late    []string           // those of them who changed while nobody looked
	report  func(error)
	expect  Expect
}

// Window is how far back the poller reads.
type Window struct {
	// Overlap is read again in each poll, for writes that became visible late.
	Overlap time.Duration
	// LookBack is read in the first poll. The census knows open admissions and
	// open tasks; it does not know of answers that were amended or withdrawn, or
	// of an admission that was cancelled, when the work was done.
	LookBack time.Duration
}

// watched are the types that are polled, in this order.
var watched = []string{"Encounter", "Task", "QuestionnaireResponse", "ServiceRequest", "Patient"}

// only are the parameters that bound what is read of a type.
func (n Names) only(typ string) string {
	switch typ {
	case "ServiceRequest": // a clinician's consult, or what she did with ours
		return "code=" + url.QueryEscape(n.Consults)
	case "Patient": // a death, two records merged; nothing else of them is read
		return "_elements=id,meta"
	}
	return ""
}

// NewPoller makes a poller; report hears of every round, nil when it went well.
func NewPoller(c *fhir.Client, q Queue, n Names, w Window, census *Census, report func(error)) *Poller {
	p := &Poller{client: c, queue: q, names: n, Window: w, census: census, report: report,
		bell: newBell(), cursors: map[string]*cursor{}}
	for _, typ := range watched {
		p.cursors[typ] = &cursor{only: n.only(typ), seen: map[string]version{}}
	}
	return p
}

// Tell makes the poller say whose an admission is.
func (p *Poller) Tell(e Expect) { p.expect = e }

// Ring asks for a round now, for instance because the hook was called.
func (p *Poller) Ring() { p.bell.Ring() }

// Run polls at each interval and when rung, until ctx ends. Interval 0 polls
// only when rung.
func (p *Poller) Run(ctx context.Context, interval time.Duration) {
	p.bell.every(ctx, interval, func(ctx context.Context) {
		if err := p.round(ctx); ctx.Err() == nil {
			p.report(err)
		}
	})
}

// round asks for every type; one that fails does not stop the others.
func (p *Poller) round(ctx context.Context) (failed error) {
	defer defect.Catch(&failed)
	for _, typ := range watched {
		if err := p.poll(ctx, typ, p.cursors[typ]); err != nil {
			failed = err
		}
	}
	if err := p.admissionsOf(ctx); err != nil {
		failed = err
	}
	return failed
}

// manyPatients bounds how many are asked about in one search: it must fit a URL.
const manyPatients = 40

// admissionsOf names the open admissions of the patients who changed. One that
// could not be looked up is asked about again in the next round; if the server
// refuses to say, the census finds it. What changed while nobody looked lets the
// others pass.
func (p *Poller) admissionsOf(ctx context.Context) error {
	if err := p.admissionsOfThese(ctx, &p.whose, p.queue.Fresh); err != nil {
		return err
	}
	return p.admissionsOfThese(ctx, &p.late, p.queue.Backlog)
}

func (p *Poller) admissionsOfThese(ctx context.Context, whose *[]string, ring func(id string)) error {
	named := newTally(ring)
	defer named.ring()
	for len(*whose) > 0 {
		some := (*whose)[:min(manyPatients, len(*whose))]
		err := p.client.Each(ctx, fhir.Query("Encounter", "patient", strings.Join(some, ","), "class", strings.Join(p.names.Classes, ","),
			"status", openStatuses, "_count", pageSize), func(r fhir.Resource) error {
			if r.Type() == "Encounter" {
				p.name(r, named)
			}
			return nil
		})
		if err != nil && !fhir.IsRefused(err) {
			return err
		}
		*whose = (*whose)[len(some):]
	}
	*whose = nil
	return nil
}

func (p *Poller) poll(ctx context.Context, typ string, c *cursor) error {
	if !c.started {
		return p.start(ctx, typ, c)
	}
	reached := p.reached(c)
	since, ring := reached.Add(-p.Overlap), p.queue.Fresh
	if !c.caughtUp {
		since, ring = reached.Add(-max(p.LookBack, p.Overlap)), p.queue.Backlog
	}
	query := c.query(typ, "_lastUpdated", "ge"+*fhir.Instant(since), "_sort", "_lastUpdated", "_count", pageSize)
	if c.newest.IsZero() {
		query = c.query(typ, "_count", pageSize) // the server was empty when we started
	}
	newest, named := c.newest, newTally(ring)
	named.late = !c.caughtUp
	defer named.ring() // what was read counts, also when a later page fails
	err := p.client.Each(ctx, query, func(r fhir.Resource) error {
		if r.Type() != typ || !fhir.ValidID(r.ID()) {
			return nil // nobody can ask for it
		}
		if c.changed(r) {
			p.name(r, named)
		}
		if at := lastUpdated(r); at.After(newest) {
			newest = at
		}
		return nil
	})
	if err != nil {
		return err // what was not read yet may be older than what was: the cursor stays
	}
	c.newest, c.caughtUp = newest, true
	c.forget(since)
	return nil
}

// reached is where the cursor stands, or the server's own now where that is
// earlier: a stamp from before its clock was put back, or one that it took over
// from elsewhere, must not hide what is written from here on.
func (p *Poller) reached(c *cursor) time.Time {
	if now := p.client.ServerTime(); !now.IsZero() && now.Before(c.newest) {
		return now
	}
	return c.newest
}

// start sets the cursor to the newest write on the server: its own clock, not
// ours, which may be off.
func (p *Poller) start(ctx context.Context, typ string, c *cursor) error {
	err := p.client.Each(ctx, c.query(typ, "_sort", "-_lastUpdated", "_count", "1"), func(r fhir.Resource) error {
		c.newest = lastUpdated(r)
		return errEnough
	})
	if err != nil && err != errEnough {
		return err
	}
	c.started = true
	p.bell.Ring() // look at once
	return nil
}

// name maps a changed resource to its admission. Several of one admission,
// which is what our own transactions write, name it once.
func (p *Poller) name(r fhir.Resource, named *tally) {
	switch r.Type() {
	case "Encounter":
		named.add(r.ID())
		p.expect.tell(p.client, p.names, r)
		if parent, ok := p.encounter(r, "partOf"); ok {
			named.add(parent)
		}
		return
	case "Patient":
		if named.late {
			p.late = append(p.late, r.ID())
		} else {
			p.whose = append(p.whose, r.ID())
		}
		return
	case "ServiceRequest":
		if id, ok := p.encounter(r, "encounter"); ok {
			named.add(id)
		}
		return
	}
	if id, ok := p.names.admissionOf(r); ok {
		named.add(id)
		return
	}
	form, _, _ := strings.Cut(r.Get("questionnaire").String(), "|")
	if form != p.names.Questionnaire {
		return
	}
	if id, ok := p.encounter(r, "encounter"); ok {
		named.add(id)
		return
	}
	// A renderer dropped the encounter: some open task of ours points to it.
	p.census.Ring()
}

func (p *Poller) encounter(r fhir.Resource, element string) (id string, ok bool) {
	ref, _ := p.client.LocalRef(r.Get(element + ".reference").String())
	return strings.CutPrefix(ref, "Encounter/")
}

const pageSize = "200"

// cursor is how far the poller has read one type. It follows the server's own
// time stamps: a write that becomes visible late carries an early one, hence
// the overlap.
type cursor struct {
	only     string // parameters that every search of it has
	started  bool
	caughtUp bool // with what changed while nobody looked
	newest   time.Time
	seen     map[string]version // what the overlap shows again
}

func (c *cursor) query(typ string, parameters ...string) string {
	query := fhir.Query(typ, parameters...)
	if c.only != "" {
		query += "&" + c.only
	}
	return query
}

type version struct {
	id string
	at time.Time
}

// changed tells whether this version is new to us.
func (c *cursor) changed(r fhir.Resource) bool {
	v := version{r.VersionID(), lastUpdated(r)}
	if c.seen[r.ID()] == v {
		return false
	}
	c.seen[r.ID()] = v
	return true
}

func (c *cursor) forget(before time.Time) {
	for id, v := range c.seen {
		if v.at.Before(before) {
			delete(c.seen, id)
		}
	}
}

func lastUpdated(r fhir.Resource) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, r.Get("meta.lastUpdated").String())
	return t.UTC() // times of other zones never compare as equal
}
