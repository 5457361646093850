package pathway_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

var update = flag.Bool("update", false, "write testdata/decisions.json anew")

// change is one thing that makes a stay differ from that of a woman of 46 who
// was admitted this morning.
type change func(*stay.Stay)

func picture(changes ...change) stay.Stay {
	s := stay.Stay{
		Admission: stay.Admission{ID: "e1", Status: stay.InProgress, Class: "IMP", Start: noon.Add(-4 * time.Hour)},
		Patient:   stay.Patient{Ref: "Patient/p1", Sex: stay.Female, Birth: stay.ParseDate("1980-01-01")},
	}
	for _, c := range changes {
		c(&s)
	}
	return s
}

func status(v stay.Status) change { return func(s *stay.Stay) { s.Admission.Status = v } }
func class(v string) change       { return func(s *stay.Stay) { s.Admission.Class = v } }
func born(v string) change        { return func(s *stay.Stay) { s.Patient.Birth = stay.ParseDate(v) } }
func since(d time.Duration) change {
	return func(s *stay.Stay) { s.Admission.Start = noon.Add(-d) }
}

func partOf(class string, st stay.Status) change {
	return func(s *stay.Stay) { s.Parent = &stay.Admission{ID: "e0", Class: class, Status: st} }
}

func deceased(s *stay.Stay) { s.Patient.Deceased = true }
func diedOn(day string) change {
	return func(s *stay.Stay) { s.Patient.Deceased, s.Patient.Died = true, stay.ParseDate(day).Last() }
}

// before is what the nurse's Task points to: points of the three items, and the
// consult's status, "" for none.
func before(points [3]int, consult string) change {
	return func(s *stay.Stay) {
		s.Results.Score = stay.Result{Ref: "Observation/o1", Status: "final",
			Items: map[string]int{"68518-0": points[0], "68519-8": points[1], "68520-6": points[2]}}
		if consult != "" {
			s.Results.Consult = stay.Result{Ref: "ServiceRequest/s1", Status: consult}
		}
	}
}

// team is the liaison team's Task.
func team(status string, more ...func(*stay.Task)) change {
	return func(s *stay.Stay) {
		t := stay.Task{Ref: "Task/t2", Purpose: stay.ConsultTask, Status: status}
		for _, m := range more {
			m(&t)
		}
		s.Tasks = append(s.Tasks, t)
	}
}

func made(ago time.Duration) func(*stay.Task) { return func(t *stay.Task) { t.Made = noon.Add(-ago) } }
func hurried(t *stay.Task)                    { t.Urgent = true }

func screened(ago time.Duration) change { return func(s *stay.Stay) { s.Screened = noon.Add(-ago) } }
func flagged(s *stay.Stay)              { s.Flags = []stay.Code{{System: "https://hospital.example.no", Code: "x"}} }
func ofService(s *stay.Stay) {
	s.Admission.ServiceTypes = []stay.Code{{System: "https://hospital.example.no", Code: "x"}}
}

func lies(at string) change { return func(s *stay.Stay) { s.Admission.Locations = []string{at} } }
func was(at string) func(*stay.Task) {
	return func(t *stay.Task) { t.Location = at }
}
func hadConsult(t *stay.Task) { t.Consult = "ServiceRequest/s1" }

// withdrawnResults are what a cancelled admission left.
func withdrawnResults(s *stay.Stay) {
	before([3]int{2, 1, 1}, "revoked")(s)
	s.Results.Score.Status = "entered-in-error"
}
func ordered(s *stay.Stay) { s.Ordered = "ServiceRequest/theirs" }

func due(in time.Duration) func(*stay.Task) { return func(t *stay.Task) { t.Due = noon.Add(in) } }
func raised(n int) func(*stay.Task)         { return func(t *stay.Task) { t.Raised = n } }
func carried(status string) func(*stay.Task) {
	return func(t *stay.Task) { t.Carried = status }
}

// unable is a Task that the nurse put aside some time ago.
func unable(reason string, ago time.Duration) func(*stay.Task) {
	return func(t *stay.Task) { t.Reason, t.Changed = reason, noon.Add(-ago) }
}

