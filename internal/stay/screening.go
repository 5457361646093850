package stay

import "slices"

// This file is about several screenings in one admission, of which one is in view.

// Screening is one instrument in one admission: what was answered, and what came of it.
type Screening struct {
	Instrument string     // its name
	Responses  []Response // to its form in this admission, oldest first

	// These are read only where a decision needs them.
	Score        Result     // that the Task points to; one that a person has deleted is absent
	Minimum      Result     // what incomplete answers sum to at least
	Before       []Earlier  // the same instrument in other admissions of the patient
	EarlierScore Result     // of the last of these
	Scores       []Result   // of these, the latest first: what a letter tells of
	Unplaced     []Response // of the patient to its form, that name no admission and that no Task points to
	Waiting      int        // other admissions of the patient in which somebody waits for an answer
	Unread       []Part     // what has not been read
}

// Screenings are all of them, the one in view first.
func (s Stay) Screenings() []Screening { return append([]Screening{s.Screening}, s.Others...) }

// About is the stay with the screening of another instrument in view.
func (s Stay) About(name string) Stay {
	at := slices.IndexFunc(s.Others, func(o Screening) bool { return o.Instrument == name })
	if at < 0 {
		return s
	}
	s.Others = slices.Clone(s.Others)
	s.Screening, s.Others[at] = s.Others[at], s.Screening
	return s
}

// ScreeningTask is the nurse's Task. Where she was asked again, it knows what
// came of the earlier answers: a score that was taken back is amended, not made
// a second time.
func (s Stay) ScreeningTask() (Task, bool) {
	last, asked := s.last(ScreeningTask, s.Asks)
	for _, t := range s.Tasks {
		if s.Asks(t) && t.Number < last.Number && t.For == last.For && last.Score == "" {
			last.Score, last.Withdrawn = t.Score, t.Withdrawn
		}
		if s.Asks(t) && t.Number < last.Number && t.For == last.For && last.Consult == "" {
			last.Consult, last.Carried = t.Consult, t.Carried
		}
	}
	return last, asked
}

// Asks tells that a Task asks for the screening in view.
func (s Stay) Asks(t Task) bool { return t.Kind == ScreeningTask && t.Instrument == s.Instrument }

// Attempts is how often the ward has been asked in this admission, about whomever.
func (s Stay) Attempts() int {
	n := 0
	for _, t := range s.Tasks {
		if s.Asks(t) {
			n++
		}
	}
	return n
}

// last is the Task of a kind, of those that will do, that was made last; of two
// with one number, the one that stays.
func (s Stay) last(kind Kind, will func(Task) bool) (Task, bool) {
	var found Task
	for _, t := range s.Tasks {
		if t.Kind == kind && will(t) && (found.Ref == "" || t.Number > found.Number ||
			t.Number == found.Number && found.Status == "entered-in-error") {
			found = t
		}
	}
	return found, found.Ref != ""
}
