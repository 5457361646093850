package reconcile

import (
	"strconv"
	"strings"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// notifying writes on the team's Task what has changed about a consult that they
// have begun on; they decide what it means. The order says it too.
type notifying struct{ *pathway.Notice }

func (a notifying) describe() []string {
	return []string{"tell the liaison team: " + string(*a.Notice)}
}

func (a notifying) write(w *writing) {
	task, ok := w.p.stay.TeamTask()
	if !ok {
		return
	}
	code := string(*a.Notice)
	said := w.toTeam(code)
	w.edit(task.Ref, func(e *edit) {
		e.set("businessStatus", coded(code, said))
		w.tell(e, said)
		if task.Notified != pathway.OrderEnded || code != pathway.Corrected { // that is told once
			e.output(fhir.Parameter{Type: paramNotified.concept(), ValueString: &code})
		}
		w.modified(e)
	})
	w.touched(task.Ref)
	w.tellOnOrder(code, said, task.Open())
}

// toTeam is one of our codes as the team is to read it: of a score that has changed, which
// it is now.
func (w *writing) toTeam(code string) string {
	score := pathway.Of[pathway.Score](w.decision)
	switch news := w.news(); {
	case code == pathway.Corrected && len(news) > 0:
		return strings.Join(news, "\n")
	case code != pathway.Corrected || score == nil || w.several():
		return w.words.Team(code)
	}
	return w.scoreNow(score)
}

func (w *writing) scoreNow(score *pathway.Score) string {
	return w.about("score-now", "score", strconv.Itoa(*score.Result.Score), "tier", w.words.Code(score.Tier.String()))
}

// tellOnOrder says the same on a consult that stands, where nothing else that is written
// does, and what the answers ask for now. What one was ended at stays on it.
func (w *writing) tellOnOrder(code, said string, open bool) {
	consult := w.p.stay.Consult
	if !consult.Live() || consult.Theirs || pathway.Of[pathway.Referral](w.decision) != nil {
		return
	}
	tier := pathway.None
	for _, d := range w.decided {
		if score := pathway.Of[pathway.Score](d); score != nil && code == pathway.Corrected {
			tier = max(tier, score.Tier)
		}
	}
	w.edit(consult.Ref, func(e *edit) {
		if open && consult.Status != "completed" {
			e.extend(tierOf(tier))
		}
		w.correct(e, said)
	})
	w.touched(consult.Ref)
}
