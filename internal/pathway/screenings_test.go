package pathway_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

const severalAsked = `
version: v1
screening: {classes: [IMP], min_age: 18, due_after: 24h, rescreen_after: 48h}
unknown_sex: lower
certain_minimum: refer
consult: {codings: [{system: "http://snomed.info/sct", code: "431260004"}]}
screenings:
  - {instrument: auditc, tiers: {consult: [{from: 5, source: s}]}}
  - {instrument: audit, min_age: 50, due_after: 72h, rescreen_after: 0s, certain_minimum: ignore, tiers: {advice: [{from: 8, source: s}], consult: [{from: 16, source: s}]}}
`

// Each mistake is refused, and the error says in which screening it is.
func TestScreeningMistakes(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"no instrument", "instrument: audit,", "instrument: cage,", `policy: screenings[1].instrument: "cage" is none of audit, auditc, dudit`},
		{"an instrument twice", "instrument: audit,", "instrument: auditc,", "policy: screenings[1].instrument: auditc stands above already"},
		{"limits beside them", "unknown_sex: lower", "unknown_sex: lower\ntiers: {urgent: [{from: 8, source: s}]}", "policy: tiers: stands beside screenings: move it under the screening whose limits these are"},
		{"an age that is none", "min_age: 50", "min_age: 121", "policy: screenings[1] (audit): min_age: 121 is not an age in years (0–120)"},
		{"an age below none", "min_age: 50", "min_age: -1", "policy: screenings[1] (audit): min_age: -1 is not an age in years (0–120)"},
		{"no time", "due_after: 72h", "due_after: 0s", "policy: screenings[1] (audit): due_after: must be a duration longer than 0, such as 24h"},
		{"a time that is none", "rescreen_after: 0s", "rescreen_after: month", "policy: screenings[1] (audit): rescreen_after: must be a duration such as 720h, or 0s to ask in every admission"},
		{"a time that is over", "rescreen_after: 0s", "rescreen_after: -1h", "policy: screenings[1] (audit): rescreen_after: must be a duration such as 720h, or 0s to ask in every admission"},
		{"another way with a minimum", "certain_minimum: ignore", "certain_minimum: maybe", `policy: screenings[1] (audit): certain_minimum: "maybe" must be refer or ignore`},
		{"a limit above the highest", "from: 16", "from: 41", "policy: screenings[1] (audit): tiers.consult[0]: from: 41 is not a score of 1–40 on AUDIT"},
		{"a limit above that of AUDIT-C", "from: 5", "from: 13", "policy: screenings[0] (auditc): tiers.consult[0]: from: 13 is not a score of 1–12 on AUDIT-C"},
		{"an age without a limit", "from: 16", "max_age: 60, from: 16", "policy: screenings[1] (audit): tiers: a female patient of 61 has no limit for a consult"},
		{"the first without a consult", "consult: [{from: 5", "advice: [{from: 5", "policy: screenings[0] (auditc): tiers: a female patient of 18 has no limit for a consult"},
		{"an unknown key", "min_age: 50", "min_agge: 50", `"min_agge"`},
	} {
		_, err := pathway.ParsePolicy([]byte(strings.Replace(severalAsked, c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	further := strings.Replace(severalAsked, ", consult: [{from: 16, source: s}]", "", 1)
	if _, err := pathway.ParsePolicy([]byte(further)); err != nil {
		t.Errorf("a further instrument may lead to advice alone: %v", err)
	}
	if _, err := pathway.ParsePolicy([]byte(strings.NewReplacer("min_age: 50", "min_age: 120", "instrument: auditc", "instrument: auditc, min_age: 0").Replace(severalAsked))); err != nil {
		t.Errorf("the lowest and the highest age: %v", err)
	}
}

// What stands above the screenings holds for each that does not say otherwise.
func TestWhatHoldsForEach(t *testing.T) {
	p, err := pathway.ParsePolicy([]byte(severalAsked))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Instruments(); !slices.Equal(got, []string{"auditc", "audit"}) || p.Definition().Name != "auditc" {
		t.Error(got, p.Definition().Name)
	}
	for _, test := range []struct {
		name          string
		age           int
		due, rescreen time.Duration
		minimum       string
		consult       int
	}{
		{"auditc", 18, 24 * time.Hour, 48 * time.Hour, "refer", 5},
		{"audit", 50, 72 * time.Hour, 0, "ignore", 16},
		{"auditc", 18, 24 * time.Hour, 48 * time.Hour, "refer", 5}, // seen from the other
	} {
		p = p.About(test.name)
		s := p.Screening
		if p.Definition().Name != test.name || s.MinAge != test.age || s.DueAfter.Duration != test.due || s.RescreenAfter.Duration != test.rescreen ||
			p.CertainMinimum != test.minimum || p.Tiers.Consult[0].From != test.consult {
			t.Errorf("%s: %+v %s %+v", test.name, s, p.CertainMinimum, p.Tiers)
		}
	}
	if got := p.About("dudit"); got != p {
		t.Error("one that is not asked is in view", got.Definition().Name)
	}
	younger, err := pathway.ParsePolicy([]byte(strings.Replace(severalAsked, "min_age: 50", "min_age: 12", 1)))
	if err != nil || younger.About("audit").Screening.MinAge != 18 {
		t.Error("an instrument is asked of whom the policy does not let be asked", err)
	}
}

func TestRescreens(t *testing.T) {
	for change, want := range map[string]bool{"rescreen_after: 48h": true, "rescreen_after: 0s": false} {
		text := strings.Replace(severalAsked, "rescreen_after: 48h", change, 1)
		p, err := pathway.ParsePolicy([]byte(text))
		if err != nil || p.Rescreens() != want || p.About("audit").Rescreens() != want {
			t.Errorf("%s: %t %v", change, !want, err)
		}
	}
	p, err := pathway.ParsePolicy([]byte(strings.NewReplacer("rescreen_after: 48h", "rescreen_after: 0s", "rescreen_after: 0s", "rescreen_after: 1h").Replace(severalAsked)))
	if err != nil || !p.Rescreens() {
		t.Error("only the second instrument counts what was asked before", err)
	}
}

// A policy without screenings asks AUDIT-C, and one of a hospital's own instrument that.
func TestWhatIsAsked(t *testing.T) {
	if got := pathway.DefaultPolicy().Instruments(); !slices.Equal(got, []string{"auditc"}) {
		t.Error(got)
	}
	own := *instrument.AuditC()
	own.Name, own.Title = "ours", "OURS"
	text := strings.Replace(severalAsked, "instrument: audit,", "instrument: ours,", 1)
	text = strings.NewReplacer("from: 16", "from: 6", "from: 8", "from: 3").Replace(text)
	p, err := pathway.ParsePolicy([]byte(text), &own)
	if err != nil || p.About("ours").Definition().Title != "OURS" {
		t.Error(err)
	}
	if got := p.UpsideDown(); got != nil {
		t.Error(got)
	}
	odd, err := pathway.ParsePolicy([]byte(strings.Replace(severalAsked, "advice: [{from: 8", "advice: [{from: 18", 1)))
	if err != nil || len(odd.UpsideDown()) != 1 || !strings.HasPrefix(odd.UpsideDown()[0], "screenings[1] (audit): tiers: for ") {
		t.Error(odd.UpsideDown(), err)
	}
}
