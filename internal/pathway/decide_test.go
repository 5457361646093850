package pathway_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

var update = flag.Bool("update", false, "write testdata/decisions.json anew")

// Each turn of an admission has its decision in testdata/decisions.json.
func TestDecisions(t *testing.T) {
	cases := map[string]stay.Stay{}
	for _, topic := range []func(testing.TB) map[string]stay.Stay{whoCases, nurseCases, judgeCases, revisitCases, consultCases, lifeCases, protectedCases, halfCases} {
		maps.Copy(cases, topic(t))
	}
	got := map[string]pathway.Decision{}
	for name, s := range cases {
		got[name] = pathway.Decide(s, policyFor(name), noon)
	}
	golden(t, "testdata/decisions.json", got)
}

// policyFor is the default but for the cases about what a hospital may set.
func policyFor(name string) *pathway.Policy {
	p := pathway.DefaultPolicy()
	code := []pathway.Coding{{System: "https://hospital.example.no", Code: "x"}}
	switch name {
	case "protected/shown with the place, transfer":
		p.Protected.Show = []string{"location"}
	case "labels/of the policy":
		p.Labels.Add = code
	case "protected/by an extension":
		p.Protected.Labels, p.Protected.Add = code, []pathway.Coding{{System: pathway.Confidentiality, Code: "R"}}
	case "who/screened last week", "who/screened last year":
		p.Screening.RescreenAfter.Duration = 720 * time.Hour
	case "who/flagged":
		p.Screening.DoNotAsk = code
	case "who/excluded ward":
		p.Screening.ExcludedLocations = []string{"Location/palliative"}
	case "who/excluded service":
		p.Screening.ExcludedServiceTypes = code
	case "judge/after discharge, on record only":
		p.AfterDischarge = "record"
	}
	return p
}

func golden(t *testing.T, path string, got any) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !equal(text, want) {
		t.Errorf("the decisions differ from %s; look at what -update changes:\n%s", path, differing(want, text))
	}
}

// equal compares JSON, whatever the order in which an object names its members.
func equal(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

func differing(want, got []byte) string {
	var a, b map[string]json.RawMessage
	_, _ = json.Unmarshal(want, &a), json.Unmarshal(got, &b)
	var out strings.Builder
	for name := range b {
		if !equal(a[name], b[name]) {
			fmt.Fprintf(&out, "%s\nwant %s\n got %s\n", name, a[name], b[name])
		}
	}
	return out.String()
}

// A second look at what the first decision led to writes nothing.
func TestWhatWasDoneIsLeftAlone(t *testing.T) {
	for name, s := range map[string]stay.Stay{
		"asked":      picture(asked("requested"), answered(t, "r1", "in-progress", nil)),
		"scored":     picture(asked("completed", judged(2), wasScored), answered(t, "r1", "completed", []int{2, 1, 1})),
		"incomplete": picture(asked("requested", judged(2)), answered(t, "r1", "completed", []int{3, 2})),
		"discharged": picture(status(stay.Finished), asked("cancelled", business("discharged")), answered(t, "r1", "stopped", nil)),
	} {
		if d := pathway.Decide(s, pathway.DefaultPolicy(), noon.Add(72*time.Hour)); !d.Nothing() {
			t.Errorf("%s: %+v", name, d)
		}
	}
}
