package instrument_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
)

// ever are the answers to items 9 and 10 of AUDIT, by points; there is none of one or three.
var ever = []string{"audit-no", "audit-1", "audit-not-last-year", "audit-3", "audit-last-year"}

// audited is a response to AUDIT with a digit for the points of each item, in order; - is no answer.
func audited(points string) string {
	answers := [][]string{often, many, binges, binges, binges, binges, binges, binges, ever, ever}
	var items []string
	for i, p := range points {
		switch link := fmt.Sprint(i + 1); {
		case p == '-':
		case i < 8:
			items = append(items, coded(link, answers[i][p-'0']))
		default:
			items = append(items, answered(link, offerAnswer(answers[i][p-'0'])))
		}
	}
	return response(items...)
}

// unruled is a form that forgot every enableWhen.
func unruled(t *testing.T, form []byte) []byte {
	t.Helper()
	for i := range gjson.GetBytes(form, "item").Array() {
		var err error
		if form, err = sjson.DeleteBytes(form, fmt.Sprintf("item.%d.enableWhen", i)); err != nil {
			t.Fatal(err)
		}
	}
	return form
}

func auditForm(t *testing.T, lang string, change func(*testing.T, []byte) []byte) *instrument.Form {
	t.Helper()
	raw, err := artifacts.Form("audit", lang)
	if err != nil {
		t.Fatal(err)
	}
	d, ok := instrument.Named("audit")
	if !ok {
		t.Fatal("AUDIT is not there")
	}
	form, err := d.Form(change(t, raw.JSON))
	if err != nil {
		t.Fatal(err)
	}
	return form
}

func unchanged(_ *testing.T, form []byte) []byte { return form }

// verdict is a judgement without the points of each item.
func verdict(r instrument.Result) string {
	r.Items = nil
	return judgement(r)
}

// Who never drinks needs no answer to 2-8, and who has no points in 2 and 3 none to 4-8;
// 9 and 10 are asked of everybody. What is open has no points, and there is no score.
var audits = []struct{ points, ruled, unruled string }{
	{"4444444444", "complete 40", ""},
	{"1111111122", "complete 12", ""},
	{"1234012320", "complete 18", ""},
	{"0-------00", "complete 0", ""},
	{"0-------24", "complete 6", ""},
	{"000-----02", "complete 2 stale-answers", ""},
	{"0444444444", "complete 8 stale-answers", ""},
	{"0---44444-", "incomplete stale-answers | missing 10", ""},
	{"100-----00", "complete 1", ""},
	{"400-----42", "complete 10", ""},
	{"4004444400", "complete 4 stale-answers", ""},
	{"0--------4", "incomplete | missing 9", ""},
	{"0-------2-", "incomplete | missing 10", ""},
	{"400-----4-", "incomplete | missing 10", ""},
	{"4010000000", "complete 5", ""},
	{"4100000000", "complete 5", ""},
	{"401-----00", "incomplete | missing 4 5 6 7 8", ""},
	{"41000-0000", "incomplete | missing 6", ""},
	{"4444444414", "invalid | not-offered 9", ""},
	{"4444444443", "invalid | not-offered 10", ""},
	{"----------", "incomplete | missing 1 9 10", "incomplete | missing 1 2 3 4 5 6 7 8 9 10"},
	{"1-0-----00", "incomplete | missing 2", "incomplete | missing 2 4 5 6 7 8"},
	{"10------00", "incomplete | missing 3", "incomplete | missing 3 4 5 6 7 8"},
	{"-00-----44", "incomplete stale-answers | missing 1", "incomplete | missing 1"},
}

func TestAudit(t *testing.T) {
	ruled, forgetful := auditForm(t, "nb", unchanged), auditForm(t, "nb", unruled)
	for _, c := range audits {
		if got := verdict(judge(t, ruled, audited(c.points))); got != c.ruled {
			t.Errorf("%s\n got %s\nwant %s", c.points, got, c.ruled)
		}
		want := c.ruled
		if c.unruled != "" {
			want = c.unruled
		}
		if got := verdict(judge(t, forgetful, audited(c.points))); got != want {
			t.Errorf("%s without enableWhen\n got %s\nwant %s", c.points, got, want)
		}
	}
}

// What was answered scores the same whatever language it was asked in.
func TestAuditInEveryLanguage(t *testing.T) {
	for _, lang := range artifacts.Languages {
		form := auditForm(t, lang, unchanged)
		for _, c := range audits {
			if got := verdict(judge(t, form, audited(c.points))); got != c.ruled {
				t.Errorf("%s %s\n got %s\nwant %s", lang, c.points, got, c.ruled)
			}
		}
	}
}

// The last question is for who drinks, or has come to harm by it in other years.
func TestWhoIsOfferedATalkByAudit(t *testing.T) {
	form := auditForm(t, "en", unchanged)
	for points, offered := range map[string]bool{"0-------00": false, "0-------20": true, "0-------04": true, "100-----00": true} {
		raw := strings.TrimSuffix(audited(points), "]}") + "," + answered("consult-offer", offerAnswer("offer-accepted")) + "]}"
		got := judge(t, form, raw)
		if (got.Offer == instrument.OfferAccepted) != offered || got.Status != instrument.Complete {
			t.Errorf("%s: %+v", points, got)
		}
	}
}

// DUDIT's codes are ours, and a form that a hospital brings is read by them.
func TestDuditIsReadByOurCodes(t *testing.T) {
	d, ok := instrument.Named("dudit")
	if !ok {
		t.Fatal("DUDIT is not there")
	}
	form, err := d.Form(duditForm(artifacts.CodeSystemURL))
	if err != nil {
		t.Fatal(err)
	}
	if form.ItemCode("q11") != "dudit-11" {
		t.Errorf("its last item is %s", form.ItemCode("q11"))
	}
	if err := d.Conforms(duditForm(artifacts.CodeSystemURL)); err != nil {
		t.Error(err)
	}
	if err := d.Conforms(duditForm("https://example.org/codes")); err == nil || !strings.Contains(err.Error(), "no item has the code dudit-1: give it to the question that asks for this, with system "+artifacts.CodeSystemURL) {
		t.Errorf("got %v", err)
	}
}

// duditForm has no text: that is the hospital's.
func duditForm(system string) []byte {
	var items []string
	for n := 1; n <= 11; n++ {
		var options []string
		for _, w := range []int{0, 2, 4} {
			options = append(options, fmt.Sprintf(`{"valueInteger":%d,"extension":[%s%d}]}`, w, ordinal, w))
		}
		items = append(items, fmt.Sprintf(`{"linkId":"q%d","code":[{"system":%q,"code":"dudit-%d"}],"answerOption":[%s]}`, n, system, n, strings.Join(options, ",")))
	}
	return []byte(`{"resourceType":"Questionnaire","item":[` + strings.Join(items, ",") + `]}`)
}
