package integration_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/doctor"
	"github.com/tilsyn/tilsyn/internal/hospital"
)

// row is an odd server and what must come of it. Whatever a server does, either the
// same stands on it in the end as on one that does nothing odd, or it is said aloud:
// by the doctor, in /status, or in the quarantine.
type row struct {
	name  string
	habit func(p *play) habit
	host  string // scheme and name that callers know it by; empty: its address
	real  bool   // also before a real server
	slow  bool   // before one, which is asked less often

	flags   []string
	prepare func(p *play)                       // before the service starts
	turns   func(p *play)                       // what is played; nil: everything, with the same end
	marked  func(p *play, a hospital.Admission) // what must become of the one the habit is about; nil: there is none
	after   func(p *play)                       // what else must hold
	unsafe  []string                            // what the doctor must call unsafe
	safe    bool                                // the doctor must call nothing unsafe
	intake  intake                              // what the intake must say of itself
}

// intake is what /status must say of whether everybody was seen.
type intake int

const (
	whole intake = iota
	notWhole
	either // a server may be right or wrong to say so
)

// play is one row played.
type play struct {
	*world
	row    row
	proxy  *proxy
	dialed *dialed
	pages  net.Listener // /status of the service that runs
	health net.Listener // its /readyz
	stop   func()
	ahead  atomic.Int64         // nanoseconds that the service's clock is ahead
	first  hospital.Admission   // who was there first of all
	marked hospital.Admission   // whom the habit is about
	mended bool                 // the habit is left off
	beside []hospital.Admission // who is there as well
}

// atOnce is how many rows are played together. They wait more than they work, so it
// is more than t.Parallel would have on two cores.
const atOnce = 6

// onOddServers plays each row on the sandbox, and those for it on a real server.
func onOddServers(t *testing.T, rows []row) {
	t.Run("sandbox", func(t *testing.T) {
		turn := make(chan struct{}, atOnce)
		var group sync.WaitGroup
		for _, r := range rows {
			group.Go(func() {
				turn <- struct{}{}
				defer func() { <-turn }()
				t.Run(r.name, func(t *testing.T) { r.play(onSandbox(t)) })
			})
		}
		group.Wait()
	})
	t.Run("real", func(t *testing.T) {
		for _, r := range rows {
			if r.real {
				r.slow = true
				t.Run(r.name, func(t *testing.T) { r.play(onReal(t)) })
			}
		}
	})
}

// always has every server of a row behave alike.
func always(h habit) func(*play) habit { return func(*play) habit { return h } }

// A server behind a proxy that changes nothing.
func TestNothingOdd(t *testing.T) {
	onOddServers(t, []row{
		{name: "nothing odd"},
	})
}

// play sets the hospital up beside the proxy: what happens there, and what is looked
// at, does not pass the odd server.
func (r row) play(w *world) {
	p := &play{world: w, row: r}
	p.proxy = newProxy(w, w.base, r.host, func(a ask, next server) said { return next(a) })
	p.base = p.proxy.base
	p.dialed = dialing(p.proxy)
	if r.habit != nil {
		p.proxy.habit = r.habit(p)
	}
	if r.turns == nil {
		r.turns = (*play).everything
	}
	r.turns(p)
	if p.row.after != nil {
		p.row.after(p)
	}
	p.diagnosed()
}

// configured is a configuration that is faster than an operator may ask for.
func (p *play) configured(flags ...string) config.Config {
	p.Helper()
	cfg := p.config(slices.Concat(p.row.flags, flags)...)
	if p.row.slow {
		cfg.Census.Interval = min(cfg.Census.Interval, 3*time.Second)
		return cfg
	}
	cfg.Poll.Interval = min(cfg.Poll.Interval, 60*time.Millisecond)
	if cfg.Census.Interval == 15*time.Minute { // nobody has asked for another
		cfg.Census.Interval = 300 * time.Millisecond
	}
	return cfg
}

// start runs a service until p.stop, or the test ends.
func (p *play) start(flags ...string) {
	p.Helper()
	p.pages, p.health = p.local(), p.local()
	cfg := p.configured(flags...)
	a, err := app.New(app.Options{Config: cfg, Policy: p.policy, Log: p.log(), Listener: p.health, Operator: p.pages,
		Transport: p.transport(cfg, app.Serve), Chance: soon, Now: p.now})
	p.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			p.Errorf("the service ended with: %v", err)
		}
	})
	p.Cleanup(p.stop)
}

func (p *play) local() net.Listener {
	p.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	p.must(err)
	return l
}

// soon is how long a retry waits here: nobody else wants the server.
func soon(limit time.Duration) time.Duration { return min(limit, 5*time.Millisecond) }

