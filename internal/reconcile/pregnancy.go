package reconcile

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// pregnancy finds out whether the patient is pregnant, where there are answers
// to judge: nowhere else does it matter.
func (l loader) pregnancy(ctx context.Context, p *picture) error {
	patient := p.stay.Patient.Ref
	if patient == "" || !l.policy.PregnancyMatters() || !pathway.ToJudge(p.stay) {
		return nil
	}
	if p.asked != patient {
		found, err := l.client.Search(ctx, l.pregnancyQuery(patient))
		if err != nil {
			return err
		}
		for _, res := range found {
			p.byRef[res.Ref()] = res
		}
	}
	for _, res := range p.byRef {
		if l.saysPregnant(res, patient) {
			p.stay.Patient.Pregnant = true
		}
	}
	return nil
}

func (l loader) pregnancyQuery(patient string) string {
	codes := make([]string, 0, len(l.policy.Pregnancy.Codings))
	for _, c := range l.policy.Pregnancy.Codings {
		codes = append(codes, c.System+"|"+c.Code)
	}
	return fhir.Query("Condition", "patient", patient, "code", strings.Join(codes, ","), "clinical-status", "active")
}

// saysPregnant checks what the search should have: servers ignore parameters
// that they do not know.
func (l loader) saysPregnant(res fhir.Resource, patient string) bool {
	subject, _ := l.client.LocalRef(res.Get("subject.reference").String())
	if res.Type() != "Condition" || subject != patient || !hasCode(res.Get("clinicalStatus"), "active") {
		return false
	}
	if v := res.Get("verificationStatus"); hasCode(v, "refuted") || hasCode(v, "entered-in-error") {
		return false
	}
	for _, c := range res.Get("code.coding").Array() {
		if slices.ContainsFunc(l.policy.Pregnancy.Codings, func(p pathway.Coding) bool {
			return p.System == c.Get("system").String() && p.Code == c.Get("code").String()
		}) {
			return true
		}
	}
	return false
}

func hasCode(concept gjson.Result, code string) bool {
	for _, c := range concept.Get("coding").Array() {
		if c.Get("code").String() == code {
			return true
		}
	}
	return false
}

// remember keeps the patient of an admission that waits for an answer, and
// forgets it as soon as nothing is expected.
func (l loader) remember(s stay.Stay) {
	task, asked := s.ScreeningTask()
	toAsk := !asked && s.Admission.Present() && slices.Contains(l.policy.Screening.Classes, s.Admission.Class)
	if l.policy.PregnancyMatters() && (toAsk || task.Open()) {
		l.seen.keep(s.Admission.ID, s.Patient.Ref)
		return
	}
	l.seen.keep(s.Admission.ID, "")
}

// memo remembers whose an admission is, so that the next look at it can ask
// about the patient in the same request. It is a guess that saves a round
// trip: what was read decides, and a process without it works as well.
type memo struct {
	mu       sync.Mutex
	patients map[string]string // Patient/id by Encounter id
}

func newMemo() *memo { return &memo{patients: map[string]string{}} }

func (m *memo) patient(admission string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.patients[admission]
}

func (m *memo) keep(admission, patient string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if patient == "" {
		delete(m.patients, admission)
		return
	}
	m.patients[admission] = patient
}
