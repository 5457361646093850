package simulate_test

import (
	"container/heap"
	"time"
)

// agenda is what people in the hospital will do and when. One goroutine goes
// through it, so that what they do has one order.
type agenda struct {
	pace  *pace
	plans plans
	made  int
}

type plan struct {
	at    time.Time
	order int // of two at the same moment, the one made first
	do    func()
}

func (a *agenda) in(wait time.Duration, do func()) {
	a.made++
	heap.Push(&a.plans, plan{time.Now().Add(a.pace.of(max(wait, 0))), a.made, do})
}

// postpone puts everything off.
func (a *agenda) postpone(wait time.Duration) {
	for i := range a.plans {
		a.plans[i].at = a.plans[i].at.Add(wait)
	}
}

// run does what is planned until then; what comes later is dropped.
func (a *agenda) run(until time.Time) {
	for len(a.plans) > 0 && a.plans[0].at.Before(until) {
		next := heap.Pop(&a.plans).(plan)
		time.Sleep(time.Until(next.at))
		next.do()
	}
	time.Sleep(time.Until(until))
}

type plans []plan

func (p plans) Len() int { return len(p) }

func (p plans) Less(i, j int) bool {
	if p[i].at.Equal(p[j].at) {
		return p[i].order < p[j].order
	}
	return p[i].at.Before(p[j].at)
}

func (p plans) Swap(i, j int) { p[i], p[j] = p[j], p[i] }

func (p *plans) Push(x any) { *p = append(*p, x.(plan)) }

func (p *plans) Pop() any {
	last := (*p)[len(*p)-1]
	*p = (*p)[:len(*p)-1]
	return last
}
