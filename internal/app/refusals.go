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

	mu     sync.Mutex
	silent time.Time // until when nothing is logged: a stranger who tries must not fill the log
	untold int
}

const refusalsRest = time.Minute

// at counts those of one door, and logs them once a minute.
func (r *refusals) at(door string) func(*http.Request) {
	return func(caller *http.Request) {
		r.total.Inc()
		r.tell(door, caller.RemoteAddr)
	}
}

func (r *refusals) tell(door, from string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.untold++
	now := time.Now()
	if now.Before(r.silent) {
		return
	}
	r.log.Warn().Str("door", door).Str("last_from", from).Int("callers", r.untold).Msg("callers without a valid secret were turned away")
	r.untold, r.silent = 0, now.Add(refusalsRest)
}
