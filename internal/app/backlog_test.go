package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/queue"
)

// strict is a FHIR server that answers so many requests a second, and asks for
// time when it gets more.
type strict struct {
	rate float64

	mu           sync.Mutex
	left         float64
	at           time.Time
	asked, too   int
	early        int // requests while it had asked for time
	since, until time.Time
}

func (s *strict) RoundTrip(*http.Request) (*http.Response, error) {
	sent := time.Now()
	time.Sleep(20 * time.Millisecond)
	w := httptest.NewRecorder()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.left, s.at = min(s.rate, s.left+s.rate*now.Sub(s.at).Seconds()), now
	s.asked++
	if sent.After(s.since) && sent.Before(s.until) {
		s.early++
	}
	if s.left < 1 {
		s.too++
		s.since, s.until = now, now.Add(2*time.Second)
		w.Header().Set("Retry-After", "2")
		w.WriteHeader([]int{http.StatusTooManyRequests, http.StatusServiceUnavailable}[s.asked%2])
		return w.Result(), nil
	}
	s.left--
	w.WriteString(`{"resourceType":"Encounter","id":"1"}`)
	return w.Result(), nil
}

// What stood in an outage of days is drained from a server that can take a
// hundred requests a second, and says so.
func TestABacklogOfAHundredThousandDrainsWithoutAStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const backlog = 100_000
		s := &strict{rate: 100, at: time.Now()}
		c, err := fhir.New(fhir.Options{BaseURL: "http://ehr.example/fhir", Transport: s})
		if err != nil {
			t.Fatal(err)
		}
		q := queue.New(nil)
		var mu sync.Mutex
		done := map[string]time.Time{}
		work := func(id string) queue.Result {
			if _, err := c.Read(t.Context(), "Encounter/1"); err != nil {
				return queue.Result{Retry: true}
			}
			mu.Lock()
			defer mu.Unlock()
			done[id] = time.Now()
			return queue.Result{}
		}
		for i := range backlog {
			q.Backlog(fmt.Sprint(i))
		}
		rang := map[string]time.Time{}
		go func() {
			for i := range 100 {
				time.Sleep(5 * time.Second)
				id := fmt.Sprint("fresh ", i)
				rang[id] = time.Now()
				q.Fresh(id)
			}
		}()
		ctx, stop := context.WithTimeout(t.Context(), 40*time.Minute)
		defer stop()
		q.Run(ctx, 8, work)
		c.Close()

		if len(done) != backlog+len(rang) {
			t.Errorf("%d of %d are done", len(done), backlog+len(rang))
		}
		if share := float64(q.Retries()) / float64(s.asked); share > 0.1 {
			t.Errorf("%d of %d requests are retries", q.Retries(), s.asked)
		}
		if s.early > 0 {
			t.Errorf("%d requests came although the server had asked for time", s.early)
		}
		var longest time.Duration
		for id, at := range rang {
			longest = max(longest, done[id].Sub(at))
		}
		if longest > 15*time.Second { // several rests in a row at the most
			t.Errorf("a fresh admission waited %v behind the backlog", longest)
		}
		t.Logf("%d requests, %d of them too many, %d retries; a fresh one waited %v at most", s.asked, s.too, q.Retries(), longest)
	})
}
