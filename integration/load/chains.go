package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// took is what one run of chains took.
type took struct {
	*times
	chains      int
	elapsed     time.Duration
	server, own time.Duration // processor time of the FHIR server and of tilsyn
	requests    counts        // of the performer
	peak        float64       // tilsyn's memory, MiB
}

func (t took) rate() float64 { return float64(t.chains) / t.elapsed.Seconds() }

// share is tilsyn's part of the processor time that it and the server took.
func (t took) share() float64 { return float64(t.own) / float64(t.own+t.server) }

func (t took) String() string {
	return fmt.Sprintf("%5.1f chains/s; asked p50 %.1f p99 %.1f ms; referred p50 %.1f p99 %.1f ms; server CPU %.1f ms/chain; %.2f requests/chain (%s)",
		t.rate(), ms(t.asked.at(.5)), ms(t.asked.at(.99)), ms(t.refer.at(.5)), ms(t.refer.at(.99)),
		ms(t.server)/float64(t.chains), float64(t.requests.total())/float64(t.chains), t.requests)
}

// load is a way to send chains.
type load func(ctx context.Context, p performer) (*times, error)

func (s *stage) measure(ctx context.Context, p performer, l load) (took, error) {
	before, server, start := s.tap.count(), cpu(s.server.proc), time.Now()
	var own time.Duration
	t, through := p.(tilsyn)
	if through {
		own = cpu(t.proc)
	}
	all, err := l(ctx, p)
	if err != nil {
		return took{}, err
	}
	out := took{times: all, chains: len(all.asked), elapsed: time.Since(start), server: cpu(s.server.proc) - server,
		requests: s.tap.count().since(before)}
	if through {
		out.own = cpu(t.proc) - own
		out.peak, err = peakMemory(t.proc)
	}
	return out, err
}

// pair runs the same load bare and through tilsyn; which is first changes, so
// that a server that grows and a noisy machine harm both alike.
func (s *stage) pair(ctx context.Context, b *bare, w way, tilsynFirst bool, l load) (without, with took, err error) {
	runs := []func() error{
		func() error {
			without, err = s.measure(ctx, b, l)
			fmt.Println("  bare  ", without)
			return err
		},
		func() error {
			return s.withTilsyn(ctx, w, func(t tilsyn) error {
				if with, err = s.measure(ctx, t, l); err == nil {
					fmt.Printf("  tilsyn %v; tilsyn CPU %.1f ms/chain, share %.3f; peak %.0f MiB\n",
						with, ms(with.own)/float64(with.chains), with.share(), with.peak)
				}
				return err
			})
		},
	}
	if tilsynFirst {
		runs[0], runs[1] = runs[1], runs[0]
	}
	for _, run := range runs {
		if err := run(); err != nil {
			return without, with, err
		}
	}
	return without, with, s.ward.discharge(ctx, slices.Concat(without.people, with.people))
}

// chains compares whole chains: as many as the machine carries, then half as
// many.
func (s *stage) chains(ctx context.Context, r *report) error {
	b, err := s.recordBare(ctx)
	if err != nil {
		return err
	}
	full := func(ctx context.Context, p performer) (*times, error) {
		return s.closed(ctx, p, s.config.chains, s.atOnce)
	}
	warm, err := s.measure(ctx, b, full) // a server's first requests are its slowest
	if err != nil {
		return err
	}
	if err := s.ward.discharge(ctx, warm.people); err != nil {
		return err
	}
	rate, err := s.full(ctx, r, b, full)
	if err != nil {
		return err
	}
	return s.half(ctx, r, b, rate/2)
}

