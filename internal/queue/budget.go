package queue

import (
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
)

// spread draws each wait between nothing and the backoff, so that workers that
// failed together do not come back together, and keeps to the budget.
type spread struct {
	workqueue.TypedRateLimiter[string]
	budget *budget
	chance Chance
}

func (s *spread) When(id string) time.Duration {
	limit := max(s.TypedRateLimiter.When(id), min(s.budget.retry(), lastRetry))
	return s.chance(limit) + time.Millisecond
}

// budget keeps retries to a tenth of all work, and to a few a second where
// there is little: what fails everywhere is not mended by asking more. Finagle
// and gRPC budget in this way.
type budget struct {
	mu      sync.Mutex
	tokens  float64 // below zero: retries that wait for theirs
	at      time.Time
	retries int
}

const (
	tenth    = 0.1
	aSecond  = 2.0 // tokens, however little is done
	mostSave = 20.0
)

func newBudget() *budget { return &budget{tokens: mostSave, at: time.Now()} }

// ran counts a run, the first of an admission or a later one.
func (b *budget) ran() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.earn(tenth)
}

func (b *budget) earn(tokens float64) {
	now := time.Now()
	b.tokens = min(mostSave, b.tokens+tokens+aSecond*now.Sub(b.at).Seconds())
	b.at = now
}

// retry spends a token. Where none is left it gives over how long the retry
// should be spread: twice what it takes, at the least, to earn what is owed.
func (b *budget) retry() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.earn(0)
	b.tokens--
	b.retries++
	return time.Duration(2 * max(0, -b.tokens) / aSecond * float64(time.Second))
}

func (b *budget) spent() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.retries
}
