package simulate_test

import (
	"fmt"
	"strings"
	"time"
)

// This file is about where a patient lies, in each way in which EHRs say so: one place
// that is written over, or a list with the latest first or last, and in it places where
// she has been, is to come, or never came.

// place is one entry of Encounter.location.
func place(location, status, start, end string) string {
	p := fmt.Sprintf(`{"location":{"reference":%q}`, location)
	if status != "" {
		p += fmt.Sprintf(`,"status":%q`, status)
	}
	if start+end != "" {
		p += `,"period":{` + strings.Join(given("start", start, "end", end), ",") + `}`
	}
	return p + "}"
}

// given are those of alternating names and values that have one.
func given(namesValues ...string) (members []string) {
	for i := 0; i+1 < len(namesValues); i += 2 {
		if namesValues[i+1] != "" {
			members = append(members, fmt.Sprintf("%q:%q", namesValues[i], namesValues[i+1]))
		}
	}
	return members
}

// firstPlace is where she lies first. Some have a bed reserved elsewhere already, and
// some are expected to leave theirs.
func (h *hospital) firstPlace(s *stay) string {
	c := draw(h.sim.seed, "first place", number(int64(s.n)))
	first := place(s.lies, "", "", "")
	if c.happens(0.2) {
		first = place(s.lies, "active", h.clock(), "")
	}
	switch elsewhere := h.elsewhere(c, s); {
	case c.happens(0.05):
		return "[" + place(elsewhere, "reserved", "", "") + "," + first + "]"
	case c.happens(0.05):
		return "[" + first + "," + place(elsewhere, "planned", h.at(c.about(100*time.Hour)), "") + "]"
	case c.happens(0.05):
		return "[" + place(s.lies, "active", h.clock(), h.at(lies*10)) + "]"
	}
	return "[" + first + "]"
}

// elsewhere is another ward's.
func (h *hospital) elsewhere(c chance, s *stay) string {
	return h.wards[(s.ward+1+c.IntN(len(h.wards)-1))%len(h.wards)].location
}

// transfer takes her to another ward.
func (h *hospital) transfer(s *stay) {
	if s.over || !s.present() {
		return
	}
	c := draw(h.sim.seed, "transfer", number(int64(s.n)), number(int64(s.moves)))
	was := s.lies
	s.moves++
	s.ward = (s.ward + 1 + s.chance.IntN(len(h.wards)-1)) % len(h.wards)
	s.lies = h.wards[s.ward].location
	now := place(s.lies, pick(c, weighted[string]{1, ""}, weighted[string]{1, "active"}), h.clock(), "")
	old := place(was, "completed", "", "")
	if c.happens(0.5) {
		old = place(was, "active", "", h.clock())
	}
	never := place(h.elsewhere(c, s), pick(c, weighted[string]{1, "planned"}, weighted[string]{1, "reserved"}), h.clock(), "")
	h.ehr.edit(s.encounter, "location", "["+strings.Join(pick(c,
		weighted[[]string]{3, []string{place(s.lies, "", "", "")}}, weighted[[]string]{2, []string{old, now}}, weighted[[]string]{2, []string{now, old}},
		weighted[[]string]{1, []string{now, old, never}}, weighted[[]string]{1, []string{never, old, now}}), ",")+"]")
}
