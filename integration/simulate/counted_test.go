package simulate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"
)

// This file checks what the service costs when nothing happens at all: it
// writes nothing, asks no more than it must, and keeps nothing.

// counted lets time pass and counts.
func (s *simulation) counted(d time.Duration) {
	before := s.sum()
	time.Sleep(d)
	after := s.sum()
	if n := after.writes - before.writes; n > 0 {
		s.found("restless: %d writes in the last %v although nothing had happened for days", n, d)
	}
	if n, most := after.requests-before.requests, s.budget(d); n > most {
		s.found("over the budget: %d requests in the last %v, at most %d are needed", n, d, most)
	}
	if n, most := after.writes, writesEach*len(s.hospital.stays); n > most {
		s.found("over the budget: %d writes for %d admissions", n, len(s.hospital.stays))
	}
	if n, most := s.goroutines(), threads*len(s.replicas); n > most {
		s.found("a leak: %d goroutines of %d replicas", n, len(s.replicas))
	}
	for _, r := range s.replicas {
		s.idle(r)
	}
}

const (
	// writesEach is what one admission may cost, faults and corrections included.
	writesEach = 8
	// threads are one replica's goroutines when it is idle: workers, intake,
	// queue, listener and what waits for the end.
	threads = 20
)

type sum struct{ requests, writes int }

func (s *simulation) sum() sum {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sum{s.requests, s.writes}
}

// idle asks a replica's own page: nothing waits, and nobody is needed.
func (s *simulation) idle(r *replica) {
	d := r.listens()
	if d == nil {
		s.found("%s does not run", r.name)
		return
	}
	if err := idle("http://localhost", &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return d.pages.dial(ctx) }}}); err != nil {
		s.found("%s %v", r.name, err)
	}
}

func idle(address string, client *http.Client) error {
	resp, err := client.Get(address + "/status")
	if err != nil {
		return fmt.Errorf("does not answer: %w", err)
	}
	defer resp.Body.Close()
	var page struct {
		Phase       string
		Waiting     int
		Quarantined map[string]struct{ Reason string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil || page.Phase != "screening" || page.Waiting > 0 || len(page.Quarantined) > 0 {
		return fmt.Errorf("is not idle: %+v (%v)", page, err)
	}
	return nil
}

var group = regexp.MustCompile(`^(\d+) @`)

// goroutines counts those that the replicas have started, and those that these
// have: they carry the simulation's name.
func (s *simulation) goroutines() (n int) {
	var profile bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&profile, 1)
	for part := range strings.SplitSeq(profile.String(), "\n\n") {
		part = strings.TrimSpace(part)
		if strings.Contains(part, strconv.Quote(s.label)) {
			part = part[strings.LastIndex(part[:strings.Index(part, " @")], "\n")+1:]
			if m := group.FindStringSubmatch(part); m != nil {
				count, _ := strconv.Atoi(m[1])
				n += count
			}
		}
	}
	return n
}
