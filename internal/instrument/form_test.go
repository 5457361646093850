package instrument_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
)

// edit changes our form; each change is a path and raw JSON, "" deletes.
func edit(t testing.TB, changes ...string) string {
	t.Helper()
	raw, err := artifacts.Questionnaire("nb")
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes) && err == nil; i += 2 {
		if changes[i+1] == "" {
			raw, err = sjson.DeleteBytes(raw, changes[i])
		} else {
			raw, err = sjson.SetRawBytes(raw, changes[i], []byte(changes[i+1]))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

const ordinal = `{"url":"http://hl7.org/fhir/StructureDefinition/ordinalValue","valueDecimal":`

// A form that cannot give a score of 0–12 with certainty is refused, with the
// item named.
func TestFormsThatCannotBeScored(t *testing.T) {
	unweighted := []string{"item.3.answerOption.1.extension", "", "item.3.answerOption.1.valueCoding.extension", ""}
	for _, c := range []struct{ name, form, want string }{
		{"not JSON", "{", "not JSON"},
		{"not a form", `{"resourceType":"Patient"}`, "a Questionnaire is needed"},
		{"no linkId", edit(t, "item.2.linkId", ""), "no linkId"},
		{"linkId twice", edit(t, "item.3.linkId", `"1"`), "item 1: this linkId is used twice"},
		{"an option without weight", edit(t, unweighted...), "item 2: 1 of its answer options have no weight"},
		{"weights that differ", edit(t, "item.3.answerOption.1.extension.0", ordinal+`3}`), "item 2: an answer option has two weights that differ"},
		{"a weight that is no number", edit(t, "item.3.answerOption.1.extension.0", ordinal+`"1"}`), "item 2: a weight is not a whole number of 0–4"},
		{"half a point", edit(t, "item.3.answerOption.1.extension.0", ordinal+`0.5}`), "item 2: a weight is not a whole number of 0–4"},
		{"a negative weight", edit(t, "item.3.answerOption.1.extension.0", ordinal+`-1}`), "item 2: a weight is not a whole number of 0–4"},
		{"five points", edit(t, "item.3.answerOption.1.extension.0", ordinal+`5}`), "item 2: a weight is not a whole number of 0–4"},
		{"an option twice", edit(t, "item.3.answerOption.1.valueCoding.code", `"LA15694-5"`), "item 2: an answer option is listed twice"},
		{"points for the offer", edit(t, "item.6.answerOption.0.extension", "["+ordinal+"0}]", "item.6.answerOption.1.extension", "["+ordinal+"4}]", "item.6.answerOption.2", ""), "3 items with weighted answers; this form has 4 [1 2 3 consult-offer]"},
		{"an item missing", edit(t, "item.4", ""), "3 items with weighted answers; this form has 2"},
		{"another item 1", edit(t, "item.2.code.0.code", `"68517-2"`), "lacks the AUDIT-C item with code 68518-0 of http://loinc.org"},
		{"top answer missing", edit(t, "item.3.answerOption.4", ""), "item 2: its weights run from 0 to 3"},
		{"lowest answer missing", edit(t, "item.3.answerOption.0", ""), "item 2: its weights run from 1 to 4"},
		{"a rule that we cannot follow", edit(t, "item.3.extension.0", `{"url":"http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"}`), "item 2: enableWhenExpression"},
		{"a rule about nothing", edit(t, "item.3.enableWhen.0.question", `"77"`), "item 2: enableWhen points to an item that is not there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := instrument.AuditC().Form([]byte(c.form))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// A form that forgot enableWhen still skips items 2 and 3 after Never: that is
// AUDIT-C's own rule.
func TestNeverCompletesAFormWithoutEnableWhen(t *testing.T) {
	form := parse(t, edit(t, "item.3.enableWhen", "", "item.4.enableWhen", ""))
	for raw, want := range map[string]string{
		response(coded("1", often[0])):                                             "complete 0 1:0",
		response(coded("1", often[0]), coded("2", many[3])):                        "complete 0 1:0 stale-answers",
		response(coded("1", often[1])):                                             "incomplete 1:1 | missing 2 3",
		response(coded("2", many[3]), coded("3", binges[0])):                       "incomplete 2:3 3:0 | missing 1",
		response(coded("1", often[1]), coded("2", many[0]), coded("3", binges[0])): "complete 1 1:1 2:0 3:0 item-1-only",
	} {
		if got := judgement(judge(t, form, raw)); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
}

func parse(t testing.TB, raw string) *instrument.Form {
	t.Helper()
	form, err := instrument.AuditC().Form([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return form
}

// Options may be text or whole numbers; then that is what an answer must be.
func TestOptionsThatAreNotCodings(t *testing.T) {
	weights := func(kind string, values ...string) string {
		var options []string
		for i, v := range values {
			options = append(options, `{"extension":[`+ordinal+string(rune('0'+i))+`}],"`+kind+`":`+v+`}`)
		}
		return "[" + strings.Join(options, ",") + "]"
	}
	form := parse(t, edit(t,
		"item.3.answerOption", weights("valueString", `"1-2"`, `"3-4"`, `"5-6"`, `"7-9"`, `"10+"`),
		"item.4.answerOption", weights("valueInteger", "0", "10", "20", "30", "40")))
	two := func(answer string) string { return item("2", `,"answer":[`+answer+`]`) }
	three := func(answer string) string { return item("3", `,"answer":[`+answer+`]`) }
	weekly := coded("1", often[3])
	for raw, want := range map[string]string{
		response(weekly, two(`{"valueString":"5-6"}`), three(`{"valueInteger":30}`)):    "complete 8 1:3 2:2 3:3",
		response(weekly, two(`{"valueString":"5 - 6"}`), three(`{"valueInteger":30}`)):  "invalid 1:3 3:3 | not-offered 2",
		response(weekly, two(`{"valueString":"5-6"}`), three(`{"valueDecimal":30}`)):    "invalid 1:3 2:2 | other-type 3 decimal",
		response(weekly, two(`{"valueString":"5-6"}`), three(`{"valueInteger":"30"}`)):  "invalid 1:3 2:2 | not-offered 3",
		response(weekly, two(`{"valueString":"5-6"}`), three(`{"valueInteger":3}`)):     "invalid 1:3 2:2 | not-offered 3",
		response(weekly, two(`{"valueString":"5-6"}`), three(`{"valueInteger":1e400}`)): "invalid 1:3 2:2 | not-offered 3",
	} {
		if got := judgement(judge(t, form, raw)); got != want {
			t.Errorf("%s\n got %s\nwant %s", raw, got, want)
		}
	}
}

// A version that moved a weight is scored by its own weights.
func TestWeightsAreThoseOfTheFormAnswered(t *testing.T) {
	swap := func(option, points string) []string {
		var changes []string
		for _, at := range []string{"extension.0", "extension.1", "valueCoding.extension.0", "valueCoding.extension.1"} {
			changes = append(changes, "item.3.answerOption."+option+"."+at+".valueDecimal", points)
		}
		return changes
	}
	form := parse(t, edit(t, append(swap("1", "2"), swap("2", "1")...)...))
	got := judge(t, form, response(coded("1", often[3]), coded("2", many[1]), coded("3", binges[2])))
	if judgement(got) != "complete 7 1:3 2:2 3:2" {
		t.Error(judgement(got))
	}
}

// What three real renderers sent back, driven by clicks in a browser: our form
// in testdata, and a sample form beside the repository.
func TestRenderers(t *testing.T) {
	corpora := map[string]string{"our form": "testdata/renderers", "sample form": "../../../shared/data/responses"}
	for name, dir := range corpora {
		t.Run(name, func(t *testing.T) {
			files, _ := filepath.Glob(filepath.Join(dir, "*.*.json"))
			if len(files) == 0 {
				t.Skipf("no responses in %s on this machine", dir)
			}
			for _, file := range files {
				t.Run(filepath.Base(file), func(t *testing.T) { renderer(t, dir, file) })
			}
		})
	}
}

// publishedFirst is our form under the version that the renderers were given.
// That one scored the same; it had no offer.
func publishedFirst(lang string) ([]byte, error) {
	form, err := artifacts.Questionnaire(lang)
	if err != nil {
		return nil, err
	}
	return sjson.SetBytes(form, "version", "1.0.0-"+lang)
}

// What each case of clicks must be judged as; some renderers keep stale answers.
var clicks = map[string][]string{
	"full":            {"complete 7 1:3 2:2 3:2"},
	"never":           {"complete 0 1:0"},
	"full-then-never": {"complete 0 1:0", "complete 0 1:0 stale-answers"},
	"1-and-2":         {"incomplete 1:3 2:2 | missing 3"},
	"nothing":         {"incomplete | missing 1"},
}

func renderer(t *testing.T, dir, file string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(strings.TrimSuffix(filepath.Base(file), ".json"), ".")
	form, err := os.ReadFile(filepath.Join(dir, "questionnaire.json"))
	if len(parts) == 3 { // renderer.language.case: our own form
		form, err = publishedFirst(parts[1])
	}
	if err != nil {
		t.Fatal(err)
	}
	got := judgement(judge(t, parse(t, string(form)), string(raw)))
	for _, want := range clicks[parts[len(parts)-1]] {
		if got == want {
			return
		}
	}
	t.Errorf("judged %s", got)
}

func FuzzParseForm(f *testing.F) {
	f.Add(edit(f))
	f.Add(`{"resourceType":"Questionnaire","item":[{"linkId":"1","enableWhen":[{"question":"1","operator":"="}]}]}`)
	f.Fuzz(func(_ *testing.T, raw string) {
		form, err := instrument.AuditC().Form([]byte(raw))
		if err != nil {
			return
		}
		r, err := instrument.ParseResponse([]byte(response(coded("1", often[0]))))
		if err == nil {
			instrument.Judge(form, r)
		}
	})
}
