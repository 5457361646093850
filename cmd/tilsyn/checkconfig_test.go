package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is done about protected patients is told in words before it is done, and
// so is that nobody is named who may know.
func TestCheckConfigTellsOfProtection(t *testing.T) {
	suggested, err := os.ReadFile("../../internal/pathway/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const unwise = "Warning: routing.protected: names nobody"
	nobody := policyFile(t, strings.Replace(string(suggested), "protected:\n", "protected:\n  labels: []\nlabels_of_nobody:\n", 1))
	if code, _, errs := tilsyn(t, "check-config", "--policy.file", nobody); code != exitWrongUse || !strings.Contains(errs, "labels_of_nobody") {
		t.Errorf("an unknown section: exit %d, %s", code, errs)
	}
	for name, tt := range map[string]struct {
		args        []string
		says, saysn string
	}{
		"as shipped":      {nil, unwise, ""},
		"who is":          {nil, "patients and admissions with R (restricted), V (very restricted)", ""},
		"what is hidden":  {nil, "Left out: the location on tasks and orders, the ward and who asked", ""},
		"a ward is named": {[]string{"--routing.protected.ward", "CareTeam/few"}, "protected patients go to CareTeam/few and consults to those who get everybody's", unwise},
		"the place is shown": {[]string{"--policy.file", policyFile(t, strings.Replace(string(suggested), "  show: []", "  show: [location, ward]", 1))},
			"Left out: nothing", ""},
		"a label for all": {[]string{"--policy.file", policyFile(t, strings.Replace(string(suggested), "labels:\n  add: []", "labels:\n  add: [{system: x, code: ETHUD}]", 1))},
			"from them: ETHUD (x)", ""},
	} {
		code, out, errs := tilsyn(t, append([]string{"check-config"}, tt.args...)...)
		if code != exitDone || !strings.Contains(out, tt.says) || tt.saysn != "" && strings.Contains(out, tt.saysn) {
			t.Errorf("%s: exit %d, want %q\n%s%s", name, code, tt.says, out, errs)
		}
	}
}

// What is made of a question that the ward does not ask is told in words.
func TestCheckConfigTellsOfPuttingAside(t *testing.T) {
	suggested, err := os.ReadFile("../../internal/pathway/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ old, new, says string }{
		"as shipped":     {"", "", "Any other rejection: put away by the ward, not screened."},
		"who passes":     {"", "", "no-privacy, away, interpreter-needed. Not asked again: dementia."},
		"every no":       {"rejected_without_reason: put_away", "rejected_without_reason: declined", "Any other rejection: the patient's no, too."},
		"for good":       {"asked_again: [", "asked_again: [] #", "after: none. Not asked again: intoxicated, delirious"},
		"the site's own": {"    codings: []\n    texts: []", "    codings: [{system: x, code: nei}]\n    texts: [takket nei]", "of other codes: nei (x); of texts: takket nei."},
	} {
		text := strings.Replace(string(suggested), tt.old, tt.new, 1)
		if tt.old != "" && text == string(suggested) {
			t.Fatalf("%s: %q is not in the shipped policy", name, tt.old)
		}
		if code, out, errs := tilsyn(t, "check-config", "--policy.file", policyFile(t, text)); code != exitDone || !strings.Contains(out, tt.says) {
			t.Errorf("%s: exit %d, want %q\n%s%s", name, code, tt.says, out, errs)
		}
	}
}

func policyFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Limits that no hospital can have meant are refused, with what to do; odd ones are
// warned of, and the shipped ones are neither.
func TestCheckConfigComparesLimits(t *testing.T) {
	suggested, err := os.ReadFile("../../internal/pathway/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	changed := func(old, new string) []string {
		text := strings.Replace(string(suggested), old, new, 1)
		if text == string(suggested) {
			t.Fatalf("%q is not in the shipped policy", old)
		}
		return []string{"check-config", "--policy.file", policyFile(t, text)}
	}
	for name, tt := range map[string]struct {
		args []string
		code int
		want string
	}{
		"advice above":    {changed("{sex: female, from: 3,", "{sex: female, from: 9,"), exitWrongUse, "lower tiers.advice[1] below 4, or raise tiers.consult[1] above 9"},
		"urgent below":    {changed("{from: 8,", "{from: 3,"), exitWrongUse, "urgent begins at 3"},
		"item 1 alone":    {changed("item1_only: as_scored", "item1_only: advice"), exitDone, "such as one glass a day: brief advice where a routine consult is due, but not in pregnancy"},
		"pregnancy":       {[]string{"check-config"}, exitDone, "Pregnant: not a man, of 12 to 55, with a Condition of 77386006 (Pregnancy), 72892002 (Normal pregnancy) that"},
		"in pregnancy":    {[]string{"check-config"}, exitDone, "pregnant patients  1 or more  brief advice on the ward"},
		"her advice":      {[]string{"check-config"}, exitDone, "To a patient who is pregnant:\nTakk for at du svarte"},
		"no pregnancy":    {changed("pregnancy:\n  codings:", "pregnancy:\n  codings: []\nno_codings:"), exitWrongUse, "no_codings"},
		"a team's no":     {changed("rejected: advice", "rejected: nothing"), exitDone, "turns a consult down: the ward is told why.\n"},
		"the same":        {[]string{"check-config"}, exitDone, "turns a consult down: the ward is told why, and asked to give brief advice.\n"},
		"home":            {changed("at_discharge: keep", "at_discharge: end"), exitDone, "goes home: the team is told; one that nobody has begun on is taken back"},
		"a wish":          {changed("on_wish: consult", "on_wish: record"), exitDone, "who wants to see the team gets: nothing; it stands with the score."},
		"a wish, shipped": {[]string{"check-config"}, exitDone, "who wants to see the team gets: liaison consult, routine."},
		"women above men": {changed("{sex: female, from: 4,", "{sex: female, from: 6,"), exitDone, "Warning: policy: tiers: for women of 18 and over: consult begins at 6"},
	} {
		if code, out, errs := tilsyn(t, tt.args...); code != tt.code || !strings.Contains(out+errs, tt.want) {
			t.Errorf("%s: exit %d, want %d and %q\n%s%s", name, code, tt.code, tt.want, out, errs)
		}
	}
	if code, out, errs := tilsyn(t, "check-config"); code != exitDone || strings.Contains(out+errs, "tiers: for") {
		t.Errorf("as shipped: exit %d\n%s%s", code, out, errs)
	}
}
