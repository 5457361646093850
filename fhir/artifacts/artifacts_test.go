package artifacts

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// The LOINC panel 72109-2: its items, and their answers in the order of their weights 0-4.
var panel = []struct {
	linkID, code string
	answers      []string
}{
	{"1", "68518-0", []string{"LA6270-8", "LA18926-8", "LA18927-6", "LA18928-4", "LA18929-2"}},
	{"2", "68519-8", []string{"LA15694-5", "LA15695-2", "LA18930-0", "LA18931-8", "LA18932-6"}},
	{"3", "68520-6", []string{"LA6270-8", "LA18933-4", "LA18876-5", "LA18891-4", "LA18934-2"}},
}

func eachLanguage(t *testing.T, check func(t *testing.T, lang string, form gjson.Result)) {
	for _, lang := range Languages {
		t.Run(lang, func(t *testing.T) {
			form, err := Questionnaire(lang)
			if err != nil {
				t.Fatal(err)
			}
			if !gjson.ValidBytes(form) {
				t.Fatal("not JSON")
			}
			check(t, lang, gjson.ParseBytes(form))
		})
	}
}

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func item(form gjson.Result, linkID string) gjson.Result {
	return form.Get(fmt.Sprintf("item.#(linkId==%q)", linkID))
}

func TestVersionNamesTheLanguage(t *testing.T) {
	eachLanguage(t, func(t *testing.T, lang string, form gjson.Result) {
		equal(t, "url", form.Get("url").Str, QuestionnaireURL)
		equal(t, "version", form.Get("version").Str, "1.2.0-"+lang)
		equal(t, "language", form.Get("language").Str, lang)
	})
}

func TestEveryTextIsInEveryLanguage(t *testing.T) {
	eachLanguage(t, func(t *testing.T, lang string, form gjson.Result) {
		texts := 0
		var walk func(path string, node gjson.Result)
		walk = func(path string, node gjson.Result) {
			node.ForEach(func(key, child gjson.Result) bool {
				switch name := key.String(); name {
				case "title", "description", "text", "display":
					texts++
					wantTranslated(t, path+name, lang, child.Str, node.Get("_"+name))
				case "code": // LOINC's own names, which are English in every form
				default:
					if child.IsObject() || child.IsArray() {
						walk(path+name+".", child)
					}
				}
				return true
			})
		}
		walk("", form)
		if want := 2 + 7 + 18; texts != want { // the form's own, one an item, one an answer
			t.Errorf("got %d texts, want %d", texts, want)
		}
	})
}

func wantTranslated(t *testing.T, path, lang, text string, extended gjson.Result) {
	t.Helper()
	found := []string{lang}
	for _, ext := range extended.Get("extension").Array() {
		equal(t, path, ext.Get("url").Str, translationURL)
		found = append(found, ext.Get(`extension.#(url=="lang").valueCode`).Str)
		if ext.Get(`extension.#(url=="content").valueString`).Str == "" {
			t.Errorf("%s: empty translation", path)
		}
	}
	slices.Sort(found)
	equal(t, path, strings.Join(found, " "), "da en nb nn sv")
	if text == "" {
		t.Errorf("%s: no text", path)
	}
}

func TestTextsChangePlaces(t *testing.T) {
	eachLanguage(t, func(t *testing.T, lang string, form gjson.Result) {
		want := map[string]string{
			"nb": "Hvor ofte drikker du alkohol?",
			"nn": "Kor ofte drikk du alkohol?",
			"en": "How often do you have a drink containing alcohol?",
			"sv": "Hur ofta dricker du öl, vin eller sprit?",
			"da": "Hvor tit drikker du alkohol?",
		}
		question := item(form, "1")
		equal(t, "text", question.Get("text").Str, want[lang])
		for _, ext := range question.Get("_text.extension").Array() {
			code := ext.Get(`extension.#(url=="lang").valueCode`).Str
			equal(t, code, ext.Get(`extension.#(url=="content").valueString`).Str, want[code])
		}
	})
}

