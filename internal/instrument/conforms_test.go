package instrument_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
)

// worded is a site's form of the made-up instrument: two questions with answers of such
// weights, and what else is on it.
func worded(a, b string, others ...string) string {
	items := append([]string{a, b}, others...)
	return `{"resourceType":"Questionnaire","item":[` + strings.Join(items, ",") + `]}`
}

// asking is a question with a code, what else it says, and answers of such weights.
func asking(link, code, rest string, weights ...int) string {
	var options []string
	for _, w := range weights {
		options = append(options, fmt.Sprintf(`{"valueInteger":%d,"extension":[%s%d}]}`, w, ordinal, w))
	}
	bears := ""
	if code != "" {
		bears = fmt.Sprintf(`,"code":[{"system":"http://loinc.org","code":%q}]`, code)
	}
	return fmt.Sprintf(`{"linkId":%q%s%s,"answerOption":[%s]}`, link, bears, rest, strings.Join(options, ","))
}

// A site's form is refused with each mistake, its item, and what to do.
func TestASitesFormMustConform(t *testing.T) {
	first, second := asking("how-often", "a", "", 0, 1, 2), asking("2", "b", "", 0, 3)
	for name, test := range map[string]struct{ form, says string }{
		"as it should be":                   {worded(first, second), ""},
		"with what counts not":              {worded(first, second, asking("3", "x", ""), `{"linkId":"t","type":"display"}`), ""},
		"in a group":                        {worded(first, `{"linkId":"g","item":[`+second+`]}`), ""},
		"no code":                           {worded(first, asking("2", "", "", 0, 3)), "no item has the code b: give it to the question that asks for this, with system http://loinc.org\n" + `item "2" has weights and no code of http://loinc.org: give it its code, or take the weights away`},
		"another code":                      {worded(first, asking("2", "x", "", 0, 3)), "no item has the code b: give it to the question that asks for this, with system http://loinc.org\n" + `item "2" (x) has weights, and Made up has no such item: correct its code, or take the weights away`},
		"the code twice":                    {worded(first, second, asking("3", "b", "", 0, 3)), `item "2" (b) and item "3" (b) both have the code b: leave it to the one that asks for this`},
		"the code on a heading":             {worded(first, second, `{"linkId":"3","code":[{"system":"http://loinc.org","code":"b"}]}`), `item "2" (b) and item "3" (b) both have the code b`},
		"no weights":                        {worded(first, asking("2", "b", "")), `item "2" (b) has no answers with weights: give each answerOption an itemWeight, from 0 to 3`},
		"no answer with 0":                  {worded(first, asking("2", "b", "", 1, 3)), `item "2" (b): its weights run from 1 to 3: offer an answer with 0 and one with 3`},
		"no highest answer":                 {worded(asking("how-often", "a", "", 0, 1), second), `item "how-often" (a): its weights run from 0 to 1: offer an answer with 0 and one with 2`},
		"too high":                          {worded(first, asking("2", "b", "", 0, 4)), "item 2: a weight is not a whole number of 0–3"},
		"one item more":                     {worded(first, second, asking("3", "c", "", 0, 3)), `item "3" (c) has weights, and Made up has no such item`},
		"one without code more":             {worded(first, second, asking("3", "", "", 0, 3)), `item "3" has weights and no code of http://loinc.org`},
		"hidden":                            {worded(asking("how-often", "a", `,"enableWhen":[{"question":"2","operator":"exists","answerBoolean":true}]`, 0, 2), second), `item "how-often" (a) can be hidden by item "2", and Made up asks it whatever is answered there: take that enableWhen away from it and its groups`},
		"hidden with its group":             {worded(`{"linkId":"g","enableWhen":[{"question":"2","operator":"exists","answerBoolean":true}],"item":[`+first+`]}`, second), `item "how-often" (a) can be hidden by item "2"`},
		"hidden by what is not":             {worded(first, asking("2", "b", `,"enableWhen":[{"question":"9","operator":"exists","answerBoolean":true}]`, 0, 3)), `item "2" (b) can be hidden by item "9"`},
		"hidden too often":                  {worded(first, asking("2", "b", `,"enableWhen":[{"question":"how-often","operator":"=","answerInteger":0}]`, 0, 3)), `item "2" (b) is hidden where item "how-often" has 1, and Made up asks it then: correct enableWhen`},
		"hidden where it need not be asked": {worded(first, asking("2", "b", `,"enableWhen":[{"question":"how-often","operator":"<","answerInteger":2}]`, 0, 3)), ""},
		"a rule about nothing":              {worded(first, second, `{"linkId":"3","enableWhen":[{"question":"9","operator":"exists","answerBoolean":true}]}`), "item 3: enableWhen points to an item that is not there"},
		"two mistakes":                      {worded(asking("how-often", "a", "", 0, 1), asking("2", "b", "", 1, 3)), "offer an answer with 0 and one with 2\n" + `item "2" (b): its weights run from 1`},
		"no form":                           {`{"resourceType":"Patient"}`, "a Questionnaire is needed"},
	} {
		t.Run(name, func(t *testing.T) {
			err := defined(t, made).Conforms([]byte(test.form))
			if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("\n got %v\nwant %s", err, test.says)
			}
		})
	}
}

