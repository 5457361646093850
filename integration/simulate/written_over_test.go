package simulate_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// This file is about EHRs that take the nurse's task for their own: they write over what
// the service keeps there, complete it by themselves, or know no admission at all.

// form is the response that belongs to a task: the one that it points to, else the last
// that was prepared.
func (h *hospital) form(s *stay, task gjson.Result) string {
	for _, out := range task.Get("output").Array() {
		if ref := out.Get("valueReference.reference").Str; strings.HasPrefix(ref, "QuestionnaireResponse/") {
			return ref
		}
	}
	form := ""
	for _, r := range h.ehr.search("QuestionnaireResponse?_sort=_id&encounter=" + s.encounter) {
		if purpose, _ := purposeOf(r); purpose == s.of.purpose("response") {
			form = "QuestionnaireResponse/" + r.Get("id").Str
		}
	}
	return form
}

// overwrite is what an EHR writes of a task that it knows only a part of.
type overwrite struct{ path, value string }

// overwrites are what is lost. A reason that a nurse gave is kept.
func (h *hospital) overwrites(s *stay, form string) []overwrite {
	all := []overwrite{
		{"output", ""}, {"identifier", ""}, {"businessStatus", ""}, {"businessStatus", `{"text":"Ferdig"}`},
		{"output", `[{"type":{"text":"done"},"valueString":"done"}]`},
	}
	if form != "" {
		all = append(all, overwrite{"output", fmt.Sprintf(`[{"type":{"text":"QuestionnaireResponse"},"valueReference":{"reference":%q}}]`, form)})
	}
	if s.nurse == "" {
		all = append(all, overwrite{"statusReason", ""})
	}
	return all
}

// writesOver does so to a task of hers, now and then to several of its elements.
func (h *hospital) writesOver(s *stay) {
	tasks := h.tasks(s, "")
	if len(tasks) == 0 || s.removed || s.mistakes > 0 {
		return
	}
	c := draw(h.sim.seed, "written over"+s.of.name, number(int64(s.n)), number(time.Now().UnixNano()))
	task := tasks[c.IntN(len(tasks))]
	all := h.overwrites(s, h.form(s, task))
	for range 1 + c.IntN(3) {
		h.ehr.change("Task/"+task.Get("id").Str, all[c.IntN(len(all))])
	}
}

// change sets an element, or takes it out.
func (e ehr) change(ref string, o overwrite) {
	if o.value != "" {
		e.edit(ref, o.path, o.value)
		return
	}
	for {
		read := e.read(ref)
		status, answer := e.ask("PUT", ref, read.Get("meta.versionId").Str, drop(read.Raw, o.path))
		if status != 409 && status != 412 {
			must("PUT", ref, status, answer, "without "+o.path)
			return
		}
	}
}

// completes: an EHR completes a task that it shows on a screen, though nothing was
// answered, and does so again whenever the task comes back.
func (h *hospital) completes(s *stay) {
	if s.over || !s.present() || len(s.answers) > 0 || s.removed {
		return
	}
	if task, ok := h.openTask(s); ok {
		s.blanks++
		s.seen = true
		h.ehr.edit("Task/"+task.Get("id").Str, "status", `"completed"`)
	}
	h.later(s, 2*longest+s.chance.about(3*time.Hour), func() { h.completes(s) })
}

// portal: she has filled the form in herself, on a page that knows no admission.
func (h *hospital) portal(s *stay) {
	_, asked := h.openTask(s)
	if s.over || !asked || !s.canBeAsked() || s.removed || len(s.answers) > 0 || !h.lastOf(s) || h.hasParts(s) || s.parent != nil || s.mistakes > 0 {
		return
	}
	p := s.of.points(s)
	ref := h.ehr.create("QuestionnaireResponse", fmt.Sprintf(`"questionnaire":%q,"status":"completed",`+
		`"subject":{"reference":%q},"source":{"reference":%q},"authored":%q,"item":%s`, s.of.canonical, s.patient.ref, s.patient.ref, h.dated(s), s.of.items(p)))
	s.answers = append(s.answers, &answer{ref: ref, of: s.of, points: p, valid: true, portal: true, at: time.Now(), changed: time.Now()})
	s.seen = true
	h.goesOn(s)
}

// placing tells that she has answered in a portal so lately that the service may not
// know yet to which admission that belongs.
func (s *stay) placing(at time.Time) bool {
	return slices.ContainsFunc(s.answers, func(a *answer) bool { return a.portal && s.pace.near(at, a.at) })
}

// namesForm says which form was answered by where it lies, and not by what it is called.
func (h *hospital) namesForm(s *stay, response string) {
	canonical := h.ehr.read(response).Get("questionnaire").Str
	name, version, _ := strings.Cut(canonical, "|")
	for _, q := range h.ehr.search("Questionnaire?url=" + url.QueryEscape(name)) {
		if q.Get("version").Str != version {
			continue
		}
		at := "Questionnaire/" + q.Get("id").Str
		where := pick(s.chance, weighted[string]{2, at}, weighted[string]{1, at + "/_history/" + q.Get("meta.versionId").Str}, weighted[string]{1, "#form"})
		if where == "#form" {
			h.ehr.edit(response, "contained", fmt.Sprintf(`[{"resourceType":"Questionnaire","id":"form","status":"active","url":%q,"version":%q}]`, name, version))
		}
		s.forms++
		h.ehr.edit(response, "questionnaire", quoted(where))
		return
	}
}
