package fhir_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
)

// unwell is a server, as a transport, that a test makes ill.
type unwell struct {
	answer func(now int) (status int, retryAfter string) // of a request, one of so many under way; 0: none comes
	takes  time.Duration

	mu        sync.Mutex
	now, most int
	at        []time.Time
	failed    int
}

var errReset = errors.New("connection reset")

func (u *unwell) RoundTrip(r *http.Request) (*http.Response, error) {
	u.mu.Lock()
	u.now++
	u.most = max(u.most, u.now)
	u.at = append(u.at, time.Now())
	status, retryAfter := u.answer(u.now)
	if status != http.StatusOK {
		u.failed++
	}
	u.mu.Unlock()
	time.Sleep(u.takes)
	u.mu.Lock()
	u.now--
	u.mu.Unlock()
	if status == 0 {
		return nil, errReset
	}
	w := httptest.NewRecorder()
	if retryAfter != "" {
		w.Header().Set("Retry-After", retryAfter)
	}
	always(status, task("1"))(w, r)
	return w.Result(), nil
}

// asked is how many requests came, how many of them failed, and how many were
// under way at once since it was last asked.
func (u *unwell) asked() (n, failed, most int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	most, u.most = u.most, u.now
	return len(u.at), u.failed, most
}

// beside runs so many callers who read again and again until they are stopped.
func beside(t *testing.T, u *unwell, callers int) (c *fhir.Client, stop func()) {
	t.Helper()
	c = client(t, fhir.Options{BaseURL: "http://ehr.example", Transport: u})
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for ctx.Err() == nil {
				_, _ = c.Read(ctx, "Task/1")
			}
		})
	}
	return c, func() { cancel(); group.Wait() }
}

func TestAServerThatAsksForTimeIsLeftAloneWithinReason(t *testing.T) {
	const longest, more = 10 * time.Minute, time.Second
	tests := []struct {
		header      string
		least, most time.Duration
	}{
		{"7", 7 * time.Second, 9 * time.Second},
		{"86400", longest, longest + longest/4},
		{"99999999999999999999", longest, longest + longest/4}, // too big for an int64 of nanoseconds
		{"in 30 s", 30 * time.Second, 38 * time.Second},
		{"in 100 years", longest, longest + longest/4},
		{"", 0, 0}, {"0", 0, 0}, {"-5", 0, 0}, {"soon", 0, 0},
		{"5m", 0, 0}, // not what RFC 9110 allows, and not 5 ms
		{"an hour ago", 0, 0},
		{"Mon, 99 Jan 2026 00:00:00 GMT", 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.header, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				date := map[string]time.Duration{"in 30 s": 30 * time.Second, "in 100 years": 100 * 365 * 24 * time.Hour, "an hour ago": -time.Hour}
				if d, ok := date[tt.header]; ok {
					tt.header = time.Now().Add(d).UTC().Format(http.TimeFormat)
				}
				u := &unwell{answer: func(int) (int, string) { return http.StatusServiceUnavailable, tt.header }}
				c := client(t, fhir.Options{BaseURL: "http://ehr.example", Transport: u})
				for range 2 {
					_, _ = c.Read(t.Context(), "Task/1")
				}
				if waited := u.at[1].Sub(u.at[0]); waited < tt.least || tt.most > 0 && waited > tt.most+more || tt.most == 0 && waited > 0 {
					t.Errorf("waited %v; want %v to %v", waited, tt.least, tt.most)
				}
			})
		})
	}
}

func TestADayWithoutAServerCostsLittleAndEndsSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := time.Now().Add(24 * time.Hour)
		u := &unwell{takes: 100 * time.Millisecond, answer: func(int) (int, string) {
			if time.Now().Before(up) {
				return 0, ""
			}
			return http.StatusOK, ""
		}}
		c, stop := beside(t, u, 20)
		time.Sleep(time.Minute)
		_, _, _ = u.asked() // those that were under way together have failed
		time.Sleep(24*time.Hour - time.Minute - time.Second)
		n, _, most := u.asked()
		if n < 1000 || n > 10_000 || most != 1 {
			t.Errorf("asked a dead server %d times in a day, %d at once", n, most)
		}
		if l := c.Load(); l.Rests < 1000 || l.Failed > l.Requests || l.Failed < n-1 || l.Resting.IsZero() {
			t.Errorf("load %+v", l)
		}
		time.Sleep(32 * time.Second)
		if again, _, most := u.asked(); again < n+100 || most != 8 {
			t.Errorf("%d requests, %d at once, half a minute after it came back", again-n, most)
		}
		stop()
	})
}

func TestOneRequestThatAlwaysFailsHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		u := &unwell{answer: func(int) (int, string) {
			if n++; n%2 == 0 {
				return http.StatusInternalServerError, ""
			}
			return http.StatusOK, ""
		}}
		c := client(t, fhir.Options{BaseURL: "http://ehr.example", Transport: u})
		for range 1000 {
			_, _ = c.Read(t.Context(), "Task/1")
		}
		if waited := time.Since(u.at[0]); waited > 0 {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestAServerThatIsAskedTooMuchIsAskedLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &unwell{takes: 10 * time.Millisecond, answer: func(now int) (int, string) {
			if now > 3 {
				return http.StatusTooManyRequests, ""
			}
			return http.StatusOK, ""
		}}
		_, stop := beside(t, u, 20)
		time.Sleep(time.Minute)
		stop()
		if n, failed, _ := u.asked(); n < 2000 || failed*20 > n {
			t.Errorf("%d of %d requests were too much", failed, n)
		}
	})
}

func TestWhoGivesUpDoesNotKeepTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		status := http.StatusTooManyRequests
		u := &unwell{answer: func(int) (int, string) { return status, "60" }}
		c := client(t, fhir.Options{BaseURL: "http://ehr.example", Transport: u})
		_, _ = c.Read(t.Context(), "Task/1")
		for range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second/10)
			if _, err := c.Read(ctx, "Task/1"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			cancel()
		}
		status = http.StatusOK
		if _, err := c.Read(t.Context(), "Task/1"); err != nil {
			t.Error(err)
		}
		if l := c.Load(); len(u.at) != 2 || l.Requests != 2 || l.Failed != 1 || l.Rests != 1 || !l.Resting.IsZero() {
			t.Errorf("%d requests; load %+v", len(u.at), l)
		}
	})
}
