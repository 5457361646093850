package reconcile

import (
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// WrongForm is a response that a screen has sent to another form than ours, or to a
// version of it that cannot be read: whoever runs the EHR must mend that, for the answers
// may be right. It holds no patient data.
type WrongForm struct {
	Response string                 `json:"response"` // as it may be shown
	Problem  instrument.ProblemCode `json:"problem"`
	Detail   string                 `json:"detail,omitempty"` // in English
}

// responsesOfAll are those to all screenings.
func (p picture) responsesOfAll() (all []stay.Response) {
	for _, s := range p.stay.Screenings() {
		all = append(all, s.Responses...)
	}
	return all
}

// wrongForms are those of the responses that belong to the admission and that somebody
// has written on.
func (p picture) wrongForms() (wrong []WrongForm) {
	for _, r := range p.responsesOfAll() {
		saved := r.Submitted() || r.Status == "in-progress" && !r.Untouched()
		if saved && !r.FormProblem.IsZero() {
			wrong = append(wrong, WrongForm{p.byRef[r.Ref].Shown(), r.FormProblem.Code, r.FormError})
		}
	}
	return wrong
}
