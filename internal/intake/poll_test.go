package intake

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
)

// noon is on the server's clock, which is not ours.
var noon = time.Date(2031, 5, 17, 12, 0, 0, 0, time.UTC)

const overlap, lookBack = 10 * time.Minute, 72 * time.Hour

// watching gives a poller that has seen all there is on the server.
func watching(t *testing.T, c *fhir.Client) (*Poller, *heard) {
	t.Helper()
	q := &heard{}
	p := NewPoller(c, q, names, Back{overlap, lookBack}, NewCensus(c, q, names, nil), nil)
	for range 2 { // the first round only finds out what time it is there
		rounds(t, p)
	}
	q.took()
	return p, q
}

func rounds(t *testing.T, p *Poller) {
	t.Helper()
	if err := p.round(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestEachChangeNamesItsAdmission(t *testing.T) {
	encounter := `"encounter":{"reference":"Encounter/7"}`
	form := fmt.Sprintf(`"questionnaire":%q`, names.Questionnaires[0]+"|1.0.0-nb")
	for _, tt := range []struct{ name, ref, elements, want string }{
		{"an admission", "Encounter/7", `"status":"in-progress"`, "7"},
		{"a part of an admission, and the whole", "Encounter/8", `"partOf":{"reference":"Encounter/7"}`, "7 8"},
		{"our task, by its identifier", "Task/1", identified("ask", "7"), "7"},
		{"our answer, by its identifier", "QuestionnaireResponse/1", fmt.Sprintf(`"identifier":{"system":%q,"value":"draft:7"}`, names.IdentifierSystem), "7"},
		{"an answer to our form from another screen", "QuestionnaireResponse/1", form + "," + encounter, "7"},
		{"an absolute reference into the server", "QuestionnaireResponse/1", form + `,"encounter":{"reference":"{base}/Encounter/7"}`, "7"},
		{"a form without a version", "QuestionnaireResponse/1", fmt.Sprintf(`"questionnaire":%q,`, names.Questionnaires[0]) + encounter, "7"},
		{"somebody else's task", "Task/1", `"identifier":[{"system":"theirs","value":"ask:7"}],` + encounter, ""},
		{"an answer to somebody else's form", "QuestionnaireResponse/1", `"questionnaire":"https://x|1",` + encounter, ""},
		{"a form that only begins like ours", "QuestionnaireResponse/1", fmt.Sprintf(`"questionnaire":%q,`, names.Questionnaires[0]+"-2") + encounter, ""},
		{"a task for our form, without its identifier", "Task/1", fmt.Sprintf(`"input":[{"valueCanonical":"https://x"},{"valueCanonical":%q}],`, names.Questionnaires[0]+"|1") + encounter, "7"},
		{"a task with a code of ours, without its identifier", "Task/1", fmt.Sprintf(`"code":{"coding":[{"system":"theirs"},{"system":%q,"code":"consult"}]},`, names.CodeSystem) + encounter, "7"},
		{"a task for another form", "Task/1", `"input":[{"valueCanonical":"https://x|1"}],"code":{"coding":[{"system":"theirs","code":"consult"}]},` + encounter, ""},
		{"a task for our form of another server's admission", "Task/1", fmt.Sprintf(`"input":[{"valueCanonical":%q}],"encounter":{"reference":"https://evil.example/Encounter/7"}`, names.Questionnaires[0]), ""},
		{"an identifier of ours that names nothing", "Task/1", identified("ask", ""), ""},
		{"an identifier of ours that leads elsewhere", "Task/1", identified("ask", "../../x"), ""},
		{"a part of an admission on another server", "Encounter/8", `"partOf":{"reference":"https://evil.example/Encounter/7"}`, "8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, c := serve(t)
			s.put("Encounter/old", noon.Add(-time.Hour), "")
			p, q := watching(t, c)
			s.put(tt.ref, noon, strings.ReplaceAll(tt.elements, "{base}", s.base))
			rounds(t, p)
			q.wantFresh(t, tt.want, "it has just changed")
			rounds(t, p)
			q.wantFresh(t, "", "the overlap shows it again, but it has not changed")
			s.put(tt.ref, noon.Add(time.Minute), strings.ReplaceAll(tt.elements, "{base}", s.base))
			rounds(t, p)
			q.wantFresh(t, tt.want, "it has changed again")
			if len(p.census.bell) != 0 {
				t.Error("a census was asked for, without need")
			}
		})
	}
}

// A response that says where its form lies is looked into by who knows the forms.
func TestAnAnswerToOurFormByWhereItLies(t *testing.T) {
	s, c := serve(t)
	s.put("Encounter/old", noon.Add(-time.Hour), "")
	p, q := watching(t, c)
	var asked []string
	p.Answers = func(_ context.Context, r fhir.Resource) bool {
		form := r.Get("questionnaire").String()
		asked = append(asked, form)
		return form == "Questionnaire/1"
	}
	for i, test := range []struct{ elements, named, asked string }{
		{`"questionnaire":"Questionnaire/1","encounter":{"reference":"Encounter/7"}`, "7", "Questionnaire/1"},
		{`"questionnaire":"Questionnaire/2","encounter":{"reference":"Encounter/7"}`, "", "Questionnaire/2"},
		{fmt.Sprintf(`"questionnaire":%q,"encounter":{"reference":"Encounter/7"}`, names.Questionnaires[0]), "7", ""},
		{fmt.Sprintf(`"questionnaire":"Questionnaire/2","identifier":{"system":%q,"value":"draft:7"}`, names.IdentifierSystem), "7", ""},
	} {
		asked = nil
		s.put("QuestionnaireResponse/1", noon.Add(time.Duration(i)*time.Minute), test.elements)
		rounds(t, p)
		q.wantFresh(t, test.named, test.elements)
		if got := strings.Join(asked, " "); got != test.asked {
			t.Errorf("%s: asked about %q", test.elements, got)
		}
	}
	s.put("QuestionnaireResponse/1", noon.Add(time.Hour), `"questionnaire":"Questionnaire/1"`)
	rounds(t, p)
	if len(p.census.bell) != 1 {
		t.Error("an answer without its encounter asks for no census")
	}
}

// After a start everybody who changed within three days lets the fresh pass: by
// the admission, and by the patient.
func TestWhatChangedBeforeTheStartIsBacklog(t *testing.T) {
	s, c := serve(t)
	s.put("Encounter/7", noon.Add(-time.Hour), `"subject":{"reference":"Patient/1"}`)
	s.put("Patient/1", noon.Add(-time.Hour), "")
	q := &heard{}
	p := NewPoller(c, q, names, Back{overlap, lookBack}, NewCensus(c, q, names, nil), nil)
	for range 2 {
		rounds(t, p)
	}
	if fresh, backlog := q.took(); fresh != "" || backlog != "7 7" {
		t.Errorf("fresh %q, backlog %q; want the admission in the backlog, by itself and by its patient", fresh, backlog)
	}
	s.put("Patient/1", noon, "")
	rounds(t, p)
	q.wantFresh(t, "7", "the patient has just changed")
}

// A server's clock that ran ahead and was put back, or one record of a year to
// come, hides nothing that is written afterwards.
func TestAStampOfTheFutureHidesNothing(t *testing.T) {
	for name, future := range map[string]time.Time{"a clock put back": noon.Add(6 * time.Hour), "a record of a year to come": noon.AddDate(60, 0, 0)} {
		t.Run(name, func(t *testing.T) {
			s, c := serve(t)
			s.put("Encounter/future", future, "")
			p, q := watching(t, c)
			s.now = noon
			s.put("Encounter/7", noon, "")
			rounds(t, p) // the answer to this one shows what time it is now
			rounds(t, p)
			q.wantFresh(t, "7", "it was written after the clock was put back")
			rounds(t, p)
			q.wantFresh(t, "", "it has not changed since")
		})
	}
}

// What a patient hands in herself names her open admissions, and needs no census.
func TestAnAnswerFromAPortalNamesThePatientsAdmissions(t *testing.T) {
	for source, want := range map[string]string{"Patient/p7": "7", "{base}/Patient/p7": "7", "Practitioner/p7": "", "https://evil.example/Patient/p7": ""} {
		s, c := serve(t)
		s.put("Encounter/7", noon.Add(-time.Hour), `"status":"in-progress","subject":{"reference":"Patient/p7"}`)
		p, q := watching(t, c)
		s.put("QuestionnaireResponse/1", noon, fmt.Sprintf(`"questionnaire":%q,"source":{"reference":%q}`, names.Questionnaires[0], strings.ReplaceAll(source, "{base}", s.base)))
		rounds(t, p)
		q.wantFresh(t, want, source)
		if rung := len(p.census.bell) == 1; rung != (want == "") {
			t.Errorf("%s: a census was asked for: %t", source, rung)
		}
	}
}

// One that she puts right when she has gone home names the admission in which she was
// asked, which no search for open ones finds; what else changes about her does not.
func TestAnAnswerFromAPortalThatIsPutRightLater(t *testing.T) {
	answer := fmt.Sprintf(`"questionnaire":%q,"source":{"reference":"Patient/p7"}`, names.Questionnaires[0])
	for ref, test := range map[string]struct{ elements, want string }{
		"QuestionnaireResponse/1": {answer, "7"}, "Patient/p7": {`"deceasedBoolean":false`, ""},
	} {
		s, c := serve(t)
		s.put("Task/1", noon.Add(-time.Hour), `"status":"completed",`+identified("screening", "7"))
		p, q := watching(t, c)
		s.put(ref, noon, test.elements)
		rounds(t, p)
		q.wantFresh(t, test.want, ref)
		if len(p.wrote) > 0 {
			t.Errorf("%s: it is remembered for ever who has answered", ref)
		}
	}
}

func TestAnAnswerThatNamesNoAdmissionRingsTheCensus(t *testing.T) {
	for name, encounter := range map[string]string{
		"none": "", "a contained one": `,"encounter":{"reference":"#e"}`, "by identifier": `,"encounter":{"identifier":{"value":"7"}}`,
		"elsewhere": `,"encounter":{"reference":"https://evil.example/Encounter/7"}`, "not an encounter": `,"encounter":{"reference":"Patient/7"}`,
	} {
		t.Run(name, func(t *testing.T) {
			s, c := serve(t)
			p, q := watching(t, c)
			s.put("QuestionnaireResponse/1", noon, fmt.Sprintf(`"questionnaire":%q`, names.Questionnaires[0])+encounter)
			rounds(t, p)
			q.wantFresh(t, "", "nobody knows whose it is")
			if len(p.census.bell) != 1 {
				t.Error("nobody looks for the task that it belongs to")
			}
		})
	}
}

func TestAWriteThatBecomesVisibleLateIsNamed(t *testing.T) {
	s, c := serve(t)
	s.put("Encounter/1", noon, "")
	p, q := watching(t, c)
	s.put("Encounter/2", noon.Add(30*time.Minute), "")
	rounds(t, p)
	q.wantFresh(t, "2", "it is new")
	s.put("Encounter/late", noon.Add(21*time.Minute), "") // a transaction that took nine minutes
	rounds(t, p)
	q.wantFresh(t, "late", "its time stamp is older than the newest, but inside the overlap")
	rounds(t, p)
	q.wantFresh(t, "", "it has not changed since")
}

func TestUnchangedOnesAreNotNamedAgainInAnyTimeZone(t *testing.T) {
	for name, zone := range map[string]*time.Location{
		"UTC": time.UTC, "Norway": time.FixedZone("", 2*3600), "India": time.FixedZone("", 5*3600+1800), "Nepal": time.FixedZone("", 5*3600+2700), "Newfoundland": time.FixedZone("", -3*3600-1800),
	} {
		t.Run(name, func(t *testing.T) {
			s, c := serve(t)
			s.offset = zone
			s.put("Encounter/1", noon, "")
			p, q := watching(t, c)
			for range 3 {
				rounds(t, p)
				q.wantFresh(t, "", "nothing has changed")
			}
		})
	}
}

// An answer that was amended, or an admission that was cancelled, while the
// service was down has no open task: no census would find it.
func TestWhatChangedBeforeTheStartIsLookedAtOnce(t *testing.T) {
	s, c := serve(t)
	s.put("Encounter/now", noon, "")
	s.put("Encounter/weekend", noon.Add(-lookBack+time.Hour), "")
	s.put("Encounter/long-ago", noon.Add(-lookBack-time.Hour), "")
	q := &heard{}
	p := NewPoller(c, q, names, Back{overlap, lookBack}, nil, nil)
	rounds(t, p)
	q.wantFresh(t, "", "the first round only reads the server's clock")
	if len(p.bell) != 1 {
		t.Error("nobody looks at once at what came meanwhile")
	}
	rounds(t, p)
	if fresh, backlog := q.took(); fresh != "" || backlog != "now weekend" {
		t.Errorf("fresh %q, backlog %q; want those of the last days, and not before what happens now", fresh, backlog)
	}
	s.put("Encounter/new", noon.Add(time.Minute), "")
	rounds(t, p)
	if fresh, backlog := q.took(); fresh != "new" || backlog != "" {
		t.Errorf("fresh %q, backlog %q; want only what is new", fresh, backlog)
	}
}

func TestTheFirstResourceOfAnEmptyServerIsNamed(t *testing.T) {
	s, c := serve(t)
	p, q := watching(t, c)
	s.put("Encounter/1", noon, "")
	rounds(t, p)
	q.wantFresh(t, "1", "it is new")
	s.put("Encounter/2", noon.Add(time.Second), "")
	rounds(t, p)
	q.wantFresh(t, "2", "only that is new")
}

func TestOneTypeThatFailsDoesNotStopTheOthers(t *testing.T) {
	for _, tt := range []struct{ broken, first, then string }{{"Encounter", "2 3", "1"}, {"Task", "1 3", "2"}, {"QuestionnaireResponse", "1 2", "3"}} {
		t.Run(tt.broken, func(t *testing.T) {
			s, c := serve(t)
			p, q := watching(t, c)
			s.put("Encounter/1", noon, "")
			s.put("Task/1", noon, identified("ask", "2"))
			s.put("QuestionnaireResponse/1", noon, fmt.Sprintf(`"questionnaire":%q,"encounter":{"reference":"Encounter/3"}`, names.Questionnaires[0]))
			s.fail = func(r *http.Request) bool { return r.URL.Path == "/"+tt.broken }
			if err := p.round(t.Context()); err == nil {
				t.Error("the failure is hidden")
			}
			q.wantFresh(t, tt.first, "their types answered")
			s.fail = nil
			rounds(t, p)
			q.wantFresh(t, tt.then, "its type answers again")
		})
	}
}

// A server may ignore _sort. If then a later page fails, what stood on it must
// not be lost, however old it is.
func TestASweepThatBrokeOffIsTakenUpFromWhereItBegan(t *testing.T) {
	for name, unsorted := range map[string]bool{"oldest first": false, "newest first": true} {
		t.Run(name, func(t *testing.T) {
			s, c := serve(t)
			s.pageSize, s.unsorted = 1, unsorted
			s.put("Encounter/0", noon, "")
			p, q := watching(t, c)
			s.put("Encounter/1", noon.Add(time.Hour), "")
			s.put("Encounter/2", noon.Add(2*time.Hour), "")
			s.put("Encounter/3", noon.Add(3*time.Hour), "")
			s.fail = func(r *http.Request) bool { return r.URL.Query().Get("from") == "2" }
			if err := p.round(t.Context()); err == nil {
				t.Fatal("the failure is hidden")
			}
			first, _ := q.took()
			s.fail = nil
			rounds(t, p)
			second, _ := q.took()
			for _, id := range []string{"1", "2", "3"} {
				if !strings.Contains(first+second, id) {
					t.Errorf("%s was never named: %q, then %q", id, first, second)
				}
			}
		})
	}
}

func TestWhatNobodyCanAskForIsNotNamed(t *testing.T) {
	s, c := serve(t)
	p, q := watching(t, c)
	s.put("Encounter/../../admin", noon, "")
	s.put("Encounter/", noon, "")
	s.put("Encounter/1", noon, "")
	rounds(t, p)
	q.wantFresh(t, "1", "the others have no id that fits a request")
}

// One search asks about many patients: an id that the server refuses would cost
// the others their answer, and a huge one would make it.
func TestAPatientWhomNobodyCanAskForHidesNoOther(t *testing.T) {
	s, c := serve(t)
	p, _ := watching(t, c)
	for _, id := range []string{"1", "a,b", "../x", strings.Repeat("9", 100_000)} {
		s.put("Patient/"+id, noon, "")
	}
	rounds(t, p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := s.asked[len(s.asked)-1]; !strings.HasPrefix(last, "/Encounter?patient=1&") {
		t.Errorf("asked for %.200s", last)
	}
}

func TestThePollerAsksOnlyForTheOverlapHoweverLongTheHistory(t *testing.T) {
	s, c := serve(t)
	p, _ := watching(t, c)
	for i := range 300 {
		s.now = noon.Add(time.Duration(i) * time.Minute)
		s.put(fmt.Sprintf("Encounter/%d", i), s.now, "")
		rounds(t, p)
	}
	if n := len(p.cursors["Encounter"].seen); n > 25 {
		t.Errorf("%d resources are remembered; the overlap holds 11", n)
	}
	last := s.asked[len(s.asked)-3:]
	for _, asked := range last {
		if strings.HasPrefix(asked, "/Encounter") && !strings.Contains(asked, "_lastUpdated=ge2031-05-17T16%3A48%3A00.000Z") {
			t.Errorf("asked for %s", asked)
		}
	}
}

func TestTheBellStartsARoundAndTheEndOfTheContextStopsIt(t *testing.T) {
	s, c := serve(t)
	q := &heard{}
	told := make(chan error)
	p := NewPoller(c, q, names, Back{overlap, lookBack}, nil, func(err error) { told <- err })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { p.Run(ctx, 0); close(done) }()
	for range 2 { // the start, and the look at once that follows it
		if err := <-told; err != nil {
			t.Error(err)
		}
	}
	s.put("Encounter/1", noon, "")
	p.Ring()
	if err := <-told; err != nil {
		t.Error(err)
	}
	q.wantFresh(t, "1", "the bell was rung")
	cancel()
	<-done
}

// One transaction of ours changes several resources of one admission: one look
// at it is enough.
func TestSeveralChangesOfOneAdmissionNameItOnce(t *testing.T) {
	s, c := serve(t)
	p, q := watching(t, c)
	s.put("Task/1", noon, identified("screening", "7"))
	s.put("Task/2", noon, identified("consult-task", "7"))
	rounds(t, p)
	q.wantFresh(t, "7", "both tasks are of one admission")
}
