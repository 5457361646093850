package words

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func same(t *testing.T, what string, have, want []string) {
	t.Helper()
	slices.Sort(want)
	want = slices.Compact(want)
	for _, key := range want {
		if !slices.Contains(have, key) {
			t.Errorf("%s: %s has no words", what, key)
		}
	}
	for _, key := range have {
		if !slices.Contains(want, key) {
			t.Errorf("%s: nothing is called %s", what, key)
		}
	}
}

// Every language is read, has all that the first has, and fills in the same.
func TestEachLanguageIsComplete(t *testing.T) {
	for _, language := range artifacts.Languages {
		if In(language) == nil || In(language) == In("nb") && language != "nb" {
			t.Errorf("%s has no catalogue", language)
		}
	}
	if In("fi") != In("nb") {
		t.Error("a language that is not there is bokmål")
	}
}

// Whatever a code, a rule or a problem is called, it has words.
func TestEachCodeHasWords(t *testing.T) {
	c := In("nb")
	var codes, rules, problems []string
	for _, a := range must(artifacts.All("nb")) {
		for _, code := range gjson.GetBytes(a.JSON, "concept.#.code").Array() {
			switch a.Name {
			case "CodeSystem-tilsyn":
				codes = append(codes, code.Str)
			case "CodeSystem-rule":
				rules = append(rules, code.Str)
			}
		}
	}
	same(t, "codes", sorted(c.Codes), codes)
	same(t, "rules of the code system", sorted(c.Rules), rules)
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")
	var documented []string
	for _, m := range row.FindAllStringSubmatch(string(must(os.ReadFile("../../docs/rules.md"))), -1) {
		documented = append(documented, m[1])
	}
	same(t, "rules of docs/rules.md", sorted(c.Rules), documented)
	for _, p := range instrument.ProblemCodes {
		problems = append(problems, string(p))
	}
	same(t, "problems", sorted(c.Problems), problems)
	for _, own := range []map[string]string{c.ForTeam, c.OfAdvice, c.OfAgain, c.OfReply} {
		for code := range own {
			if !artifacts.Defines(code) {
				t.Errorf("%s is no code of ours", code)
			}
		}
	}
}

// Two languages that say the same word for word have not been translated; short
// words are alike in neighbours.
func TestNothingIsLeftInEnglish(t *testing.T) {
	english := In("en")
	for _, language := range artifacts.Languages {
		if language == "en" {
			continue
		}
		for name, section := range In(language).sections() {
			for key, text := range section {
				if text == english.sections()[name][key] && strings.Contains(placeholder.ReplaceAllString(text, ""), " ") && key != "detail" {
					t.Errorf("%s %s.%s is English: %s", language, name, key, text)
				}
			}
		}
	}
}

