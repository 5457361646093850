package simulate_test

import (
	"slices"
	"time"

	"github.com/tidwall/gjson"
)

const (
	confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
	veryRestricted  = `[{"system":"` + confidentiality + `","code":"V"}]`
)

// protection is since when fewer may know of an admission.
type protection int

const (
	noProtection protection = iota
	fromTheStart
	meanwhile
	lifted // again: the label stays where it was put, and the place is shown
)

// shown tells that where she lies may be seen.
func (s *stay) shown() bool { return s.protected == noProtection || s.protected == lifted }

// protect puts a label on some admissions, when they are registered or later:
// fewer may know of them, and nothing else about them is different.
func (h *hospital) protect(s *stay) {
	c := draw(h.sim.seed, "protection", number(int64(s.n))) // of its own: the rest of the course is as it was
	switch {
	case c.happens(0.1):
		s.protected = fromTheStart
	case c.happens(0.1):
		h.in(c.about(24*time.Hour), func() {
			if !s.over && s.present() {
				s.protected = meanwhile
				h.ehr.edit(s.encounter, "meta.security", veryRestricted)
				if c.happens(0.5) {
					h.in(c.about(24*time.Hour), func() { h.lift(s) })
				}
			}
		})
	}
}

// lift puts an ordinary label in its place, while she is there.
func (h *hospital) lift(s *stay) {
	if !s.over && s.present() {
		s.protected = lifted
		h.ehr.edit(s.encounter, "meta.security", `[{"system":"`+confidentiality+`","code":"N"}]`)
	}
}

// protection is what holds of those of whom fewer may know. Without the nurse's
// task nobody looks after the rest.
func (c *checker) protection(s *stay, at *standing, wrong func(string)) {
	if s.shown() || s.removed {
		return
	}
	for _, r := range slices.Concat(at.tasks, at.drafts, at.scores, at.consults, at.teams, at.advice) {
		if r.Get("status").Str != "entered-in-error" && !restricted(r) && !aboutAnother(r, at.encounter) {
			wrong("without its label: " + r.Get("resourceType").Str + "/" + r.Get("id").Str)
		}
	}
	for _, r := range slices.Concat(at.tasks, at.teams, at.advice) {
		if (s.protected == fromTheStart || !settled[r.Get("status").Str]) && r.Get("location").Exists() {
			wrong("a protected patient's place stands on " + r.Get("resourceType").Str + "/" + r.Get("id").Str)
		}
	}
}

// aboutAnother tells of answers that name another patient than the admission: its
// label says nothing about them.
func aboutAnother(r, encounter gjson.Result) bool {
	subject := r.Get("subject.reference").Str + r.Get("for.reference").Str
	return subject != "" && subject != encounter.Get("subject.reference").Str
}

func restricted(r gjson.Result) bool {
	return r.Get(`meta.security.#(code=="V").system`).Str == confidentiality
}
