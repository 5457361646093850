package config_test

import (
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/config"
)

const plainAdvice = `say: Thank you.
offers:
  - kind: telephone
    name: Helpline
    phone: 80 200 500
    web: https://help.example
    note: free
`

// Each change of plainAdvice is one mistake, told once and in full.
func TestEachMistakeInAnAdviceFileIsToldWithThePlaceAndTheRemedy(t *testing.T) {
	const phones = ` must be one telephone number of 3–15 digits; spaces, +, - and parentheses may stand between`
	const pages = ` must look like https://help.example/groups`
	const noText = `must be text; put it in quotes`
	both := "    phone: 80 200 500\n    web: https://help.example\n"
	for _, tt := range []struct{ name, old, new, want string }{
		{"unknown key", "say:", "sya: x\nsay:", `unknown key "sya"; did you mean "say"?`},
		{"unknown key of an offer", "phone:", "fone: 1\n    phone:", `offers[0]: unknown key "fone"; did you mean "phone"?`},
		{"capitals", "note:", "Note:", `offers[0]: unknown key "Note"; did you mean "note"?`},
		{"a key twice", "note: free", "note: free\n    note: also", `[8:5] mapping key "note" already defined at [7:5]`},
		{"not YAML", "say: Thank you.", "say: [", `[1:6] sequence end token ']' not found`},
		{"a colon in the text", "Thank you.", "Thank you: well done.", `[1:6] mapping value is not allowed in this context`},
		{"Latin-1", "Thank you.", "Takk for at du svarte p\xe5 alt.", `is not UTF-8; save it with that encoding, or letters such as å and ö are lost`},
		{"text for a file", plainAdvice, "Thank you.", `must be a mapping with [say say_pregnant offers]`},
		{"offers alone", plainAdvice, "- kind: telephone", `must be a mapping with [say say_pregnant offers]`},
		{"nothing said", "say: Thank you.\n", "", `say: missing; write what the nurse says to the patient`},
		{"a blank said", "Thank you.", `" "`, `say: missing; write what the nurse says to the patient`},
		{"sentences as a list", "Thank you.", "[Thank you.]", `say: ` + noText},
		{"a speech", "Thank you.", strings.Repeat("å", 2001), `say: 2001 characters are too many; keep at most 2000`},
		{"a control character", "Thank you.", `"Thank\a you."`, `say: has a character that cannot be shown; type the text again`},
		{"no offers", plainAdvice, "say: Thank you.", `offers: missing; name at least one, with a number to ring or an address on the web`},
		{"an empty list", plainAdvice, "say: Thank you.\noffers: []", `offers: missing; name at least one, with a number to ring or an address on the web`},
		{"an offer without its dash", "  - kind", "    kind", `offers: must be a list; begin each offer with a dash, such as - kind: telephone`},
		{"too many offers", plainAdvice, plainAdvice + strings.Repeat(strings.SplitN(plainAdvice, "offers:\n", 2)[1], 30), `offers: 31 are more than anybody reads; keep at most 30`},
		{"an offer that is a name", "offers:\n", "offers:\n  - AA\n", `offers[0]: must be a mapping with [kind name phone web when where note]`},
		{"no kind", "kind: telephone", "kind:", `offers[0].kind: "" must be one of [telephone self-help-group municipal web other]`},
		{"another kind", "kind: telephone", "kind: phone", `offers[0].kind: "phone" must be one of [telephone self-help-group municipal web other]`},
		{"a kind that is a number", "kind: telephone", "kind: 1", `offers[0].kind: ` + noText},
		{"no name", "    name: Helpline\n", "", `offers[0].name: missing`},
		{"a name that is a switch", "name: Helpline", "name: true", `offers[0].name: ` + noText},
		{"a long name", "Helpline", strings.Repeat("x", 301), `offers[0].name: 301 characters are too many; keep at most 300`},
		{"a name of two lines", "name: Helpline", "name: |\n      Help\n      line", `offers[0].name: must be one line`},
		{"no phone and no page", both, "", `offers[0]: needs a phone or a web address; a bare name helps nobody`},
		{"a blank phone and page", both, "    phone: \"\"\n    web:\n", `offers[0]: needs a phone or a web address; a bare name helps nobody`},
		{"a phone without quotes, which YAML takes for 192", "80 200 500", "0300", `offers[0].phone: ` + noText},
		{"a phone without quotes and its plus", "80 200 500", "+4580200500", `offers[0].phone: ` + noText},
		{"two phones", "80 200 500", "80 200 500 / 80 200 501", `offers[0].phone: "80 200 500 / 80 200 501"` + phones},
		{"two phones without a sign between", "80 200 500", "80 200 500 80 200 501", `offers[0].phone: "80 200 500 80 200 501"` + phones},
		{"half a phone", "80 200 500", `"80"`, `offers[0].phone: "80"` + phones},
		{"letters for a phone", "80 200 500", "ring 80 200 500", `offers[0].phone: "ring 80 200 500"` + phones},
		{"a space that is none", "80 200 500", "80\u00a0200 500", `offers[0].phone: "80\u00a0200 500"` + phones},
		{"a page without scheme", "https://help.example", "help.example", `offers[0].web: "help.example"` + pages},
		{"another scheme", "https://help.example", "javascript:alert(1)", `offers[0].web: "javascript:alert(1)"` + pages},
		{"a page without host", "https://help.example", "https:///groups", `offers[0].web: "https:///groups"` + pages},
		{"a page with a password", "https://help.example", "https://me:secret@help.example", `offers[0].web: "https://me:secret@help.example"` + pages},
		{"two pages", "https://help.example", "https://help.example and more", `offers[0].web: "https://help.example and more"` + pages},
		{"a time that is a number", "note: free", "when: 19", `offers[0].when: ` + noText},
		{"places as a list", "note: free", "where: [here, there]", `offers[0].where: ` + noText},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(plainAdvice, tt.old, tt.new, 1)
			if text == plainAdvice {
				t.Fatal("the mistake is not in the text")
			}
			path := adviceFile(t, text)
			_, err := load(t, "", "--advice.file", path)
			if err == nil {
				t.Fatal("was taken")
			}
			if want := "advice file " + path + ": " + tt.want; err.Error() != want {
				t.Errorf("got  %s\nwant %s", err, want)
			}
		})
	}
}

