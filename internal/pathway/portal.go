package pathway

import (
	"slices"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about a patient who answers in a portal, which knows nothing of her
// admission.

// awaitsAnswer tells that somebody waits for an answer that nobody has handed in, so
// that one may lie where no admission is named.
func (c *chart) awaitsAnswer() bool {
	return c.asked && c.task.Open() && c.Admission.Present() && c.hers(c.task) && !c.submitted()
}

// place takes what the patient has answered in a portal for the answer to this admission,
// where it can be to no other.
func (c *chart) place() {
	if len(c.Unplaced) == 0 || !c.awaitsAnswer() {
		return
	}
	answers := slices.DeleteFunc(slices.Clone(c.Unplaced), func(r stay.Response) bool { return !c.ofThisStay(r) })
	switch {
	case len(answers) == 0:
	case c.Waiting > 0:
		c.decision.because("unplaced", "the patient has answered without naming an admission, and more than one waits for it: nobody knows which")
	default:
		c.Responses = append(slices.Clone(c.Responses), answers...)
		c.decision.because("placed", "the patient has answered without naming an admission; this is the only one that waits for it")
	}
}

// ofThisStay tells that a patient has answered herself, and since she came.
func (c *chart) ofThisStay(r stay.Response) bool {
	return r.Submitted() && r.Source != "" && c.Patient.Is(r.Source) && c.Patient.Is(r.Subject) && r.Authored.After(c.Admission.Start)
}
