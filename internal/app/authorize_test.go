package app_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir/auth"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// seen is a server that keeps what it was shown and answers nothing.
type seen struct{ headers, urls []string }

func (s *seen) RoundTrip(r *http.Request) (*http.Response, error) {
	s.headers, s.urls = append(s.headers, r.Header.Get("Authorization")), append(s.urls, r.URL.String())
	return nil, errors.New("nobody is there")
}

func written(t *testing.T, content string) config.Secret {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Secret(path)
}

func TestWhatIsShownToTheServer(t *testing.T) {
	key, err := auth.NewKey("ES384")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		fhir        config.FHIR
		header, url string
	}{
		"nothing":          {config.FHIR{}, "", "https://ehr.test/fhir/metadata"},
		"none":             {config.FHIR{Auth: config.Auth{Kind: "none"}}, "", "https://ehr.test/fhir/metadata"},
		"a token, as ever": {config.FHIR{TokenFile: written(t, "abc\n")}, "Bearer abc", "https://ehr.test/fhir/metadata"},
		"a password":       {config.FHIR{Auth: config.Auth{Kind: "basic", BasicFile: written(t, "a:b\n")}}, "Basic YTpi", "https://ehr.test/fhir/metadata"},
		"SMART, found": {config.FHIR{Auth: config.Auth{Kind: "smart", ClientID: "x", KeyFile: written(t, string(key))}},
			"", "https://ehr.test/fhir/.well-known/smart-configuration"},
		"SMART, configured": {config.FHIR{Auth: config.Auth{Kind: "smart", ClientID: "x", KeyFile: written(t, string(key)), TokenURL: "https://login.test/token"}},
			"", "https://login.test/token"},
	} {
		tt.fhir.BaseURL = "https://ehr.test/fhir"
		server := &seen{}
		a, err := app.New(app.Options{Policy: pathway.DefaultPolicy(), Log: zerolog.Nop(), Transport: server, Config: config.Config{FHIR: tt.fhir}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_, _ = a.Client().Capabilities(t.Context())
		if !slices.Equal(server.headers, []string{tt.header}) || !slices.Equal(server.urls, []string{tt.url}) {
			t.Errorf("%s: the server saw %q at %q", name, server.headers, server.urls)
		}
	}
}

func TestASecretThatIsMissingIsToldByItsSetting(t *testing.T) {
	a, err := app.New(app.Options{Policy: pathway.DefaultPolicy(), Log: zerolog.Nop(), Transport: &seen{},
		Config: config.Config{FHIR: config.FHIR{BaseURL: "https://ehr.test/fhir", TokenFile: "s3cret-canary"}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Client().Capabilities(t.Context())
	if err == nil || !strings.Contains(err.Error(), "fhir.token_file") || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
}

// A job asks for no more than it takes: a look never for leave to write.
func TestEachJobAsksForTheLeast(t *testing.T) {
	var cfg config.Config
	policy := pathway.DefaultPolicy()
	for _, scope := range app.Scopes(app.Read, cfg, policy) {
		if _, letters, _ := strings.Cut(scope, "."); strings.ContainsAny(letters, "cud") {
			t.Errorf("a look asks for %s", scope)
		}
	}
	if got := strings.Join(app.Scopes(app.Setup, cfg, policy), " "); got != "system/CodeSystem.cs system/Device.cs system/Questionnaire.cs" {
		t.Errorf("setup asks for %s", got)
	}
	cfg.Hook.Enabled = true
	if got := app.Scopes(app.Setup, cfg, policy); !slices.Contains(got, "system/Subscription.cus") {
		t.Errorf("setup of a hook asks for %s", got)
	}
	if got := app.Scopes(app.Serve, cfg, policy); slices.ContainsFunc(got, func(s string) bool {
		return strings.Contains(s, "*") || strings.Contains(s, "d") && strings.HasSuffix(s, "d")
	}) {
		t.Errorf("serve asks for %s", got)
	}
}
