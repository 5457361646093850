package simulate_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// visit is when a nurse next looks at her worklist for this patient.
func (h *hospital) visit(s *stay, wait time.Duration) {
	h.later(s, wait, func() { h.looks(s) })
}

// looks: what a nurse does with the task that she finds, if she finds one.
func (h *hospital) looks(s *stay) {
	if s.over || !s.present() || time.Since(s.ordered) < h.pace.of(time.Hour) {
		return
	}
	if s.placing(time.Now()) {
		h.visit(s, s.chance.about(8*time.Hour))
		return
	}
	task, ok := h.openTask(s)
	if !ok {
		if s.nurse == "" && s.counts() == nil {
			h.visit(s, s.chance.about(8*time.Hour))
		}
		return
	}
	s.seen = true
	pick(s.chance,
		weighted[func(*stay, gjson.Result)]{58, h.answers}, weighted[func(*stay, gjson.Result)]{4, h.marksDone},
		weighted[func(*stay, gjson.Result)]{8, h.begins}, weighted[func(*stay, gjson.Result)]{5, h.forgetsAnItem},
		weighted[func(*stay, gjson.Result)]{1.5, h.mistakesPatient}, weighted[func(*stay, gjson.Result)]{2, h.answersOddly},
		weighted[func(*stay, gjson.Result)]{2 + 2*h.odd, h.declines}, weighted[func(*stay, gjson.Result)]{2 + 2*h.odd, h.putsAway},
		weighted[func(*stay, gjson.Result)]{2, h.declinesInForm},
		weighted[func(*stay, gjson.Result)]{4 + 3*h.odd, h.unable}, weighted[func(*stay, gjson.Result)]{6, h.notes},
		weighted[func(*stay, gjson.Result)]{h.odd, h.closes}, weighted[func(*stay, gjson.Result)]{h.odd, h.removes},
	)(s, task)
}

// openTask is what a ward's worklist shows of this patient.
func (h *hospital) openTask(s *stay) (gjson.Result, bool) {
	for _, t := range h.tasks(s, "&status=requested,received,accepted,in-progress") {
		return t, true
	}
	return gjson.Result{}, false
}

// answers: she asks and hands the form in.
func (h *hospital) answers(s *stay, task gjson.Result) {
	h.fill(s, h.form(s, task), "completed", s.of.points(s))
	h.goesOn(s)
}

// marksDone: her form leaves the response in progress, and she closes the task.
func (h *hospital) marksDone(s *stay, task gjson.Result) {
	h.fill(s, h.form(s, task), "in-progress", s.of.points(s))
	h.ehr.edit("Task/"+task.Get("id").Str, "status", `"completed"`)
	a := s.answer(h.form(s, task))
	a.valid, a.byTask, a.begun = true, true, false
	h.goesOn(s)
}

// begins: she is called away.
func (h *hospital) begins(s *stay, task gjson.Result) {
	h.fill(s, h.form(s, task), "in-progress", s.of.points(s)[:1])
	h.ehr.edit("Task/"+task.Get("id").Str, "status", `"in-progress"`)
	h.visit(s, s.chance.about(6*time.Hour))
}

// forgetsAnItem: the form does not let her hand it in, but she closes the task. Some say
// why an answer is missing: it is missing all the same.
func (h *hospital) forgetsAnItem(s *stay, task gjson.Result) {
	h.fill(s, h.form(s, task), "in-progress", pick(s.chance, weighted[[]int]{2, s.of.partly[0]}, weighted[[]int]{2, s.of.partly[1]}, weighted[[]int]{1, s.of.partly[2]}))
	next := len(s.answer(h.form(s, task)).points)
	if why := pick(s.chance, weighted[string]{2, ""}, weighted[string]{1, "unknown"}, weighted[string]{1, "not-asked"}, weighted[string]{1, "temp-unknown"}); why != "" {
		h.ehr.edit(h.form(s, task), "item."+itoa(next), fmt.Sprintf(`{"linkId":"%d","answer":[{"extension":[{"url":%q,"valueCode":%q}]}]}`, next+1, absent, why))
	}
	h.ehr.edit("Task/"+task.Get("id").Str, "status", `"completed"`)
	if s.chance.happens(0.5) { // else nobody asks again
		h.visit(s, s.chance.about(6*time.Hour))
	}
}

