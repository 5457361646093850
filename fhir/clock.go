package fhir

import (
	"net/http"
	"sync/atomic"
	"time"
)

// clock is the server's, as its answers show it.
type clock struct{ atomic.Pointer[reading] }

type reading struct{ server, ours time.Time }

func (c *clock) see(answer http.Header) {
	if at, err := http.ParseTime(answer.Get("Date")); err == nil {
		c.Store(&reading{at, time.Now()})
	}
}

// ServerTime is what time it is on the server, to the second, or zero where no
// answer has shown it.
func (c *Client) ServerTime() time.Time {
	last := c.clock.Load()
	if last == nil {
		return time.Time{}
	}
	return last.server.Add(time.Since(last.ours))
}
