package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/config"
)

const hidden = "s3cret-canary"

func secretFile(t *testing.T, content string) config.Secret {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := errors.Join(os.WriteFile(path, []byte(content), 0o600), os.Chmod(filepath.Dir(path), 0o700)); err != nil {
		t.Fatal(err)
	}
	return config.Secret(path)
}

func TestASecretIsReadAnewEveryTime(t *testing.T) {
	s := secretFile(t, "old\n")
	for _, want := range []string{"old", "new"} {
		if err := os.WriteFile(string(s), []byte("  "+want+"\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Read("key"); got != want || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
}

func TestASecretFromTheEnvironment(t *testing.T) {
	t.Setenv("HIS_TOKEN", " "+hidden+" ")
	if got, err := config.Secret("env:HIS_TOKEN").Read("key"); got != hidden || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := config.Secret("env:HIS_OTHER_TOKEN").Read("fhir.token_file"); err == nil || !strings.Contains(err.Error(), "fhir.token_file") {
		t.Errorf("got %v", err)
	}
}

func TestTwoSecretsAreValidAtOnce(t *testing.T) {
	for content, want := range map[string][]string{
		"a": {"a"}, "a\nb\n": {"a", "b"}, "\n a \r\n\n b\r\n": {"a", "b"}, "a b": {"a b"},
	} {
		if got, err := secretFile(t, content).Lines("key"); !slices.Equal(got, want) || err != nil {
			t.Errorf("%q: got %q, %v", content, got, err)
		}
	}
	for _, content := range []string{"", "\n \n", hidden + "\nb\nc"} {
		_, err := secretFile(t, content).Lines("hook.token_file")
		if err == nil || !strings.Contains(err.Error(), "hook.token_file") || strings.Contains(err.Error(), hidden) {
			t.Errorf("%q: got %v", content, err)
		}
	}
}

// Who writes the secret itself where its file belongs must not find it in a
// log.
func TestASecretIsNeverPrinted(t *testing.T) {
	var c config.Config
	c.FHIR.TokenFile, c.FHIR.Auth.KeyFile, c.Hook.TokenFile = hidden, hidden, hidden
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	_, unread := c.FHIR.TokenFile.Read("fhir.token_file")
	for _, printed := range []string{string(raw), fmt.Sprint(c), fmt.Sprintf("%v %+v %#v %s %q %x", c, c, c, c.FHIR.TokenFile, c.FHIR.TokenFile, c.FHIR.TokenFile), unread.Error()} {
		if strings.Contains(printed, hidden) || strings.Contains(printed, fmt.Sprintf("%x", hidden)) {
			t.Errorf("printed: %s", printed)
		}
	}
	if !strings.Contains(fmt.Sprint(c), "***") {
		t.Error("*** says that there is one")
	}
}
