package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/config"
)

// strong is as good as a random secret.
const strong = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"

func TestWhatIsUnwiseIsToldOnce(t *testing.T) {
	private, open := secretFile(t, strong), secretFile(t, strong)
	t.Setenv("HIS_TOKEN", strong)
	if err := os.Chmod(string(open), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		change func(*config.Config)
		want   string
	}{
		"nothing":                    {func(*config.Config) {}, ""},
		"a private file":             {func(c *config.Config) { c.Hook.TokenFile = private }, ""},
		"an open file":               {func(c *config.Config) { c.TLS.KeyFile = open }, "tls.key_file"},
		"a file that is not there":   {func(c *config.Config) { c.TLS.KeyFile = open + "x" }, ""},
		"a variable":                 {func(c *config.Config) { c.FHIR.TokenFile = "env:HIS_TOKEN" }, ""},
		"TLS":                        {func(c *config.Config) { c.FHIR.BaseURL = "https://ehr.example/fhir" }, ""},
		"in the clear":               {func(c *config.Config) { c.FHIR.BaseURL = "http://ehr.example/fhir" }, "fhir.base_url"},
		"to this machine":            {func(c *config.Config) { c.FHIR.BaseURL = "http://[::1]:8080/fhir" }, ""},
		"to this machine by name":    {func(c *config.Config) { c.FHIR.BaseURL = "http://localhost/fhir" }, ""},
		"a hook in the clear":        {func(c *config.Config) { c.Hook.PublicURL = "http://10.0.0.1:8090" }, "hook.public_url"},
		"a token asked in the clear": {func(c *config.Config) { c.FHIR.Auth.TokenURL = "http://login.example/token" }, "fhir.auth.token_url"},
	} {
		var c config.Config
		tt.change(&c)
		got := c.Warnings()
		if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], tt.want+": ")) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestASecretThatCanBeGuessedIsUnwise(t *testing.T) {
	for content, want := range map[string]bool{
		strong: false, strong + "\n" + strong: false, strong + "\nold": true, "sh0rt": true, strings.Repeat("a", 64): true, strings.Repeat("ab", 32): true,
		"3q2+7wABAgMEBQYHCAkKCw": false, "x": true,
	} {
		for key, set := range map[string]func(*config.Config, config.Secret){
			"fhir.token_file":     func(c *config.Config, s config.Secret) { c.FHIR.TokenFile = s },
			"hook.token_file":     func(c *config.Config, s config.Secret) { c.Hook.TokenFile = s },
			"hook.secret_file":    func(c *config.Config, s config.Secret) { c.Hook.SecretFile = s },
			"operator.token_file": func(c *config.Config, s config.Secret) { c.Operator.TokenFile = s },
		} {
			var c config.Config
			set(&c, secretFile(t, content))
			got := c.Warnings()
			if want != (len(got) == 1) || want && !strings.HasPrefix(got[0], key+": it holds a secret that can be guessed") || len(content) > 1 && strings.Contains(strings.Join(got, ""), content) {
				t.Errorf("%s with %q: %q", key, content, got)
			}
		}
	}
	for pair, want := range map[string]bool{"tilsyn:correct horse battery": false, "tilsyn:tilsyn": true, "a-long-name-alone:": true} {
		c := config.Config{FHIR: config.FHIR{Auth: config.Auth{BasicFile: secretFile(t, pair)}}}
		if got := c.Warnings(); (len(got) == 1) != want {
			t.Errorf("%q: %q", pair, got)
		}
	}
}