const absent = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

// answersOddly: her form sends an answer, and beside it a reason why there is none.
func (h *hospital) answersOddly(s *stay, task gjson.Result) {
	h.fill(s, h.form(s, task), "completed", s.of.plain)
	s.answer(h.form(s, task)).broken = true
	h.ehr.edit(h.form(s, task), "item.1.answer.0.extension", fmt.Sprintf(`[{"url":%q,"valueCode":"unknown"}]`, absent))
	h.visit(s, s.chance.about(6*time.Hour))
}

// mistakesPatient: her form was opened on somebody else.
func (h *hospital) mistakesPatient(s *stay, task gjson.Result) {
	other := h.stays[s.chance.IntN(len(h.stays))].patient.ref
	if other == s.patient.ref {
		return
	}
	h.fill(s, h.form(s, task), "completed", s.of.points(s))
	s.answer(h.form(s, task)).wrong = true
	h.ehr.edit(h.form(s, task), "subject.reference", quoted(other))
	h.visit(s, s.chance.about(12*time.Hour))
}

func (h *hospital) declines(s *stay, task gjson.Result) {
	s.nurse = declined
	h.ehr.edit("Task/"+task.Get("id").Str, "status", `"rejected"`, "note.-1", h.says(s, "Task/"+task.Get("id").Str), "statusReason", pick(s.chance,
		weighted[string]{2, `{"coding":[{"system":"` + codes + `","code":"declined"}]}`},
		weighted[string]{1, `{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/data-absent-reason","code":"asked-declined"}]}`}))
}

// putsAway: she rejects the task because it does not suit now.
func (h *hospital) putsAway(s *stay, task gjson.Result) {
	s.nurse = putAway
	h.ehr.edit("Task/"+task.Get("id").Str, "status", `"rejected"`, "statusReason", pick(s.chance, weighted[string]{2, `{"text":"in surgery"}`},
		weighted[string]{1, `{"coding":[{"system":"https://ehr.example.no/reasons","code":"7"}]}`}, weighted[string]{1, `{"text":"-"}`}))
}

func (h *hospital) declinesInForm(s *stay, task gjson.Result) {
	a := s.answer(h.form(s, task))
	a.valid, a.declined, a.points, a.offer, a.broken, a.autosave, a.begun = true, true, nil, "", false, false, false
	a.at, a.changed = time.Now(), time.Now()
	h.ehr.edit(a.ref, "status", `"in-progress"`, "authored", quoted(h.clock()), "item",
		`[{"linkId":"1","extension":[{"url":"`+absent+`","valueCode":"asked-declined"}]}]`)
	h.ehr.edit("Task/"+task.Get("id").Str, "status", `"completed"`)
}

func (h *hospital) unable(s *stay, task gjson.Result) {
	s.nurse = unable
	s.unable = append(s.unable, time.Now())
	why := pick(s.chance, weighted[string]{1, "intoxicated"}, weighted[string]{1, "delirious"}, weighted[string]{1, "too-ill"})
	h.ehr.edit("Task/"+task.Get("id").Str, "status", `"rejected"`, "statusReason", fmt.Sprintf(`{"coding":[{"system":%q,"code":%q}]}`, codes, why))
	h.visit(s, 25*time.Hour+s.chance.about(8*time.Hour))
}

// notes: she only writes something on the task.
func (h *hospital) notes(s *stay, task gjson.Result) {
	h.ehr.edit("Task/"+task.Get("id").Str, "note.-1", h.says(s, "Task/"+task.Get("id").Str))
	h.visit(s, s.chance.about(6*time.Hour))
}

// closes: she takes it off her list without a word.
func (h *hospital) closes(s *stay, task gjson.Result) {
	s.nurse = closed
	h.ehr.edit("Task/"+task.Get("id").Str, "status", `"cancelled"`)
}

