package reconcile

import (
	"context"
	"slices"

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
	screening := numbered(p.stay.Admission.ID, pathway.Generation(p.stay))
	if p.guess.toAsk || p.guess.patient != patient || p.guess.screening != screening {
		if err := l.ask(ctx, p, l.queries.background(patient, screening)...); err != nil {
			return err
		}
	}
	l.readBackground(p)
	p.unknown(screening)
	return nil
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

// spare reads what speaks against asking a patient who else would be asked:
// active Flags, and our tasks of earlier admissions. Not the scores: among
// thousands of other observations they are dear to find.
func (l loader) spare(ctx context.Context, p *picture) error {
	patient := p.stay.Patient.Ref
	if !pathway.Asks(p.stay, l.policy) {
		return nil
	}
	if !p.guess.toAsk || p.guess.patient != patient {
		if err := l.ask(ctx, p, l.queries.spare(patient)...); err != nil {
			return err
		}
	}
	return l.earlier(ctx, p, l.spareFrom(p))
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
	screening := numbered(p.stay.Admission.ID, pathway.Generation(p.stay))
	if err := l.ask(ctx, p, l.queries.background(p.stay.Patient.Ref, screening)...); err != nil {
		return err
	}
	l.readBackground(p)
	p.unknown(screening)
	return nil
}

// unknown reads what was made of the answers and the nurse's Task does not point to.
func (p *picture) unknown(screening string) {
	task, _ := p.stay.ScreeningTask()
	for _, res := range sorted(p.byRef) {
		switch known := &p.stay.Results; {
		case res.Identifier(IdentifierSystem) == stay.Score+":"+screening && task.Score == "" && known.Score.Ref == "":
			known.Score = result(res)
		case res.Identifier(IdentifierSystem) == stay.Consult+":"+screening && task.Consult == "" && known.Consult.Ref == "":
			known.Consult = result(res)
		}
	}
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
