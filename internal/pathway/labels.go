package pathway

import (
	"slices"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about security labels: what we write carries those of what it
// was made from. They are added and never taken off: a person may have put
// others, and who may see less than before is not for a machine to say.

// Confidentiality is the code system of v3-Confidentiality.
const Confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

// Labelling says which labels what we write carries beside those that follow
// the data.
type Labelling struct {
	Add []Coding `yaml:"add"` // on answers and on what follows from them
}

// Wanted are the labels that what we write about the admission carries: those
// of the admission and of the patient, and of what it was made from. source is
// nil for what says nothing about the patient but that she is to be asked.
func Wanted(s stay.Stay, p *Policy, source *Source) []stay.Code {
	wanted := slices.Concat(s.Admission.Labels, s.Patient.Labels)
	if IsProtected(s, p) {
		wanted = append(wanted, codesOf(p.Protected.Add)...)
	}
	if source != nil {
		wanted = slices.Concat(wanted, source.Labels, codesOf(p.Labels.Add))
	}
	return without(wanted, nil)
}

// Source is what something was made from: answers, or an earlier score.
type Source struct{ Labels []stay.Code }

// From is the response, or the earlier score, that the results of an admission
// rest on. What says that a patient is pregnant carries the labels of what says so.
func From(s stay.Stay, response string) *Source {
	for _, r := range slices.Concat(s.Responses, s.Unplaced) {
		if r.Ref == response {
			return &Source{slices.Concat(r.Labels, s.Patient.Because)}
		}
	}
	return &Source{slices.Concat(s.EarlierScore.Labels, s.Patient.Because)}
}

func codesOf(codings []Coding) []stay.Code {
	codes := make([]stay.Code, 0, len(codings))
	for _, c := range codings {
		codes = append(codes, stay.Code{System: c.System, Code: c.Code})
	}
	return codes
}

// confidentialities are the codes of v3-Confidentiality, each more than the one
// before.
var confidentialities = []string{"U", "L", "M", "N", "R", "V"}

// confidentiality is how confidential a label says something is; -1: it is
// about something else.
func confidentiality(c stay.Code) int {
	if c.System != Confidentiality {
		return -1
	}
	return slices.Index(confidentialities, c.Code)
}

// without leaves of the labels each once, and none that something with others
// has already. FHIR wants one confidentiality, and the highest counts.
func without(labels, others []stay.Code) (left []stay.Code) {
	highest := -1
	for _, l := range slices.Concat(labels, others) {
		highest = max(highest, confidentiality(l))
	}
	for _, l := range labels {
		level := confidentiality(l)
		if !slices.Contains(others, l) && !slices.Contains(left, l) && (level < 0 || level == highest) {
			left = append(left, l)
		}
	}
	return left
}

// unlabelled tells that labels have come since the nurse's Task was written,
// which carries what the rest of our work does.
func (c *chart) unlabelled() bool {
	return c.asked && c.hers(c.task) && len(without(Wanted(c.Stay, c.policy, nil), c.task.Labels)) > 0
}

// hers tells that a Task is about the patient of the admission.
func (c *chart) hers(t stay.Task) bool {
	return t.Status != "entered-in-error" && t.BusinessStatus != PatientChanged && (t.For == "" || c.Patient.Is(t.For))
}

// label puts on our work what has come since onto the admission, the patient
// or the answers.
func (c *chart) label() {
	if !c.asked {
		return
	}
	question, results := Wanted(c.Stay, c.policy, nil), Wanted(c.Stay, c.policy, c.foundation())
	own := Wanted(c.Stay, c.policy, From(c.Stay, c.counts()))
	for _, t := range c.Tasks {
		switch {
		case !c.hers(t), c.anothers(t):
		case t.Kind == stay.ScreeningTask && c.prior != nil: // it tells of answers
			c.lacks(t.Ref, Wanted(c.Stay, c.policy, From(c.prior.Stay, c.prior.counts())), t.Labels)
		case t.Kind == stay.ScreeningTask:
			c.lacks(t.Ref, question, t.Labels)
		default:
			c.lacks(t.Ref, results, t.Labels)
		}
	}
	for _, r := range c.Responses {
		if r.Ours && (r.Subject == "" || c.Patient.Is(r.Subject)) {
			c.lacks(r.Ref, Wanted(c.Stay, c.policy, &Source{r.Labels}), r.Labels)
		}
	}
	for _, r := range c.results() {
		switch {
		case r.Ref == "", r.Theirs:
		case r.Ref == c.Score.Ref, r.Ref == c.Minimum.Ref:
			c.lacks(r.Ref, own, r.Labels)
		default:
			c.lacks(r.Ref, results, r.Labels)
		}
	}
	if planned[Labels](c) != nil {
		c.decision.because("labelled", "security labels have come since; put on what is ours")
	}
}

// results are what came of the answers, also what something else took the place of.
func (c *chart) results() []stay.Result {
	return append([]stay.Result{c.Score, c.Minimum, c.Consult}, c.Replaced...)
}

// counts is the response that the results rest on.
func (c *chart) counts() string {
	if c.response.Ref != "" {
		return c.response.Ref
	}
	return c.task.Response
}

func (c *chart) lacks(ref string, wanted, has []stay.Code) {
	if add := without(wanted, has); len(add) > 0 {
		planEach[Labels](c, Label{ref, add})
	}
}
