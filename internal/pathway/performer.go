package pathway

import (
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about who fills in the form: a nurse asks, or the patient answers herself
// before anybody talks to her. Her Task is hers, and no ward sees it on its list; where
// nothing comes of it the ward is asked, with a Task of its own. Never are both open.

// Who fills in a form.
const (
	ByNurse          = "nurse"
	ByPatient        = "patient"
	PatientThenNurse = "patient_then_nurse"
)

// DefaultPatientDue is how long the ward waits for the patient.
const DefaultPatientDue = 4 * time.Hour

func (a Asked) patientFirst() bool {
	return a.Performer == ByPatient || a.Performer == PatientThenNurse
}

// Performer is who fills in the form in view.
func (p *Policy) Performer() string {
	if p.performer == "" {
		return ByNurse
	}
	return p.performer
}

// PatientDue is how long the ward waits for the patient.
func (p *Policy) PatientDue() time.Duration { return p.patientDue }

// byPatient tells that the next Task is the patient's: the first about her.
func (c *chart) byPatient() bool {
	return c.policy.Performer() != ByNurse && !slices.ContainsFunc(c.Tasks, func(t stay.Task) bool { return c.Asks(t) && c.hers(t) })
}

// toWard tells that the patient has not answered in time, or has given the form back
// without a no: one that is only put away in a portal says nothing.
func (c *chart) toWard() bool {
	if !c.task.ByPatient || !c.Admission.Present() || c.policy.Performer() != PatientThenNurse {
		return false
	}
	late := c.task.Open() && !c.task.Due.IsZero() && !c.now.Before(c.task.Due)
	return late || c.putAside() && !c.givesNo()
}

// askWard closes the patient's Task and asks the ward.
func (c *chart) askWard() {
	c.decision.because("to-ward", "the patient has not answered, or has given the form back; the ward is asked")
	c.stopDrafts()
	status := c.task.Status
	if c.task.Open() {
		status = "cancelled"
	}
	plan(c, &TaskChange{Status: status, Business: ToWard, Why: ToWard})
	plan(c, c.newTask(c.now.Add(c.policy.Screening.DueAfter.Duration)))
}
