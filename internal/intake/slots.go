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
// is one that is held back, and nobody can shut others out.
type slots struct {
	free chan struct{}

	mu   sync.Mutex
	held []*slot // oldest first
}

type slot struct {
	from string // address
	cut  func() // ends the reading
	lost bool   // it was cut
}

// yielding is how long a caller waits for the slot that another must give up.
const yielding = 3 * time.Second

func newSlots(n int) *slots { return &slots{free: make(chan struct{}, n)} }

// take gets a slot, or tells that none became free in time. cut is called at most
// once, and never after release.
func (s *slots) take(ctx context.Context, from string, cut func()) (release func(), ok bool) {
	select {
	case s.free <- struct{}{}:
		return s.hold(from, cut), true
	default:
	}
	s.crowdOut()
	limited, cancel := context.WithTimeout(ctx, yielding)
	defer cancel()
	select {
	case s.free <- struct{}{}:
		return s.hold(from, cut), true
	case <-limited.Done():
		return nil, false
	}
}

func (s *slots) hold(from string, cut func()) (release func()) {
	mine := &slot{from: from, cut: cut}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = append(s.held, mine)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held = slices.DeleteFunc(s.held, func(other *slot) bool { return other == mine })
		<-s.free
	}
}

// crowdOut cuts off the oldest of whoever holds most.
func (s *slots) crowdOut() {
	s.mu.Lock()
	defer s.mu.Unlock()
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
func (s *slots) taken() int { return len(s.free) }

// Host is an address without its port.
func Host(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address // of no network
	}
	return host
}
