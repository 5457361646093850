package fhir_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/auth"
)

// connect starts a server under /fhir and a client for it.
func connect(t *testing.T, h http.Handler, change ...func(*fhir.Options)) *fhir.Client {
	t.Helper()
	srv := httptest.NewServer(http.StripPrefix("/fhir", h))
	t.Cleanup(srv.Close)
	o := fhir.Options{BaseURL: srv.URL + "/fhir"}
	for _, f := range change {
		f(&o)
	}
	return client(t, o)
}

func client(t *testing.T, o fhir.Options) *fhir.Client {
	t.Helper()
	c, err := fhir.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// show sends every request with a bearer token.
func show(t *testing.T, o *fhir.Options, token func() (string, error)) {
	t.Helper()
	transport, err := auth.Transport(o.BaseURL, auth.Bearer(token), fhir.Pool(1))
	if err != nil {
		t.Fatal(err)
	}
	o.Transport = transport
}

// always answers every request in the same way.
func always(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", fhir.ContentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// page is a searchset; next is a whole URL, or "" on the last page.
func page(next string, resources ...string) string {
	var entries []string
	for _, r := range resources {
		entries = append(entries, `{"resource":`+r+`}`)
	}
	link := ""
	if next != "" {
		link = fmt.Sprintf(`"link":[{"relation":"self","url":"x"},{"relation":"next","url":%q}],`, next)
	}
	return `{"resourceType":"Bundle","type":"searchset",` + link + `"entry":[` + strings.Join(entries, ",") + `]}`
}

func task(id string) string { return `{"resourceType":"Task","id":"` + id + `"}` }

func refs(rs []fhir.Resource) string {
	var all []string
	for _, r := range rs {
		all = append(all, r.Ref())
	}
	return strings.Join(all, " ")
}

func parse(t *testing.T, raw string) fhir.Resource {
	t.Helper()
	r, err := fhir.Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// bystander is another host that nobody must ever talk to.
type bystander struct {
	*httptest.Server
	connections atomic.Int32
}

func stranger(t *testing.T) *bystander {
	t.Helper()
	b := &bystander{}
	b.Server = httptest.NewUnstartedServer(always(200, page("", task("stolen"))))
	b.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			b.connections.Add(1)
		}
	}
	b.Start()
	t.Cleanup(b.Close)
	return b
}

// heardNothing calls the bystander itself: connections are accepted in order,
// so an earlier one has been counted when the answer comes.
func (b *bystander) heardNothing(t *testing.T) {
	t.Helper()
	answer, err := b.Client().Get(b.URL)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if n := b.connections.Load(); n != 1 {
		t.Errorf("%d connections reached a host outside the base URL", n-1)
	}
}
