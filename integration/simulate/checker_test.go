package simulate_test

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// checker compares what stands on the server with what truly happened. It
// knows docs/rules.md and FHIR, and nothing of how the service decides.
type checker struct {
	sim    *simulation
	stands map[string]*standing // by Encounter/id
	bodies map[string]string    // by Type/id
	ours   map[string]string    // all that bears the service's identifier, by Type/id
}

// standing is what stands on the server for one admission.
type standing struct {
	encounter gjson.Result
	tasks     []gjson.Result // nurses', by us
	drafts    []gjson.Result
	scores    []gjson.Result
	consults  []gjson.Result
	teams     []gjson.Result
	advice    []gjson.Result // nurses' tasks to give it
	replies   []gjson.Result // nurses' tasks that say that the team does not come
	others    []gjson.Result // consults that are not ours

	further map[string]*standing // the tasks, drafts and scores of other instruments than AUDIT-C
}

func (s *simulation) check() {
	c := &checker{sim: s, stands: map[string]*standing{}, bodies: map[string]string{}, ours: map[string]string{}}
	c.read()
	for _, st := range s.hospital.stays {
		c.stay(st, c.stands[st.encounter])
		c.furtherQuestions(st, c.stands[st.encounter])
	}
	c.strangers()
	c.audited()
}

func (c *checker) read() {
	for _, typ := range []string{"Encounter", "Task", "QuestionnaireResponse", "Observation", "ServiceRequest"} {
		for _, r := range c.sim.hospital.ehr.all(typ) {
			c.bodies[typ+"/"+r.Get("id").Str] = r.Raw
			c.file(typ, r)
		}
	}
}

func (c *checker) file(typ string, r gjson.Result) {
	if typ == "Encounter" {
		c.of("Encounter/" + r.Get("id").Str).encounter = r
		return
	}
	at := c.of(r.Get("encounter.reference").Str)
	purpose, id := purposeOf(r)
	if id != "" {
		at = c.of("Encounter/" + id)
		c.ours[typ+"/"+r.Get("id").Str] = nameOf(r)
	}
	kind, instrument := instrumentOf(purpose)
	if instrument != "" {
		at = at.other(instrument)
	}
	switch kind {
	case "screening":
		at.tasks = append(at.tasks, r)
	case "response":
		at.drafts = append(at.drafts, r)
	case "score":
		at.scores = append(at.scores, r)
	case "consult":
		at.consults = append(at.consults, r)
	case "consult-task":
		at.teams = append(at.teams, r)
	case "reply":
		at.replies = append(at.replies, r)
	case "advice":
		at.advice = append(at.advice, r)
	default:
		if typ == "ServiceRequest" {
			at.others = append(at.others, r)
		}
	}
}

func (c *checker) of(encounter string) *standing {
	if c.stands[encounter] == nil {
		c.stands[encounter] = &standing{}
	}
	return c.stands[encounter]
}

// purposeOf reads what one of our resources is for, and in which admission.
func purposeOf(r gjson.Result) (purpose, admission string) {
	parts := append(strings.Split(nameOf(r), ":"), "", "")
	return parts[0], parts[1]
}

// nameOf is the service's identifier of a thing.
func nameOf(r gjson.Result) string {
	if r.Get("identifier").IsObject() {
		return r.Get("identifier.value").Str
	}
	return r.Get(`identifier.#(system=="` + identifiers + `").value`).Str
}

// strangers are things of ours in an admission that the hospital never had.
func (c *checker) strangers() {
	for name, st := range c.stands {
		if name != "" && !st.encounter.Exists() && len(st.tasks)+len(st.scores)+len(st.consults) > 0 {
			c.sim.found("work of ours in %s, which is not there", name)
		}
	}
}

// audited looks for a record of each creation, or for none. A response that the hospital sent by
// itself was only given the identifier.
func (c *checker) audited() {
	made := map[string]bool{}
	c.sim.hospital.ehr.each("AuditEvent?action=C&", func(e gjson.Result) { made[recorded(e)] = true })
	if !c.sim.config.Audit.Enabled {
		if len(made) > 0 {
			c.sim.found("%d AuditEvents although they are turned off", len(made))
		}
		return
	}
	for _, name := range c.sim.unrecorded {
		made[name] = made[name] || c.sim.kills > 0 // it was refused, and who would have sent it again may have died
	}
	for _, ref := range slices.Sorted(maps.Keys(c.ours)) {
		typ, _, _ := strings.Cut(ref, "/")
		if made[typ+" "+c.ours[ref]] {
			continue
		}
		if purpose, _ := purposeOf(c.sim.hospital.ehr.read(ref + "/_history/1")); purpose != "" {
			c.sim.found("no AuditEvent says that %s, %s, was created", ref, c.ours[ref])
		}
	}
}

