package pathway_test

import (
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/pathway"
)

// limits is a policy with other tiers.
func limits(t *testing.T, unknownSex, tiers string) *pathway.Policy {
	t.Helper()
	before, after, _ := strings.Cut(valid, "tiers:\n")
	_, after, _ = strings.Cut(after, "consult: {")
	text := strings.Replace(before, "unknown_sex: lower", "unknown_sex: "+unknownSex, 1) +
		"tiers: {" + strings.ReplaceAll(tiers, "}", ", source: s}") + "}\nconsult: {" + after
	p, err := pathway.ParsePolicy([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// For nobody may a higher tier begin below a lower one; what is told is for whom,
// which limits, and what to do. What is seldom meant is told too, and refused by
// nobody.
func TestUpsideDownAndOdd(t *testing.T) {
	const shipped = "advice: [{sex: female, from: 3}, {sex: male, from: 4}], consult: [{sex: female, from: 4}, {sex: male, from: 5}, {pregnant: true, from: 1}], urgent: [{from: 8}]"
	for name, tt := range map[string]struct {
		tiers      string
		wrong, odd []string // each one's words; none: nothing is told
	}{
		"as shipped": {shipped, nil, nil},
		"advice above the consult": {"advice: [{from: 9}], consult: [{from: 5}]",
			[]string{"tiers: for women of 18 and over, men of 18 and over, patients of 18 and over whose sex is unknown: consult begins at 5 (tiers.consult[0]) and advice, which is less, only at 9 (tiers.advice[0]): lower tiers.advice[0] below 5, or raise tiers.consult[0] above 9"}, nil},
		"urgent below the consult": {"advice: [{from: 3}], consult: [{from: 5}], urgent: [{from: 4}]",
			[]string{"urgent begins at 4 (tiers.urgent[0]) and consult, which is less, only at 5 (tiers.consult[0])"}, nil},
		"of men alone": {"advice: [{sex: female, from: 3}, {sex: male, from: 6}], consult: [{from: 5}]",
			[]string{"tiers: for men of 18 and over: consult begins at 5 (tiers.consult[0]) and advice, which is less, only at 6 (tiers.advice[1])"}, nil},
		"of an age band alone": {"advice: [{from: 3}], consult: [{max_age: 64, from: 5}, {min_age: 65, from: 2}]",
			[]string{"tiers: for women of 65 and over, men of 65 and over, patients of 65 and over whose sex is unknown: consult begins at 2 (tiers.consult[1])"}, nil},
		"bands that cross": {"advice: [{max_age: 69, from: 3}, {min_age: 70, from: 6}], consult: [{max_age: 79, from: 5}, {min_age: 80, from: 7}]",
			[]string{"women of 70–79, men of 70–79"}, nil},
		"two that fit": {"advice: [{from: 3}], consult: [{from: 4}, {sex: female, min_age: 40, from: 2}]",
			[]string{"tiers: for women of 40 and over, patients of 40 and over whose sex is unknown: consult begins at 2 (tiers.consult[1])"}, nil},
		"in pregnancy, below her own advice": {"advice: [{from: 3}, {pregnant: true, from: 2}], consult: [{from: 4}, {pregnant: true, from: 1}]",
			[]string{"tiers: for pregnant women of 18 and over, pregnant patients of 18 and over whose sex is unknown: consult begins at 1 (tiers.consult[1]) and advice, which is less, only at 2 (tiers.advice[1])"}, nil},
		"in pregnancy, urgent below the consult": {"advice: [{from: 3}], consult: [{from: 4}], urgent: [{from: 8}, {pregnant: true, from: 2}]",
			[]string{"pregnant women of 18 and over, pregnant patients of 18 and over whose sex is unknown: urgent begins at 2"}, nil},
		"both": {"advice: [{from: 9}], consult: [{from: 7}], urgent: [{from: 6}]",
			[]string{"consult begins at 7", "urgent begins at 6"}, nil},
		"no advice":          {"consult: [{from: 5}]", nil, []string{"women of 18 and over, men of 18 and over, patients of 18 and over whose sex is unknown: no score leads to advice"}},
		"no advice for men":  {"advice: [{sex: female, from: 3}], consult: [{from: 5}]", nil, []string{"tiers: for men of 18 and over: no score leads to advice"}},
		"no room for advice": {"consult: [{from: 1}]", nil, nil},
		"women above men": {"advice: [{from: 3}], consult: [{sex: female, from: 5}, {sex: male, from: 4}]", nil,
			[]string{"tiers: for women of 18 and over: consult begins at 5 (tiers.consult[0]), and for men of that age at 4 (tiers.consult[1])"}},
		"older women above men": {"advice: [{from: 3}], consult: [{max_age: 64, from: 4}, {sex: female, min_age: 65, from: 6}, {sex: male, min_age: 65, from: 5}]", nil,
			[]string{"tiers: for women of 65 and over: consult begins at 6"}},
		"advice that nobody gets": {"advice: [{from: 5}], consult: [{from: 5}]", nil, []string{"advice and consult both begin at 5 (tiers.advice[0], tiers.consult[0])"}},
	} {
		p := limits(t, "lower", tt.tiers)
		tells(t, name+": upside down", p.UpsideDown(), tt.wrong)
		if tt.wrong == nil {
			tells(t, name+": odd", p.Odd(), tt.odd)
		}
	}
}

// A patient of unknown sex has the limits that the policy says.
func TestUpsideDownForUnknownSex(t *testing.T) {
	const men = "advice: [{sex: female, from: 3}, {sex: male, from: 6}], consult: [{from: 5}]"
	for rule, unknown := range map[string]bool{"lower": false, "female": false, "higher": true, "male": true} {
		if wrong := limits(t, rule, men).UpsideDown(); len(wrong) != 1 || strings.Contains(wrong[0], "unknown") != unknown {
			t.Errorf("%s: %q", rule, wrong)
		}
	}
}

func tells(t *testing.T, name string, got, want []string) {
	t.Helper()
	for i, words := range want {
		if i >= len(got) || !strings.Contains(got[i], words) {
			t.Errorf("%s: %q, want %q", name, got, words)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %q, want %d", name, got, len(want))
	}
}

func TestTheShippedPolicyIsNeitherUpsideDownNorOdd(t *testing.T) {
	p := pathway.DefaultPolicy()
	tells(t, "upside down", p.UpsideDown(), nil)
	tells(t, "odd", p.Odd(), nil)
}
