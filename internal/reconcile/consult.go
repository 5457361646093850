package reconcile

import (
	"cmp"
	"slices"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// referring asks the liaison team, or changes what they were asked.
type referring struct{ *pathway.Referral }

func (referring) describe() []string {
	return []string{"ask the liaison team for a consult, or change what they were asked"}
}

func (a referring) record(w *writing) (activity, from string) {
	if a.Completes != "" {
		return "refer", a.Completes
	}
	return "refer", w.p.stay.EarlierScore.Ref
}

func (a referring) write(w *writing) {
	switch {
	case a.Changes != "":
		w.made.consult = a.Changes
		w.restate(a.Changes, func(*edit) {})
	case a.Renews != "":
		w.made.consult = a.Renews
		w.restate(a.Renews, func(e *edit) { e.set("status", "active") })
	case a.Stands != "":
		w.made.consult = a.Stands
	case a.Completes != "":
		w.made.consult = a.Completes
		w.assign(*a.Referral)
	default:
		w.refer(*a.Referral)
	}
}

// refer makes the order and the team's Task.
func (w *writing) refer(r pathway.Referral) {
	order, task := fhir.NewRef(), fhir.NewRef()
	score := cmp.Or(w.made.score, w.made.minimum)
	if r.Earlier {
		score = w.p.stay.EarlierScore.Ref
	}
	team, stands := w.teamTaskNamed(r.Number)
	if stands { // of an order that a person has deleted, or that was never made
		task = team.Ref
		w.edit(task, func(e *edit) { e.set("focus", fhir.Ref(order)) })
		w.askTeam(team, r.Due)
	}
	w.createNamed(order, w.order(score, task, r), w.named(stay.Consult, r.Number))
	if !stands {
		w.createNamed(task, w.teamTask(order, r), w.named(stay.ConsultTask, r.Number))
	}
	w.made.consult = order
	w.touched(order, task)
}

// teamTaskNamed is the team's Task of that number, also where another consult is the
// present one.
func (w *writing) teamTaskNamed(number int) (stay.Task, bool) {
	for _, t := range w.p.stay.Tasks {
		if t.Kind == stay.ConsultTask && t.Number == number && t.Status != "entered-in-error" {
			return t, true
		}
	}
	return stay.Task{}, false
}

// consultNumber counts the consults of an admission, by the identifier of one of ours.
func consultNumber(order fhir.Resource) int {
	name, ok := nameOf(order)
	if !ok || name.Kind != stay.Consult {
		return 0
	}
	return name.Number
}

// assign makes the team's Task for an order that stands without one.
func (w *writing) assign(r pathway.Referral) {
	task, order := fhir.NewRef(), r.Completes
	w.createNamed(task, w.teamTask(order, r), w.named(stay.ConsultTask, r.Number))
	w.edit(order, func(e *edit) { e.extend(madeWith(task)[0]) })
	w.touched(order, task)
}

// intents are those that a policy can name.
var intents = map[string]r4.RequestIntent{"order": r4.RequestIntentOrder, "proposal": r4.RequestIntentProposal}

func (w *writing) priority() *r4.RequestPriority {
	if w.tier() == pathway.Urgent {
		return fhir.Ptr(r4.RequestPriorityUrgent)
	}
	return fhir.Ptr(r4.RequestPriorityRoutine)
}

// tier is that of the consult which is asked for.
func (w *writing) tier() pathway.Tier {
	if c := pathway.Of[pathway.Referral](w.decision); c != nil && c.Urgent {
		return pathway.Urgent
	}
	return pathway.Consult
}

// order is the consult; its reason is the score, of this admission or of an
// earlier one.
func (w *writing) order(score, task string, r pathway.Referral) r4.ServiceRequest {
	return r4.ServiceRequest{
		Meta:              w.jointMeta,
		Extension:         append(madeWith(task), tierOf(w.tier())),
		Identifier:        []r4.Identifier{identifier(w.named(stay.Consult, r.Number))},
		Replaces:          refs(r.Replaces),
		InstantiatesUri:   []string{w.policyURI()},
		Status:            r4.RequestStatusActive,
		Intent:            intents[w.Policy.Consult.Intent],
		Priority:          w.priority(),
		Code:              w.consultCode(),
		Subject:           *w.subject(),
		Encounter:         w.encounter(),
		AuthoredOn:        fhir.Instant(w.now),
		Requester:         w.device(),
		Performer:         []r4.Reference{*w.team()},
		LocationReference: w.locations(),
		ReasonReference:   w.grounds(score, r),
		SupportingInfo:    w.supporting(),
		Note:              w.notes(),
	}
}

// grounds are the scores that a consult rests on; one is of that alone.
func (w *writing) grounds(score string, r pathway.Referral) (all []r4.Reference) {
	for _, ground := range r.Grounds {
		view := w.p.stay.About(ground.Instrument)
		made := w.scores[ground.Instrument]
		if ground.Instrument == w.p.stay.Instrument {
			made = score
		}
		if ref := cmp.Or(made, w.standing(view, ground)); ref != "" {
			all = append(all, *fhir.Ref(ref))
		}
	}
	if len(all) == 0 {
		all = append(all, *fhir.Ref(score))
	}
	return all
}

// standing is the Observation that a ground was before this decision.
func (w *writing) standing(view stay.Stay, ground pathway.Ground) string {
	switch {
	case ground.Earlier:
		return view.EarlierScore.Ref
	case ground.Least:
		return view.Minimum.Ref
	}
	return view.Score.Ref
}

// teamTask is the entry on the team's worklist.
func (w *writing) teamTask(order string, r pathway.Referral) fhir.Task {
	t := fhir.Task{Output: w.routed(w.owners.Liaison), Task: r4.Task{
		Meta:         w.jointMeta,
		Identifier:   []r4.Identifier{identifier(w.named(stay.ConsultTask, r.Number))},
		Status:       r4.TaskStatusRequested,
		Intent:       "order",
		Priority:     w.priority(),
		Code:         fhir.Ptr(w.teamCode()),
		Description:  fhir.Ptr(w.consultText()),
		Focus:        fhir.Ref(order),
		For:          w.subject(),
		Encounter:    w.encounter(),
		AuthoredOn:   fhir.Instant(w.now),
		LastModified: fhir.Instant(w.now),
		Requester:    w.device(),
		Owner:        w.team(),
		Location:     w.whereabouts(),
		Restriction:  dueBy(r.Due),
	}}
	if w.gone() {
		t.BusinessStatus = fhir.Ptr(coded(pathway.Discharged, w.left()))
	}
	return t
}

// teamCode is fulfill, and ours beside it: there are many tasks to fulfill in a
// hospital, and the census asks for these.
func (w *writing) teamCode() r4.CodeableConcept {
	c := fhir.Concept(taskCode, "fulfill", "")
	c.Coding = append(c.Coding, fhir.Coding(CodeSystem, "consult", ""))
	return worded(c, w.words.Code("consult"))
}

func (w *writing) team() *r4.Reference { return party(w.owners.Liaison, w.words.Text("liaison")) }

func (w *writing) note(text string) r4.Annotation {
	return r4.Annotation{Time: fhir.Instant(w.now), Text: text}
}

// restate puts a changed score on the consult that is there. Where the team has
// begun, their Task stays as they have set it.
func (w *writing) restate(order string, renew func(*edit)) {
	w.edit(order, func(e *edit) {
		renew(e)
		e.set("priority", w.priority().Code())
		e.extend(tierOf(w.tier()))
		if from := e.Get("reasonReference.0.reference").String(); w.made.score != "" && from != "" && from == w.p.stay.Minimum.Ref {
			e.set("reasonReference.0", fhir.Ref(w.made.score)) // there is a score now
		}
		if r := pathway.Of[pathway.Referral](w.decision); len(r.Grounds) > 0 {
			e.set("reasonReference", w.grounds(cmp.Or(w.made.score, w.made.minimum), *r))
		}
		w.rewrite(e)
	})
	w.touched(order)
	due := pathway.Of[pathway.Referral](w.decision).Due
	if task, ok := w.p.stay.TeamTask(); ok && !due.IsZero() {
		w.askTeam(task, due)
	}
}

// askTeam puts on the team's list a Task that stands, with the urgency and the time that
// the consult has now, unless they have begun on it. That it was raised before is over.
func (w *writing) askTeam(task stay.Task, due time.Time) {
	if task.Begun() {
		return
	}
	w.edit(task.Ref, func(e *edit) {
		e.set("status", "requested")
		e.set("priority", w.priority().Code())
		w.dueAnew(e, due)
		w.modified(e)
		e.delete("statusReason")
	})
	w.touched(task.Ref)
}

// dueAnew gives a Task another time, by which nobody has been reminded yet.
func (w *writing) dueAnew(e *edit, due time.Time) {
	e.set("restriction.period.end", *fhir.Instant(due))
	e.dropOutput(paramRaised)
}

func (w *writing) consultCode() *r4.CodeableConcept {
	c := r4.CodeableConcept{Text: fhir.Ptr(w.consultText())}
	for _, code := range w.Policy.Consult.Codings {
		c.Coding = append(c.Coding, fhir.Coding(code.System, code.Code, code.Display))
	}
	return &c
}

// consultText is what the consult is called: after AUDIT-C, where nothing else is asked.
func (w *writing) consultText() string {
	if slices.Equal(w.Policy.Instruments(), []string{stay.AuditC}) {
		return w.words.Text("consult")
	}
	return w.words.Text("consult-plain")
}

// refs are none or one.
func refs(ref string) []r4.Reference {
	if ref == "" {
		return nil
	}
	return []r4.Reference{*fhir.Ref(ref)}
}

func (w *writing) locations() []r4.Reference {
	if at := w.whereabouts(); at != nil {
		return []r4.Reference{*at}
	}
	return nil
}
