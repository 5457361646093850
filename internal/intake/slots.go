package intake

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"
)

// slots are the bodies that are read at once. Where all are taken, whoever holds
// most of them gives up his oldest: an honest body is there within moments, so it
// is one that is held back. Of those who wait the last comes first: in a line
// strangers would stand ahead of everybody else.
type slots struct {
	most int

	mu      sync.Mutex
	held    []*slot // oldest first
	waiting []*slot // too
}

type slot struct {
	from string        // address
	cut  func()        // ends the reading
	lost bool          // it was cut
	mine chan struct{} // closed when it is held
}

// yielding is how long a caller waits for the slot that another must give up.
const yielding = 3 * time.Second

func newSlots(n int) *slots { return &slots{most: n} }

// take gets a slot, or tells that none became free in time. cut is called at most
// once, and never after release.
func (s *slots) take(ctx context.Context, from string, cut func()) (release func(), ok bool) {
	limited, cancel := context.WithTimeout(ctx, yielding)
	defer cancel()
	next := s.come(from, cut)
	select {
	case <-next.mine:
		return func() { s.leave(next) }, true
	case <-limited.Done():
		s.leave(next)
		return nil, false
	}
}

func (s *slots) come(from string, cut func()) *slot {
	next := &slot{from: from, cut: cut, mine: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.held) >= s.most {
		s.crowdOut()
	}
	s.waiting = append(s.waiting, next)
	s.admit()
	return next
}

func (s *slots) leave(gone *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	is := func(other *slot) bool { return other == gone }
	s.held, s.waiting = slices.DeleteFunc(s.held, is), slices.DeleteFunc(s.waiting, is)
	s.admit()
}

func (s *slots) admit() {
	for len(s.held) < s.most && len(s.waiting) > 0 {
		last := len(s.waiting) - 1
		s.held, s.waiting = append(s.held, s.waiting[last]), s.waiting[:last]
		close(s.held[len(s.held)-1].mine)
	}
}

// crowdOut cuts off the oldest of whoever holds most.
func (s *slots) crowdOut() {
	count := map[string]int{}
	for _, h := range s.held {
		if !h.lost {
			count[h.from]++
		}
	}
	var loses *slot
	for _, h := range s.held {
		if !h.lost && (loses == nil || count[h.from] > count[loses.from]) {
			loses = h
		}
	}
	if loses != nil {
		loses.lost = true
		loses.cut()
	}
}

// taken is how many are.
func (s *slots) taken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.held)
}

// Host is an address without its port.
func Host(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address // of no network
	}
	return host
}
