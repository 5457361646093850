package pathway_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

func conf(code string) stay.Code { return stay.Code{System: pathway.Confidentiality, Code: code} }

func patientIs(code string) change {
	return func(s *stay.Stay) { s.Patient.Labels = append(s.Patient.Labels, conf(code)) }
}

func admissionIs(code string) change {
	return func(s *stay.Stay) { s.Admission.Labels = append(s.Admission.Labels, conf(code)) }
}

func markedSecret(s *stay.Stay) {
	s.Patient.Marks = []stay.Code{{System: "https://hospital.example.no", Code: "x"}}
}

// given is a Task's memory of its owner, and carries are labels on it.
func given(owner string) func(*stay.Task) { return func(t *stay.Task) { t.Routed = owner } }

func carries(code string) func(*stay.Task) {
	return func(t *stay.Task) { t.Labels = append(t.Labels, conf(code)) }
}

func saysOf(code string) func(*stay.Response) {
	return func(r *stay.Response) { r.Labels = append(r.Labels, conf(code)) }
}

// allCarry puts a label on all of ours that there is.
func allCarry(code string) change {
	return func(s *stay.Stay) {
		for i := range s.Tasks {
			carries(code)(&s.Tasks[i])
		}
		for i := range s.Responses {
			saysOf(code)(&s.Responses[i])
		}
		for _, r := range []*stay.Result{&s.Score, &s.Consult} {
			r.Labels = append(r.Labels, conf(code))
		}
	}
}

func goesTo(ward, liaison string) change {
	return func(s *stay.Stay) { s.Owners = stay.Owners{Ward: ward, Liaison: liaison} }
}

const few, many = "CareTeam/few", "CareTeam/many"

