package simulate_test

import (
	"encoding/binary"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"time"
)

// chance is a stream of random numbers of its own for everybody who acts: it
// follows from the seed and a name, so that nobody's luck depends on the order
// in which goroutines happen to run.
type chance struct{ *rand.Rand }

func draw(seed uint64, names ...string) chance {
	return chance{rand.New(rand.NewPCG(seed, digest(names...)))}
}

func digest(parts ...string) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		_, _ = io.WriteString(h, p)
		_, _ = h.Write([]byte{0})
	}
	return h.Sum64()
}

// number writes a count or a moment into a name.
func number(n int64) string {
	return string(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

// happens is true in a share p of all cases.
func (c chance) happens(p float64) bool { return c.Float64() < p }

// between is evenly spread, to the nanosecond: two things hardly ever happen
// at the same moment, which is what makes a run replay.
func (c chance) between(from, to time.Duration) time.Duration {
	return from + time.Duration(c.Int64N(int64(to-from)))
}

// about is spread as waits are, around a mean, and at most six times as long.
func (c chance) about(mean time.Duration) time.Duration {
	return time.Duration(min(c.ExpFloat64(), 6)*float64(mean)) + time.Duration(c.Int64N(int64(time.Second)))
}

// pick chooses by weight.
func pick[T any](c chance, choices ...weighted[T]) T {
	sum := 0.0
	for _, w := range choices {
		sum += w.weight
	}
	at := c.Float64() * sum
	for _, w := range choices {
		if at -= w.weight; at < 0 {
			return w.what
		}
	}
	return choices[len(choices)-1].what
}

type weighted[T any] struct {
	weight float64
	what   T
}
