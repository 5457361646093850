package reconcile

import (
	"encoding/base64"
	"strings"
	"sync/atomic"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
)

// This file writes down what was done to a patient's record, after the profiles
// of IHE BALP 1.1.3. They allow one thing for each AuditEvent (entity:data and
// entity:query are 1..1). The displays of codes stand in their patterns, so they
// are not left out here.

// act is what BALP tells apart: PatientCreate, PatientUpdate, PatientRead and
// PatientQuery.
type act struct {
	action      r4.AuditEventAction
	interaction string
}

var (
	created = act{r4.AuditEventActionC, "create"}
	updated = act{r4.AuditEventActionU, "update"}
	gotten  = act{r4.AuditEventActionR, "read"}
	asked   = act{r4.AuditEventActionE, "search"}
)

const (
	uri        = "urn:ietf:rfc:3986"
	dicom      = "http://dicom.nema.org/resources/ontology/DCM"
	entityType = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	objectRole = "http://terminology.hl7.org/CodeSystem/object-role"
)

// audit adds to the transaction an AuditEvent for each thing that it does, and
// for what was read to decide it. It comes last, and looks at the transaction
// itself: no write can be without its record.
func (w *writing) audit() {
	writes := w.tx.Writes()
	if len(writes) == 0 {
		return
	}
	for _, query := range w.p.asked {
		w.record(asked, w.p.stay.Patient.Ref, searched(query))
	}
	for _, res := range w.p.gotten {
		w.record(gotten, w.patientOf(res), w.data(res))
	}
	for _, did := range writes {
		patient := w.patientOf(did.Resource)
		switch {
		case did.Resource.Type() == "Provenance": // is a record of who did what itself
			continue
		case did.Creates:
			w.record(created, patient, w.data(did.Resource))
			continue
		}
		w.record(updated, patient, w.data(did.Resource))
		if before := w.patientOf(w.p.byRef[did.Resource.Ref()]); before != patient { // taken off another's record
			w.record(updated, before, w.data(did.Resource))
		}
	}
}

// patientOf is whom a resource names: what is taken back from an admission that
// was another patient's concerns that patient.
func (w *writing) patientOf(res fhir.Resource) string {
	if res.Type() == "Patient" {
		return res.Ref()
	}
	for _, element := range []string{"subject", "for"} {
		if ref, ok := w.Client.LocalRef(res.Get(element + ".reference").String()); ok && strings.HasPrefix(ref, "Patient/") {
			return ref
		}
	}
	return w.p.stay.Patient.Ref
}

// record adds one AuditEvent. Without a patient it follows BALP's profiles for
// what is about none.
func (w *writing) record(kind act, patient string, what r4.AuditEventEntity) {
	meta := w.meta
	if len(w.targets) > 0 { // it tells of answers
		meta = w.resultMeta
	}
	event := r4.AuditEvent{
		Meta:           meta,
		Type:           fhir.Coding("http://terminology.hl7.org/CodeSystem/audit-event-type", "rest", "Restful Operation"),
		Subtype:        []r4.Coding{fhir.Coding("http://hl7.org/fhir/restful-interaction", kind.interaction, kind.interaction)},
		Action:         &kind.action,
		Recorded:       *fhir.Instant(w.now),
		Outcome:        fhir.Ptr(r4.AuditEventOutcome0),
		PurposeOfEvent: []r4.CodeableConcept{fhir.Concept("http://terminology.hl7.org/CodeSystem/v3-ActReason", "TREAT", "")},
		Agent:          w.agents(kind),
		Source: r4.AuditEventSource{Observer: *w.device(),
			Type: []r4.Coding{fhir.Coding("http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server")}},
	}
	if patient != "" {
		event.Entity = append(event.Entity, entity("1", "Person", "1", "Patient", fhir.Ref(patient)))
	}
	event.Entity = append(event.Entity, what)
	w.tx.Create(fhir.NewRef(), event, "")
}

// agents are we and the FHIR server. In a read BALP turns the roles round: the
// data come from the server.
func (w *writing) agents(kind act) []r4.AuditEventAgent {
	source := fhir.Concept(dicom, "110153", "Source Role ID")
	destination := fhir.Concept(dicom, "110152", "Destination Role ID")
	client, server := source, destination
	if kind == gotten {
		client, server = destination, source
	}
	base := w.Client.Base()
	return []r4.AuditEventAgent{
		{Type: &client, Requestor: true, Who: w.device(), Network: network(w.Host, r4.AuditEventAgentNetworkType1)},
		{Type: &server, Who: &r4.Reference{Identifier: &r4.Identifier{System: fhir.Ptr(uri), Value: &base}},
			Network: network(base, r4.AuditEventAgentNetworkType5)},
	}
}

func network(address string, kind r4.AuditEventAgentNetworkType) *r4.AuditEventAgentNetwork {
	return &r4.AuditEventAgentNetwork{Address: &address, Type: &kind}
}

// data is the thing that something was done to: by our identifier, or by its
// URL. A server that minds references, as HAPI does, lets nobody delete what an
// AuditEvent refers to, and people may delete what we made.
func (w *writing) data(res fhir.Resource) r4.AuditEventEntity {
	system, value := IdentifierSystem, res.Identifier(IdentifierSystem)
	if value == "" {
		system, value = uri, w.Client.Base()+"/"+res.Ref()
	}
	return entity("2", "System Object", "4", "Domain Resource", logical(res.Type(), system, value))
}

func logical(typ, system, value string) *r4.Reference {
	return &r4.Reference{Type: fhir.Ptr(typ), Identifier: &r4.Identifier{System: &system, Value: &value}}
}

// searched is a search as it was sent, without the host.
func searched(query string) r4.AuditEventEntity {
	e := entity("2", "System Object", "24", "Query", nil)
	e.Query = fhir.Ptr(base64.StdEncoding.EncodeToString([]byte(query)))
	return e
}

func entity(typ, typName, role, roleName string, what *r4.Reference) r4.AuditEventEntity {
	return r4.AuditEventEntity{
		What: what,
		Type: fhir.Ptr(fhir.Coding(entityType, typ, typName)),
		Role: fhir.Ptr(fhir.Coding(objectRole, role, roleName)),
	}
}

// trailRest is how long no AuditEvents are sent to a server that has refused
// them: somebody may allow them meanwhile.
const trailRest = time.Hour

// trail knows whether the server refuses AuditEvents.
type trail struct {
	rest atomic.Pointer[time.Time] // until when none are sent
}

func (t *trail) open(now time.Time) bool {
	until := t.rest.Load()
	return until == nil || !now.Before(*until)
}

func (t *trail) close(now time.Time) {
	until := now.Add(trailRest)
	t.rest.Store(&until)
}
