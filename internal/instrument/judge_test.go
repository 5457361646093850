package instrument_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
)

// english is parsed once: to translate the form takes longer than all the rest.
var english = sync.OnceValues(func() (*instrument.Form, error) {
	raw, err := artifacts.Questionnaire("en")
	if err != nil {
		return nil, err
	}
	return instrument.AuditC().Form(raw)
})

func ourForm(t testing.TB) *instrument.Form {
	t.Helper()
	form, err := english()
	if err != nil {
		t.Fatal(err)
	}
	return form
}

// LOINC answers of the three items, by points.
var (
	often  = []string{"LA6270-8", "LA18926-8", "LA18927-6", "LA18928-4", "LA18929-2"}
	many   = []string{"LA15694-5", "LA15695-2", "LA18930-0", "LA18931-8", "LA18932-6"}
	binges = []string{"LA6270-8", "LA18933-4", "LA18876-5", "LA18891-4", "LA18934-2"}
)

// coded is one item with one LOINC answer.
func coded(link, code string) string {
	return fmt.Sprintf(`{"linkId":%q,"answer":[{"valueCoding":{"system":"http://loinc.org","code":%q}}]}`, link, code)
}

func item(link, rest string) string { return fmt.Sprintf(`{"linkId":%q%s}`, link, rest) }

func response(items ...string) string {
	return `{"resourceType":"QuestionnaireResponse","status":"completed","item":[` + strings.Join(items, ",") + `]}`
}

func judge(t testing.TB, form *instrument.Form, raw string) instrument.Result {
	t.Helper()
	r, err := instrument.ParseResponse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return instrument.Judge(form, r)
}

// Every combination of answers has the sum of its weights, and only that.
func TestEveryCombinationScoresItsWeights(t *testing.T) {
	form := ourForm(t)
	for a := 1; a < 5; a++ {
		for b := range 5 {
			for c := range 5 {
				got := judge(t, form, response(coded("1", often[a]), coded("2", many[b]), coded("3", binges[c])))
				if got.Status != instrument.Complete || got.Score == nil || *got.Score != a+b+c {
					t.Errorf("%d+%d+%d: %+v", a, b, c, got)
				}
				if only1 := slices.Contains(got.Flags, instrument.FlagItem1Only); only1 != (b+c == 0) {
					t.Errorf("%d+%d+%d: item-1-only is %v", a, b, c, only1)
				}
			}
		}
	}
}

// judgement is a Result in short: "complete 7 [1:3 2:2 3:2] flags", or the
// status with the item that the reason names.
func judgement(r instrument.Result) string {
	var b strings.Builder
	b.WriteString(string(r.Status))
	if r.Score != nil {
		fmt.Fprintf(&b, " %d", *r.Score)
	}
	for _, it := range r.Items {
		fmt.Fprintf(&b, " %s:%d", it.LinkID, it.Points)
	}
	for _, f := range r.Flags {
		b.WriteString(" " + string(f))
	}
	if !r.Reason.IsZero() {
		b.WriteString(" | " + r.Reason.String())
	}
	return b.String()
}

