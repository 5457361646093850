package main

import (
	"context"
	"fmt"
)

// start takes the time until tilsyn screens, and the size of its binary.
func (s *stage) start(ctx context.Context, r *report) error {
	var took []float64
	for range 5 {
		err := s.withTilsyn(ctx, ways["named"], func(t tilsyn) error {
			took = append(took, t.took.Seconds())
			return nil
		})
		if err != nil {
			return err
		}
	}
	fmt.Printf("  seconds from the start of the process until /readyz: %.3f\n", took)
	r.atMost("cold start until ready", .5, median(took), " s")
	r.atMost("stripped binary", 25, float64(s.size)/mib, " MiB")
	return nil
}
