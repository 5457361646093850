package simulate_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// goesOn plans what may come after an answer: it is corrected, saved again or
// withdrawn, and the team comes.
func (h *hospital) goesOn(s *stay) {
	c := s.chance
	a := s.answers[len(s.answers)-1]
	switch {
	case c.happens(0.12 * h.odd):
		h.later(s, c.about(20*time.Hour), func() { h.corrects(s, a, s.of.points(s)) })
	case c.happens(0.03 * h.odd):
		h.later(s, c.about(10*time.Hour), func() { h.corrects(s, a, a.points) })
	case c.happens(0.02 * h.odd):
		h.later(s, c.about(10*time.Hour), func() { h.withdraws(s, a) })
	}
	h.later(s, c.about(8*time.Hour), func() { h.teamLooks(s) })
	h.later(s, c.about(14*time.Hour), func() { h.advises(s) })
	if c.happens(0.1) {
		h.later(s, c.about(20*time.Hour), func() { h.saves(s, a) })
	}
	if c.happens(0.1 * h.odd) {
		h.later(s, c.about(10*time.Hour), func() { h.cancels(s) })
	}
}

// corrects hands the form in again, after the stay as well.
func (h *hospital) corrects(s *stay, a *answer, to []int) {
	if !a.valid || s.void() || s.dead || a.declined || !slices.Contains(s.answers, a) {
		return
	}
	h.fill(s, a.ref, pick(s.chance, weighted[string]{2, "amended"}, weighted[string]{1, "completed"}), to)
	h.later(s, s.chance.about(8*time.Hour), func() { h.teamLooks(s) })
	if s.chance.happens(0.3) {
		h.later(s, s.chance.about(20*time.Hour), func() { h.corrects(s, a, s.of.points(s)) })
	}
}

// saves is what an EHR does by itself with a form that is open: fewer answers than were
// handed in, and not handed in. What was scored stays so.
func (h *hospital) saves(s *stay, a *answer) {
	_, scored := a.score()
	if !a.valid || !scored || a.points[0] == 0 || len(s.answers) != 1 || !s.canBeAsked() || s.removed || h.pace.near(time.Now(), a.at) || s.answers[0] != a {
		return
	}
	a.autosave = true
	h.ehr.edit(a.ref, "status", `"in-progress"`, "authored", quoted(h.clock()), "item", a.form().items(a.points[:1]))
}

// advises: the ward gives the advice, or puts it aside.
func (h *hospital) advises(s *stay) {
	task, ok := h.ours("Task", "advice", s)
	if !ok || settled[task.Get("status").Str] || s.mistakes > 0 {
		return
	}
	s.advised = time.Now()
	ref := "Task/" + task.Get("id").Str
	h.ehr.edit(ref, "status", pick(s.chance, weighted[string]{3, `"completed"`}, weighted[string]{1, `"rejected"`}), "note.-1", h.says(s, ref))
}

// withdraws says that the answers were entered in error.
func (h *hospital) withdraws(s *stay, a *answer) {
	byTask := func(o *answer) bool { return o != a && o.byTask }
	if !a.valid || s.void() || s.dead || slices.ContainsFunc(s.answers, byTask) || !slices.Contains(s.answers, a) {
		return
	}
	a.valid, a.begun, a.changed = false, false, time.Now()
	h.ehr.edit(a.ref, "status", `"entered-in-error"`)
	h.visit(s, s.chance.about(10*time.Hour))
}

