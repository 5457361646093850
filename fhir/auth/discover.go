package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tilsyn/tilsyn/fhir"
)

// endpoint is where tokens are given.
type endpoint struct {
	url        string
	name       string   // as errors call it
	algorithms []string // that its server can check; empty: it did not say
	version1   bool     // it knows no scopes of version 2
}

// wellKnown is what is used of a SMART configuration.
type wellKnown struct {
	TokenEndpoint string   `json:"token_endpoint"`
	Algorithms    []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	Capabilities  []string `json:"capabilities"`
}

const wellKnownPath = "/.well-known/smart-configuration"

// discover finds the endpoint, once until a request for a token fails.
func (s *smart) discover(ctx context.Context) (*endpoint, error) {
	if s.TokenURL != "" {
		return &endpoint{url: s.TokenURL, name: "the token endpoint at " + host(s.TokenURL)}, nil
	}
	if s.endpoint != nil {
		return s.endpoint, nil
	}
	found, err := s.configuration(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.trust(found.TokenEndpoint); err != nil {
		return nil, err
	}
	// Its name is the server's own, so it may be any.
	s.endpoint = &endpoint{url: found.TokenEndpoint, name: "the token endpoint of " + s.BaseURL + wellKnownPath, algorithms: found.Algorithms,
		version1: slices.Contains(found.Capabilities, "permission-v1") && !slices.Contains(found.Capabilities, "permission-v2")}
	return s.endpoint, nil
}

func (s *smart) configuration(ctx context.Context) (wellKnown, error) {
	var found wellKnown
	at := s.BaseURL + wellKnownPath
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return found, problem("fhir.base_url is no URL")
	}
	r.Header.Set("Accept", "application/json")
	answer, err := s.http.Do(r)
	if err != nil {
		return found, problem("ask %s: %w", at, fhir.TransportError(err))
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return found, problem("%s answered %d; set fhir.auth.token_url if this server has no SMART configuration", at, answer.StatusCode)
	}
	if json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&found) != nil {
		return found, problem("%s is no SMART configuration: it is not a JSON object; set fhir.auth.token_url", at)
	}
	return found, nil
}

// host is that of a configured URL, for people.
func host(at string) string {
	u, err := url.Parse(at)
	if err != nil {
		return "fhir.auth.token_url"
	}
	return u.Host
}

// trust: a FHIR server reached by TLS must not send us where there is none. An
// assertion for the endpoint itself is good nowhere else; one for a configured
// audience is good there, so it goes no further than that server.
func (s *smart) trust(endpoint string) error {
	at := s.BaseURL + wellKnownPath
	u, err := url.Parse(endpoint)
	base, baseErr := url.Parse(s.BaseURL)
	if err != nil || baseErr != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || base.Scheme != "http") {
		return problem("%s names no token endpoint that can be used: it must be an https URL; set fhir.auth.token_url", at)
	}
	if s.Audience != "" && origin(u) != origin(base) {
		return problem("%s names a token endpoint at another host, which is not given an assertion for fhir.auth.audience; set fhir.auth.token_url to the one that is meant", at)
	}
	return nil
}

// origin is the scheme, host and port of a URL (RFC 6454).
func origin(u *url.URL) string {
	port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
