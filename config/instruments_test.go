package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
)

// sleep is an instrument that nobody has seen.
const sleep = `
name: sleep
title: Sleep
url: https://hospital.example/Questionnaire/sleep
system: https://hospital.example/codes
score: {code: sleep-total, display: Sleep}
max: 5
items: [{code: sleep-1, max: 2}, {code: sleep-2, max: 3}]
source: nobody
licence: none
`

const sleepForm = `{"resourceType": "Questionnaire", "url": "https://hospital.example/Questionnaire/sleep", "version": "1", "language": "nb", "status": "active", "item": [%s, %s]}`

func sleepItem(link string, max int) string {
	const option = `{"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/itemWeight", "valueDecimal": %d}], "valueCoding": {"system": "https://hospital.example/codes", "code": "a%d"}}`
	return fmt.Sprintf(`{"linkId": "%s", "code": [{"system": "https://hospital.example/codes", "code": "sleep-%s"}], "type": "choice", "answerOption": [%s, %s]}`,
		link, link, fmt.Sprintf(option, 0, 0), fmt.Sprintf(option, max, max))
}

// folder holds these files, by path.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range files {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// own is our form of AUDIT-C as a hospital's, with further changes.
func own(t *testing.T, pathValues ...string) string {
	t.Helper()
	form, err := artifacts.Questionnaire("nb")
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pathValues); i += 2 {
		if form, err = sjson.SetBytes(form, pathValues[i], pathValues[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return string(form)
}

const ownURL = "https://hospital.example/Questionnaire/audit-c"

func TestTheSitesInstrumentsAreRead(t *testing.T) {
	dir := folder(t, map[string]string{
		"auditc/questionnaire.json": own(t, "url", ownURL, "version", "2026-1", "language", "nb-NO"),
		"sleep/definition.yaml":     sleep,
		"sleep/questionnaire.json":  "\ufeff" + fmt.Sprintf(sleepForm, sleepItem("1", 2), sleepItem("2", 3)),
		"..2026_11_27/x":            "Kubernetes keeps such folders beside what it mounts",
	})
	c, err := load(t, "", "--instruments.dir", dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"auditc": ownURL + "|2026-1", "sleep": "https://hospital.example/Questionnaire/sleep|1"} {
		got, brought := c.Instruments.Of(name)
		if !brought || got.Canonical != want || got.Definition.Name != name || got.Definition.URL != strings.Split(want, "|")[0] || got.File != filepath.Join(dir, name, "questionnaire.json") {
			t.Errorf("%s: %v, %s, %s", name, got.Definition, got.Canonical, got.File)
		}
	}
	if instrument.AuditC().URL != artifacts.QuestionnaireURL {
		t.Error("what comes with the binary was changed")
	}
	if _, brought := c.Instruments.Of("audit"); brought || len(c.Instruments.Definitions()) != 2 {
		t.Errorf("%d were read", len(c.Instruments.Definitions()))
	}
}

// Each mistake is told with its place, and with what to do.
func TestTheSitesInstrumentsAreChecked(t *testing.T) {
	good := fmt.Sprintf(sleepForm, sleepItem("1", 2), sleepItem("2", 3))
	defined := func(old, new string) map[string]string {
		return map[string]string{"sleep/definition.yaml": strings.Replace(sleep, old, new, 1), "sleep/questionnaire.json": good}
	}
	formed := func(old, new string) map[string]string {
		return map[string]string{"sleep/definition.yaml": sleep, "sleep/questionnaire.json": strings.Replace(good, old, new, 1)}
	}
	worded := func(pathValues ...string) map[string]string {
		return map[string]string{"auditc/questionnaire.json": own(t, append([]string{"url", ownURL, "version", "1"}, pathValues...)...)}
	}
	const formAt, definitionAt = "sleep/questionnaire.json: ", "sleep/definition.yaml: "
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"an empty folder":           {nil, ": is empty: put a folder for each instrument into it"},
		"a file beside the folders": {map[string]string{"questionnaire.json": "{}"}, "/questionnaire.json: is no folder: put the form of an instrument into a folder that bears its name"},
		"nothing that belongs":      {map[string]string{"auditc/readme.txt": ""}, "auditc: questionnaire.json is missing"},
		"a file too many":           {map[string]string{"auditc/readme.txt": "", "auditc/questionnaire.json": "{}"}, "auditc/readme.txt: does not belong there"},
		"a hidden file":             {map[string]string{"auditc/.x": "", "auditc/questionnaire.json": "{}"}, "auditc/.x: does not belong there"},
		"ours defined":              {map[string]string{"auditc/definition.yaml": sleep, "auditc/questionnaire.json": good}, "auditc/definition.yaml: tilsyn has auditc itself"},
		"a name misspelt":           {map[string]string{"audit-c/questionnaire.json": good}, `audit-c: definition.yaml is missing: tilsyn has no instrument "audit-c" (it has audit, auditc, dudit)`},
		"no form":                   {map[string]string{"sleep/definition.yaml": sleep}, "sleep: questionnaire.json is missing"},

		"another name":         {defined("name: sleep", "name: slept"), definitionAt + `name: "slept" is not the folder's, "sleep"`},
		"no title":             {defined("title: Sleep", ""), definitionAt + "title, url and score.code are needed"},
		"an unknown key":       {defined("source:", "sauce:"), definitionAt + `[9:1] unknown field "sauce"`},
		"no YAML":              {defined(sleep, "["), definitionAt},
		"nothing":              {defined(sleep, ""), definitionAt + "is empty"},
		"a sum that is wrong":  {defined("max: 5", "max: 6"), definitionAt + "max: 6, and the items sum to 5"},
		"our url":              {defined("https://hospital.example/Q", "https://tilsyn.org/fhir/Q"), definitionAt + "url: "},
		"our codes":            {defined("https://hospital.example/codes", "https://tilsyn.org/fhir/CodeSystem/tilsyn"), definitionAt + "system: "},
		"alone":                {defined("source:", "alone: [{item: sleep-1, flag: item-1-only}]\nsource:"), definitionAt + "alone: its words are AUDIT-C's"},
		"the score of AUDIT-C": {map[string]string{"sleep/definition.yaml": loinc(sleep), "sleep/questionnaire.json": loinc(good)}, formAt + `score.code: "75626-2" is that of auditc, too`},

		"a long title":         {defined("title: Sleep", "title: "+strings.Repeat("Sleep", 20)), definitionAt + "title, score.display: people read them on one line"},
		"a title of two lines": {defined("title: Sleep", `title: "Sleep\nwell"`), definitionAt + "title, score.display: "},
		"a long name":          {map[string]string{strings.Repeat("sleep", 7) + "/definition.yaml": strings.Replace(sleep, "name: sleep", "name: "+strings.Repeat("sleep", 7), 1), strings.Repeat("sleep", 7) + "/questionnaire.json": good}, "is too long: at most 32"},
		"no system":            {defined("https://hospital.example/codes", "mine"), definitionAt + `system: "mine" must be an address`},
		"a code of two words":  {defined("code: sleep-2", "code: sleep two"), definitionAt + `code: "sleep two" must be letters`},
		"another encoding":     {defined("title: Sleep", "title: S\xf8vn"), definitionAt + "is not UTF-8"},

		"a folder of signs": {map[string]string{"\x1b[2J/definition.yaml": sleep, "\x1b[2J/questionnaire.json": good}, `�[2J/definition.yaml: name: "sleep" is not the folder's`},
		"a code of signs":   {formed(`"code": "sleep-2"`, `"code": "\u001b[2J"`), formAt + "no item has the code sleep-2"},
		"a url of signs":    {formed("/sleep", `/\u202esleep`), formAt + "url: "},
		"letters lost":      {formed(`"version"`, "\"title\": \"S\xf8vn\", \"version\""), formAt + "is not UTF-8"},
		"no JSON":           {formed(good, "{"), formAt + "Questionnaire: not JSON"},
		"a Patient":         {formed(`"Questionnaire"`, `"Patient"`), formAt + "a Questionnaire is needed"},
		"no url":            {formed(`"url"`, `"_url"`), formAt + `url: "" must be an address of the hospital's`},
		"a url of its own":  {formed("Questionnaire/sleep", "Questionnaire/slept"), formAt + `url: "https://hospital.example/Questionnaire/slept" is not the definition's`},
		"a url and version": {formed("Questionnaire/sleep", "Questionnaire/sleep|1"), formAt + "url: "},
		"no version":        {formed(`"version"`, `"_version"`), formAt + `version: "" must be 1–64 letters`},
		"no language":       {formed(`"language"`, `"_language"`), formAt + `language: "" is not questionnaire.language, "nb"`},
		"another language":  {formed(`"nb"`, `"en"`), formAt + `language: "en" is not questionnaire.language, "nb"`},
		"retired":           {formed(`"active"`, `"retired"`), formAt + `status: "retired" must be active, or draft`},
		"a weight":          {formed(`"valueDecimal": 3`, `"valueDecimal": 2`), formAt + `item "2" (sleep-2): its weights run from 0 to 2`},
		"a code":            {formed(`"sleep-2"`, `"sleep-3"`), formAt + "no item has the code sleep-2"},

		"our words, our url": {worded("url", artifacts.QuestionnaireURL), "is at tilsyn.org: give the form one of your own, for its words are yours"},
		"an item of ours":    {worded("item.2.code.0.code", "68517-2"), "auditc/questionnaire.json: no item has the code 68518-0"},
		"a form twice":       {map[string]string{"auditc/questionnaire.json": own(t, "url", ownURL), "audit/questionnaire.json": audit(t, ownURL)}, `url: "` + ownURL + `" is that of audit, too`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, tt.files)
			c, err := load(t, "", "--instruments.dir", dir)
			if err == nil || !strings.HasPrefix(err.Error(), "configuration: instruments.dir: "+dir) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
			if err != nil && strings.ContainsAny(err.Error(), "\x1b\u202e") {
				t.Errorf("it says %q", err)
			}
			if len(c.Instruments.Own) > 0 {
				t.Error("what is wrong was taken")
			}
		})
	}
	if _, err := load(t, "", "--instruments.dir", "testdata/absent"); err == nil || !strings.Contains(err.Error(), "instruments.dir: stat testdata/absent: no such file") {
		t.Errorf("got %v", err)
	}
	if _, err := load(t, "", "--instruments.dir", "instruments_test.go"); err == nil || !strings.Contains(err.Error(), "instruments.dir: read instruments_test.go: it is no folder") {
		t.Errorf("got %v", err)
	}
}

// loinc is the same with LOINC's codes, and the score of AUDIT-C.
func loinc(s string) string {
	return strings.NewReplacer("https://hospital.example/codes", instrument.LOINC, "sleep-total", "75626-2").Replace(s)
}

func audit(t *testing.T, url string) string {
	t.Helper()
	form, err := artifacts.Form("audit", "nb")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := sjson.SetBytes(form.JSON, "url", url)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// A form that others may write decides what patients are asked.
func TestAFormThatOthersMayWriteIsUnwise(t *testing.T) {
	dir := folder(t, map[string]string{"auditc/questionnaire.json": own(t, "url", ownURL)})
	if err := os.Chmod(filepath.Join(dir, "auditc", "questionnaire.json"), 0o666); err != nil {
		t.Fatal(err)
	}
	c, err := load(t, "", "--instruments.dir", dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.Warnings(), "\n"); !strings.Contains(got, "instruments.dir: auditc/questionnaire.json: others on this machine may write the file") {
		t.Errorf("got %q", got)
	}
}
