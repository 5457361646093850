package intake

import (
	"cmp"
	"context"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/defect"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Poller asks the server what has changed and names the admissions concerned.
// It works on every FHIR server.
type Poller struct {
	client *fhir.Client
	queue  Queue
	names  Names
	Back
	census  *Census
	bell    bell
	cursors map[string]*cursor // by resource type
	whose   []string           // patients who changed, and whose admissions are not known yet
	late    []string           // those of them who changed before we started
	wrote   map[string]bool    // those of them who have answered in a portal
	report  func(error)

	// Expect hears whose an open admission is that a poll has seen. It may be nil;
	// it is set before Run.
	Expect func(admission, patient string)

	// Answers tells of a response that does not name our form whether it answers it all the
	// same: it may say where the form lies. It may be nil: then none does.
	Answers func(ctx context.Context, response fhir.Resource) bool
}

// Back is how far back the poller reads.
type Back struct {
	// Overlap is read again in each poll, for writes that became visible late.
	Overlap time.Duration
	// LookBack is read in the first poll. The census knows open admissions and
	// open tasks; it does not know of answers that were amended or withdrawn, or
	// of an admission that was cancelled, when the work was done.
	LookBack time.Duration
}

// polled are the types that a round asks for, in this order.
var polled = []string{"Encounter", "Task", "QuestionnaireResponse", "ServiceRequest", "Patient"}

// NewPoller makes a poller; report hears of every round, nil when it went well.
func NewPoller(c *fhir.Client, q Queue, n Names, back Back, census *Census, report func(error)) *Poller {
	p := &Poller{client: c, queue: q, names: n, Back: back, census: census, report: report,
		bell: newBell(), cursors: map[string]*cursor{}, wrote: map[string]bool{}}
	for _, typ := range polled {
		p.cursors[typ] = &cursor{seen: map[string]version{}}
	}
	return p
}

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

// round asks for every type; one that fails does not stop the others. Gaps are
// what it could not read.
func (p *Poller) round(ctx context.Context) (failed error) {
	defer defect.Catch(&failed)
	r := newReader(p.client)
	for _, typ := range polled {
		if err := p.poll(ctx, r, typ, p.cursors[typ]); err != nil {
			failed = err
		}
	}
	if err := p.admissionsOf(ctx); err != nil {
		failed = err
	}
	return cmp.Or(failed, r.or())
}

func (p *Poller) poll(ctx context.Context, r *reader, typ string, c *cursor) error {
	if !c.started {
		return p.start(ctx, typ, c)
	}
	reached := p.reached(c)
	since, ring := reached.Add(-p.Overlap), p.queue.Fresh
	if !c.caughtUp {
		since, ring = reached.Add(-max(p.LookBack, p.Overlap)), p.queue.Backlog
	}
	if c.past.After(since) {
		since = c.past
	}
	if c.newest.IsZero() {
		since = time.Time{} // the server was empty when we started
	}
	named := newTally(ring)
	named.late = !c.caughtUp
	defer named.ring() // what was read counts, also when a later page fails
	failed := r.failed
	w := &window{cursor: c, typ: typ, since: since, newest: c.newest, name: func(res fhir.Resource) { p.name(ctx, res, named) }}
	if err := p.read(ctx, r, w); err != nil {
		return err // what was not read yet may be older than what was: the cursor stays
	}
	if r.failed > failed { // what it left out may be older than what it gave
		if c.held++; c.held < triesOfAPage {
			return nil
		}
	} else {
		c.held = 0
	}
	c.newest, c.caughtUp, c.failed = w.newest, true, 0
	if c.ignored = w.old > 0; c.ignored {
		p.client.Saw("it ignores _lastUpdated in searches for " + typ + ": polls read more than they need")
	}
	c.forget(since)
	return nil
}

// read reads what changed in a window: where a page of it has failed in several
// rounds, around that page, which is not read again.
func (p *Poller) read(ctx context.Context, r *reader, w *window) error {
	query := p.names.since(w.typ, span{from: w.since})
	if w.ignored {
		query = span{from: w.since}.query(p.names.all(w.typ), pageSize, true) // so that the old ones come last
	}
	err := r.once(ctx, query, w.visit)
	if err == errEnough {
		return nil
	}
	if !badPage(err) {
		return err
	}
	if w.failed++; w.failed < triesOfAPage {
		return err
	}
	before := len(r.Unread)
	if err := r.around(ctx, p.names.all(w.typ), span{from: w.since}, err, w.visit); err != nil {
		return err
	}
	for _, u := range r.Unread[before:] {
		w.past = u.To
		if u.To.IsZero() {
			w.past = p.now()
		}
	}
	return nil
}

// now is the server's, or ours where it does not tell.
func (p *Poller) now() time.Time {
	if now := p.client.ServerTime(); !now.IsZero() {
		return now
	}
	return time.Now()
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
	err := p.client.Each(ctx, p.names.newest(typ), func(r fhir.Resource) error {
		c.newest = lastUpdated(r)
		return errEnough
	})
	if badPage(err) && c.failed+1 >= triesOfAPage {
		c.newest, err = p.now(), nil // the newest is what cannot be read
	}
	if err != nil && err != errEnough && !fhir.IsNotWhole(err) {
		c.failed++
		return err
	}
	c.started, c.failed = true, 0
	p.bell.Ring() // for the first window
	return nil
}

// name maps a changed resource to its admission. Several of one admission,
// which is what our own transactions write, name it once.
func (p *Poller) name(ctx context.Context, r fhir.Resource, named *tally) {
	switch r.Type() {
	case "Encounter":
		named.add(r.ID())
		p.expect(r)
		if parent, ok := p.encounter(r, "partOf"); ok {
			named.add(parent)
		}
		return
	case "Patient":
		p.changed(r.ID(), named)
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
	at, _ := p.client.LocalRef(r.Get("encounter.reference").String())
	if id, ok := p.names.admissionOfTask(r, at); ok {
		named.add(id)
		return
	}
	form, _, _ := strings.Cut(r.Get("questionnaire").String(), "|")
	if !slices.Contains(p.names.Questionnaires, form) && (p.Answers == nil || !p.Answers(ctx, r)) {
		return
	}
	if id, ok := p.encounter(r, "encounter"); ok {
		named.add(id)
		return
	}
	who, _ := p.client.LocalRef(r.Get("source.reference").String())
	if id, ok := strings.CutPrefix(who, "Patient/"); ok && fhir.ValidID(id) {
		p.wrote[id] = true // in a portal, which knows of no admission
		p.changed(id, named)
		return
	}
	// A renderer dropped the encounter: some open task of ours points to it.
	p.census.Ring()
}

// expect says whose an open admission of the asked classes is.
func (p *Poller) expect(r fhir.Resource) {
	patient, ok := p.client.LocalRef(r.Get("subject.reference").String())
	if p.Expect != nil && ok && p.names.InClasses(r) && isOpen(r) {
		p.Expect(r.ID(), patient)
	}
}

func (p *Poller) encounter(r fhir.Resource, element string) (id string, ok bool) {
	ref, _ := p.client.LocalRef(r.Get(element + ".reference").String())
	return strings.CutPrefix(ref, "Encounter/")
}

// cursor is how far the poller has read one type. It follows the server's own
// time stamps: a write that becomes visible late carries an early one, hence
// the overlap.
type cursor struct {
	started  bool
	caughtUp bool // with what changed before we started
	newest   time.Time
	seen     map[string]version // what the overlap shows again
	round    int
	failed   int       // rounds in a row, for a page that cannot be had
	held     int       // rounds in a row, for an answer with an error in it
	past     time.Time // before this nothing is asked for again: there is such a page
	ignored  bool      // the server does not mind _lastUpdated
}

type version struct {
	id    string
	at    time.Time
	round int // in which it was last seen
}

// changed tells whether this version is new to us. One without number and time
// is known by what stands in it.
func (c *cursor) changed(r fhir.Resource) bool {
	v := version{r.VersionID(), lastUpdated(r), c.round}
	if v.id == "" && v.at.IsZero() {
		h := fnv.New64a()
		_, _ = h.Write(r.Raw())
		v.id = strconv.FormatUint(h.Sum64(), 36)
	}
	before, known := c.seen[r.ID()]
	c.seen[r.ID()] = v
	return !known || before.id != v.id || !before.at.Equal(v.at)
}

// forget drops what no overlap shows any more, and begins another round.
func (c *cursor) forget(before time.Time) {
	for id, v := range c.seen {
		if v.at.Before(before) && v.round < c.round {
			delete(c.seen, id)
		}
	}
	c.round++
}

// window is what one poll reads of a type.
type window struct {
	*cursor
	typ    string
	since  time.Time
	newest time.Time
	name   func(fhir.Resource)

	old  int       // resources from before it: the server does not mind _lastUpdated
	last time.Time // of those, in a row
	row  int
}

// enoughOld resources from before the window in a row, the newest first, are all
// that comes.
const enoughOld = 200

// visit names what is news. What was written before the window is not, whatever a
// server gives; what does not say when it was written may be.
func (w *window) visit(r fhir.Resource) error {
	if r.Type() != w.typ || !fhir.ValidID(r.ID()) {
		return nil // nobody can ask for it
	}
	at := lastUpdated(r)
	if !at.IsZero() && at.Before(w.since.Add(-time.Second)) { // a stamp may be cut to the second
		return w.before(at)
	}
	w.row = 0
	if w.changed(r) {
		w.name(r)
	}
	if at.After(w.newest) {
		w.newest = at
	}
	return nil
}

// before ends the reading where only old ones come.
func (w *window) before(at time.Time) error {
	w.old++
	if w.row == 0 || !at.After(w.last) {
		w.row++
	} else {
		w.row = 0 // not in the order that was asked for: anything may come yet
	}
	w.last = at
	if w.ignored && w.row >= enoughOld {
		return errEnough
	}
	return nil
}

func lastUpdated(r fhir.Resource) time.Time {
	return stay.DateIn(r.Get("meta.lastUpdated").String(), time.UTC).First() // times of other zones never compare as equal
}
