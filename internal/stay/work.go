package stay

import "cmp"

// This file finds, among our Tasks, those that the present screening has led to.

// TeamTask is the liaison team's Task for the present consult: the one that was read, or
// that the nurse's Task points to. One of a consult that was replaced is not it, nor one
// about another patient. Their system may have written over what it is about; then its
// number tells.
func (s Stay) TeamTask() (Task, bool) {
	nurses, _ := s.ScreeningTask()
	hers := func(t Task) bool { return t.For == nurses.For || t.For == "" || nurses.For == "" }
	consult := s.Consult
	present := cmp.Or(consult.Ref, nurses.Consult)
	if t, ok := s.last(ConsultTask, func(t Task) bool { return hers(t) && t.Focus != "" && t.Focus == present }); ok {
		return t, true
	}
	return s.last(ConsultTask, func(t Task) bool { return hers(t) && (consult.Number == 0 || consult.Number == t.Number) })
}

// AdviceTask is the nurse's Task to give brief advice.
func (s Stay) AdviceTask() (Task, bool) { return s.last(Advice, anyTask) }

// ReplyTask is the nurse's Task that says that the team does not come.
func (s Stay) ReplyTask() (Task, bool) { return s.last(Reply, anyTask) }

func anyTask(Task) bool { return true }
