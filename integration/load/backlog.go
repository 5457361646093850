package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// drain lets tilsyn start on a server full of people whom nobody has asked,
// while others come in.
func (s *stage) drain(ctx context.Context, r *report) error {
	b, err := s.recordBare(ctx)
	if err != nil {
		return err
	}
	before, err := s.askRate(ctx, b)
	if err != nil {
		return err
	}
	fmt.Printf("  %d people are admitted\n", s.config.backlog)
	if _, err := s.ward.register(ctx, s.config.backlog); err != nil {
		return err
	}
	if err := s.quieten(ctx, b, s.overlap); err != nil { // else the first poll would take them for fresh
		return err
	}
	during, idle, took, err := s.drained(ctx, r)
	if err != nil {
		return err
	}
	after, err := s.askRate(ctx, b)
	if err != nil {
		return err
	}
	rate := (before + after) / 2
	fmt.Printf("  drained in %.0f s, %.1f admissions/s; bare %.1f/s before and %.1f/s after\n",
		took.Seconds(), float64(s.config.backlog)/took.Seconds(), before, after)
	fmt.Printf("  a fresh admission, during: p50 %.1f p99 %.1f max %.1f ms (%d of them); idle: p50 %.1f p99 %.1f ms\n",
		ms(during.at(.5)), ms(during.at(.99)), ms(during.at(1)), len(during), ms(idle.at(.5)), ms(idle.at(.99)))
	what := fmt.Sprintf("backlog of %d: ", s.config.backlog)
	longer := took.Seconds() * rate / float64(s.config.backlog)
	r.ratio(what+"time / (backlog ÷ bare rate)", "≤ ", 1.2, &ratios{of: []float64{longer}, bare: []float64{before, after}}, longer <= 1.2)
	r.atMost(what+"fresh admission, p50, drain / idle", 5, ms(during.at(.5))/ms(idle.at(.5)), "")
	r.atMost(what+"fresh admission, p99, drain / idle", 5, ms(during.at(.99))/ms(idle.at(.99)), "")
	return nil
}

// drained starts tilsyn and lets people come in until nobody waits, and then
// as many again.
func (s *stage) drained(ctx context.Context, r *report) (during, idle samples, took time.Duration, err error) {
	begun, requests := time.Now(), s.tap.count()
	v, err := s.serve(ctx, s.way().flags...)
	if err != nil {
		return nil, nil, 0, err
	}
	defer v.stop()
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() { during, err = s.arrivals(ctx, tilsyn{v, s.way().named}, done) })
	empty := s.empty(ctx, v)
	took = time.Since(begun)
	close(done)
	group.Wait()
	if empty != nil || err != nil {
		return nil, nil, 0, fmt.Errorf("%w; %w", empty, err)
	}
	peak, err := peakMemory(v.proc)
	if err != nil {
		return nil, nil, 0, err
	}
	n := s.tap.count().since(requests)
	fmt.Printf("  %s; tilsyn CPU %.0f s\n", n, cpu(v.proc).Seconds())
	r.atMost(fmt.Sprintf("backlog of %d: peak memory", s.config.backlog), 128, peak, " MiB")
	enough := make(chan struct{})
	time.AfterFunc(20*time.Second, func() { close(enough) })
	idle, err = s.arrivals(ctx, tilsyn{v, s.way().named}, enough)
	return during, idle, took, err
}

// empty waits until the first census has been taken and nobody waits.
func (s *stage) empty(ctx context.Context, v *service) error {
	for {
		st, err := v.status(ctx)
		if err != nil || !st.Census.At.IsZero() && st.Waiting == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// arrivals lets somebody come in every 200 ms until done is closed, and gives
// how long each waited to be asked.
func (s *stage) arrivals(ctx context.Context, t tilsyn, done <-chan struct{}) (waited samples, err error) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return waited, nil
		case <-tick.C:
		}
		a := s.ward.person()
		took, err := s.asked(ctx, t, a)
		if err != nil {
			return nil, err
		}
		waited = append(waited, took)
	}
}

// asked admits one person and waits until the nurse has a task.
func (s *stage) asked(ctx context.Context, p performer, a *admission) (time.Duration, error) {
	if err := s.ward.admit(ctx, a); err != nil {
		return 0, err
	}
	return s.ask(ctx, p, a)
}

func (s *stage) ask(ctx context.Context, p performer, a *admission) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	s.tap.expect(a)
	defer s.tap.forget(a)
	start := time.Now()
	if err := p.admitted(ctx, a); err != nil {
		return 0, err
	}
	m, err := a.until(ctx, func(m made) bool { return m.response != "" })
	a.task, a.response = m.task, m.response
	return time.Since(start), err
}

// askRate is how many people a second the bare generator asks.
func (s *stage) askRate(ctx context.Context, b *bare) (float64, error) {
	people, err := s.ward.register(ctx, max(500, s.config.backlog/20))
	if err != nil {
		return 0, err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	start := time.Now()
	next := make(chan *admission)
	var group sync.WaitGroup
	for range slots {
		group.Go(func() {
			for a := range next {
				if _, err := s.ask(ctx, b, a); err != nil {
					fail(err)
				}
			}
		})
	}
	for _, a := range people {
		next <- a
	}
	close(next)
	group.Wait()
	took := time.Since(start)
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	return float64(len(people)) / took.Seconds(), s.ward.discharge(ctx, people)
}