func TestAllThatIsWrongWithTheAdviceIsToldAtOnce(t *testing.T) {
	path := adviceFile(t, "sya: x\noffers:\n  - kind: phone\n    name: A\n  - name: B\n    phone: x\n")
	_, err := load(t, "workers: 0\n", "--advice.file", path)
	want := strings.Join([]string{
		"configuration: workers: 0 must be 1–256",
		`advice file PATH: unknown key "sya"; did you mean "say"?`,
		`advice file PATH: say: missing; write what the nurse says to the patient`,
		`advice file PATH: offers[0].kind: "phone" must be one of [telephone self-help-group municipal web other]`,
		`advice file PATH: offers[0]: needs a phone or a web address; a bare name helps nobody`,
		`advice file PATH: offers[1].kind: "" must be one of [telephone self-help-group municipal web other]`,
		`advice file PATH: offers[1].phone: "x" must be one telephone number of 3–15 digits; spaces, +, - and parentheses may stand between`,
	}, "\n")
	if err == nil || strings.ReplaceAll(err.Error(), path, "PATH") != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestAnAdviceFileThatIsNotThereIsNamed(t *testing.T) {
	_, err := load(t, "", "--advice.file", "testdata/absent.yaml")
	if want := "configuration: advice.file: stat testdata/absent.yaml: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestALanguageThatIsUnknownIsToldOnce(t *testing.T) {
	for _, language := range []string{"fi", "../nb", ""} {
		_, err := load(t, "", "--questionnaire.language="+language)
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "questionnaire.language") {
			t.Errorf("%q: got %v", language, err)
		}
	}
}

func TestAdviceIsNotWrittenIntoTheConfigurationItself(t *testing.T) {
	_, err := load(t, "advice:\n  say: Thank you.\n")
	if err == nil || !strings.Contains(err.Error(), `"advice.say"; did you mean "advice.file"?`) {
		t.Errorf("got %v", err)
	}
}

func TestTheLongestAdviceIsTaken(t *testing.T) {
	offer := "  - {kind: other, name: " + strings.Repeat("å", 300) + ", phone: \"(+45) 80-20 05 00\"}\n"
	a, err := loadAdvice(t, "say: "+strings.Repeat("å", 2000)+"\noffers:\n"+strings.Repeat(offer, 30))
	if err != nil || len(a.Offers) != 30 {
		t.Errorf("got %d offers, %v", len(a.Offers), err)
	}
	for _, phone := range []string{"113", "116 117", "+47 911 77 770", "0045 80200500", "020-84 44 48", "08-720 38 42"} {
		a, err := loadAdvice(t, strings.Replace(plainAdvice, "80 200 500", `"`+phone+`"`, 1))
		if err != nil || a.Offers[0] != (config.Offer{Kind: "telephone", Name: "Helpline", Phone: phone, Web: "https://help.example", Note: "free"}) {
			t.Errorf("%s: got %+v, %v", phone, a, err)
		}
	}
}
