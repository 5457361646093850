package simulate_test

import (
	"fmt"
	"time"
)

// course plans what happens to a patient who lies in a bed: she is moved, goes
// on leave, goes home or dies; and somebody asks her, or does not.
func (h *hospital) course(s *stay) {
	c := s.chance
	stays := 2*time.Hour + c.about(lies-2*time.Hour)
	switch {
	case c.happens(0.03):
		h.in(c.about(8*time.Hour), func() { h.completes(s) })
	case !c.happens(h.busy):
		h.visit(s, c.about(8*time.Hour))
	}
	if c.happens(0.03) {
		h.in(c.about(10*time.Hour), func() { h.portal(s) })
	}
	if h.careless {
		for range c.IntN(4) {
			h.in(c.between(0, stays), func() { h.writesOver(s) })
		}
	}
	if c.happens(0.3) {
		h.in(c.between(0, stays), func() { h.transfer(s) })
	}
	if c.happens(0.04 * h.odd) {
		h.in(c.between(0, stays), func() { h.leave(s) })
	}
	if c.happens(0.03 * h.odd) {
		h.in(c.between(0, stays), func() { h.ownForm(s) })
	}
	if c.happens(0.04 * h.odd) {
		h.in(c.about(4*time.Hour), func() { h.orders(s) })
	}
	if c.happens(0.02 * h.odd) {
		h.in(c.between(0, stays), func() { h.never(s) })
	}
	if !h.sim.merges && c.happens(0.04*h.odd) {
		h.in(pick(c, weighted[time.Duration]{1, c.about(5 * time.Hour)}, weighted[time.Duration]{1, c.between(0, stays)}), func() { h.mistaken(s) })
	}
	if h.sim.merges && c.happens(0.05*h.odd) {
		h.in(c.between(0, stays), func() { h.merge(s) })
	}
	h.conceived(s, stays)
	h.asksMore(s, stays)
	h.in(stays, func() { h.leaves(s) })
}

// leaves ends the stay.
func (h *hospital) leaves(s *stay) {
	switch {
	case s.over:
	case s.chance.happens(0.02 * h.odd):
		h.dies(s)
	default:
		h.goesHome(s)
	}
}

func (h *hospital) goesHome(s *stay) {
	if s.over || s.status == "finished" {
		return
	}
	h.set(s, "finished", "period.end", quoted(h.clock()))
	c, mistake := s.chance, 0.02*h.odd
	if task, _ := h.ours("Task", "consult-task", s); task.Get("status").Str == "requested" {
		mistake = 0.45
	}
	if s.class == "IMP" && c.happens(mistake) {
		h.in(c.between(time.Hour, 30*time.Hour), func() { h.comesBack(s) })
		return
	}
	s.over = true
	h.each(s, func() {
		if inpatient[s.class] && len(s.answers) == 0 && s.chance.happens(0.7) {
			h.later(s, s.chance.about(24*time.Hour), func() { h.answersLate(s) })
		}
	})
}

// comesBack: the discharge was a mistake.
func (h *hospital) comesBack(s *stay) {
	h.set(s, "in-progress")
	h.each(s, func() { h.visit(s, s.chance.about(8*time.Hour)) })
	h.in(s.chance.about(40*time.Hour), func() { h.goesHome(s) })
}

func (h *hospital) dies(s *stay) {
	s.dead, s.over = true, true
	h.ehr.edit(s.patient.ref, "deceasedDateTime", quoted(h.clock()))
	s.update()
	h.in(s.chance.about(3*time.Hour), func() { h.set(s, "finished", "period.end", quoted(h.clock())) })
}

// never: the admission was a mistake.
func (h *hospital) never(s *stay) {
	if s.over || !s.present() {
		return
	}
	s.over = true
	h.set(s, pick(s.chance, weighted[string]{1, "cancelled"}, weighted[string]{1, "entered-in-error"}))
}

func (h *hospital) leave(s *stay) {
	if s.over || s.status != "in-progress" {
		return
	}
	h.set(s, "onleave")
	h.in(s.chance.about(10*time.Hour), func() {
		if !s.over && s.status == "onleave" {
			h.set(s, "in-progress")
		}
	})
}

// orders: a clinician asks for the consult herself, before anybody has asked
// the patient.
func (h *hospital) orders(s *stay) {
	if s.over || !s.present() || len(s.every()) > 0 || !s.canBeAsked() {
		return
	}
	s.ordered = time.Now()
	h.ehr.create("ServiceRequest", fmt.Sprintf(`"status":"active","intent":"order","subject":{"reference":%q},"encounter":{"reference":%q},`+
		`"code":{"coding":[{"system":%q,"code":"tilsyn-rus"}]}`, s.patient.ref, s.encounter, codes))
}

// merge: she turns out to be somebody who has a record already. The admission
// goes over to it, and the record that she came with is closed.
func (h *hospital) merge(s *stay) {
	if s.over || !s.present() || s.nobody {
		return
	}
	gone := s.patient.ref
	body := h.ehr.read(gone)
	more := ""
	if birth := body.Get("birthDate").Str; birth != "" {
		more += `,"birthDate":` + quoted(birth)
	}
	if s.sex != "" {
		more += `,"gender":` + quoted(s.sex)
	}
	s.patient.ref = h.ehr.create("Patient", fmt.Sprintf(`"active":true,"link":[{"other":{"reference":%q},"type":"replaces"}]`, gone)+more)
	h.became[gone] = s.patient.ref
	h.ehr.edit(s.encounter, "subject.reference", quoted(s.patient.ref))
	h.ehr.edit(gone, "active", "false", "link", fmt.Sprintf(`[{"other":{"reference":%q},"type":"replaced-by"}]`, s.patient.ref))
	if s.pregnant {
		h.pregnancy(s.patient.ref)
	}
	h.flags(s.patient)
	for _, part := range h.stays[s.n:] { // her record is one
		if part.parent == s {
			part.patient.ref = s.patient.ref
			h.ehr.edit(part.encounter, "subject.reference", quoted(s.patient.ref))
		}
	}
}