// recorded is what an AuditEvent says that something was done with.
func recorded(e gjson.Result) string {
	what := e.Get(`entity.#(role.code=="4").what`)
	return what.Get("type").Str + " " + what.Get("identifier.value").Str
}

// want is what must stand at the end; each may also be left open.
type want struct {
	asked   verdict // whether there is a task at all
	open    verdict // whether a nurse is still waited for
	score   verdict
	points  int
	consult verdict // whether one of ours is live
	advice  verdict // whether the ward is waited for to give advice
}

type verdict int

const (
	either verdict = iota
	yes
	no
)

func (v verdict) broken(is bool) bool { return v == yes && !is || v == no && is }

// settled are statuses of what nobody waits for.
var settled = map[string]bool{"completed": true, "cancelled": true, "rejected": true, "failed": true, "entered-in-error": true}

func live(list []gjson.Result, dead ...string) int {
	n := 0
	for _, r := range list {
		gone := false
		for _, d := range dead {
			gone = gone || r.Get("status").Str == d
		}
		if !gone {
			n++
		}
	}
	return n
}

// withTask counts the tasks of the team for consults that stand.
func withTask(at *standing) (n int) {
	for _, order := range notReplaced(at.consults) {
		focus := "ServiceRequest/" + order.Get("id").Str
		for _, t := range at.teams {
			status := t.Get("status").Str
			if t.Get("focus.reference").Str == focus && status != "entered-in-error" && status != "cancelled" && order.Get("status").Str != "revoked" {
				n++
			}
		}
	}
	return n
}

// notReplaced leaves out the consults that another has taken the place of.
func notReplaced(consults []gjson.Result) []gjson.Result {
	return slices.DeleteFunc(slices.Clone(consults), func(r gjson.Result) bool {
		return slices.ContainsFunc(consults, func(o gjson.Result) bool {
			return o.Get("replaces.0.reference").Str == "ServiceRequest/"+r.Get("id").Str
		})
	})
}

// offBy is how far clocks may be off here, and how late a write may be visible.
const offBy = 15 * time.Minute

// dated is when a score says that it was answered.
func dated(score gjson.Result) time.Time {
	at, _ := time.Parse(time.RFC3339, score.Get("effectiveDateTime").Str)
	return at
}

// theLive is the first of a list that was not made in error.
func theLive(list []gjson.Result) gjson.Result {
	for _, r := range list {
		if r.Get("status").Str != "entered-in-error" {
			return r
		}
	}
	return gjson.Result{}
}

// hers is the last nurse's task that somebody may answer late.
func hers(tasks []gjson.Result) (last gjson.Result) {
	for _, t := range tasks {
		if t.Get("status").Str != "entered-in-error" && !isAnothers(t) {
			last = t
		}
	}
	return last
}

// anothers counts the tasks of a patient whose admission it turned out not to be.
func anothers(tasks []gjson.Result) (n int) {
	for _, t := range tasks {
		if isAnothers(t) {
			n++
		}
	}
	return n
}

func isAnothers(t gjson.Result) bool {
	return t.Get("businessStatus.coding.0.code").Str == "patient-changed"
}

func open(tasks []gjson.Result) (n int) {
	for _, t := range tasks {
		if !settled[t.Get("status").Str] {
			n++
		}
	}
	return n
}

func (c *checker) stay(s *stay, at *standing) {
	w := s.expected()
	wrong := func(what string) { c.report(s, at, what) }
	c.question(s, at, w, wrong)
	c.results(s, at, w, wrong)
	c.order(s, at, wrong)
	c.protection(s, at, wrong)
	for _, t := range s.texts {
		if !strings.Contains(c.bodies[t.ref], t.words) {
			wrong("overwritten: a text on " + t.ref)
		}
	}
}

// question is about one instrument: whether it was asked, and what it came to.
func (c *checker) question(s *stay, at *standing, w want, wrong func(string)) {
	if n := len(at.tasks) - anothers(at.tasks); w.asked.broken(n > 0) {
		wrong("screenings: " + itoa(n))
	}
	if n := live(at.tasks, "entered-in-error"); n > 1+len(s.unable)+s.mistakes || n > 3+s.mistakes {
		wrong("asked too often: " + itoa(n))
	}
	if n := open(at.tasks); n > 1 || w.open.broken(n > 0) {
		wrong("open tasks: " + itoa(n))
	}
	c.putAside(s, at, wrong)
	c.scores(s, at, w, wrong)
}

