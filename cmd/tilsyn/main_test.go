package main

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

func tilsyn(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestDemo(t *testing.T) {
	code, out, errs := tilsyn(t, "demo")
	if code != exitDone {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{"a man who scores 12", "urgent", "in-progress (incomplete)", "cancelled (discharged)"} {
		if !strings.Contains(out, want) {
			t.Errorf("the story lacks %q:\n%s", want, out)
		}
	}
}

// What an operator does wrong has exit code 2 and a text that says what to do.
func TestWrongUse(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tilsyn.yaml")
	if err := os.WriteFile(file, []byte("fihr: {base_url: x}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"srve"}, `"srve"`},
		{[]string{"serve", "now"}, `"now"`},
		{[]string{"serve", "--fhir.baseurl", "x"}, "did you mean --fhir.base_url"},
		{[]string{"serve"}, "TILSYN_FHIR_BASE_URL"},
		{[]string{"serve", "--fhir.base_url", "ehr"}, "https://ehr.example/fhir"},
		{[]string{"check-config", "--config", file}, `did you mean "fhir.base_url"`},
		{[]string{"check-config", "--config", file + ".no"}, "no such file"},
		{[]string{"check-config", "--policy.file", file}, "fihr"},
		{[]string{"check-config", "--workers", "0"}, "workers"},
		{[]string{"explain"}, "Encounter/123"},
		{[]string{"quarantine", "--retry", "x/y", "--fhir.base_url", "http://127.0.0.1:1/fhir"}, "Encounter/123"},
		{[]string{"explain", "Encounter/1/2"}, "Encounter/123"},
		{[]string{"score", "x.json"}, "--questionnaire"},
		{[]string{"score", "--questionnaire", "x.json"}, "QuestionnaireResponse"},
		{[]string{"artifacts"}, "--out"},
		{[]string{"jwks"}, "fhir.auth.key_file"},
		{[]string{"jwks", "a", "b"}, "one file"},
		{[]string{"jwks", "--new", "es384"}, "a file"},
		{[]string{"jwks", "--new", "es256", filepath.Join(t.TempDir(), "key")}, "ES384"},
	} {
		code, _, errs := tilsyn(t, c.args...)
		if code != exitWrongUse || !strings.Contains(errs, c.want) {
			t.Errorf("%v: exit %d, %q; want exit 2 and %q", c.args, code, errs, c.want)
		}
	}
}

func TestFailures(t *testing.T) {
	dir := t.TempDir()
	notJSON := filepath.Join(dir, "broken.json")
	if err := os.WriteFile(notJSON, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"score", "--questionnaire", notJSON, notJSON},
		{"score", "--questionnaire", filepath.Join(dir, "no"), notJSON},
		{"setup", "--fhir.base_url", "http://127.0.0.1:1/fhir"},
		{"doctor", "--write", "--fhir.base_url", "http://127.0.0.1:1/fhir"},
		{"explain", "Encounter/1", "--fhir.base_url", "http://127.0.0.1:1/fhir"},
		{"sandbox", "--listen", "no such address"},
		{"jwks", notJSON},
		{"jwks", filepath.Join(dir, "no")},
		{"jwks", "--new", "es384", notJSON}, // which is there already
	} {
		if code, _, errs := tilsyn(t, args...); code != exitFailed || errs == "" {
			t.Errorf("%v: exit %d, %q; want exit 1 and a reason", args, code, errs)
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"serve", "--help"}, {"version"}, {"check-config"}} {
		if code, out, errs := tilsyn(t, args...); code != exitDone || out == "" {
			t.Errorf("%v: exit %d, %q", args, code, errs)
		}
	}
}

// The form that artifacts writes is the one that score scores by.
func TestArtifactsAndScore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if code, out, errs := tilsyn(t, "artifacts", "--out", dir, "--questionnaire.language", "en"); code != exitDone || strings.Count(out, "\n") != 4 {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	response := filepath.Join(dir, "response.json")
	for raw, want := range map[string]string{
		`{"resourceType":"QuestionnaireResponse","item":[{"linkId":"1","answer":[{"valueCoding":{"system":"http://loinc.org","code":"LA6270-8"}}]}]}`: `{"status":"complete","score":0,"items":[{"linkId":"1","points":0}],"flags":[],"reason":""}`,
		`{"resourceType":"QuestionnaireResponse"}`:                                                            `{"status":"incomplete","score":null,"items":[],"flags":[],"reason":"not answered: question 1","problem":"missing 1"}`,
		`{"resourceType":"QuestionnaireResponse","item":[{"linkId":"1","answer":[{"valueString":"aldri"}]}]}`: `{"status":"invalid","score":null,"items":[],"flags":[],"reason":"question 1: an answer of this kind is not offered and carries no points","problem":"other-type 1 string"}`,
	} {
		if err := os.WriteFile(response, []byte(raw), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, errs := tilsyn(t, "score", "--json", "--questionnaire", filepath.Join(dir, "Questionnaire-audit-c.json"), response)
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(out)); code != exitDone || err != nil || strings.TrimSpace(compact.String()) != want {
			t.Errorf("exit %d %s\n got %s\nwant %s", code, errs, compact.String(), want)
		}
	}
}

// What check-config prints can be shown to anybody; what is wrong with a secret
// is told by its setting.
func TestCheckConfigPrintsNoSecret(t *testing.T) {
	const canary = "s3cret-canary"
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(canary), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--fhir.token_file", token}, exitDone, "fhir.token_file: everybody on this machine can read"},
		{[]string{"--fhir.token_file", token}, exitDone, "a bearer token (***)"},
		{[]string{"--fhir.base_url", "http://ehr.example/fhir"}, exitDone, "fhir.base_url: what is sent can be read"},
		{[]string{"--fhir.base_url", "http://127.0.0.1:8080/fhir"}, exitDone, "serve needs system/"},
		{[]string{"--fhir.token_file", canary}, exitWrongUse, "fhir.token_file"},
		{[]string{"--fhir.auth.kind", "smart", "--fhir.auth.client_id", "x", "--fhir.auth.key_file", token}, exitWrongUse, "fhir.auth.key_file"},
		{[]string{"--fhir.auth.kind", "basic", "--fhir.auth.basic_file", canary}, exitWrongUse, "fhir.auth.basic_file"},
		{[]string{"--fhir.base_url", "https://x:" + canary + "@ehr.example/fhir"}, exitWrongUse, "fhir.base_url"},
	} {
		code, out, errs := tilsyn(t, append([]string{"check-config"}, tt.args...)...)
		if code != tt.code || !strings.Contains(out+errs, tt.want) || strings.Contains(out+errs, canary) {
			t.Errorf("%v: exit %d, %s%s; want %d and %q", tt.args, code, out, errs, tt.code, tt.want)
		}
	}
}

// A key that was made can be published, and only its public part is.
func TestJWKS(t *testing.T) {
	for _, algorithm := range []string{"es384", "RS384"} {
		key := filepath.Join(t.TempDir(), "key.pem")
		code, made, errs := tilsyn(t, "jwks", "--new", algorithm, key)
		if code != exitDone {
			t.Fatalf("exit %d: %s", code, errs)
		}
		if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the private key: %v, %v", info.Mode(), err)
		}
		set := gjson.Parse(made).Get("keys.0")
		if set.Get("alg").String() != strings.ToUpper(algorithm) || set.Get("kid").String() == "" || set.Get("d").Exists() {
			t.Errorf("got %s", made)
		}
		if _, again, _ := tilsyn(t, "jwks", "--fhir.auth.kind", "smart", "--fhir.auth.client_id", "x", "--fhir.auth.key_file", key); again != made {
			t.Errorf("the setting says %s, the file %s", again, made)
		}
	}
}

// doctor tells what a server does, in a table or as JSON, and fails on one that
// is not safe.
func TestDoctor(t *testing.T) {
	base, stop, err := startSandbox("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	code, out, errs := tilsyn(t, "doctor", "--fhir.base_url", base)
	if code != exitDone || !strings.Contains(out, "run `tilsyn setup`") || strings.Contains(out, "throw-away") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	code, out, errs = tilsyn(t, "doctor", "--write", "--json", "--fhir.base_url", base)
	if code != exitDone || !strings.Contains(out, "throw-away Tasks deleted") || !json.Valid([]byte(out)) {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
	server, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: server.Host})
	}})
	defer elsewhere.Close()
	code, out, errs = tilsyn(t, "doctor", "--fhir.base_url", elsewhere.URL+"/fhir")
	if code != exitFailed || !strings.Contains(out, "calls itself "+base) || !strings.Contains(errs, "not safe: links") {
		t.Errorf("exit %d, %s%s", code, out, errs)
	}
}
