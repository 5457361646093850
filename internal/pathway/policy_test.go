package pathway_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

const valid = `
version: v1
screening: {classes: [IMP], min_age: 18, due_after: 24h}
unknown_sex: lower
pregnancy: {codings: [{system: "http://snomed.info/sct", code: "77386006"}]}
tiers:
  advice: [{from: 3, source: s}]
  consult: [{from: 5, source: s}]
consult: {codings: [{system: "http://snomed.info/sct", code: "431260004"}]}
`

func TestValidPolicy(t *testing.T) {
	if _, err := pathway.ParsePolicy([]byte(valid)); err != nil {
		t.Fatal(err)
	}
}

// Each mistake is refused, and the error says where it is.
func TestPolicyMistakes(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown key", "version: v1", "version: v1\nversoin: v2", `"versoin"`},
		{"unknown nested key", "min_age: 18", "min_agge: 18", `"min_agge"`},
		{"key twice", "unknown_sex: lower", "unknown_sex: lower\nunknown_sex: higher", "unknown_sex"},
		{"no version", "version: v1", "version: ''", "version:"},
		{"version that is no code", "version: v1", "version: 'v 1'", "version:"},
		{"no classes", "classes: [IMP]", "classes: []", "screening.classes"},
		{"an age that is none", "min_age: 18", "min_age: 180", "screening.min_age"},
		{"no due time", "due_after: 24h", "due_after: 0s", "screening.due_after"},
		{"a due time without unit", "due_after: 24h", "due_after: soon", "due_after"},
		{"no raises", "due_after: 24h", "due_after: 24h, raise_after: 0s", "screening.raise_after"},
		{"no retries", "due_after: 24h", "due_after: 24h, retry_after: x", "screening.retry_after"},
		{"no attempt", "due_after: 24h", "due_after: 24h, max_attempts: 0", "screening.max_attempts"},
		{"a rescreening that cannot be read", "due_after: 24h", "due_after: 24h, rescreen_after: month", "screening.rescreen_after"},
		{"half a flag", "due_after: 24h", "due_after: 24h, do_not_ask: [{code: x}]", "screening.do_not_ask[0]"},
		{"another way after discharge", "unknown_sex: lower", "unknown_sex: lower\nafter_discharge: no", "after_discharge"},
		{"another way with item 1", "unknown_sex: lower", "unknown_sex: lower\nitem1_only: ignore", `item1_only: "ignore" must be as_scored or advice`},
		{"another way with a wish", "unknown_sex: lower", "unknown_sex: lower\non_wish: urgent", `on_wish: "urgent" must be consult, advice or record`},
		{"another way with a minimum", "unknown_sex: lower", "unknown_sex: lower\ncertain_minimum: maybe", `certain_minimum: "maybe" must be refer or ignore`},
		{"another intent", "consult: {codings", "consult: {intent: plan, codings", "consult.intent"},
		{"another way with a no", "consult: {codings", "consult: {rejected: call, codings", `consult.rejected: "call" must be nothing or advice`},
		{"another way at discharge", "consult: {codings", "consult: {at_discharge: drop, codings", `consult.at_discharge: "drop" must be keep or end`},
		{"no time to accept", "consult: {codings", "consult: {accept_within: 0s, codings", "consult.accept_within"},
		{"another rule for unknown sex", "unknown_sex: lower", "unknown_sex: ask", "unknown_sex"},
		{"a limit of 0", "from: 3", "from: 0", "tiers.advice[0]: from: 0"},
		{"a limit of 13", "from: 5", "from: 13", "tiers.consult[0]: from: 13"},
		{"a limit that is no number", "from: 5", "from: five", "from"},
		{"no source", "consult: [{from: 5, source: s}]", "consult: [{from: 5}]", "tiers.consult[0]: source"},
		{"an unknown sex", "{from: 5,", "{sex: woman, from: 5,", "tiers.consult[0]: sex"},
		{"a band upside down", "{from: 5,", "{min_age: 60, max_age: 50, from: 5,", "tiers.consult[0]: min_age"},
		{"pregnant men", "{from: 3,", "{sex: male, pregnant: true, from: 3,", "tiers.advice[0]: pregnant"},
		{"men without a limit", "consult: [{from: 5, source: s}]", "consult: [{sex: female, from: 5, source: s}]", "a male patient of 18 has no limit"},
		{"an age band forgotten", "consult: [{from: 5, source: s}]", "consult: [{max_age: 64, from: 5, source: s}]", "patient of 65 has no limit"},
		{"no consult code", `consult: {codings: [{system: "http://snomed.info/sct", code: "431260004"}]}`, "consult: {codings: []}", "consult.codings"},
		{"half a code", `code: "77386006"`, `display: x`, "pregnancy.codings[0]"},
		{"half a label", "version: v1", "version: v1\nlabels: {add: [{code: ETHUD}]}", "labels.add[0]"},
		{"another key of labels", "version: v1", "version: v1\nlabels: {remove: []}", `"remove"`},
		{"protected by half a label", "version: v1", "version: v1\nprotected: {labels: [{system: x}]}", "protected.labels[0]"},
		{"half a label for the protected", "version: v1", "version: v1\nprotected: {add: [{code: R}]}", "protected.add[0]"},
		{"showing what cannot be hidden", "version: v1", "version: v1\nprotected: {show: [name]}", "protected.show"},
		{"another key of protected", "version: v1", "version: v1\nprotected: {hide: [ward]}", `"hide"`},
		{"not YAML", "version: v1", "version: [", "policy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(valid, c.old, c.new, 1)
			if text == valid {
				t.Fatal("the mistake is not in the text")
			}
			if _, err := pathway.ParsePolicy([]byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// The default table, number by number; the sources are in policy.yaml.
func TestDefaultTiers(t *testing.T) {
	female := stay.Patient{Sex: stay.Female, Birth: stay.ParseDate("1980-01-01")}
	male := stay.Patient{Sex: stay.Male, Birth: stay.ParseDate("1980-01-01")}
	unknown := stay.Patient{Birth: stay.ParseDate("1980-01-01")}
	pregnant := female
	pregnant.Pregnant = true
	const n, a, c, u = pathway.None, pathway.Advice, pathway.Consult, pathway.Urgent
	for _, row := range []struct {
		name    string
		patient stay.Patient
		tiers   [13]pathway.Tier // by score
	}{
		{"female", female, [13]pathway.Tier{n, n, n, a, c, c, c, c, u, u, u, u, u}},
		{"male", male, [13]pathway.Tier{n, n, n, n, a, c, c, c, u, u, u, u, u}},
		{"unknown", unknown, [13]pathway.Tier{n, n, n, a, c, c, c, c, u, u, u, u, u}},
		{"pregnant", pregnant, [13]pathway.Tier{n, a, a, a, c, c, c, c, u, u, u, u, u}},
	} {
		for score, want := range row.tiers {
			if got, limit := pathway.DefaultPolicy().Tier(score, row.patient, noon); got != want || (got != n && score < limit.From) {
				t.Errorf("%s %d: %s by %+v, want %s", row.name, score, got, limit, want)
			}
		}
	}
}

// Unknown sex follows the policy's rule; an uncertain age counts towards the
// higher tier.
func TestUncertainPatients(t *testing.T) {
	limits := `[{sex: female, from: 4, source: s}, {sex: male, from: 6, max_age: 64, source: s}, {sex: male, from: 5, min_age: 65, source: s}]`
	for _, c := range []struct {
		rule, birth string
		sex         stay.Sex
		score       int
		want        pathway.Tier
	}{
		{"lower", "1980", "", 4, pathway.Consult},
		{"higher", "1980", "", 4, pathway.Advice},
		{"higher", "1980", "", 6, pathway.Consult},
		{"female", "1980", "", 4, pathway.Consult},
		{"male", "1980", "", 5, pathway.Advice},
		{"lower", "1961", stay.Male, 5, pathway.Consult}, // 64 or 65
		{"lower", "1962", stay.Male, 5, pathway.Advice},
		{"lower", "", stay.Male, 5, pathway.Consult},
		{"lower", "1961-11-23", stay.Male, 5, pathway.Advice}, // 65 tomorrow
		{"lower", "1961-11-22", stay.Male, 5, pathway.Consult},
	} {
		text := strings.NewReplacer("[{from: 5, source: s}]", limits, "unknown_sex: lower", "unknown_sex: "+c.rule).Replace(valid)
		p, err := pathway.ParsePolicy([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := p.Tier(c.score, stay.Patient{Sex: c.sex, Birth: stay.ParseDate(c.birth)}, noon); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(valid))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := pathway.ParsePolicy(text); err == nil {
			p.Tier(5, stay.Patient{}, noon)
		}
	})
}
