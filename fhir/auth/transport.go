// Package auth shows a FHIR server who we are: by SMART Backend Services, or by
// a token or a password from a file. Its errors hold no secret, and nothing
// that a server wrote freely.
package auth

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Source knows what to show. It is safe for concurrent use.
type Source interface {
	// Header is the Authorization header to send now.
	Header(ctx context.Context) (string, error)
	// Another is the header to send after the server has refused one with 401.
	// It is the refused one again where there is no other.
	Another(ctx context.Context, refused string) (string, error)
}

// transport sends requests with the header of its source.
type transport struct {
	base   *url.URL
	source Source
	next   http.RoundTripper
}

// Transport sends requests through next with what source says. A request that
// leads anywhere but under the base URL is not sent at all. One that is answered
// with 401 is sent once more if there is another header to show.
func Transport(baseURL string, source Source, next http.RoundTripper) (http.RoundTripper, error) {
	base, err := url.Parse(strings.TrimRight(baseURL, "/"))
	if err != nil || base.Host == "" {
		return nil, problem("the FHIR base URL must look like https://host/fhir")
	}
	return &transport{base, source, next}, nil
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.leadsUnder(r) {
		return nil, t.unsent(r, problem("the request leads outside the FHIR base URL"))
	}
	header, err := t.source.Header(r.Context())
	if err != nil {
		return nil, t.unsent(r, err)
	}
	answer, err := t.next.RoundTrip(showing(r, header))
	if err != nil || answer.StatusCode != http.StatusUnauthorized || (r.Body != nil && r.GetBody == nil) {
		return answer, err
	}
	another, err := t.source.Another(r.Context(), header)
	if err == nil && another == header {
		return answer, nil
	}
	discard(answer)
	if err != nil {
		return nil, err
	}
	return t.again(r, another)
}

// again sends a request that was refused before anything came of it.
func (t *transport) again(r *http.Request, header string) (*http.Response, error) {
	r = showing(r, header)
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		r.Body = body
	}
	return t.next.RoundTrip(r)
}

// leadsUnder tells whether the token may go where the request does.
func (t *transport) leadsUnder(r *http.Request) bool {
	u := r.URL
	rest, under := strings.CutPrefix(u.Path, t.base.Path)
	return under && (rest == "" || rest[0] == '/') && !slices.Contains(strings.Split(u.Path, "/"), "..") &&
		u.Scheme == t.base.Scheme && u.Host == t.base.Host && u.User == nil && u.Opaque == "" && (r.Host == "" || r.Host == u.Host)
}

// unsent keeps the contract of a RoundTripper, which closes the body always.
func (t *transport) unsent(r *http.Request, err error) error {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return err
}

// CloseIdleConnections lets http.Client reach the pool below.
func (t *transport) CloseIdleConnections() {
	if pool, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		pool.CloseIdleConnections()
	}
}

// showing is a copy: a RoundTripper must leave the request as it is.
func showing(r *http.Request, header string) *http.Request {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", header)
	return r
}

// discard reads what is left of an answer, so that its connection serves again.
func discard(answer *http.Response) {
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	_ = answer.Body.Close()
}

// Error is why there is nothing to show the server.
type Error struct{ error }

// Unwrap gives what was behind it, such as context.DeadlineExceeded.
func (e *Error) Unwrap() error { return e.error }

// Plain lets fhir.Client print the error as it is.
func (e *Error) Plain() {}

func problem(format string, args ...any) error { return &Error{fmt.Errorf(format, args...)} }
