package reconcile

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is what a process remembers of the admissions that it has looked at.
// None of it is needed: a process without it works as well, only slower, or is
// later to say that it cannot.

// remember keeps what the next look at an admission will need, and forgets it
// as soon as nothing is expected.
func (l loader) remember(p *picture) {
	s := p.stay
	s = s.About(pathway.Leading(s, l.policy))
	task, _ := s.ScreeningTask()
	var g guess
	if slices.ContainsFunc(s.Tasks, func(t stay.Task) bool { return t.Kind == stay.ScreeningTask && t.Open() }) || pathway.Awaits(s, l.policy) {
		g.patient, g.screenings, g.since = allRecords(s.Patient), joined(presents(s, l.policy.Instruments())), instantOf(s.Admission.Start)
	}
	if team, ok := s.TeamTask(); ok && (team.Open() || team.Reasoned && pathway.SaidNo(team)) {
		g.consult = task.Consult
	}
	g.knows(p)
	l.seen.keep(s.Admission.ID, g)
}

// guess is what the next look at an admission will probably need, so that it
// can be asked for in the same request. It saves a round trip: what was read
// decides, and a process without it works as well.
type guess struct {
	patient    string // all her records, where an answer is awaited: see allRecords
	screenings string // their names, with a space between
	since      string // when the admission began, as an instant
	toAsk      bool   // nobody has been asked yet, as far as is known
	consult    string // ServiceRequest/id, where the team has not ended it
	screened   bool   // the screenings of other admissions were looked for, once
	scores     string // those that there are: Observation/id, with a space between
}

func joined(names []stay.Name) string {
	var all []string
	for _, name := range names {
		all = append(all, name.String())
	}
	return strings.Join(all, " ")
}

func (g guess) names() (all []stay.Name) {
	for _, one := range strings.Fields(g.screenings) {
		name, _ := stay.ParseName(one)
		all = append(all, name)
	}
	return all
}

// memo remembers, by Encounter id.
type memo struct {
	mu       sync.Mutex
	guesses  map[string]guess
	puts     map[string]int          // how often in a row something was put where it does not stay
	halves   map[string][]*fhir.Half // what may stand in part
	failures map[string]failure

	pregnancies map[string]time.Time // by Patient/id: when it was heard that one was recorded lately
}

func newMemo() *memo {
	return &memo{guesses: map[string]guess{}, puts: map[string]int{}, halves: map[string][]*fhir.Half{}, failures: map[string]failure{}, pregnancies: map[string]time.Time{}}
}

func (m *memo) of(admission string) guess {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.guesses[admission]
}

// expect guesses whose a new admission is.
func (m *memo) expect(admission, patient string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.guesses[admission]; !known {
		m.guesses[admission] = guess{patient: patient, toAsk: true}
	}
}

func (m *memo) keep(admission string, g guess) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if g == (guess{}) {
		delete(m.guesses, admission)
		return
	}
	m.guesses[admission] = g
}

const (
	// mostPregnancies are kept, most of whom lie in no bed here. The census names whoever
	// does within aDay.
	mostPregnancies = 20_000
	aDay            = 24 * time.Hour
)

func (m *memo) hear(patient string, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.pregnancies) >= mostPregnancies {
		maps.DeleteFunc(m.pregnancies, func(_ string, heard time.Time) bool { return now.Sub(heard) > aDay })
	}
	if len(m.pregnancies) < mostPregnancies {
		m.pregnancies[patient] = now
	}
}

func (m *memo) heardOf(who stay.Patient) (heard bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, record := range who.Records() {
		_, of := m.pregnancies[record]
		heard = heard || of
	}
	return heard
}

// actedOn forgets what a look has acted on.
func (m *memo) actedOn(who stay.Patient) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, record := range who.Records() {
		delete(m.pregnancies, record)
	}
}
