package simulate_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"regexp"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// replica is one place where the service runs; when it dies it is started
// again, as Kubernetes or systemd would.
type replica struct {
	sim    *simulation
	name   string
	chance chance
	off    time.Duration // how far its clock is off
	stop   context.CancelFunc
	ended  chan struct{}

	mu   sync.Mutex
	life int
	door *door // while it runs
	shut context.CancelFunc
}

func newReplica(sim *simulation, n int) *replica {
	name := "replica " + itoa(n)
	c := draw(sim.seed, name)
	return &replica{sim: sim, name: name, chance: c, off: c.between(-4*time.Minute, 4*time.Minute), ended: make(chan struct{})}
}

// live runs until stopped.
func (r *replica) live(ctx context.Context) {
	ctx, r.stop = context.WithCancel(ctx)
	go pprof.Do(ctx, pprof.Labels("simulation", r.sim.label), func(ctx context.Context) {
		defer close(r.ended)
		for ctx.Err() == nil {
			died := r.once(ctx)
			r.rest(ctx, died)
		}
	})
}

// rest is the time between two lives. It counts from the death: how long what
// is left of a dead process takes to end here, no clock outside would show.
func (r *replica) rest(ctx context.Context, died time.Time) {
	wait := r.chance.between(time.Second, time.Minute)
	if !r.sim.weather.calm.Load() && r.chance.happens(0.2) {
		wait = r.chance.about(10 * time.Minute)
	}
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(died.Add(lingers + wait))):
	}
}

// lingers is longer than the service gives the work that is under way.
const lingers = 30 * time.Second

// once is one life: from the start of the process to its end, however it ends.
// It gives the moment of that end.
func (r *replica) once(ctx context.Context) time.Time {
	ctx, shut := context.WithCancel(ctx)
	defer shut()
	w, d := r.begin(shut)
	defer d.Close()
	defer d.pages.Close()
	a := r.sim.service(w, d, d.pages, func() time.Time { return time.Now().Add(r.off) })
	dead := make(chan time.Time, 1)
	context.AfterFunc(ctx, func() { dead <- time.Now() })
	go func() {
		select {
		case <-w.cut:
			shut()
		case <-ctx.Done():
		}
	}()
	err := a.Run(ctx)
	if err != nil && r.sim.weather.calm.Load() {
		r.sim.found("the service ended by itself: %v", err)
	}
	r.mu.Lock()
	r.door, r.shut = nil, nil
	r.mu.Unlock()
	shut()
	return <-dead
}

func (r *replica) begin(shut context.CancelFunc) (*wire, *door) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.life++
	r.door, r.shut = newDoor(), shut
	r.door.pages = newDoor()
	w := newWire(r.sim, r.name+"."+itoa(r.life))
	w.off = r.off
	return w, r.door
}

// listens gives the door of a process that runs.
func (r *replica) listens() *door {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.door
}

// restart is an orderly end, as for an update.
func (r *replica) restart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shut != nil && !r.sim.weather.calm.Load() {
		r.sim.happened(restarted)
		r.shut()
	}
}

// service is the whole service as it ships, but for its wire, doors and clock.
func (s *simulation) service(w http.RoundTripper, d, pages net.Listener, now func() time.Time) *app.App {
	a, err := app.New(app.Options{
		Config: s.config, Policy: s.policy(), Log: zerolog.New(s.log).Level(zerolog.ErrorLevel), Transport: w, Listener: d, Operator: pages, Now: now,
		Chance: s.chanceOf(w), Arrive: oneByOne,
	})
	if err != nil {
		panic(err)
	}
	return a
}

// oneByOne lets no two requests of a process come at the same moment: who goes first
// would be left to the scheduler.
func oneByOne(what string) {
	time.Sleep(time.Duration(1 + digest(anew.ReplaceAllString(what, ""))%uint64(time.Millisecond)))
}

// anew are the references that every run makes anew.
var anew = regexp.MustCompile(`urn:uuid:[0-9a-f-]{36}`)

// chanceOf draws how long retries wait. It follows from the moment: two
// workers of one process may ask in either order.
func (s *simulation) chanceOf(w http.RoundTripper) func(time.Duration) time.Duration {
	name := ""
	if w, ok := w.(*wire); ok {
		name = w.name
	}
	return func(limit time.Duration) time.Duration {
		return draw(s.seed, "retry", name, number(time.Now().UnixNano())).between(0, limit)
	}
}

// door is where one process listens.
type door struct {
	pages  *door // for operators
	knocks chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newDoor() *door { return &door{knocks: make(chan net.Conn), closed: make(chan struct{})} }

func (d *door) Accept() (net.Conn, error) {
	select {
	case c := <-d.knocks:
		return c, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

func (d *door) Close() error {
	d.once.Do(func() { close(d.closed) })
	return nil
}

func (d *door) Addr() net.Addr { return &net.UnixAddr{Name: "tilsyn.sim", Net: "unix"} }

func (d *door) dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case d.knocks <- theirs:
		return ours, nil
	case <-d.closed:
		return nil, errors.New("nobody is there")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// policy asks in every admission, so that each can be judged by itself, or once
// for all: nobody is due again while nothing is to happen.
func (s *simulation) policy() *pathway.Policy {
	if s.several {
		return s.severalPolicy()
	}
	p := pathway.DefaultPolicy()
	p.Screening.DoNotAsk = []pathway.Coding{{System: approved, Code: "do-not-ask"}}
	p.Screening.ExcludedServiceTypes = []pathway.Coding{{System: approved, Code: "hospice"}}
	if s.hospital.item1 {
		p.Item1Only = pathway.AsAdvice
	}
	if s.hospital.records {
		p.AfterDischarge = "record"
	}
	if s.hospital.ends {
		p.Consult.AtDischarge = pathway.EndConsult
	}
	if s.hospital.only {
		p.Consult.Rejected = pathway.TellOnly
	}
	p.Screening.RescreenAfter.Duration = 0
	if s.hospital.remembers {
		p.Screening.RescreenAfter.Duration = s.lasts + 2*quiet
	}
	return p
}
