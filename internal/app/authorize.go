package app

import (
	"net/http"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/auth"
)

// transport is the way to the FHIR server, with what we show there.
func (o Options) transport() (http.RoundTripper, error) {
	wire, err := o.wire()
	if err != nil {
		return nil, err
	}
	source, err := o.source(wire)
	if source == nil || err != nil {
		return wire, err
	}
	return auth.Transport(o.Config.FHIR.BaseURL, source, wire)
}

// wire is the way there with nothing shown but a certificate.
func (o Options) wire() (http.RoundTripper, error) {
	if o.Transport != nil {
		return o.Transport, nil
	}
	pool := fhir.Pool(o.Config.FHIR.MaxConcurrent)
	own, err := outbound(o.Config.FHIR.TLS, o.Log)
	if own != nil {
		pool.TLSClientConfig = own
	}
	return pool, err
}

// source knows what we show, or is nil where that is nothing.
func (o Options) source(wire http.RoundTripper) (auth.Source, error) {
	f := o.Config.FHIR
	switch f.AuthKind() {
	case config.AuthBearer:
		return auth.Bearer(func() (string, error) { return f.TokenFile.Read("fhir.token_file") }), nil
	case config.AuthBasic:
		return auth.Basic(func() (string, error) { return f.Auth.BasicFile.Read("fhir.auth.basic_file") }), nil
	case config.AuthSMART:
		return auth.Smart(auth.SmartOptions{
			BaseURL: f.BaseURL, TokenURL: f.Auth.TokenURL, Audience: f.Auth.Audience,
			ClientID: f.Auth.ClientID, Scopes: o.scopes(), Transport: wire,
			Keys:     func() (string, error) { return f.Auth.KeyFile.Read("fhir.auth.key_file") },
			Narrowed: narrowed(o.Log),
		})
	}
	return nil, nil
}

// narrowed warns of scopes that we asked for and did not get: some work will be
// refused, and this says which before the first nurse waits. A token lives for
// minutes, so the same is said once.
func narrowed(log zerolog.Logger) func([]string) {
	var said seldom
	return func(missing []string) {
		if scopes := strings.Join(missing, " "); said.due(scopes, time.Now(), 0) {
			log.Warn().Str("missing", scopes).Msg("the token grants less than was asked for; see docs/authorization.md")
		}
	}
}
