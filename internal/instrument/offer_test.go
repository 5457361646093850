package instrument_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
)

const asked = `"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"asked-declined"}]`

// offerAnswer is one entry of answer with a code of our CodeSystem.
func offerAnswer(code string) string {
	return fmt.Sprintf(`{"valueCoding":{"system":%q,"code":%q}}`, artifacts.CodeSystemURL, code)
}

func answered(link, answers string) string { return item(link, `,"answer":[`+answers+`]`) }

// The answers that the item can come back with, and what they mean on a form
// that shows it. Whatever they are, the score stands.
var offerCases = []struct {
	name, item string
	want       instrument.Offer
	unclear    bool
}{
	{"accepted", answered("consult-offer", offerAnswer("offer-accepted")), "accepted", false},
	{"declined", answered("consult-offer", offerAnswer("offer-declined")), "declined", false},
	{"not asked", answered("consult-offer", offerAnswer("offer-not-asked")), "not-asked", false},
	{"no answer", item("consult-offer", ""), "", false},
	{"answer []", answered("consult-offer", ""), "", false},
	{"answer [{}]", answered("consult-offer", "{}"), "", false},
	{"the same twice", answered("consult-offer", offerAnswer("offer-accepted")+","+offerAnswer("offer-accepted")), "accepted", false},
	{"two that differ", answered("consult-offer", offerAnswer("offer-accepted")+","+offerAnswer("offer-not-asked")), "", true},
	{"one known, one unknown", answered("consult-offer", offerAnswer("offer-accepted")+","+offerAnswer("maybe")), "", true},
	{"unknown code", answered("consult-offer", offerAnswer("maybe")), "", true},
	{"the code for a declined screening", answered("consult-offer", offerAnswer("declined")), "", true},
	{"another code system", answered("consult-offer", `{"valueCoding":{"system":"http://x.no","code":"offer-accepted"}}`), "", true},
	{"no code system", answered("consult-offer", `{"valueCoding":{"code":"offer-accepted"}}`), "", true},
	{"an answer of item 1", coded("consult-offer", often[4]), "", true},
	{"only a display", answered("consult-offer", `{"valueCoding":{"display":"Yes"}}`), "", true},
	{"text", answered("consult-offer", `{"valueString":"offer-accepted"}`), "", true},
	{"two values in one answer", answered("consult-offer", `{"valueInteger":1,"valueCoding":{"code":"offer-accepted"}}`), "", true},
	{"asked-declined on the item", item("consult-offer", ","+asked), "declined", false},
	{"asked-declined on the answer", answered("consult-offer", "{"+asked+"}"), "declined", false},
	{"asked-declined on the coding", answered("consult-offer", `{"valueCoding":{`+asked+`}}`), "declined", false},
	{"declined in both ways", answered("consult-offer", "{"+asked+"},"+offerAnswer("offer-declined")), "declined", false},
	{"asked-declined and accepted", answered("consult-offer", "{"+asked+"},"+offerAnswer("offer-accepted")), "", true},
}

func TestOffer(t *testing.T) {
	three := []string{coded("1", often[3]), coded("2", many[2]), coded("3", binges[2])}
	for _, c := range offerCases {
		want := "complete 7 1:3 2:2 3:2"
		if c.unclear {
			want += " offer-unclear"
		}
		t.Run(c.name, func(t *testing.T) {
			for at := range 4 { // wherever it stands among the questions
				got := judge(t, ourForm(t), response(slices.Insert(slices.Clone(three), at, c.item)...))
				if judgement(got) != want || got.Offer != c.want || got.Declined {
					t.Errorf("got %s, offer %q, declined %v", judgement(got), got.Offer, got.Declined)
				}
			}
		})
	}
}

// A hidden item says nothing, whatever a renderer keeps on it.
func TestOfferOnAHiddenItem(t *testing.T) {
	yes := answered("consult-offer", offerAnswer("offer-accepted"))
	for raw, want := range map[string]string{
		response(coded("1", often[0]), yes):                              "complete 0 1:0 stale-answers",
		response(coded("1", often[0]), answered("consult-offer", `{}`)):  "complete 0 1:0",
		response(coded("1", often[0]), coded("consult-offer", "LA0")):    "complete 0 1:0 stale-answers",
		response(coded("1", often[0]), item("consult-offer", ","+asked)): "complete 0 1:0",
		response(yes): "incomplete stale-answers | missing 1",
		response(item("1", ","+asked), item("consult-offer", ","+asked)): "incomplete | missing 1",
	} {
		if got := judge(t, ourForm(t), raw); judgement(got) != want || got.Offer != "" {
			t.Errorf("got %s, offer %q", judgement(got), got.Offer)
		}
	}
}

