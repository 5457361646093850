package fhir

import (
	"encoding/json"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// Task shadows input and output of the model, whose generated types write
// every value[x] as a zero value: invalid FHIR.
type Task struct {
	r4.Task
	Input, Output []Parameter
}

// Parameter is one input or output of a Task; exactly one value is set.
type Parameter struct {
	Type           r4.CodeableConcept `json:"type"`
	ValueReference *r4.Reference      `json:"valueReference,omitempty"`
	ValueCanonical *string            `json:"valueCanonical,omitempty"`
	ValueURL       *string            `json:"valueUrl,omitempty"`
	ValueString    *string            `json:"valueString,omitempty"`
	ValueInteger   *int               `json:"valueInteger,omitempty"`
}

// MarshalJSON writes the Task with our inputs and outputs.
func (t Task) MarshalJSON() ([]byte, error) {
	type plain r4.Task
	return json.Marshal(struct {
		ResourceType string `json:"resourceType"`
		plain
		Input  []Parameter `json:"input,omitempty"`
		Output []Parameter `json:"output,omitempty"`
	}{"Task", plain(t.Task), t.Input, t.Output})
}

// Ref is a reference to Type/id or urn:uuid:….
func Ref(reference string) *r4.Reference { return &r4.Reference{Reference: &reference} }

// Concept is a CodeableConcept of one coding.
func Concept(system, code, display string) r4.CodeableConcept {
	return r4.CodeableConcept{Coding: []r4.Coding{Coding(system, code, display)}}
}

// Coding is one code; an empty display is left out.
func Coding(system, code, display string) r4.Coding {
	c := r4.Coding{System: &system, Code: &code}
	if display != "" {
		c.Display = &display
	}
	return c
}

// Instant writes a time as FHIR does, in UTC to the millisecond.
func Instant(t time.Time) *string {
	s := t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	return &s
}

// Ptr is the address of a value, for the models' optional elements.
func Ptr[T any](v T) *T { return &v }