// full gives the rate of the bare chain.
func (s *stage) full(ctx context.Context, r *report, b *bare, l load) (float64, error) {
	var rates ratios
	var shares, peaks, requests []float64
	for round := range s.rounds {
		without, with, err := s.pair(ctx, b, s.way(), round%2 == 1, l)
		if err != nil {
			return 0, err
		}
		rates.add(with.rate(), without.rate())
		shares = append(shares, with.share())
		peaks = append(peaks, with.peak)
		requests = append(requests, float64(with.requests.total())/float64(with.chains))
		fmt.Printf("  chains through tilsyn / bare: %.3f\n", rates.of[round])
	}
	r.ratio("chains/s, tilsyn / bare", "≥ ", .85, &rates, median(rates.of) >= .85)
	r.atMost("requests per chain", float64(len(b.ask)+len(b.refer)), median(requests), "")
	r.atMost("requests per new admission, recorded", 2, float64(len(b.ask)), "")
	r.atMost("requests per answer, recorded", 2, float64(len(b.refer)), "")
	if s.server.proc != nil {
		r.atMost("tilsyn's share of the CPU", .25, median(shares), "")
	}
	r.atMost("peak memory during chains", 128, slices.Max(peaks), " MiB")
	return median(rates.bare), nil
}

func (s *stage) half(ctx context.Context, r *report, b *bare, rate float64) error {
	fmt.Printf("  at half load, %.1f chains begin a second\n", rate)
	var asked50, asked99, refer50, refer99 ratios
	for round := range s.rounds {
		l := func(ctx context.Context, p performer) (*times, error) {
			return s.open(ctx, p, s.config.chains, rate, uint64(round))
		}
		without, with, err := s.pair(ctx, b, s.way(), round%2 == 0, l)
		if err != nil {
			return err
		}
		asked50.add(ms(with.asked.at(.5)), ms(without.asked.at(.5)))
		asked99.add(ms(with.asked.at(.99)), ms(without.asked.at(.99)))
		refer50.add(ms(with.refer.at(.5)), ms(without.refer.at(.5)))
		refer99.add(ms(with.refer.at(.99)), ms(without.refer.at(.99)))
	}
	r.ratio("until asked, half load, p50, tilsyn / bare", "≤ ", 1.3, &asked50, median(asked50.of) <= 1.3)
	r.ratio("until asked, half load, p99, tilsyn / bare", "≤ ", 2, &asked99, median(asked99.of) <= 2)
	r.ratio("until referred, half load, p50, tilsyn / bare", "≤ ", 1.3, &refer50, median(refer50.of) <= 1.3)
	r.ratio("until referred, half load, p99, tilsyn / bare", "≤ ", 2, &refer99, median(refer99.of) <= 2)
	return nil
}

// recordBare makes the bare generator from what tilsyn sends for one admission
// when nothing else happens.
func (s *stage) recordBare(ctx context.Context) (*bare, error) {
	var b *bare
	err := s.withTilsyn(ctx, ways["named"], func(t tilsyn) error {
		a := s.ward.person()
		s.tap.expect(a)
		defer s.tap.forget(a)
		if err := s.ward.admit(ctx, a); err != nil {
			return err
		}
		var m made
		ask, err := s.tap.recording(func() (err error) {
			if err = t.admitted(ctx, a); err == nil {
				m, err = a.until(ctx, func(m made) bool { return m.response != "" })
			}
			return err
		})
		if err != nil {
			return err
		}
		ask = template(ask, a) // before its ids are known: they are not in it
		a.task, a.response = m.task, m.response
		if err := s.ward.answer(ctx, a, m.draft); err != nil {
			return err
		}
		refer, err := s.tap.recording(func() (err error) {
			if err = t.answered(ctx, a); err == nil {
				m, err = a.until(ctx, func(m made) bool { return m.consult })
			}
			return err
		})
		a.order = m.task
		b = newBare(script{ask, template(refer, a)}, s.tap.base)
		return errors.Join(err, s.ward.discharge(ctx, []*admission{a}))
	})
	if err == nil {
		fmt.Printf("  tilsyn sends for one admission: %s; then for its answer: %s\n", methods(b.ask), methods(b.refer))
	}
	return b, err
}

func methods(shots []shot) (out string) {
	for i, s := range shots {
		if i > 0 {
			out += ", "
		}
		out += s.method
		if s.method == "POST" {
			out += " " + kindOfBody(s.body)
		}
	}
	return out
}
