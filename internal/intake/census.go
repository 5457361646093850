package intake

import (
	"context"
	"errors"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/defect"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Census names every open admission and every piece of our own work that is
// not finished. It alone finds everyone, however many notifications were lost.
type Census struct {
	client *fhir.Client
	queue  Queue
	names  Names
	bell   bell
	report func(Count, error)

	counted time.Time // when the other classes were
	others  map[string]int
	heard   time.Time // of pregnancies that were recorded until then

	// Pregnancy hears of a patient, Patient/id, of whom one was recorded lately. It may be
	// nil; it is set before Run.
	Pregnancy func(patient string)
}

// Count is what one census saw.
type Count struct {
	At           time.Time      `json:"at"`
	Admissions   int            `json:"open_admissions"`         // admissions of the asked classes with the patient in the hospital
	OpenWork     int            `json:"open_work"`               // admissions where our tasks or forms are open
	PlannedLate  int            `json:"planned_late"`            // planned, and the start lies up to a week back: not asked
	OtherClasses map[string]int `json:"other_classes,omitempty"` // open Encounters of classes that nobody is asked in
	Unaskable    int            `json:"unaskable_ids,omitempty"` // admissions whose id FHIR R4 does not allow: nobody can ask about them
	Gaps         Gaps           `json:"-"`                       // what keeps it from being whole
}

// NewCensus makes a census; report hears of every round.
func NewCensus(c *fhir.Client, q Queue, n Names, report func(Count, error)) *Census {
	return &Census{client: c, queue: q, names: n, report: report, bell: newBell()}
}

// Ring asks for a census now.
func (c *Census) Ring() { c.bell.Ring() }

// Run takes a census at once, at each interval, and when rung, until ctx ends.
func (c *Census) Run(ctx context.Context, interval time.Duration) {
	c.bell.every(ctx, interval, func(ctx context.Context) {
		n, err := c.Take(ctx)
		if ctx.Err() == nil {
			c.report(n, err)
		}
	})
}

// Take names everybody once, and counts. One part that fails does not stop the
// others. An error is a part that could not be read at all.
func (c *Census) Take(ctx context.Context) (n Count, err error) {
	defer defect.Catch(&err)
	r := newReader(c.client)
	now := time.Now()
	err = errors.Join(
		c.pregnancies(ctx, c.clock(now)), // first: the admissions are looked at from then on
		c.admissions(ctx, r, &n),
		c.openWork(ctx, r, &n),
		c.plannedLate(ctx, r, &n, now),
		c.otherClasses(ctx, now),
	)
	n.At, n.OtherClasses, n.Gaps = now, c.others, *r.Gaps
	return n, err
}

// clock is the server's, by which what it holds is dated, or ours where it does not tell.
func (c *Census) clock(ours time.Time) time.Time {
	if at := c.client.ServerTime(); !at.IsZero() {
		return at
	}
	return ours
}

func (c *Census) admissions(ctx context.Context, r *reader, n *Count) error {
	named := newTally(c.queue.Backlog)
	defer named.ring()
	unaskable := map[string]bool{}
	err := r.each(ctx, c.names.admissions(), func(res fhir.Resource) error {
		switch id := res.Get("id").String(); {
		case res.Type() != "Encounter":
		case !fhir.ValidID(id):
			unaskable[id] = c.names.InClasses(res)
		default:
			named.add(id)
		}
		return nil
	})
	n.Admissions, n.Unaskable = named.count(), 0
	for _, asked := range unaskable {
		if asked {
			n.Unaskable++
		}
	}
	if n.Unaskable > 0 {
		r.because("%d open admissions have an id that FHIR R4 does not allow, so nobody can be asked there", n.Unaskable)
	}
	return err
}

// plannedLate counts those who may be here without anybody having said so.
func (c *Census) plannedLate(ctx context.Context, r *reader, n *Count, now time.Time) error {
	err := r.once(ctx, c.names.plannedLate(now), func(res fhir.Resource) error {
		start := stay.DateIn(res.Get("period.start").String(), c.names.zone()).First()
		if res.Type() == "Encounter" && start.Before(now) && start.After(now.Add(-aWeek)) {
			n.PlannedLate++
		}
		return nil
	})
	if badPage(err) {
		r.because("planned admissions are not counted to the end: %v", err)
		return nil
	}
	return err
}

const (
	// classesEvery is how often the classes of all open Encounters are counted, and
	// mostClasses of how many: a hospital has many more outpatients than beds.
	classesEvery = time.Hour
	mostClasses  = 2000
)

// otherClasses counts the open Encounters that nobody is asked in, so that a class
// that the policy does not know is seen. Nobody is missed where it cannot.
func (c *Census) otherClasses(ctx context.Context, now time.Time) error {
	if now.Sub(c.counted) < classesEvery {
		return nil
	}
	others, err := c.Others(ctx)
	if err == nil {
		c.counted, c.others = now, others
	}
	if fhir.Status(err) != 0 {
		return nil
	}
	return err
}

// Others counts the open Encounters of classes that nobody is asked in.
func (c *Census) Others(ctx context.Context) (map[string]int, error) {
	others, seen := map[string]int{}, 0
	err := c.client.Each(ctx, c.names.open(), func(res fhir.Resource) error {
		if seen++; seen > mostClasses {
			return errEnough
		}
		if res.Type() == "Encounter" && !c.names.InClasses(res) && isOpen(res) {
			others[c.names.ClassShown(res)]++
		}
		return nil
	})
	if err == errEnough || fhir.IsNotWhole(err) {
		err = nil
	}
	return others, err
}

// Left names the admissions that ended within the last week, for a report: what
// came and went while the service was down is in no census.
func (c *Census) Left(ctx context.Context, now time.Time, name func(id string)) error {
	return c.client.Each(ctx, c.names.left(now), func(r fhir.Resource) error {
		if r.Type() == "Encounter" && fhir.ValidID(r.ID()) {
			name(r.ID())
		}
		return nil
	})
}

func (c *Census) openWork(ctx context.Context, r *reader, n *Count) (err error) {
	named := newTally(c.queue.Backlog)
	defer named.ring()
	for _, query := range c.names.openWork() {
		err = errors.Join(err, r.each(ctx, query, func(res fhir.Resource) error {
			id, ok := c.names.admissionOf(res)
			if !ok {
				at, _ := c.client.LocalRef(res.Get("encounter.reference").String())
				id, ok = c.names.admissionOfTask(res, at)
			}
			if ok {
				named.add(id)
			}
			return nil
		}))
	}
	n.OpenWork = named.count()
	return err
}
