package reconcile

import (
	"context"
	"slices"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// background is what a judgement needs beside the answers: whether the patient
// is pregnant, and whether a clinician has ordered the consult already. Nowhere
// else does it matter.
func (l loader) background(ctx context.Context, p *picture) error {
	patient := p.stay.Patient.Ref
	if patient == "" || !pathway.ToJudge(p.stay) {
		return nil
	}
	if p.guess.toAsk || p.guess.patient != patient {
		if err := l.add(ctx, p, l.backgroundQueries(patient)...); err != nil {
			return err
		}
	}
	l.readBackground(p)
	return nil
}

func (l loader) add(ctx context.Context, p *picture, queries ...string) error {
	found, err := l.ask(ctx, p, queries...)
	for _, res := range found {
		p.byRef[res.Ref()] = res
	}
	return err
}

func (l loader) readBackground(p *picture) {
	patient := p.stay.Patient.Ref
	for _, res := range sorted(p.byRef) {
		switch {
		case l.saysPregnant(res, patient):
			p.stay.Patient.Pregnant = true
		case l.orderedByOthers(res, p.stay.Admission.ID):
			p.stay.Ordered = res.Ref()
		}
	}
}

// backgroundQueries ask for every consult that the patient has had: the team
// wants to know of the earlier ones too.
func (l loader) backgroundQueries(patient string) []string {
	queries := []string{fhir.Query("ServiceRequest", "patient", patient, "code", pathway.Tokens(l.policy.Consult.Codings))}
	if l.policy.PregnancyMatters() {
		queries = append(queries, fhir.Query("Condition", "patient", patient, "code", pathway.Tokens(l.policy.Pregnancy.Codings), "clinical-status", "active"))
	}
	return queries
}

// spare reads what speaks against asking a patient who else would be asked:
// active Flags, and our tasks of earlier admissions. Not the scores: among
// thousands of other observations they are dear to find.
func (l loader) spare(ctx context.Context, p *picture) error {
	patient := p.stay.Patient.Ref
	if !pathway.Asks(p.stay, l.policy) {
		return nil
	}
	if !p.guess.toAsk || p.guess.patient != patient {
		if err := l.add(ctx, p, l.spareQueries(patient)...); err != nil {
			return err
		}
	}
	return l.earlier(ctx, p, l.spareFrom(p))
}

func (l loader) spareQueries(patient string) (queries []string) {
	if len(l.policy.Screening.DoNotAsk) > 0 {
		queries = append(queries, fhir.Query("Flag", "patient", patient))
	}
	if l.policy.Screening.RescreenAfter.Duration > 0 {
		queries = append(queries, fhir.Query("Task", "patient", patient, "code", sdcTemp+"|complete-questionnaire",
			"business-status", CodeSystem+"|"+pathway.Scored))
	}
	return queries
}

// spareFrom notes the flags, and gives the Task of the last screening.
func (l loader) spareFrom(p *picture) (last fhir.Resource) {
	patient, before := p.stay.Patient.Ref, &p.stay.Before
	for _, res := range sorted(p.byRef) {
		switch {
		case res.Type() == "Flag" && l.concerns(res, "subject", patient) && res.Get("status").String() == "active":
			for _, c := range res.Get("code.coding").Array() {
				p.stay.Flags = append(p.stay.Flags, code(c))
			}
		case res.Type() == "Task" && l.concerns(res, "for", patient) && ourCode(res.Get("businessStatus")) == pathway.Scored:
			if at := moment(res.Get("executionPeriod.end")); at.After(before.At) {
				before.At, last = at, res
			}
		}
	}
	return last
}

// earlier reads what came of the last screening where it counts still and
// nobody was asked to come: it may ask for a consult now.
func (l loader) earlier(ctx context.Context, p *picture, last fhir.Resource) error {
	before := &p.stay.Before
	before.Consult = l.output(last, paramConsult)
	if !pathway.CountsStill(p.stay, l.policy, l.now()) || before.Consult != "" {
		return nil
	}
	var err error
	if before.Score, err = l.result(ctx, p, l.output(last, paramScore)); err != nil {
		return err
	}
	if err := l.add(ctx, p, l.backgroundQueries(p.stay.Patient.Ref)...); err != nil {
		return err
	}
	l.readBackground(p)
	return nil
}

// concerns checks what the search should have: servers ignore parameters that
// they do not know.
func (l loader) concerns(res fhir.Resource, element, patient string) bool {
	subject, _ := l.client.LocalRef(res.Get(element + ".reference").String())
	return subject == patient
}

// orderedByOthers tells of a live consult in this admission that is not ours.
func (l loader) orderedByOthers(res fhir.Resource, admission string) bool {
	at, _ := l.client.LocalRef(res.Get("encounter.reference").String())
	if res.Type() != "ServiceRequest" || at != "Encounter/"+admission || res.Identifier(IdentifierSystem) != "" {
		return false
	}
	live := slices.Contains([]string{"active", "on-hold", "completed"}, res.Get("status").String())
	return live && coded(res.Get("code"), l.policy.Consult.Codings)
}

func coded(concept gjson.Result, codings []pathway.Coding) bool {
	for _, c := range concept.Get("coding").Array() {
		if slices.ContainsFunc(codings, func(p pathway.Coding) bool {
			return p.System == c.Get("system").String() && p.Code == c.Get("code").String()
		}) {
			return true
		}
	}
	return false
}

func (l loader) saysPregnant(res fhir.Resource, patient string) bool {
	if res.Type() != "Condition" || !l.concerns(res, "subject", patient) || !hasCode(res.Get("clinicalStatus"), "active") {
		return false
	}
	if v := res.Get("verificationStatus"); hasCode(v, "refuted") || hasCode(v, "entered-in-error") {
		return false
	}
	return coded(res.Get("code"), l.policy.Pregnancy.Codings)
}

func hasCode(concept gjson.Result, code string) bool {
	for _, c := range concept.Get("coding").Array() {
		if c.Get("code").String() == code {
			return true
		}
	}
	return false
}

// remember keeps what the next look at an admission will need, and forgets it
// as soon as nothing is expected.
func (l loader) remember(s stay.Stay) {
	task, _ := s.ScreeningTask()
	var g guess
	if task.Open() || pathway.Asks(s, l.policy) {
		g.patient = s.Patient.Ref
	}
	if team, ok := s.TeamTask(); ok && team.Open() {
		g.consult = task.Consult
	}
	l.seen.keep(s.Admission.ID, g)
}

// guess is what the next look at an admission will probably need, so that it
// can be asked for in the same request. It saves a round trip: what was read
// decides, and a process without it works as well.
type guess struct {
	patient string // Patient/id, where an answer is awaited
	toAsk   bool   // nobody has been asked yet, as far as is known
	consult string // ServiceRequest/id, where the team has not ended it
}

// memo remembers the guesses.
type memo struct {
	mu      sync.Mutex
	guesses map[string]guess // by Encounter id
	labels  map[string]int   // by Encounter id: how often in a row ours were found without them
}

func newMemo() *memo { return &memo{guesses: map[string]guess{}, labels: map[string]int{}} }

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
