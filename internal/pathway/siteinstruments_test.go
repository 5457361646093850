package pathway_test

import (
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// A policy asks with what the site has brought, and takes that before ours of the same name.
func TestAPolicyAsksWithWhatTheSiteHas(t *testing.T) {
	own, another := *instrument.AuditC(), *instrument.AuditC()
	own.URL = "https://hospital.example/audit-c"
	another.Name, another.Title, another.Max = "another", "Another", 3
	const policy = `
version: test
screening: {classes: [IMP], min_age: 18, due_after: 24h}
unknown_sex: lower
consult: {codings: [{system: s, code: c}]}
screenings:
  - {instrument: auditc, tiers: {consult: [{from: 4, source: test}]}}
  - {instrument: another, tiers: {advice: [{from: 3, source: test}]}}
`
	p, err := pathway.ParsePolicy([]byte(policy), &own, &another)
	if err != nil {
		t.Fatal(err)
	}
	if p.Definition() != &own || p.About("another").Definition() != &another {
		t.Errorf("it asks with %s and %s", p.Definition().URL, p.About("another").Definition().Name)
	}
	if p := pathway.DefaultPolicy(&another, &own); p.Definition() != &own {
		t.Errorf("the shipped one asks with %s", p.Definition().URL)
	}
	for text, want := range map[string]string{
		policy: `screenings[1].instrument: "another" is none of auditc, audit, dudit, and none of instruments.dir: correct the name, or put a folder of that name there`,
		strings.Replace(policy, "from: 3", "from: 4", 1): "from: 4 is not a score of 1–3 on Another",
	} {
		others := []*instrument.Definition{&own, &another}
		if text == policy {
			others = others[:1]
		}
		if _, err := pathway.ParsePolicy([]byte(text), others...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}
