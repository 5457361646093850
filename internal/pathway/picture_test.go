package pathway_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// change is one thing that makes a stay differ from that of a woman of 46 who
// was admitted this morning.
type change func(*stay.Stay)

func picture(changes ...change) stay.Stay {
	s := stay.Stay{
		Admission: stay.Admission{ID: "e1", Status: stay.InProgress, Classes: inClass("IMP"), Start: noon.Add(-4 * time.Hour)},
		Patient:   stay.Patient{Ref: "Patient/p1", Sex: stay.Female, Birth: stay.ParseDate("1980-01-01")},
	}
	for _, c := range changes {
		c(&s)
	}
	return s
}

func status(v stay.Status) change { return func(s *stay.Stay) { s.Admission.Status = v } }
func class(v string) change       { return func(s *stay.Stay) { s.Admission.Classes = inClass(v) } }
func born(v string) change        { return func(s *stay.Stay) { s.Patient.Birth = stay.ParseDate(v) } }
func since(d time.Duration) change {
	return func(s *stay.Stay) { s.Admission.Start = noon.Add(-d) }
}

func partOf(class string, st stay.Status) change {
	return func(s *stay.Stay) { s.Parent = &stay.Admission{ID: "e0", Classes: inClass(class), Status: st} }
}

func deceased(s *stay.Stay) { s.Patient.Deceased = true }
func diedOn(day string) change {
	return func(s *stay.Stay) { s.Patient.Deceased, s.Patient.Died = true, stay.ParseDate(day).Last() }
}

// before is what the nurse's Task points to: points of the three items, and the
// consult's status, "" for none.
func before(points [3]int, consult string) change {
	return func(s *stay.Stay) {
		s.Score = stay.Result{Ref: "Observation/o1", Status: "final",
			Items: map[string]int{"68518-0": points[0], "68519-8": points[1], "68520-6": points[2]}}
		if consult != "" {
			s.Consult = stay.Result{Ref: "ServiceRequest/s1", Status: consult}
		}
	}
}

// team is the liaison team's Task.
func team(status string, more ...func(*stay.Task)) change {
	return func(s *stay.Stay) {
		t := stay.Task{Ref: "Task/t2", Purpose: stay.Purpose{Kind: stay.ConsultTask}, Number: 1, Status: status}
		for _, m := range more {
			m(&t)
		}
		s.Tasks = append(s.Tasks, t)
	}
}

func made(ago time.Duration) func(*stay.Task) { return func(t *stay.Task) { t.Made = noon.Add(-ago) } }
func hurried(t *stay.Task)                    { t.Priority = "urgent" }

func screened(ago time.Duration) change {
	return func(s *stay.Stay) {
		s.Before = []stay.Earlier{{At: noon.Add(-ago), BusinessStatus: "scored", Consult: "ServiceRequest/s0"}}
	}
}
func flagged(s *stay.Stay) {
	s.Flags = []stay.Flag{{Status: "active", Codes: []stay.Code{{System: "https://hospital.example.no", Code: "x"}}}}
}
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
	s.Score.Status = "entered-in-error"
}
func ordered(s *stay.Stay) {
	consult := pathway.DefaultPolicy().Consult.Codings[0]
	s.Orders = []stay.Order{{Ref: "ServiceRequest/theirs", Status: "active", Admission: "Encounter/e1", Codes: []stay.Code{{System: consult.System, Code: consult.Code}}}}
}

// advice is the nurse's Task to give brief advice.
func advice(status string, more ...func(*stay.Task)) change {
	return func(s *stay.Stay) {
		t := stay.Task{Ref: "Task/t3", Purpose: stay.Purpose{Kind: stay.Advice}, Number: 1, Status: status}
		for _, m := range more {
			m(&t)
		}
		s.Tasks = append(s.Tasks, t)
	}
}

func closedForGood(t *stay.Task) { t.ClosedBefore = true }
func hadAdvice(t *stay.Task)     { t.Advice = "Task/t3" }
func because(code string) func(*stay.Task) {
	return func(t *stay.Task) { t.Reason = code }
}
func told(code string) func(*stay.Task) { return func(t *stay.Task) { t.Notified = code } }

// whose says whom a Task is for.
func whose(patient string) func(*stay.Task) { return func(t *stay.Task) { t.For = patient } }

