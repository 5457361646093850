package fhir

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"
)

// Options say how to reach the server.
type Options struct {
	BaseURL       string            // such as https://ehr.example/fhir; http or https, no query
	Timeout       time.Duration     // per request; 0: 30 s
	MaxConcurrent int               // requests under way at once; 0: 8
	Transport     http.RoundTripper // fhir/auth has one that shows who we are; nil: a Pool
	Chance        Chance            // draws how long a server that is unwell is left alone; nil: at random
	Arrive        func(what string) // called before a request waits for its turn, so that a simulation can keep two from coming at one moment; nil: nothing is
}

// Client speaks to one FHIR server. It is safe for concurrent use.
type Client struct {
	base   string
	home   *url.URL // the base URL, in its parts
	arrive func(what string)
	http   *resty.Client
	guard  *guard
	clock  clock
	quirks quirks
}

const (
	defaultTimeout = 30 * time.Second
	defaultSlots   = 8
)

// New checks the options; it sends nothing.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.BaseURL)
	if err != nil || u.Host == "" || u.User != nil || strings.ContainsAny(o.BaseURL, "?#") || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("the FHIR base URL must look like https://host/fhir, without user, password or query")
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxConcurrent <= 0 {
		o.MaxConcurrent = defaultSlots
	}
	if o.Transport == nil {
		o.Transport = Pool(o.MaxConcurrent)
	}
	if o.Chance == nil {
		o.Chance = rand.N[time.Duration]
	}
	h := resty.New().
		SetTransport(newRation(o.Transport)).
		SetTimeout(o.Timeout).
		SetResponseBodyLimit(maxBody).
		SetRedirectPolicy(resty.RedirectPolicyFunc(noRedirect)).
		SetCookieJar(nil). // it would keep whatever it is given, for ever
		SetHeader("Accept", ContentType).
		SetHeader("User-Agent", "tilsyn").
		SetLogger(silent{})
	u.Path = strings.TrimRight(u.Path, "/")
	return &Client{
		base:   strings.TrimRight(o.BaseURL, "/"),
		home:   u,
		arrive: o.Arrive,
		http:   h,
		guard:  newGuard(o.MaxConcurrent, o.Chance),
	}, nil
}

// noRedirect takes a redirect for an answer like any other: one that is followed
// carries the token elsewhere.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Pool keeps one idle connection a worker: net/http keeps two by default and
// dials anew for the rest.
func Pool(n int) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost, t.MaxIdleConns = n, n
	t.MaxResponseHeaderBytes = 64 << 10
	return t
}

// silent: resty would log URLs, and so patients.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}

// Base is the configured base URL without a trailing slash.
func (c *Client) Base() string { return c.base }

// Load is what was asked of the server.
func (c *Client) Load() Load { return c.guard.count() }

// Close lets go of idle connections.
func (c *Client) Close() {
	c.guard.close()
	c.http.GetClient().CloseIdleConnections()
}

// Read gets one resource by its reference, Type/id.
func (c *Client) Read(ctx context.Context, ref string) (Resource, error) {
	local, ok := c.LocalRef(ref)
	if !ok {
		return Resource{}, &Error{Op: "read", cause: errors.New("not a reference into the configured server")}
	}
	return c.one(ctx, local, "")
}

// ReadVersion gets one version of a resource, Type/id.
func (c *Client) ReadVersion(ctx context.Context, ref, version string) (Resource, error) {
	local, ok := c.LocalRef(ref)
	if !ok || !ValidID(version) {
		return Resource{}, &Error{Op: "read", cause: errors.New("not a version of a resource of the configured server")}
	}
	return c.one(ctx, local, "/_history/"+version)
}

// one gets Type/id, or a version of it.
func (c *Client) one(ctx context.Context, local, version string) (Resource, error) {
	typ, id, _ := strings.Cut(local, "/")
	res, err := c.send(ctx, "read "+typ, http.MethodGet, "/"+local+version, nil)
	if err == nil && (res.Type() != typ || res.ID() != id) {
		return Resource{}, &Error{Op: "read " + typ, Status: http.StatusOK, cause: errors.New("with another resource")}
	}
	return res, err
}

func (c *Client) send(ctx context.Context, op, method, path string, body []byte) (Resource, error) {
	answer, err := c.roundTrip(ctx, op, method, path, body)
	if err != nil {
		return Resource{}, err
	}
	if !answer.IsSuccess() {
		return Resource{}, answerError(op, answer.StatusCode(), answer.Body())
	}
	res, err := Parse(answer.Body())
	if err != nil {
		return Resource{}, &Error{Op: op, Status: answer.StatusCode(), cause: err}
	}
	return res, nil
}

func (c *Client) roundTrip(ctx context.Context, op, method, path string, body []byte, headers ...string) (*resty.Response, error) {
	req := c.http.R().SetContext(ctx)
	if path != statement { // HAPI takes half a second to make that anew
		req.SetHeader("Cache-Control", "no-cache") // else it repeats a search result for 60 s
	}
	if body != nil {
		req.SetHeader("Content-Type", ContentType).SetBody(body)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.SetHeader(headers[i], headers[i+1])
	}
	answer, err := c.guarded(req, method, c.base+path, method+path+string(body))
	if err != nil {
		return nil, &Error{Op: op, cause: TransportError(err)}
	}
	c.clock.see(answer.Header())
	return answer, nil
}

// guarded sends a request when it is its turn; what is all that it asks.
func (c *Client) guarded(req *resty.Request, method, url, what string) (*resty.Response, error) {
	if c.arrive != nil {
		c.arrive(what)
	}
	if err := c.guard.enter(req.Context()); err != nil {
		return nil, err
	}
	v := verdict{sign: cutShort}
	defer func() { c.guard.leave(v) }() // also when a transport panics
	answer, err := req.Execute(method, url)
	if answer != nil {
		v = judged(answer.StatusCode(), answer.Header(), err)
	}
	return answer, err
}

// plain is an error of a transport that may be shown as it is: it holds no URL
// of a request and nothing that a server wrote freely.
type plain interface {
	error
	Plain()
}

// TransportError keeps what tells a person why there was no answer. net/http
// wraps the URL around every error, and quotes what it could not read: both can
// name a patient.
func TransportError(err error) error {
	if known, ok := errors.AsType[plain](err); ok {
		return known
	}
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, resty.ErrResponseBodyTooLarge} {
		if errors.Is(err, known) {
			return known
		}
	}
	var dial *net.OpError
	if errors.As(err, &dial) {
		return unreached(dial)
	}
	var cert *tls.CertificateVerificationError
	if errors.As(err, &cert) {
		return distrusted(cert)
	}
	return errors.New("the answer could not be read")
}
