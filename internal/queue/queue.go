// Package queue holds the admissions that wait for a worker. A key waits once,
// runs once at a time, and runs again if it was rung while it ran: that is
// client-go's workqueue. What is added here is that fresh work overtakes the
// census's backlog, and that retries spread out.
package queue

import (
	"container/list"
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/util/workqueue"
)

// Queue is safe for concurrent use.
type Queue struct {
	work   workqueue.TypedRateLimitingInterface[string]
	lanes  *lanes
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
	q.lanes.fresh(id)
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

// CensusAlone tells, once, whether it was the census alone that named an admission
// since the last call. Call it after each reconcile that went well: till then it is kept.
func (q *Queue) CensusAlone(id string) bool { return q.lanes.censusAlone(id) }

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
	q.lanes.ended(id, r.Retry)
	if r.Retry {
		q.work.AddRateLimited(id)
		return
	}
	q.work.Forget(id)
	if r.Next > 0 {
		q.work.AddAfter(id, r.Next)
	}
}

// lanes is the order in which waiting keys are taken: fresh before backlog,
// each first come, first served. workqueue calls it under its own lock.
type lanes struct {
	first, backlog list.List
	waiting        map[string]*list.Element // those in the backlog
	most           int                      // of the backlog, at once
	walking        map[string]bool          // those of the backlog that are being worked on
	all, freshLen  atomic.Int64             // how many wait, for those who do not hold workqueue's lock

	mu     sync.Mutex
	urgent map[string]bool // fresh keys that are not yet in a lane
	taken  map[string]bool // fresh keys that were taken and have not ended well
	heard  map[string]bool // who was named: true, because something happened; false, by the census alone
}

func newLanes() *lanes {
	return &lanes{waiting: map[string]*list.Element{}, walking: map[string]bool{}, most: math.MaxInt, urgent: map[string]bool{}, taken: map[string]bool{}, heard: map[string]bool{}}
}

// fresh notes a key that is about to be added.
func (l *lanes) fresh(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.urgent[id] = true
	l.heard[id] = true
}

// walkedPast notes a key that the census names, and tells whether to add it.
func (l *lanes) walkedPast(id string) (add bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.heard[id] {
		l.heard[id] = false // there now, although nothing was heard
	}
	return !l.urgent[id]
}

func (l *lanes) censusAlone(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	heard, named := l.heard[id]
	delete(l.heard, id)
	return named && !heard
}

// isFresh tells, once, whether a key is fresh and in no lane yet.
func (l *lanes) isFresh(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	urgent := l.urgent[id]
	delete(l.urgent, id)
	return urgent
}

// Push puts a key that was not waiting at the end of its lane.
func (l *lanes) Push(id string) {
	l.all.Add(1)
	if l.isFresh(id) {
		l.pushFresh(id)
		return
	}
	l.waiting[id] = l.backlog.PushBack(id)
}

// Touch moves a key that waits in the backlog when it is rung.
func (l *lanes) Touch(id string) {
	if !l.isFresh(id) {
		return
	}
	if e := l.waiting[id]; e != nil {
		l.backlog.Remove(e)
		delete(l.waiting, id)
		l.pushFresh(id)
	}
}

func (l *lanes) pushFresh(id string) {
	l.first.PushBack(id)
	l.freshLen.Add(1)
}

// ended keeps a fresh key fresh for its next try, and forgets one that needs none.
func (l *lanes) ended(id string, retry bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !retry:
		delete(l.taken, id)
	case l.taken[id]:
		l.urgent[id] = true
	}
}

func (l *lanes) take(id string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken[id] = true
	return id
}

// Len counts the waiting keys that a worker may take. workqueue calls it under
// its own lock, as it does Pop.
func (l *lanes) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.walking) >= l.most {
		return l.first.Len()
	}
	return l.first.Len() + l.backlog.Len()
}

// Pop takes the next key.
func (l *lanes) Pop() string {
	l.all.Add(-1)
	if e := l.first.Front(); e != nil {
		l.freshLen.Add(-1)
		return l.take(l.first.Remove(e).(string))
	}
	id := l.backlog.Remove(l.backlog.Front()).(string)
	delete(l.waiting, id)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.walking[id] = true
	return id
}

// done lets the next of the backlog be taken.
func (l *lanes) done(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.walking, id)
}

// reserve keeps half of the workers, rounded down, for fresh keys.
func (l *lanes) reserve(of int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.most = of - of/2
}
