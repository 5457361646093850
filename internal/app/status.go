package app

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/intake"
	"github.com/tilsyn/tilsyn/internal/reconcile"
)

// status is what /status and /metrics show: at a glance, whether anybody may be
// missed.
type status struct {
	metrics *metrics
	vitals  func() vitals

	mu               sync.Mutex
	phase            string
	server           server
	lastPoll         time.Time
	intake           wholeness
	begun            time.Time     // screening
	unreadyAfter     time.Duration // that intake was not whole; 0: never
	unread           []intake.Unread
	unreadSince      time.Time
	quirks           []string
	census           intake.Count
	reconciled       int
	missed           int
	oldest           time.Duration
	repaired         int
	putAside         map[string]int // by pathway.WithoutAnswer
	unrecordedWrites int            // writes without AuditEvents that were wanted
	unrecordedLine   seldom
	quarantined      quarantine
	wrongForms       wrongForms
	now              func() time.Time
}

func newStatus(v func() vitals) *status {
	return &status{phase: "starting", quarantined: quarantine{}, wrongForms: wrongForms{}, vitals: v, metrics: newMetrics(v), now: time.Now, putAside: map[string]int{}}
}

func (s *status) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *status) set(phase string) { s.locked(func() { s.phase = phase }) }

// met changes what is shown of the FHIR server.
func (s *status) met(change func(*server)) { s.locked(func() { change(&s.server) }) }

func (s *status) screens(now time.Time) {
	s.locked(func() { s.phase, s.begun = "screening", now })
}

// polled notes how a poll went. One that has gaps has read all else.
func (s *status) polled(err error, now time.Time) {
	s.locked(func() {
		s.intake.poll.ended(now, reasonsOf("poll", intake.Gaps{}, err))
		s.judge(now)
		if gaps := (*intake.Gaps)(nil); err == nil || errors.As(err, &gaps) {
			s.lastPoll = time.Now()
			s.metrics.lastPoll.Set(seconds(s.lastPoll))
		}
	})
}

// censused notes whether a census was whole.
func (s *status) censused(gaps intake.Gaps, err error, now time.Time) (whole bool) {
	s.locked(func() {
		reasons := reasonsOf("census", gaps, err)
		s.intake.census.ended(now, reasons)
		s.judge(now)
		if len(s.unread) == 0 {
			s.unreadSince = now
		}
		s.unread, whole = gaps.Unread, len(reasons) == 0
	})
	return whole
}

func reasonsOf(round string, gaps intake.Gaps, err error) []string {
	var reasons []string
	for _, reason := range gaps.Reasons {
		reasons = append(reasons, round+": "+reason)
	}
	if err != nil {
		reasons = append(reasons, round+": "+err.Error())
	}
	return reasons
}

func (s *status) judge(now time.Time) {
	s.intake.judge(now)
	s.metrics.whole.Set(map[bool]float64{true: 1}[s.intake.whole])
}

// newQuirks are those that have not been said.
func (s *status) newQuirks(all []string) (unsaid []string) {
	s.locked(func() {
		for _, quirk := range all {
			if !slices.Contains(s.quirks, quirk) {
				unsaid = append(unsaid, quirk)
			}
		}
		s.quirks = all
	})
	return unsaid
}

// counted keeps what a census saw, and tells whether its other classes are news.
func (s *status) counted(n intake.Count) (otherClasses bool) {
	s.locked(func() {
		otherClasses = len(n.OtherClasses) > 0 && !maps.Equal(n.OtherClasses, s.census.OtherClasses)
		s.census = n
		s.metrics.lastCensus.Set(seconds(n.At))
		s.metrics.admissions.Set(float64(n.Admissions))
		s.metrics.plannedLate.Set(float64(n.PlannedLate))
	})
	return otherClasses
}

func (s *status) done(id string, done reconcile.Done) {
	s.locked(func() {
		s.reconciled++
		s.metrics.reconciled.Inc()
		s.repaired += done.Repaired
		s.metrics.repaired.Add(float64(done.Repaired))
		for instrument, how := range done.PutAside {
			s.putAside[how]++
			s.metrics.putAside.WithLabelValues(how, instrument).Inc()
		}
		delete(s.quarantined, id)
		s.metrics.quarantined.Set(float64(len(s.quarantined)))
	})
}