func (p *play) log() zerolog.Logger {
	if !testing.Verbose() {
		return zerolog.Nop()
	}
	return zerolog.New(zerolog.NewTestWriter(p.TB)).Level(zerolog.WarnLevel)
}

func (p *play) transport(cfg config.Config, jobs ...app.Job) http.RoundTripper {
	f := p.fence(cfg, jobs...)
	f.RoundTripper = p.dialed.transport
	return f
}

// diagnosed has the doctor say what the row wants of it.
func (p *play) diagnosed() {
	p.Helper()
	if len(p.row.unsafe) == 0 && !p.row.safe {
		return
	}
	cfg := p.configured()
	a, err := app.New(app.Options{Config: cfg, Policy: p.policy, Log: p.log(), Transport: p.transport(cfg, app.Try), Chance: soon})
	p.must(err)
	found, err := a.Doctor(p.ctx(), true)
	var said []string
	if err != nil {
		said = append(said, "no end: "+err.Error()) // and exit code 1
	}
	for _, f := range found {
		if f.Level == doctor.Unsafe {
			said = append(said, fmt.Sprintf("%s: %s (%s)", f.What, f.Seen, f.Means))
		}
	}
	if p.row.safe && len(said) > 0 {
		p.Errorf("the doctor calls %q unsafe", said)
	}
	for _, want := range p.row.unsafe {
		if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, want) }) {
			p.Errorf("the doctor does not call %q unsafe, but %q", want, said)
		}
	}
}

// status is one value of /status.
func (p *play) status(path string) gjson.Result {
	p.Helper()
	return gjson.Get(p.get(p.pages, "/status"), path)
}

// ready is the status of /readyz.
func (p *play) ready() int {
	p.Helper()
	resp, err := http.Get("http://" + p.health.Addr().String() + "/readyz")
	p.must(err)
	p.must(resp.Body.Close())
	return resp.StatusCode
}

// until waits for something of the service or the proxy.
func (p *play) until(what string, done func() bool) {
	p.Helper()
	if !p.await(done) {
		p.Errorf("%s: it did not happen in time\n%s", what, p.get(p.pages, "/status"))
	}
}

// await looks more often than hospital.Wait: here nobody else uses the server, and
// there are many rows.
func (p *play) await(done func() bool) bool {
	ctx, longest := p.ctx(), 80*time.Millisecond
	if p.row.slow {
		longest = time.Second
	}
	for pause := 10 * time.Millisecond; !done(); pause = min(2*pause, longest) {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
	}
	return true
}

// want waits until the admission's outcome on the server is the wanted one.
func (p *play) want(a hospital.Admission, want hospital.Outcome) {
	p.Helper()
	var got hospital.Outcome
	ctx := p.ctx()
	reached := p.await(func() bool {
		var err error
		got, err = p.hospital.Outcome(ctx, a)
		return err == nil && got == want
	})
	if !reached {
		p.Fatalf("%s:\n got %+v\nwant %+v", a.Encounter, got, want)
	}
}

// isSaid waits for the intake to say what the row wants of it.
func (p *play) isSaid() {
	p.Helper()
	if p.row.intake == either {
		return
	}
	p.until("what the intake says of itself", func() bool {
		said := p.status("intake")
		if p.row.intake == whole {
			return said.Get("whole").Bool()
		}
		return said.Get("whole").Exists() && !said.Get("whole").Bool() && said.Get("since").Exists() && said.Get("reasons.0").String() != ""
	})
}

// stuck waits until an admission is in the quarantine, or a window that holds it,
// with a reason that says why.
func (p *play) stuck(a hospital.Admission, why string) {
	p.Helper()
	p.until("quarantined for "+why, func() bool {
		found := false
		p.status("quarantined").ForEach(func(key, entry gjson.Result) bool {
			named := key.String() == a.ID() || strings.Contains(key.String(), " from ")
			found = found || named && strings.Contains(entry.Get("reason").String(), why)
			return true
		})
		return found
	})
}

// stuckAtLast is stuck, where a server may only be unwell for a while: the service
// tries on for some minutes.
func (p *play) stuckAtLast(a hospital.Admission, why string) {
	p.Helper()
	// More than once: on a busy machine the first of the answers may come after the
	// clock was put forward, and it counts from there.
	for range 3 {
		p.rounds(2)
		p.ahead.Add(int64(15 * time.Minute))
	}
	p.stuck(a, why)
}

func (p *play) now() time.Time { return time.Now().Add(time.Duration(p.ahead.Load())) }

// rounds waits until the census has been taken about so many times more.
func (p *play) rounds(n int) {
	p.Helper()
	before := p.proxy.count(ask.census)
	p.until("a census", func() bool { return p.proxy.count(ask.census) > before+2*n })
}
