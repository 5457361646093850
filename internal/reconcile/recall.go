package reconcile

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about what tilsyn keeps on a Task and an EHR has written over: the
// identifier, the output, the business status. It is found again by what our resources
// point to and by their names, and put back.

// unnamed tells what a Task is for that has lost its identifier: one that our Device
// asked for, in this admission, with a code of ours. Its number is not known.
func (l loader) unnamed(res fhir.Resource, admission string) (purpose stay.Purpose, ok bool) {
	at, _ := l.client.LocalRef(res.Get("encounter.reference").String())
	by, _ := l.client.LocalRef(res.Get("requester.reference").String())
	if res.Identifier(IdentifierSystem) != "" || at != "Encounter/"+admission || by != l.device {
		return stay.Purpose{}, false
	}
	for _, c := range res.Get("code.coding").Array() {
		switch c.Get("system").String() + "|" + c.Get("code").String() {
		case sdcTemp + "|complete-questionnaire":
			name, ok := l.asksWith(res)
			return stay.For(stay.ScreeningTask, name), ok
		case CodeSystem + "|consult":
			return stay.Purpose{Kind: stay.ConsultTask}, true
		case CodeSystem + "|brief-advice":
			return stay.Purpose{Kind: stay.Advice}, true
		case CodeSystem + "|consult-rejected":
			return stay.Purpose{Kind: stay.Reply}, true
		}
	}
	return stay.Purpose{}, false
}

// asksWith is the instrument whose form a Task asks for; ok is false where that is none of
// ours.
func (l loader) asksWith(task fhir.Resource) (name string, ok bool) {
	url := urlOf(parameter(task, "input", paramForm).Get("valueCanonical").String())
	for name, f := range l.all {
		if f.under(url) != nil {
			return name, true
		}
	}
	return "", false
}

// number gives Tasks without an identifier the numbers that are free, the oldest the
// lowest. One that was made in error is mostly one too many, which we have marked: it has
// the number of the one that stays, where there is one, and takes none from it. So has one
// whose draft, by Task, bears the number of the other's: two were made at once.
func number(tasks []stay.Task, drafts map[string]int) {
	taken := map[stay.Purpose]map[int]bool{}
	var lost []*stay.Task
	for i, t := range tasks {
		if taken[t.Purpose] == nil {
			taken[t.Purpose] = map[int]bool{}
		}
		if t.Number == 0 {
			lost = append(lost, &tasks[i])
		} else if inError(t) == 0 {
			taken[t.Purpose][t.Number] = true
		}
	}
	slices.SortStableFunc(lost, func(a, b *stay.Task) int {
		return cmp.Or(inError(*a)-inError(*b), a.Made.Compare(b.Made), cmp.Compare(a.Ref, b.Ref))
	})
	for _, t := range lost {
		if t.Number = cmp.Or(twin(tasks, *t), madeAtOnce(tasks, *t, drafts)); t.Number > 0 {
			continue
		}
		t.Number = lowestFree(taken[t.Purpose])
		taken[t.Purpose][t.Number] = true
	}
}

// lowestFree is the lowest number, from 1, that is not taken.
func lowestFree(taken map[int]bool) (n int) {
	for n = 1; taken[n]; n++ {
	}
	return n
}

func inError(t stay.Task) int {
	if t.Status == "entered-in-error" {
		return 1
	}
	return 0
}

// twin is the number of what was made nearest to a Task that was made in error, for the
// same purpose, and stays; 0: nothing was.
func twin(tasks []stay.Task, t stay.Task) (number int) {
	nearest := time.Duration(math.MaxInt64)
	for _, other := range tasks {
		apart := other.Made.Sub(t.Made).Abs()
		if inError(t) == 1 && inError(other) == 0 && other.Purpose == t.Purpose && other.Number > 0 && apart < nearest {
			number, nearest = other.Number, apart
		}
	}
	return number
}

// madeAtOnce is the number of another Task whose draft has the number of this one's; 0:
// there is none.
func madeAtOnce(tasks []stay.Task, t stay.Task, drafts map[string]int) int {
	for _, other := range tasks {
		if other.Ref != t.Ref && other.Purpose == t.Purpose && drafts[t.Ref] > 0 && drafts[other.Ref] == drafts[t.Ref] {
			return other.Number
		}
	}
	return 0
}

// drafted are the numbers of the drafts, by the Task that each was made with.
func (l loader) drafted(p *picture) map[string]int {
	numbers := map[string]int{}
	for _, res := range p.byRef {
		name, ours := nameIn(res, p.stay.Admission.ID)
		if of, ok := l.client.LocalRef(taskOf(res).Get("reference").String()); ok && ours && name.Kind == stay.Draft {
			numbers[of] = name.Number
		}
	}
	return numbers
}

