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

func policyFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
