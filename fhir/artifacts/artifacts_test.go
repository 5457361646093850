package artifacts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

func TestAllIsReadyForAServer(t *testing.T) {
	all, err := All("en")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, artifact := range all {
		names = append(names, artifact.Name)
		resource := gjson.ParseBytes(artifact.JSON)
		if !gjson.ValidBytes(artifact.JSON) || resource.Get("id").Exists() || resource.Get("meta").Exists() {
			t.Errorf("%s: must be JSON without id and meta", artifact.Name)
		}
		kind, _, _ := strings.Cut(artifact.Name, "-")
		equal(t, artifact.Name, resource.Get("resourceType").Str, kind)
		equal(t, artifact.Name, resource.Get("status").Str, "active")
	}
	equal(t, "names", strings.Join(names, " "), "CodeSystem-tilsyn CodeSystem-rule Device-tilsyn Questionnaire-audit-c")
	equal(t, "device", gjson.GetBytes(device, "identifier.0.system").Str, IdentifierSystem)
	equal(t, "device", gjson.GetBytes(device, "identifier.0.value").Str, DeviceIdentifier)
}

func TestConceptsAreNamedAndDefined(t *testing.T) {
	system := gjson.ParseBytes(codeSystem)
	equal(t, "url", system.Get("url").Str, CodeSystemURL)
	seen := map[string]bool{}
	for _, concept := range system.Get("concept").Array() {
		code := concept.Get("code").Str
		if seen[code] {
			t.Errorf("%s is there twice", code)
		}
		seen[code] = true
		for _, path := range []string{"display", "definition", `designation.#(language=="en").value`} {
			if concept.Get(path).Str == "" {
				t.Errorf("%s has no %s", code, path)
			}
		}
	}
	equal(t, "count", system.Get("count").Raw, fmt.Sprint(len(seen)))
}

// A rule has no display: its words are in internal/words.
func TestRulesAreDefined(t *testing.T) {
	system := gjson.ParseBytes(rules)
	equal(t, "url", system.Get("url").Str, RuleSystemURL)
	seen := map[string]bool{}
	for _, concept := range system.Get("concept").Array() {
		if seen[concept.Get("code").Str] || concept.Get("definition").Str == "" {
			t.Errorf("%s is there twice, or is not defined", concept)
		}
		seen[concept.Get("code").Str] = true
	}
	equal(t, "count", system.Get("count").Raw, fmt.Sprint(len(seen)))
}

func TestTheDeviceSaysWhatItIsInTheSitesLanguage(t *testing.T) {
	for lang, want := range map[string]string{
		"nb": "Program for kartlegging og henvisning",
		"nn": "Program for kartlegging og tilvising",
		"en": "Screening and referral software",
		"sv": "Program för screening och remittering",
		"da": "Program til screening og henvisning",
	} {
		all, err := All(lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			if ours := gjson.ParseBytes(a.JSON); a.Name == "Device-tilsyn" {
				equal(t, lang, ours.Get("language").Str, lang)
				equal(t, lang, ours.Get("type.text").Str, want)
				wantTranslated(t, "type", lang, want, ours.Get("type._text"))
				wantTranslated(t, "note", lang, ours.Get("note.0.text").Str, ours.Get("note.0._text"))
			}
		}
	}
}
