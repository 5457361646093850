package simulate_test

import (
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/internal/pathway"
)

// This file is about what several screenings of one admission must come to.

// severalPolicy is the suggested policy as a hospital has it that asks AUDIT as well, with
// what is drawn for all of them.
func (s *simulation) severalPolicy() *pathway.Policy {
	written, err := os.ReadFile("../../internal/pathway/policy.yaml")
	if err != nil {
		panic(err)
	}
	var p map[string]any
	if err := yaml.Unmarshal(written, &p); err != nil {
		panic(err)
	}
	s.hospital.decided(p)
	p["screenings"] = []any{map[string]any{"instrument": "auditc", "tiers": p["tiers"]},
		map[string]any{"instrument": "audit", "due_after": "30h", "tiers": map[string]any{
			"advice": from(auditAdvice), "consult": from(auditConsult), "urgent": from(auditUrgent)}}}
	delete(p, "tiers")
	text, err := yaml.Marshal(p)
	if err != nil {
		panic(err)
	}
	policy, err := pathway.ParsePolicy(text)
	if err != nil {
		panic(err)
	}
	return policy
}

func from(points int) []any { return []any{map[string]any{"from": points, "source": "Babor 2001"}} }

// decided puts into a policy what this hospital has decided, as policy does.
func (h *hospital) decided(p map[string]any) {
	screening, consult := p["screening"].(map[string]any), p["consult"].(map[string]any)
	coded := func(code string) []any { return []any{map[string]any{"system": approved, "code": code}} }
	screening["do_not_ask"], screening["excluded_service_types"] = coded("do-not-ask"), coded("hospice")
	screening["rescreen_after"] = "0s"
	if h.remembers {
		screening["rescreen_after"] = (h.sim.lasts + 2*quiet).String()
	}
	for _, d := range []struct {
		is      bool
		in      map[string]any
		key, to string
	}{{h.item1, p, "item1_only", pathway.AsAdvice}, {h.records, p, "after_discharge", "record"},
		{h.ends, consult, "at_discharge", pathway.EndConsult}, {h.only, consult, "rejected", pathway.TellOnly}} {
		if d.is {
			d.in[d.key] = d.to
		}
	}
}

// kinds are what each instrument has of its own.
var kinds = []string{"screening", "response", "score", "at-least"}

// instrumentOf tells of a purpose whose it is; "" is AUDIT-C's, or the admission's.
func instrumentOf(purpose string) (kind, instrument string) {
	for _, k := range kinds {
		if name, ok := strings.CutPrefix(purpose, k+"-"); ok {
			return k, name
		}
	}
	return purpose, ""
}

// other is where what another instrument has of its own is filed.
func (at *standing) other(instrument string) *standing {
	if at.further == nil {
		at.further = map[string]*standing{}
	}
	if at.further[instrument] == nil {
		at.further[instrument] = &standing{}
	}
	return at.further[instrument]
}

// of is what stands of one instrument.
func (at *standing) of(f *form) *standing {
	if f.name == "" {
		return at
	}
	own := *at.other(f.name)
	own.encounter = at.encounter
	return &own
}

func (at *standing) everything() (lists [][]gjson.Result) {
	for _, further := range at.further {
		lists = append(lists, further.tasks, further.drafts, further.scores)
	}
	return append(lists, at.tasks, at.drafts, at.scores, at.consults, at.teams, at.advice, at.replies, at.others)
}

// furtherQuestions: each holds by itself what holds of AUDIT-C, and all together what they
// have led to.
func (c *checker) furtherQuestions(s *stay, at *standing) {
	if len(s.asked) == 1 {
		return
	}
	wrong := func(what string) { c.report(s, at, what) }
	for _, q := range s.all() {
		own, of := at.of(q.of), func(what string) { wrong(q.of.title + ": " + what) }
		c.itsOwn(q, own, of)
		if q.of == auditC {
			continue // it was looked at like everybody's
		}
		c.question(q, own, q.expected(), of)
		c.order(q, own, of)
		c.protection(q, own, of)
	}
	c.restsOnAll(s, at, wrong)
}

// itsOwn: what stands of an instrument is of that one.
func (c *checker) itsOwn(q *stay, own *standing, wrong func(string)) {
	at, _, _ := strings.Cut(q.of.canonical, "|")
	for _, r := range own.drafts {
		if form, _, _ := strings.Cut(r.Get("questionnaire").Str, "|"); strings.HasPrefix(form, "http") && form != at {
			wrong("a form of another instrument: " + form)
		}
	}
	for _, r := range own.scores {
		if code := r.Get("code.coding.0.code").Str; code != q.of.score {
			wrong("the score is another's: " + code)
		}
	}
}

// restsOnAll: the one consult is as urgent as the highest score asks for, and names every
// score that asks for it; the advice is asked for once.
func (c *checker) restsOnAll(s *stay, at *standing, wrong func(string)) {
	if n := live(at.advice, "entered-in-error", "cancelled"); n > 1+s.mistakes {
		wrong("advice asked for: " + itoa(n))
	}
	order := thePresent(at.consults)
	over := order.Get("status").Str == "completed" && (s.lastChange().After(s.finished) || s.pace.near(s.lastChange(), s.finished))
	if !order.Exists() || over || s.asksFor() == 0 || s.unsure() || !s.ordered.IsZero() || !s.rejected.IsZero() || !s.revoked.IsZero() {
		return
	}
	if urgent := order.Get("priority").Str == "urgent"; urgent != (s.asksFor() == 2) {
		wrong("the consult is " + order.Get("priority").Str)
	}
	for _, q := range s.all() {
		c.named(q, at, order, wrong)
	}
	for _, reason := range order.Get("reasonReference.#.reference").Array() {
		if gjson.Get(c.bodies[reason.Str], "status").Str == "entered-in-error" {
			wrong("the consult rests on " + reason.Str + ", which was taken back")
		}
	}
}

// named: a score that asks for the consult is its reason, and the letter has it.
func (c *checker) named(q *stay, at *standing, order gjson.Result, wrong func(string)) {
	if q.expectedOf() != yes {
		return
	}
	points, _ := q.counts().score()
	score := "Observation/" + theLive(at.of(q.of).scores).Get("id").Str
	if !strings.Contains(order.Get("reasonReference").Raw, quoted(score)) {
		wrong("the consult does not name " + score)
	}
	if !strings.Contains(order.Get("note").Raw, q.of.title+": "+itoa(points)+" av") {
		wrong("the letter does not tell of " + itoa(points) + " points in " + q.of.title)
	}
}

// unsure tells that nobody can say which score counts: such as one whose answers are not
// whole, or were answered in a portal as she left.
func (s *stay) unsure() bool {
	return slices.ContainsFunc(s.all(), func(q *stay) bool {
		score, _ := q.expectedScore()
		return score == either || q.passedInPart()
	})
}

// thePresent is the consult that waits for the team, is under way or done.
func thePresent(consults []gjson.Result) gjson.Result {
	for _, r := range notReplaced(consults) {
		if slices.Contains([]string{"active", "on-hold", "completed"}, r.Get("status").Str) {
			return r
		}
	}
	return gjson.Result{}
}