// Whoever may write a file, or put another in its place, decides as it does.
func TestAFileThatOthersMayWriteIsUnwise(t *testing.T) {
	for name, tt := range map[string]struct {
		above, dir, file os.FileMode
		want             string
	}{
		"its owner's alone":         {0o755, 0o755, 0o600, ""},
		"of a group":                {0o755, 0o755, 0o660, "the file"},
		"of all":                    {0o755, 0o755, 0o602, "the file"},
		"in a group's directory":    {0o755, 0o775, 0o600, "its directory"},
		"in everybody's directory":  {0o755, 0o777, 0o600, "its directory"},
		"in a sticky directory":     {0o755, 0o777 | os.ModeSticky, 0o600, ""},
		"below everybody's":         {0o777, 0o755, 0o600, "a directory above it"},
		"below a group's directory": {0o775, 0o755, 0o600, ""},
	} {
		path := tree(t, tt.above, tt.dir, tt.file)
		link := filepath.Join(t.TempDir(), "link")
		if err := errors.Join(os.Chmod(filepath.Dir(link), 0o700), os.Symlink(path, link)); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{path, link} {
			for key, c := range map[string]config.Config{
				"the configuration file": {File: path}, "policy.file": {Policy: config.Policy{File: path}}, "advice.file": {Advice: config.Advice{File: path}},
				"tls.cert_file": {TLS: config.TLS{CertFile: path}}, "hook.token_file": {Hook: config.Hook{TokenFile: config.Secret(path)}},
			} {
				got := c.Warnings()
				if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], key+": others on this machine may write "+tt.want+",")) {
					t.Errorf("%s as %s: %q, want %q", name, key, got, tt.want)
				}
			}
		}
	}
}

// tree is a file in two directories, with these modes.
func tree(t *testing.T, above, dir, file os.FileMode) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "above")
	path := filepath.Join(root, "dir", "file")
	err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(strong), 0o600),
		os.Chmod(path, file), os.Chmod(filepath.Dir(path), dir), os.Chmod(root, above), os.Chmod(filepath.Dir(root), 0o700))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// A proxy of the environment reads what goes through it without TLS.
func TestAProxyThatReadsATokenIsUnwise(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "REQUEST_METHOD"} {
		t.Setenv(name, "")
	}
	count := func(base string) (n int) {
		c := config.Config{FHIR: config.FHIR{BaseURL: base, Auth: config.Auth{TokenURL: base + "/token"}}}
		for _, w := range c.Warnings() {
			if strings.Contains(w, "the proxy proxy.example:3128, which HTTP_PROXY names") {
				n++
			}
			if strings.Contains(w, "pa55") {
				t.Errorf("the proxy's password is told: %s", w)
			}
		}
		return n
	}
	if n := count("http://ehr.example/fhir"); n != 0 {
		t.Errorf("without a proxy: %d", n)
	}
	t.Setenv("HTTP_PROXY", "http://user:pa55@proxy.example:3128")
	t.Setenv("HTTPS_PROXY", "http://user:pa55@proxy.example:3128")
	for base, want := range map[string]int{"http://ehr.example/fhir": 2, "https://ehr.example/fhir": 0, "http://localhost:8080/fhir": 0, "http://127.0.0.1/fhir": 0} {
		if n := count(base); n != want {
			t.Errorf("%s: %d, want %d", base, n, want)
		}
	}
	t.Setenv("NO_PROXY", "ehr.example")
	if n := count("http://ehr.example/fhir"); n != 0 {
		t.Errorf("named in NO_PROXY: %d", n)
	}
}

func TestEverySecretIsReadByCheckSecrets(t *testing.T) {
	var c config.Config
	c.FHIR.TokenFile, c.FHIR.Auth.BasicFile, c.FHIR.Auth.KeyFile, c.FHIR.TLS.KeyFile = hidden, hidden, hidden, hidden
	c.TLS.KeyFile, c.Operator.TokenFile, c.Hook.TokenFile = hidden, hidden, secretFile(t, "a\nb\nc")
	c.Hook.SecretFile = secretFile(t, "a\nb\nc")
	err := c.CheckSecrets()
	if err == nil || strings.Contains(err.Error(), hidden) {
		t.Fatalf("got %v", err)
	}
	for _, key := range []string{"fhir.token_file", "fhir.auth.basic_file", "fhir.auth.key_file", "fhir.tls.key_file", "tls.key_file",
		"operator.token_file", "hook.token_file", "hook.secret_file"} {
		if !strings.Contains(err.Error(), key+": ") {
			t.Errorf("%s is missing: %v", key, err)
		}
	}
}