func declining(t testing.TB) func(*stay.Response) {
	content, err := instrument.ParseResponse([]byte(`{"resourceType":"QuestionnaireResponse","item":[{"linkId":"1","answer":[{"extension":[
		{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"asked-declined"}]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return func(r *stay.Response) { r.Content = content }
}

func takenBack(t *stay.Task) { t.Withdrawn = true }

func nobody(s *stay.Stay)    { s.Patient = stay.Patient{} }
func expecting(s *stay.Stay) { s.Patient.Pregnant = true }

// asked is the nurse's Task, with a status and what is different about it.
func asked(status string, more ...func(*stay.Task)) change {
	return func(s *stay.Stay) {
		t := stay.Task{Ref: "Task/t1", Purpose: stay.Screening, Status: status, BusinessStatus: "unanswered", Response: "QuestionnaireResponse/r1"}
		for _, m := range more {
			m(&t)
		}
		s.Tasks = append(s.Tasks, t)
	}
}

func judged(version int) func(*stay.Task) {
	return func(t *stay.Task) { t.Judged = fmt.Sprintf("QuestionnaireResponse/r1/_history/%d", version) }
}

func business(code string) func(*stay.Task) { return func(t *stay.Task) { t.BusinessStatus = code } }

func wasScored(t *stay.Task) { t.Score, t.BusinessStatus = "Observation/o1", "scored" }

// answered is a response, ours unless its id says otherwise; points are those
// of items 1, 2, 3.
func answered(t testing.TB, id, status string, points []int, more ...func(*stay.Response)) change {
	form, items := theForm(t), ""
	codes := [][]string{
		{"LA6270-8", "LA18926-8", "LA18927-6", "LA18928-4", "LA18929-2"},
		{"LA15694-5", "LA15695-2", "LA18930-0", "LA18931-8", "LA18932-6"},
		{"LA6270-8", "LA18933-4", "LA18876-5", "LA18891-4", "LA18934-2"},
	}
	for i, p := range points {
		code := "LA0-0" // one that no form offers
		if p >= 0 {
			code = codes[i][p]
		}
		items += fmt.Sprintf(`,{"linkId":"%d","answer":[{"valueCoding":{"system":"http://loinc.org","code":%q}}]}`, i+1, code)
	}
	content, err := instrument.ParseResponse([]byte(`{"resourceType":"QuestionnaireResponse","item":[` + strings.TrimPrefix(items, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	r := stay.Response{Ref: "QuestionnaireResponse/" + id, Version: "QuestionnaireResponse/" + id + "/_history/2", Status: status,
		Ours: id == "r1", Subject: "Patient/p1", Authored: noon, Content: content, Form: form}
	for _, m := range more {
		m(&r)
	}
	return func(s *stay.Stay) { s.Responses = append(s.Responses, r) }
}

func theForm(t testing.TB) *instrument.Form {
	raw, err := artifacts.Questionnaire("nb")
	if err != nil {
		t.Fatal(err)
	}
	form, err := instrument.ParseForm(raw)
	if err != nil {
		t.Fatal(err)
	}
	return form
}

func about(patient string) func(*stay.Response) {
	return func(r *stay.Response) { r.Subject = patient }
}
func at(d time.Duration) func(*stay.Response) {
	return func(r *stay.Response) { r.Authored = noon.Add(d) }
}
func ofLostForm(r *stay.Response) {
	r.Form, r.FormProblem = nil, "the version of the form that was answered is not on the server"
}

// Each turn of an admission has its decision in testdata/decisions.json.
func TestDecisions(t *testing.T) {
	draft := answered(t, "r1", "in-progress", nil)
	begun := answered(t, "r1", "in-progress", []int{3})
	cases := map[string]stay.Stay{
		"who/inpatient":                          picture(),
		"who/arrived":                            picture(status(stay.Arrived)),
		"who/on leave":                           picture(status(stay.OnLeave)),
		"who/planned":                            picture(status(stay.Planned)),
		"who/finished":                           picture(status(stay.Finished)),
		"who/cancelled":                          picture(status(stay.Cancelled)),
		"who/unknown status":                     picture(status("nonsense")),
		"who/outpatient":                         picture(class("AMB")),
		"who/emergency":                          picture(class("EMER")),
		"who/no class":                           picture(class("")),
		"who/part of an inpatient stay":          picture(partOf("IMP", stay.InProgress)),
		"who/part of a cancelled inpatient stay": picture(partOf("IMP", stay.Cancelled)),
		"who/part of an outpatient contact":      picture(partOf("AMB", stay.InProgress)),
		"who/child":                              picture(born("2010-01-01")),
		"who/perhaps 18":                         picture(born("2008")),
		"who/no birth date":                      picture(born("")),
		"who/deceased":                           picture(deceased),
		"who/died today":                         picture(diedOn("2026-11-22")),
		"who/died last year":                     picture(diedOn("2025")),
		"who/no patient":                         picture(nobody),
		"due/in bed for a week":                  picture(since(7 * 24 * time.Hour)),
		"due/admitted tomorrow":                  picture(since(-24 * time.Hour)),

		"wait/asked":                     picture(asked("requested"), draft),
		"wait/begun":                     picture(asked("in-progress"), begun),
		"wait/task removed":              picture(draft),
		"end/discharged":                 picture(status(stay.Finished), asked("requested"), draft),
		"end/discharged, begun":          picture(status(stay.Finished), asked("requested"), begun),
		"end/discharged, already ended":  picture(status(stay.Finished), asked("cancelled", business("discharged")), answered(t, "r1", "stopped", nil)),
		"end/cancelled":                  picture(status(stay.Cancelled), asked("requested"), draft),
		"end/entered in error, answered": picture(status(stay.EnteredInError), asked("requested"), answered(t, "r1", "completed", []int{4, 4, 4})),
		"end/deceased":                   picture(deceased, asked("requested"), draft),
		"end/deceased, answered":         picture(deceased, asked("requested"), answered(t, "r1", "completed", []int{4, 4, 4})),

		"judge/0":                                  picture(asked("requested"), answered(t, "r1", "completed", []int{0})),
		"judge/advice":                             picture(asked("requested"), answered(t, "r1", "completed", []int{1, 1, 1})),
		"judge/consult":                            picture(asked("requested"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"judge/urgent":                             picture(asked("requested"), answered(t, "r1", "completed", []int{4, 4, 4})),
		"judge/pregnant":                           picture(expecting, asked("requested"), answered(t, "r1", "completed", []int{1, 0, 0})),
		"judge/after discharge":                    picture(status(stay.Finished), asked("cancelled"), answered(t, "r1", "completed", []int{2, 2, 2})),
		"judge/stale answers":                      picture(asked("requested"), answered(t, "r1", "completed", []int{0, 4, 4})),
		"judge/incomplete":                         picture(asked("requested"), answered(t, "r1", "completed", []int{3, 2})),
		"judge/incomplete, seen":                   picture(asked("requested", judged(2)), answered(t, "r1", "completed", []int{3, 2})),
		"judge/incomplete, closed":                 picture(asked("completed"), answered(t, "r1", "in-progress", []int{3, 2})),
		"judge/incomplete, closed again":           picture(asked("completed", judged(2)), answered(t, "r1", "in-progress", []int{3, 2})),
		"judge/incomplete, going home":             picture(status(stay.Finished), asked("in-progress", judged(2), business("incomplete")), answered(t, "r1", "in-progress", []int{3, 2})),
		"judge/incomplete, closed on the way home": picture(status(stay.Finished), asked("completed"), answered(t, "r1", "in-progress", []int{3, 2})),
		"judge/incomplete after going home":        picture(status(stay.Finished), asked("cancelled", business("discharged")), answered(t, "r1", "completed", []int{3, 2})),
		"end/rejected, then discharged":            picture(status(stay.Finished), asked("rejected"), draft),
		"judge/incomplete, gone home":              picture(status(stay.Finished), asked("cancelled", judged(2)), answered(t, "r1", "completed", []int{3, 2})),
		"judge/invalid":                            picture(asked("requested"), answered(t, "r1", "completed", []int{3, -1, 2})),
		"judge/form not on the server":             picture(asked("requested"), answered(t, "r1", "completed", []int{3, 2, 2}, ofLostForm)),
		"judge/another patient":                    picture(asked("requested"), answered(t, "r1", "completed", []int{4, 4, 4}, about("Patient/p2"))),
		"judge/names no patient":                   picture(asked("requested"), answered(t, "r1", "completed", []int{4, 4, 4}, about(""))),
		"judge/handed in by task":                  picture(asked("completed"), answered(t, "r1", "in-progress", []int{2, 1, 1})),
		"judge/scored":                             picture(asked("completed", judged(2), wasScored), answered(t, "r1", "completed", []int{2, 1, 1})),
		"amend/up":                                 picture(asked("completed", judged(1), wasScored), before([3]int{1, 0, 0}, ""), answered(t, "r1", "amended", []int{2, 1, 1})),
		"amend/down, untouched":                    picture(asked("completed", judged(1), wasScored), before([3]int{4, 4, 4}, "active"), team("requested"), answered(t, "r1", "amended", []int{1, 0, 0})),
		"amend/down, begun":                        picture(asked("completed", judged(1), wasScored), before([3]int{4, 4, 4}, "active"), team("accepted"), answered(t, "r1", "amended", []int{1, 0, 0})),
		"amend/up again":                           picture(asked("completed", judged(1), wasScored), before([3]int{1, 0, 0}, "revoked"), team("cancelled"), answered(t, "r1", "amended", []int{4, 4, 4})),
		"amend/higher":                             picture(asked("completed", judged(1), wasScored), before([3]int{2, 1, 1}, "active"), team("requested"), answered(t, "r1", "amended", []int{4, 4, 4})),
		"amend/higher, begun":                      picture(asked("completed", judged(1), wasScored), before([3]int{2, 1, 1}, "active"), team("in-progress"), answered(t, "r1", "amended", []int{4, 4, 4})),
		"amend/saved again":                        picture(asked("completed", judged(1), wasScored), before([3]int{2, 1, 1}, "revoked"), team("cancelled"), answered(t, "r1", "amended", []int{2, 1, 1})),
		"amend/to incomplete":                      picture(asked("completed", judged(1), wasScored), before([3]int{2, 1, 1}, "active"), team("requested"), answered(t, "r1", "amended", []int{2, 1})),
		"amend/after a deleted consult":            picture(asked("completed", judged(1), wasScored, hadConsult), before([3]int{2, 1, 1}, ""), answered(t, "r1", "amended", []int{4, 4, 4})),
		"withdraw/answers":                         picture(asked("completed", judged(1), wasScored), before([3]int{2, 1, 1}, "active"), team("requested"), answered(t, "r1", "entered-in-error", []int{2, 1, 1})),
		"withdraw/answers, begun":                  picture(asked("completed", judged(1), wasScored), before([3]int{2, 1, 1}, "active"), team("accepted"), answered(t, "r1", "entered-in-error", []int{2, 1, 1})),
		"withdraw/answers, gone home":              picture(status(stay.Finished), asked("completed", judged(1), wasScored), before([3]int{2, 1, 1}, "active"), team("requested"), answered(t, "r1", "entered-in-error", []int{2, 1, 1})),
		"withdraw/admission":                       picture(status(stay.EnteredInError), asked("completed", judged(2), wasScored), before([3]int{2, 1, 1}, "active"), team("requested"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"withdraw/admission, seen":                 picture(status(stay.EnteredInError), asked("completed", wasScored, takenBack, business("admission-cancelled")), answered(t, "r1", "completed", []int{2, 1, 1})),
		"withdraw/admission goes on":               picture(asked("completed", wasScored, takenBack, business("admission-cancelled")), withdrawnResults, answered(t, "r1", "completed", []int{2, 1, 1})),
		"withdraw/death":                           picture(deceased, asked("completed", judged(2), wasScored), before([3]int{2, 1, 1}, "active"), team("requested"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"reopen/discharge cancelled":               picture(asked("cancelled", business("discharged")), answered(t, "r1", "stopped", nil)),
		"reopen/discharge cancelled, begun":        picture(asked("cancelled", business("discharged")), begun),
		"nurse/due in an hour":                     picture(asked("requested", due(time.Hour)), draft),
		"nurse/overdue":                            picture(asked("requested", due(-time.Hour)), draft),
		"nurse/overdue, raised":                    picture(asked("requested", due(-time.Hour), raised(1)), draft),
		"nurse/overdue for two days":               picture(asked("in-progress", due(-48*time.Hour), raised(1)), begun),
		"nurse/overdue for a week, raised twice":   picture(asked("requested", due(-168*time.Hour), raised(2)), draft),
		"nurse/incomplete, overdue":                picture(asked("requested", judged(2), business("incomplete"), due(-time.Hour)), answered(t, "r1", "completed", []int{3, 2})),
		"nurse/incomplete, then declined":          picture(asked("rejected", judged(2), business("incomplete")), answered(t, "r1", "completed", []int{3, 2})),
		"nurse/cancelled":                          picture(asked("cancelled"), draft),
		"team/silent, cancelled by a clinician":    picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "revoked"), team("requested", made(25*time.Hour)), answered(t, "r1", "completed", []int{2, 1, 1})),
		"nurse/declined":                           picture(asked("rejected"), draft),
		"nurse/declined, seen":                     picture(asked("rejected", business("declined")), draft),
		"nurse/declined in the form":               picture(asked("requested"), answered(t, "r1", "completed", nil, declining(t))),
		"nurse/declined, then discharged":          picture(status(stay.Finished), asked("rejected"), draft),
		"nurse/unable, an hour ago":                picture(asked("rejected", unable("intoxicated", time.Hour)), draft),
		"nurse/unable, yesterday":                  picture(asked("on-hold", unable("too-ill", 25*time.Hour)), draft),
		"nurse/unable, third time":                 picture(asked("failed", business("unable")), asked("failed", business("unable")), asked("rejected", unable("delirious", 25*time.Hour)), draft),
		"nurse/unable, gone home":                  picture(status(stay.Finished), asked("rejected", unable("delirious", 25*time.Hour)), draft),
		"team/accepted":                            picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "active"), team("accepted"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/completed":                           picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "active"), team("completed"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/completed, carried":                  picture(asked("completed", judged(2), wasScored, hadConsult, carried("completed")), before([3]int{2, 1, 1}, "completed"), team("completed"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/rejected":                            picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "active"), team("rejected"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/takes it up again":                   picture(asked("completed", judged(2), wasScored, hadConsult, carried("rejected")), before([3]int{2, 1, 1}, "revoked"), team("accepted"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/completed, cancelled by a clinician": picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "revoked"), team("completed"), answered(t, "r1", "completed", []int{2, 1, 1})),
		"consult/already ordered":                  picture(ordered, asked("requested"), answered(t, "r1", "completed", []int{4, 4, 4})),
		"consult/already ordered, below the limit": picture(ordered, asked("requested"), answered(t, "r1", "completed", []int{1, 0, 0})),
		"who/screened last week":                   picture(screened(7 * 24 * time.Hour)),
		"who/screened last year":                   picture(screened(300 * 24 * time.Hour)),
		"who/flagged":                              picture(flagged),
		"who/excluded ward":                        picture(lies("Location/palliative")),
		"who/excluded service":                     picture(ofService),
		"team/silent for an hour":                  picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "active"), team("requested", made(time.Hour)), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/silent for a day":                    picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "active"), team("requested", made(25*time.Hour)), answered(t, "r1", "completed", []int{2, 1, 1})),
		"team/silent, urgent":                      picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{4, 4, 4}, "active"), team("requested", made(5*time.Hour), hurried), answered(t, "r1", "completed", []int{4, 4, 4})),
		"team/silent, raised":                      picture(asked("completed", judged(2), wasScored, hadConsult), before([3]int{2, 1, 1}, "active"), team("requested", made(50*time.Hour), raised(1)), answered(t, "r1", "completed", []int{2, 1, 1})),
		"judge/after discharge, on record only":    picture(status(stay.Finished), asked("cancelled"), answered(t, "r1", "completed", []int{2, 2, 2})),
		"transfer/asked":                           picture(lies("Location/b"), asked("requested", was("Location/a")), draft),
		"transfer/closed":                          picture(lies("Location/b"), asked("completed", judged(2), wasScored, was("Location/a")), answered(t, "r1", "completed", []int{0})),
		"transfer/stays":                           picture(lies("Location/a"), asked("in-progress", was("Location/a")), begun),
		"judge/withdrawn":                          picture(asked("requested"), answered(t, "r1", "entered-in-error", []int{2, 1, 1})),
		"judge/another screen's response":          picture(asked("requested"), draft, answered(t, "r2", "completed", []int{2, 1, 1})),
		"judge/two, the newest counts":             picture(asked("requested"), answered(t, "r1", "completed", []int{4, 4, 4}, at(-time.Hour)), answered(t, "r2", "completed", []int{1, 0, 0})),
		"judge/answered before anybody asked":      picture(answered(t, "r2", "completed", []int{2, 1, 1})),
		"judge/incomplete, nobody asked":           picture(answered(t, "r2", "completed", []int{2, 1})),
		"judge/outpatient's form":                  picture(class("AMB"), answered(t, "r2", "completed", []int{4, 4, 4})),
	}
	got := map[string]pathway.Decision{}
	for name, s := range cases {
		got[name] = pathway.Decide(s, policyFor(name), noon)
	}
	golden(t, "testdata/decisions.json", got)
}

// policyFor is the default but for the cases about what a hospital may set.
func policyFor(name string) *pathway.Policy {
	p := pathway.DefaultPolicy()
	code := []pathway.Coding{{System: "https://hospital.example.no", Code: "x"}}
	switch name {
	case "who/screened last week", "who/screened last year":
		p.Screening.RescreenAfter.Duration = 720 * time.Hour
	case "who/flagged":
		p.Screening.DoNotAsk = code
	case "who/excluded ward":
		p.Screening.ExcludedLocations = []string{"Location/palliative"}
	case "who/excluded service":
		p.Screening.ExcludedServiceTypes = code
	case "judge/after discharge, on record only":
		p.AfterDischarge = "record"
	}
	return p
}

func golden(t *testing.T, path string, got any) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, want) {
		t.Errorf("the decisions differ from %s; look at what -update changes:\n%s", path, differing(want, text))
	}
}

func differing(want, got []byte) string {
	var a, b map[string]json.RawMessage
	_, _ = json.Unmarshal(want, &a), json.Unmarshal(got, &b)
	var out strings.Builder
	for name := range b {
		if !bytes.Equal(a[name], b[name]) {
			fmt.Fprintf(&out, "%s\nwant %s\n got %s\n", name, a[name], b[name])
		}
	}
	return out.String()
}

// A second look at what the first decision led to writes nothing.
func TestWhatWasDoneIsLeftAlone(t *testing.T) {
	for name, s := range map[string]stay.Stay{
		"asked":      picture(asked("requested"), answered(t, "r1", "in-progress", nil)),
		"scored":     picture(asked("completed", judged(2), wasScored), answered(t, "r1", "completed", []int{2, 1, 1})),
		"incomplete": picture(asked("requested", judged(2)), answered(t, "r1", "completed", []int{3, 2})),
		"discharged": picture(status(stay.Finished), asked("cancelled", business("discharged")), answered(t, "r1", "stopped", nil)),
	} {
		if d := pathway.Decide(s, pathway.DefaultPolicy(), noon.Add(72*time.Hour)); !d.Nothing() {
			t.Errorf("%s: %+v", name, d)
		}
	}
}
