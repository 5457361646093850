package pathway

import (
	"fmt"
	"testing"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// A letter tells of an earlier score that holds, that it is not about, and that all who
// read the order may read.
func TestWhichEarlierScoresALetterTellsOf(t *testing.T) {
	conf := func(code string) []stay.Code { return []stay.Code{{System: Confidentiality, Code: code}} }
	for name, test := range map[string]struct {
		score   stay.Result
		carries []stay.Code
		told    bool
	}{
		"any":                          {stay.Result{Ref: "o1", Status: "final"}, nil, true},
		"withdrawn":                    {stay.Result{Ref: "o1", Status: "entered-in-error"}, nil, false},
		"deleted":                      {stay.Result{}, nil, false},
		"that it is about":             {stay.Result{Ref: "o0", Status: "final"}, nil, false},
		"restricted":                   {stay.Result{Ref: "o1", Labels: conf("R")}, nil, false},
		"restricted as the order":      {stay.Result{Ref: "o1", Labels: conf("R")}, conf("R"), true},
		"less than the order":          {stay.Result{Ref: "o1", Labels: conf("R")}, conf("V"), true},
		"more than the order":          {stay.Result{Ref: "o1", Labels: conf("V")}, conf("R"), false},
		"normal":                       {stay.Result{Ref: "o1", Labels: conf("N")}, nil, true},
		"low":                          {stay.Result{Ref: "o1", Labels: conf("L")}, nil, true},
		"sensitive":                    {stay.Result{Ref: "o1", Labels: coded("ETH")}, conf("R"), false},
		"sensitive as the order":       {stay.Result{Ref: "o1", Labels: coded("ETH")}, append(coded("x"), coded("ETH")...), true},
		"an N that is another's label": {stay.Result{Ref: "o1", Labels: []stay.Code{{System: "other", Code: "N"}}}, nil, false},
	} {
		s := stay.Stay{Screening: stay.Screening{Scores: []stay.Result{test.score}, EarlierScore: stay.Result{Ref: "o0"}}}
		if got := EarlierScores(s, test.carries); (len(got) == 1) != test.told {
			t.Errorf("%s: %v", name, got)
		}
	}
	var many stay.Stay
	for i := range 7 {
		many.Scores = append(many.Scores, stay.Result{Ref: fmt.Sprint(i)})
	}
	if got := EarlierScores(many, nil); len(got) != 5 || got[0].Ref != "0" {
		t.Errorf("of seven: %v", got)
	}
}

// Only who writes a letter reads what went before.
func TestWhoNeedsTheHistory(t *testing.T) {
	for name, test := range map[string]struct {
		plans  Action
		unread []stay.Part
		want   bool
	}{
		"nobody is asked": {&TaskChange{}, stay.Parts, false},
		"new":             {&Referral{}, stay.Parts, true},
		"changed":         {&Referral{Changes: "s1"}, stay.Parts, true},
		"renewed":         {&Referral{Renews: "s1"}, stay.Parts, true},
		"it stands":       {&Referral{Stands: "s1"}, stay.Parts, false},
		"completed":       {&Referral{Completes: "s1"}, stay.Parts, false},
		"it was read":     {&Referral{}, nil, false},
	} {
		c := &chart{Stay: stay.Stay{Screening: stay.Screening{Unread: test.unread}}, decision: Decision{Actions: []Action{test.plans}}}
		if got := c.needsHistory(); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
