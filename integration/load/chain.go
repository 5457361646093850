package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// limit is when to give up on a chain, not how fast one is.
const limit = 5 * time.Minute

// chain takes one person through: admitted, asked, answered, referred.
func (s *stage) chain(ctx context.Context, p performer, t *times) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	a := s.ward.person()
	s.tap.expect(a)
	defer s.tap.forget(a)
	if err := s.ward.admit(ctx, a); err != nil {
		return err
	}
	start := time.Now()
	if err := p.admitted(ctx, a); err != nil {
		return err
	}
	m, err := a.until(ctx, func(m made) bool { return m.response != "" })
	if err != nil {
		return fmt.Errorf("nobody was asked about %s: %w", a.encounter, err)
	}
	asked := time.Since(start)
	a.task, a.response = m.task, m.response
	if err := s.ward.answer(ctx, a, m.draft); err != nil {
		return err
	}
	start = time.Now()
	if err := p.answered(ctx, a); err != nil {
		return err
	}
	if m, err = a.until(ctx, func(m made) bool { return m.consult }); err != nil {
		return fmt.Errorf("no consult for %s: %w", a.encounter, err)
	}
	a.order = m.task
	t.add(a, asked, time.Since(start))
	return nil
}

func (a *admission) until(ctx context.Context, done func(made) bool) (made, error) {
	for {
		select {
		case m := <-a.made:
			if done(m) {
				return m, nil
			}
		case <-ctx.Done():
			return made{}, ctx.Err()
		}
	}
}

// times are how long the chains took, from being admitted until being asked,
// and from the answers until the consult.
type times struct {
	mu           sync.Mutex
	asked, refer samples
	people       []*admission
}

func (t *times) add(a *admission, asked, referred time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.people = append(t.people, a)
	t.asked, t.refer = append(t.asked, asked), append(t.refer, referred)
}

// closed runs n chains, so many at once, the next as soon as one ends.
func (s *stage) closed(ctx context.Context, p performer, n, atOnce int) (*times, error) {
	free := make(chan struct{}, atOnce)
	for range atOnce {
		free <- struct{}{}
	}
	return s.run(ctx, p, n, func(context.Context) { <-free }, func() { free <- struct{}{} })
}

// open lets n chains begin at random moments, so many a second, however the
// ones before are doing. The same seed gives the same moments.
func (s *stage) open(ctx context.Context, p performer, n int, perSecond float64, seed uint64) (*times, error) {
	chance := rand.New(rand.NewPCG(seed, seed))
	next := time.Now()
	return s.run(ctx, p, n, func(context.Context) {
		next = next.Add(time.Duration(chance.ExpFloat64() / perSecond * float64(time.Second)))
		time.Sleep(time.Until(next))
	}, func() {})
}

// run begins n chains, each when turn returns, and waits for all.
func (s *stage) run(ctx context.Context, p performer, n int, turn func(context.Context), ended func()) (*times, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var group sync.WaitGroup
	t := &times{}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		turn(ctx)
		group.Go(func() {
			defer ended()
			if err := s.chain(ctx, p, t); err != nil {
				fail(err)
			}
		})
	}
	group.Wait()
	return t, context.Cause(ctx)
}
