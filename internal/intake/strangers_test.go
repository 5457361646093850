package intake

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// signedHook is a hook at a real address that wants a signature alone.
func signedHook(t *testing.T, patience time.Duration) (h *Hook, address string) {
	t.Helper()
	h = NewHook(&heard{}, &Poller{bell: newBell()}, Proof{Keys: known})
	h.patience = patience
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return h, srv.Listener.Addr().String()
}

func signature(body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	io.WriteString(mac, body)
	return hex.EncodeToString(mac.Sum(nil))
}

// stall announces a body and sends none.
func stall(t *testing.T, address, signature string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if signature != "" {
		signature = "X-Signature: " + signature + "\r\n"
	}
	fmt.Fprintf(c, "POST /hooks/fhir HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n%s\r\n", signature)
	return c
}

// answer is the status that comes back, 0 if the connection ends without.
func answer(t *testing.T, c net.Conn) int {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

func call(t *testing.T, address string) int {
	t.Helper()
	const body = `{"resourceType":"Encounter"}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/hooks/fhir", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Signature", signature(body))
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// What is no signature by its looks is sent away before anything is read.
func TestWhoShowsNoSignatureIsSentAwayBeforeHisBody(t *testing.T) {
	h, address := signedHook(t, time.Hour)
	for _, shown := range []string{"", "x", strings.Repeat("0", 63), strings.Repeat("g", 64), strings.Repeat("0", 66), "sha256=" + strings.Repeat("0", 64)} {
		if got := answer(t, stall(t, address, shown)); got != http.StatusUnauthorized {
			t.Errorf("%q: %d", shown, got)
		}
	}
	if n := h.slots.taken(); n != 0 {
		t.Errorf("%d slots are taken", n)
	}
	if got := call(t, address); got != http.StatusNoContent {
		t.Errorf("a signed call: %d", got)
	}
}

// Whoever signs his bodies gets in, however many strangers hold back theirs, also
// from the same address.
func TestStrangersDoNotShutTheSignedHook(t *testing.T) {
	h, address := signedHook(t, time.Hour)
	var stalled []net.Conn
	for range 4 * hookSlots {
		stalled = append(stalled, stall(t, address, strings.Repeat("0", 64)))
	}
	until(t, func() bool { return h.slots.taken() == hookSlots })
	for range 10 {
		if got := call(t, address); got != http.StatusNoContent {
			t.Fatalf("a signed call among strangers: %d", got)
		}
	}
	if got := answer(t, stalled[0]); got != http.StatusRequestTimeout {
		t.Errorf("the first of the strangers: %d", got)
	}
}

func TestABodyThatDoesNotComeIsWaitedForBriefly(t *testing.T) {
	h, address := signedHook(t, 50*time.Millisecond)
	c := stall(t, address, strings.Repeat("0", 64))
	if got := answer(t, c); got != http.StatusRequestTimeout {
		t.Errorf("answered %d", got)
	}
	if _, err := io.ReadAll(c); err != nil {
		t.Error(err) // the connection is closed
	}
	until(t, func() bool { return h.slots.taken() == 0 })
}

// One that says how large it is, and that this is too much, need not be read.
func TestABodyThatIsAnnouncedAsTooLargeIsNotAwaited(t *testing.T) {
	_, address := signedHook(t, time.Hour)
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /hooks/fhir HTTP/1.1\r\nHost: x\r\nX-Signature: %s\r\nContent-Length: %d\r\n\r\n", strings.Repeat("0", 64), maxHookBody+1)
	if got := answer(t, c); got != http.StatusRequestEntityTooLarge {
		t.Errorf("answered %d", got)
	}
}

// A slot is taken from whoever has most of them, his oldest.
func TestWhoTakesMostSlotsGivesOneUp(t *testing.T) {
	s := newSlots(4)
	var cut []string
	take := func(from, name string) (release func()) {
		t.Helper()
		release, ok := s.take(t.Context(), from, func() { cut = append(cut, name) })
		if !ok {
			t.Fatalf("%s got none", name)
		}
		return release
	}
	first := take("10.0.0.1", "a1")
	b1 := take("10.0.0.2", "b1")
	b2 := take("10.0.0.2", "b2")
	take("10.0.0.3", "c1")
	done := make(chan struct{})
	go func() {
		defer close(done)
		take("10.0.0.4", "d1")
	}()
	until(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(cut) > 0 })
	b1()
	<-done
	if cut[0] != "b1" || len(cut) != 1 {
		t.Errorf("cut off: %q", cut)
	}
	first()
	b2()
	if n := s.taken(); n != 2 {
		t.Errorf("%d are taken", n)
	}
}

// However many strangers wait already, the one who comes last is the next.
func TestTheLastToComeIsTheNext(t *testing.T) {
	s := newSlots(1)
	release, _ := s.take(t.Context(), "10.0.0.1", func() {})
	ctx, goAway := context.WithCancel(t.Context())
	var strangers sync.WaitGroup
	for range 10 {
		strangers.Go(func() {
			if _, ok := s.take(ctx, "10.0.0.2", func() {}); ok {
				t.Error("a stranger came first")
			}
		})
	}
	until(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.waiting) == 10 })
	got := make(chan func())
	go func() {
		release, _ := s.take(t.Context(), "10.0.0.2", func() {})
		got <- release
	}()
	until(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.waiting) == 11 })
	release()
	last := <-got
	goAway()
	strangers.Wait()
	last()
	if n := s.taken(); n != 0 {
		t.Errorf("%d are taken", n)
	}
}

// RFC 9110, 11.1: the scheme is case-insensitive. The token is not.
func TestTheSchemeMayBeInAnyCase(t *testing.T) {
	for header, want := range map[string]int{"bearer " + secret: 204, "BEARER " + secret: 204, "bearer S3CRET": 401, "bearer": 401, "bearer ": 401} {
		r := request(http.MethodPost, "/hooks/fhir/Encounter/1", "")
		r.Header.Set("Authorization", header)
		if status, _, _ := ring(t, r, known); status != want {
			t.Errorf("%s: %d, want %d", header, status, want)
		}
	}
}

// until waits for a condition.
func until(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("it never came true")
		}
	}
}
