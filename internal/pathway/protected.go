package pathway

import (
	"cmp"
	"slices"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about patients of whom fewer may know. They are asked, scored
// and referred as everybody; what differs is who gets the work and what stands
// on it.

// Protected says who is protected, and what is shown of them all the same.
type Protected struct {
	Labels []Coding `yaml:"labels"` // security labels, or codes in an extension of the Patient
	Add    []Coding `yaml:"add"`    // labels that what we write about them carries
	Show   []string `yaml:"show"`   // of Places
}

// What may be left out about a protected patient.
const (
	ShowLocation = "location" // the element on Tasks and orders
	ShowWard     = "ward"     // in the letter to the team: the ward's name, and who asked there
)

// Places are what protected.show may name.
var Places = []string{ShowLocation, ShowWard}

func (p Protected) shows() bool {
	return !slices.ContainsFunc(p.Show, func(s string) bool { return !slices.Contains(Places, s) })
}

// IsProtected tells whether fewer may know of this patient, or of this stay.
func IsProtected(s stay.Stay, p *Policy) bool {
	return anyOf(slices.Concat(s.Admission.Labels, s.Patient.Labels, s.Patient.Marks), p.Protected.Labels)
}

// Hides tells whether something is left out of what we write about the stay.
func (p *Policy) Hides(s stay.Stay, what string) bool {
	return IsProtected(s, p) && !slices.Contains(p.Protected.Show, what)
}

// Routed is what a Task says about whom it was given to while the patient was
// protected: without the location on it nothing else tells a transfer.
func Routed(owner string) string { return cmp.Or(owner, "nobody") }

// astray is the rule by which a Task is to be routed anew; "": it lies where it
// should.
func (c *chart) astray(t stay.Task, owner string) string {
	moved, protected := c.moved(t), IsProtected(c.Stay, c.policy)
	switch {
	case protected && t.Routed == "":
		return "shielded"
	case !protected && t.Routed != "":
		return "unshielded"
	case protected && (t.Routed != Routed(owner) || moved && !c.policy.Hides(c.Stay, ShowLocation)), !protected && moved:
		return "transfer"
	}
	return ""
}

// moved tells that the patient lies elsewhere than a Task says.
func (c *chart) moved(t stay.Task) bool {
	return len(c.Admission.Locations) > 0 && c.Admission.Locations[0] != t.Location
}

// reroutes are the words for each way of having gone astray.
var reroutes = map[string]string{
	"shielded":   "fewer may know of the patient now; the %s goes to those who may",
	"unshielded": "the patient is no longer protected; the %s goes where everybody's does",
	"transfer":   "the patient lies on another ward; the %s follows",
}

func (c *chart) reroute(rule, what string) { c.decision.because(rule, reroutes[rule], what) }

// protect says first of all that the patient is protected.
func (c *chart) protect() {
	if IsProtected(c.Stay, c.policy) {
		c.decision.because("protected", "a label or code says that fewer may know; asked as everybody, shown to fewer")
	}
}
