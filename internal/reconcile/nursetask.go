package reconcile

import (
	"fmt"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// changing edits the nurse's Task in place. Without one (her EHR sent the answers
// before anybody asked) a completed one is made: it is where we write down
// what was made of the answers.
type changing struct{ *pathway.TaskChange }

func (a changing) describe() []string {
	return []string{fmt.Sprintf("set the nurse's task to %s (%s)", a.Status, a.Business)}
}

func (a changing) shown() pathway.Action {
	task := *a.TaskChange
	task.Business, task.Why = shownCode(task.Business), shownCode(task.Why)
	return &task
}

func (a changing) write(w *writing) {
	change := *a.TaskChange
	w.tie()
	task, ok := w.p.stay.ScreeningTask()
	if !ok {
		w.answeredUnasked(change)
		return
	}
	w.putBack(task)
	w.edit(task.Ref, func(e *edit) {
		e.set("status", change.Status)
		w.modified(e)
		w.say(e, change)
		if change.Reroute {
			w.reroute(e)
		}
		if change.Response.Ref != "" { // judged anew: what is not made again now is not to be
			e.dropNeverMade(paramScore, paramConsult, paramAdvice)
		}
		for _, out := range w.made.parameters(change.Response) {
			e.output(out)
		}
		w.remember(e, change)
		w.rememberConsult(e, change)
	})
}

// say puts where the screening stands, and why, in words on the Task. What a
// person has written there stays unless we have something else to say.
func (w *writing) say(e *edit, change pathway.TaskChange) {
	if change.Business != "" && change.Business != statusOf(e.Resource) {
		e.set("businessStatus", w.became(change.Business))
	}
	said := ourCode(e.Get("statusReason"))
	switch {
	case change.Why == said && change.Detail.IsZero():
	case change.Why != "" && change.Business == pathway.Unanswered:
		e.set("statusReason", coded(change.Why, w.words.Again(change.Why)))
	case change.Why != "":
		e.set("statusReason", coded(change.Why, w.words.Reason(change.Why, change.Detail)))
	default:
		e.delete("statusReason")
	}
}

// became is what became of the screening in view: see screenedCode.
func (w *writing) became(business string) r4.CodeableConcept {
	if business == pathway.Scored && w.asked.Definition().Name != stay.AuditC {
		business = screenedCode
	}
	return w.concept(business)
}

// question is what the nurse reads on her list. AUDIT-C is known to her by what it asks.
func (w *writing) question() string {
	if w.asked.Step() != nil {
		return w.words.Text("ask-next") // it says nothing of the answers
	}
	if d := w.asked.Definition(); d.Name != stay.AuditC {
		return w.words.Text("ask-with", "instrument", d.Title)
	}
	return w.words.Text("ask")
}

// reroute gives a Task to the ward where the patient lies now.
func (w *writing) reroute(e *edit) {
	e.delete("owner")
	if owner := party(w.owners.Ward, ""); owner != nil {
		e.set("owner", owner)
	}
	w.place(e)
	w.rememberOwner(e, pathway.Routed(w.owners.Ward))
}

// remember keeps on the Task whether its score holds, and which draft belongs
// to it now.
func (w *writing) remember(e *edit, change pathway.TaskChange) {
	switch {
	case change.Withdraw:
		e.output(fhir.Parameter{Type: paramWithdrawn.concept(), ValueString: fhir.Instant(w.now)})
		if change.Response.Ref == "" {
			e.dropOutput(paramJudged) // the same answers may count again
		}
	case change.Business == pathway.Invalid && change.Response.Ref == "":
		e.dropOutput(paramJudged) // what cannot be read is not judged, and earlier answers are not said to be wrong any more
	case change.Business == pathway.Scored && change.Response.Ref != "":
		e.dropOutput(paramWithdrawn)
		e.set("executionPeriod.end", *fhir.Instant(change.Response.Authored)) // a later admission asks when
	}
	switch {
	case !change.UnableSince.IsZero():
		e.output(fhir.Parameter{Type: paramUnable.concept(), ValueString: fhir.Instant(change.UnableSince)})
	case change.Business == pathway.Unanswered:
		e.dropOutput(paramUnable)
	}
	if change.ClosedBefore {
		task, _ := w.p.stay.ScreeningTask()
		e.output(fhir.Parameter{Type: paramClosedBefore.concept(), ValueString: &task.Status})
	}
	if !change.Due.IsZero() {
		e.set("priority", change.Priority())
		w.dueAnew(e, change.Due)
	}
	if change.Raise > 0 {
		e.set("priority", change.Priority())
		e.output(fhir.Parameter{Type: paramRaised.concept(), ValueInteger: &change.Raise})
	}
	if change.Returned > 0 {
		w.edit(change.Response.Ref, func(e *edit) {
			e.extend(r4.Extension{Url: returnedExtension, ValueInteger: &change.Returned})
		})
	}
	if change.Draft != "" {
		e.output(fhir.Parameter{Type: paramResponse.concept(), ValueReference: fhir.Ref(change.Draft)})
	}
	if change.NewDraft > 0 {
		draft := w.draft(change.NewDraft, e.Ref())
		e.output(fhir.Parameter{Type: paramResponse.concept(), ValueReference: fhir.Ref(draft)})
		e.replace("input", fhir.Parameter{Type: paramForm.concept(), ValueCanonical: fhir.Ptr(w.form().Canonical())}) // she may have been asked with an older one
	}
}

// rememberConsult keeps which of the team's doings the consult shows already,
// and whose consult it is.
func (w *writing) rememberConsult(e *edit, change pathway.TaskChange) {
	carried, carriage, departure := "", pathway.Of[pathway.Carriage](w.decision), pathway.Of[pathway.Departure](w.decision)
	switch {
	case pathway.Of[pathway.Referral](w.decision) != nil, departure != nil && departure.Renews:
		carried = "requested"
	case carriage != nil:
		carried = carriage.Team
	case pathway.Of[pathway.Revocation](w.decision) != nil:
		carried = "cancelled"
	}
	if carried != "" {
		e.output(fhir.Parameter{Type: paramCarried.concept(), ValueString: &carried})
	}
	if change.Met != "" {
		e.output(fhir.Parameter{Type: paramConsult.concept(), ValueReference: fhir.Ref(change.Met)})
	}
}

// tie puts what was made now, or stands, where ours point to what was never made. A
// server that takes transactions for batches leaves such references in all that it
// writes: the second time they name what stands.
func (w *writing) tie() {
	w.repoint(w.p.stay.Consult.Ref, "reasonReference.0", w.made.score)
	if team, ok := w.p.stay.TeamTask(); ok {
		w.repoint(team.Ref, "focus", w.made.consult)
	}
	advice, ok := w.p.stay.AdviceTask()
	if nurses, _ := w.p.stay.ScreeningTask(); ok && neverMade(outputReference(w.p.byRef[nurses.Ref], paramAdvice)) {
		w.made.advice = advice.Ref
	}
	w.repoint(advice.Ref, "focus", w.made.score)
}

func (w *writing) repoint(of, path, to string) {
	if to != "" && neverMade(w.p.byRef[of].Get(path)) {
		w.edit(of, func(e *edit) { e.set(path, fhir.Ref(to)) })
	}
}

// answeredUnasked is the record of a screening that nobody had to ask for.
func (w *writing) answeredUnasked(change pathway.TaskChange) {
	t := w.screeningTask(taskStatus(change.Status), w.name)
	t.BusinessStatus = fhir.Ptr(w.became(change.Business))
	if change.Met != "" {
		w.made.consult = change.Met
	}
	t.Output = append(t.Output, w.made.parameters(change.Response)...)
	if answered := change.Response.Authored; !answered.IsZero() {
		t.ExecutionPeriod = &r4.Period{End: fhir.Instant(answered)}
	}
	w.create(fhir.NewRef(), t, stay.ScreeningTask)
}

// taskStatus is the model's value for a code; the rules use R4's codes only.
func taskStatus(code string) (s r4.TaskStatus) {
	_ = s.UnmarshalJSON([]byte(`"` + code + `"`))
	return s
}

// outputs are the references of what a decision made or changed.
type outputs struct{ score, minimum, consult, advice string }

func (o outputs) parameters(judged stay.Response) []fhir.Parameter {
	var list []fhir.Parameter
	add := func(kind param, ref string) {
		if ref != "" {
			list = append(list, fhir.Parameter{Type: kind.concept(), ValueReference: fhir.Ref(ref)})
		}
	}
	add(paramResponse, judged.Ref)
	add(paramScore, o.score)
	add(paramMinimum, o.minimum)
	add(paramConsult, o.consult)
	add(paramAdvice, o.advice)
	if judged.Ref != "" {
		list = append(list, fhir.Parameter{Type: paramJudged.concept(), ValueString: &judged.Version})
	}
	return list
}
