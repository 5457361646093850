package instrument_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
)

// made is a made-up instrument: two items that differ in their highest points, of which
// the second needs no answer where the first has them all.
const made = `
name: made1
title: Made up
url: https://example.org/Questionnaire/made
score: {code: t, display: Total}
max: 5
items: [{code: a, max: 2}, {code: b, max: 3}]
unnecessary: [{items: [b], where: [a], has: 2}]
alone: [{item: b, flag: only-b}]
source: nobody
licence: none
`

func defined(t *testing.T, text string) *instrument.Definition {
	t.Helper()
	d, err := instrument.ParseDefinition([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// asks is a form with such weights, by item.
func asks(weights map[string][]int) []byte {
	var items []string
	for _, code := range []string{"a", "b", "c"} {
		var options []string
		for _, w := range weights[code] {
			options = append(options, fmt.Sprintf(`{"valueInteger":%d,"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/itemWeight","valueDecimal":%d}]}`, w, w))
		}
		if options != nil {
			items = append(items, fmt.Sprintf(`{"linkId":%q,"code":[{"system":"http://loinc.org","code":%q}],"answerOption":[%s]}`, code, code, strings.Join(options, ",")))
		}
	}
	return []byte(`{"resourceType":"Questionnaire","item":[` + strings.Join(items, ",") + `]}`)
}

func says(answers ...any) []byte {
	var items []string
	for i := 0; i+1 < len(answers); i += 2 {
		items = append(items, fmt.Sprintf(`{"linkId":%q,"answer":[{"valueInteger":%d}]}`, answers[i], answers[i+1]))
	}
	return []byte(`{"resourceType":"QuestionnaireResponse","status":"completed","item":[` + strings.Join(items, ",") + `]}`)
}

// What an instrument is, is data: how many items, how many points each, which answers
// make which others unnecessary, what is flagged.
func TestAnotherInstrument(t *testing.T) {
	form, err := defined(t, made).Form(asks(map[string][]int{"a": {0, 1, 2}, "b": {0, 1, 3}}))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		answers []byte
		want    string
	}{
		{says("a", 1, "b", 3), "complete 4 []"},
		{says("a", 0, "b", 3), "complete 3 [only-b]"},
		{says("a", 0, "b", 0), "complete 0 []"},
		{says("a", 2), "complete 2 []"},
		{says("a", 2, "b", 3), "complete 2 [stale-answers]"},
		{says("a", 0), "incomplete"},
		{says("a", 1), "incomplete"},
		{says("a", 3, "b", 1), "invalid"},
		{says("a", 1, "b", 2), "invalid"},
	} {
		response, err := instrument.ParseResponse(test.answers)
		if err != nil {
			t.Fatal(err)
		}
		r := instrument.Judge(form, response)
		got := string(r.Status)
		if r.Score != nil {
			got += fmt.Sprint(" ", *r.Score, " ", r.Flags)
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.answers, got, test.want)
		}
	}
}

// A form that cannot give the instrument's score is refused, with the place and the mistake.
func TestFormsOfAnotherInstrument(t *testing.T) {
	for name, test := range map[string]struct {
		weights map[string][]int
		says    string
	}{
		"too high":        {map[string][]int{"a": {0, 3}, "b": {0, 3}}, "a weight is not a whole number of 0–2"},
		"not as high":     {map[string][]int{"a": {0, 2}, "b": {0, 2}}, "its weights run from 0 to 2, not from 0 to 3"},
		"an item missing": {map[string][]int{"a": {0, 2}}, "Made up has 2 items with weighted answers; this form has 1"},
		"another item":    {map[string][]int{"a": {0, 2}, "c": {0, 3}}, "the form lacks the Made up item with code b of http://loinc.org"},
	} {
		if _, err := defined(t, made).Form(asks(test.weights)); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A definition that contradicts itself is refused.
func TestDefinitionsThatAreRefused(t *testing.T) {
	for text, says := range map[string]string{
		"name: made1|name: Made-1":                            "name: use small letters",
		"max: 5|max: 6":                                       "max: 6, and the items sum to 5",
		"code: b, max: 3|code: a":                             "items[1]: its code is missing, or is there twice",
		"code: b, max: 3|code: b":                             "items[1]: max: 0",
		"where: [a]|where: [c]":                               "unnecessary[0]: where names no item",
		"where: [a]|where: [a, a]":                            "unnecessary[0]: where names no item, or one twice",
		"where: [a]|where: []":                                "unnecessary[0]: items and where are needed",
		"where: [a]|where: a":                                 "where",
		"has: 2|has: 3":                                       "has is not one of its points",
		"has: 2|has: -1":                                      "has is not one of its points",
		"items: [b], where|items: [c], where":                 "unnecessary[0]: items names what is no item",
		"items: [b], where|items: [b, b], where":              "unnecessary[0]: items names what is no item, or one twice",
		"items: [b], where|items: [], where":                  "unnecessary[0]: items and where are needed",
		"items: [b], where|items: [a], where":                 "one that does not come after those that decide",
		"items: [b], where: [a]|items: [a], where: [b]":       "one that does not come after those that decide",
		"title:|system: ''\ntitle:":                           "system: say whose the codes are",
		"item: b, flag|item: x, flag":                         "alone[0]: item names no item",
		"source: nobody|source: ''":                           "source and licence are needed",
		"licence: none|licence: ''":                           "source and licence are needed",
		"url: https://example.org/Questionnaire/made|url: ''": "url and score.code are needed",
		"score: {code: t, |score: {":                          "url and score.code are needed",
		"title:|titel:":                                       "titel",
	} {
		from, to, _ := strings.Cut(text, "|")
		if !strings.Contains(made, from) {
			t.Fatal(from)
		}
		if _, err := instrument.ParseDefinition([]byte(strings.Replace(made, from, to, 1))); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %s", to, err, says)
		}
	}
}

// The folder of a definition bears its name, and no two give their forms one address.
func TestTheEmbeddedDefinitions(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range instrument.Embedded() {
		if named, ok := instrument.Named(d.Name); !ok || named != d || seen[d.URL] {
			t.Errorf("%s is not found by its name, or %s is another's", d.Name, d.URL)
		}
		seen[d.URL] = true
		if d.System == artifacts.CodeSystemURL {
			wantOurs(t, d)
		}
	}
	if len(seen) != len(artifacts.Instruments()) {
		t.Errorf("%d of %v", len(seen), artifacts.Instruments())
	}
	if _, ok := instrument.Named("audit-c"); ok {
		t.Error("an instrument that is none")
	}
}

func wantOurs(t *testing.T, d *instrument.Definition) {
	t.Helper()
	for _, it := range d.Items {
		if !artifacts.Defines(it.Code) {
			t.Errorf("%s: our code system lacks %s", d.Name, it.Code)
		}
	}
	if !artifacts.Defines(d.Score.Code) {
		t.Errorf("%s: our code system lacks %s", d.Name, d.Score.Code)
	}
}

// Each of our own forms could be a site's.
func TestOurFormsConform(t *testing.T) {
	for _, d := range instrument.Embedded() {
		form, err := artifacts.Form(d.Name, "nb")
		if d.Name == "dudit" {
			continue // it has none
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Conforms(form.JSON); err != nil {
			t.Errorf("%s: %v", d.Name, err)
		}
		if read, err := d.Form(form.JSON); err != nil || read.URL != d.URL {
			t.Errorf("%s: %v", d.Name, err)
		}
	}
}

// Babor 2001 and Berman 2005.
func TestTheDefinitionsOfAuditAndDudit(t *testing.T) {
	for name, want := range map[string]string{
		"audit": "AUDIT 75624-7 40 10 http://loinc.org",
		"dudit": "DUDIT dudit-score 44 11 " + artifacts.CodeSystemURL,
	} {
		d, ok := instrument.Named(name)
		if !ok {
			t.Fatal(name)
		}
		if got := fmt.Sprint(d.Title, " ", d.Score.Code, " ", d.Max, " ", len(d.Items), " ", d.System); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// AUDIT-C is what Bush 1998 and LOINC 72109-2 say.
func TestTheDefinitionOfAuditC(t *testing.T) {
	d := instrument.AuditC()
	if d.URL != artifacts.QuestionnaireURL {
		t.Errorf("its form is %s", d.URL)
	}
	if d.Max != 12 || len(d.Items) != 3 || d.Score.Code != "75626-2" || d.Name != "auditc" {
		t.Errorf("%+v", d)
	}
	for points, want := range map[int]bool{4: true, 3: false, 0: false} {
		if got := d.AllFrom(instrument.FlagItem1Only, map[string]int{"68518-0": points, "68519-8": 4 - points}, 4); got != want {
			t.Errorf("%d of 4 from item 1: %t", points, got)
		}
	}
}