// unrecorded counts what was written without the AuditEvents that are wanted, and
// tells whether that is to be said again: once an hour.
func (s *status) unrecorded(now time.Time) (say bool) {
	s.locked(func() {
		s.unrecordedWrites++
		s.metrics.unrecorded.Inc()
		say = s.unrecordedLine.due("", now, time.Hour)
	})
	return say
}

// rescued counts an admission that only the census found, this long after.
func (s *status) rescued(late time.Duration) {
	s.locked(func() {
		s.missed++
		s.oldest = max(s.oldest, late)
		s.metrics.missed.Inc()
		s.metrics.oldestMissed.Set(s.oldest.Seconds())
	})
}

func (s *status) quarantine(id string, err error, done reconcile.Done, now time.Time) {
	s.locked(func() {
		s.quarantined.put(id, err, done, now)
		s.metrics.quarantined.Set(float64(len(s.quarantined)))
	})
}

// vitals are numbers that are kept where they arise.
type vitals struct {
	Waiting  int // admissions in the queue
	Retries  int // since the start
	NotWhole int // searches, since the start
	fhir.Load
}

// tryAgain gives the quarantined that a census names once more.
func (s *status) tryAgain(now time.Time) (ids []string) {
	s.locked(func() {
		ids = s.quarantined.again(now)
		s.metrics.quarantined.Set(float64(len(s.quarantined)))
	})
	return ids
}

// page is the JSON of /status.
type page struct {
	Phase       string         `json:"phase"`
	Server      server         `json:"server"`
	Intake      wholeShown     `json:"intake"`
	LastPoll    time.Time      `json:"last_poll,omitzero"`
	Census      intake.Count   `json:"census"`
	Missed      int            `json:"census_found_missed"` // since the start
	Oldest      string         `json:"oldest_missed"`       // how long before it was found
	Repaired    int            `json:"duplicates_repaired"` // since the start
	PutAside    map[string]int `json:"put_aside"`           // since the start: questions that got no answer, by what was said instead
	Unrecorded  int            `json:"unrecorded_writes"`   // since the start: without AuditEvents that are wanted
	Waiting     int            `json:"waiting"`             // admissions in the queue
	Reconciled  int            `json:"reconciled"`          // since the start
	Resting     time.Time      `json:"server_left_alone_until,omitzero"`
	Quarantined quarantine     `json:"quarantined"` // by Encounter id
	WrongForms  wrongForms     `json:"wrong_forms"` // by Encounter id: what screens have sent to another form than ours
}

// mountHealth adds /livez (the process runs) and /readyz (it screens).
func (s *status) mountHealth(mux *http.ServeMux) {
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if why := s.unready(); why != "" {
			http.Error(w, why, http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	})
}

// unready is why nothing should be sent here; "": all is well. A pod that is not
// ready gets no notifications, so intake that is not whole does not count at once.
func (s *status) unready() (why string) {
	s.locked(func() {
		switch {
		case s.phase != "screening":
			why = s.phase
		case s.intake.blind(s.begun, s.now(), s.unreadyAfter):
			why = "intake is not whole, see /status"
		}
	})
	return why
}

// mountPages adds /status for people and /metrics for Prometheus.
func (s *status) mountPages(mux *http.ServeMux) {
	mux.Handle("GET /metrics", s.metrics.handler())
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		_ = enc.Encode(s.page())
	})
}

func (s *status) page() page {
	v := s.vitals()
	s.mu.Lock()
	defer s.mu.Unlock()
	server := s.server
	server.Quirks = s.quirks
	quarantined := s.quarantined.shown()
	quarantined.putUnread(s.unread, s.unreadSince)
	return page{s.phase, server, s.intake.shown(), s.lastPoll, s.census, s.missed, s.oldest.Round(time.Second).String(), s.repaired, maps.Clone(s.putAside), s.unrecordedWrites, v.Waiting, s.reconciled, v.Resting, quarantined, s.wrongForms.shown()}
}

// shown is an admission as logs and pages name it: by its Encounter id. Whoever
// calls the hook, or writes on a resource, may put any word in its place, so an id
// that could be one is shown when the server has an Encounter with it, and else
// stands as a fingerprint, the same each time.
func shown(id string, known bool) string {
	if known || fhir.PlainID(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "unknown-" + hex.EncodeToString(sum[:4])
}
