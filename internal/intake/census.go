package intake

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/defect"
)

// Census names every open admission and every piece of our own work that is
// not finished. It alone finds everyone, however many notifications were lost.
type Census struct {
	client *fhir.Client
	queue  Queue
	names  Names
	bell   bell
	report func(Count, error)
}

// Count is what one census saw.
type Count struct {
	At          time.Time `json:"at"`
	Admissions  int       `json:"open_admissions"` // admissions of the asked classes with the patient in the hospital
	OpenWork    int       `json:"open_work"`       // admissions where our tasks or forms are open
	PlannedLate int       `json:"planned_late"`    // planned, and the start lies up to a week back: not asked
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

// openStatuses are those of a patient who is in the hospital.
const openStatuses = "arrived,triaged,in-progress,onleave"

// Take names everybody once, and counts.
func (c *Census) Take(ctx context.Context) (n Count, err error) {
	defer defect.Catch(&err)
	admissions, err := c.admissions(ctx)
	if err != nil {
		return Count{}, err
	}
	work, err := c.openWork(ctx)
	if err != nil {
		return Count{}, err
	}
	late, err := c.plannedLate(ctx, time.Now())
	return Count{At: time.Now(), Admissions: admissions, OpenWork: work, PlannedLate: late}, err
}

func (c *Census) admissions(ctx context.Context) (int, error) {
	n := newTally(c.queue.Backlog)
	defer n.ring()
	query := fhir.Query("Encounter", "class", strings.Join(c.names.Classes, ","), "status", openStatuses, "_count", pageSize)
	err := c.client.Each(ctx, query, func(r fhir.Resource) error {
		if r.Type() == "Encounter" {
			n.add(r.ID())
		}
		return nil
	})
	return n.count(), err
}

// aWeek is how far back a planned admission is counted as late, and one that
// has ended as left.
const aWeek = 7 * 24 * time.Hour

// plannedLate counts those who may be here without anybody having said so.
func (c *Census) plannedLate(ctx context.Context, now time.Time) (int, error) {
	n := 0
	query := fhir.Query("Encounter", "class", strings.Join(c.names.Classes, ","), "status", "planned",
		"date", "ge"+*fhir.Instant(now.Add(-aWeek)), "date", "lt"+*fhir.Instant(now), "_count", pageSize)
	err := c.client.Each(ctx, query, func(r fhir.Resource) error {
		start, err := time.Parse(time.RFC3339, r.Get("period.start").String())
		if err == nil && r.Type() == "Encounter" && start.Before(now) && start.After(now.Add(-aWeek)) {
			n++
		}
		return nil
	})
	return n, err
}

// Left names the admissions that ended within the last week, for a report: what
// came and went while nobody watched is in no census.
func (c *Census) Left(ctx context.Context, now time.Time, name func(id string)) error {
	query := fhir.Query("Encounter", "class", strings.Join(c.names.Classes, ","), "status", "finished",
		"date", "ge"+*fhir.Instant(now.Add(-aWeek)), "_count", pageSize)
	return c.client.Each(ctx, query, func(r fhir.Resource) error {
		if r.Type() == "Encounter" && fhir.ValidID(r.ID()) {
			name(r.ID())
		}
		return nil
	})
}

// openWork looks for our tasks twice: by what we wrote on them, and by their
// status where the ward's system put its own business status over ours; and for
// our forms that somebody has begun on when the stay ended.
func (c *Census) openWork(ctx context.Context) (int, error) {
	n := newTally(c.queue.Backlog)
	defer n.ring()
	codes := make([]string, 0, len(c.names.Unfinished))
	for _, code := range c.names.Unfinished {
		codes = append(codes, c.names.CodeSystem+"|"+code)
	}
	for _, query := range []string{
		fhir.Query("Task", "business-status", strings.Join(codes, ","), "_count", pageSize),
		fhir.Query("Task", "code", "complete-questionnaire,"+c.names.CodeSystem+"|brief-advice,"+c.names.CodeSystem+"|consult",
			"status", "requested,received,accepted,ready,in-progress,on-hold", "_count", pageSize),
		fhir.Query("QuestionnaireResponse", "identifier", c.names.IdentifierSystem+"|", "status", "in-progress", "_count", pageSize),
	} {
		err := c.client.Each(ctx, query, func(r fhir.Resource) error {
			if id, ok := c.names.admissionOf(r); ok {
				n.add(id)
			}
			return nil
		})
		if err != nil {
			return n.count(), err
		}
	}
	return n.count(), nil
}

// errEnough ends a search early.
var errEnough = errors.New("enough")
