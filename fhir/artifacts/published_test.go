package artifacts

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// What was published is never changed in place: serve refuses a server that
// holds the same version with another content, and an answer means what was read
// when it was given. Whoever changes a text gives it a new version, and adds its
// line to the list. Lines are never taken out.
func TestAPublishedVersionNeverChanges(t *testing.T) {
	const list = "testdata/published.txt"
	raw, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	published := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		name, sum, _ := strings.Cut(strings.TrimSpace(line), "  ")
		published[name] = sum
	}
	for _, lang := range Languages {
		for _, a := range everything(t, lang) {
			name, sum := fingerprint(t, a)
			switch was, known := published[name]; {
			case strings.HasPrefix(a.Name, "Device"): // it has no version: only its identifier counts
			case !known:
				t.Errorf("a new version: add to %s\n%s  %s", list, name, sum)
			case was != sum:
				t.Errorf("%s was changed in place; give it a new version", name)
			}
		}
	}
}

// everything is what setup puts on a server, and the forms that it can put there.
func everything(t *testing.T, lang string) []Artifact {
	t.Helper()
	all, err := All(lang)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range forms {
		form, err := Form(want.name, lang)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, form)
	}
	return all
}

// fingerprint leaves out what a server adds or may write anew.
func fingerprint(t *testing.T, a Artifact) (name, sum string) {
	t.Helper()
	var content map[string]any
	if err := json.Unmarshal(a.JSON, &content); err != nil {
		t.Fatal(err)
	}
	delete(content, "text")
	canonical, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s %v", a.Name, content["version"]), fmt.Sprintf("%x", sha256.Sum256(canonical))
}
