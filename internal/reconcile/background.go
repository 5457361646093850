package reconcile

import (
	"cmp"
	"context"
	"slices"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file reads what a decision needs beyond the admission and our work in it, as
// the rules ask for it.

// fetch reads what a decision needs.
func (l loader) fetch(ctx context.Context, p *picture, needs []pathway.Need) error {
	was := p.stay.Instrument
	defer func() { p.stay = p.stay.About(was) }()
	for _, need := range needs {
		var err error
		l := l.about(p, cmp.Or(need.Instrument, was))
		switch need.Part {
		case stay.Twins:
			for _, ref := range need.Refs {
				_, err = l.result(ctx, p, ref)
				if err != nil {
					return err
				}
			}
		case stay.Scores:
			p.stay.Score, err = l.result(ctx, p, need.Refs[0])
		case stay.Minima:
			p.stay.Minimum, err = l.result(ctx, p, need.Refs[0])
		case stay.Consults:
			err = l.consult(ctx, p, need.Refs[0])
		case stay.Portal:
			err = l.unplaced(ctx, p)
		case stay.Memory:
			err = l.memory(ctx, p)
		case stay.Background:
			err = l.background(ctx, p)
		case stay.Spared:
			err = l.spared(ctx, p)
		case stay.EarlierScores:
			if p.stay.EarlierScore, err = l.result(ctx, p, need.Refs[0]); err == nil {
				err = l.background(ctx, p)
			}
		case stay.History:
			err = l.history(ctx, p)
		}
		if err != nil {
			return err
		}
		p.stay.Unread = slices.DeleteFunc(p.stay.Unread, func(part stay.Part) bool { return part == need.Part })
	}
	return nil
}

// mostReplaced bounds how many consults of one admission took each other's place: one
// does so only where the answers ask for more.
const mostReplaced = 4

// consult reads the present consult, whether it says why the team said no, and those
// that it took the place of.
func (l loader) consult(ctx context.Context, p *picture, ref string) (err error) {
	if p.stay.Consult, err = l.result(ctx, p, ref); err != nil || p.stay.Consult.Theirs {
		return err
	}
	team, _ := p.stay.TeamTask()
	p.stay.Consult.Replied = replied(p.byRef[ref], p.byRef[team.Ref])
	p.stay.Replaced = nil
	for range mostReplaced {
		before, ok := l.client.LocalRef(p.byRef[ref].Get("replaces.0.reference").String())
		if !ok {
			break
		}
		one, err := l.result(ctx, p, before)
		if err != nil {
			return err
		}
		if ref = before; one.Ref != "" && !one.Theirs {
			p.stay.Replaced = append(p.stay.Replaced, one)
		}
	}
	return nil
}

// background is what a judgement needs beside the answers: whether the patient is
// pregnant, which consults she has had, and what was made of these answers before.
func (l loader) background(ctx context.Context, p *picture) error {
	patient, err := l.records(ctx, p)
	if err != nil || patient == "" {
		return err
	}
	screenings := presents(p.stay, l.policy.Instruments())
	if known := p.guess.patient == patient && p.guess.screenings == joined(screenings) && !p.guess.toAsk; !known && !p.shared[stay.Background] {
		p.shared[stay.Background] = true
		queries := l.queries.background(patient, screenings)
		if !p.screened {
			queries = append(queries, l.queries.screened(patient))
		}
		if err := l.ask(ctx, p, queries...); err != nil {
			return err
		}
		l.lookedFor(p)
	}
	p.stay.Conditions, p.stay.Orders = nil, nil
	for _, res := range sorted(p.byRef) {
		switch {
		case !l.concerns(res, "subject", p.stay.Patient):
		case res.Type() == "Condition":
			p.stay.Conditions = append(p.stay.Conditions, l.condition(res))
		case res.Type() == "ServiceRequest":
			p.stay.Orders = append(p.stay.Orders, l.order(res))
		}
	}
	l.unknown(p, present(p.stay))
	return nil
}

func (l loader) condition(res fhir.Resource) stay.Condition {
	names := func(element string) (names []string) {
		for _, c := range codes(res.Get(element)) {
			names = append(names, c.Code)
		}
		return names
	}
	begun := l.date(res.Get("onsetDateTime"))
	if !begun.Known() {
		begun = l.date(res.Get("onsetPeriod.start"))
	}
	return stay.Condition{Codes: codes(res.Get("code")), Clinical: names("clinicalStatus"), Verification: names("verificationStatus"),
		Begun: begun, Recorded: l.date(res.Get("recordedDate")), Labels: labels(res)}
}

func (l loader) order(res fhir.Resource) stay.Order {
	at, _ := l.client.LocalRef(res.Get("encounter.reference").String())
	return stay.Order{Ref: res.Ref(), Status: res.Get("status").String(), Ours: res.Identifier(IdentifierSystem) != "",
		Admission: at, At: l.stamp(res, "authoredOn"), Codes: codes(res.Get("code")),
		Intent: res.Get("intent").String(), DoNotPerform: res.Get("doNotPerform").Bool()}
}

// unknown reads what was made of the answers and the nurse's Task does not point to.
// Of several consults the last took the place of the others, also where the Task still
// points to one of those.
func (l loader) unknown(p *picture, screening stay.Name) {
	task, _ := p.stay.ScreeningTask()
	for _, res := range sorted(p.byRef) {
		name, _ := nameOf(res)
		switch known := &p.stay; {
		case name == screening.As(stay.Score) && task.Score == "" && known.Score.Ref == "":
			known.Score = result(res)
		case !known.Consult.Theirs && l.consultOf(p, res) > known.Consult.Number:
			known.Consult = result(res)
		}
	}
}

// spared reads what speaks against asking a patient who else would be asked: Flags,
// and our tasks of other admissions. Not the scores: among thousands of other
// observations they are dear to find.
func (l loader) spared(ctx context.Context, p *picture) error {
	patient, err := l.records(ctx, p)
	if err != nil {
		return err
	}
	// Nobody is missed because a server says that it has not given all; but it is asked again.
	if known := p.guess.toAsk && p.guess.patient == patient && p.doubt == nil; !known && !p.shared[stay.Spared] {
		p.shared[stay.Spared] = true
		if err := l.ask(ctx, p, l.queries.spare(patient)...); err != nil {
			return err
		}
	}
	p.stay.Before, p.stay.Flags = l.before(p, p.stay.Instrument), nil
	if l.policy.Rescreens() { // else spare has not asked for them
		l.lookedFor(p)
	}
	for _, res := range sorted(p.byRef) {
		if res.Type() == "Flag" && l.concerns(res, "subject", p.stay.Patient) {
			p.stay.Flags = append(p.stay.Flags, stay.Flag{Status: res.Get("status").String(), Codes: codes(res.Get("code"))})
		}
	}
	return nil
}

// concerns checks what the search should have: servers ignore parameters that
// they do not know.
func (l loader) concerns(res fhir.Resource, element string, patient stay.Patient) bool {
	subject, _ := l.client.LocalRef(res.Get(element + ".reference").String())
	return patient.Is(subject)
}
