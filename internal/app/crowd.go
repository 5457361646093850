package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/internal/intake"
)

// crowd is a listener that lets in so many at once and is never shut by those who
// only stand there. Where it is full, whoever has most connections loses the one
// that has waited longest for a request or between two. So one who asks at once is
// always let in, /livez above all, also from the address that floods us: a listener
// that waits for a place (netutil.LimitListener) would let the flood keep it out.
type crowd struct {
	net.Listener
	most int
	log  zerolog.Logger
	over chan struct{} // closed with the listener
	once sync.Once

	crowded, failing seldom

	mu      sync.Mutex
	inside  int
	waiting []*guest        // the longest first
	from    map[string]*int // connections by address
}

// guest is a connection that was let in.
type guest struct {
	net.Conn
	crowd   *crowd
	address string
	peers   *int // connections of that address
	gone    bool
}

func newCrowd(l net.Listener, most int, log zerolog.Logger) *crowd {
	return &crowd{Listener: l, most: most, log: log, over: make(chan struct{}), from: map[string]*int{}}
}

// Accept goes on where the system has no room for another connection, or one broke
// off too early. What ends the listener ends it.
func (c *crowd) Accept() (net.Conn, error) {
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		conn, err := c.Listener.Accept()
		if err == nil {
			if g := c.admit(conn); g != nil {
				return g, nil
			}
			pause = 5 * time.Millisecond
			continue
		}
		if !passes(err) {
			return nil, err
		}
		if c.failing.due("", time.Now(), sameLine) {
			c.log.Warn().Err(err).Msg("callers cannot be let in; those who wait longest are sent away")
		}
		if !c.dismiss() {
			c.rest(pause)
		}
	}
}

func (c *crowd) Close() error {
	c.once.Do(func() { close(c.over) })
	return c.Listener.Close()
}

func (c *crowd) rest(pause time.Duration) {
	select {
	case <-c.over:
	case <-time.After(pause):
	}
}

// passes tells of what the system says today and not tomorrow: no descriptor is
// left, no memory, or the network had something to tell of one connection.
func passes(err error) bool {
	var no syscall.Errno
	return errors.As(err, &no) && no != syscall.EBADF && no != syscall.EINVAL && no != syscall.ENOTSOCK
}

// admit lets one in, and another out if there are too many; nil if all are being
// served.
func (c *crowd) admit(conn net.Conn) *guest {
	g := c.enter(conn)
	if c.full() {
		if c.crowded.due("", time.Now(), sameLine) {
			c.log.Warn().Msg("too many connections; those who wait longest are closed")
		}
		if !c.dismiss() {
			_ = g.Close()
			return nil
		}
	}
	g.serving(false)
	return g
}

func (c *crowd) enter(conn net.Conn) *guest {
	g := &guest{Conn: conn, crowd: c, address: intake.Host(conn.RemoteAddr().String())}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.from[g.address] == nil {
		c.from[g.address] = new(int)
	}
	g.peers = c.from[g.address]
	*g.peers++
	c.inside++
	return g
}

func (c *crowd) full() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.inside > c.most
}

// dismiss closes the connection that has waited longest, of those of the address
// that has most.
func (c *crowd) dismiss() bool {
	c.mu.Lock()
	var goes *guest
	for _, g := range c.waiting {
		if goes == nil || *g.peers > *goes.peers {
			goes = g
		}
	}
	c.mu.Unlock()
	if goes == nil {
		return false
	}
	_ = goes.Close()
	return true
}

// serving moves a guest between those who wait and those who are answered.
func (g *guest) serving(now bool) {
	c := g.crowd
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := slices.Index(c.waiting, g); at >= 0 {
		c.waiting = slices.Delete(c.waiting, at, at+1)
	}
	if !now && !g.gone {
		c.waiting = append(c.waiting, g)
	}
}

// Close takes the guest out of the crowd, once.
func (g *guest) Close() error {
	c := g.crowd
	c.mu.Lock()
	if !g.gone {
		g.gone = true
		c.inside--
		if *g.peers--; *g.peers == 0 {
			delete(c.from, g.address)
		}
	}
	c.mu.Unlock()
	g.serving(false)
	return g.Conn.Close()
}

type guestKey struct{}

// greet notes which guest a request will come from.
func greet(ctx context.Context, conn net.Conn) context.Context {
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secure.NetConn() // below TLS
	}
	return context.WithValue(ctx, guestKey{}, conn)
}

// attending keeps who is answered from being dismissed.
func attending(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g, ok := r.Context().Value(guestKey{}).(*guest); ok {
			g.serving(true)
			defer g.serving(false)
		}
		next.ServeHTTP(w, r)
	})
}
