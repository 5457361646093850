package app

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// failing is a listener that has troubles before it lets anybody in.
type failing struct {
	net.Listener
	mu       sync.Mutex
	troubles []error
}

func (f *failing) Accept() (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.troubles) > 0 {
		next := f.troubles[0]
		f.troubles = f.troubles[1:]
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", next)}
	}
	return f.Listener.Accept()
}

func listening(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// A system without a descriptor to spare is told of once, and waited for; it ends
// neither the door nor the process.
func TestADoorThatCannotBeOpenedIsToldOfOnceAndOpensAgain(t *testing.T) {
	var log bytes.Buffer
	l := listening(t)
	door := newCrowd(&failing{Listener: l, troubles: []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EPROTO}}, 8, zerolog.New(&log))
	knock(t, l)
	conn, err := door.Accept()
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if n := strings.Count(log.String(), "cannot be let in"); n != 1 || !strings.Contains(log.String(), "too many open files") {
		t.Errorf("told %d times: %s", n, log.String())
	}
	door.Close()
	if _, err := door.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed door: %v", err)
	}
	broken := newCrowd(&failing{Listener: l, troubles: []error{syscall.EBADF}}, 8, zerolog.Nop())
	if _, err := broken.Accept(); !errors.Is(err, syscall.EBADF) {
		t.Errorf("a broken door: %v", err)
	}
}

// While the system has none left, those who only stand there make room.
func TestWhoWaitsMakesRoomForDescriptors(t *testing.T) {
	l := listening(t)
	f := &failing{Listener: l}
	door := newCrowd(f, 8, zerolog.Nop())
	idle := knock(t, l)
	if _, err := door.Accept(); err != nil {
		t.Fatal(err)
	}
	f.troubles = []error{syscall.EMFILE}
	knock(t, l)
	if _, err := door.Accept(); err != nil {
		t.Fatal(err)
	}
	if !closed(t, idle) {
		t.Error("the one that waits is still there")
	}
}

func knock(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// closed tells whether the other side has ended a connection.
func closed(t *testing.T, c net.Conn) bool {
	t.Helper()
	if c.SetReadDeadline(time.Now().Add(10*time.Second)) != nil {
		return true
	}
	_, err := c.Read(make([]byte, 1))
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

// from is a connection that claims another address.
type from struct {
	net.Conn
	addr net.TCPAddr
}

func (f from) RemoteAddr() net.Addr { return &f.addr }

// Whoever has most connections loses the one that has waited longest; who is
// answered loses none.
func TestWhoHasMostConnectionsLosesOne(t *testing.T) {
	c := newCrowd(listening(t), 4, zerolog.Nop())
	enter := func(ip byte) (*guest, net.Conn) {
		ours, theirs := net.Pipe()
		t.Cleanup(func() { ours.Close(); theirs.Close() })
		return c.admit(from{ours, net.TCPAddr{IP: net.IPv4(10, 0, 0, ip)}}), theirs
	}
	a, _ := enter(1)
	b1, _ := enter(2)
	b1.serving(true)
	b2, b2far := enter(2)
	enter(3)
	if d, _ := enter(4); d == nil || !closed(t, b2far) {
		t.Fatal("b2 must go: b1 is answered, and a is alone")
	}
	b1.serving(false)
	_ = b2.Close() // a second time
	if c.inside != 4 || *a.peers != 1 || *b1.peers != 1 {
		t.Errorf("%d are inside", c.inside)
	}
	for len(c.waiting) > 0 {
		c.waiting[0].serving(true)
	}
	if e, far := enter(5); e != nil || !closed(t, far) || c.inside != 4 {
		t.Error("one was let in though all are answered")
	}
}

// The pages answer at once, whatever else stands at their door.
func TestTheHealthPagesAnswerInACrowd(t *testing.T) {
	for name, sent := range map[string]string{
		"silent": "", "half a request": "GET /livez HTTP/1.1\r\nHost:", "between two requests": "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n",
		"a body that does not come": "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			l := listening(t)
			a := &App{log: zerolog.Nop()}
			mux := http.NewServeMux()
			newStatus(func() vitals { return vitals{} }).mountHealth(mux)
			stop, err := a.open(door{name: "listen", listener: l, handler: mux, most: 16}, func(err error) { t.Error(err) })
			if err != nil {
				t.Fatal(err)
			}
			defer stop()
			first := knock(t, l)
			for range 200 {
				stranger := knock(t, l)
				defer stranger.Close() // or stop waits for them
				io.WriteString(stranger, sent)
			}
			c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
			resp, err := c.Get("http://" + l.Addr().String() + "/livez")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK || !closed(t, first) {
				t.Errorf("answered %d", resp.StatusCode)
			}
		})
	}
}
