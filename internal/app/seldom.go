package app

import (
	"sync"
	"time"
)

// seldom keeps what may happen a thousand times a second from filling the log.
type seldom struct {
	mu   sync.Mutex
	last string // what was said last
	at   time.Time
}

// sameLine is how often the same line comes at most.
const sameLine = time.Minute

// due tells whether something is to be said: it is not what was said last, or
// that was so long ago. With 0 the same is never said again.
func (s *seldom) due(what string, now time.Time, again time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if what == s.last && (again == 0 || now.Sub(s.at) < again) {
		return false
	}
	s.last, s.at = what, now
	return true
}
