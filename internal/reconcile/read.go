package reconcile

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
	"github.com/tilsyn/tilsyn/internal/words"
)

// This file is the border: FHIR on one side, plain values on the other. What
// cannot be understood becomes a value that matches no rule, never a crash.

func (l loader) admission(e fhir.Resource) stay.Admission {
	a := stay.Admission{
		ID:      e.ID(),
		Status:  stay.Status(e.Get("status").String()),
		Classes: classesOf(e),
		Start:   l.start(e),
		End:     l.date(e.Get("period.end")).Last(), // FHIR: a period ends with its last day
		Labels:  labels(e),

		ServiceTypes: codes(e.Get("serviceType")),
	}
	a.ServiceProvider, _ = l.client.LocalRef(e.Get("serviceProvider.reference").String())
	for _, at := range pathway.Lies(l.locations(e), l.now()) {
		if at.Ref != "" {
			a.Locations = append(a.Locations, at.Ref)
		}
		a.Ward = cmp.Or(a.Ward, at.Display)
	}
	return a
}

// start is when the admission began. Of a patient who is here it is not still to come,
// whatever its clock says.
func (l loader) start(e fhir.Resource) time.Time {
	if here := (stay.Admission{Status: stay.Status(e.Get("status").String())}); !here.Present() {
		return l.moment(e.Get("period.start"))
	}
	return l.stamp(e, "period.start")
}

func (l loader) locations(e fhir.Resource) (all []stay.Location) {
	for _, at := range e.Get("location").Array() {
		ref, _ := l.client.LocalRef(at.Get("location.reference").String())
		all = append(all, stay.Location{Ref: ref, Display: at.Get("location.display").String(), Status: at.Get("status").String(),
			Start: l.moment(at.Get("period.start")), End: l.date(at.Get("period.end")).Last()})
	}
	return all
}

func codes(concept gjson.Result) (codes []stay.Code) {
	for _, c := range concept.Get("coding").Array() {
		codes = append(codes, code(c))
	}
	return codes
}

func code(c gjson.Result) stay.Code {
	return stay.Code{System: c.Get("system").String(), Code: c.Get("code").String()}
}

func (l loader) person(res fhir.Resource) stay.Patient {
	p := stay.Patient{
		Ref:      res.Ref(),
		Birth:    l.date(res.Get("birthDate")),
		Deceased: res.Get("deceasedBoolean").Bool() || res.Get("deceasedDateTime").Exists(),
		Died:     l.date(res.Get("deceasedDateTime")).Last(),
		Marks:    marks(res),
	}
	switch g := stay.Sex(res.Get("gender").String()); g {
	case stay.Female, stay.Male:
		p.Sex = g
	}
	return p
}

func (l loader) task(res fhir.Resource, admission string) (stay.Task, bool) {
	name, ok := nameIn(res, admission)
	if res.Type() != "Task" {
		return stay.Task{}, false
	}
	if !ok {
		name.Number = 0 // it has lost it: see number
		if name.Purpose, ok = l.unnamed(res, admission); !ok {
			return stay.Task{}, false
		}
	}
	t := stay.Task{
		Ref:            res.Ref(),
		Purpose:        name.Purpose,
		Number:         name.Number,
		Made:           l.moment(res.Get("authoredOn")),
		Status:         res.Get("status").String(),
		BusinessStatus: statusOf(res),
		Form:           parameter(res, "input", paramForm).Get("valueCanonical").String(),
		Judged:         parameter(res, "output", paramJudged).Get("valueString").String(),
		Withdrawn:      parameter(res, "output", paramWithdrawn).Exists(),
		ClosedBefore:   parameter(res, "output", paramClosedBefore).Exists(),
		Response:       l.output(res, paramResponse),
		Score:          l.output(res, paramScore),
		Minimum:        l.output(res, paramMinimum),
		Consult:        l.output(res, paramConsult),
		Advice:         l.output(res, paramAdvice),
		Answers:        l.answersOf(res),
		Notified:       parameter(res, "output", paramNotified).Get("valueString").String(),
	}
	t.Focus, _ = l.client.LocalRef(res.Get("focus.reference").String())
	t.For, _ = l.client.LocalRef(res.Get("for.reference").String())
	t.ByPatient = t.Kind == stay.ScreeningTask && isPatients(res)
	t.Location, _ = l.client.LocalRef(res.Get("location.reference").String())
	t.Reason = ourCode(res.Get("statusReason"))
	t.Reasoned = t.Kind == stay.ConsultTask && reasonOf(res, words.In("")) != ""
	t.Cause, _ = l.client.LocalRef(res.Get("reasonReference.reference").String())
	t.Said = saidOn(res)
	t.UnableSince = l.moment(parameter(res, "output", paramUnable).Get("valueString"))
	t.Due = l.date(res.Get("restriction.period.end")).Last()
	t.Changed = l.moment(res.Get("meta.lastUpdated"))
	t.Raised = int(parameter(res, "output", paramRaised).Get("valueInteger").Int())
	t.Priority = res.Get("priority").String()
	t.Labels = labels(res)
	t.Pregnant = ourCode(res.Get("reasonCode")) == pathway.Pregnant
	t.Routed = parameter(res, "output", paramRouted).Get("valueString").String()
	t.Carried = parameter(res, "output", paramCarried).Get("valueString").String()
	t.NoResponse = neverMade(outputReference(res, paramResponse))
	t.Forgets = t.Response == "" && !t.NoResponse
	for _, made := range []param{paramScore, paramConsult, paramAdvice} {
		t.NoResult = t.NoResult || neverMade(outputReference(res, made))
	}
	return t, true
}

