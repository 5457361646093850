package app

import (
	"slices"
	"time"
)

// wholeness is whether intake sees everybody: what the poller and the census
// could read of what they asked for.
type wholeness struct {
	poll, census part
	whole        bool
	since        time.Time // that it is, or is not
}

// part is the poller or the census.
type part struct {
	runs    bool      // it has ended a round
	whole   time.Time // when it last was; zero: never
	reasons []string  // why it is not
}

// wholeShown is what /status says of it.
type wholeShown struct {
	Whole   bool      `json:"whole"`
	Since   time.Time `json:"since,omitzero"`
	Reasons []string  `json:"reasons,omitempty"`
}

func (p *part) ended(now time.Time, reasons []string) {
	p.runs, p.reasons = true, reasons
	if len(reasons) == 0 {
		p.whole = now
	}
}

// judge says anew whether all is seen. The poller may be turned off; without a
// census nobody knows.
func (w *wholeness) judge(now time.Time) {
	whole := w.census.runs && len(w.reasons()) == 0
	if whole != w.whole || w.since.IsZero() {
		w.whole, w.since = whole, now
	}
}

func (w *wholeness) reasons() []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(w.poll.reasons, w.census.reasons))))
}

func (w *wholeness) shown() wholeShown {
	reasons := w.reasons()
	if !w.census.runs && len(reasons) == 0 {
		reasons = []string{"no census has ended yet"}
	}
	return wholeShown{w.whole, w.since, reasons}
}

// blind tells that neither the poller nor the census has been whole for so long.
func (w *wholeness) blind(begun, now time.Time, limit time.Duration) bool {
	last := begun
	for _, p := range []part{w.poll, w.census} {
		if p.whole.After(last) {
			last = p.whole
		}
	}
	return limit > 0 && now.Sub(last) > limit
}
