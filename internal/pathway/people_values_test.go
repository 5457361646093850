package pathway

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// For whom a limit holds, in words.
func TestForWhomALimitIs(t *testing.T) {
	for want, l := range map[string]Limit{
		"patients": {}, "women": {Sex: stay.Female}, "men": {Sex: stay.Male}, "pregnant patients": {Pregnant: true},
		"women of 65 and over": {Sex: stay.Female, MinAge: 65}, "men up to 64": {Sex: stay.Male, MaxAge: 64}, "patients of 18–64": {MinAge: 18, MaxAge: 64},
	} {
		if got := l.Who(); got != want {
			t.Errorf("%+v: %s", l, got)
		}
	}
}

// Whom a limit fits: what is uncertain about her age counts towards it.
func TestWhomALimitFits(t *testing.T) {
	woman := person{sex: stay.Female, youngest: 64, oldest: 65}
	for _, test := range []struct {
		limit Limit
		want  bool
	}{
		{Limit{}, true}, {Limit{Sex: stay.Female}, true}, {Limit{Sex: stay.Male}, false}, {Limit{Pregnant: true}, false},
		{Limit{MinAge: 65}, true}, {Limit{MinAge: 66}, false}, {Limit{MaxAge: 64}, true}, {Limit{MaxAge: 63}, false}, {Limit{MinAge: 65, MaxAge: 65}, true},
	} {
		if got := test.limit.fits(woman); got != test.want {
			t.Errorf("%+v: %t", test.limit, got)
		}
	}
	woman.pregnant = true
	if !(Limit{Pregnant: true}).fits(woman) {
		t.Error("she is pregnant")
	}
}

// Which limits hold where the sex is not known.
func TestUnknownSex(t *testing.T) {
	p := policyOf(func(p *Policy) {
		p.Tiers = Tiers{Advice: []Limit{{Sex: stay.Male, From: 3}}, Consult: []Limit{{Sex: stay.Female, From: 4}, {Sex: stay.Male, From: 6}}, Urgent: []Limit{{From: 9}}}
	})
	for rule, tiers := range map[UnknownSex]string{
		"lower": "none advice consult consult urgent", "higher": "none none advice consult urgent",
		"female": "none none consult consult urgent", "male": "none advice advice consult urgent",
	} {
		p.UnknownSex = rule
		var got []string
		for _, score := range []int{2, 3, 4, 6, 9} {
			tier, limit := p.Tier(score, stay.Patient{}, noonOf17)
			got = append(got, tier.String())
			if score == 6 && limit.From != map[UnknownSex]int{"lower": 4, "higher": 6, "female": 4, "male": 6}[rule] {
				t.Errorf("%s: by the limit %+v", rule, limit)
			}
			if (limit == Limit{}) != (tier == None) || limit.From > score {
				t.Errorf("%s, %d: %+v", rule, score, limit)
			}
		}
		if strings.Join(got, " ") != tiers {
			t.Errorf("%s: %v, want %s", rule, got, tiers)
		}
	}
}

// Of labels each once, none that is there, and of confidentialities the highest.
func TestLabelsThatAreLacking(t *testing.T) {
	level := func(codes ...string) (list []stay.Code) {
		for _, c := range codes {
			list = append(list, stay.Code{System: Confidentiality, Code: c})
		}
		return list
	}
	for _, test := range []struct{ wanted, has, lacks []stay.Code }{
		{nil, level("R"), nil},
		{level("R"), nil, level("R")},
		{level("R", "R"), nil, level("R")},
		{level("N", "V", "R"), nil, level("V")},
		{level("R"), level("V"), nil},
		{level("V"), level("R"), level("V")},
		{level("U", "R"), nil, level("R")},
		{level("U"), level("R"), nil},
		{level("L"), level("U"), level("L")},
		{level("M"), level("L"), level("M")},
		{level("N"), level("M"), level("N")},
		{level("R"), level("N"), level("R")},
		{append(level("R"), coded("a", "b")...), coded("a"), append(level("R"), coded("b")...)},
		{coded("U"), level("V"), coded("U")},
		{level("x"), level("V"), level("x")},
	} {
		got := without(test.wanted, test.has)
		if len(got) != len(test.lacks) {
			t.Errorf("%v, has %v: lacks %v", test.wanted, test.has, got)
			continue
		}
		for i := range got {
			if got[i] != test.lacks[i] {
				t.Errorf("%v, has %v: lacks %v", test.wanted, test.has, got)
			}
		}
	}
}

