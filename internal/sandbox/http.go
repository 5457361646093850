package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxBody bounds what a request may carry.
const maxBody = 64 << 20

const fhirJSON = "application/fhir+json;charset=UTF-8"

// ServeHTTP serves FHIR under /fhir and a page for people at /.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.Trim(r.URL.Path, "/")
	switch {
	case path == "":
		s.serveHome(w, r)
	case path == "fhir" || strings.HasPrefix(path, "fhir/"):
		s.serveFHIR(w, r, strings.Trim(strings.TrimPrefix(path, "fhir"), "/"))
	default:
		http.NotFound(w, r)
	}
}

func (s *Server) serveFHIR(w http.ResponseWriter, r *http.Request, path string) {
	if path == "metadata" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		send(w, r, http.StatusOK, s.capability(s.baseOf(r)))
		return
	}
	c, err := s.callOf(w, r, path)
	var a *answer
	if err == nil {
		a, err = s.serve(c)
	}
	if err != nil {
		f := asFault(err)
		if f.location != "" {
			w.Header().Set("Location", f.location)
		}
		send(w, r, f.status, outcome(f.issues...))
		return
	}
	a.headers(w.Header(), c)
	send(w, r, a.status, a.payload(r.Header.Get("Prefer"), c.method))
}

// baseOf is the base of the absolute URLs in an answer to r.
func (s *Server) baseOf(r *http.Request) string {
	if s.base != "" {
		return s.base
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + "/fhir"
}

// callOf reads a request into a call.
func (s *Server) callOf(w http.ResponseWriter, r *http.Request, path string) (*call, error) {
	c := &call{
		method: r.Method, path: path, base: s.baseOf(r),
		ifMatch: r.Header.Get("If-Match"), ifNoneMatch: r.Header.Get("If-None-Match"), ifNoneExist: r.Header.Get("If-None-Exist"),
	}
	if c.method == http.MethodHead {
		c.method = http.MethodGet
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "Invalid query: %v", err)
	}
	c.query = query
	if !acceptable(r, query) {
		return nil, refuse(http.StatusNotAcceptable, "This server speaks application/fhir+json only")
	}
	c.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, refuse(http.StatusRequestEntityTooLarge, "The body is larger than %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "Failed to read request body: %v", err)
	}
	return c, c.readForm(r.Header.Get("Content-Type"))
}

// readForm checks the content type, and adds the parameters of a search by POST to those in the URL.
func (c *call) readForm(contentType string) error {
	media, _, err := mime.ParseMediaType(contentType)
	if len(c.body) == 0 || err == nil && strings.Contains(media, "json") {
		return nil
	}
	if media != "application/x-www-form-urlencoded" || !strings.HasSuffix(c.path, "/_search") {
		return refuse(http.StatusBadRequest, "Incorrect Content-Type header value of %q: send application/fhir+json", clip(contentType))
	}
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return refuse(http.StatusBadRequest, "Invalid search parameters: %v", err)
	}
	for name, values := range form {
		c.query[name] = append(c.query[name], values...)
	}
	return nil
}

// acceptable tells whether the client takes JSON. A browser says that it takes everything.
func acceptable(r *http.Request, query url.Values) bool {
	if format := query.Get("_format"); format != "" {
		return strings.Contains(format, "json") || strings.Contains(format, "html")
	}
	accept := r.Header.Get("Accept")
	return accept == "" || strings.Contains(accept, "json") || strings.Contains(accept, "*") || strings.Contains(accept, "html")
}

// headers sets what says which version of what this is.
func (a *answer) headers(h http.Header, c *call) {
	if a.rec == nil || a.ver.body == nil {
		return
	}
	h.Set("ETag", etag(a.ver.number))
	h.Set("Last-Modified", lastModified(a.ver.at))
	h.Set("Content-Location", c.base+"/"+versioned(a.rec, a.ver))
	if c.method == http.MethodPost {
		h.Set("Location", c.base+"/"+versioned(a.rec, a.ver))
	}
}

// payload is the body of the answer: by default what was read or written, for a write less if the client prefers so.
func (a *answer) payload(prefer, method string) []byte {
	minimal := method != http.MethodGet && strings.Contains(prefer, "return=minimal")
	remarkOnly := method != http.MethodGet && strings.Contains(prefer, "return=OperationOutcome")
	switch {
	case a.bundle != nil:
		return a.bundle.encode()
	case a.remark != "":
		return outcome(information("%s", a.remark))
	case minimal || a.status == http.StatusNotModified:
		return nil
	case remarkOnly:
		return outcome(information("Successfully stored %s", versioned(a.rec, a.ver)))
	}
	return a.ver.body
}

// encode writes the bundle. Resources go through byte for byte, and are not read again: they were checked when they were stored.
func (b *bundle) encode() []byte {
	entries := b.Entry
	head := *b
	head.Entry = nil
	out := marshal(head)
	if len(entries) == 0 {
		return out
	}
	out = append(out[:len(out)-1], `,"entry":[`...)
	for i, e := range entries {
		if i > 0 {
			out = append(out, ',')
		}
		out = e.append(out)
	}
	return append(out, `]}`...)
}

// append writes an entry, with its resource behind the rest.
func (e bundleEntry) append(out []byte) []byte {
	resource := e.Resource
	e.Resource = nil
	rest := marshal(e)
	out = append(out, rest[:len(rest)-1]...)
	if resource != nil {
		if len(rest) > len("{}") {
			out = append(out, ',')
		}
		out = append(append(out, `"resource":`...), resource...)
	}
	return append(out, '}')
}

// marshal writes what we made ourselves; nothing is escaped that need not be.
func marshal(v any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(fmt.Sprintf("sandbox: encode a Bundle of checked resources: %v", err))
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// entry is the answer as an entry of a response Bundle. HAPI writes the bare version into etag.
func (a *answer) entry(withResource bool) bundleEntry {
	e := bundleEntry{Response: &bundleResponse{Status: statusLine(a.status)}}
	switch {
	case a.bundle != nil:
		e.Resource = a.bundle.encode()
	case a.remark != "":
		e.Response.Status = statusLine(http.StatusNoContent)
		e.Response.Outcome = outcome(information("%s", a.remark))
	case withResource:
		e.Resource = a.ver.body
	default:
		e.Response.Location, e.Response.ETag = versioned(a.rec, a.ver), strconv.Itoa(a.ver.number)
		e.Response.LastModified = instant(a.ver.at)
	}
	return e
}

func failedEntry(err error) bundleEntry {
	f := asFault(err)
	return bundleEntry{Response: &bundleResponse{Status: statusLine(f.status), Outcome: outcome(f.issues...)}}
}

func statusLine(status int) string { return strconv.Itoa(status) + " " + http.StatusText(status) }

// send writes body. For a browser it is pretty, and called plain JSON, which a browser shows instead of saving it.
func send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	query := r.URL.Query()
	browser := strings.Contains(r.Header.Get("Accept"), "text/html") || strings.Contains(query.Get("_format"), "html")
	contentType := fhirJSON
	if browser {
		contentType = "application/json;charset=UTF-8"
	}
	if browser || query.Get("_pretty") == "true" {
		var pretty bytes.Buffer
		if json.Indent(&pretty, body, "", "  ") == nil {
			body = pretty.Bytes()
		}
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if len(body) > 0 {
		w.Header().Set("Content-Type", contentType)
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client has gone: nobody is left to tell
	}
}
