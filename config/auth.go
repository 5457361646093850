package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// The kinds of Auth.
const (
	AuthNone   = "none"
	AuthBearer = "bearer" // a token from fhir.token_file
	AuthBasic  = "basic"  // name and password from a file
	AuthSMART  = "smart"  // SMART Backend Services
)

// Auth says how we show the FHIR server who we are.
type Auth struct {
	Kind      string `mapstructure:"kind"`       // empty: bearer with fhir.token_file, else none; see Config.AuthKind
	BasicFile Secret `mapstructure:"basic_file"` // name:password
	ClientID  string `mapstructure:"client_id"`
	KeyFile   Secret `mapstructure:"key_file"`  // PEM, JWK or JWK set
	TokenURL  string `mapstructure:"token_url"` // empty: as the server's SMART configuration says
	Audience  string `mapstructure:"audience"`  // empty: the token URL
	Scopes    string `mapstructure:"scopes"`    // with spaces between; empty: what the command needs
}

// AuthKind is how we show who we are, never empty.
func (f FHIR) AuthKind() string {
	switch {
	case f.Auth.Kind != "":
		return f.Auth.Kind
	case f.TokenFile != "":
		return AuthBearer
	}
	return AuthNone
}

// authSetting is a setting that only one kind of authentication uses.
type authSetting struct {
	key, value, kind string
	needed           bool
}

func (f FHIR) authSettings() []authSetting {
	return []authSetting{
		{"fhir.token_file", string(f.TokenFile), AuthBearer, true},
		{"fhir.auth.basic_file", string(f.Auth.BasicFile), AuthBasic, true},
		{"fhir.auth.client_id", f.Auth.ClientID, AuthSMART, true},
		{"fhir.auth.key_file", string(f.Auth.KeyFile), AuthSMART, true},
		{"fhir.auth.token_url", f.Auth.TokenURL, AuthSMART, false},
		{"fhir.auth.audience", f.Auth.Audience, AuthSMART, false},
		{"fhir.auth.scopes", f.Auth.Scopes, AuthSMART, false},
	}
}

func (f FHIR) validateAuth() error {
	kind := f.AuthKind()
	switch kind {
	case AuthNone, AuthBearer, AuthBasic, AuthSMART:
	default:
		return fmt.Errorf("configuration: fhir.auth.kind: %q must be none, bearer, basic or smart", kind)
	}
	var errs []error
	for _, s := range f.authSettings() {
		switch {
		case s.kind == kind && s.needed && s.value == "":
			errs = append(errs, fmt.Errorf("configuration: %s: needed with fhir.auth.kind %s", s.key, kind))
		case s.kind != kind && s.value != "":
			errs = append(errs, fmt.Errorf("configuration: %s: is only used with fhir.auth.kind %s, but that is %s; remove one of them", s.key, s.kind, kind))
		}
	}
	if !f.tokenURL() {
		errs = append(errs, errors.New("configuration: fhir.auth.token_url: must look like https://login.example/token, without user or password"))
	}
	if strings.ContainsFunc(f.Auth.Scopes, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		errs = append(errs, errors.New("configuration: fhir.auth.scopes: write scopes such as system/Task.rs with one space between"))
	}
	return errors.Join(errs...)
}

// tokenURL: http is for a FHIR server that has no TLS either.
func (f FHIR) tokenURL() bool {
	u, err := url.Parse(f.Auth.TokenURL)
	secure := err == nil && (u.Scheme == "https" || u.Scheme == "http" && strings.HasPrefix(f.BaseURL, "http://"))
	return f.Auth.TokenURL == "" || secure && u.Host != "" && u.User == nil && u.Fragment == ""
}
