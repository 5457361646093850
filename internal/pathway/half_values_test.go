package pathway

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

func form(number int, status string, change func(*stay.Response)) stay.Response {
	r := stay.Response{Ref: fmt.Sprintf("r%d", number), Number: number, Status: status, Ours: true}
	if change != nil {
		change(&r)
	}
	return r
}

// Which draft waits for its Task, and which number the next one gets.
func TestHalfDrafts(t *testing.T) {
	lost := func(r *stay.Response) { r.NoTask = true }
	theirs := func(r *stay.Response) { r.Ours, r.NoTask = false, true }
	for name, test := range map[string]struct {
		forms   []stay.Response
		half    int
		removed bool
		next    int
		asked   int // the next where somebody was asked
		open    string
	}{
		"none":                                {nil, 0, false, 1, 1, ""},
		"its Task was made":                   {[]stay.Response{form(1, "in-progress", nil)}, 0, true, 2, 2, "r1"},
		"its Task was never made":             {[]stay.Response{form(1, "in-progress", lost)}, 1, false, 1, 2, "r1"},
		"the last of two":                     {[]stay.Response{form(1, "stopped", nil), form(2, "in-progress", lost)}, 2, false, 2, 3, "r2"},
		"the last of two, written first":      {[]stay.Response{form(2, "in-progress", lost), form(1, "stopped", nil)}, 2, false, 2, 3, "r2"},
		"the first of two":                    {[]stay.Response{form(1, "stopped", lost), form(2, "completed", nil)}, 0, true, 3, 3, ""},
		"theirs":                              {[]stay.Response{form(1, "in-progress", theirs)}, 0, false, 1, 1, ""},
		"the first was deleted":               {[]stay.Response{form(3, "stopped", nil)}, 0, true, 4, 4, ""},
		"one that lost its number":            {[]stay.Response{form(0, "stopped", nil), form(1, "stopped", nil)}, 0, true, 3, 3, ""},
		"two of one number, the later counts": {[]stay.Response{form(1, "in-progress", lost), form(1, "in-progress", nil)}, 0, true, 3, 3, "r1"},
	} {
		c := &chart{Stay: stay.Stay{Screening: stay.Screening{Responses: test.forms}}, before: test.forms}
		half, removed, next, open := c.halfDraft(), c.taskRemoved(), c.nextDraft(), c.openDraft()
		c.asked = true
		if half != test.half || removed != test.removed || next != test.next || open != test.open || c.nextDraft() != test.asked {
			t.Errorf("%s: half %d, removed %t, next %d, open %q, asked %d", name, half, removed, next, open, c.nextDraft())
		}
	}
	c := &chart{Stay: stay.Stay{Screening: stay.Screening{Responses: []stay.Response{form(1, "in-progress", nil), form(2, "in-progress", nil)}}}}
	if got := c.openDraft(); got != "r2" {
		t.Errorf("the last that is open, not %s", got)
	}
}