func TestAScoreAtTheLimitReachesIt(t *testing.T) {
	for _, c := range []struct {
		language     string
		score, limit int
		sex          string
		pregnant     bool
		from, to     int
		want         string
	}{
		{"nb", 5, 5, "male", false, 0, 0, "Grensen på 5 for menn er nådd"},
		{"nb", 6, 5, "", false, 65, 0, "Grensen på 5 for alle fra 65 år er passert"},
		{"nn", 4, 4, "female", false, 0, 64, "Grensa på 4 for kvinner til og med 64 år er nådd"},
		{"en", 4, 4, "female", false, 18, 64, "The limit of 4 for women aged 18–64 was reached"},
		{"en", 2, 1, "female", true, 0, 0, "The limit of 1 for pregnant patients was passed"},
		{"nb", 1, 1, "", true, 0, 0, "Grensen på 1 for gravide er nådd"},
		{"sv", 8, 8, "", false, 0, 0, "Gränsen 8 för alla är nådd"},
		{"da", 12, 8, "male", false, 0, 0, "Grænsen på 8 for mænd er passeret"},
	} {
		words := In(c.language)
		if got := words.Limit(c.score, c.limit, words.Whom(c.sex, c.pregnant, c.from, c.to)); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

// A name that ends in a full stop ends its sentence, and a sentence goes on after it.
func TestOneFullStopEndsASentence(t *testing.T) {
	for text, want := range map[string]string{
		"Av {who}.": "Av Kari N.", "Av {who}": "Av Kari N.", "{who}, {who}.": "Kari N., Kari N.", "{who} {no}.": "Kari N. .", "{who}...": "Kari N...",
	} {
		if got := fill(text, "who", "Kari N.", "no", ""); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestReasonsSayWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		language, code string
		problem        instrument.Problem
		want           string
	}{
		{"nb", "incomplete", instrument.Problem{Code: instrument.Missing, Items: []string{"2", "3"}}, "Skjemaet er ikke fullstendig: ingen skår. Fyll ut resten (ikke besvart: spørsmål 2, 3)"},
		{"nb", "invalid", instrument.Problem{Code: instrument.OtherItem, Items: []string{"3", "1"}}, "Skjemaet kan ikke skåres. Rett svaret (spørsmål 3: svaret hører til spørsmål 1)"},
		{"nn", "invalid", instrument.Problem{Code: instrument.Several, Items: []string{"3"}, Count: 2}, "Skjemaet kan ikkje skårast. Rett svaret (spørsmål 3: 2 svar der berre eitt er mogleg)"},
		{"da", "invalid", instrument.Problem{Code: instrument.FormMissing}, "Skemaet kan ikke scores (skærmbilledet henviser til et skema eller en skemaversion, der ikke findes på serveren; IT skal rette det, svarene kan blive stående)"},
		{"nb", "invalid", instrument.Problem{Code: instrument.OtherForm}, "Skjemaet kan ikke skåres (skjermbildet sender et annet skjema enn det avdelingen ble bedt om å bruke; IT må rette det, svarene kan stå som de er)"},
		{"sv", "declined", instrument.Problem{}, "Tackade nej"},
		{"nb", "code-of-a-later-release", instrument.Problem{Code: instrument.NoLink}, ""},
	} {
		if got := In(c.language).Reason(c.code, c.problem); got != c.want {
			t.Errorf("\n got %s\nwant %s", got, c.want)
		}
	}
}

func TestTeamAndWardReadTheirOwn(t *testing.T) {
	c := In("nb")
	for got, want := range map[string]string{
		c.Advice("discharged"): "Utskrevet før rådet var gitt",
		c.Advice("deceased"):   "Pasienten er død",
		c.Reply("discharged"):  "Pasienten er utskrevet",
		c.Again("withdrawn"):   "Svarene er trukket tilbake. Spør pasienten igjen",
		c.Again("unanswered"):  "Ikke besvart",
		c.Reply("taken-up"):    "Rusteamet kommer likevel",
		c.Team("declined"):     "Pasienten har takket nei til kartleggingen",
		c.Team("corrected"):    "Skåren er rettet",
		c.Status("revoked"):    "avbestilt",
		c.Status("whatever"):   "ukjent",
		c.Rule("score", 0):     "Skjemaet er fullstendig besvart og skåret.",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAWrongCatalogueIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"an unknown section":  "words:\n  ask: spør",
		"a key twice":         "texts:\n  ask: spør\n  ask: spør igjen",
		"an empty text":       "texts:\n  ask: \"\"",
		"two lines":           "texts:\n  ask: \"spør\\nigjen\"",
		"an open brace":       "texts:\n  ask: \"spør {pasient\"",
		"a list for a text":   "texts:\n  ask: [spør]",
		"what is not YAML":    "texts: {",
		"a text for sections": "texts: spør",
	} {
		if _, err := read([]byte(text)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestACatalogueIsComparedWithTheFirst(t *testing.T) {
	first := must(read([]byte("texts:\n  ask: \"spør {pasient}\"\n  consult: tilsyn")))
	for text, right := range map[string]bool{
		"texts:\n  ask: \"ask {pasient}\"\n  consult: consult":                 true,
		"texts:\n  ask: \"ask {patient}\"\n  consult: consult":                 false,
		"texts:\n  ask: \"ask {pasient}\"":                                     false,
		"texts:\n  ask: \"ask {pasient}\"\n  consult: consult\n  more: more":   false,
		"texts:\n  ask: \"{pasient} {pasient}: ask\"\n  consult: consult":      true,
		"codes:\n  ask: ask\ntexts:\n  ask: \"{pasient}\"\n  consult: consult": false,
	} {
		if err := must(read([]byte(text))).like(first); (err == nil) != right {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
