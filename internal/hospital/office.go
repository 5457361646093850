package hospital

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
)

// This file is what is registered about a patient and her stay after she came.

// Set changes elements of a resource: alternating paths and values. A nil value
// takes the element off.
func (h *Hospital) Set(ctx context.Context, ref string, pathValues ...any) error {
	return h.Edit(ctx, ref, func(r fhir.Resource) (fhir.Resource, error) {
		for i := 0; i+1 < len(pathValues); i += 2 {
			path, _ := pathValues[i].(string)
			var err error
			if pathValues[i+1] == nil {
				r, err = r.Delete(path)
			} else {
				r, err = r.Set(path, pathValues[i+1])
			}
			if err != nil {
				return r, err
			}
		}
		return r, nil
	})
}

// Reopen says that the patient is in the hospital after all.
func (h *Hospital) Reopen(ctx context.Context, a Admission) error {
	return h.Set(ctx, a.Encounter, "status", "in-progress", "period.end", nil)
}

// Transfer moves the patient to another ward; where she lay before stays on record.
func (h *Hospital) Transfer(ctx context.Context, a Admission, w Ward) error {
	return h.Edit(ctx, a.Encounter, func(r fhir.Resource) (fhir.Resource, error) {
		var err error
		for i, at := range r.Get("location").Array() {
			if err == nil && !at.Get("period.end").Exists() {
				r, err = r.Set(fmt.Sprintf("location.%d.period.end", i), *fhir.Instant(time.Now()))
			}
		}
		if err != nil {
			return r, err
		}
		return r.Set("location.-1", r4.EncounterLocation{Location: w.Reference()})
	})
}

// Merge registers the record that the patient's goes over into, as master patient
// indexes do: the old one says which. The admission still names the old one.
func (h *Hospital) Merge(ctx context.Context, a Admission) (survivor string, err error) {
	if survivor, err = h.copyOf(ctx, a.Patient); err != nil {
		return "", err
	}
	return survivor, h.Set(ctx, a.Patient, "active", false, "link", links(survivor, "replaced-by"))
}

// TakeOver is a merge of which only the record that is in use tells; the
// admission names that one.
func (h *Hospital) TakeOver(ctx context.Context, a Admission) (survivor string, err error) {
	if survivor, err = h.copyOf(ctx, a.Patient); err == nil {
		err = h.Set(ctx, survivor, "link", links(a.Patient, "replaces"))
	}
	if err == nil {
		err = h.Move(ctx, a, survivor)
	}
	return survivor, err
}

// Move says whose the admission is.
func (h *Hospital) Move(ctx context.Context, a Admission, patient string) error {
	return h.Set(ctx, a.Encounter, "subject.reference", patient)
}

// Register makes the record of somebody who does not lie here.
func (h *Hospital) Register(ctx context.Context, p Person) (patient string, err error) {
	n := h.number()
	return h.Create(ctx, fmt.Sprintf("patient-%d", n), h.patient(n, p))
}

func links(other, kind string) any {
	return []any{map[string]any{"other": map[string]any{"reference": other}, "type": kind}}
}

// copyOf makes another record of the same person.
func (h *Hospital) copyOf(ctx context.Context, patient string) (string, error) {
	r, err := h.client.Read(ctx, patient)
	if err != nil {
		return "", err
	}
	return h.Register(ctx, Person{Given: r.Get("name.0.given.0").String(), Gender: r.Get("gender").String(), Birth: r.Get("birthDate").String()})
}

// Pregnancy records that the patient is pregnant; it says no date.
func (h *Hospital) Pregnancy(ctx context.Context, patient string) (ref string, err error) {
	active := fhir.Concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active", "")
	code := fhir.Concept("http://snomed.info/sct", "77386006", "Pregnancy")
	n := h.number()
	return h.Create(ctx, fmt.Sprintf("condition-%d", n), r4.Condition{Identifier: h.Identifier(fmt.Sprintf("condition-%d", n)),
		ClinicalStatus: &active, Code: &code, Subject: *fhir.Ref(patient)})
}

// Warn puts a flag on the patient.
func (h *Hospital) Warn(ctx context.Context, patient, system, code, status string) error {
	n := h.number()
	var s r4.FlagStatus
	if err := s.UnmarshalJSON([]byte(`"` + status + `"`)); err != nil {
		return err
	}
	_, err := h.Create(ctx, fmt.Sprintf("flag-%d", n), r4.Flag{Identifier: h.Identifier(fmt.Sprintf("flag-%d", n)),
		Status: s, Code: fhir.Concept(system, code, ""), Subject: *fhir.Ref(patient)})
	return err
}

// Order is a consult that a clinician asks for herself.
func (h *Hospital) Order(ctx context.Context, a Admission, system, code string) (ref string, err error) {
	n := h.number()
	return h.Create(ctx, fmt.Sprintf("order-%d", n), r4.ServiceRequest{
		Identifier: h.Identifier(fmt.Sprintf("order-%d", n)),
		Status:     r4.RequestStatusActive, Intent: r4.RequestIntentOrder, Code: fhir.Ptr(fhir.Concept(system, code, "")),
		Subject: *fhir.Ref(a.Patient), Encounter: fhir.Ref(a.Encounter),
	})
}

// Label puts a security label on a resource, in place of those that are there.
func (h *Hospital) Label(ctx context.Context, ref, system, code string) error {
	return h.Set(ctx, ref, "meta.security", json.RawMessage(fmt.Sprintf(`[{"system":%q,"code":%q}]`, system, code)))
}

// Remove deletes a resource.
func (h *Hospital) Remove(ctx context.Context, ref string) error { return h.client.Delete(ctx, ref) }
