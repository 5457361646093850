package artifacts

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// published is what a form must ask, by what its instrument is published as.
type published struct {
	name, url, version   string
	code, total, highest string // the panel's code and its total's, and what that can be
	panel                []asked
	when                 map[string]enabled // by linkId
	expression           func(total) string
}

// asked is one question: its answers are in the order of their weights 0-4, "" where none has the weight.
type asked struct {
	linkID, code string
	answers      []string
}

// enabled is what enableWhen says of an item.
type enabled struct{ conditions, behavior string }

var (
	often  = []string{"LA6270-8", "LA18926-8", "LA18927-6", "LA18928-4", "LA18929-2"}
	many   = []string{"LA15694-5", "LA15695-2", "LA18930-0", "LA18931-8", "LA18932-6"}
	rarely = []string{"LA6270-8", "LA18933-4", "LA18876-5", "LA18891-4", "LA18934-2"}
	ever   = []string{"audit-no", "", "audit-not-last-year", "", "audit-last-year"}
)

// The LOINC panels 72109-2 and 72110-0.
var (
	auditC = []asked{{"1", "68518-0", often}, {"2", "68519-8", many}, {"3", "68520-6", rarely}}
	audit  = append(slices.Clone(auditC),
		asked{"4", "97734-8", rarely}, asked{"5", "97735-5", rarely}, asked{"6", "97736-3", rarely},
		asked{"7", "97737-1", rarely}, asked{"8", "97738-9", rarely},
		asked{"9", "97739-7", ever}, asked{"10", "97740-5", ever})
)

// With != alone, lforms shows questions 2 and 3 before question 1 has an answer.
var (
	drinks = enabled{`[{"question":"1","operator":"exists","answerBoolean":true},` +
		`{"question":"1","operator":"!=","answerCoding":{"system":"http://loinc.org","code":"LA6270-8"}}]`, "all"}
	much  = points(audit[1], audit[2])
	harms = points(audit[0], audit[8], audit[9])
)

// points is that any of the questions has an answer that carries some.
func points(questions ...asked) enabled {
	var any []string
	for _, q := range questions {
		for _, code := range q.answers[1:] {
			if code != "" {
				any = append(any, fmt.Sprintf(`{"question":%q,"operator":"=","answerCoding":{"system":%q,"code":%q}}`, q.linkID, systemOf(code), code))
			}
		}
	}
	return enabled{"[" + strings.Join(any, ",") + "]", "any"}
}

func systemOf(code string) string {
	if strings.HasPrefix(code, "LA") {
		return "http://loinc.org"
	}
	return CodeSystemURL
}

func (p published) answers() (all int) {
	all = 3 // of the offer
	for _, q := range p.panel {
		all += len(slices.DeleteFunc(slices.Clone(q.answers), func(code string) bool { return code == "" }))
	}
	return all
}

// forms are all that come with tilsyn.
var forms = []published{
	{
		name: AuditC, url: QuestionnaireURL, version: "1.2.0", code: "72109-2", total: "75626-2", highest: "12", panel: auditC,
		when: map[string]enabled{"2": drinks, "3": drinks, "consult-offer": drinks},
		// 0 when the first answer is Never, the sum when all three are answered, and otherwise nothing.
		expression: func(f total) string {
			return f.never("0", f.answered("1", "2", "3", f.sum("1", "2", "3")))
		},
	},
	{
		name: "audit", url: "https://tilsyn.org/fhir/Questionnaire/audit", version: "1.0.0", code: "72110-0", total: "75624-7", highest: "40", panel: audit,
		when: map[string]enabled{"2": drinks, "3": drinks, "4": much, "5": much, "6": much, "7": much, "8": much, "consult-offer": harms},
		// Nothing without 9 and 10; they alone after Never, with 1 after no points in 2 and 3; else all ten.
		expression: func(f total) string {
			all := f.answered("4", "5", "6", "7", "8", f.sum("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"))
			little := fmt.Sprintf("iif(%s and %s, %s, %s)", f.has("2", "LA15694-5"), f.has("3", "LA6270-8"), f.sum("1", "9", "10"), all)
			return f.answered("9", "10", f.never(f.sum("9", "10"), f.answered("1", "2", "3", little)))
		},
	},
}

// total writes the FHIRPath of a sum, of answers below root.
type total struct {
	root  string
	panel []asked
}

func (f total) answer(linkID string) string {
	return fmt.Sprintf("%sitem.where(linkId='%s').answer.value", f.root, linkID)
}

func (f total) has(linkID, code string) string {
	return fmt.Sprintf("%s.where(code='%s').exists()", f.answer(linkID), code)
}

func (f total) never(then, otherwise string) string {
	return fmt.Sprintf("iif(%s, %s, %s)", f.has("1", "LA6270-8"), then, otherwise)
}

// answered is the last of its parts when all the others, which are linkIds, have an answer.
func (f total) answered(parts ...string) string {
	linkIDs, then := parts[:len(parts)-1], parts[len(parts)-1]
	var all []string
	for _, linkID := range linkIDs {
		all = append(all, f.answer(linkID)+".exists()")
	}
	return fmt.Sprintf("iif(%s, %s, {})", strings.Join(all, " and "), then)
}

func (f total) sum(linkIDs ...string) string {
	var at, parts []string
	for _, linkID := range linkIDs {
		at = append(at, "linkId='"+linkID+"'")
	}
	for weight := 1; weight <= 4; weight++ {
		if codes := f.codes(weight, linkIDs); codes != nil {
			parts = append(parts, fmt.Sprintf("%d * %sitem.where(%s).answer.value.where(%s).count()",
				weight, f.root, strings.Join(at, " or "), strings.Join(codes, " or ")))
		}
	}
	return strings.TrimPrefix(strings.Join(parts, " + "), "1 * ")
}

// codes are the answers of these questions that carry a weight, each once.
func (f total) codes(weight int, linkIDs []string) (codes []string) {
	for _, q := range f.panel {
		code := "code='" + q.answers[weight] + "'"
		if q.answers[weight] != "" && slices.Contains(linkIDs, q.linkID) && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

func eachForm(t *testing.T, check func(t *testing.T, want published, lang string, form gjson.Result)) {
	for _, want := range forms {
		for _, lang := range Languages {
			t.Run(want.name+" "+lang, func(t *testing.T) {
				form, err := Form(want.name, lang)
				if err != nil {
					t.Fatal(err)
				}
				if !gjson.ValidBytes(form.JSON) {
					t.Fatal("not JSON")
				}
				check(t, want, lang, gjson.ParseBytes(form.JSON))
			})
		}
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
