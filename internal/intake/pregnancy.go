package intake

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
)

// This file is about pregnancies that are recorded after the answers were judged. One
// search for all patients finds them; whether anybody of them lies here, and what follows,
// is seen when the census names her admission.

const (
	// monthBack is how far back the first search goes: as long as a long stay.
	monthBack = 30 * 24 * time.Hour
	// seenAgain is read once more in each census: a slow transaction becomes visible behind
	// its own time stamp.
	seenAgain = time.Hour
)

// pregnancies hears of the patients of whom one was recorded, or changed, since the last
// census. A server that refuses the search has said so to the doctor; nobody is missed
// whose answers come after the record.
func (c *Census) pregnancies(ctx context.Context, now time.Time) error {
	if c.Pregnancy == nil || c.names.Pregnancy == "" {
		return nil
	}
	since := c.heard
	if since.IsZero() {
		since = now.Add(-monthBack)
	}
	err := c.client.Each(ctx, c.names.pregnancies(since), func(res fhir.Resource) error {
		at := lastUpdated(res)
		patient, ok := c.client.LocalRef(res.Get("subject.reference").String())
		if old := !at.IsZero() && at.Before(since.Add(-time.Second)); res.Type() == "Condition" && ok && !old && c.names.saysPregnant(res) {
			c.Pregnancy(patient)
		}
		return nil
	})
	switch {
	case fhir.IsRefused(err):
		c.client.Saw("it refuses searches for Conditions by when they were written: a pregnancy that is recorded after the answers is not found")
	case err != nil && !fhir.IsNotWhole(err):
		return err
	}
	c.heard = now.Add(-seenAgain)
	return nil
}

// saysPregnant checks what the search should have.
func (n Names) saysPregnant(condition fhir.Resource) bool {
	wanted := strings.Split(n.Pregnancy, ",")
	for _, c := range condition.Get("code.coding").Array() {
		if slices.Contains(wanted, c.Get("system").String()+"|"+c.Get("code").String()) {
			return true
		}
	}
	return false
}
