package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/config"
)

func TestWhatIsUnwiseIsToldOnce(t *testing.T) {
	private, open := secretFile(t, "x"), secretFile(t, "x")
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
		"a variable":                 {func(c *config.Config) { c.FHIR.TokenFile = "env:HOME" }, ""},
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