// isPatients tells that a Task was given to the patient.
func isPatients(task fhir.Resource) bool {
	for _, by := range task.Get("performerType").Array() {
		if slices.Contains(codes(by), patientPerforms) {
			return true
		}
	}
	return false
}

// mostAnswers bounds how many responses a Task may point to.
const mostAnswers = 5

// answersOf are the responses that a Task's output points to, whatever it calls them.
func (l loader) answersOf(task fhir.Resource) (refs []string) {
	for _, out := range task.Get("output.#.valueReference.reference").Array() {
		if ref, ok := l.client.LocalRef(out.String()); ok && typeOf(ref) == "QuestionnaireResponse" && !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	return refs[:min(len(refs), mostAnswers)]
}

func outputReference(task fhir.Resource, kind param) gjson.Result {
	return parameter(task, "output", kind).Get("valueReference")
}

// neverMade tells that a Reference of ours points to what its transaction was to make
// and did not: it stands as it was sent, or without what it was to name. What a person
// has deleted has had an id.
func neverMade(reference gjson.Result) bool {
	ref := reference.Get("reference").String()
	return reference.Exists() && (ref == "" || strings.HasPrefix(ref, "urn:uuid:"))
}

func (l loader) output(task fhir.Resource, kind param) string {
	ref, _ := l.client.LocalRef(outputReference(task, kind).Get("reference").String())
	return ref
}

// screenedCode is what a Task says of a score of another instrument than AUDIT-C. An
// earlier release takes any Task that is scored for an AUDIT-C.
const screenedCode = "screened"

// statusOf is what became of a screening, as the rules name it.
func statusOf(task fhir.Resource) string {
	code := ourCode(task.Get("businessStatus"))
	if code == screenedCode {
		return pathway.Scored
	}
	return code
}

func ourCode(concept gjson.Result) string {
	for _, c := range concept.Get("coding").Array() {
		if c.Get("system").String() == CodeSystem {
			return c.Get("code").String()
		}
	}
	return ""
}

// parameter finds an input or output of a Task by its type.
func parameter(task fhir.Resource, list string, kind param) gjson.Result {
	if i := indexOf(task, list, kind); i >= 0 {
		return task.Get(list).Array()[i]
	}
	return gjson.Result{}
}

// indexOf is where a Task has an input or output of a type; -1: nowhere. The
// same code in another system is somebody else's.
func indexOf(task fhir.Resource, list string, kind param) int {
	return slices.IndexFunc(task.Get(list).Array(), func(p gjson.Result) bool {
		return slices.ContainsFunc(p.Get("type.coding").Array(), func(c gjson.Result) bool {
			return c.Get("system").String() == kind.system && c.Get("code").String() == kind.code
		})
	})
}

// relevant keeps the draft, what the Task points to, and what an EHR screen of
// its own made for this admission with any version of our form.
func (l loader) relevant(ctx context.Context, res fhir.Resource, task stay.Task, admission string) (bool, error) {
	named := slices.Contains(task.Answers, res.Ref()) && res.Get("questionnaire").Exists()
	if l.isDraft(res, admission) || res.Ref() == task.Response || named {
		return true, nil
	}
	if at, _ := l.client.LocalRef(res.Get("encounter.reference").String()); at != "Encounter/"+admission {
		return false, nil
	}
	return l.forms.ours(ctx, res)
}

// isDraft tells that we have prepared a response for the screening in view.
func (l loader) isDraft(res fhir.Resource, admission string) bool {
	name, ok := nameIn(res, admission)
	return ok && name.Purpose == stay.For(stay.Draft, l.forms.current.Of.Name)
}

func (l loader) response(ctx context.Context, res fhir.Resource, task stay.Task, admission string) (stay.Response, error) {
	content, err := instrument.ParseResponse(res.Raw())
	if err != nil {
		return stay.Response{}, err
	}
	holds := editionOf(res, content)
	r := stay.Response{
		Ref:           res.Ref(),
		Version:       res.Ref() + "/_history/" + holds.version,
		Status:        content.Status,
		Ours:          l.isDraft(res, admission) || res.Ref() == task.Response,
		Questionnaire: content.Questionnaire,
		Authored:      l.moment(res.Get("authored")),
		Content:       content,
		Labels:        labels(res),
	}
	if subject := res.Get("subject.reference").String(); subject != "" {
		if r.Subject, _ = l.client.LocalRef(subject); r.Subject == "" {
			r.Subject = "elsewhere" // a patient of another server is another patient
		}
	}
	if name, _ := nameOf(res); l.isDraft(res, admission) {
		r.Number = name.Number
	}
	r.Poor = r.Ours && len(missing(res)) > 0
	r.Task, _ = l.client.LocalRef(taskOf(res).Get("reference").String())
	r.NoTask = r.Ours && neverMade(taskOf(res))
	r.Prefilled = r.Ours && extension(res, prefilledExtension).Get("valueString").String() == saidDigest(content)
	r.Returned = int(extension(res, returnedExtension).Get("valueInteger").Int())
	r.Source, _ = l.client.LocalRef(res.Get("source.reference").String())
	r.Author, _ = l.client.LocalRef(res.Get("author.reference").String())
	r.Authored = pathway.AnsweredAt(r, task, holds.written.In(l.zone))
	if holds.written.IsZero() {
		r.Authored = l.notAhead(r.Authored, task)
	}
	found, err := l.forms.of(ctx, res, task.Form)
	r.Form, r.FormProblem, r.FormError = found.form, found.problem, found.detail
	if r.Form != nil {
		content.Questionnaire = r.Form.Canonical() // the response may say where it lies
	}
	return r, err
}

// notAhead bounds a date where the server does not say when the answers were written, and
// they say that it is still to come. It was not before they were asked for, which puts
// them behind any that say a true date.
func (l loader) notAhead(answered time.Time, task stay.Task) time.Time {
	switch now := l.now(); {
	case !answered.After(now.Add(apart)):
		return answered
	case task.Made.IsZero() || task.Made.After(now):
		return now
	}
	return task.Made
}

// apart is how far an EHR's clock may be ahead of ours.
const apart = 10 * time.Minute

// extension is what stands in one, by its URL: on a resource or within one.
func extension(on interface{ Get(string) gjson.Result }, url string) gjson.Result {
	return on.Get(`extension.#(url=="` + url + `")`)
}

// taskOf is the Task that was made along with a draft or an order, as the extension
// says that we put on it; nothing for one of an earlier release.
func taskOf(res fhir.Resource) gjson.Result {
	return extension(res, taskExtension).Get("valueReference")
}

// missing names what ties a response to its admission and a renderer has
// dropped.
func missing(response fhir.Resource) []string {
	var lost []string
	for _, element := range []string{"identifier", "subject", "encounter", "authored"} {
		if !response.Get(element).Exists() {
			lost = append(lost, element)
		}
	}
	return lost
}

// result reads a score or a consult of ours.
func result(res fhir.Resource) stay.Result {
	r := stay.Result{Ref: res.Ref(), Status: res.Get("status").String(), Items: map[string]int{}, Theirs: res.Identifier(IdentifierSystem) == "",
		From: res.Get("derivedFrom.0.reference").String(), Sum: int(res.Get("valueQuantity.value").Int()), Labels: labels(res), NoTask: neverMade(taskOf(res)), Priority: res.Get("priority").String(),
		ClosedBefore: extension(res, closedExtension).Exists()}
	r.Performers = performers(res)
	for _, sign := range res.Get("interpretation").Array() {
		r.Tier = cmp.Or(r.Tier, ourCode(sign))
	}
	if res.Type() == "ServiceRequest" {
		r.Number, r.Tier = consultNumber(res), extension(res, tierExtension).Get("valueCode").String()
	}
	for _, c := range res.Get("component").Array() {
		if ourCode(c.Get("code")) == instrument.CodeOffer {
			r.Offer = instrument.Offer(strings.TrimPrefix(ourCode(c.Get("valueCodeableConcept")), "offer-"))
			continue
		}
		key := c.Get("code.coding.0.code").String()
		if key == "" {
			key = c.Get("code.text").String()
		}
		r.Items[key] = int(c.Get("valueQuantity.value").Int())
	}
	return r
}

// sorted gives resources in the order in which they were last written, so that
// the same server state is always the same picture.
func sorted(byRef map[string]fhir.Resource) []fhir.Resource {
	var list []fhir.Resource
	for _, r := range byRef {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b fhir.Resource) int {
		if c := written(a).Compare(written(b)); c != 0 {
			return c
		}
		return strings.Compare(a.Ref(), b.Ref())
	})
	return list
}

// date reads a FHIR date or dateTime on the hospital's clock.
func (l loader) date(v gjson.Result) stay.Date { return stay.DateIn(v.String(), l.zone) }

// moment is the first that a FHIR dateTime allows.
func (l loader) moment(v gjson.Result) time.Time { return l.date(v).First() }

// stamp is the moment that an element of a resource gives, and never later than the
// server took the resource: a clock that runs ahead, or local time that is written as
// UTC, must not pass what is said later.
func (l loader) stamp(res fhir.Resource, element string) time.Time {
	at, taken := l.moment(res.Get(element)), written(res)
	if !taken.IsZero() && at.After(taken) {
		return taken.In(l.zone)
	}
	return at
}

// written is when the server took a resource; an instant is one in any zone.
func written(res fhir.Resource) time.Time {
	return stay.DateIn(res.Get("meta.lastUpdated").String(), time.UTC).First()
}
