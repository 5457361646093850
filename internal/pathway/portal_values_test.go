package pathway

import (
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// Which answers of a patient are placed where nobody says where they belong.
func TestPlacing(t *testing.T) {
	patient := stay.Patient{Ref: "p1", Formerly: []string{"p0"}}
	portal := stay.Response{Ref: "r7", Status: "completed", Subject: "p1", Source: "p1", Authored: noonOf17.Add(time.Hour)}
	but := func(change func(*stay.Response)) []stay.Response {
		r := portal
		change(&r)
		return []stay.Response{r}
	}
	waits := stay.Task{Ref: "t", Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Number: 1, Status: "requested", For: "p1"}
	for name, test := range map[string]struct {
		answers []stay.Response
		task    stay.Task
		status  stay.Status
		others  int
		want    string
	}{
		"hers":                          {answers: []stay.Response{portal}, want: "placed r7"},
		"by an older record":            {answers: but(func(r *stay.Response) { r.Source, r.Subject = "p0", "p0" }), want: "placed r7"},
		"amended":                       {answers: but(func(r *stay.Response) { r.Status = "amended" }), want: "placed r7"},
		"not handed in":                 {answers: but(func(r *stay.Response) { r.Status = "in-progress" })},
		"by somebody else":              {answers: but(func(r *stay.Response) { r.Source = "p2" })},
		"by nobody":                     {answers: but(func(r *stay.Response) { r.Source = "" })},
		"about somebody else":           {answers: but(func(r *stay.Response) { r.Subject = "p2" })},
		"about nobody":                  {answers: but(func(r *stay.Response) { r.Subject = "" })},
		"from before she came":          {answers: but(func(r *stay.Response) { r.Authored = noonOf17.Add(-time.Second) })},
		"at the moment when she came":   {answers: but(func(r *stay.Response) { r.Authored = noonOf17 })},
		"another admission waits":       {answers: []stay.Response{portal}, others: 1, want: "unplaced"},
		"none of hers, and others wait": {answers: but(func(r *stay.Response) { r.Source = "" }), others: 1},
		"the Task is closed":            {answers: []stay.Response{portal}, task: stay.Task{Ref: "t", Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Number: 1, Status: "rejected", For: "p1"}},
		"she has gone home":             {answers: []stay.Response{portal}, status: stay.Finished},
		"the Task is another patient's": {answers: []stay.Response{portal}, task: stay.Task{Ref: "t", Purpose: stay.Purpose{Kind: stay.ScreeningTask}, Number: 1, Status: "requested", For: "p2"}},
	} {
		s := stay.Stay{Admission: stay.Admission{ID: "e1", Status: stay.InProgress, Start: noonOf17}, Patient: patient, Tasks: []stay.Task{waits}, Screening: stay.Screening{Unplaced: test.answers, Waiting: test.others}}
		if test.task.Ref != "" {
			s.Tasks[0] = test.task
		}
		if test.status != "" {
			s.Admission.Status = test.status
		}
		c := newChart(s, policyOf(nil), noonOf17.Add(2*time.Hour))
		got := ""
		for _, r := range c.decision.Reasons {
			got = r.Rule
		}
		for _, r := range c.Responses {
			got += " " + r.Ref
		}
		if strings.TrimSpace(got) != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
