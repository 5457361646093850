package stay

import "testing"

// The team's Task for the present consult, of several.
func TestTeamTask(t *testing.T) {
	nurses := Task{Ref: "n", Purpose: Purpose{Kind: ScreeningTask}, Number: 1, For: "p", Consult: "s2"}
	of := func(ref string, number int, focus, patient string) Task {
		return Task{Ref: ref, Purpose: Purpose{Kind: ConsultTask}, Number: number, Focus: focus, For: patient}
	}
	second := Result{Ref: "s2", Number: 2}
	for name, test := range map[string]struct {
		nurses  Task
		consult Result
		tasks   []Task
		want    string
	}{
		"none":                          {nurses, Result{}, nil, ""},
		"the one":                       {nurses, Result{}, []Task{of("a", 2, "s2", "p")}, "a"},
		"of two":                        {nurses, Result{}, []Task{of("a", 1, "s1", "p"), of("b", 2, "s2", "p")}, "b"},
		"the other way round":           {nurses, Result{}, []Task{of("b", 2, "s2", "p"), of("a", 1, "s1", "p")}, "b"},
		"not the later":                 {nurses, Result{}, []Task{of("a", 2, "s2", "p"), of("b", 3, "s3", "p")}, "a"},
		"of the consult that was read":  {Task{For: "p", Consult: "s1", Purpose: Purpose{Kind: ScreeningTask}, Ref: "n"}, second, []Task{of("a", 1, "s1", "p"), of("b", 2, "s2", "p")}, "b"},
		"written over":                  {nurses, second, []Task{of("a", 1, "s1", "p"), of("b", 2, "x", "p")}, "b"},
		"never made, the other stands":  {nurses, second, []Task{of("a", 1, "s1", "p")}, ""},
		"the same, and not read":        {nurses, Result{}, []Task{of("a", 1, "s1", "p")}, "a"},
		"about nothing":                 {nurses, second, []Task{of("a", 2, "", "p")}, "a"},
		"the nurse's Task knows none":   {Task{For: "p", Purpose: Purpose{Kind: ScreeningTask}, Ref: "n"}, Result{}, []Task{of("a", 1, "s1", "p"), of("b", 2, "s2", "p")}, "b"},
		"another patient's":             {nurses, Result{}, []Task{of("a", 2, "s2", "q")}, ""},
		"it does not say whose":         {nurses, Result{}, []Task{of("a", 2, "s2", "")}, "a"},
		"the nurse's does not say":      {Task{Purpose: Purpose{Kind: ScreeningTask}, Ref: "n", Consult: "s2"}, Result{}, []Task{of("a", 2, "s2", "q")}, "a"},
		"an order of an older release":  {nurses, Result{Ref: "s2"}, []Task{of("a", 1, "", "p")}, "a"},
		"a Task for something else too": {nurses, Result{}, []Task{{Ref: "x", Purpose: Purpose{Kind: Advice}, Number: 9, Focus: "s2", For: "p"}}, ""},
	} {
		s := Stay{Tasks: append([]Task{test.nurses}, test.tasks...), Consult: test.consult}
		if got, ok := s.TeamTask(); got.Ref != test.want || ok != (test.want != "") {
			t.Errorf("%s: %q, want %q", name, got.Ref, test.want)
		}
	}
}

// What the ward has because of answers is the last of each kind.
func TestTasksOfTheWard(t *testing.T) {
	s := Stay{Tasks: []Task{{Ref: "a2", Purpose: Purpose{Kind: Advice}, Number: 2}, {Ref: "r1", Purpose: Purpose{Kind: Reply}, Number: 1}, {Ref: "a1", Purpose: Purpose{Kind: Advice}, Number: 1}, {Ref: "r2", Purpose: Purpose{Kind: Reply}, Number: 2}}}
	advice, _ := s.AdviceTask()
	reply, _ := s.ReplyTask()
	if advice.Ref != "a2" || reply.Ref != "r2" {
		t.Error(advice.Ref, reply.Ref)
	}
	if _, ok := (Stay{}).ReplyTask(); ok {
		t.Error("there is none")
	}
}
