package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/tilsyn/tilsyn/internal/outside"
)

// Secret says where a secret lies: the path of a file, or env:NAME for an
// environment variable. It is read anew every time, so a file that is replaced
// counts at once. Printed it is ***, and no error quotes it: somebody may have
// written the secret itself where its file belongs.
type Secret string

const fromEnv = "env:"

// Read gives the whole secret without the space around it. key is its setting,
// for the error.
func (s Secret) Read(key string) (string, error) {
	text, err := s.content()
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", fmt.Errorf("%s: the file or variable that it names is empty", key)
	}
	return text, nil
}

func (s Secret) content() (string, error) {
	if name, ok := strings.CutPrefix(string(s), fromEnv); ok {
		text, ok := os.LookupEnv(name)
		if !ok {
			return "", errors.New("the environment variable that it names is not set")
		}
		return text, nil
	}
	raw, err := outside.Read(string(s), outside.MaxSecret)
	if err != nil {
		return "", fmt.Errorf("the file that it names cannot be read: %w", withoutPath(err))
	}
	return string(raw), nil
}

func withoutPath(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}

// Lines gives the one or two secrets that are valid at once, one a line: while
// a secret is replaced, callers show the old one and the new one. The first is
// the one to hand out.
func (s Secret) Lines(key string) ([]string, error) {
	text, err := s.Read(key)
	if err != nil {
		return nil, err
	}
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) > 2 {
		return nil, fmt.Errorf("%s: the file holds %d lines; write one secret, or a new one and the old one below", key, len(lines))
	}
	return lines, nil
}

// String hides what may be a secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString hides it from %#v.
func (s Secret) GoString() string { return fmt.Sprintf("%q", s.String()) }

// MarshalText hides it from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// secrets are all that are set, by their settings.
func (c Config) secrets() map[string]Secret {
	all := map[string]Secret{
		"fhir.token_file":      c.FHIR.TokenFile,
		"fhir.auth.basic_file": c.FHIR.Auth.BasicFile,
		"fhir.auth.key_file":   c.FHIR.Auth.KeyFile,
		"fhir.tls.key_file":    c.FHIR.TLS.KeyFile,
		"tls.key_file":         c.TLS.KeyFile,
		"operator.token_file":  c.Operator.TokenFile,
		"hook.token_file":      c.Hook.TokenFile,
		"hook.secret_file":     c.Hook.SecretFile,
	}
	maps.DeleteFunc(all, func(_ string, s Secret) bool { return s == "" })
	return all
}

// shownByCallers are the secrets of which two may be valid at once.
var shownByCallers = []string{"hook.token_file", "hook.secret_file", "operator.token_file"}

// CheckSecrets reads every secret that is set, and says which cannot be read.
func (c Config) CheckSecrets() error {
	var errs []error
	all := c.secrets()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		_, err := all[key].Read(key)
		if err == nil && slices.Contains(shownByCallers, key) {
			_, err = all[key].Lines(key)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