// protectedCases are about labels, and about those of whom fewer may know.
func protectedCases(t testing.TB) map[string]stay.Stay {
	consulted := func(teamStatus string, more ...change) stay.Stay {
		return picture(append([]change{goesTo(few, few), lies("Location/a"),
			asked("completed", judged(2), wasScored, hadConsult, was("Location/a")), before([3]int{2, 1, 1}, "active"),
			team(teamStatus, was("Location/a")), answered(t, "r1", "completed", []int{2, 1, 1})}, more...)...)
	}
	return map[string]stay.Stay{
		"labels/of the patient":                    picture(patientIs("N"), asked("requested"), draft(t)),
		"labels/there":                             picture(patientIs("N"), asked("requested"), draft(t), allCarry("N")),
		"labels/a higher one is there":             picture(patientIs("N"), admissionIs("M"), asked("requested"), draft(t), allCarry("R")),
		"labels/the highest":                       picture(patientIs("N"), admissionIs("M"), asked("requested"), draft(t)),
		"labels/lifted":                            picture(asked("requested"), draft(t), allCarry("N")),
		"labels/after the consult":                 consulted("accepted", patientIs("N")),
		"labels/a clinician's order":               consulted("requested", patientIs("N"), func(s *stay.Stay) { s.Consult.Theirs = true }),
		"labels/of the answers":                    picture(asked("requested"), answered(t, "r1", "completed", []int{0}, saysOf("L")), advice("requested")),
		"labels/of the policy":                     picture(asked("requested"), draft(t)),
		"labels/another patient's":                 picture(patientIs("N"), asked("completed", judged(2), business("patient-changed"), whose("Patient/p0")), asked("requested", carries("N"), whose("Patient/p1"), answers("QuestionnaireResponse/r2"))),
		"protected/asked":                          picture(patientIs("V")),
		"protected/by the admission":               picture(admissionIs("R")),
		"protected/by an extension":                picture(markedSecret),
		"protected/an outpatient":                  picture(patientIs("V"), class("AMB")),
		"protected/stays":                          picture(goesTo(few, few), patientIs("V"), lies("Location/a"), asked("requested", given(few)), draft(t), allCarry("V")),
		"protected/claimed":                        picture(goesTo(few, few), patientIs("V"), lies("Location/b"), asked("in-progress", given(few)), draft(t), allCarry("V")),
		"protected/routed as others, transfer":     picture(goesTo(many, few), patientIs("V"), lies("Location/b"), asked("requested", given("CareTeam/a")), draft(t), allCarry("V")),
		"protected/shown with the place, transfer": picture(goesTo(few, few), patientIs("V"), lies("Location/b"), asked("requested", given(few), was("Location/a")), draft(t), allCarry("V")),
		"protected/after the task":                 picture(goesTo(few, few), patientIs("V"), lies("Location/a"), asked("requested", was("Location/a")), draft(t)),
		"protected/with the answers":               picture(goesTo(few, few), patientIs("V"), lies("Location/a"), asked("requested", was("Location/a")), answered(t, "r1", "completed", []int{2, 1, 1})),
		"protected/after the advice":               picture(goesTo(few, few), patientIs("V"), lies("Location/a"), asked("completed", judged(2), wasScored, hadAdvice, was("Location/a")), advice("requested", was("Location/a")), answered(t, "r1", "completed", []int{1, 1, 1})),
		"protected/after the consult":              consulted("requested", patientIs("V")),
		"protected/after the team has begun":       consulted("accepted", patientIs("V")),
		"protected/given back by the team":         picture(goesTo(few, few), patientIs("V"), asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "active"), team("requested", given("kept")), answered(t, "r1", "completed", []int{2, 1, 1}), allCarry("V")),
		"protected/after a deleted consult":        consulted("requested", patientIs("V"), func(s *stay.Stay) { s.Consult = stay.Result{} }),
		"protected/renewed":                        picture(goesTo(few, few), patientIs("V"), asked("completed", judged(1), wasScored, hadConsult, carried("cancelled")), before([3]int{1, 0, 0}, "revoked"), team("cancelled", because("corrected")), answered(t, "r1", "completed", []int{4, 4, 4}), allCarry("V")),
		"protected/lifted":                         picture(goesTo(many, many), lies("Location/a"), asked("requested", given(few)), draft(t), allCarry("V")),
		"protected/lifted after the consult":       picture(goesTo(many, many), lies("Location/a"), asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "active"), team("requested", given(few)), answered(t, "r1", "completed", []int{2, 1, 1}), allCarry("V")),
		"protected/gone home":                      picture(patientIs("V"), status(stay.Finished), asked("requested", was("Location/a")), draft(t), allCarry("V")),
	}
}

// Protection changes who gets the work and what stands on it. Who is asked, by
// when, and what comes of the answers does not change.
func TestTheProtectedAreAskedAsOthers(t *testing.T) {
	for _, topic := range []func(testing.TB) map[string]stay.Stay{whoCases, nurseCases, judgeCases, revisitCases, consultCases, lifeCases} {
		for name, s := range topic(t) {
			others := pathway.Decide(s, policyFor(name), noon)
			patientIs("V")(&s)
			theirs := pathway.Decide(s, policyFor(name), noon)
			if got, want := essence(theirs), essence(others); !slices.Equal(got, want) {
				t.Errorf("%s: %q, others %q", name, got, want)
			}
			asked, asIf := pathway.Of[pathway.Ask](theirs), pathway.Of[pathway.Ask](others)
			if !reflect.DeepEqual(asked, asIf) || theirs.Next != others.Next {
				t.Errorf("%s: asked %+v, next %s; others %+v, %s", name, asked, theirs.Next, asIf, others.Next)
			}
		}
	}
}

// essence are the rules that spoke but for those of protection itself.
func essence(d pathway.Decision) (rules []string) {
	for _, r := range d.Reasons {
		if !slices.Contains([]string{"protected", "labelled", "shielded", "transfer"}, r.Rule) {
			rules = append(rules, r.Rule)
		}
	}
	return rules
}