// A form that would take hours to check is refused at once.
func TestAFormThatNobodyCanCheck(t *testing.T) {
	text, where, form := "name: many\ntitle: Many\nurl: u\nscore: {code: t}\nmax: 9\nsource: s\nlicence: l\nitems:\n", []string{}, []string{}
	for n := range 9 {
		code := fmt.Sprint("c", n)
		text += fmt.Sprintf("  - {code: %s, max: 1}\n", code)
		form = append(form, asking(fmt.Sprint(n), code, "", 0, 1))
		where = append(where, code)
	}
	d := defined(t, text+"unnecessary: [{items: [c8], where: ["+strings.Join(where[:8], ", ")+"], has: 0}]\n")
	if err := d.Conforms([]byte(worded(form[0], form[1], form[2:]...))); err != nil {
		t.Errorf("256 ways to answer: %v", err)
	}
	for n := range 8 {
		form[n] = strings.Replace(form[n], `"answerOption":[`, `"answerOption":[{"valueInteger":7,"extension":[`+ordinal+`1}]},`, 1)
		form[n] = strings.Replace(form[n], `"answerOption":[`, `"answerOption":[{"valueInteger":8,"extension":[`+ordinal+`1}]},`, 1)
	}
	const want = "rests on more than 10000 combinations of answers"
	if err := d.Conforms([]byte(worded(form[0], form[1], form[2:]...))); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("65536 ways to answer: %v", err)
	}
}

// What was answered elsewhere is read although nobody would publish it so.
func TestWhatDoesNotConformMayBeRead(t *testing.T) {
	d := defined(t, made)
	form := []byte(worded(asking("1", "", "", 0, 3), asking("2", "", "", 0, 3)))
	if _, err := d.Form(form); err != nil {
		t.Error(err)
	}
	if d.Conforms(form) == nil {
		t.Error("it conforms")
	}
}

// AUDIT leaves out 4-8 by three answers together; a form that looks at one alone hides them
// from some who must be asked.
func TestAFormOfAuditThatHidesTooMuch(t *testing.T) {
	raw, err := artifacts.Form("audit", "nb")
	if err != nil {
		t.Fatal(err)
	}
	d, _ := instrument.Named("audit")
	const sixOrMore = `[{"question":"3","operator":"!=","answerCoding":{"system":"http://loinc.org","code":"LA6270-8"}}]`
	form, err := sjson.SetRawBytes(raw.JSON, "item.5.enableWhen", []byte(sixOrMore))
	if err != nil {
		t.Fatal(err)
	}
	const want = `item "4" (97734-8) is hidden where item "1" has 1, item "2" has 1, item "3" has 0, and AUDIT asks it then: correct enableWhen`
	if err := d.Conforms(form); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
