package reconcile

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// refer asks the liaison team, or changes what they were asked.
func (w *writing) refer(d pathway.Decision, score string) (order string) {
	c := *d.Consult
	switch {
	case c.Changes != "":
		w.restate(c.Changes, d, func(*edit) {})
		return c.Changes
	case c.Renews != "":
		w.restate(c.Renews, d, func(e *edit) { e.set("status", "active") })
		return c.Renews
	case c.Stands != "":
		return c.Stands
	case c.Completes != "":
		w.completes(d)
		return c.Completes
	}
	order, task := fhir.NewRef(), fhir.NewRef()
	if c.Earlier {
		score = w.p.stay.Before.Score.Ref
	}
	if team, ok := w.p.stay.TeamTask(); ok && stay.NeverMade(w.p.byRef[team.Ref].Get("focus.reference").String()) {
		task = team.Ref // it stands, and waits for its order: see tie
	}
	w.create(order, w.order(d, score, task), stay.Consult)
	if stay.NeverMade(task) {
		w.create(task, w.teamTask(d, order), stay.ConsultTask)
	}
	w.touched(order, task)
	return order
}

// completes makes the team's Task for an order that stands without one.
func (w *writing) completes(d pathway.Decision) {
	order, task := d.Consult.Completes, fhir.NewRef()
	w.create(task, w.teamTask(d, order), stay.ConsultTask)
	w.edit(order, func(e *edit) {
		at := slices.IndexFunc(e.Get("extension").Array(), func(x gjson.Result) bool { return x.Get("url").String() == taskExtension })
		e.set(fmt.Sprintf("extension.%d", at), madeWith(task)[0])
	})
	w.touched(order, task)
}

// tie puts what was made now, or stands, where ours point to what was never made. A
// server that takes transactions for batches leaves such references in all that it
// writes: the second time they name what stands.
func (w *writing) tie(made outputs) outputs {
	w.repoint(w.p.stay.Results.Consult.Ref, "reasonReference.0.reference", made.score)
	if team, ok := w.p.stay.TeamTask(); ok {
		w.repoint(team.Ref, "focus.reference", made.consult)
	}
	advice, ok := w.p.stay.AdviceTask()
	if nurses, _ := w.p.stay.ScreeningTask(); ok && stay.NeverMade(outputReference(w.p.byRef[nurses.Ref], paramAdvice)) {
		made.advice = advice.Ref
	}
	w.repoint(advice.Ref, "focus.reference", made.score)
	return made
}

func (w *writing) repoint(of, path, to string) {
	if to != "" && stay.NeverMade(w.p.byRef[of].Get(path).String()) {
		w.edit(of, func(e *edit) { e.set(path, to) })
	}
}

// intents are those that a policy can name.
var intents = map[string]r4.RequestIntent{"order": r4.RequestIntentOrder, "proposal": r4.RequestIntentProposal}

func priority(c *pathway.Referral) *r4.RequestPriority {
	if c.Urgent {
		return fhir.Ptr(r4.RequestPriorityUrgent)
	}
	return fhir.Ptr(r4.RequestPriorityRoutine)
}

// order is the consult; its reason is the score, of this admission or of an
// earlier one.
func (w *writing) order(d pathway.Decision, score, task string) r4.ServiceRequest {
	return r4.ServiceRequest{
		Meta:              w.told,
		Extension:         madeWith(task),
		Identifier:        []r4.Identifier{identifier(stay.Consult, w.name)},
		InstantiatesUri:   []string{w.policyURI()},
		Status:            r4.RequestStatusActive,
		Intent:            intents[w.Policy.Consult.Intent],
		Priority:          priority(d.Consult),
		Code:              w.consultCode(),
		Subject:           *w.subject(),
		Encounter:         w.encounter(),
		AuthoredOn:        fhir.Instant(w.now),
		Requester:         w.device(),
		Performer:         []r4.Reference{*w.team()},
		LocationReference: w.locations(),
		ReasonReference:   []r4.Reference{*fhir.Ref(score)},
		SupportingInfo:    w.supporting(d),
		Note:              w.notes(d),
	}
}

