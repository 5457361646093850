package fhir

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Chance draws a wait between nothing and a limit, which is above zero.
type Chance func(limit time.Duration) time.Duration

// guard spares a server that is unwell. So many requests are under way at once,
// fewer once it said that it was too much. When it asks for time, or several
// requests in a row went wrong, nobody asks for a while; then one does, to see.
// Whoever waits keeps its turn.
type guard struct {
	most   int
	chance Chance

	mu     sync.Mutex
	limit  float64 // requests at once for now; 1 to most
	busy   int
	turns  []chan struct{} // who waits, in the order in which they came; closed when it is their turn
	failed int             // in a row
	rests  int             // in a row, none of which helped
	mood   mood
	until  time.Time // of the rest
	timer  *time.Timer
	load   Load
}

// Load is what a client has asked of its server since it was made.
type Load struct {
	Requests int       // that were sent
	Failed   int       // of these, those without an answer, or with 429 or 5xx
	Rests    int       // how often it was left alone for a while
	Resting  time.Time // until when it is; zero: it is not
}

type mood int

const (
	well    mood = iota
	resting      // nobody asks
	trying       // one asks, to see
)

// verdict is what an answer, or none, says about the server.
type verdict struct {
	sign  sign
	after time.Duration // that the server asked for
}

type sign int

const (
	answered sign = iota
	cutShort      // by ourselves: says nothing
	broken
	tooMuch
)

const (
	// manyFailures in a row are no accident: more than workers that were
	// under way together when a connection broke.
	manyFailures = 10
	// A rest that the server did not set grows from first to last.
	firstRest = time.Second
	lastRest  = 30 * time.Second
	// recovery is how many answers it takes to allow one more request at once.
	recovery = 50
)

func newGuard(most int, chance Chance) *guard {
	return &guard{most: most, limit: float64(most), chance: chance}
}

// enter waits for a turn; every turn ends with leave.
func (g *guard) enter(ctx context.Context) error {
	mine := make(chan struct{})
	g.mu.Lock()
	g.turns = append(g.turns, mine)
	g.admit()
	g.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
		g.giveUp(mine)
		return ctx.Err()
	}
}

func (g *guard) giveUp(mine chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.turns, mine); i >= 0 {
		g.turns = slices.Delete(g.turns, i, i+1)
		return
	}
	g.busy-- // it came at the same moment
	g.load.Requests--
	g.admit()
}

// admit lets in as many as there is room for, who came first before the others.
func (g *guard) admit() {
	for g.busy < g.room() && len(g.turns) > 0 {
		close(g.turns[0])
		g.turns = g.turns[1:]
		g.busy++
		g.load.Requests++
	}
}

func (g *guard) room() int {
	switch g.mood {
	case resting:
		return 0
	case trying:
		return 1
	}
	return max(1, int(g.limit))
}

// leave ends a turn with what it showed of the server.
func (g *guard) leave(v verdict) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy--
	switch v.sign {
	case answered:
		g.recover()
	case broken:
		g.load.Failed++
		if g.failed++; g.failed >= manyFailures || g.mood == trying {
			g.rest(0)
		}
	case tooMuch:
		g.load.Failed++
		if g.mood == well {
			g.limit = max(1, g.limit/2)
		}
		g.rest(v.after)
	}
	g.admit()
}

func (g *guard) recover() {
	g.failed = 0
	if g.mood == resting {
		return // an answer from before
	}
	g.mood, g.rests, g.until = well, 0, time.Time{}
	g.limit = min(float64(g.most), g.limit+1.0/recovery)
}

// rest leaves the server alone for as long as it asked for, and a bit more, so
// that replicas do not come back together; or for a while that grows.
func (g *guard) rest(asked time.Duration) {
	wait := asked + g.chance(asked/4+firstRest)
	if asked == 0 {
		wait = g.chance(min(firstRest<<min(g.rests, 10), lastRest))
	}
	until := time.Now().Add(wait)
	if g.mood == resting && !until.After(g.until) {
		return
	}
	if g.mood != resting {
		g.rests++
		g.load.Rests++
	}
	g.mood, g.until = resting, until
	if g.timer != nil {
		g.timer.Stop()
	}
	g.timer = time.AfterFunc(wait, func() { g.try(until) })
}

// try ends a rest, unless it was made longer meanwhile.
func (g *guard) try(until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.mood == resting && g.until.Equal(until) {
		g.mood = trying
		g.admit()
	}
}

func (g *guard) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.timer != nil {
		g.timer.Stop()
	}
}

func (g *guard) count() Load {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.load
	if g.mood == resting {
		l.Resting = g.until
	}
	return l
}

// judged is what an answer, or its absence, says about the server. A 500 may
// be about this request alone, but ten in a row are not; that somebody else
// wrote first (409, 412) is no fault of the server.
func judged(status int, header http.Header, err error) verdict {
	switch {
	case errors.Is(err, context.Canceled):
		return verdict{sign: cutShort}
	case err != nil:
		return verdict{sign: broken}
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable && ParseRetryAfter(header) > 0:
		return verdict{tooMuch, ParseRetryAfter(header)}
	case status >= http.StatusInternalServerError:
		return verdict{sign: broken}
	}
	return verdict{sign: answered}
}

const maxRetryAfter = 10 * time.Minute

// ParseRetryAfter is how long an answer asks us to wait: at most ten minutes, and
// 0 where it does not say.
func ParseRetryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if v == "" {
		return 0
	}
	if n, err := strconv.ParseUint(v, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(n, uint64(maxRetryAfter/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return min(max(time.Until(at), 0), maxRetryAfter)
	}
	return 0
}