func TestJudge(t *testing.T) {
	weekly, five, monthly := coded("1", often[3]), coded("2", many[2]), coded("3", binges[2])
	for _, c := range []struct{ name, response, want string }{
		{"all answered", response(weekly, five, monthly), "complete 7 1:3 2:2 3:2"},
		{"in another order", response(monthly, weekly, five), "complete 7 1:3 2:2 3:2"},
		{"never", response(coded("1", often[0])), "complete 0 1:0"},
		{"never, stale answers kept", response(coded("1", often[0]), five, monthly), "complete 0 1:0 stale-answers"},
		{"never, stale nonsense kept", response(coded("1", often[0]), coded("2", "LA0")), "complete 0 1:0 stale-answers"},
		{"nothing", `{"resourceType":"QuestionnaireResponse","status":"completed"}`, "incomplete | missing 1"},
		{"empty item list", response(), "incomplete | missing 1"},
		{"one open", response(weekly, five), "incomplete 1:3 2:2 | missing 3"},
		{"two open", response(weekly), "incomplete 1:3 | missing 2 3"},
		{"item 1 open, others answered", response(five, monthly), "incomplete stale-answers | missing 1"},
		{"item without answer", response(weekly, five, item("3", "")), "incomplete 1:3 2:2 | missing 3"},
		{"answer []", response(weekly, five, item("3", `,"answer":[]`)), "incomplete 1:3 2:2 | missing 3"},
		{"answer [{}]", response(weekly, five, item("3", `,"answer":[{}]`)), "incomplete 1:3 2:2 | missing 3"},
		{"empty coding", response(weekly, five, item("3", `,"answer":[{"valueCoding":{}}]`)), "incomplete 1:3 2:2 | missing 3"},
		{"null", response(weekly, five, item("3", `,"answer":[{"valueCoding":null}]`)), "incomplete 1:3 2:2 | missing 3"},
		{"declined by extension", response(weekly, five, item("3", `,"answer":[{"extension":[{"url":"x","valueCode":"asked-declined"}]}]`)), "incomplete 1:3 2:2 | missing 3"},
		{"unknown code", response(weekly, five, coded("3", "LA0-0")), "invalid 1:3 2:2 | not-offered 3"},
		{"code of another item", response(weekly, coded("2", binges[2]), monthly), "invalid 1:3 3:2 | other-item 2 3"},
		{"another code system", response(weekly, five, item("3", `,"answer":[{"valueCoding":{"system":"http://x.no","code":"LA18876-5"}}]`)), "invalid 1:3 2:2 | not-offered 3"},
		{"no code system", response(weekly, five, item("3", `,"answer":[{"valueCoding":{"code":"LA18876-5"}}]`)), "invalid 1:3 2:2 | not-offered 3"},
		{"only a display", response(weekly, five, item("3", `,"answer":[{"valueCoding":{"display":"Monthly"}}]`)), "invalid 1:3 2:2 | no-code 3"},
		{"two answers", response(weekly, five, item("3", `,"answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA18876-5"}},{"valueCoding":{"system":"http://loinc.org","code":"LA18891-4"}}]`)), "invalid 1:3 2:2 | several 3 2"},
		{"item twice", response(weekly, five, monthly, monthly), "invalid 1:3 2:2 | several 3 2"},
		{"two values in one answer", response(weekly, five, item("3", `,"answer":[{"valueInteger":2,"valueCoding":{"system":"http://loinc.org","code":"LA18876-5"}}]`)), "invalid 1:3 2:2 | two-values 3"},
		{"text where a choice is offered", response(weekly, five, item("3", `,"answer":[{"valueString":"Monthly"}]`)), "invalid 1:3 2:2 | other-type 3 string"},
		{"points typed in", response(weekly, five, item("3", `,"answer":[{"valueInteger":2}]`)), "invalid 1:3 2:2 | other-type 3 integer"},
		{"no linkId", response(weekly, five, monthly, `{"answer":[{"valueInteger":2}]}`), "invalid | no-link"},
		{"group without linkId", response(weekly, five, `{"item":[`+monthly+`]}`), "complete 7 1:3 2:2 3:2"},
		{"nested in groups", response(item("g", `,"item":[`+weekly+`,`+item("h", `,"item":[`+five+`,`+monthly+`]`)+`]`)), "complete 7 1:3 2:2 3:2"},
		{"nested in an answer", response(item("1", `,"answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA18928-4"},"item":[`+five+`,`+monthly+`]}]`)), "complete 7 1:3 2:2 3:2"},
		{"an item that the form does not have", response(weekly, five, monthly, item("9", `,"answer":[{"valueBoolean":true}]`)), "complete 7 1:3 2:2 3:2 unknown-item"},
		{"total agrees", response(weekly, five, monthly, item("score", `,"answer":[{"valueInteger":7}]`)), "complete 7 1:3 2:2 3:2"},
		{"total agrees as decimal", response(weekly, five, monthly, item("score", `,"answer":[{"valueDecimal":7.0}]`)), "complete 7 1:3 2:2 3:2"},
		{"total differs", response(weekly, five, monthly, item("score", `,"answer":[{"valueInteger":12}]`)), "complete 7 1:3 2:2 3:2 total-differs"},
		{"total is empty", response(weekly, five, monthly, item("score", `,"answer":[{}]`)), "complete 7 1:3 2:2 3:2"},
		{"total alone is no score", response(item("score", `,"answer":[{"valueInteger":7}]`)), "incomplete | missing 1"},
		{"texts listed, as refero does", response(item("introduction", ""), item("unit", `,"text":"…"`), weekly, five, monthly), "complete 7 1:3 2:2 3:2"},
		{"texts with empty answers", response(item("introduction", `,"answer":[]`), item("unit", `,"answer":[{}]`), weekly, five), "incomplete 1:3 2:2 | missing 3"},
		{"texts ticked off", response(item("introduction", `,"answer":[{"valueBoolean":true}]`), weekly, five, monthly), "complete 7 1:3 2:2 3:2"},
		{"all points from item 1", response(weekly, coded("2", many[0]), coded("3", binges[0])), "complete 3 1:3 2:0 3:0 item-1-only"},
		{"another form", `{"resourceType":"QuestionnaireResponse","questionnaire":"http://x.no/q"}`, "invalid | other-form"},
		{"another version", `{"resourceType":"QuestionnaireResponse","questionnaire":"` + artifacts.QuestionnaireURL + `|0.9"}`, "invalid | other-form"},
		{"where its form lies", `{"resourceType":"QuestionnaireResponse","questionnaire":"Questionnaire/7","item":[` + coded("1", often[0]) + `]}`, "complete 0 1:0"},
		{"a form that it carries along", `{"resourceType":"QuestionnaireResponse","questionnaire":"#f","item":[` + coded("1", often[0]) + `]}`, "complete 0 1:0"},
		{"another version of where its form lies", `{"resourceType":"QuestionnaireResponse","questionnaire":"Questionnaire/7|0.9"}`, "invalid | other-form"},
		{"form without version", `{"resourceType":"QuestionnaireResponse","questionnaire":"` + artifacts.QuestionnaireURL + `","item":[` + coded("1", often[0]) + `]}`, "complete 0 1:0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := judgement(judge(t, ourForm(t), c.response)); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestWhatIsNoResponseIsAnError(t *testing.T) {
	for _, raw := range []string{"", "null", "[]", "{", `{"resourceType":"Patient"}`, `{"item":[]}`, strings.Repeat("[", 20_000)} {
		if _, err := instrument.ParseResponse([]byte(raw)); err == nil {
			t.Errorf("%.20q was taken for a response", raw)
		}
	}
}

// Whatever comes from outside: no crash, and a score only from three valid
// answers or from Never.
func FuzzJudge(f *testing.F) {
	form := ourForm(f)
	f.Add(response(coded("1", often[3]), coded("2", many[2]), coded("3", binges[2])))
	f.Add(response(coded("1", often[0]), coded("2", many[2])))
	f.Add(response(coded("1", often[3]), answered("consult-offer", offerAnswer("offer-accepted")), item("consult-offer", ","+asked)))
	f.Add(`{"resourceType":"QuestionnaireResponse","item":{"linkId":1}}`)
	for _, at := range places {
		f.Add(response(coded("1", often[3]), coded("2", many[2]), at("3", because("asked-declined")), at("consult-offer", because("unknown"))))
	}
	f.Add(whole(absentReasons, "asked-declined", coded("1", often[0])))
	f.Add(response(answered("1", "{"+because("unknown")+`,"valueCoding":{"system":"http://loinc.org","code":"LA6270-8"}}`)))
	f.Fuzz(func(t *testing.T, raw string) {
		r, err := instrument.ParseResponse([]byte(raw))
		if err != nil {
			return
		}
		got := instrument.Judge(form, r)
		sum := 0
		for _, it := range got.Items {
			sum += it.Points
		}
		switch {
		case (got.Score != nil) != (got.Status == instrument.Complete), got.Reason.IsZero() != (got.Status == instrument.Complete):
			t.Errorf("score, status and reason disagree: %+v", got)
		case got.Score != nil && (*got.Score != sum || sum > instrument.AuditC().Max):
			t.Errorf("score %d of items that sum to %d", *got.Score, sum)
		case got.Score != nil && len(got.Items) != 3 && !(len(got.Items) == 1 && sum == 0):
			t.Errorf("a score from %d items", len(got.Items))
		case got.Offer != "" && slices.Contains(got.Flags, instrument.FlagOfferUnclear):
			t.Errorf("an offer that is unclear is %q", got.Offer)
		}
	})
}