// teamTask is the entry on the team's worklist.
func (w *writing) teamTask(d pathway.Decision, order string) fhir.Task {
	return fhir.Task{Output: w.routed(w.owners.Liaison), Task: r4.Task{
		Meta:         w.told,
		Identifier:   []r4.Identifier{identifier(stay.ConsultTask, w.name)},
		Status:       r4.TaskStatusRequested,
		Intent:       "order",
		Priority:     priority(d.Consult),
		Code:         fhir.Ptr(teamCode()),
		Description:  fhir.Ptr(w.words.of("consult")),
		Focus:        fhir.Ref(order),
		For:          w.subject(),
		Encounter:    w.encounter(),
		AuthoredOn:   fhir.Instant(w.now),
		LastModified: fhir.Instant(w.now),
		Requester:    w.device(),
		Owner:        w.team(),
		Location:     w.location(),
	}}
}

// teamCode is fulfill, and ours beside it: there are many tasks to fulfill in a
// hospital, and the census asks for these.
func teamCode() r4.CodeableConcept {
	c := fhir.Concept(taskCode, "fulfill", "")
	c.Coding = append(c.Coding, fhir.Coding(CodeSystem, "consult", ""))
	return c
}

func (w *writing) team() *r4.Reference { return party(w.owners.Liaison, w.words.of("liaison")) }

func (w *writing) note(text string) r4.Annotation {
	return r4.Annotation{Time: fhir.Instant(w.now), Text: text}
}

// restate puts a changed score on the consult that is there. Where the team has
// begun, their Task stays as they have set it.
func (w *writing) restate(order string, d pathway.Decision, renew func(*edit)) {
	w.edit(order, func(e *edit) {
		renew(e)
		e.set("priority", priority(d.Consult).Code())
		e.set("note.-1", w.note(w.letter(d)))
	})
	w.touched(order)
	task, ok := w.p.stay.TeamTask()
	if !ok || task.Begun() {
		return
	}
	w.edit(task.Ref, func(e *edit) {
		e.set("status", "requested")
		e.set("priority", priority(d.Consult).Code())
		w.modified(e)
		e.delete("statusReason")
	})
	w.touched(task.Ref)
}

// revoke takes back a consult that nobody has begun on.
func (w *writing) revoke(r pathway.Revocation) {
	why := w.concept(r.Why, "")
	if r.Ref != "" {
		w.edit(r.Ref, func(e *edit) {
			e.set("status", "revoked")
			e.set("note.-1", w.note(*why.Text))
		})
		w.touched(r.Ref)
	}
	task, ok := w.p.stay.TeamTask()
	if !ok || !task.Open() {
		return
	}
	w.edit(task.Ref, func(e *edit) {
		e.set("status", "cancelled")
		e.set("statusReason", why)
		w.modified(e)
	})
	w.touched(task.Ref)
}

// tell writes on the team's Task what has changed about a consult that they
// have begun on; they decide what it means.
func (w *writing) tell(code string) {
	task, ok := w.p.stay.TeamTask()
	if !ok {
		return
	}
	w.edit(task.Ref, func(e *edit) {
		e.set("businessStatus", w.concept(code, ""))
		e.set("note.-1", w.note(w.words.of(code)))
		e.output(fhir.Parameter{Type: paramTold.concept(), ValueString: &code})
		w.modified(e)
	})
	w.touched(task.Ref)
}

// chase raises the team's Task above what it was.
func (w *writing) chase(task string) {
	w.edit(task, func(e *edit) {
		above := map[string]string{"urgent": "asap", "asap": "stat", "stat": "stat"}[e.Get("priority").String()]
		e.set("priority", cmp.Or(above, "urgent"))
		w.modified(e)
		e.output(fhir.Parameter{Type: paramRaised.concept(), ValueInteger: fhir.Ptr(1)})
	})
}

func (w *writing) consultCode() *r4.CodeableConcept {
	c := r4.CodeableConcept{Text: fhir.Ptr(w.words.of("consult"))}
	for _, code := range w.Policy.Consult.Codings {
		c.Coding = append(c.Coding, fhir.Coding(code.System, code.Code, code.Display))
	}
	return &c
}

func (w *writing) locations() []r4.Reference {
	if at := w.location(); at != nil {
		return []r4.Reference{*at}
	}
	return nil
}
