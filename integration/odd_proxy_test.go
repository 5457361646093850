package integration_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/fhir"
)

// ask is one request as it came, or one search of a batch.
type ask struct {
	method string
	path   string // below the base: Task, Task/12, or empty
	query  url.Values
	header http.Header
	body   []byte
}

// said is what a server answers.
type said struct {
	status int
	header http.Header
	body   []byte
}

type server func(ask) said

// habit is what a server does otherwise than it should; next does as it should.
type habit func(a ask, next server) said

// proxy is a server with a habit before one that has none. It takes one request at
// a time, so a habit that remembers needs no lock.
type proxy struct {
	real, base string // base URLs: of the server behind, and as callers know this one
	habit      habit
	http       *http.Client
	listener   *httptest.Server

	mu   sync.Mutex
	came []ask // whole requests, in their order
}

// newProxy puts a habit before a server. With a host, callers know it by that
// scheme and name, and reach it by the transport that it gives.
func newProxy(t testing.TB, real, host string, h habit) *proxy {
	pool := fhir.Pool(8)
	p := &proxy{real: real, habit: h, http: &http.Client{Transport: pool}}
	if strings.HasPrefix(host, "https:") {
		p.listener = httptest.NewTLSServer(p)
	} else {
		p.listener = httptest.NewServer(p)
	}
	if host == "" {
		host = p.listener.URL
	}
	p.base = host + "/fhir"
	t.Cleanup(func() { p.listener.Close(); pool.CloseIdleConnections() })
	return p
}

func (p *proxy) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller has gone
	}
	answer := p.take(ask{
		method: r.Method, path: strings.Trim(strings.TrimPrefix(r.URL.Path, "/fhir"), "/"), query: r.URL.Query(),
		header: r.Header, body: bytes.ReplaceAll(body, []byte(p.base), []byte(p.real)),
	})
	if answer.status == 0 {
		panic(http.ErrAbortHandler) // the connection is cut
	}
	for name, values := range answer.header {
		rw.Header()[name] = values
	}
	rw.WriteHeader(answer.status)
	_, _ = rw.Write(answer.body)
}

func (p *proxy) take(a ask) said {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.came = append(p.came, a)
	a.query = clone(a.query)
	return p.answer(a)
}

// clone copies values, which a habit may change.
func clone(q url.Values) url.Values {
	c := url.Values{}
	for name, values := range q {
		c[name] = slices.Clone(values)
	}
	return c
}

func (p *proxy) answer(a ask) said {
	if a.query.Has("_getpages") {
		a.path = "" // wherever a server's link puts it, the one behind has it here
	}
	if p.habit == nil {
		return p.plain(a)
	}
	return p.habit(a, p.plain)
}

// plain is the server without its habit, which the searches of a batch have each
// for itself.
func (p *proxy) plain(a ask) said {
	if a.batch() {
		return p.searches(a)
	}
	u := p.real
	if a.path != "" {
		u += "/" + a.path
	}
	if len(a.query) > 0 {
		u += "?" + a.query.Encode()
	}
	req, err := http.NewRequest(a.method, u, bytes.NewReader(a.body))
	if err != nil {
		return failure(http.StatusBadRequest, "invalid")
	}
	req.Header = a.header.Clone()
	req.Header.Del("Accept-Encoding") // the client below asks for it and undoes it
	return p.forward(req)
}

func (p *proxy) forward(req *http.Request) said {
	resp, err := p.http.Do(req)
	if err != nil {
		return failure(http.StatusBadGateway, "transient")
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return failure(http.StatusBadGateway, "transient")
	}
	resp.Header.Del("Content-Length")
	return said{resp.StatusCode, resp.Header, bytes.ReplaceAll(body, []byte(p.real), []byte(p.base))}
}

