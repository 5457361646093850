package fhir_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
)

// foreign is what a ward's system may have written: layout, number forms,
// escapes, extensions and elements that no model of ours knows.
const foreign = `{ "resourceType" : "Task",
  "id":"t1", "meta":{"versionId":"3","lastUpdated":"2026-03-01T10:00:00.000+05:30"},
	"contained":[{"resourceType":"Organization","id":"o","name":"Med. <A> & \u00e6\u2028"}],
  "extension":[{"url":"https://ward.example/bed","valueDecimal":1.50},{"url":"x","valueDecimal":1E+2}],
  "status":"requested", "_status":{"extension":[{"url":"why","valueString":"æøå 😀 <b> \/ \u003c"}]},
  "intent":"order", "priority" : "routine",
  "description":"tab\tand \"quote\"",
  "note":[{"text":"one"},{"text":"two"}],
  "aFieldOfR7":{"deep":[[],[{}],null,0.10]}
}
`

func TestSettingAnElementLeavesEveryOtherByte(t *testing.T) {
	tests := []struct {
		name, path string
		value      any
		old, now   string
	}{
		{"a string", "status", "completed", `"status":"requested"`, `"status":"completed"`},
		{"a string after odd spaces", "priority", "urgent", `"priority" : "routine"`, `"priority" : "urgent"`},
		{"raw JSON as it stands", "intent", json.RawMessage(`"a<b \u003c 1.50"`), `"intent":"order"`, `"intent":"a<b \u003c 1.50"`},
		{"inside an array", "note.1.text", "2", `{"text":"two"}`, `{"text":"2"}`},
		{"at the end of an array", "note.-1", json.RawMessage(`{"text":1.50}`), `{"text":"two"}]`, `{"text":"two"},{"text":1.50}]`},
		{"the extension of a primitive", "_status.extension.0.url", "because", `{"url":"why"`, `{"url":"because"`},
		{"inside a contained resource", "contained.0.id", "p", `"id":"o"`, `"id":"p"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := parse(t, foreign)
			got, err := r.Set(tt.path, tt.value)
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.Replace(foreign, tt.old, tt.now, 1); string(got.Raw()) != want {
				t.Errorf("got  %s\nwant %s", got.Raw(), want)
			}
			if string(r.Raw()) != foreign {
				t.Error("the resource that was read has changed too")
			}
		})
	}
}

func TestSettingANewElementOnlyAdds(t *testing.T) {
	got, err := parse(t, foreign).Set("businessStatus.text", "æ < ø")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(got.Raw()) || got.Get("businessStatus.text").String() != "æ < ø" {
		t.Fatalf("not set: %s", got.Raw())
	}
	body := strings.TrimRight(foreign, "}\n ")
	if !strings.HasPrefix(string(got.Raw()), body) {
		t.Errorf("what stood there has changed: %s", got.Raw())
	}
}

func TestDeletingAnElementLeavesEveryOtherByte(t *testing.T) {
	for path, old := range map[string]string{
		"intent":             `"intent":"order", `,
		"contained.0.name":   `,"name":"Med. <A> & \u00e6\u2028"`,
		"extension.1":        `,{"url":"x","valueDecimal":1E+2}`,
		"note.0":             `{"text":"one"},`,
		"_status.extension":  `"extension":[{"url":"why","valueString":"æøå 😀 <b> \/ \u003c"}]`,
		"meta.versionId":     `"versionId":"3",`,
		"an.absent.element":  ``,
		"aFieldOfR7.deep.-1": `,0.10`,
	} {
		t.Run(path, func(t *testing.T) {
			got, err := parse(t, foreign).Delete(path)
			if err != nil {
				t.Fatal(err)
			}
			if !json.Valid(got.Raw()) {
				t.Fatalf("no longer JSON: %s", got.Raw())
			}
			want := strings.Replace(foreign, old, "", 1)
			if squeeze(string(got.Raw())) != squeeze(want) {
				t.Errorf("got  %s\nwant %s", got.Raw(), want)
			}
		})
	}
}

// squeeze drops blanks: those beside a removed element may go with it.
func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

func TestEditsOneAfterTheOtherLoseNothing(t *testing.T) {
	r := parse(t, foreign)
	var err error
	for range 50 {
		if r, err = r.Set("status", "in-progress"); err != nil {
			t.Fatal(err)
		}
		if r, err = r.Set("output", json.RawMessage(`[{"valueDecimal":1.50}]`)); err != nil {
			t.Fatal(err)
		}
		if r, err = r.Delete("output"); err != nil {
			t.Fatal(err)
		}
	}
	if r, err = r.Set("status", "requested"); err != nil {
		t.Fatal(err)
	}
	if squeeze(string(r.Raw())) != squeeze(foreign) {
		t.Errorf("got %s", r.Raw())
	}
}

func TestWhatIsNoResourceIsRefused(t *testing.T) {
	deep := func(n int) string {
		return `{"resourceType":"Task","x":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`
	}
	for name, raw := range map[string]string{
		"nothing":                      ``,
		"null":                         `null`,
		"an array":                     `[{"resourceType":"Task"}]`,
		"a string":                     `"resourceType"`,
		"a page for people":            `<html>502</html>`,
		"cut short":                    `{"resourceType":"Task","id":"1"`,
		"two resources":                `{"resourceType":"Task"}{"resourceType":"Task"}`,
		"no type":                      `{"id":"1"}`,
		"an empty type":                `{"resourceType":""}`,
		"a type that is a number":      `{"resourceType":5}`,
		"a type that is an object":     `{"resourceType":{"a":"Task"}}`,
		"a type that is true":          `{"resourceType":true}`,
		"a type that is a path":        `{"resourceType":"../Task"}`,
		"invalid UTF-8 in a value":     "{\"resourceType\":\"Task\",\"id\":\"\xff\"}",
		"invalid UTF-8 in a name":      "{\"resourceType\":\"Task\",\"\xc3\x28\":1}",
		"a surrogate as UTF-8":         "{\"resourceType\":\"Task\",\"id\":\"\xed\xa0\x80\"}",
		"an overlong slash":            "{\"resourceType\":\"Task\",\"id\":\"\xc0\xaf\"}",
		"a byte order mark":            "\ufeff" + `{"resourceType":"Task"}`,
		"20,000 levels":                deep(20_000),
		"a number that JSON forbids":   `{"resourceType":"Task","x":01}`,
		"a control character in a key": "{\"resourceType\":\"Task\",\"a\nb\":1}",
	} {
		t.Run(name, func(t *testing.T) {
			if r, err := fhir.Parse([]byte(raw)); err == nil {
				t.Errorf("%.80q was taken for a %s", raw, r.Type())
			}
		})
	}
}

func TestAResourceSaysWhatItIs(t *testing.T) {
	r := parse(t, foreign)
	if r.Type() != "Task" || r.ID() != "t1" || r.Ref() != "Task/t1" || r.VersionID() != "3" {
		t.Errorf("type %q, id %q, reference %q, version %q", r.Type(), r.ID(), r.Ref(), r.VersionID())
	}
	if r.Get("nothing").Exists() || r.Identifier("https://x") != "" {
		t.Error("found what is not there")
	}
}

func TestAnIdentifierIsFoundInBothShapes(t *testing.T) {
	for name, raw := range map[string]string{
		"repeating": `{"resourceType":"Task","identifier":[{"value":"no system"},{"system":"other","value":"0"},{"system":"ours","value":"ask:1"},{"system":"ours","value":"ask:2"}]}`,
		"single":    `{"resourceType":"QuestionnaireResponse","identifier":{"system":"ours","value":"ask:1"}}`,
	} {
		if got := parse(t, raw).Identifier("ours"); got != "ask:1" {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if got := parse(t, `{"resourceType":"QuestionnaireResponse","identifier":{"system":"theirs","value":"9"}}`).Identifier("ours"); got != "" {
		t.Errorf("took %q, which is theirs", got)
	}
}

func TestAQueryEscapesItsValues(t *testing.T) {
	for want, got := range map[string]string{
		"Task":                         fhir.Query("Task"),
		"Task?encounter=12":            fhir.Query("Task", "encounter", "12"),
		"Task?a=x%26b%3D1%23%3F%2F&c=": fhir.Query("Task", "a", "x&b=1#?/", "c", ""),
		"Task?_lastUpdated=ge2026-01-01T00%3A00%3A00%2B01%3A00": fhir.Query("Task", "_lastUpdated", "ge2026-01-01T00:00:00+01:00"),
		"Task?identifier=s%7Cv":                                 "Task?" + fhir.ByIdentifier("s", "v"),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