func TestTranslatingBackRestoresTheForm(t *testing.T) {
	for _, lang := range Languages {
		form, err := Questionnaire(lang)
		if err != nil {
			t.Fatal(err)
		}
		back, err := translateForm(form, lang, base)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(back, questionnaire) {
			t.Errorf("%s and back is not what it was", lang)
		}
	}
}

func TestUnknownLanguageNamesTheKnown(t *testing.T) {
	_, err := All("fi")
	if err == nil || !strings.Contains(err.Error(), "nb, nn, en, sv, da") {
		t.Errorf("got %v", err)
	}
}

// lforms reads the weight on the option, smart-forms and refero read the one on the coding.
func TestWeights(t *testing.T) {
	eachLanguage(t, func(t *testing.T, _ string, form gjson.Result) {
		for _, want := range panel {
			question := item(form, want.linkID)
			equal(t, "code", question.Get("code.#.code").Raw, `["`+want.code+`"]`)
			equal(t, "required", question.Get("required").Raw, "true")
			options := question.Get("answerOption").Array()
			if len(options) != len(want.answers) {
				t.Fatalf("item %s has %d answers", want.linkID, len(options))
			}
			for weight, option := range options {
				equal(t, "system", option.Get("valueCoding.system").Str, "http://loinc.org")
				equal(t, "answer", option.Get("valueCoding.code").Str, want.answers[weight])
				for _, path := range []string{"extension.", "valueCoding.extension."} {
					for _, name := range []string{"ordinalValue", "itemWeight"} {
						query := fmt.Sprintf(`%s#(url=="http://hl7.org/fhir/StructureDefinition/%s").valueDecimal`, path, name)
						equal(t, query, option.Get(query).Raw, fmt.Sprint(weight))
					}
				}
			}
		}
	})
}

// With != alone, lforms shows questions 2 and 3 before question 1 has an answer.
func TestNeverHidesTheOtherQuestions(t *testing.T) {
	eachLanguage(t, func(t *testing.T, _ string, form gjson.Result) {
		const want = `[{"question":"1","operator":"exists","answerBoolean":true},` +
			`{"question":"1","operator":"!=","answerCoding":{"system":"http://loinc.org","code":"LA6270-8"}}]`
		for _, linkID := range []string{"2", "3", "consult-offer"} {
			equal(t, linkID, item(form, linkID).Get("enableWhen|@ugly").Raw, want)
			equal(t, linkID, item(form, linkID).Get("enableBehavior").Str, "all")
		}
		if item(form, "1").Get("enableWhen").Exists() {
			t.Error("question 1 depends on another")
		}
	})
}

func TestTotalIsGuarded(t *testing.T) {
	eachLanguage(t, func(t *testing.T, _ string, form gjson.Result) {
		total := item(form, "score")
		equal(t, "code", total.Get("code.0.code").Str, "75626-2")
		equal(t, "type", total.Get("type").Str, "integer") // refero makes an invalid answer of a decimal 0
		equal(t, "readOnly", total.Get("readOnly").Raw, "true")
		// Without an entry format of its own, smart-forms shows a grey 0 while there is no score.
		equal(t, "empty", total.Get(`extension.#(url%"*/entryFormat").valueString`).Str, "–")
		sdc := total.Get(`extension.#(url%"*/sdc-questionnaire-calculatedExpression").valueExpression`)
		equal(t, "language", sdc.Get("language").Str, "text/fhirpath")
		equal(t, "SDC", sdc.Get("expression").Str, totalExpression("%resource."))
		equal(t, "refero", total.Get(`extension.#(url%"*/sdf-calculatedExpression").valueString`).Str, totalExpression(""))
	})
}

