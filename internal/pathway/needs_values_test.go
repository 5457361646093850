package pathway

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// inpatient is a woman in the hospital of whom nothing beyond our work has been read.
func inpatient(change func(*stay.Stay)) stay.Stay {
	s := stay.Stay{
		Admission: stay.Admission{ID: "e1", Status: stay.InProgress, Classes: []stay.Code{{Code: "IMP"}}},
		Patient:   stay.Patient{Ref: "Patient/1"},
		Screening: stay.Screening{Unread: []stay.Part{stay.Twins, stay.Scores, stay.Consults, stay.Background, stay.Spared, stay.EarlierScores}},
	}
	change(&s)
	return s
}

func nurseTask(change func(*stay.Task)) stay.Task {
	t := stay.Task{Ref: "Task/1", Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Number: 1, For: "Patient/1", Status: "completed", Response: "r1", Judged: "v1", Score: "o1", BusinessStatus: Scored}
	if change != nil {
		change(&t)
	}
	return t
}

func teamTask(status string, made time.Duration) stay.Task {
	return stay.Task{Ref: "Task/2", Purpose: stay.Purpose{Kind: stay.ConsultTask}, Number: 1, For: "Patient/1", Status: status, Made: noonOf17.Add(-made)}
}

// What a decision needs to have read, and no more.
func TestNeeds(t *testing.T) {
	handedIn := stay.Response{Ref: "r1", Version: "v1", Status: "completed", Content: new(instrument.Response)}
	newer := handedIn
	newer.Version = "v2"
	with := func(r stay.Response, change func(*stay.Task), more ...stay.Task) func(*stay.Stay) {
		return func(s *stay.Stay) {
			s.Responses, s.Tasks = []stay.Response{r}, append([]stay.Task{nurseTask(change)}, more...)
		}
	}
	referred := func(carried string) func(*stay.Task) {
		return func(t *stay.Task) { t.Consult, t.Carried = "s1", carried }
	}
	unscored := func(t *stay.Task) { t.Score = "" }
	also := func(first func(*stay.Stay), then func(*stay.Stay)) func(*stay.Stay) {
		return func(s *stay.Stay) { first(s); then(s) }
	}
	void := func(s *stay.Stay) { s.Admission.Status = stay.Cancelled }
	saying := func(status string) stay.Task {
		t := teamTask(status, 0)
		t.Reasoned = true
		return t
	}
	died := func(s *stay.Stay) { s.Patient.Deceased = true }
	earlier := func(change func(*stay.Earlier)) func(*stay.Stay) {
		return func(s *stay.Stay) {
			e := stay.Earlier{At: noonOf17.Add(-time.Hour), BusinessStatus: Scored, Score: "o0"}
			change(&e)
			s.Before, s.Unread = []stay.Earlier{e}, slices.DeleteFunc(s.Unread, func(p stay.Part) bool { return p == stay.Spared })
		}
	}
	for name, test := range map[string]struct {
		change func(*stay.Stay)
		want   string
	}{
		"to ask":                {func(*stay.Stay) {}, "spared[]"},
		"to ask, gone home":     {func(s *stay.Stay) { s.Admission.Status = stay.Finished }, ""},
		"to ask, an outpatient": {func(s *stay.Stay) { s.Admission.Classes[0].Code = "AMB" }, ""},
		"to ask nobody":         {func(s *stay.Stay) { s.Patient.Ref = "" }, ""},
		"asked, and a person has deleted it": {func(s *stay.Stay) {
			s.Responses = []stay.Response{{Ours: true, Number: 1, Content: new(instrument.Response)}}
		}, ""},
		"screened before":                 {earlier(func(*stay.Earlier) {}), "earlier score[o0]"},
		"screened before, with a consult": {earlier(func(e *stay.Earlier) { e.Consult = "s0" }), ""},
		"screened long before":            {earlier(func(e *stay.Earlier) { e.At = noonOf17.AddDate(-1, 0, 0) }), ""},
		"asked, screened before": {also(earlier(func(*stay.Earlier) {}), func(s *stay.Stay) {
			s.Tasks = []stay.Task{nurseTask(func(t *stay.Task) { t.Status, t.Score, t.Judged = "requested", "", "" })}
		}), ""},
		"waiting": {func(s *stay.Stay) {
			s.Tasks = []stay.Task{nurseTask(func(t *stay.Task) { t.Status, t.Score, t.Judged = "requested", "", "" })}
		}, ""},
		"answers to judge":                  {with(newer, unscored), "background[]"},
		"answers to judge anew":             {with(newer, nil), "score[o1] background[]"},
		"judged":                            {with(handedIn, nil), ""},
		"judged, no score, closed":          {with(handedIn, unscored), "background[]"},
		"judged, no score, open":            {with(handedIn, func(t *stay.Task) { t.Score, t.Status = "", "requested" }), ""},
		"judged, a part was never made":     {with(handedIn, func(t *stay.Task) { t.NoResult = true }), "background[]"},
		"answers taken back":                {with(stay.Response{Ref: "r1", Status: "entered-in-error", Content: new(instrument.Response)}, nil), "score[o1]"},
		"taken back before":                 {with(stay.Response{Ref: "r1", Status: "entered-in-error", Content: new(instrument.Response)}, func(t *stay.Task) { t.Withdrawn = true }), ""},
		"the stay never was":                {also(with(handedIn, referred("requested")), void), "score[o1] consult[s1]"},
		"the stay never was, known":         {also(with(handedIn, func(t *stay.Task) { t.BusinessStatus = AdmissionCancelled }), void), ""},
		"the stay never was, revoked":       {also(with(handedIn, func(t *stay.Task) { t.BusinessStatus, t.Consult, t.Carried = AdmissionCancelled, "s1", "cancelled" }), void), ""},
		"the stay never was, asked for yet": {also(with(handedIn, func(t *stay.Task) { t.BusinessStatus, t.Consult, t.Carried = AdmissionCancelled, "s1", "accepted" }), void), "consult[s1]"},
		"died, the team's Task is gone":     {also(with(handedIn, referred("accepted")), died), "consult[s1]"},
		"died, revoked":                     {also(with(handedIn, referred("cancelled")), died), ""},
		"died":                              {also(with(handedIn, referred("accepted"), teamTask("accepted", 0)), died), "consult[s1]"},
		"died, seen by the team":            {also(with(handedIn, referred("completed"), teamTask("completed", 0)), died), ""},
		"another patient":                   {also(with(handedIn, referred("completed"), teamTask("completed", 0)), func(s *stay.Stay) { s.Patient.Ref = "Patient/2" }), "score[o1] consult[s1]"},
		"labels have come":                  {also(with(handedIn, referred("completed"), teamTask("completed", 0)), func(s *stay.Stay) { s.Patient.Labels = coded("R") }), "score[o1] consult[s1]"},
		"the team has the consult":          {with(handedIn, referred("requested"), teamTask("requested", 0)), "consult[s1]"},
		"the team has ended it":             {with(handedIn, referred("requested"), teamTask("completed", 0)), "consult[s1]"},
		"the team has ended it, shown":      {with(handedIn, referred("completed"), teamTask("completed", 0)), ""},
		"turned down, shown":                {with(handedIn, referred("rejected"), teamTask("rejected", 0)), ""},
		"turned down, with a reason":        {with(handedIn, referred("rejected"), saying("rejected")), "consult[s1]"},
		"done, with a note":                 {with(handedIn, referred("completed"), saying("completed")), ""},
		"referred unscored, answers come":   {with(newer, func(t *stay.Task) { t.Score, t.Consult, t.Carried = "", "s1", "rejected" }, teamTask("rejected", 0)), "consult[s1] background[]"},
		"the team has no Task":              {with(handedIn, referred("requested")), "consult[s1]"},
		"asked for twice": {also(with(handedIn, nil), func(s *stay.Stay) {
			s.Tasks = append(s.Tasks, nurseTask(func(t *stay.Task) { t.Ref, t.Score, t.Consult = "Task/9", "o9", "s9" }))
		}), "twins[Task/9 o9 s9]"},
	} {
		var got []string
		for _, need := range newChart(inpatient(test.change), policyOf(nil), noonOf17).needs() {
			got = append(got, fmt.Sprint(need.Part, need.Refs))
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: needs %q, want %q", name, got, test.want)
		}
	}
}

