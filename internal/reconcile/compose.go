package reconcile

import (
	"errors"
	"slices"
	"strings"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// writing is one transaction in the making: the picture it rests on, and the
// references of what it creates.
type writing struct {
	*Reconciler
	p      picture
	id     string // of the admission
	name   string // of this screening of the admission, in identifiers
	now    time.Time
	owners stay.Owners
	words  words
	meta   *r4.Meta // of what says only that the patient is to be asked
	told   *r4.Meta // of what follows from answers

	tx      fhir.Transaction
	edits   map[string]*edit
	edited  []string       // in the order in which they were first edited
	targets []r4.Reference // what the Provenance is about
	err     error
}

// compose turns a decision into the transaction that carries it out, and that
// has its AuditEvents where it is to be recorded.
func (r *Reconciler) compose(p picture, d pathway.Decision, recorded bool) (*fhir.Transaction, error) {
	id := p.stay.Admission.ID
	w := &writing{
		Reconciler: r, p: p, id: id, name: numbered(id, pathway.Generation(p.stay)), now: r.Now(),
		owners: p.stay.Owners,
		words:  language(r.Language),
		edits:  map[string]*edit{},
	}
	w.meta, w.told = w.marked(nil), w.marked(source(p.stay, d))
	if d.Ask != nil {
		w.ask(d.Ask)
	}
	made := w.results(d)
	if d.Task != nil {
		w.task(d, made)
	}
	w.upkeep(d)
	w.update()
	if recorded {
		w.audit()
	}
	return &w.tx, errors.Join(w.err, w.tx.Err())
}

// upkeep keeps our resources where they belong.
func (w *writing) upkeep(d pathway.Decision) {
	for _, ref := range d.Stop {
		w.edit(ref, func(e *edit) { e.set("status", "stopped") })
	}
	for _, ref := range d.Restart {
		w.edit(ref, func(e *edit) { e.set("status", "in-progress") })
	}
	for _, ref := range d.Follow {
		w.follow(ref)
	}
	if d.Restore != "" {
		w.restore(d.Restore)
	}
}

// discard marks what there is one too many of as made in error. The Provenance
// points to the one that stays.
func (w *writing) discard(d pathway.Duplicate) {
	if _, there := w.p.byRef[d.Ref]; !there {
		return // a person has deleted it
	}
	w.edit(d.Ref, func(e *edit) {
		e.set("status", "entered-in-error")
		if e.Type() == "Task" {
			w.modified(e)
		}
	})
	w.touched(d.Ref)
}

// follow puts the admission's patient on what is ours.
func (w *writing) follow(ref string) {
	w.edit(ref, func(e *edit) {
		if e.Type() != "Task" {
			e.set("subject", w.subject())
			return
		}
		e.set("for", w.subject())
		w.modified(e)
	})
}

// restore puts back on a response what a renderer has dropped. Only what is
// missing: what it wrote itself stays.
func (w *writing) restore(ref string) {
	drafts := 0
	for _, r := range w.p.stay.Responses {
		if r.Ours {
			drafts++
		}
	}
	lost := map[string]any{
		"identifier": identifier(stay.Draft, numbered(w.id, drafts)),
		"subject":    w.subject(),
		"encounter":  w.encounter(),
		"authored":   w.p.byRef[ref].Get("meta.lastUpdated").String(), // nobody knows better
	}
	w.edit(ref, func(e *edit) {
		for _, element := range missing(e.Resource) {
			e.set(element, lost[element])
		}
	})
}

// results writes what the decision makes of the answers, and says who and why.
func (w *writing) results(d pathway.Decision) (made outputs) {
	for _, extra := range d.Duplicates {
		w.discard(extra)
	}
	if d.Score != nil {
		made.score = w.score(*d.Score)
	}
	if d.Consult != nil {
		made.consult = w.refer(d, made.score)
	}
	if d.Advice != nil {
		made.advice = w.counsel(*d.Advice, made.score)
	}
	made = w.tie(made)
	if d.Withdraw != "" {
		w.edit(d.Withdraw, func(e *edit) { e.set("status", "entered-in-error") })
		w.touched(d.Withdraw)
	}
	if d.Revoke != nil {
		w.revoke(*d.Revoke)
	}
	if d.Tell != "" {
		w.tell(d.Tell)
	}
	if d.Chase != "" {
		w.chase(d.Chase)
	}
	if d.Carry != nil {
		w.edit(d.Carry.Order, func(e *edit) { e.set("status", d.Carry.Status) })
		w.touched(d.Carry.Order)
	}
	if d.HandOver != nil {
		w.handOver(*d.HandOver)
	}
	for _, l := range d.Labels {
		w.label(l)
	}
	w.provenance(d)
	return made
}

func (w *writing) create(ref string, resource any, purpose string) {
	w.tx.Create(ref, resource, fhir.ByIdentifier(IdentifierSystem, purpose+":"+w.name))
}

func (w *writing) encounter() *r4.Reference { return fhir.Ref("Encounter/" + w.id) }
func (w *writing) subject() *r4.Reference   { return fhir.Ref(w.p.stay.Patient.Ref) }
func (w *writing) device() *r4.Reference    { return fhir.Ref(w.Device) }

// touched remembers what the Provenance is about.
func (w *writing) touched(refs ...string) {
	for _, ref := range refs {
		known := slices.ContainsFunc(w.targets, func(t r4.Reference) bool { return *t.Reference == ref })
		if !known {
			w.targets = append(w.targets, *fhir.Ref(ref))
		}
	}
}

// party is an owner from the configuration: Type/id, or system|value.
func party(configured, name string) *r4.Reference {
	if configured == "" {
		if name == "" {
			return nil
		}
		return &r4.Reference{Display: &name}
	}
	if system, value, ok := strings.Cut(configured, "|"); ok {
		return &r4.Reference{Identifier: &r4.Identifier{System: &system, Value: &value}}
	}
	return fhir.Ref(configured)
}

// task edits the nurse's Task in place. Without one (her EHR sent the answers
// before anybody asked) a completed one is made: it is where we write down
// what was made of the answers.
func (w *writing) task(d pathway.Decision, made outputs) {
	change := *d.Task
	task, ok := w.p.stay.ScreeningTask()
	if !ok {
		w.answeredUnasked(change, made)
		return
	}
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
		for _, out := range made.parameters(change.Response) {
			e.output(out)
		}
		w.remember(e, change)
		w.rememberConsult(e, d)
	})
}