// removes: somebody deletes the task.
func (h *hospital) removes(s *stay, task gjson.Result) {
	if len(s.answers) > 0 || len(s.unable) > 0 {
		return
	}
	ref := "Task/" + task.Get("id").Str
	if !h.ehr.remove(ref) {
		h.closes(s, task) // the history of a duplicate keeps it
		return
	}
	s.removed = true
	s.forget(ref)
}

// says is a remark, as an Annotation, that must not get lost.
func (h *hospital) says(s *stay, ref string) string {
	words := fmt.Sprintf("written by hand %d-%d", s.n, len(s.texts))
	s.texts = append(s.texts, text{ref, words})
	return fmt.Sprintf(`{"text":%q}`, words)
}

func (s *stay) forget(ref string) {
	var kept []text
	for _, t := range s.texts {
		if t.ref != ref {
			kept = append(kept, t)
		}
	}
	s.texts = kept
}

// answer finds what was answered on a response, or begins on it.
func (s *stay) answer(ref string) *answer {
	for _, a := range s.answers {
		if a.ref == ref {
			return a
		}
	}
	s.answers = append(s.answers, &answer{ref: ref, of: s.of})
	return s.answers[len(s.answers)-1]
}

// fill writes answers on a response.
func (h *hospital) fill(s *stay, ref, status string, points []int) {
	a := s.answer(ref)
	offer := h.offer(s, a, points)
	if a.valid && sameAnswers(a.points, points) && a.offer == offer && !a.wrong && !a.declined && !a.broken {
		a.at = time.Now()
	} else {
		s.again = s.again || a.valid
		a.at, a.changed = time.Now(), time.Now()
	}
	a.points, a.offer, a.declined, a.wrong, a.broken, a.byTask, a.autosave = points, offer, false, false, false, false, false
	a.valid = status != "in-progress" && status != "entered-in-error"
	a.begun = status == "in-progress"
	s.nurse = ""
	s.home = s.home || s.status == "finished"
	words := h.says(s, ref)
	h.ehr.edit(ref, "status", quoted(status), "authored", quoted(h.dated(s)), "item", withOffer(s.of.items(points), offer), "subject.reference", quoted(s.patient.ref),
		"extension.-1", strings.Replace(words, `{"text":`, `{"url":"http://sim/said","valueString":`, 1))
	if s.chance.happens(0.08) {
		h.namesForm(s, ref)
	}
	if !h.careless && s.chance.happens(0.03) { // her form knows no admission
		h.ehr.change(ref, overwrite{"encounter", ""})
	}
}

// offer is what she says to the team; who does not drink, or has not answered all, is
// not asked. Mostly she says the same again.
func (h *hospital) offer(s *stay, a *answer, points []int) string {
	if !a.form().offers(points) {
		return ""
	}
	if a.form().offers(a.points) && s.chance.happens(0.5) {
		return a.offer
	}
	n, wants := &answer{of: a.of, points: points}, 0.7
	if s.leadsTo(n) == consultDue {
		wants = 3
	}
	return pick(s.chance, weighted[string]{5, ""}, weighted[string]{wants, "accepted"}, weighted[string]{1.5, "declined"}, weighted[string]{1, "not-asked"})
}

func withOffer(items, offer string) string {
	if offer == "" {
		return items
	}
	return strings.TrimSuffix(items, "]") + fmt.Sprintf(`,{"linkId":"consult-offer","answer":[{"valueCoding":{"system":%q,"code":%q}}]}]`, codes, "offer-"+offer)
}

// dated is when a form says that it was answered: mostly now; local time written as UTC,
// or a clock that nobody has set. Where the server does not say either when it was
// written, nobody could tell which of two answers is the later.
func (h *hospital) dated(s *stay) string {
	switch c := s.chance; {
	case h.sim.habits.undated["QuestionnaireResponse"]:
	case c.happens(0.05):
		return h.at(2 * time.Hour)
	case c.happens(0.02):
		return "2099-01-01T00:00:00Z"
	}
	return h.clock()
}

func sameAnswers(a, b []int) bool {
	return fmt.Sprint(a) == fmt.Sprint(b)
}
