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

// background is what a judgement needs beside the answers: whether the patient
// is pregnant, and whether a clinician has ordered the consult already. Nowhere
// else does it matter.
func (l loader) background(ctx context.Context, p *picture) error {
	patient := p.stay.Patient.Ref
	if patient == "" || !pathway.ToJudge(p.stay) {
		return nil
	}
	if p.asked != patient {
		found, err := l.client.SearchTogether(ctx, l.backgroundQueries(p.stay.Admission.ID, patient)...)
		if err != nil {
			return err
		}
		for _, res := range found {
			p.byRef[res.Ref()] = res
		}
	}
	for _, res := range sorted(p.byRef) {
		switch {
		case l.saysPregnant(res, patient):
			p.stay.Patient.Pregnant = true
		case l.orderedByOthers(res, p.stay.Admission.ID):
			p.stay.Ordered = res.Ref()
		}
	}
	return nil
}

func (l loader) backgroundQueries(admission, patient string) []string {
	queries := []string{fhir.Query("ServiceRequest", "encounter", "Encounter/"+admission, "code", tokens(l.policy.Consult.Codings))}
	if l.policy.PregnancyMatters() {
		queries = append(queries, fhir.Query("Condition", "patient", patient, "code", tokens(l.policy.Pregnancy.Codings), "clinical-status", "active"))
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
	var queries []string
	if len(l.policy.Screening.DoNotAsk) > 0 {
		queries = append(queries, fhir.Query("Flag", "patient", patient))
	}
	if l.policy.Screening.RescreenAfter.Duration > 0 {
		queries = append(queries, fhir.Query("Task", "patient", patient, "code", sdcTemp+"|complete-questionnaire",
			"business-status", CodeSystem+"|"+pathway.Scored))
	}
	found, err := l.client.SearchTogether(ctx, queries...)
	if err != nil {
		return err
	}
	for _, res := range found {
		switch {
		case res.Type() == "Flag" && l.concerns(res, "subject", patient) && res.Get("status").String() == "active":
			for _, c := range res.Get("code.coding").Array() {
				p.stay.Flags = append(p.stay.Flags, code(c))
			}
		case res.Type() == "Task" && l.concerns(res, "for", patient) && ourCode(res.Get("businessStatus")) == pathway.Scored:
			if at := moment(res.Get("executionPeriod.end")); at.After(p.stay.Screened) {
				p.stay.Screened = at
			}
		}
	}
	return nil
}

// concerns checks what the search should have: servers ignore parameters that
// they do not know.
func (l loader) concerns(res fhir.Resource, element, patient string) bool {
	subject, _ := l.client.LocalRef(res.Get(element + ".reference").String())
	return subject == patient
}

func tokens(codings []pathway.Coding) string {
	codes := make([]string, 0, len(codings))
	for _, c := range codings {
		codes = append(codes, c.System+"|"+c.Code)
	}
	return strings.Join(codes, ",")
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

// remember keeps the patient of an admission that waits for an answer, and
// forgets it as soon as nothing is expected.
func (l loader) remember(s stay.Stay) {
	task, _ := s.ScreeningTask()
	if task.Open() || pathway.Asks(s, l.policy) {
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