// ownForm is a response from another screen of the EHR; some forget to say
// which admission it is about, but then the task points to it.
func (h *hospital) ownForm(s *stay) {
	saved := func(a *answer) bool { return a.autosave }
	if s.over || !s.canBeAsked() || time.Since(s.ordered) < h.pace.of(time.Hour) || s.removed || slices.ContainsFunc(s.answers, saved) {
		return
	}
	p := s.of.points(s)
	ref := h.ehr.create("QuestionnaireResponse", fmt.Sprintf(`"questionnaire":%q,"status":"completed",`+
		`"subject":{"reference":%q},"encounter":{"reference":%q},"authored":%q,"item":%s`, s.of.canonical, s.patient.ref, s.encounter, h.clock(), s.of.items(p)))
	own := &answer{ref: ref, of: s.of, points: p, valid: true, at: time.Now(), changed: time.Now()}
	if a := s.counts(); a != nil && sameAnswers(a.points, p) && !a.wrong && !a.declined {
		own.changed = a.changed // it says the same
	}
	s.answers = append(s.answers, own)
	h.goesOn(s)
}

// answersLate: the form comes in after she has gone home.
func (h *hospital) answersLate(s *stay) {
	if s.void() || s.dead || len(s.answers) > 0 || !s.surely() || s.nurse != "" || s.removed {
		return
	}
	task := hers(h.tasks(s, ""))
	if !task.Exists() || h.form(s, task) == "" { // a form may not have been made yet
		return
	}
	h.answers(s, task)
	if a := s.counts(); a != nil && h.records && s.leadsTo(a) == consultDue {
		h.unseen = append(h.unseen, s)
	}
}

// ours finds what the service made for a purpose in an admission, the last of several
// consults.
func (h *hospital) ours(typ, purpose string, s *stay) (gjson.Result, bool) {
	id := strings.TrimPrefix(s.encounter, "Encounter/")
	for _, number := range []string{":3", ":2", ""} {
		for _, r := range h.ehr.search(typ + "?identifier=" + url.QueryEscape(identifiers+"|"+purpose+":"+id+number)) {
			return r, true
		}
	}
	return gjson.Result{}, false
}

// teamLooks: the liaison team finds the consult on its list and takes it on,
// refuses it, or has not come to it yet.
func (h *hospital) teamLooks(s *stay) {
	task, ok := h.ours("Task", "consult-task", s)
	if !ok || s.mistakes > 0 || task.Get("status").Str != "requested" {
		return
	}
	ref := "Task/" + task.Get("id").Str
	switch {
	case s.chance.happens(0.1):
		h.later(s, s.chance.about(20*time.Hour), func() { h.teamLooks(s) })
	case s.chance.happens(0.2):
		s.rejected, s.endedAt = time.Now(), s.asksFor()
		h.ehr.edit(ref, "status", `"rejected"`, "note.-1", h.says(s, ref))
		h.thinksAgain(s)
	default:
		s.begun = time.Now()
		h.ehr.edit(ref, "status", `"accepted"`, "note.-1", h.says(s, ref))
		h.in(s.chance.about(15*time.Hour), func() { h.teamIsDone(s, ref) })
	}
}

func (h *hospital) teamIsDone(s *stay, ref string) {
	if h.ehr.read(ref).Get("status").Str == "accepted" {
		s.finished = time.Now()
		h.ehr.edit(ref, "status", `"completed"`, "note.-1", h.says(s, ref))
	}
}

// cancels: a clinician takes our consult back.
func (h *hospital) cancels(s *stay) {
	order, ok := h.ours("ServiceRequest", "consult", s)
	if !ok || s.mistakes > 0 || order.Get("status").Str != "active" || !s.begun.IsZero() {
		return
	}
	s.revoked, s.endedAt = time.Now(), s.asksFor()
	ref := "ServiceRequest/" + order.Get("id").Str
	h.ehr.edit(ref, "status", `"revoked"`, "note.-1", h.says(s, ref))
	h.thinksAgain(s)
}

// thinksAgain: what a person has ended makes another ask her once more; mostly she says
// the same, or that it is worse.
func (h *hospital) thinksAgain(s *stay) {
	a := s.counts()
	if a == nil || !s.chance.happens(0.9) {
		return
	}
	to := pick(s.chance, weighted[[]int]{3, s.of.worst}, weighted[[]int]{1, a.points}, weighted[[]int]{1, s.of.worse})
	h.later(s, s.chance.about(8*time.Hour), func() { h.corrects(s, a, to) })
}
