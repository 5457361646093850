package app

import (
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// refusals are the callers who could not show what they must. With a wrong
// secret on the FHIR server no notification is heard, and nothing else tells.
type refusals struct {
	log   zerolog.Logger
	total prometheus.Counter

	line seldom // a stranger who tries must not fill the log

	mu      sync.Mutex
	callers int // since the last line
}

// at hears of those of one door; all doors together have one line a minute.
func (r *refusals) at(door string) func(*http.Request) {
	return func(caller *http.Request) {
		r.total.Inc()
		r.turnedAway(door, caller.RemoteAddr)
	}
}

func (r *refusals) turnedAway(door, from string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.callers++
	if !r.line.due("", time.Now(), sameLine) {
		return
	}
	r.log.Warn().Str("door", door).Str("last_from", from).Int("callers", r.callers).Msg("callers without a valid secret were turned away")
	r.callers = 0
}
