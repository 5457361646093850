package reconcile

import (
	"fmt"
	"strings"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// consult asks the liaison team: the order, and the Task on their worklist.
func (w *writing) consult(d pathway.Decision, score string) (order, task string) {
	order, task = fhir.NewRef(), fhir.NewRef()
	priority := r4.RequestPriorityRoutine
	if d.Consult.Urgent {
		priority = r4.RequestPriorityUrgent
	}
	team := party(w.owners.Liaison, w.words.of("liaison"))
	w.create(order, r4.ServiceRequest{
		Meta:              w.meta,
		Identifier:        []r4.Identifier{identifier(stay.Consult, w.id)},
		InstantiatesUri:   []string{w.policyURI()},
		Status:            r4.RequestStatusActive,
		Intent:            r4.RequestIntentOrder,
		Priority:          &priority,
		Code:              w.consultCode(),
		Subject:           *w.subject(),
		Encounter:         w.encounter(),
		AuthoredOn:        fhir.Instant(w.now),
		Requester:         w.device(),
		Performer:         []r4.Reference{*team},
		LocationReference: w.locations(),
		ReasonReference:   []r4.Reference{*fhir.Ref(score)},
		SupportingInfo:    []r4.Reference{*fhir.Ref(d.Score.Response.Ref)},
		Note:              []r4.Annotation{{Text: w.because(*d.Score)}},
	}, stay.Consult)
	w.create(task, fhir.Task{Task: r4.Task{
		Meta:         w.meta,
		Identifier:   []r4.Identifier{identifier(stay.ConsultTask, w.id)},
		Status:       r4.TaskStatusRequested,
		Intent:       "order",
		Priority:     &priority,
		Code:         fhir.Ptr(fhir.Concept(taskCode, "fulfill", "")),
		Description:  fhir.Ptr(w.words.of("consult")),
		Focus:        fhir.Ref(order),
		For:          w.subject(),
		Encounter:    w.encounter(),
		AuthoredOn:   fhir.Instant(w.now),
		LastModified: fhir.Instant(w.now),
		Requester:    w.device(),
		Owner:        team,
		Location:     w.location(),
	}}, stay.ConsultTask)
	return order, task
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

// because tells the team in words what was found and which limit was passed.
func (w *writing) because(s pathway.Score) string {
	items := make([]string, 0, len(s.Result.Items))
	for _, item := range s.Result.Items {
		items = append(items, fmt.Sprintf("%s: %d", item.LinkID, item.Points))
	}
	return fmt.Sprintf(w.words.of("because"), *s.Result.Score, strings.Join(items, ", "), s.Limit.From, w.Policy.Version)
}

func cutRef(ref string) (typ, id string, ok bool) { return strings.Cut(ref, "/") }
