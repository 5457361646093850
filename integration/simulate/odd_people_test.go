package simulate_test

import (
	"fmt"
	"time"
)

// This file is about people who are registered in another way than most: with a flag, on
// a service that is not asked, before they come, without a name, as somebody else.

// approved is the code system of what this hospital has approved in its policy.
const approved = "http://sim/approved"

// flag puts a flag on a few: that she is not to be asked, or that this was so once.
func (h *hospital) flag(c chance, p *patient) {
	switch {
	case c.happens(0.02):
		p.flagged = true
		h.flags(*p)
	case c.happens(0.02):
		h.flagging(p.ref, "inactive", "do-not-ask")
	case c.happens(0.02):
		h.flagging(p.ref, "active", "falls")
	}
}

// flags are those of a patient, on the record that she has now.
func (h *hospital) flags(p patient) {
	if p.flagged {
		h.flagging(p.ref, "active", "do-not-ask")
	}
}

func (h *hospital) flagging(patient, status, code string) {
	h.ehr.create("Flag", fmt.Sprintf(`"status":%q,"code":{"coding":[{"system":%q,"code":%q}]},"subject":{"reference":%q}`, status, approved, code, patient))
}

// oddly draws what is unusual about an admission.
func (h *hospital) oddly(s *stay) {
	c := draw(h.sim.seed, "admission", number(int64(s.n)))
	s.excluded = c.happens(0.02)
	if s.waits = c.about(20 * time.Hour); s.status == "planned" && c.happens(0.7) {
		s.starts = s.waits
	}
	if s.status == "in-progress" && c.happens(0.01) { // such as one who is found unconscious
		s.nobody = true
		h.in(c.about(12*time.Hour), func() { h.named(s) })
	}
}

// named: it is known now who she is.
func (h *hospital) named(s *stay) {
	if s.void() {
		return
	}
	s.nobody = false
	h.ehr.edit(s.encounter, "subject", fmt.Sprintf(`{"reference":%q}`, s.patient.ref))
	s.update()
}

// mistaken: the admission had been put on record for somebody else. What was answered,
// ordered and taken on then is that one's.
func (h *hospital) mistaken(s *stay) {
	if s.over || !s.canBeAsked() || s.putAside() || !s.ordered.IsZero() || !s.begun.IsZero() || h.hasParts(s) {
		return
	}
	c := draw(h.sim.seed, "mistaken", number(int64(s.n)))
	s.mistakes++
	for s.patient = h.person(c, len(h.stays)); !s.canBeAsked(); {
		s.patient = h.person(c, len(h.stays))
	}
	h.ehr.edit(s.encounter, "subject.reference", quoted(s.patient.ref))
	s.before = nil
	if len(s.every()) == 0 { // the task that is there may serve for her
		return
	}
	for _, q := range s.asked {
		q.answers, q.seen = nil, false
	}
	s.longest = 0
	s.revoked, s.rejected, s.finished, s.advised = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	s.askable = time.Now()
	h.each(s, func() { h.visit(s, s.chance.about(8*time.Hour)) })
}

func (h *hospital) hasParts(s *stay) bool {
	for _, part := range h.stays[s.n:] {
		if part.parent == s {
			return true
		}
	}
	return false
}