// recall finds on what was read what the Tasks have lost.
func (l loader) recall(p *picture) {
	last, _ := p.stay.ScreeningTask()
	for i := range p.stay.Tasks {
		t := &p.stay.Tasks[i]
		if t.Kind == stay.ScreeningTask && !p.stay.Asks(*t) {
			continue
		}
		if t.Kind == stay.ScreeningTask {
			l.recallDraft(p, t, t.Ref == last.Ref)
			recallStatus(p, t, t.Ref == last.Ref)
		}
		if t.Ref == last.Ref && l.leads(p) {
			recallResults(p.stay, t)
		}
		recallReminders(t)
		t.WrittenOver = lost(p.byRef[t.Ref], *t)
	}
}

// leads tells that the nurse's Task in view is the one that remembers the consult.
func (l loader) leads(p *picture) bool {
	return pathway.Leading(p.stay, l.policy) == p.stay.Instrument
}

// recallDraft finds the draft that was made along with a Task, or else the last one: an
// EHR may have put something of its own in its place.
func (l loader) recallDraft(p *picture, t *stay.Task, last bool) {
	draft, best := "", 0
	for _, res := range sorted(p.byRef) {
		if res.Type() != "QuestionnaireResponse" || !l.isDraft(res, p.stay.Admission.ID) {
			continue
		}
		name, _ := nameOf(res)
		n := name.Number
		if of, _ := l.client.LocalRef(taskOf(res).Get("reference").String()); of == t.Ref {
			n += ofItsOwn
		} else if !last {
			continue
		}
		if n > best {
			draft, best = res.Ref(), n
		}
	}
	if draft != "" && !slices.Contains(t.Answers, draft) {
		t.Answers = append(t.Answers, draft)
	}
	if t.Response == "" && !t.NoResponse {
		t.Response = draft
	}
}

// ofItsOwn puts a draft that was made with a Task before any that was not.
const ofItsOwn = 1 << 20

// recallResults finds the consult and the advice that came of the answers by the Tasks
// for them.
func recallResults(s stay.Stay, t *stay.Task) {
	if team, ok := s.TeamTask(); ok && team.For == t.For {
		t.Consult = cmp.Or(t.Consult, team.Focus)
	}
	if advice, ok := s.AdviceTask(); ok && advice.For == t.For {
		t.Advice = cmp.Or(t.Advice, advice.Ref)
	}
}

// recallReminders finds how often the ward was reminded, and what the team was told, by
// what else of that stands on the Task.
func recallReminders(t *stay.Task) {
	switch {
	case t.Kind == stay.ConsultTask:
		t.Notified = cmp.Or(t.Notified, t.BusinessStatus)
	case t.Kind == stay.ScreeningTask && t.Forgets && t.Raised == 0:
		t.Raised = map[string]int{"urgent": 1, "asap": 2, "stat": 2}[t.Priority]
	}
}

// recallStatus finds what became of a screening that has ended and whose business status
// is gone. Of one that waits, the status of the Task says enough.
func recallStatus(p *picture, t *stay.Task, last bool) {
	switch who := p.stay.Patient; {
	case t.BusinessStatus != "":
	case !last && who.Ref != "" && !who.Is(t.For):
		t.BusinessStatus = pathway.PatientChanged
	case t.Scored() && t.Status == "completed":
		t.BusinessStatus = pathway.Scored
	case t.Status == "cancelled":
		t.BusinessStatus = cmp.Or(t.Reason, extension(p.byRef[t.Response], endedExtension).Get("valueCode").String())
	}
}

// memory reads by name what was made of the answers, and which of it there was and a
// person has deleted: a Provenance tells of that.
func (l loader) memory(ctx context.Context, p *picture) error {
	screening := present(p.stay)
	if err := l.ask(ctx, p, l.queries.results(presents(p.stay, l.policy.Instruments()))...); err != nil {
		return err
	}
	// A server that does not give them keeps nobody from being looked after.
	if err := l.ask(ctx, p, l.queries.recordsOf(hers(p.stay))...); err != nil && !fhir.IsRefused(err) {
		return err
	}
	if t := p.nurses(); t != nil {
		l.recallMade(p, t, screening)
		recallStatus(p, t, true)
		t.WrittenOver = lost(p.byRef[t.Ref], *t)
	}
	return l.answersBehind(ctx, p)
}

// nurses is the nurse's Task that counts, to be written on; nil: nobody was asked.
func (p *picture) nurses() *stay.Task {
	last, asked := p.stay.ScreeningTask()
	at := slices.IndexFunc(p.stay.Tasks, func(t stay.Task) bool { return t.Ref == last.Ref })
	if !asked || at < 0 {
		return nil
	}
	return &p.stay.Tasks[at]
}

// hers are the responses about the patient of the admission, as far as they say.
func hers(s stay.Stay) (refs []string) {
	for _, r := range s.Responses {
		another := r.Subject != "" && !s.Patient.Is(r.Subject)
		others := slices.ContainsFunc(s.Tasks, func(t stay.Task) bool {
			return t.BusinessStatus == pathway.PatientChanged && (t.Response == r.Ref || slices.Contains(t.Answers, r.Ref))
		})
		if !another && !others {
			refs = append(refs, r.Ref)
		}
	}
	return refs
}

