package queue

import (
	"container/list"
	"math"
	"sync"
	"sync/atomic"
)

// lanes is the order in which waiting keys are taken: fresh before backlog,
// each first come, first served. workqueue calls it under its own lock.
type lanes struct {
	fresh, backlog list.List
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

func (l *lanes) mark(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.urgent[id] = true
	l.heard[id] = true
}

func (l *lanes) walkedPast(id string) (add bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.heard[id] {
		l.heard[id] = false // there now, although nothing was heard
	}
	return !l.urgent[id]
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
	l.all.Add(1)
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

// again keeps a fresh key fresh for its next try.
func (l *lanes) again(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken[id] {
		l.urgent[id] = true
	}
}

func (l *lanes) settled(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.taken, id)
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
		return l.fresh.Len()
	}
	return l.fresh.Len() + l.backlog.Len()
}

// Pop takes the next key.
func (l *lanes) Pop() string {
	l.all.Add(-1)
	if e := l.fresh.Front(); e != nil {
		l.freshLen.Add(-1)
		return l.take(l.fresh.Remove(e).(string))
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
