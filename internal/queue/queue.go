// Package queue holds the admissions that wait for a worker. A key waits once,
// runs once at a time, and runs again if it was rung while it ran: that is
// client-go's workqueue. What is added here is that fresh work overtakes the
// census's backlog, and that retries spread out.
package queue

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
)

// Queue is safe for concurrent use.
type Queue struct {
	work  workqueue.TypedRateLimitingInterface[string]
	lanes *lanes

	budget *budget
}

const (
	firstRetry = 500 * time.Millisecond
	lastRetry  = 5 * time.Minute
)

// Chance draws a wait between nothing and a limit, which is above zero.
type Chance func(limit time.Duration) time.Duration

// New makes an empty queue, which keeps a goroutine until it is closed. chance
// draws its waits, so that a simulation can replay; nil: at random.
func New(chance Chance) *Queue {
	if chance == nil {
		chance = rand.N[time.Duration]
	}
	l := newLanes()
	limiter := &spread{TypedRateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[string](firstRetry, lastRetry),
		budget: newBudget(), chance: chance}
	return &Queue{lanes: l, budget: limiter.budget, work: workqueue.NewTypedRateLimitingQueueWithConfig(limiter,
		workqueue.TypedRateLimitingQueueConfig[string]{
			DelayingQueue: workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[string]{
				Queue: workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[string]{Queue: l}),
			}),
		})}
}

// Fresh adds an admission that something just happened to.
func (q *Queue) Fresh(id string) {
	q.lanes.mark(id)
	q.work.Add(id)
}

// Backlog adds an admission that the census walks past, unless it is fresh and
// about to be tried again.
func (q *Queue) Backlog(id string) {
	if q.lanes.walkedPast(id) {
		q.work.Add(id)
	}
}

// maxFresh is how many fresh admissions may wait before callers from outside are
// sent away: hours of work even for a country, and a megabyte of memory.
const maxFresh = 10_000

// Full tells whether so much fresh work waits that a notification is better sent
// again later. The census's backlog does not count: fresh work overtakes it.
func (q *Queue) Full() bool { return q.lanes.freshLen.Load() >= maxFresh }

// Walked tells, once, whether it was the census alone that named an admission
// since the last call. Call it after each reconcile that went well: till then it is kept.
func (q *Queue) Walked(id string) bool { return q.lanes.walkedOnly(id) }

// Retries is how often an admission was tried again since the start.
func (q *Queue) Retries() int { return q.budget.spent() }

// Len is how many admissions wait, those under way not counted.
func (q *Queue) Len() int { return int(q.lanes.all.Load()) }

// Close ends a queue. Run does it as well; this is for one that was never run.
func (q *Queue) Close() { q.work.ShutDown() }

// Result says when an admission is to be worked on again.
type Result struct {
	Retry bool          // it failed in a way that another try may mend
	Next  time.Duration // done, but to be worked on again after this long; 0: not
}

// Run works on admissions with so many workers until ctx ends, then lets those
// under way finish. What still waits is dropped: the next start's census finds
// it. work gets a context of its own, so that an end is not an abort. The
// backlog takes half of the workers at most: who comes fresh need not wait for
// one of its.
func (q *Queue) Run(ctx context.Context, workers int, work func(id string) Result) {
	q.lanes.reserve(workers)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() { q.worker(ctx, work) })
	}
	<-ctx.Done()
	q.work.ShutDown()
	group.Wait()
}

func (q *Queue) worker(ctx context.Context, work func(string) Result) {
	for {
		id, shutdown := q.work.Get()
		if shutdown {
			return
		}
		if ctx.Err() == nil {
			q.budget.ran()
			q.settle(id, work(id))
		}
		q.lanes.done(id)
		q.work.Done(id)
	}
}

func (q *Queue) settle(id string, r Result) {
	if r.Retry {
		q.lanes.again(id)
		q.work.AddRateLimited(id)
		return
	}
	q.work.Forget(id)
	q.lanes.settled(id)
	if r.Next > 0 {
		q.work.AddAfter(id, r.Next)
	}
}
