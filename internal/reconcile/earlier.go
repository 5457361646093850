package reconcile

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file reads the patient's screenings of other admissions. Their Tasks name the
// scores: among thousands of other observations these are dear to find.

// screened asks for the Tasks of screenings that gave a score.
func (q queries) screened(patient string) string {
	scored := CodeSystem + "|" + pathway.Scored
	if !slices.Equal(q.policy.Instruments(), []string{stay.AuditC}) {
		scored += "," + CodeSystem + "|" + screenedCode
	}
	return fhir.Query("Task", "patient", patient, "code", sdcTemp+"|complete-questionnaire", "business-status", scored)
}

// scores asks for Observations by their references.
func (q queries) scores(refs ...string) string {
	ids := make([]string, 0, len(refs))
	for _, ref := range refs {
		ids = append(ids, strings.TrimPrefix(ref, "Observation/"))
	}
	return fhir.Query("Observation", "_id", strings.Join(ids, ","))
}

// before are the screenings of other admissions with an instrument, as far as they were
// read.
func (l loader) before(p *picture, instrument string) (earlier []stay.Earlier) {
	for _, res := range sorted(p.byRef) {
		name, here := nameIn(res, p.stay.Admission.ID)
		another := cmp.Or(name.Instrument, stay.AuditC) != instrument
		if res.Type() != "Task" || here || another || !l.concerns(res, "for", p.stay.Patient) {
			continue
		}
		earlier = append(earlier, stay.Earlier{
			Admission: "Encounter/" + name.Admission,
			At:        l.stamp(res, "executionPeriod.end"), BusinessStatus: statusOf(res),
			Score: l.output(res, paramScore), Consult: l.output(res, paramConsult),
		})
	}
	return earlier
}

// lookedFor keeps which scores of AUDIT-C there are, once their Tasks were asked for.
func (l loader) lookedFor(p *picture) {
	p.screened, p.scores = true, scoresOf(l.before(p, stay.AuditC))
}

// history reads the scores of earlier screenings. Which there are is known where this
// process has asked the patient, or has just read what speaks against asking.
func (l loader) history(ctx context.Context, p *picture) error {
	patient, err := l.records(ctx, p)
	if err != nil {
		return err
	}
	if !p.screened && p.guess.screened && p.guess.patient == patient && p.stay.Instrument == stay.AuditC {
		p.screened, p.scores = true, strings.Fields(p.guess.scores)
	}
	if !p.screened {
		if err := l.ask(ctx, p, l.queries.screened(patient)); err != nil {
			return err
		}
		l.lookedFor(p)
	}
	if p.stay.Instrument != stay.AuditC {
		return l.earlierScores(ctx, p, scoresOf(l.before(p, p.stay.Instrument)))
	}
	return l.earlierScores(ctx, p, p.scores)
}

func (l loader) earlierScores(ctx context.Context, p *picture, scores []string) error {
	if len(scores) == 0 {
		return nil
	}
	if err := l.ask(ctx, p, l.queries.scores(scores...)); err != nil {
		return err
	}
	for _, ref := range scores {
		if res, ok := p.byRef[ref]; ok && l.concerns(res, "subject", p.stay.Patient) {
			score := result(res)
			score.At = l.stamp(res, "effectiveDateTime")
			p.stay.Scores = append(p.stay.Scores, score)
		}
	}
	slices.SortStableFunc(p.stay.Scores, func(a, b stay.Result) int { return b.At.Compare(a.At) })
	return nil
}

// scoresOf are the scores of the latest screenings.
func scoresOf(screenings []stay.Earlier) (refs []string) {
	screenings = slices.Clone(screenings)
	slices.SortStableFunc(screenings, func(a, b stay.Earlier) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Score, b.Score)) })
	for _, e := range screenings {
		if strings.HasPrefix(e.Score, "Observation/") && len(refs) < pathway.MostEarlier {
			refs = append(refs, e.Score)
		}
	}
	return refs
}

// knows keeps which earlier scores there are, as this look has seen or an earlier one.
func (g *guess) knows(p *picture) {
	switch before := p.guess; {
	case g.patient == "":
	case p.screened:
		g.screened, g.scores = true, strings.Join(p.scores, " ")
	case before.screened && before.patient == g.patient:
		g.screened, g.scores = true, before.scores
	}
}
