package main

import (
	"context"
	"fmt"
	"time"
)

// idleHour counts what tilsyn does while nothing happens and everybody in the
// beds waits for a nurse. The polls and censuses of an hour at the shipped
// intervals are squeezed into less time: as many requests, and as much work.
func (s *stage) idleHour(ctx context.Context, r *report) error {
	b, err := s.recordBare(ctx)
	if err != nil {
		return err
	}
	if _, err := s.ward.register(ctx, s.beds); err != nil {
		return err
	}
	squeezed := func(d time.Duration) time.Duration { return time.Duration(float64(d) * s.config.idle.Hours()) }
	overlap := squeezed(10 * time.Minute)
	w := way{flags: []string{"--poll.interval", squeezed(10 * time.Second).String(),
		"--poll.overlap", overlap.String(), "--census.interval", squeezed(15 * time.Minute).String()}}
	return s.withTilsyn(ctx, w, func(t tilsyn) error {
		if err := s.quieten(ctx, b, overlap); err != nil {
			return err
		}
		before, own, server := s.tap.count(), cpu(t.proc), cpu(s.server.proc)
		time.Sleep(s.config.idle)
		own, server = cpu(t.proc)-own, cpu(s.server.proc)-server
		fmt.Printf("  an hour's work in %v, %d beds: %s; tilsyn CPU %.2f s, server CPU %.2f s\n",
			s.config.idle, s.beds, s.tap.count().since(before), own.Seconds(), server.Seconds())
		r.atMost(fmt.Sprintf("idle hour with %d beds, of a core", s.beds), 1, own.Hours()*100, " %")
		return nil
	})
}