// Without a score the offer is read all the same.
func TestOfferOnAnUnfinishedForm(t *testing.T) {
	yes := answered("consult-offer", offerAnswer("offer-accepted"))
	for raw, want := range map[string]string{
		response(coded("1", often[3]), yes):                                           "incomplete 1:3 | missing 2 3",
		response(coded("1", often[3]), coded("2", "LA0"), coded("3", binges[0]), yes): "invalid 1:3 3:0 | not-offered 2",
	} {
		got := judge(t, ourForm(t), raw)
		if judgement(got) != want || got.Offer != instrument.OfferAccepted {
			t.Errorf("got %s, offer %q", judgement(got), got.Offer)
		}
	}
}

// The item is known by its code or by its linkId, in the form that was answered.
func TestWhichItemIsTheOffer(t *testing.T) {
	const bare = `{"linkId":"consult-offer","type":"choice"}`
	renamed := edit(t, "item.6.linkId", `"team"`)
	yes := offerAnswer("offer-accepted")
	for _, c := range []struct{ name, form, item, flags, want string }{
		{"by its code", renamed, answered("team", yes), "", "accepted"},
		{"by its code, asked-declined", renamed, item("team", ","+asked), "", "declined"},
		{"by its code, the linkId is unknown", renamed, answered("consult-offer", yes), " unknown-item", ""},
		{"by its linkId", edit(t, "item.6", bare), answered("consult-offer", yes), "", "accepted"},
		{"a form without it", edit(t, "item.6", ""), answered("consult-offer", yes), " unknown-item", ""},
		{"another item", edit(t, "item.6", `{"linkId":"team","code":[{"system":"http://x.no","code":"consult-offer"}]}`), answered("team", yes), "", ""},
		{"two items that agree", edit(t, "item.7", `{"linkId":"7","item":[`+bare+`]}`, "item.6.linkId", `"team"`),
			answered("team", yes) + "," + answered("consult-offer", yes), "", "accepted"},
		{"two items that differ", edit(t, "item.7", `{"linkId":"7","item":[`+bare+`]}`, "item.6.linkId", `"team"`),
			answered("team", yes) + "," + item("consult-offer", ","+asked), " offer-unclear", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := judge(t, parse(t, c.form), response(coded("1", often[3]), coded("2", many[2]), coded("3", binges[2]), c.item))
			if judgement(got) != "complete 7 1:3 2:2 3:2"+c.flags || string(got.Offer) != c.want {
				t.Errorf("got %s, offer %q", judgement(got), got.Offer)
			}
		})
	}
}

// To decline the team is not to decline the screening.
func TestDeclined(t *testing.T) {
	renamed, without := edit(t, "item.6.linkId", `"team"`), edit(t, "item.6", "")
	for _, c := range []struct {
		name, form, response string
		want                 bool
	}{
		{"item 1", edit(t), response(item("1", ","+asked)), true},
		{"the answer to item 1", edit(t), response(answered("1", "{"+asked+"}")), true},
		{"the coding of item 1", edit(t), response(answered("1", `{"valueCoding":{`+asked+`}}`)), true},
		{"the offer", edit(t), response(item("consult-offer", ","+asked)), false},
		{"the answer to the offer", edit(t), response(answered("consult-offer", "{"+asked+"}")), false},
		{"the offer and item 1", edit(t), response(item("consult-offer", ","+asked), item("1", ","+asked)), true},
		{"the offer in a group", edit(t), response(item("g", `,"item":[`+item("consult-offer", ","+asked)+`]`)), false},
		{"the offer by its code", renamed, response(item("team", ","+asked)), false},
		{"the offer, of a form without it", without, response(item("consult-offer", ","+asked)), false},
		{"an item that the form does not have", without, response(item("team", ","+asked)), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := judge(t, parse(t, c.form), c.response)
			if got.Declined != c.want || judgement(got) != "incomplete | missing 1" {
				t.Errorf("declined is %v, %s", got.Declined, judgement(got))
			}
		})
	}
}

// A draft on which only the offer was answered, or anything declined, has been
// written on.
func TestEmpty(t *testing.T) {
	for raw, want := range map[string]bool{
		response():                                true,
		response(item("consult-offer", "")):       true,
		response(answered("consult-offer", "{}")): true,
		response(answered("consult-offer", offerAnswer("offer-accepted"))): false,
		response(answered("consult-offer", "{"+asked+"}")):                 false,
		response(item("1", ","+asked)):                                     false,
		response(coded("1", often[1])):                                     false,
	} {
		r, err := instrument.ParseResponse([]byte(raw))
		if err != nil || r.Empty() != want {
			t.Errorf("%s: %v", raw, err)
		}
	}
}