// modified dates an edit of a Task. A clock behind the one that made the Task
// must not date it before that: an invariant (inv-1) refuses it.
func (w *writing) modified(e *edit) {
	at := w.now
	if made := moment(e.Get("authoredOn")); made.After(at) {
		at = made
	}
	e.set("lastModified", *fhir.Instant(at))
}

// say puts where the screening stands, and why, in words on the Task. What a
// person has written there stays unless we have something else to say.
func (w *writing) say(e *edit, change pathway.TaskChange) {
	if change.Business != "" && change.Business != ourCode(e.Get("businessStatus")) {
		e.set("businessStatus", w.concept(change.Business, ""))
	}
	said := ourCode(e.Get("statusReason"))
	switch {
	case change.Why == said && change.Detail == "":
	case change.Why != "":
		e.set("statusReason", w.concept(change.Why, change.Detail))
	default:
		e.delete("statusReason")
	}
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
	case change.Business == pathway.Scored && change.Response.Ref != "":
		e.dropOutput(paramWithdrawn)
		e.set("executionPeriod.end", *fhir.Instant(change.Response.Authored)) // a later admission asks when
	}
	if change.PutAside {
		task, _ := w.p.stay.ScreeningTask()
		e.output(fhir.Parameter{Type: paramPutAside.concept(), ValueString: &task.Status})
	}
	if change.Raise > 0 {
		e.set("priority", raised[min(change.Raise, len(raised)-1)])
		e.output(fhir.Parameter{Type: paramRaised.concept(), ValueInteger: &change.Raise})
	}
	if change.Draft != "" {
		e.output(fhir.Parameter{Type: paramResponse.concept(), ValueReference: fhir.Ref(change.Draft)})
	}
	if change.NewDraft > 0 {
		draft := w.draft(change.NewDraft, e.Ref())
		e.output(fhir.Parameter{Type: paramResponse.concept(), ValueReference: fhir.Ref(draft)})
		e.replace("input", fhir.Parameter{Type: paramForm.concept(), ValueCanonical: fhir.Ptr(w.Form.Canonical())}) // she may have been asked with an older one
	}
}

// raised are the priorities of a Task that was raised so often.
var raised = [...]string{"routine", "urgent", "asap"}

// rememberConsult keeps which of the team's doings the consult shows already,
// and whose consult it is.
func (w *writing) rememberConsult(e *edit, d pathway.Decision) {
	carried := ""
	switch {
	case d.Carry != nil:
		carried = d.Carry.Team
	case d.Revoke != nil:
		carried = "cancelled"
	case d.Consult != nil:
		carried = "requested"
	}
	if carried != "" {
		e.output(fhir.Parameter{Type: paramCarried.concept(), ValueString: &carried})
	}
	if d.Task.Met != "" {
		e.output(fhir.Parameter{Type: paramConsult.concept(), ValueReference: fhir.Ref(d.Task.Met)})
	}
}

// concept is one of our codes with its words; detail names the item.
func (w *writing) concept(code, detail string) r4.CodeableConcept {
	c := fhir.Concept(CodeSystem, code, "")
	text := w.words.of(code)
	if detail != "" {
		text += " (" + detail + ")"
	}
	c.Text = &text
	return c
}

// outputs are the references of what a decision made or changed.
type outputs struct{ score, consult, advice string }

func (o outputs) parameters(judged stay.Response) []fhir.Parameter {
	var list []fhir.Parameter
	add := func(kind param, ref string) {
		if ref != "" {
			list = append(list, fhir.Parameter{Type: kind.concept(), ValueReference: fhir.Ref(ref)})
		}
	}
	add(paramResponse, judged.Ref)
	add(paramScore, o.score)
	add(paramConsult, o.consult)
	add(paramAdvice, o.advice)
	if judged.Ref != "" {
		list = append(list, fhir.Parameter{Type: paramJudged.concept(), ValueString: &judged.Version})
	}
	return list
}