// totalExpression is 0 when the first answer is Never, the sum when all three are answered, and otherwise nothing.
func totalExpression(root string) string {
	var answered, sum []string
	for _, question := range panel {
		answered = append(answered, fmt.Sprintf("%sitem.where(linkId='%s').answer.value.exists()", root, question.linkID))
	}
	for weight := 1; weight <= 4; weight++ {
		var codes []string
		for _, question := range panel {
			codes = append(codes, fmt.Sprintf("code='%s'", question.answers[weight]))
		}
		sum = append(sum, fmt.Sprintf("%d * %sitem.where(linkId='1' or linkId='2' or linkId='3').answer.value.where(%s).count()",
			weight, root, strings.Join(codes, " or ")))
	}
	return fmt.Sprintf("iif(%sitem.where(linkId='1').answer.value.where(code='LA6270-8').exists(), 0, iif(%s, %s, {}))",
		root, strings.Join(answered, " and "), strings.TrimPrefix(strings.Join(sum, " + "), "1 * "))
}

// What is said before the questions asks for nothing: R4 lets a display item have neither a code nor an answer that
// must be given. AUDIT is about the past year, which no question says by itself.
func TestIntroduction(t *testing.T) {
	eachLanguage(t, func(t *testing.T, _ string, form gjson.Result) {
		equal(t, "order", form.Get("item.#.linkId").Raw, `["introduction","unit","1","2","3","score","consult-offer"]`)
		for _, it := range form.Get(`item.#(type=="display")#`).Array() {
			for _, asks := range []string{"code", "required", "readOnly", "enableWhen", "answerOption", "initial", "item"} {
				if it.Get(asks).Exists() {
					t.Errorf("%s has %s", it.Get("linkId").Str, asks)
				}
			}
		}
		equal(t, "type", item(form, "introduction").Get("type").Str, "display")
		equal(t, "type", item(form, "unit").Get("type").Str, "display")
		if text := item(form, "introduction").Get("text").Str; !strings.Contains(text, " 12 ") {
			t.Errorf("no time is named: %s", text)
		}
	})
}

// Drinks of 12 grams, in the sizes that people know (rop.no). Units of 8 grams, and
// eight of them for men, are another instrument; only Danish asks about five.
func TestHowMuchIsOne(t *testing.T) {
	many := map[string]string{"nb": " seks ", "nn": " seks ", "en": " six ", "sv": " sex ", "da": " fem "}
	eachLanguage(t, func(t *testing.T, lang string, form gjson.Result) {
		unit := strings.ReplaceAll(item(form, "unit").Get("text").Str, ".5", ",5")
		for _, size := range []string{"12 gram", " 1,5 ", "(75 cl) 6 ", "(70 cl) 18,5."} {
			if !strings.Contains(unit, size) {
				t.Errorf("%q is missing: %s", size, unit)
			}
		}
		if text := item(form, "3").Get("text").Str; !strings.Contains(text, many[lang]) {
			t.Errorf("question 3 asks about another number: %s", text)
		}
		if lang == "en" && strings.Contains(form.Get("item.#.text").Raw, " unit") {
			t.Error("a unit is another measure in English")
		}
	})
}

// Five answers in a row are hard to read on the screen of a ward.
func TestAnswersStandBelowEachOther(t *testing.T) {
	eachLanguage(t, func(t *testing.T, _ string, form gjson.Result) {
		questions := form.Get(`item.#(type=="choice")#`).Array()
		equal(t, "questions", fmt.Sprint(len(questions)), "4")
		for _, question := range questions {
			equal(t, "control", question.Get(`extension.#(url%"*/questionnaire-itemControl").valueCodeableConcept.coding.0.code`).Str, "radio-button")
			equal(t, "orientation", question.Get(`extension.#(url%"*/questionnaire-choiceOrientation").valueCode`).Str, "vertical")
		}
	})
}

// The offer of a consult is optional and never counts; its answers are codes of
// our own, with the names that the code system gives them.
func TestOfferCarriesNoWeight(t *testing.T) {
	eachLanguage(t, func(t *testing.T, lang string, form gjson.Result) {
		offer := item(form, "consult-offer")
		equal(t, "code", offer.Get("code|@ugly").Raw, `[{"system":"`+CodeSystemURL+`","code":"consult-offer"}]`)
		equal(t, "required", offer.Get("required").Raw, "")
		equal(t, "answers", offer.Get("answerOption.#.valueCoding.code").Raw, `["offer-accepted","offer-declined","offer-not-asked"]`)
		for _, option := range offer.Get("answerOption").Array() {
			coding := option.Get("valueCoding")
			if option.Get("extension").Exists() || coding.Get("extension").Exists() {
				t.Errorf("%s carries a weight", coding.Get("code").Str)
			}
			equal(t, "system", coding.Get("system").Str, CodeSystemURL)
			equal(t, "display", coding.Get("display").Str, named(coding.Get("code").Str, lang))
		}
	})
}

