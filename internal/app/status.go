package app

import (
	"encoding/json"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/tilsyn/tilsyn/internal/intake"
)

// status is what /status shows: at a glance, whether anybody may be missed.
type status struct {
	mu          sync.Mutex
	phase       string
	lastPoll    time.Time
	census      intake.Count
	reconciled  int
	quarantined map[string]string // admission → why; no patient data
}

func newStatus() *status {
	return &status{phase: "starting", quarantined: map[string]string{}}
}

func (s *status) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *status) set(phase string)       { s.locked(func() { s.phase = phase }) }
func (s *status) polled()                { s.locked(func() { s.lastPoll = time.Now() }) }
func (s *status) counted(n intake.Count) { s.locked(func() { s.census = n }) }
func (s *status) done(id string)         { s.locked(func() { s.reconciled++; delete(s.quarantined, id) }) }
func (s *status) quarantine(id string, err error) {
	s.locked(func() { s.quarantined[id] = err.Error() })
}

// page is the JSON of /status.
type page struct {
	Phase       string            `json:"phase"`
	LastPoll    time.Time         `json:"last_poll,omitzero"`
	Census      intake.Count      `json:"census"`
	Waiting     int               `json:"waiting"`    // admissions in the queue
	Reconciled  int               `json:"reconciled"` // since the start
	Quarantined map[string]string `json:"quarantined"`
}

// mount adds /livez (the process runs), /readyz (it screens) and /status.
func (s *status) mount(mux *http.ServeMux, waiting func() int) {
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if p := s.page(0); p.Phase != "screening" {
			http.Error(w, p.Phase, http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		_ = enc.Encode(s.page(waiting()))
	})
}

func (s *status) page(waiting int) page {
	s.mu.Lock()
	defer s.mu.Unlock()
	return page{s.phase, s.lastPoll, s.census, waiting, s.reconciled, maps.Clone(s.quarantined)}
}
