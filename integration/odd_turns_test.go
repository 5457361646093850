package integration_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// everything is what the service is there for: somebody is asked; answers are scored
// and referred once; an urgent one; a correction; a discharge before the answer; a
// restart in the middle; and somebody whom the census alone can find.
func (p *play) everything() {
	p.Helper()
	routine := p.admit(hospital.Stay{Person: woman})
	p.first = routine
	p.mark()
	home, waits := p.admit(hospital.Stay{Person: man}), p.admit(hospital.Stay{Person: woman})
	if p.row.prepare != nil {
		p.row.prepare(p)
	}
	p.start("--poll.overlap", "0s")
	urgent, corrected := p.admit(hospital.Stay{Person: man}), p.admit(hospital.Stay{Person: woman})
	p.answer(corrected, 1, 0, 0)
	p.answer(routine, 2, 1, 1)
	p.answer(urgent, 4, 4, 4)
	p.want(corrected, scored(1))
	p.answer(corrected, 4, 4, 4)
	for _, a := range []hospital.Admission{home, waits} {
		p.want(a, asked)
	}
	all := map[hospital.Admission]hospital.Outcome{
		routine: referred(4, "routine"), urgent: referred(12, "urgent"), corrected: amended(referred(12, "urgent")),
	}
	p.wantAll(all)
	p.stop()
	unseen := p.admit(hospital.Stay{Person: man})
	p.must(p.hospital.SetStatus(p.ctx(), home, "finished"))
	p.answer(waits, 2, 1, 1)
	p.start("--poll.interval", "0s")
	all[home], all[waits], all[unseen] = discharged, referred(4, "routine"), asked
	p.wantAll(all)
	p.ended(all)
}

// mark admits the one that the habit is about, before the service can know of her.
func (p *play) mark() {
	p.Helper()
	if p.row.marked != nil {
		p.tick()
		a := p.admit(hospital.Stay{Person: woman, Ward: 2})
		p.proxy.locked(func() { p.marked = a })
		p.tick()
	}
}

// tick waits until the server's stamps, which are in milliseconds, are others.
func (p *play) tick() {
	now := time.Now()
	p.await(func() bool { return time.Since(now) > 2*time.Millisecond })
}

func (p *play) wantAll(all map[hospital.Admission]hospital.Outcome) {
	p.Helper()
	for a, outcome := range all {
		p.want(a, outcome)
	}
}

// ended makes sure that it stays so, and that what is to be said is said.
func (p *play) ended(all map[hospital.Admission]hospital.Outcome) {
	p.Helper()
	if p.row.marked != nil {
		p.row.marked(p, p.marked)
	}
	p.isSaid()
	p.rounds(2)
	p.wantAll(all)
	for a := range all {
		p.once(a)
	}
}

// once counts what an Outcome shows only the first of.
func (p *play) once(a hospital.Admission) {
	p.Helper()
	for kind, typ := range map[stay.Kind]string{stay.ConsultTask: "Task", stay.Advice: "Task", stay.Draft: "QuestionnaireResponse"} {
		if found, err := p.hospital.Find(p.ctx(), typ, kind, a); err != nil || len(found) > 1 {
			p.Errorf("%s %s: %d on the server (%v)", kind, a.Encounter, len(found), err)
		}
	}
}

// dialed is the way to a proxy, and where else somebody wanted to go.
type dialed struct {
	transport *http.Transport
	mu        sync.Mutex
	addresses []string
}

// dialing reaches the proxy under the name that callers know it by, and nothing
// else: where they wanted to go is kept.
func dialing(p *proxy) *dialed {
	d := &dialed{transport: fhir.Pool(8)}
	if own, ok := p.listener.Client().Transport.(*http.Transport); ok && own.TLSClientConfig != nil {
		d.transport.TLSClientConfig = &tls.Config{RootCAs: own.TLSClientConfig.RootCAs, MinVersion: tls.VersionTLS12}
	}
	d.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		d.mu.Lock()
		d.addresses = append(d.addresses, address)
		d.mu.Unlock()
		return new(net.Dialer).DialContext(ctx, network, p.listener.Listener.Addr().String())
	}
	return d
}

// elsewhere are the addresses beside the wanted one.
func (d *dialed) elsewhere(wanted string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(d.addresses), func(a string) bool { return a == wanted })
}
