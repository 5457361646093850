package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
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
	raw, err := os.ReadFile(string(s))
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

// CheckSecrets reads every secret that is set, and says which cannot be read.
func (c Config) CheckSecrets() error {
	var errs []error
	all := c.secrets()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		_, err := all[key].Read(key)
		if err == nil && key != "fhir.token_file" && strings.HasSuffix(key, "token_file") {
			_, err = all[key].Lines(key)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Warnings are what is allowed but unwise beside a hospital's server.
func (c Config) Warnings() []string {
	var unwise []string
	all := c.secrets()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if all[key].exposed() {
			unwise = append(unwise, key+": everybody on this machine can read the file; take that right away with chmod o-r")
		}
	}
	for key, u := range map[string]string{"fhir.base_url": c.FHIR.BaseURL, "fhir.auth.token_url": c.FHIR.Auth.TokenURL, "hook.public_url": c.Hook.PublicURL} {
		if inTheClear(u) {
			unwise = append(unwise, key+": what is sent can be read on the way; use https")
		}
	}
	slices.Sort(unwise)
	return unwise
}

// exposed tells of a file that everybody on this machine can read.
func (s Secret) exposed() bool {
	info, err := os.Stat(string(s))
	return err == nil && info.Mode().Perm()&0o004 != 0
}

// inTheClear tells of a URL without TLS that leaves this machine.
func inTheClear(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Scheme == "http" && u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback()
}
