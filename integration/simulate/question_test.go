package simulate_test

import (
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// This file is about hospitals that ask more than AUDIT-C. Each question of an admission is
// asked and answered for itself; the consult and the advice are the admission's.

// question is what truly happened to one instrument in an admission.
type question struct {
	of      *form
	chance  chance // what is done about it: AUDIT-C has that of the admission
	answers []*answer
	nurse   deed // what a nurse last did instead of answering
	unable  []time.Time
	seen    bool // somebody has seen a task of it
	removed bool // somebody has deleted the nurse's task
	blanks  int  // how often an EHR has completed her task with nothing answered
}

// asksWith are the forms that the hospital has beside AUDIT-C's.
func (h *hospital) asksWith() []*form {
	if !h.sim.several {
		return nil
	}
	return []*form{h.audit()}
}

// questions gives an admission what its hospital asks, AUDIT-C first.
func (h *hospital) questions(s *stay, c chance) *stay {
	s.question = &question{of: auditC, chance: c}
	s.asked = []*question{s.question}
	for _, f := range h.forms {
		s.asked = append(s.asked, &question{of: f, chance: draw(h.sim.seed, f.name, number(int64(s.n)))})
	}
	return s
}

// at lets somebody do something about one question of an admission.
func (s *stay) at(q *question, do func()) {
	before := s.question
	s.question = q
	defer func() { s.question = before }()
	do()
}

// later plans something about the question that somebody is at.
func (h *hospital) later(s *stay, wait time.Duration, do func()) {
	q := s.question
	h.in(wait, func() { s.at(q, do) })
}

// each does something about every question of an admission.
func (h *hospital) each(s *stay, do func()) {
	for _, q := range s.asked {
		s.at(q, do)
	}
}

// asksMore plans what happens to the questions beside AUDIT-C.
func (h *hospital) asksMore(s *stay, stays time.Duration) {
	for _, q := range s.asked[1:] {
		s.at(q, func() { h.asksOne(s, stays) })
	}
}

func (h *hospital) asksOne(s *stay, stays time.Duration) {
	c := s.chance
	switch {
	case c.happens(0.03):
		h.later(s, c.about(8*time.Hour), func() { h.completes(s) })
	case !c.happens(h.busy):
		h.visit(s, c.about(12*time.Hour))
	}
	if c.happens(0.03) {
		h.later(s, c.about(10*time.Hour), func() { h.portal(s) })
	}
	if h.careless {
		for range c.IntN(3) {
			h.later(s, c.between(0, stays), func() { h.writesOver(s) })
		}
	}
	if c.happens(0.03 * h.odd) {
		h.later(s, c.between(0, stays), func() { h.ownForm(s) })
	}
}

// tasks are those by which the ward is asked what somebody is at.
func (h *hospital) tasks(s *stay, more string) []gjson.Result {
	all := h.ehr.search("Task?code=complete-questionnaire" + more + "&encounter=" + s.encounter)
	at, _, _ := strings.Cut(s.of.canonical, "|")
	return slices.DeleteFunc(all, func(t gjson.Result) bool {
		return !strings.HasPrefix(t.Get("input.0.valueCanonical").Str, at+"|")
	})
}

// about is the admission as it is to who looks at one question alone.
func (s *stay) about(f *form) *stay {
	v := *s
	for _, q := range s.asked {
		if q.of == f {
			v.question = q
		}
	}
	return &v
}

// all are those of every question.
func (s *stay) all() (views []*stay) {
	for _, q := range s.asked {
		views = append(views, s.about(q.of))
	}
	return views
}

// every is what was answered, to whatever question.
func (s *stay) every() (answers []*answer) {
	for _, q := range s.asked {
		answers = append(answers, q.answers...)
	}
	return answers
}

// putAside tells that a nurse has put any question aside, or deleted it.
func (s *stay) putAside() bool {
	return slices.ContainsFunc(s.asked, func(q *question) bool { return q.removed || q.nurse != "" || len(q.unable) > 0 })
}

// lastChange is when any answers last came to say something else.
func (s *stay) lastChange() (at time.Time) {
	for _, q := range s.all() {
		at = later(at, q.changed())
	}
	return at
}

// anyCertain tells that any question was not answered in full.
func (s *stay) anyCertain() bool {
	return slices.ContainsFunc(s.all(), func(q *stay) bool { return q.certain() != nil })
}

// screenedAny tells whether an answer to any question may stand from an earlier stay.
func (s *stay) screenedAny() bool {
	return slices.ContainsFunc(s.all(), func(q *stay) bool { maybe, _ := q.screenedBefore(); return maybe })
}

// mostOfScores is what the scores lead to at most, and whether they surely do.
func (s *stay) mostOfScores() (surely verdict, most due) {
	sure, unsure, part := nothingDue, nothingDue, false
	surely = no
	for _, q := range s.all() {
		part = part || q.passedInPart()
		switch score, _ := q.expectedScore(); score {
		case yes:
			surely, sure = yes, max(sure, q.leadsTo(q.counts()))
		case either:
			unsure = max(unsure, q.leadsTo(q.counts()))
			if surely == no {
				surely = either
			}
		}
	}
	return s.weighed(surely, sure, unsure, part)
}

// weighed: what is not sure may add to what is.
func (s *stay) weighed(surely verdict, sure, unsure due, part bool) (verdict, due) {
	switch {
	case surely != no && sure < consultDue && (part || unsure > sure) && len(s.asked) > 1:
		return either, adviceDue
	case surely == either:
		return either, unsure
	}
	return surely, sure
}
