package cases

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is what may be said of what stands on the server.

var standing = func() (v vocabulary[bool]) {
	for _, words := range []string{
		"nobody asked", "went home unasked", "nobody was missed", "no score", "no consult", "no advice", "no reply",
		"task <task>", "task <task> (<code>)", "task priority <priority>", "task due in <time>", "task due <time> ago",
		"task because <code>", "task text: <words>", "task says: <words>", "task says nothing", "task points to the clinician's order",
		"form <form>", "form empty", "form written on", "form tied to the stay",
		"score <score>", "score is <result>", "score tier <tier>", "score limit passed", "score for review", "score answered now", "nothing is certain", "what is certain is <score>", "what is certain is <certain>", "score says that she <wish> the consult",
		"consult <order>", "consult priority <priority>", "consult for an earlier score", "consult for the score", "consult for what is certain", "consult is a proposal", "consult rests on <titles>",
		"team task <task>", "team task priority <priority>", "team task due in <time>", "team task due <time> ago", "team told <code>", "team told nothing", "team reads: <words>", "team task because <code>",
		"advice <task>", "advice because <code>", "reply <task>", "reply because <code>",
		"advice says: <words>", "advice rests on <titles>", "reply says: <words>", "second consult replaces the first",
		"clinician's order <order>",
	} {
		v.say(words, true)
	}
	for _, words := range []string{
		"one <thing>", "<how many> <thing>s",
		"<what> about the patient", "<what> about another patient", "<what> labelled <label>", "<what> without a label",
		"<which> <what> about the patient", "<which> <what> labelled <label>",
		"<work> with the nurses of <ward>", "<work> with the team", "<work> with those who may know", "<work> says <ward>", "<work> says no ward",
		"<which> task <task> (<code>)", "<which> task <task>", "<which> form <form>", "<which> score is <result>",
		"<which> consult <order>", "<which> team task <task>", "<which> advice task <task>",
	} {
		v.say(words, true)
	}
	letters(&v)
	return v
}()

// stand compares what stands with what is expected to.
func (p *play) stand() error {
	if len(p.c.Stands) == 0 {
		return nil
	}
	facts, err := p.facts()
	if err != nil {
		return err
	}
	for _, want := range p.c.Stands {
		if !slices.Contains(facts, want.Words) {
			return fmt.Errorf("line %d: %q does not stand on the server; this does:\n  %s", want.Line, want.Words, strings.Join(facts, "\n  "))
		}
	}
	return nil
}

// facts are all that can be said of what stands.
func (p *play) facts() ([]string, error) {
	f := &facts{p: p}
	f.missed()
	f.screening()
	f.another()
	f.of("ServiceRequest", stay.Consult, "consult", f.consult)
	f.of("Task", stay.ConsultTask, "team task", f.team)
	f.of("Task", stay.Advice, "advice", f.wards("advice"))
	f.of("Task", stay.Reply, "reply", f.wards("reply"))
	if p.order != "" && f.err == nil {
		var r fhir.Resource
		r, f.err = p.client.Read(p.ctx, p.order)
		f.say("clinician's order %s", worded(r.Get("status").String()))
	}
	return f.list, f.err
}

// screening tells of what was made with the instrument in view.
func (f *facts) screening() {
	f.of("Task", stay.ScreeningTask, "task", f.task)
	f.of("QuestionnaireResponse", stay.Draft, "form", f.response)
	f.of("Observation", stay.Score, "score", f.score)
	f.certain()
}

// missed tells of a stay that is over whether she would have been asked.
func (f *facts) missed() {
	var seen reconcile.Explanation
	seen, f.err = f.p.tilsyn.Preview(f.p.ctx, f.p.admission.ID())
	switch {
	case seen.Unasked:
		f.say("went home unasked")
	case seen.Status == stay.Finished:
		f.say("nobody was missed")
	}
}

// certain is what incomplete answers sum to at least.
func (f *facts) certain() {
	found, err := f.p.hospital.All(f.p.ctx, "Observation", stay.AtLeast, f.p.admission)
	if err != nil {
		f.err = err
		return
	}
	if len(found) == 0 {
		f.say("nothing is certain")
		return
	}
	last := found[len(found)-1]
	f.say("what is certain is %d", last.Get("valueQuantity.value").Int())
	f.say("what is certain is %s", worded(last.Get("status").String()))
}

type facts struct {
	p    *play
	list []string
	err  error
}

