package simulate_test

import (
	"net/http"
	"sync/atomic"
	"time"
)

// fault is something that goes wrong.
type fault string

const (
	fine        fault = ""
	slow        fault = "slow"               // an answer after up to 25 s
	stuck       fault = "stuck"              // carried out, but answered after the client has given up
	lostBefore  fault = "lost before commit" // never reaches the server
	lostAfter   fault = "lost after commit"  // carried out, and the connection breaks
	cut         fault = "answer cut short"
	conflict    fault = "409"
	precond     fault = "412"
	wrapped     fault = "400 with a 412 inside" // as Helios answers
	throttled   fault = "429"
	failed      fault = "500"
	failedLate  fault = "500 after commit"
	unavailable fault = "503"
	stale       fault = "stale search"
	late        fault = "write visible late"
	down        fault = "server down"
	killed      fault = "service killed"
	restarted   fault = "service restarted"
	bellDropped fault = "notification dropped"
	bellDoubled fault = "notification doubled"
	bellLate    fault = "notification late" // and so out of order
)

// What looks like a success and is none.
const (
	errorInside   fault = "200, search with an error inside"
	cutShort      fault = "200, search cut short with a warning"
	searchFailed  fault = "200, batch with a failed search inside"
	refusedInside fault = "200, a part refused, nothing done"
	inPart        fault = "200, a part refused, the rest done"
	pageDone      fault = "200, a page for people, done"
	pageNot       fault = "200, a page for people, not done"
	outcomeDone   fault = "200, an OperationOutcome, done"
	outcomeNot    fault = "200, an OperationOutcome, not done"
	acceptedDone  fault = "202, done"
	acceptedNot   fault = "202, not done"
	emptyDone     fault = "200, empty, done"
	emptyNot      fault = "200, empty, not done"
)

// weather says when what goes wrong. It follows from the seed; in calm weather
// nothing does.
type weather struct {
	usual  float64 // share of requests that go wrong
	odd    float64 // share that are answered with a success that is none
	storms []spell // with many more
	downs  []spell // the server is away
	outage []spell // for the service it is away for a day or two; patients come and go
	late   float64 // share of writes that are visible late
	bells  float64 // share of notifications that go wrong
	server time.Duration
	ehr    time.Duration // how far these clocks are off
	calm   atomic.Bool
}

type spell struct{ from, to time.Time }

func (s spell) has(at time.Time) bool { return !at.Before(s.from) && at.Before(s.to) }

// longest bounds every disturbance but an outage: what lies there undisturbed for longer has
// been seen.
const longest = 6 * time.Hour

func newWeather(seed uint64, lasts time.Duration) *weather {
	c := draw(seed, "weather")
	w := &weather{
		usual: pick(c, weighted[float64]{1, 0}, weighted[float64]{4, 0.01}, weighted[float64]{4, 0.03}, weighted[float64]{1, 0.1}),
		late:  pick(c, weighted[float64]{1, 0}, weighted[float64]{2, 0.05}, weighted[float64]{1, 0.3}),
		bells: pick(c, weighted[float64]{1, 0}, weighted[float64]{2, 0.1}, weighted[float64]{1, 1}),
	}
	w.odd = pick(draw(seed, "odd weather"), weighted[float64]{2, 0}, weighted[float64]{4, 0.01}, weighted[float64]{2, 0.05})
	w.server = c.between(-5*time.Minute, 5*time.Minute)
	w.ehr = c.between(-3*time.Minute, 3*time.Minute)
	w.storms = spells(c, lasts, 5*24*time.Hour, time.Hour)
	w.downs = spells(c, lasts, 7*24*time.Hour, 30*time.Minute)
	if lasts >= 14*24*time.Hour && c.happens(0.3) {
		from := time.Now().Add(c.between(lasts/4, lasts/2))
		w.outage = []spell{{from, from.Add(c.between(24*time.Hour, 60*time.Hour))}}
	}
	return w
}

// spells come every so often and last a while, at most two hours.
func spells(c chance, lasts, every, typical time.Duration) []spell {
	var all []spell
	now := time.Now()
	for at := c.about(every); at < lasts; at += c.about(every) {
		all = append(all, spell{now.Add(at), now.Add(at + min(c.about(typical), 2*time.Hour))})
	}
	return all
}

func during(spells []spell, at time.Time) bool {
	for _, s := range spells {
		if s.has(at) {
			return true
		}
	}
	return false
}

var (
	readFaults = []fault{slow, stuck, lostBefore, lostAfter, cut, throttled, failed, unavailable, stale, stale, stale, stale}
	saveFaults = []fault{slow, stuck, lostBefore, lostAfter, lostAfter, cut, conflict, precond, wrapped, throttled, failed, failedLate, unavailable}

	oddReads   = []fault{errorInside, errorInside, cutShort, cutShort, pageNot, emptyNot}
	oddBatches = []fault{errorInside, errorInside, cutShort, cutShort, pageNot, emptyNot, searchFailed, searchFailed}
	oddSaves   = []fault{refusedInside, inPart, inPart, inPart, inPart, pageDone, pageNot, outcomeDone, outcomeNot, acceptedDone, acceptedNot, emptyDone, emptyNot}
)

// kinds are what may go wrong with a request: at all, and, in which share, as a
// success that is none.
func (w *weather) kinds(method string, body []byte) (usual, odd []fault, share float64) {
	switch {
	case method == http.MethodGet:
		return readFaults, oddReads, w.odd
	case isSearch(method, body):
		return saveFaults, oddBatches, w.odd
	}
	return saveFaults, oddSaves, 5 * w.odd // there are fewer of them
}

// fault says what happens to one request of the service.
func (w *weather) fault(c chance, method string, body []byte) fault {
	now, rate := time.Now(), w.usual
	if w.calm.Load() {
		return fine
	}
	if during(w.downs, now) || during(w.outage, now) {
		return down
	}
	if during(w.storms, now) {
		rate = 0.3
	}
	switch usual, odd, share := w.kinds(method, body); {
	case c.happens(rate):
		return usual[c.IntN(len(usual))]
	case c.happens(share):
		return odd[c.IntN(len(odd))]
	}
	return fine
}

// bell says what happens to one notification.
func (w *weather) bell(c chance) fault {
	if w.calm.Load() || !c.happens(w.bells) {
		return fine
	}
	return []fault{bellDropped, bellDropped, bellDoubled, bellLate}[c.IntN(4)]
}