// recallMade finds what was made of the answers: what stands under its name, or else
// what a Provenance says that there was. Of several consults the last took the place of
// the others.
func (l loader) recallMade(p *picture, t *stay.Task, screening stay.Name) {
	latest := 0
	for _, res := range sorted(p.byRef) {
		name, _ := nameOf(res)
		if t.Score == "" && name == screening.As(stay.Score) {
			t.Score = res.Ref()
		}
		if t.Minimum == "" && name == screening.As(stay.AtLeast) {
			t.Minimum = res.Ref()
		}
		if n := l.consultOf(p, res); l.leads(p) && n > latest && (t.Consult == "" || latest > 0) {
			t.Consult, latest = res.Ref(), n
		}
	}
	for _, res := range sorted(p.byRef) {
		if res.Type() == "Provenance" {
			l.recorded(p, res, t)
		}
	}
	score := result(p.byRef[t.Score])
	t.Withdrawn = t.Withdrawn || score.Ref != "" && !score.Live()
	t.ClosedBefore = t.ClosedBefore || score.ClosedBefore
}

// consultOf is the number of a consult of ours in this admission, about its patient; 0: it
// is none.
func (l loader) consultOf(p *picture, res fhir.Resource) int {
	name, ours := nameIn(res, p.stay.Admission.ID)
	if !ours || name.Kind != stay.Consult || res.Get("status").String() == "entered-in-error" || !l.concerns(res, "subject", p.stay.Patient) {
		return 0
	}
	return name.Number
}

// recorded finds in a Provenance what was made and is gone.
func (l loader) recorded(p *picture, provenance fhir.Resource, t *stay.Task) {
	for _, target := range provenance.Get("target.#.reference").Array() {
		ref, ok := l.client.LocalRef(target.String())
		if _, stands := p.byRef[ref]; !ok || stands {
			continue
		}
		switch typ := typeOf(ref); {
		case typ == "Observation" && t.Score == "":
			t.Score = ref
		case typ == "ServiceRequest" && t.Consult == "" && l.leads(p):
			t.Consult = ref
		}
	}
}

// answersBehind finds the response that a score rests on, where nothing else points to it
// any more.
func (l loader) answersBehind(ctx context.Context, p *picture) error {
	task, _ := p.stay.ScreeningTask()
	from, ok := l.client.LocalRef(result(p.byRef[task.Score]).From)
	if !ok || typeOf(from) != "QuestionnaireResponse" || slices.Contains(task.Answers, from) {
		return nil
	}
	if _, err := l.get(ctx, p, from); err != nil {
		if fhir.IsGone(err) {
			return nil
		}
		return err
	}
	if t := p.nurses(); t != nil {
		t.Answers = append(t.Answers, from)
	}
	p.stay.Responses = nil
	return l.responses(ctx, p)
}

// keptOn is what tilsyn keeps on a Task in output.
func keptOn(t stay.Task) (all []fhir.Parameter) {
	for _, o := range []struct {
		kind param
		ref  string
	}{{paramResponse, t.Response}, {paramScore, t.Score}, {paramMinimum, t.Minimum}, {paramConsult, t.Consult}, {paramAdvice, t.Advice}} {
		if o.ref != "" {
			all = append(all, fhir.Parameter{Type: o.kind.concept(), ValueReference: fhir.Ref(o.ref)})
		}
	}
	return all
}

// lost tells that a Task lacks something of that which has been found again.
func lost(res fhir.Resource, t stay.Task) bool {
	return res.Identifier(IdentifierSystem) == "" || t.BusinessStatus != "" && ourCode(res.Get("businessStatus")) == "" ||
		slices.ContainsFunc(keptOn(t), func(o fhir.Parameter) bool { return !has(res, o) })
}

func has(task fhir.Resource, o fhir.Parameter) bool {
	coding := o.Type.Coding[0]
	return indexOf(task, "output", param{*coding.System, *coding.Code}) >= 0
}

// putBack writes on a Task what it has lost.
func (w *writing) putBack(t stay.Task) {
	if !t.WrittenOver {
		return
	}
	w.edit(t.Ref, func(e *edit) {
		if e.Identifier(IdentifierSystem) == "" {
			e.set("identifier.-1", identifier(stay.Name{Purpose: t.Purpose, Admission: w.id, Number: t.Number}))
		}
		if t.BusinessStatus != "" && ourCode(e.Get("businessStatus")) == "" {
			e.set("businessStatus", w.became(t.BusinessStatus))
		}
		for _, o := range append(keptOn(t), w.marks(t)...) {
			if !has(e.Resource, o) {
				e.output(o)
			}
		}
		w.modified(e)
	})
}

// marks are what tilsyn keeps beside that: the score that is put back was taken back, or a
// person had ended the question before.
func (w *writing) marks(t stay.Task) (all []fhir.Parameter) {
	if t.Withdrawn {
		all = append(all, fhir.Parameter{Type: paramWithdrawn.concept(), ValueString: fhir.Instant(w.now)})
	}
	if t.ClosedBefore {
		all = append(all, fhir.Parameter{Type: paramClosedBefore.concept(), ValueString: &t.Status})
	}
	return all
}
