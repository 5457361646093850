package simulate_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// bells carries the server's notifications to whichever replica a load
// balancer chooses. Some never arrive, some twice, some late and out of order.
type bells struct {
	sim  *simulation
	http *http.Transport
}

func newBells(sim *simulation) *bells {
	b := &bells{sim: sim}
	b.http = &http.Transport{DialContext: b.dial, DisableKeepAlives: true}
	return b
}

// RoundTrip delivers one notification. Several of one moment are alike, so
// that it does not matter which of them comes first.
func (b *bells) RoundTrip(r *http.Request) (*http.Response, error) {
	c := draw(b.sim.seed, "bell", number(time.Now().UnixNano()))
	f := b.sim.weather.bell(c)
	if f != fine {
		b.sim.happened(f)
	}
	taken := &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: r}
	switch f {
	case bellDropped:
		return taken, nil
	case bellLate:
		go b.again(r.Clone(context.WithoutCancel(r.Context())), c.between(0, 5*time.Minute))
		return taken, nil
	case bellDoubled:
		go b.again(r.Clone(context.WithoutCancel(r.Context())), c.between(0, time.Minute))
	}
	time.Sleep(c.between(time.Millisecond, time.Second))
	return b.http.RoundTrip(r)
}

// again rings later; whether anybody hears it is not checked.
func (b *bells) again(r *http.Request, wait time.Duration) {
	time.Sleep(wait)
	if resp, err := b.http.RoundTrip(r); err == nil {
		resp.Body.Close()
	}
}

func (b *bells) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	var open []*door
	for _, r := range b.sim.replicas {
		if d := r.listens(); d != nil {
			open = append(open, d)
		}
	}
	if len(open) == 0 {
		return nil, errors.New("no replica is there")
	}
	return open[draw(b.sim.seed, "balance", number(time.Now().UnixNano())).IntN(len(open))].dial(ctx)
}