// putAside: a no of the patient is on record as that, and the ward's is not. One before
// answers that were withdrawn holds again, and on record is that they were.
func (c *checker) putAside(s *stay, at *standing, wrong func(string)) {
	answered := func(a *answer) bool { _, ok := a.score(); return ok }
	if s.nurse != declined && s.nurse != putAway || s.counts() != nil || s.void() || s.dead || slices.ContainsFunc(s.answers, answered) {
		return
	}
	said := slices.ContainsFunc(at.tasks, func(t gjson.Result) bool {
		return t.Get("status").Str == "rejected" && t.Get("businessStatus.coding.0.code").Str == string(s.nurse)
	})
	if len(at.tasks) > 0 && !said {
		wrong("on record is not that it was " + string(s.nurse))
	}
}

// scores: complete answers have one, of the right height.
func (c *checker) scores(s *stay, at *standing, w want, wrong func(string)) {
	scores := live(at.scores, "entered-in-error")
	if scores > 1 || w.score.broken(scores > 0) {
		wrong("scores: " + itoa(scores))
	}
	if scores == 1 && w.score == yes && int(theLive(at.scores).Get("valueQuantity.value").Int()) != w.points {
		wrong("the score is not " + itoa(w.points))
	}
	if scores > 0 && dated(theLive(at.scores)).After(s.answered().Add(offBy)) {
		wrong("the score is dated after the answers")
	}
	if scores == 1 && w.score == yes && !s.gave(theLive(at.scores).Get("derivedFrom.0.reference").Str, w.points) {
		wrong("the score is not from the answers that count")
	}
}

// results are what the scores have led to.
func (c *checker) results(s *stay, at *standing, w want, wrong func(string)) {
	if n := open(at.advice); n > 1 || w.advice.broken(n > 0) {
		wrong("advice that is waited for: " + itoa(n))
	}
	if n := open(at.replies); n > 1 || n > 0 && (!s.present() || s.dead || s.rejected.IsZero()) {
		wrong("words to the ward that are waited for: " + itoa(n))
	}
	consults := live(notReplaced(at.consults), "revoked", "entered-in-error")
	c.sim.consults += consults
	if consults > 1 || w.consult.broken(consults > 0) {
		wrong("live consults: " + itoa(consults))
	}
	if consults == 1 && withTask(at) != 1 {
		wrong("a consult without a task for the team")
	}
}

// order is what holds between the things of one admission.
func (c *checker) order(s *stay, at *standing, wrong func(string)) {
	for _, t := range at.teams {
		if !settled[t.Get("status").Str] && s.status == "finished" && !s.dead && t.Get("location").Exists() {
			wrong("the team is sent to a bed that the patient has left")
		}
	}
	for _, t := range slices.Concat(at.tasks, at.teams, at.advice, at.replies) {
		if !settled[t.Get("status").Str] && s.present() && s.shown() && t.Get("location.reference").Str != s.lies {
			wrong("the open task lies on another ward than the patient")
		}
	}
	for _, r := range slices.Concat(at.tasks, at.scores, at.consults, at.teams, at.advice, at.replies) {
		about := r.Get("for.reference").Str + r.Get("subject.reference").Str
		if !settled[r.Get("status").Str] && r.Get("status").Str != "revoked" && !c.sim.hospital.is(about, s.patient.ref) {
			wrong(r.Get("resourceType").Str + " about another patient than the admission")
		}
	}
	for _, list := range [][]gjson.Result{at.tasks, at.drafts, at.scores, at.consults, at.teams, at.advice, at.replies} {
		names := map[string]bool{}
		for _, r := range list {
			name := r.Get("identifier").Raw
			if r.Get("status").Str == "entered-in-error" {
				continue // nobody acts on it
			}
			if r.Get("resourceType").Str == "QuestionnaireResponse" && r.Get("item").Exists() {
				continue // one of two that a nurse has written on is hers
			}
			if names[name] {
				wrong("doubled: " + name)
			}
			names[name] = true
		}
	}
}

// report says what is wrong, with all that is needed to understand it.
func (c *checker) report(s *stay, at *standing, what string) {
	var b strings.Builder
	b.WriteString(s.encounter + ": " + what + "\n  truth: " + s.String())
	for _, list := range c.stands[s.encounter].everything() {
		for _, r := range list {
			b.WriteString("\n  " + r.Get("resourceType").Str + "/" + r.Get("id").Str + "/v" + r.Get("meta.versionId").Str + " " + r.Get("status").Str +
				" " + r.Get("businessStatus.coding.0.code").Str + r.Get("valueQuantity.value").Raw + " " + r.Get("meta.lastUpdated").Str)
			if *told {
				b.WriteString(c.versions(r))
			}
		}
	}
	c.sim.found("%s", b.String())
}
