package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
)

const examples = "../../docs/instruments"

// asking is the shipped policy with screenings in the place of its limits.
func asking(t *testing.T, screenings string) string {
	t.Helper()
	suggested, err := os.ReadFile("../../internal/pathway/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	before, after, ok := strings.Cut(string(suggested), "\ntiers:\n")
	if !ok {
		t.Fatal("the shipped policy has no tiers")
	}
	for _, line := range strings.SplitAfter(after, "\n") {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			after = strings.TrimPrefix(after, line)
			continue
		}
		break
	}
	return policyFile(t, before+"\nscreenings:\n"+screenings+after)
}

// brought is a folder with the hospital's own form of an instrument.
func brought(t *testing.T, name string, form []byte) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join(dir, name, "questionnaire.json"), string(form))
	return dir
}

func ownAuditC(t *testing.T) []byte {
	t.Helper()
	form, err := artifacts.Questionnaire("nb")
	for _, edit := range [][2]string{{"url", "https://hospital.example/Questionnaire/audit-c"}, {"version", "2026"}} {
		if err == nil {
			form, err = sjson.SetBytes(form, edit[0], edit[1])
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return form
}

const (
	auditC = "  - {instrument: auditc, tiers: {consult: [{from: 4, source: test}]}}\n"
	sleep  = "  - {instrument: sleep, min_age: 65, due_after: 48h, rescreen_after: 0s, certain_minimum: refer, tiers: {advice: [{from: 2, source: nobody}], consult: [{sex: female, from: 5, source: nobody}, {sex: male, from: 6, source: nobody}]}}\n"
	dudit  = "  - {instrument: dudit, tiers: {consult: [{from: 6, source: Berman}]}}\n"
)

// Each screening is told in words: whose form, of whom, when, and what it leads to.
func TestCheckConfigTellsOfEachScreening(t *testing.T) {
	own := brought(t, "auditc", ownAuditC(t))
	for name, tt := range map[string]struct {
		args []string
		says []string
	}{
		"two": {[]string{"--policy.file", asking(t, auditC+sleep), "--instruments.dir", examples, "--questionnaire.language", "en"}, []string{
			"Asked: patients in Encounters of class [IMP", "with what stands below.",
			"\nAUDIT-C (auditc), 0 to 12 points\nForm: https://tilsyn.org/fhir/Questionnaire/audit-c|1.2.0-en, as shipped.\nAsked: patients of 18 and over, due 24h0m0s after admission; a score counts for 720h0m0s, also in another admission.\n",
			"\nWho       Score      Leads to                  Source\npatients  4 or more  liaison consult, routine  test\n",
			"\nSleep last week (sleep), 0 to 7 points\nForm: https://hospital.example/fhir/Questionnaire/sleep|1.0.0-en, the site's (../../docs/instruments/sleep/questionnaire.json).\nAsked: patients of 65 and over, due 48h0m0s after admission; in every admission.\n" +
				"Answers that are not complete and pass a limit all the same, when nobody will complete them: the consult, with what is certain.\n" +
				"Who       Score      Leads to                  Source\npatients  2 or more  brief advice on the ward  nobody\nwomen     5 or more  liaison consult, routine  nobody\nmen       6 or more  liaison consult, routine  nobody\n",
		}},
		"our AUDIT-C in their words": {[]string{"--instruments.dir", own}, []string{
			"\nAUDIT-C (auditc), 0 to 12 points\nForm: https://hospital.example/Questionnaire/audit-c|2026, the site's (" + own}},
		"one that nobody asks": {[]string{"--instruments.dir", examples, "--questionnaire.language", "en"}, []string{
			"Warning: instruments.dir: sleep is asked by no screening of the policy, so it is not published; name it there, or take its folder away.\n"}},
	} {
		code, out, errs := tilsyn(t, append([]string{"check-config"}, tt.args...)...)
		for _, says := range tt.says {
			if code != exitDone || !strings.Contains(out, says) {
				t.Errorf("%s: exit %d, want %q\n%s%s", name, code, says, out, errs)
			}
		}
	}
}

// A policy with AUDIT-C alone is told as it always was.
func TestCheckConfigOfAuditCAlone(t *testing.T) {
	code, out, errs := tilsyn(t, "check-config", "--policy.file", asking(t, auditC))
	if code != exitDone || strings.Contains(out, "Form: ") || !strings.HasSuffix(out, "the advice.\nWho       Score      Leads to                  Source\npatients  4 or more  liaison consult, routine  test\n") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
}

// What is asked and cannot be is refused before anything starts, with what to do.
func TestAnInstrumentWithoutAForm(t *testing.T) {
	policy := asking(t, auditC+dudit)
	for _, command := range [][]string{{"check-config"}, {"serve", "--fhir.base_url", "https://ehr.example/fhir"}, {"setup", "--fhir.base_url", "https://ehr.example/fhir"},
		{"doctor", "--fhir.base_url", "https://ehr.example/fhir"}, {"artifacts", "--out", t.TempDir()}} {
		code, out, errs := tilsyn(t, append(command, "--policy.file", policy)...)
		if code != exitWrongUse || !strings.Contains(errs, "the policy asks dudit: no form of dudit comes with tilsyn: put the hospital's into instruments.dir, as dudit/questionnaire.json") {
			t.Errorf("%s: exit %d\n%s%s", command[0], code, out, errs)
		}
	}
	code, _, errs := tilsyn(t, "check-config", "--policy.file", asking(t, sleep))
	if code != exitWrongUse || !strings.Contains(errs, `screenings[0].instrument: "sleep" is none of audit, auditc, dudit, and none of instruments.dir`) {
		t.Errorf("exit %d\n%s", code, errs)
	}
	code, _, errs = tilsyn(t, "check-config", "--policy.file", asking(t, sleep), "--instruments.dir", t.TempDir())
	if code != exitWrongUse || !strings.Contains(errs, "is empty") || strings.Contains(errs, "screenings[0]") {
		t.Errorf("what could not be read is told alone: exit %d\n%s", code, errs)
	}
}

// What artifacts writes is what setup puts there: the hospital's own.
func TestArtifactsOfTheSite(t *testing.T) {
	out, form := t.TempDir(), ownAuditC(t)
	code, said, errs := tilsyn(t, "artifacts", "--out", out, "--instruments.dir", brought(t, "auditc", form))
	if code != exitDone {
		t.Fatalf("exit %d\n%s", code, errs)
	}
	if got, err := os.ReadFile(filepath.Join(out, "Questionnaire-auditc.json")); err != nil || string(got) != string(form) || strings.Contains(said, "audit-c") {
		t.Errorf("%v\n%s", err, said)
	}
}