// named is what our code system calls a code in a language.
func named(code, lang string) string {
	concept := gjson.GetBytes(codeSystem, fmt.Sprintf("concept.#(code==%q)", code))
	if lang == base {
		return concept.Get("display").Str
	}
	return concept.Get(fmt.Sprintf("designation.#(language==%q).value", lang)).Str
}

func TestAllIsReadyForAServer(t *testing.T) {
	all, err := All("en")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, artifact := range all {
		names = append(names, artifact.Name)
		resource := gjson.ParseBytes(artifact.JSON)
		if !gjson.ValidBytes(artifact.JSON) || resource.Get("id").Exists() || resource.Get("meta").Exists() {
			t.Errorf("%s: must be JSON without id and meta", artifact.Name)
		}
		kind, _, _ := strings.Cut(artifact.Name, "-")
		equal(t, artifact.Name, resource.Get("resourceType").Str, kind)
		equal(t, artifact.Name, resource.Get("status").Str, "active")
	}
	equal(t, "names", strings.Join(names, " "), "CodeSystem-tilsyn CodeSystem-rule Device-tilsyn Questionnaire-audit-c")
	equal(t, "device", gjson.GetBytes(device, "identifier.0.system").Str, IdentifierSystem)
	equal(t, "device", gjson.GetBytes(device, "identifier.0.value").Str, DeviceIdentifier)
}

func TestConceptsAreNamedAndDefined(t *testing.T) {
	system := gjson.ParseBytes(codeSystem)
	equal(t, "url", system.Get("url").Str, CodeSystemURL)
	seen := map[string]bool{}
	for _, concept := range system.Get("concept").Array() {
		code := concept.Get("code").Str
		if seen[code] {
			t.Errorf("%s is there twice", code)
		}
		seen[code] = true
		for _, path := range []string{"display", "definition", `designation.#(language=="en").value`} {
			if concept.Get(path).Str == "" {
				t.Errorf("%s has no %s", code, path)
			}
		}
	}
	equal(t, "count", system.Get("count").Raw, fmt.Sprint(len(seen)))
}

// A rule has no display: its words are in internal/words.
func TestRulesAreDefined(t *testing.T) {
	system := gjson.ParseBytes(rules)
	equal(t, "url", system.Get("url").Str, RuleSystemURL)
	seen := map[string]bool{}
	for _, concept := range system.Get("concept").Array() {
		if seen[concept.Get("code").Str] || concept.Get("definition").Str == "" {
			t.Errorf("%s is there twice, or is not defined", concept)
		}
		seen[concept.Get("code").Str] = true
	}
	equal(t, "count", system.Get("count").Raw, fmt.Sprint(len(seen)))
}

func TestTheDeviceSaysWhatItIsInTheSitesLanguage(t *testing.T) {
	for lang, want := range map[string]string{
		"nb": "Program for kartlegging og henvisning",
		"nn": "Program for kartlegging og tilvising",
		"en": "Screening and referral software",
		"sv": "Program för screening och remittering",
		"da": "Program til screening og henvisning",
	} {
		all, err := All(lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			if ours := gjson.ParseBytes(a.JSON); a.Name == "Device-tilsyn" {
				equal(t, lang, ours.Get("language").Str, lang)
				equal(t, lang, ours.Get("type.text").Str, want)
				wantTranslated(t, "type", lang, want, ours.Get("type._text"))
				wantTranslated(t, "note", lang, ours.Get("note.0.text").Str, ours.Get("note.0._text"))
			}
		}
	}
}