// What labels our work carries: hers and the stay's, those of a protected patient, and
// with answers theirs and the policy's.
func TestWantedLabels(t *testing.T) {
	p := policyOf(func(p *Policy) {
		p.Labels.Add, p.Protected.Add, p.Protected.Labels = []Coding{{System: "s", Code: "policy"}}, []Coding{{System: "s", Code: "added"}}, []Coding{{System: "s", Code: "secret"}}
	})
	s := stay.Stay{Admission: stay.Admission{Labels: coded("stay")}, Patient: stay.Patient{Labels: coded("hers")},
		Screening: stay.Screening{Responses: []stay.Response{{Ref: "r1", Labels: coded("answers")}}, EarlierScore: stay.Result{Labels: coded("earlier")}}}
	words := func(codes []stay.Code) (text string) {
		for _, c := range codes {
			text += c.Code + " "
		}
		return strings.TrimSpace(text)
	}
	check := func(want string, source *Source) {
		t.Helper()
		if got := words(Wanted(s, p, source)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	check("stay hers", nil)
	check("stay hers answers policy", From(s, "r1"))
	check("stay hers earlier policy", From(s, "r2"))
	s.Patient.Marks = coded("secret")
	check("stay hers added", nil)
	check("stay hers added answers policy", From(s, "r1"))
}

// Who is protected, and what is left out about her.
func TestProtection(t *testing.T) {
	secret := []stay.Code{{System: Confidentiality, Code: "V"}}
	p := policyOf(func(p *Policy) { p.Protected.Show = []string{ShowWard} })
	for name, test := range map[string]struct {
		s    stay.Stay
		want bool
	}{
		"nobody": {stay.Stay{}, false}, "by the stay": {stay.Stay{Admission: stay.Admission{Labels: secret}}, true},
		"by her record": {stay.Stay{Patient: stay.Patient{Labels: secret}}, true}, "by a mark": {stay.Stay{Patient: stay.Patient{Marks: secret}}, true},
		"another label":  {stay.Stay{Patient: stay.Patient{Labels: []stay.Code{{System: Confidentiality, Code: "N"}}}}, false},
		"another system": {stay.Stay{Patient: stay.Patient{Labels: coded("V")}}, false},
	} {
		if IsProtected(test.s, p) != test.want || p.Hides(test.s, ShowLocation) != test.want || p.Hides(test.s, ShowWard) {
			t.Errorf("%s: %t, hides the location %t, the ward %t", name, !test.want, p.Hides(test.s, ShowLocation), p.Hides(test.s, ShowWard))
		}
	}
	if Routed("") != "nobody" || Routed("Organization/1") != "Organization/1" {
		t.Error("who it was given to is remembered, also that it was nobody")
	}
}

// Where a Task lies that should lie elsewhere.
func TestAstray(t *testing.T) {
	secret := []stay.Code{{System: Confidentiality, Code: "V"}}
	here := []string{"l1"}
	for _, test := range []struct {
		name      string
		labels    []stay.Code
		locations []string
		task      stay.Task
		show      bool
		want      string
	}{
		{"where it should", nil, here, stay.Task{Location: "l1"}, false, ""},
		{"moved", nil, []string{"l2", "l1"}, stay.Task{Location: "l1"}, false, "transfer"},
		{"nowhere now", nil, nil, stay.Task{Location: "l1"}, false, ""},
		{"protected since", secret, here, stay.Task{Location: "l1"}, false, "shielded"},
		{"no longer protected", nil, here, stay.Task{Location: "l1", Routed: "few"}, false, "unshielded"},
		{"protected", secret, here, stay.Task{Routed: "few"}, false, ""},
		{"protected, shown with the place", secret, here, stay.Task{Routed: "few"}, true, "transfer"},
		{"protected, of other owners", secret, here, stay.Task{Routed: "others", Location: "l1"}, false, "transfer"},
	} {
		p := policyOf(func(p *Policy) {
			if test.show {
				p.Protected.Show = []string{ShowLocation}
			}
		})
		c := &chart{Stay: stay.Stay{Patient: stay.Patient{Labels: test.labels}, Admission: stay.Admission{Locations: test.locations}}, policy: p}
		if got := c.astray(test.task, "few"); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// When the stay ended, as far as is known.
func TestWhenAStayEnded(t *testing.T) {
	before, after := noonOf17.Add(-time.Hour), noonOf17.Add(time.Hour)
	for name, test := range map[string]struct {
		end  time.Time
		task stay.Task
		want time.Time
	}{
		"it says so":             {before, stay.Task{Status: "cancelled", Changed: after}, before},
		"now":                    {noonOf17, stay.Task{Status: "cancelled", Changed: before}, noonOf17},
		"it says what cannot be": {after, stay.Task{Status: "cancelled", Changed: before}, before},
		"the Task was closed":    {time.Time{}, stay.Task{Status: "cancelled", Changed: before}, before},
		"the Task is open":       {time.Time{}, stay.Task{Status: "requested", Changed: before}, noonOf17},
		"nobody knows":           {time.Time{}, stay.Task{Status: "cancelled"}, noonOf17},
	} {
		c := &chart{Stay: stay.Stay{Admission: stay.Admission{End: test.end}}, task: test.task, now: noonOf17}
		if got := c.endedAt(); !got.Equal(test.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// How often the nurse's Task is to have been raised, and when it is due.
func TestRaisingAndDue(t *testing.T) {
	for after, want := range map[time.Duration]int{-1: 0, 0: 1, 24*time.Hour - 1: 1, 24 * time.Hour: 2, 999 * time.Hour: 2} {
		c := &chart{task: stay.Task{Due: noonOf17.Add(-after)}, policy: policyOf(nil), now: noonOf17}
		if got := c.raises(); got != want {
			t.Errorf("%s after it was due: raised %d times", after, got)
		}
	}
	for start, want := range map[time.Duration]time.Duration{0: 24 * time.Hour, -time.Hour: 23 * time.Hour, time.Hour: 24 * time.Hour, -24 * time.Hour: 24 * time.Hour, 1 - 24*time.Hour: 1} {
		c := &chart{Stay: stay.Stay{Admission: stay.Admission{Start: noonOf17.Add(start)}}, policy: policyOf(nil), now: noonOf17}
		if got := c.due().Sub(noonOf17); got != want {
			t.Errorf("admitted at %s: due in %s", start, got)
		}
	}
	if got := (&chart{policy: policyOf(nil), now: noonOf17}).due().Sub(noonOf17); got != 24*time.Hour {
		t.Errorf("nobody knows since when: due in %s", got)
	}
}

// Unable is a Task that was put aside with one of our reasons; a no is for good.
func TestUnableAndPutAside(t *testing.T) {
	for _, test := range []struct {
		task                  stay.Task
		unable, closedForGood bool
	}{
		{stay.Task{Status: "rejected", Reason: "intoxicated"}, true, false},
		{stay.Task{Status: "failed", Reason: "delirious"}, true, false},
		{stay.Task{Status: "on-hold", Reason: "no-common-language"}, true, false},
		{stay.Task{Status: "cancelled", Reason: "too-ill"}, true, false},
		{stay.Task{Status: "requested", Reason: "too-ill"}, false, false},
		{stay.Task{Status: "completed", Reason: "too-ill"}, false, false},
		{stay.Task{Status: "rejected"}, false, true},
		{stay.Task{Status: "rejected", Reason: Declined}, false, true},
		{stay.Task{Status: "rejected", Reason: Declined, Judged: "v1"}, false, false},
		{stay.Task{Status: "rejected", Judged: "v1"}, false, true},
		{stay.Task{Status: "cancelled", BusinessStatus: Discharged}, false, false},
		{stay.Task{Status: "cancelled", BusinessStatus: AdmissionCancelled}, false, false},
		{stay.Task{Status: "cancelled", BusinessStatus: Deceased}, false, false},
		{stay.Task{Status: "on-hold"}, false, false},
		{stay.Task{Status: "rejected", Reason: "dementia"}, true, true}, // does not pass
		{stay.Task{Status: "rejected", Reason: "away"}, true, false},
		{stay.Task{Status: "cancelled", Reason: Declined, Judged: "v1"}, false, true},
		{stay.Task{Status: "entered-in-error"}, false, true},
	} {
		c := &chart{task: test.task, asked: true, policy: policyOf(nil)}
		if c.unable() != test.unable || c.closedForGood() != test.closedForGood {
			t.Errorf("%+v: unable %t, put aside %t", test.task, c.unable(), c.closedForGood())
		}
		if c.asked = false; c.closedForGood() {
			t.Error("nobody was asked")
		}
	}
}

// How many screenings an admission has had: one more each time that it turned out to be
// another patient's.
func TestGenerations(t *testing.T) {
	changed, asked := stay.Task{Purpose: stay.Purpose{Kind: stay.ScreeningTask}, BusinessStatus: PatientChanged}, stay.Task{Purpose: stay.Purpose{Kind: stay.ScreeningTask}, BusinessStatus: Scored}
	advice := stay.Task{Purpose: stay.Purpose{Kind: stay.Advice}, BusinessStatus: PatientChanged}
	for want, tasks := range map[int][]stay.Task{1: {asked, advice}, 2: {changed}, 3: {changed, asked, changed, asked}} {
		if got := Generation(stay.Stay{Tasks: tasks}); got != want {
			t.Errorf("%+v: %d", tasks, got)
		}
	}
	if Generation(stay.Stay{}) != 1 {
		t.Error("the first")
	}
}

// The team's Task is no ward's: it goes to others only when protection comes, goes, or
// whoever had begun on it has given it back.
func TestTheTeamsTaskAstray(t *testing.T) {
	secret := []stay.Code{{System: Confidentiality, Code: "V"}}
	for _, test := range []struct {
		name   string
		labels []stay.Code
		task   stay.Task
		want   string
	}{
		{"another ward", nil, stay.Task{Location: "l9"}, ""},
		{"protected since", secret, stay.Task{}, "shielded"},
		{"protected since, begun", secret, stay.Task{Status: "accepted"}, "shielded"},
		{"no longer protected", nil, stay.Task{Routed: "few"}, "unshielded"},
		{"where it should be", secret, stay.Task{Routed: "few"}, ""},
		{"kept by who had begun", secret, stay.Task{Routed: "kept", Status: "accepted"}, ""},
		{"given back", secret, stay.Task{Routed: "kept", Status: "requested"}, "shielded"},
	} {
		c := &chart{Stay: stay.Stay{Patient: stay.Patient{Labels: test.labels}, Admission: stay.Admission{Locations: []string{"l1"}}, Owners: stay.Owners{Liaison: "few"}}, policy: policyOf(nil)}
		if got := c.teamAstray(test.task); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// Which Tasks are about the patient of the admission.
func TestHers(t *testing.T) {
	c := &chart{Stay: stay.Stay{Patient: stay.Patient{Ref: "Patient/1", Formerly: []string{"Patient/0"}}}}
	for _, test := range []struct {
		task stay.Task
		want bool
	}{
		{stay.Task{For: "Patient/1"}, true}, {stay.Task{For: "Patient/0"}, true}, {stay.Task{}, true}, {stay.Task{For: "Patient/2"}, false},
		{stay.Task{For: "Patient/1", Status: "entered-in-error"}, false}, {stay.Task{For: "Patient/1", BusinessStatus: PatientChanged}, false},
		{stay.Task{Status: "entered-in-error"}, false}, {stay.Task{BusinessStatus: PatientChanged}, false},
	} {
		if got := c.hers(test.task); got != test.want {
			t.Errorf("%+v: %t", test.task, got)
		}
	}
}

// What follows a patient to her other record: all of ours that named the former one.
func TestWhatMovesAlong(t *testing.T) {
	c := &chart{task: stay.Task{For: "p0"}, now: noonOf17, Stay: stay.Stay{
		Tasks:     []stay.Task{{Ref: "t1", For: "p0"}, {Ref: "t2", For: "p9"}, {Ref: "t3", For: "p0", Purpose: stay.Purpose{Kind: stay.Advice}}},
		Screening: stay.Screening{Responses: []stay.Response{{Ref: "r1", Ours: true, Subject: "p0"}, {Ref: "r2", Subject: "p0"}, {Ref: "r3", Ours: true, Subject: "p9"}}, Score: stay.Result{Ref: "o1"}}, Consult: stay.Result{Ref: "s1", Theirs: true}}}
	c.moveAlong("merged", "text")
	if got := strings.Join(*planned[Move](c), " "); got != "t1 t3 r1 o1" || !c.decision.Next.Equal(noonOf17) {
		t.Error(got, c.decision.Next)
	}
}

// An earlier score leads to a consult from the limit on, once, where it holds and she
// did not say no.
func TestEarlierScores(t *testing.T) {
	for name, test := range map[string]struct {
		earlier stay.Earlier
		score   stay.Result
		want    string
	}{
		"at the limit":      {stay.Earlier{}, stay.Result{Ref: "o0", Sum: 5}, "routine from 5"},
		"below it":          {stay.Earlier{}, stay.Result{Ref: "o0", Sum: 4}, ""},
		"urgent":            {stay.Earlier{}, stay.Result{Ref: "o0", Sum: 8}, "urgent from 8"},
		"had a consult":     {stay.Earlier{Consult: "s0"}, stay.Result{Ref: "o0", Sum: 5}, ""},
		"withdrawn":         {stay.Earlier{}, stay.Result{Ref: "o0", Sum: 5, Status: "entered-in-error"}, ""},
		"deleted":           {stay.Earlier{}, stay.Result{Sum: 5}, ""},
		"she said no":       {stay.Earlier{}, stay.Result{Ref: "o0", Sum: 5, Offer: "declined"}, ""},
		"she was not asked": {stay.Earlier{}, stay.Result{Ref: "o0", Sum: 5, Offer: "not-asked"}, "routine from 5"},
	} {
		c := &chart{Stay: stay.Stay{Patient: stay.Patient{Sex: stay.Male}, Screening: stay.Screening{EarlierScore: test.score}}, earlier: test.earlier, policy: policyOf(nil), now: noonOf17}
		c.referEarlier()
		got := ""
		if r := planned[Referral](c); r != nil {
			got = fmt.Sprintf("%s from %d", map[bool]string{true: "urgent", false: "routine"}[r.Urgent], r.Limit.From)
			if task := planned[TaskChange](c); !r.Earlier || task == nil || task.Status != "completed" || task.Business != ScreenedBefore {
				t.Errorf("%s: %+v, %+v", name, r, task)
			}
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// What the nurse said is kept when a Task is closed, and written once.
func TestClosing(t *testing.T) {
	for name, test := range map[string]struct {
		task stay.Task
		want *TaskChange
	}{
		"rejected":    {stay.Task{Status: "rejected", Reason: "too-ill"}, &TaskChange{Status: "rejected", Business: Unable, Why: "too-ill"}},
		"put on hold": {stay.Task{Status: "on-hold", Reason: "delirious"}, &TaskChange{Status: "failed", Business: Unable, Why: "delirious"}},
		"known":       {stay.Task{Status: "rejected", BusinessStatus: Unable}, nil},
		"known, open": {stay.Task{Status: "on-hold", BusinessStatus: Unable, Reason: "away"}, &TaskChange{Status: "failed", Business: Unable, Why: "away"}},
	} {
		c := &chart{task: test.task}
		c.close(Unable, "text")
		got := planned[TaskChange](c)
		if (got == nil) != (test.want == nil) || got != nil && fmt.Sprint(*got) != fmt.Sprint(*test.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
