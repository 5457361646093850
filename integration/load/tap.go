package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"

	"github.com/tidwall/gjson"
)

// tap stands between the FHIR server and whoever does the service's work,
// tilsyn or the bare generator. It counts, records, and tells the ward what
// was made the moment the server has answered, so that nobody has to ask the
// server for it. It costs both the same.
type tap struct {
	base string
	srv  *http.Server

	mu       sync.Mutex
	counts   counts
	expected map[string]*admission // by Encounter id
	record   bool
	recorded []shot
}

// openTap listens in front of the server at base.
func openTap(base string) (*tap, error) {
	server, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &tap{base: "http://" + listener.Addr().String() + server.Path, counts: counts{}, expected: map[string]*admission{}}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: server.Scheme, Host: server.Host})
			r.Out.Host = r.In.Host // links to a next page must lead back here
		},
		Transport:      pool(),
		ModifyResponse: t.answered,
		ErrorLog:       log.New(io.Discard, "", 0), // tilsyn lets go of its requests when it is stopped
	}
	t.srv = &http.Server{Handler: t.counting(proxy)}
	go func() { _ = t.srv.Serve(listener) }() // it ends with close
	return t, nil
}

func (t *tap) close() { _ = t.srv.Close() }

// pool keeps its connections: dialling anew would be what is measured.
func pool() *http.Transport {
	p := http.DefaultTransport.(*http.Transport).Clone()
	p.MaxIdleConns, p.MaxIdleConnsPerHost = 0, 256
	return p
}

// sent is the key of a transaction's body in its request's context.
type sent struct{}

func (t *tap) counting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the caller has gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		what := kindOf(r, body)
		t.saw(what, r, body)
		if what == write {
			r = r.WithContext(context.WithValue(r.Context(), sent{}, body))
		}
		next.ServeHTTP(w, r)
	})
}

func (t *tap) saw(what kind, r *http.Request, body []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[what]++
	if t.record {
		t.recorded = append(t.recorded, shot{method: r.Method, path: r.URL.RequestURI(), header: kept(r.Header), body: string(body)})
	}
}

// answered tells the ward what a transaction has made.
func (t *tap) answered(resp *http.Response) error {
	body, ok := resp.Request.Context().Value(sent{}).([]byte)
	if !ok || resp.StatusCode/100 != 2 {
		return nil
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	if resp.Header.Get("Content-Encoding") == "gzip" {
		if answer, err = unzip(answer); err != nil {
			return err
		}
	}
	t.announce(body, gjson.GetBytes(answer, "entry.#.response.location").Array())
	return nil
}

func unzip(b []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func (t *tap) announce(body []byte, locations []gjson.Result) {
	var m made
	var encounter string
	for i, e := range gjson.GetBytes(body, "entry").Array() {
		typ := e.Get("resource.resourceType").String()
		if e.Get("request.method").String() != http.MethodPost || i >= len(locations) {
			continue
		}
		switch typ {
		case "QuestionnaireResponse":
			m.response, m.draft = idIn(locations[i].String(), typ), e.Get("resource").Raw
		case "Task":
			m.task = idIn(locations[i].String(), typ)
		case "ServiceRequest":
			m.consult = true
		default:
			continue
		}
		encounter = strings.TrimPrefix(e.Get("resource.encounter.reference").String(), "Encounter/")
	}
	t.mu.Lock()
	a := t.expected[encounter]
	t.mu.Unlock()
	if a != nil {
		a.made <- m
	}
}

// idIn reads the id from a location such as Task/12/_history/1.
func idIn(location, typ string) string {
	_, rest, _ := strings.Cut(location, typ+"/")
	id, _, _ := strings.Cut(rest, "/")
	return id
}

// made is what one transaction made for an admission.
type made struct {
	task, response string // ids
	draft          string // the response as it was sent
	consult        bool
}

// expect makes the tap tell a what is made for it.
func (t *tap) expect(a *admission) {
	a.made = make(chan made, 8) // more than anybody writes about one admission
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expected[a.encounter] = a
}

func (t *tap) forget(a *admission) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.expected, a.encounter)
}

// recording gives the requests that come while f runs.
func (t *tap) recording(f func() error) ([]shot, error) {
	t.mu.Lock()
	t.record, t.recorded = true, nil
	t.mu.Unlock()
	err := f()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.record = false
	return t.recorded, err
}
