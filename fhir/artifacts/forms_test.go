package artifacts

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

func TestVersionNamesTheLanguage(t *testing.T) {
	eachForm(t, func(t *testing.T, want published, lang string, form gjson.Result) {
		equal(t, "url", form.Get("url").Str, want.url)
		equal(t, "version", form.Get("version").Str, want.version+"-"+lang)
		equal(t, "code", form.Get("code.0.code").Str, want.code)
		equal(t, "language", form.Get("language").Str, lang)
	})
}

func TestEveryTextIsInEveryLanguage(t *testing.T) {
	eachForm(t, func(t *testing.T, want published, lang string, form gjson.Result) {
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
		if all := 2 + len(want.panel) + 4 + want.answers(); texts != all { // the form's own, one an item, one an answer
			t.Errorf("got %d texts, want %d", texts, all)
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
	eachForm(t, func(t *testing.T, _ published, lang string, form gjson.Result) {
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
	eachForm(t, func(t *testing.T, want published, lang string, form gjson.Result) {
		back, err := translateForm([]byte(form.Raw), lang, base)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := instruments.ReadFile(want.name + "/questionnaire.json")
		if err != nil || string(back) != string(raw) {
			t.Errorf("%s and back is not what it was: %v", lang, err)
		}
	})
}

func TestUnknownLanguageNamesTheKnown(t *testing.T) {
	_, err := All("fi")
	if err == nil || !strings.Contains(err.Error(), "nb, nn, en, sv, da") {
		t.Errorf("got %v", err)
	}
}

// lforms reads the weight on the option, smart-forms and refero read the one on the coding.
func TestWeights(t *testing.T) {
	eachForm(t, func(t *testing.T, want published, _ string, form gjson.Result) {
		for _, asked := range want.panel {
			question := item(form, asked.linkID)
			equal(t, "code", question.Get("code.#.code").Raw, `["`+asked.code+`"]`)
			equal(t, "required", question.Get("required").Raw, "true")
			options := question.Get("answerOption").Array()
			for weight, code := range asked.answers {
				if code == "" {
					continue
				}
				if len(options) == 0 {
					t.Fatalf("item %s has too few answers", asked.linkID)
				}
				wantAnswer(t, options[0], code, weight)
				options = options[1:]
			}
			equal(t, asked.linkID+", answers more", fmt.Sprint(len(options)), "0")
		}
	})
}

func wantAnswer(t *testing.T, option gjson.Result, code string, weight int) {
	t.Helper()
	equal(t, "system", option.Get("valueCoding.system").Str, systemOf(code))
	equal(t, "answer", option.Get("valueCoding.code").Str, code)
	for _, path := range []string{"extension.", "valueCoding.extension."} {
		for _, name := range []string{"ordinalValue", "itemWeight"} {
			query := fmt.Sprintf(`%s#(url=="http://hl7.org/fhir/StructureDefinition/%s").valueDecimal`, path, name)
			equal(t, query, option.Get(query).Raw, fmt.Sprint(weight))
		}
	}
}

// What is asked first is asked of everybody; what other questions hide, they hide in every language.
func TestAnswersHideOtherQuestions(t *testing.T) {
	eachForm(t, func(t *testing.T, want published, _ string, form gjson.Result) {
		for _, it := range form.Get("item").Array() {
			linkID := it.Get("linkId").Str
			equal(t, linkID, it.Get("enableWhen|@ugly").Raw, want.when[linkID].conditions)
			equal(t, linkID, it.Get("enableBehavior").Str, want.when[linkID].behavior)
		}
	})
}

// The questions of AUDIT-C are the first three of AUDIT, word for word.
func TestAuditBeginsWithAuditC(t *testing.T) {
	eachForm(t, func(t *testing.T, want published, lang string, form gjson.Result) {
		short, err := Questionnaire(lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, linkID := range []string{"introduction", "unit", "1", "2", "3"} {
			equal(t, linkID, item(form, linkID).Raw, item(gjson.ParseBytes(short), linkID).Raw)
		}
	})
}

func TestTotalIsGuarded(t *testing.T) {
	eachForm(t, func(t *testing.T, want published, _ string, form gjson.Result) {
		shown := item(form, "score")
		equal(t, "code", shown.Get("code.0.code").Str, want.total)
		if !strings.Contains(shown.Get("text").Str, want.highest) {
			t.Errorf("the highest score is another: %s", shown.Get("text").Str)
		}
		equal(t, "type", shown.Get("type").Str, "integer") // refero makes an invalid answer of a decimal 0
		equal(t, "readOnly", shown.Get("readOnly").Raw, "true")
		// Without an entry format of its own, smart-forms shows a grey 0 while there is no score.
		equal(t, "empty", shown.Get(`extension.#(url%"*/entryFormat").valueString`).Str, "–")
		sdc := shown.Get(`extension.#(url%"*/sdc-questionnaire-calculatedExpression").valueExpression`)
		equal(t, "language", sdc.Get("language").Str, "text/fhirpath")
		equal(t, "SDC", sdc.Get("expression").Str, want.expression(total{"%resource.", want.panel}))
		equal(t, "refero", shown.Get(`extension.#(url%"*/sdf-calculatedExpression").valueString`).Str, want.expression(total{"", want.panel}))
	})
}

// What is said before the questions asks for nothing: R4 lets a display item have neither a code nor an answer that
// must be given. AUDIT is about the past year, which no question says by itself.
func TestIntroduction(t *testing.T) {
	eachForm(t, func(t *testing.T, want published, _ string, form gjson.Result) {
		order := []string{"introduction", "unit"}
		for _, asked := range want.panel {
			order = append(order, asked.linkID)
		}
		equal(t, "order", fmt.Sprint(form.Get("item.#.linkId").Value()), fmt.Sprint(append(order, "score", "consult-offer")))
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
	eachForm(t, func(t *testing.T, _ published, lang string, form gjson.Result) {
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
	eachForm(t, func(t *testing.T, want published, _ string, form gjson.Result) {
		questions := form.Get(`item.#(type=="choice")#`).Array()
		equal(t, "questions", fmt.Sprint(len(questions)), fmt.Sprint(len(want.panel)+1))
		for _, question := range questions {
			equal(t, "control", question.Get(`extension.#(url%"*/questionnaire-itemControl").valueCodeableConcept.coding.0.code`).Str, "radio-button")
			equal(t, "orientation", question.Get(`extension.#(url%"*/questionnaire-choiceOrientation").valueCode`).Str, "vertical")
		}
	})
}

// The offer of a consult is optional and never counts; its answers are codes of
// our own, with the names that the code system gives them.
func TestOfferCarriesNoWeight(t *testing.T) {
	eachForm(t, func(t *testing.T, _ published, lang string, form gjson.Result) {
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

// So have the answers that LOINC has no certain codes for.
func TestAnswersOfOurOwnAreNamed(t *testing.T) {
	eachForm(t, func(t *testing.T, want published, lang string, form gjson.Result) {
		for _, asked := range want.panel {
			for _, option := range item(form, asked.linkID).Get("answerOption").Array() {
				if coding := option.Get("valueCoding"); coding.Get("system").Str == CodeSystemURL {
					equal(t, "display", coding.Get("display").Str, named(coding.Get("code").Str, lang))
				}
			}
		}
	})
}

// An instrument whose wording is not free has a definition, and no form.
func TestDuditHasNoForm(t *testing.T) {
	equal(t, "instruments", strings.Join(Instruments(), " "), "audit auditc dudit")
	if _, err := Definition("dudit"); err != nil {
		t.Error(err)
	}
	if _, err := Form("dudit", base); err == nil || !strings.Contains(err.Error(), "no form of dudit comes with tilsyn: put the hospital's into instruments.dir, as dudit/questionnaire.json") {
		t.Errorf("got %v", err)
	}
	if _, err := Definition("cage"); err == nil || !strings.Contains(err.Error(), "choose one of audit, auditc, dudit") {
		t.Errorf("got %v", err)
	}
}

// named is what our code system calls a code in a language.
func named(code, lang string) string {
	concept := gjson.GetBytes(codeSystem, fmt.Sprintf("concept.#(code==%q)", code))
	if lang == base {
		return concept.Get("display").Str
	}
	return concept.Get(fmt.Sprintf("designation.#(language==%q).value", lang)).Str
}
