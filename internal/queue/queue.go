// Package queue holds the admissions that wait for a worker. A key waits once,
// runs once at a time, and runs again if it was rung while it ran: that is
// client-go's workqueue. What is added here is that fresh work overtakes the
// census's backlog, and that retries spread out.
package queue

import (
	"container/list"
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/util/workqueue"
)

// Queue is safe for concurrent use.
type Queue struct {
	work  workqueue.TypedRateLimitingInterface[string]
	lanes *lanes

	chance Chance
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
	limiter := jitter{workqueue.NewTypedItemExponentialFailureRateLimiter[string](firstRetry, lastRetry), chance}
	return &Queue{lanes: l, chance: chance, work: workqueue.NewTypedRateLimitingQueueWithConfig(limiter,
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

// Backlog adds an admission that the census walks past.
func (q *Queue) Backlog(id string) {
	q.lanes.walkedPast(id)
	q.work.Add(id)
}

// maxFresh is how many fresh admissions may wait before callers from outside are
// sent away: hours of work even for a country, and a megabyte of memory.
const maxFresh = 10_000

// Full tells whether so much fresh work waits that a notification is better sent
// again later. The census's backlog does not count: fresh work overtakes it.
func (q *Queue) Full() bool { return q.lanes.freshLen.Load() >= maxFresh }

// Walked tells, once, whether it was the census alone that named an admission
// since this was last asked. Ask after each look that went well: what nobody asks about is kept.
func (q *Queue) Walked(id string) bool { return q.lanes.walkedOnly(id) }

// Len is how many admissions wait, those under way not counted.
func (q *Queue) Len() int { return q.work.Len() }

// Close ends a queue. Run does it as well; this is for one that was never run.
func (q *Queue) Close() { q.work.ShutDown() }

// Result says when an admission is to be worked on again.
type Result struct {
	Retry bool          // it failed in a way that another try may mend
	After time.Duration // not before; 0: the queue's own backoff
	Look  time.Duration // done, but to be looked at again after this long; 0: not
}

// Run works on admissions with so many workers until ctx ends, then lets those
// under way finish. What still waits is dropped: the next start's census finds
// it. work gets a context of its own, so that an end is not an abort.
func (q *Queue) Run(ctx context.Context, workers int, work func(id string) Result) {
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
			q.settle(id, work(id))
		}
		q.work.Done(id)
	}
}

func (q *Queue) settle(id string, r Result) {
	switch {
	case !r.Retry:
		q.work.Forget(id)
		if r.Look > 0 {
			q.work.AddAfter(id, r.Look)
		}
	case r.After > 0:
		q.work.AddAfter(id, r.After+q.chance(r.After/2+1)) // not all at the same moment
	default:
		q.work.AddRateLimited(id)
	}
}

// jitter draws each wait between nothing and the backoff: workers that failed
// together must not come back together.
type jitter struct {
	workqueue.TypedRateLimiter[string]
	chance Chance
}

func (j jitter) When(id string) time.Duration {
	return j.chance(j.TypedRateLimiter.When(id)) + time.Millisecond
}

// lanes is the order in which waiting keys are taken: fresh before backlog,
// each first come, first served. workqueue calls it under its own lock.
type lanes struct {
	fresh, backlog list.List
	waiting        map[string]*list.Element // those in the backlog
	freshLen       atomic.Int64             // of fresh, for those who do not hold workqueue's lock

	mu     sync.Mutex
	urgent map[string]bool // fresh keys that are not yet in a lane
	heard  map[string]bool // who was named: true, because something happened; false, by the census alone
}

func newLanes() *lanes {
	return &lanes{waiting: map[string]*list.Element{}, urgent: map[string]bool{}, heard: map[string]bool{}}
}

func (l *lanes) mark(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.urgent[id] = true
	l.heard[id] = true
}

func (l *lanes) walkedPast(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.heard[id] {
		l.heard[id] = false // there now, although nothing was heard
	}
}

func (l *lanes) walkedOnly(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	heard, named := l.heard[id]
	delete(l.heard, id)
	return named && !heard
}

func (l *lanes) marked(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	urgent := l.urgent[id]
	delete(l.urgent, id)
	return urgent
}

// Push puts a key that was not waiting at the end of its lane.
func (l *lanes) Push(id string) {
	if l.marked(id) {
		l.pushFresh(id)
		return
	}
	l.waiting[id] = l.backlog.PushBack(id)
}

// Touch moves a key that waits in the backlog when it is rung.
func (l *lanes) Touch(id string) {
	if !l.marked(id) {
		return
	}
	if e := l.waiting[id]; e != nil {
		l.backlog.Remove(e)
		delete(l.waiting, id)
		l.pushFresh(id)
	}
}

func (l *lanes) pushFresh(id string) {
	l.fresh.PushBack(id)
	l.freshLen.Add(1)
}

// Len counts the waiting keys.
func (l *lanes) Len() int { return l.fresh.Len() + l.backlog.Len() }

// Pop takes the next key.
func (l *lanes) Pop() string {
	if e := l.fresh.Front(); e != nil {
		l.freshLen.Add(-1)
		return l.fresh.Remove(e).(string)
	}
	id := l.backlog.Remove(l.backlog.Front()).(string)
	delete(l.waiting, id)
	return id
}