func (f *facts) say(format string, args ...any) {
	f.list = append(f.list, fmt.Sprintf(format, args...))
}

var none = map[string]string{"task": "nobody asked", "score": "no score", "consult": "no consult", "advice": "no advice", "reply": "no reply"}

// of tells of what was made of a kind: how many there are, and of the last one
// all that can be said.
func (f *facts) of(resourceType string, kind stay.Kind, name string, tell func(r fhir.Resource)) {
	found, err := f.p.hospital.All(f.p.ctx, resourceType, kind, f.p.admission)
	if err != nil {
		f.err = err
		return
	}
	if len(found) == 0 {
		if none[name] != "" {
			f.say("%s", none[name])
		}
		return
	}
	f.count(name, found)
	f.each(name, found)
	last := found[len(found)-1]
	tell(last)
	f.patient(name, last)
	f.labels(name, last)
	f.place(name, last)
}

// count leaves out what was marked as made in error because it was there twice.
func (f *facts) count(name string, found []fhir.Resource) {
	n := 0
	for _, r := range found {
		if r.Get("status").String() != "entered-in-error" {
			n++
		}
	}
	if name == "advice" {
		name = "advice task"
	}
	f.say("%s", several(n, name))
}

// several says one task, two tasks.
func several(n int, what string) string {
	words := []string{"no", "one", "two", "three", "four"}
	switch {
	case n == 1:
		return "one " + what
	case n < len(words):
		return words[n] + " " + what + "s"
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// each tells of the first and the second where there are more than one.
func (f *facts) each(name string, found []fhir.Resource) {
	if len(found) < 2 {
		return
	}
	for i, which := range []string{"first", "second"} {
		status := worded(found[i].Get("status").String())
		f.patient(which+" "+name, found[i])
		f.labels(which+" "+name, found[i])
		switch name {
		case "task":
			f.say("%s task %s", which, status)
			f.say("%s task %s (%s)", which, status, worded(ourCode(found[i], "businessStatus")))
		case "score":
			f.say("%s score is %s", which, status)
		case "advice":
			f.say("%s advice task %s", which, status)
		default:
			f.say("%s %s %s", which, name, status)
		}
	}
	if found[1].Get("replaces.0.reference").String() == found[0].Ref() {
		f.say("second %s replaces the first", name)
	}
}

func ourCode(r fhir.Resource, element string) string {
	for _, c := range r.Get(element + ".coding").Array() {
		if c.Get("system").String() == artifacts.CodeSystemURL {
			return c.Get("code").String()
		}
	}
	return ""
}

func (f *facts) task(r fhir.Resource) {
	status := worded(r.Get("status").String())
	f.say("task %s", status)
	f.say("task %s (%s)", status, worded(ourCode(r, "businessStatus")))
	f.say("task priority %s", r.Get("priority").String())
	f.because("task", r)
	if _, detail, ok := strings.Cut(r.Get("statusReason.text").String(), " ("); ok {
		f.say("task text: %s", strings.TrimSuffix(detail, ")"))
	}
	if said := r.Get("statusReason.text").String(); said != "" {
		f.say("task says: %s", said)
	} else if !r.Get("statusReason").Exists() {
		f.say("task says nothing")
	}
	f.due("task", r)
	for _, out := range r.Get("output").Array() {
		if ref := out.Get("valueReference.reference").String(); ref != "" && ref == f.p.order {
			f.say("task points to the clinician's order")
		}
	}
}

// due tells by when something is to have been done on a Task.
func (f *facts) due(name string, r fhir.Resource) {
	due := stay.DateIn(r.Get("restriction.period.end").String(), time.UTC).First()
	switch wait := time.Until(due); {
	case due.IsZero():
	case wait > 0:
		f.say("%s due in %s", name, span(wait))
	default:
		f.say("%s due %s ago", name, span(-wait))
	}
}

func (f *facts) because(name string, r fhir.Resource) {
	if why := ourCode(r, "statusReason"); why != "" {
		f.say("%s because %s", name, worded(why))
	}
}

func (f *facts) response(r fhir.Resource) {
	f.say("form %s", worded(r.Get("status").String()))
	if r.Get("encounter.reference").String() == f.p.admission.Encounter && r.Get("subject").Exists() {
		f.say("form tied to the stay")
	}
	if len(r.Get("item").Array()) == 0 {
		f.say("form empty")
		return
	}
	f.say("form written on")
}

func (f *facts) score(r fhir.Resource) {
	f.say("score %d", r.Get("valueQuantity.value").Int())
	f.say("score is %s", worded(r.Get("status").String()))
	for _, c := range r.Get("interpretation").Array() {
		switch code := c.Get("coding.0.code").String(); code {
		case "POS":
			f.say("score limit passed")
		case "NEG":
		default:
			f.say("score tier %s", code)
		}
	}
	if r.Get("note").Exists() {
		f.say("score for review")
	}
	if at := stay.DateIn(r.Get("effectiveDateTime").String(), time.UTC).First(); time.Since(at) < time.Minute && !at.After(time.Now()) {
		f.say("score answered now")
	}
	for _, c := range r.Get("component").Array() {
		for words, code := range wishes {
			if c.Get("valueCodeableConcept.coding.0.code").String() == "offer-"+code {
				f.say("score says that she %s the consult", words)
			}
		}
	}
}

// says are the notes on it.
func (f *facts) says(name string, r fhir.Resource) {
	for _, note := range r.Get("note").Array() {
		f.say("%s says: %s", name, note.Get("text").String())
	}
}

func (f *facts) consult(r fhir.Resource) {
	f.say("consult %s", worded(r.Get("status").String()))
	f.say("consult priority %s", r.Get("priority").String())
	f.letter(r)
	if r.Get("intent").String() == "proposal" {
		f.say("consult is a proposal")
	}
	reason := r.Get("reasonReference.0.reference").String()
	f.restsOn(r)
	switch {
	case f.results(stay.Score)[reason] != "":
		f.say("consult for the score")
	case f.results(stay.AtLeast)[reason] != "":
		f.say("consult for what is certain")
	default:
		f.say("consult for an earlier score")
	}
}

func (f *facts) team(r fhir.Resource) {
	f.say("team task %s", worded(r.Get("status").String()))
	f.say("team task priority %s", r.Get("priority").String())
	f.because("team task", r)
	f.due("team task", r)
	if told := ourCode(r, "businessStatus"); told != "" {
		f.say("team told %s", worded(told))
	} else {
		f.say("team told nothing")
	}
	for _, note := range r.Get("note").Array() {
		f.say("team reads: %s", note.Get("text").String())
	}
}

// wards are the Tasks that the ward has because of answers.
func (f *facts) wards(name string) func(r fhir.Resource) {
	return func(r fhir.Resource) {
		f.say("%s %s", name, worded(r.Get("status").String()))
		f.because(name, r)
		f.says(name, r)
		focus := r.Get("focus.reference").String()
		if title := cmp.Or(f.results(stay.Score)[focus], f.results(stay.AtLeast)[focus]); title != "" {
			f.say("%s rests on %s", name, title)
		}
	}
}

func (f *facts) patient(name string, r fhir.Resource) {
	about := r.Get("subject.reference").String()
	if r.Type() == "Task" {
		about = r.Get("for.reference").String()
	}
	switch about {
	case f.p.admission.Patient:
		f.say("%s about the patient", name)
	case "":
	default:
		f.say("%s about another patient", name)
	}
}

func (f *facts) labels(name string, r fhir.Resource) {
	all := r.Get("meta.security").Array()
	if len(all) == 0 {
		f.say("%s without a label", name)
	}
	for _, l := range all {
		f.say("%s labelled %s", name, labelOf(l.Get("code").String()))
	}
}

// place tells who has it, and which ward it says.
func (f *facts) place(name string, r fhir.Resource) {
	if r.Type() != "Task" && r.Type() != "ServiceRequest" {
		return
	}
	owner, at := r.Get("owner.reference").String(), r.Get("location.reference").String()
	if r.Type() == "ServiceRequest" {
		owner, at = r.Get("performer.0.reference").String(), r.Get("locationReference.0.reference").String()
	}
	if at == "" {
		f.say("%s says no ward", name)
	}
	for i, w := range f.p.hospital.Wards {
		letter := "ward " + string(rune('A'+i))
		if at == w.Location {
			f.say("%s says %s", name, letter)
		}
		if owner == w.Nurses {
			f.say("%s with the nurses of %s", name, letter)
		}
	}
	switch owner {
	case f.p.hospital.Liaison:
		f.say("%s with the team", name)
	case f.p.hospital.Few.Nurses, f.p.hospital.Few.Liaison:
		f.say("%s with those who may know", name)
	}
}
