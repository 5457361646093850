package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/tilsyn/tilsyn/fhir"
)

// errRequest tells that the operator pages cannot even be asked for.
var errRequest = errors.New("ask the service")

// askOperator gets one of the pages for operators from the service that runs on
// this machine with the same configuration.
func (a *App) askOperator(ctx context.Context, path string) (*http.Response, error) {
	own, err := a.certificate()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRequest, err)
	}
	transport := &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10}
	scheme := "http"
	if own != nil && !a.cfg.Operator.Loopback() {
		scheme, transport.TLSClientConfig = "https", only(own)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+a.Address()+path, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: operator.listen: %w", errRequest, err)
	}
	if file := a.cfg.Operator.TokenFile; file != "" {
		tokens, err := file.Lines("operator.token_file")
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errRequest, err)
		}
		req.Header.Set("Authorization", "Bearer "+tokens[0])
	}
	// A redirect would take the token along.
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(req)
	if err != nil {
		return nil, fhir.TransportError(err) // who answers there may be anybody
	}
	return answer, nil
}

// local is for pages without a token. A browser can be led to this machine by a
// name of somebody else's (DNS rebinding), but it sends that name along.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !namesThisMachine(r.Host) {
			http.Error(w, "without operator.token_file these pages answer as localhost or 127.0.0.1 alone", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func namesThisMachine(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]") // without a port
	}
	return strings.EqualFold(name, "localhost") || net.ParseIP(name).IsLoopback()
}

// only trusts a service that shows our own certificate, whatever name it is for:
// it is called by an address of this machine.
func only(own *pair) *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true, // what is verified is below, and stricter
		VerifyConnection: func(c tls.ConnectionState) error {
			if shown := c.PeerCertificates; len(shown) == 0 || string(shown[0].Raw) != string(own.now().Certificate[0]) {
				return errors.New("it shows another certificate than tls.cert_file")
			}
			return nil
		},
	}
}
