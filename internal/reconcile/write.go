package reconcile

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
	"github.com/tilsyn/tilsyn/internal/words"
)

// writing is one transaction in the making: the picture it rests on, and the
// references of what it creates.
type writing struct {
	*Reconciler
	p          picture
	id         string          // of the admission
	name       stay.Name       // of the nurse's Task in view, about who the patient is now
	asked      *pathway.Policy // as it is for the screening in view
	now        time.Time
	owners     stay.Owners
	words      *words.Catalogue
	meta       *r4.Meta // of what says only that the patient is to be asked
	resultMeta *r4.Meta // of what follows from answers
	jointMeta  *r4.Meta // of what follows from those of all screenings

	decision pathway.Decision // about the screening in view
	decided  []pathway.Decision
	ground   *pathway.Ground   // that the letter tells of now; nil: it rests on one screening
	made     outputs           // so far, of it
	scores   map[string]string // by instrument: what was made of the answers, so far

	tx      fhir.Transaction
	edits   map[string]*edit
	edited  []string       // in the order in which they were first edited
	targets []r4.Reference // what the Provenance is about
	err     error
}

// compose turns a decision into the transaction that carries it out, and that
// has its AuditEvents where it is to be recorded.
func (r *Reconciler) compose(p picture, d pathway.Decision, recorded bool) (*fhir.Transaction, error) {
	w := &writing{
		Reconciler: r, p: p, id: p.stay.Admission.ID, now: r.Now(),
		owners: p.stay.Owners,
		words:  words.In(r.Language),
		edits:  map[string]*edit{},
		scores: map[string]string{},
	}
	w.decided = d.All()
	for _, one := range w.decided {
		w.carryOut(one)
	}
	w.resultMeta = w.recordMeta(w.decided)
	w.provenance(w.decided)
	w.update()
	if recorded {
		w.audit()
	}
	return &w.tx, errors.Join(w.err, w.tx.Err())
}

// carryOut adds what was decided about one screening.
func (w *writing) carryOut(d pathway.Decision) {
	w.see(d.Instrument)
	w.decision, w.made = d, outputs{}
	from := source(w.p.stay, d)
	w.meta, w.resultMeta = w.marked(w.priorSource()), w.marked(from)
	w.jointMeta = w.marked(cmp.Or(d.Rests, from))
	for _, action := range d.Actions {
		doingOf(action).write(w)
	}
	w.scores[d.Instrument] = cmp.Or(w.made.score, w.made.minimum)
}

// see has another screening in view.
func (w *writing) see(name string) {
	w.p.stay = w.p.stay.About(name)
	w.name, w.asked = present(w.p.stay), w.Policy.About(name)
}

// form is the one that the screening in view asks with.
func (w *writing) form() *instrument.Form { return w.loader.all[w.asked.Definition().Name].current }

func (w *writing) create(ref string, resource any, kind stay.Kind) {
	w.createNamed(ref, resource, w.name.As(kind))
}

func (w *writing) createNamed(ref string, resource any, name stay.Name) {
	w.tx.Create(ref, resource, byName(name))
}

// named is the name of the n-th thing of a kind.
func (w *writing) named(kind stay.Kind, n int) stay.Name {
	return stay.Name{Purpose: stay.For(kind, w.name.Instrument), Admission: w.id, Number: n}
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

// modified dates an edit of a Task. A clock behind the one that made the Task
// must not date it before that: an invariant (inv-1) refuses it.
func (w *writing) modified(e *edit) {
	at := w.now
	if made := w.loader.moment(e.Get("authoredOn")); made.After(at) {
		at = made
	}
	e.set("lastModified", *fhir.Instant(at))
}

// concept is one of our codes with its words.
func (w *writing) concept(code string) r4.CodeableConcept { return coded(code, w.words.Code(code)) }

// coded is one of our codes as it is to be read where it stands. A coding never says
// words of ours: validators compare its display with the code system's.
func coded(code, text string) r4.CodeableConcept {
	return worded(fhir.Concept(CodeSystem, code, ""), text)
}

// worded gives a concept its words in the site's language; "" leaves it as it is.
func worded(c r4.CodeableConcept, text string) r4.CodeableConcept {
	if text != "" {
		c.Text = &text
	}
	return c
}

// provenance records who did it, by which policy and rules, from which answers.
func (w *writing) provenance(decided []pathway.Decision) {
	if len(w.targets) == 0 {
		return
	}
	activity, from := w.activity(decided)
	w.tx.Create(fhir.NewRef(), r4.Provenance{
		Meta:     w.resultMeta,
		Target:   w.targets,
		Recorded: *fhir.Instant(w.now),
		Policy:   []string{w.policyURI()},
		Reason:   w.reasons(decided),
		Activity: fhir.Ptr(w.concept(activity)),
		Agent: []r4.ProvenanceAgent{{
			Type: fhir.Ptr(fhir.Concept("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "assembler", "Assembler")),
			Who:  *w.device(),
		}},
		Entity: []r4.ProvenanceEntity{{Role: r4.ProvenanceEntityRoleSource, What: *fhir.Ref(from)}},
	}, "")
}

// recordMeta is that of a record of all that was decided.
func (w *writing) recordMeta(decided []pathway.Decision) *r4.Meta {
	var all pathway.Source
	for _, d := range decided {
		w.see(d.Instrument)
		if d.Rests != nil {
			all.Labels = append(all.Labels, d.Rests.Labels...)
		}
		all.Labels = append(all.Labels, source(w.p.stay, d).Labels...)
	}
	return w.marked(&all)
}

// reasons are the rules that spoke, by code, and in words of the site's language:
// those of the decision itself are for explain.
func (w *writing) reasons(decided []pathway.Decision) []r4.CodeableConcept {
	reasons := []r4.CodeableConcept{}
	for _, d := range decided {
		for _, reason := range d.Reasons {
			reasons = append(reasons, worded(fhir.Concept(artifacts.RuleSystemURL, reason.Rule, ""), w.words.Rule(reason.Rule, limit(d))))
		}
	}
	return reasons
}

// limit is that of the tier which was reached, or of the consult that is asked for
// because of an earlier score; 0: none was.
func limit(d pathway.Decision) int {
	if score := pathway.Of[pathway.Score](d); score != nil {
		return score.Limit.From
	}
	if consult := pathway.Of[pathway.Referral](d); consult != nil {
		return consult.Limit.From
	}
	return 0
}

// activity is that of the first action that has one.
func (w *writing) activity(decided []pathway.Decision) (activity, from string) {
	for _, d := range decided {
		w.see(d.Instrument)
		for _, action := range d.Actions {
			if a, ok := doingOf(action).(recorded); ok {
				activity, from = a.record(w)
				return activity, cmp.Or(from, "Encounter/"+w.id)
			}
		}
	}
	return "withdraw", "Encounter/" + w.id
}

func (w *writing) policyURI() string { return PolicySystem + "/" + w.Policy.Version }