// What has been read is not asked for again.
func TestNeedsEndWhenRead(t *testing.T) {
	s := inpatient(func(s *stay.Stay) { s.Unread = nil })
	if d := Decide(s, policyOf(nil), noonOf17); d.Needs != nil || Of[Ask](d) == nil {
		t.Errorf("%+v", d)
	}
	if d := Decide(inpatient(func(*stay.Stay) {}), policyOf(nil), noonOf17); len(d.Needs) != 1 || !d.Nothing() || d.Reasons != nil {
		t.Errorf("while something is needed nothing is decided: %+v", d)
	}
}

// Who was left unasked: gone home, and would have been asked.
func TestLeftUnasked(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*stay.Stay)
		want   bool
	}{
		"gone home":           {func(*stay.Stay) {}, true},
		"still there":         {func(s *stay.Stay) { s.Admission.Status = stay.InProgress }, false},
		"cancelled":           {func(s *stay.Stay) { s.Admission.Status = stay.Cancelled }, false},
		"asked":               {func(s *stay.Stay) { s.Tasks = []stay.Task{nurseTask(nil)} }, false},
		"a child":             {func(s *stay.Stay) { s.Patient.Birth = stay.ParseDate("2020") }, false},
		"an outpatient":       {func(s *stay.Stay) { s.Admission.Classes[0].Code = "AMB" }, false},
		"of an excluded ward": {func(s *stay.Stay) { s.Admission.Locations = []string{"Location/x"} }, false},
	} {
		s := inpatient(func(s *stay.Stay) { s.Admission.Status = stay.Finished; test.change(s) })
		p := policyOf(func(p *Policy) { p.Screening.ExcludedLocations = []string{"Location/x"} })
		if got := LeftUnasked(s, p, noonOf17); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
