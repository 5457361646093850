package fhir_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
)

func TestOnlyReferencesIntoTheServerAreLocal(t *testing.T) {
	const base = "http://base:8080/fhir"
	local := map[string]string{
		"Patient/1":                                    "Patient/1",
		"Patient/a-B.9":                                "Patient/a-B.9",
		"Patient/1/_history/2":                         "Patient/1",
		base + "/Patient/1":                            "Patient/1",
		base + "/Patient/1/_history/2":                 "Patient/1",
		"Patient/" + strings.Repeat("x", 64):           "Patient/" + strings.Repeat("x", 64),
		"Patient/1..2":                                 "Patient/1..2",
		"QuestionnaireResponse/1":                      "QuestionnaireResponse/1",
		base + "/Encounter/3f0a1c9e-0000-4000-8000-01": "Encounter/3f0a1c9e-0000-4000-8000-01",
	}
	foreign := []string{
		"", "/", "Patient", "Patient/", "/Patient/1", "patient/1", "1/1", "Patient//1", "Patient/1/", "Patient/1/name",
		"Patient/1?x=1", "Patient?identifier=1", "Patient/1#part", "Patient/1\n", "Patient/1 ", " Patient/1", "Patient/ø", "Patient/1%2f2",
		"Patient/.", "Patient/..", "Patient/...", "../Patient/1", "Patient/../Patient/1", "./Patient/1", `..\Patient\1`, `Patient\1`,
		"Patient/" + strings.Repeat("x", 65), "P/1", strings.Repeat("P", 65) + "/1",
		"#contained", "#", "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "urn:oid:1.2.3", "urn:uuid:0c3151bd/1",
		"http://evil/fhir/Patient/1", "https://base:8080/fhir/Patient/1", "HTTP://base:8080/fhir/Patient/1", "http://base/fhir/Patient/1",
		"http://base:8081/fhir/Patient/1", "http://base:80800/fhir/Patient/1", "http://base.evil/fhir/Patient/1", "http://base:8080.evil/fhir/Patient/1",
		"http://base:8080@evil/fhir/Patient/1", "http://user@base:8080/fhir/Patient/1", "http://user:pw@base:8080/fhir/Patient/1",
		"http://evil/?" + base + "/Patient/1", "http://evil#" + base + "/Patient/1", "http://evil/" + base + "/Patient/1",
		"//base:8080/fhir/Patient/1", "//evil/Patient/1", "///evil/Patient/1", `\\evil\Patient\1`, "http:/base:8080/fhir/Patient/1", "http:Patient/1",
		base, base + "/", base + "/Patient", base + "evil/Patient/1", base + ".evil/Patient/1", base + "//Patient/1", base + "/../Patient/1",
		base + "/../admin/1", base + "/%2e%2e/Patient/1", base + "/Patient/../../admin/1", base + "?/Patient/1", base + "#/Patient/1", base + `\Patient/1`,
		base + "/http://evil/Patient/1", "http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "javascript:Patient/1", "data:Patient/1",
		"Patient/1/_history", "_history/1", "/_history/1", base + "/_history/2",
	}
	for _, configured := range []string{base, base + "/"} {
		c := client(t, fhir.Options{BaseURL: configured})
		for ref, want := range local {
			if got, ok := c.LocalRef(ref); !ok || got != want {
				t.Errorf("LocalRef(%q) = %q, %v; want %q", ref, got, ok, want)
			}
		}
		for _, ref := range foreign {
			if got, ok := c.LocalRef(ref); ok || got != "" {
				t.Errorf("LocalRef(%q) = %q, %v; it is not ours", ref, got, ok)
			}
		}
	}
}

func TestABaseURLWithoutAPathStillEndsAtItsHost(t *testing.T) {
	c := client(t, fhir.Options{BaseURL: "http://base"})
	for _, ref := range []string{"http://base.evil/Patient/1", "http://base:81/Patient/1", "http://base@evil/Patient/1", "http://baseevil/Patient/1", "http://base"} {
		if got, ok := c.LocalRef(ref); ok {
			t.Errorf("LocalRef(%q) = %q", ref, got)
		}
	}
	if got, ok := c.LocalRef("http://base/Patient/1"); !ok || got != "Patient/1" {
		t.Errorf("its own reference: %q, %v", got, ok)
	}
}

func TestOnlyWhatFitsAPathIsAnID(t *testing.T) {
	for id, want := range map[string]bool{
		"1": true, "a.b-C": true, "..a": true, strings.Repeat("9", 64): true,
		"": false, ".": false, "..": false, "a/b": false, "a b": false, "a?b": false, "a%20": false, "æ": false, "a\n": false, "a_b": false,
		strings.Repeat("9", 65): false,
	} {
		if fhir.ValidID(id) != want {
			t.Errorf("ValidID(%q) = %v", id, !want)
		}
	}
}

func TestTheVersionOfAReference(t *testing.T) {
	c := client(t, fhir.Options{BaseURL: "http://base/fhir"})
	for ref, want := range map[string][2]string{
		"Patient/1": {"Patient/1", ""}, "Patient/1/_history/2": {"Patient/1", "2"}, "http://base/fhir/Patient/1/_history/2": {"Patient/1", "2"},
		"Patient/1/_history/": {"Patient/1", ""}, "http://evil/fhir/Patient/1/_history/2": {}, "#1": {}, "urn:uuid:1": {}, "_history/2": {},
	} {
		if got, version, ok := c.LocalVersion(ref); got != want[0] || version != want[1] || ok != (want[0] != "") {
			t.Errorf("%s: %q, %q, %v", ref, got, version, ok)
		}
	}
}

// One version of a resource is asked for under the base URL, or not at all.
func TestOneVersionOfAResource(t *testing.T) {
	var asked []string
	c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		always(200, task("1"))(w, r)
	}))
	for _, test := range []struct{ ref, version, want string }{
		{"Task/1", "2", "/Task/1/_history/2"}, {"Task/1/_history/9", "2", "/Task/1/_history/2"},
		{"Task/2", "2", "an error"}, // it answers with another
		{"Task/1", "", ""}, {"Task/1", "..", ""}, {"Task/1", "2/../../x", ""}, {"Task/1", "2?x", ""}, {"http://evil/Task/1", "2", ""},
	} {
		asked = nil
		_, err := c.ReadVersion(t.Context(), test.ref, test.version)
		switch at := strings.Join(asked, " "); {
		case test.want == "" && (err == nil || at != ""):
			t.Errorf("%s, %s: asked %s, %v", test.ref, test.version, at, err)
		case test.want == "an error" && err == nil:
			t.Errorf("%s, %s: another resource was taken", test.ref, test.version)
		case strings.HasPrefix(test.want, "/") && (err != nil || !strings.HasSuffix(at, test.want)):
			t.Errorf("%s, %s: asked %s, %v", test.ref, test.version, at, err)
		}
	}
}
