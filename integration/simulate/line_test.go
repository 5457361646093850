package simulate_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// line is the way of one process to a real server: a proxy that now and then
// does what networks do.
type line struct {
	sim    *simulation
	proxy  *toxiproxy.Proxy
	chance chance
}

func newLine(t *testing.T, sim *simulation, n int, listen, upstream string) *line {
	t.Helper()
	l := &line{sim: sim, chance: draw(sim.seed, "line", number(int64(n)))}
	l.proxy = toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "line "+itoa(n), listen, upstream)
	if err := l.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.proxy.Stop)
	return l
}

// disturbance is something that goes wrong on a line for a while.
type disturbance struct {
	fault      fault
	kind       string // a toxic; empty: nobody can connect
	stream     string
	attributes string
}

const (
	slowThere  fault = "request slow"
	sliced     fault = "answer in small pieces"
	cutThere   fault = "request cut short"
	lineDown   fault = "no connection"
	serverGone fault = "FHIR server killed and started again"
)

// disturbance is drawn anew each time. An answer that is reset is one to a
// request that was carried out; a request that is reset never arrived.
func (l *line) disturbance() disturbance {
	c := l.chance
	return pick(c,
		weighted[disturbance]{3, disturbance{slow, "latency", "downstream", fmt.Sprintf(`"latency":%d,"jitter":%d`, c.IntN(3000), c.IntN(1000))}},
		weighted[disturbance]{1, disturbance{slowThere, "latency", "upstream", fmt.Sprintf(`"latency":%d,"jitter":%d`, c.IntN(1000), c.IntN(500))}},
		weighted[disturbance]{4, disturbance{lostAfter, "reset_peer", "downstream", `"timeout":0`}},
		weighted[disturbance]{1, disturbance{lostBefore, "reset_peer", "upstream", `"timeout":0`}},
		weighted[disturbance]{4, disturbance{cut, "limit_data", "downstream", fmt.Sprintf(`"bytes":%d`, 1+c.IntN(8000))}},
		weighted[disturbance]{1, disturbance{cutThere, "limit_data", "upstream", fmt.Sprintf(`"bytes":%d`, 1+c.IntN(3000))}},
		weighted[disturbance]{2, disturbance{sliced, "slicer", "downstream", `"average_size":4000,"size_variation":3999,"delay":1000`}},
		weighted[disturbance]{2, disturbance{stuck, "timeout", "downstream", `"timeout":0`}},
		weighted[disturbance]{1, disturbance{fault: lineDown}},
	)
}

// live disturbs the line until ctx ends, and leaves it in order.
func (l *line) live(ctx context.Context) {
	for wait(ctx, l.chance.about(4*time.Second)) {
		d := l.disturbance()
		l.sim.happened(d.fault)
		l.begin(d)
		wait(ctx, l.chance.between(200*time.Millisecond, 3*time.Second))
		l.end(d)
	}
}

func (l *line) begin(d disturbance) {
	if d.kind == "" {
		l.proxy.Stop()
		return
	}
	touched := pick(l.chance, weighted[float64]{2, 1}, weighted[float64]{1, 0.3}) // the share of connections
	_, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(
		`{"name":"it","type":%q,"stream":%q,"toxicity":%v,"attributes":{%s}}`, d.kind, d.stream, touched, d.attributes)))
	if err != nil {
		panic(err)
	}
}

func (l *line) end(d disturbance) {
	var err error
	if d.kind == "" {
		err = l.proxy.Start()
	} else {
		err = l.proxy.Toxics.RemoveToxic(context.Background(), "it")
	}
	if err != nil {
		panic(err)
	}
}

// wait is false when ctx ends first.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