// formerly says that another record of the patient was merged into hers.
func formerly(patient string) change {
	return func(s *stay.Stay) { s.Patient.Formerly = []string{patient} }
}

func leftAgo(d time.Duration) change {
	return func(s *stay.Stay) { s.Admission.Status, s.Admission.End = stay.Finished, noon.Add(-d) }
}

// scoredBefore is a screening of an earlier admission of which no consult came.
func scoredBefore(sum int, more ...func(*stay.Result)) change {
	return func(s *stay.Stay) {
		score := stay.Result{Ref: "Observation/o0", Status: "final", Sum: sum}
		for _, m := range more {
			m(&score)
		}
		s.Before, s.EarlierScore = []stay.Earlier{{At: noon.Add(-48 * time.Hour), BusinessStatus: "scored", Score: score.Ref}}, score
	}
}

func refused(r *stay.Result) { r.Offer = instrument.OfferDeclined }
func void(r *stay.Result)    { r.Status = "entered-in-error" }
func poor(r *stay.Response)  { r.Poor = true }

// wishes answers the offer of a consult.
func wishes(t testing.TB, code string) func(*stay.Response) {
	content, err := instrument.ParseResponse([]byte(`{"resourceType":"QuestionnaireResponse","item":[
		{"linkId":"1","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA18929-2"}}]},
		{"linkId":"2","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA18932-6"}}]},
		{"linkId":"3","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA18934-2"}}]},
		{"linkId":"consult-offer","answer":[{"valueCoding":{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"` + code + `"}}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return func(r *stay.Response) { r.Content = content }
}

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

func nobody(s *stay.Stay) { s.Patient = stay.Patient{} }
func expecting(s *stay.Stay) {
	pregnant := pathway.DefaultPolicy().Pregnancy.Codings[0]
	s.Conditions = []stay.Condition{{Clinical: []string{"active"}, Codes: []stay.Code{{System: pregnant.System, Code: pregnant.Code}}}}
}

// asked is the nurse's Task, with a status and what is different about it.
func asked(status string, more ...func(*stay.Task)) change {
	return func(s *stay.Stay) {
		t := stay.Task{Ref: "Task/t1", Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Number: s.Attempts() + 1, Status: status, BusinessStatus: "unanswered", Response: "QuestionnaireResponse/r1"}
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
		Ours: id == "r1", Number: 1, Subject: "Patient/p1", Authored: noon, Content: content, Form: form}
	for _, m := range more {
		m(&r)
	}
	return func(s *stay.Stay) { s.Responses = append(s.Responses, r) }
}

// formOnce is parsed once: every response of a picture answers it.
var formOnce = sync.OnceValues(func() (*instrument.Form, error) {
	raw, err := artifacts.Questionnaire("nb")
	if err != nil {
		return nil, err
	}
	return instrument.AuditC().Form(raw)
})

func theForm(t testing.TB) *instrument.Form {
	form, err := formOnce()
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
func draft(t testing.TB) change { return answered(t, "r1", "in-progress", nil) }
func begun(t testing.TB) change { return answered(t, "r1", "in-progress", []int{3}) }

func ofLostForm(r *stay.Response) {
	r.Form, r.FormProblem = nil, instrument.Problem{Code: instrument.FormMissing}
}

func answers(ref string) func(*stay.Task) { return func(t *stay.Task) { t.Response = ref } }
func ours(r *stay.Response)               { r.Ours, r.Number = true, 1 }

// twin is a nurse's Task that was made twice.
func twin(status string, more ...func(*stay.Task)) change {
	return func(s *stay.Stay) {
		asked(status, append([]func(*stay.Task){named("Task/t9"), answers("QuestionnaireResponse/r9")}, more...)...)(s)
		s.Tasks[len(s.Tasks)-1].Number = 1
	}
}

func named(ref string) func(*stay.Task) { return func(t *stay.Task) { t.Ref = ref } }
func focus(ref string) func(*stay.Task) { return func(t *stay.Task) { t.Focus = ref } }
func hadOther(t *stay.Task) {
	t.Score, t.Consult, t.BusinessStatus = "Observation/o9", "ServiceRequest/s9", "scored"
}

func inClass(code string) []stay.Code {
	return []stay.Code{{System: "http://terminology.hl7.org/CodeSystem/v3-ActCode", Code: code}}
}
