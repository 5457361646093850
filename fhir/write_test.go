package fhir_test

import (
	"encoding/json"
	"testing"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
)

func TestATaskWritesOnlyTheValuesThatAreSet(t *testing.T) {
	task := fhir.Task{
		Task: r4.Task{Status: r4.TaskStatusRequested, Intent: "order",
			// The model's own input would write about 48 zero values: it is never used.
			Input: []r4.TaskInput{{ValueString: "from the model"}}, Output: []r4.TaskOutput{{ValueString: "from the model"}}},
		Input: []fhir.Parameter{
			{Type: fhir.Concept("s", "questionnaire", ""), ValueCanonical: fhir.Ptr("https://x|1")},
			{Type: fhir.Concept("s", "n", "N"), ValueInteger: fhir.Ptr(0)},
		},
		Output: []fhir.Parameter{{Type: fhir.Concept("s", "score", ""), ValueReference: fhir.Ref("Observation/1")}},
	}
	want := `{"resourceType":"Task","status":"requested","intent":"order",` +
		`"input":[{"type":{"coding":[{"system":"s","code":"questionnaire"}]},"valueCanonical":"https://x|1"},` +
		`{"type":{"coding":[{"system":"s","code":"n","display":"N"}]},"valueInteger":0}],` +
		`"output":[{"type":{"coding":[{"system":"s","code":"score"}]},"valueReference":{"reference":"Observation/1"}}]}`
	for name, v := range map[string]any{"a value": task, "a pointer": &task} {
		got, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s: got  %s\nwant %s", name, got, want)
		}
	}
}

func TestATaskWithoutInputsHasNone(t *testing.T) {
	got, err := json.Marshal(fhir.Task{Task: r4.Task{Status: r4.TaskStatusDraft, Intent: "order"}})
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != `{"resourceType":"Task","status":"draft","intent":"order"}` {
		t.Errorf("got %s", got)
	}
}

func TestEveryKindOfParameterWritesItselfAndNothingElse(t *testing.T) {
	for want, p := range map[string]fhir.Parameter{
		`{"type":{},"valueString":""}`:                     {ValueString: fhir.Ptr("")},
		`{"type":{},"valueUrl":"https://x"}`:               {ValueURL: fhir.Ptr("https://x")},
		`{"type":{},"valueCanonical":"https://x|1"}`:       {ValueCanonical: fhir.Ptr("https://x|1")},
		`{"type":{},"valueInteger":12}`:                    {ValueInteger: fhir.Ptr(12)},
		`{"type":{},"valueReference":{"reference":"A/1"}}`: {ValueReference: fhir.Ref("A/1")},
	} {
		got, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestAnInstantIsUTCToTheMillisecond(t *testing.T) {
	at := time.Date(2026, 3, 29, 3, 30, 0, 123_999_999, time.FixedZone("", 2*3600))
	if got := *fhir.Instant(at); got != "2026-03-29T01:30:00.123Z" {
		t.Errorf("got %s", got)
	}
	if got := *fhir.Instant(at.Truncate(time.Second)); got != "2026-03-29T01:30:00.000Z" {
		t.Errorf("got %s: a whole second has its milliseconds too", got)
	}
}