// searches answers a batch search by search. It is put together as text, so that a
// broken answer breaks the whole.
func (p *proxy) searches(a ask) said {
	var entries []string
	for _, query := range gjson.GetBytes(a.body, "entry.#.request.url").Array() {
		path, rest, _ := strings.Cut(query.String(), "?")
		values, _ := url.ParseQuery(rest)
		one := p.answer(ask{method: http.MethodGet, path: path, query: values, header: a.header})
		status := fmt.Sprintf(`"status":"%d %s"`, one.status, http.StatusText(one.status))
		if one.status >= 300 {
			entries = append(entries, fmt.Sprintf(`{"response":{%s,"outcome":%s}}`, status, one.body))
			continue
		}
		entries = append(entries, fmt.Sprintf(`{"resource":%s,"response":{%s}}`, one.body, status))
	}
	return fhirJSON(http.StatusOK, `{"resourceType":"Bundle","type":"batch-response","entry":[`+strings.Join(entries, ",")+`]}`)
}

// count tells how many of the requests that came are of a kind.
func (p *proxy) count(kind func(ask) bool) (n int) {
	p.locked(func() {
		for _, a := range p.came {
			if kind(a) {
				n++
			}
		}
	})
	return n
}

func (p *proxy) locked(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (a ask) batch() bool { return a.bundle("batch") }

func (a ask) transaction() bool { return a.bundle("transaction") }

func (a ask) bundle(kind string) bool {
	return a.method == http.MethodPost && a.path == "" && gjson.GetBytes(a.body, "type").String() == kind
}

// search tells a search, or one of its later pages.
func (a ask) search() bool {
	return a.method == http.MethodGet && a.path != "metadata" && !strings.Contains(a.path, "/")
}

func (a ask) includes() bool { return a.query.Has("_include") || a.query.Has("_revinclude") }

// census tells the searches for who lies in the hospital, however it goes about them.
func (a ask) census() bool {
	return a.search() && a.path == "Encounter" && a.query.Has("status") && !a.query.Has("patient")
}

func fhirJSON(status int, body string) said {
	return said{status, http.Header{"Content-Type": {fhir.ContentType}}, []byte(body)}
}

func failure(status int, code string) said { return fhirJSON(status, outcome("error", code)) }

func outcome(severity, code string) string {
	return fmt.Sprintf(`{"resourceType":"OperationOutcome","issue":[{"severity":%q,"code":%q}]}`, severity, code)
}

// set changes one element of a body.
func (s said) set(path string, value any) said {
	if body, err := sjson.SetBytes(s.body, path, value); err == nil {
		s.body = body
	}
	return s
}

// entries are those of a Bundle, as JSON.
func (s said) entries() []gjson.Result { return gjson.GetBytes(s.body, "entry").Array() }

// keep leaves of a searchset the entries that are wanted.
func (s said) keep(wanted func(e gjson.Result) bool) said {
	return s.each(func(e gjson.Result) string {
		if !wanted(e) {
			return ""
		}
		return e.Raw
	})
}

// each changes the entries of a searchset, and drops those that become nothing.
func (s said) each(change func(e gjson.Result) string) said {
	var kept []string
	for _, e := range s.entries() {
		if raw := change(e); raw != "" {
			kept = append(kept, raw)
		}
	}
	return s.with(kept...)
}

func (s said) with(entries ...string) said {
	if !gjson.GetBytes(s.body, "entry").Exists() && len(entries) == 0 {
		return s
	}
	body, err := sjson.SetRawBytes(s.body, "entry", []byte("["+strings.Join(entries, ",")+"]"))
	if err == nil {
		s.body = body
	}
	return s
}

// add puts an entry behind the others.
func (s said) add(entry string) said {
	var all []string
	for _, e := range s.entries() {
		all = append(all, e.Raw)
	}
	return s.with(append(all, entry)...)
}

// ok tells a searchset.
func (s said) ok() bool {
	return s.status == http.StatusOK && gjson.GetBytes(s.body, "type").String() == "searchset"
}