// An open Task whose form was never made gets one: what is open, or a new one.
func TestRelinking(t *testing.T) {
	open, over := form(1, "in-progress", nil), form(1, "completed", nil)
	for name, test := range map[string]struct {
		task  stay.Task
		forms []stay.Response
		want  *TaskChange
	}{
		"it was made":         {stay.Task{}, []stay.Response{open}, nil},
		"one stands":          {stay.Task{NoResponse: true, Status: "received", BusinessStatus: "x", Reason: "y"}, []stay.Response{open}, &TaskChange{Status: "received", Business: "x", Why: "y", Draft: "r1"}},
		"none stands":         {stay.Task{NoResponse: true, Status: "received"}, nil, &TaskChange{Status: "received", NewDraft: 1}},
		"what stands is over": {stay.Task{NoResponse: true}, []stay.Response{over}, &TaskChange{NewDraft: 2}},
	} {
		c := &chart{Stay: stay.Stay{Screening: stay.Screening{Responses: test.forms}}, before: test.forms, task: test.task, asked: true}
		c.relink()
		got := planned[TaskChange](c)
		if (got == nil) != (test.want == nil) || got != nil && fmt.Sprint(*got) != fmt.Sprint(*test.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// The team's Task is made for a consult that we asked for, that stands, and that says
// that the Task was never made.
func TestAssigning(t *testing.T) {
	asked := stay.Task{Carried: "requested", Consult: "s1"}
	lost := stay.Result{Ref: "s1", Status: "active", NoTask: true}
	urgent, made, revoked, second := lost, lost, lost, lost
	urgent.Priority, made.NoTask, revoked.Status, second.Number = "asap", false, "revoked", 2
	team, routinely := []stay.Task{{Ref: "t2", Purpose: stay.Purpose{Kind: stay.ConsultTask}, Number: 1}}, noonOf17.Add(24*time.Hour)
	for name, test := range map[string]struct {
		task    stay.Task
		consult stay.Result
		tasks   []stay.Task
		plans   Action
		want    *Referral
	}{
		"never made":              {asked, lost, nil, nil, &Referral{Completes: "s1", Number: 1, Due: routinely}},
		"never made, urgent":      {asked, urgent, nil, nil, &Referral{Completes: "s1", Urgent: true, Number: 1, Due: noonOf17.Add(4 * time.Hour)}},
		"never made, the second":  {asked, second, nil, nil, &Referral{Completes: "s1", Number: 2, Due: routinely}},
		"it stands for another":   {asked, second, team, nil, &Referral{Completes: "s1", Number: 2, Due: routinely}},
		"it stands":               {asked, lost, team, nil, nil},
		"a person has deleted it": {asked, made, nil, nil, nil},
		"revoked":                 {asked, revoked, nil, nil, nil},
		"theirs":                  {stay.Task{Consult: "s1"}, lost, nil, nil, nil},
		"carried on":              {stay.Task{Carried: "completed", Consult: "s1"}, lost, nil, nil, nil},
		"no consult":              {stay.Task{Carried: "requested"}, lost, nil, nil, nil},
		"to be revoked":           {asked, lost, nil, &Revocation{Ref: "s1"}, nil},
	} {
		c := &chart{Stay: stay.Stay{Tasks: test.tasks, Consult: test.consult}, task: test.task, now: noonOf17, policy: policyOf(nil)}
		if test.plans != nil {
			c.decision.Actions = []Action{test.plans}
		}
		c.assign()
		got := planned[Referral](c)
		if (got == nil) != (test.want == nil) || got != nil && !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// What is asked of a decision: whether it follows something, and its actions in order.
func TestActionsOfADecision(t *testing.T) {
	for name, test := range map[string]struct {
		action  Action
		follows bool
	}{
		"asked":       {&Ask{Attempt: 1}, true},
		"asked again": {&Ask{Attempt: 2}, false},
		"raised":      {&TaskChange{Raise: 1}, false},
		"unable":      {&TaskChange{Business: Unable}, false},
		"ended":       {&TaskChange{Business: Discharged}, true},
		"scored":      {&Score{}, true},
		"withdrawn":   {new(Withdrawal), true},
		"referred":    {&Referral{}, true},
		"revoked":     {&Revocation{}, true},
		"moved":       {&Move{}, true},
		"labelled":    {&Labels{}, false},
		"chased":      {&Chase{}, false},
		"nothing":     {&Stop{}, false},
	} {
		d := Decision{Actions: []Action{test.action}}
		if d.Follows() != test.follows {
			t.Errorf("%s: follows %t", name, d.Follows())
		}
	}
	c := &chart{}
	plan(c, &Ask{Attempt: 1})
	plan(c, &Chase{})
	plan(c, &Ask{Attempt: 2})
	planEach[Stop](c, "a")
	planEach[Stop](c, "b")
	if d := c.decision; len(d.Actions) != 3 || Of[Ask](d).Attempt != 2 || strings.Join(*Of[Stop](d), " ") != "a b" || len(Without[Ask](d).Actions) != 2 {
		t.Errorf("one of each kind: %+v", d.Actions)
	}
	all := []Action{&Restart{}, &Stop{}, &TaskChange{}, &Chase{}, &Duplicates{}, &Move{}, &Labels{}, &HandOver{}, new(Restoration), &AdviceChange{},
		&Carriage{}, new(Notice), &Revocation{}, &Referral{}, new(Withdrawal), &Score{}, &Ask{}}
	sorted := ""
	for _, a := range (Decision{Actions: all}).inOrder().Actions {
		sorted += a.Name() + " "
	}
	if sorted != "ask score withdraw consult revoke tell carry advice restore hand_over labels follow duplicates chase task stop restart " {
		t.Error(sorted)
	}
}
