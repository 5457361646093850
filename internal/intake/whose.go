package intake

import (
	"context"
	"slices"

	"github.com/tilsyn/tilsyn/fhir"
)

// This file is about changes that name a patient and no admission.

// manyPatients bounds how many are asked about in one search: it must fit a URL.
const manyPatients = 40

// admissionsOf names the open admissions of the patients who changed. One that
// could not be looked up is asked about again in the next round; if the server
// refuses to say, the census finds it. What changed before we started lets the
// others pass.
func (p *Poller) admissionsOf(ctx context.Context) error {
	if err := p.admissionsOfThese(ctx, &p.whose, p.queue.Fresh); err != nil {
		return err
	}
	return p.admissionsOfThese(ctx, &p.late, p.queue.Backlog)
}

func (p *Poller) admissionsOfThese(ctx context.Context, whose *[]string, ring func(id string)) error {
	named := newTally(ring)
	defer named.ring()
	for len(*whose) > 0 {
		some := (*whose)[:min(manyPatients, len(*whose))]
		for _, query := range p.about(some) {
			err := p.client.Each(ctx, query, func(r fhir.Resource) error {
				if r.Type() == "Encounter" || r.Type() == "Task" {
					p.name(ctx, r, named)
				}
				return nil
			})
			if err != nil && !fhir.IsRefused(err) && !fhir.IsCutShort(err) {
				return err
			}
		}
		for _, patient := range some {
			delete(p.wrote, patient)
		}
		*whose = (*whose)[len(some):]
	}
	*whose = nil
	return nil
}

// about asks for the admissions of patients. One that has ended is known by its Task:
// what a patient has answered in a portal may be put right, or withdrawn, when she has
// gone home.
func (p *Poller) about(patients []string) []string {
	all := []string{p.names.admissionsOf(patients)}
	if wrote := slices.DeleteFunc(slices.Clone(patients), func(id string) bool { return !p.wrote[id] }); len(wrote) > 0 {
		all = append(all, p.names.questionsOf(wrote))
	}
	return all
}

// changed keeps a patient whose open admissions are to be looked at.
func (p *Poller) changed(patient string, named *tally) {
	if named.late {
		p.late = append(p.late, patient)
	} else {
		p.whose = append(p.whose, patient)
	}
}
