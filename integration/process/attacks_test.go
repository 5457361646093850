package process

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// astray are references and links that lead out of {base}, or would if they were
// read carelessly. {host} and {port} are those of somebody who must hear nothing;
// so does whoever is at any other address, as a proxy. %s is Type/id.
var astray = []string{
	"http://{host}/fhir/%s", "HTTP://{host}/fhir/%s", "//{host}/fhir/%s", `\\{host}\fhir\%s`, "http:{host}/%s", "http:/{host}/%s", `http:\\{host}\%s`, " http://{host}/%s",
	"http://localhost:{port}/fhir/%s", "http://LOCALHOST:{port}/%s", "http://[::ffff:127.0.0.1]:{port}/fhir/%s", "http://0x7f.1:{port}/%s", "http://2130706433:{port}/%s",
	"{base}@{host}/%s", "http://user:pw@{host}/%s", "http://{host}/?{base}/%s", "http://{host}#{base}/%s", "http://{host}/{base}/%s",
	"http://169.254.169.254/latest/meta-data/%s", "http://[fd00:ec2::254]/latest/%s", "http://metadata.google.internal/%s", "http://2852039166/%s", "http://[::ffff:a9fe:a9fe]/%s",
	"{base}.evil.example/%s", "{base}evil/%s", "http://ehr.example/fhir/%s", "https://ehr.exаmple/fhir/%s",
	"../%s", "../../admin/%s", "{base}/../admin/%s", "{base}/%%2e%%2e/admin/%s", "{base}/%%252e%%252e/admin/%s", "{base}/..;/admin/%s", `{base}\..\admin\%s`, "{base}/%s/../../../admin", "/admin/%s", "/%s",
	"file:///etc/passwd?%s", "gopher://{host}/_%s", "javascript:%s", "data:,%s", "urn:uuid:%s", "#%s", "%s?_format=http://{host}", "%s%%2f..%%2f..", "%s\r\nHost: {host}", "%s\x00",
}

// places are where a FHIR server names other resources: the resource that is
// attacked, the element, its JSON (%s is the link), and what it should name.
var places = []struct{ on, element, value, typ string }{
	{"Encounter", "subject", `{"reference":%s}`, "Patient"},
	{"Encounter", "partOf", `{"reference":%s}`, "Encounter"},
	{"Encounter", "location", `[{"location":{"reference":%s}}]`, "Location"},
	{"Encounter", "serviceProvider", `{"reference":%s}`, "Organization"},
	{"Patient", "link", `[{"other":{"reference":%s},"type":"replaced-by"}]`, "Patient"},
	{"Patient", "link", `[{"other":{"reference":%s},"type":"replaces"}]`, "Patient"},
	{"Task", "focus", `{"reference":%s}`, "ServiceRequest"},
	{"Task", "for", `{"reference":%s}`, "Patient"},
	{"Task", "encounter", `{"reference":%s}`, "Encounter"},
	{"Task", "owner", `{"reference":%s}`, "CareTeam"},
	{"Task", "input.1", `{"type":{"coding":[{"system":"http://hl7.org/fhir/uv/sdc/CodeSystem/temp","code":"response-endpoint"}]},"valueUrl":%s}`, "QuestionnaireResponse"},
	{"Task", "output.0.valueReference", `{"reference":%s}`, "QuestionnaireResponse"},
	{"Task", "output.1.valueReference", `{"reference":%s}`, "Observation"},
	{"Task", "output.2.valueReference", `{"reference":%s}`, "ServiceRequest"},
	{"Task", "output.3.valueReference", `{"reference":%s}`, "ServiceRequest"},
	{"QuestionnaireResponse", "encounter", `{"reference":%s}`, "Encounter"},
	{"QuestionnaireResponse", "subject", `{"reference":%s}`, "Patient"},
	{"QuestionnaireResponse", "author", `{"reference":%s}`, "Practitioner"},
	{"QuestionnaireResponse", "questionnaire", `%s`, "Questionnaire"},
	{"Observation", "derivedFrom", `[{"reference":%s}]`, "QuestionnaireResponse"},
	{"ServiceRequest", "subject", `{"reference":%s}`, "Patient"},
	{"ServiceRequest", "encounter", `{"reference":%s}`, "Encounter"},
	{"ServiceRequest", "reasonReference", `[{"reference":%s}]`, "Observation"},
}

// replies are what a server may send in place of an answer. body is what it had
// to say.
var replies = map[string]func(w http.ResponseWriter, body []byte){
	"100 MB":         func(w http.ResponseWriter, _ []byte) { blanks(w, 100<<20) },
	"a gzip bomb":    func(w http.ResponseWriter, _ []byte) { bomb(w, http.StatusOK) },
	"a failing bomb": func(w http.ResponseWriter, _ []byte) { bomb(w, http.StatusBadRequest) },
	"a redirect": func(w http.ResponseWriter, _ []byte) {
		w.Header().Set("Location", "http://169.254.169.254/latest/meta-data")
		w.WriteHeader(http.StatusTemporaryRedirect)
	},
	"deep nesting": func(w http.ResponseWriter, _ []byte) { io.WriteString(w, strings.Repeat(`{"a":[`, 4<<20)) },
	"bad UTF-8": func(w http.ResponseWriter, body []byte) {
		w.Write(bytes.ReplaceAll(body, []byte("Encounter"), []byte("Enc\xffunter")))
	},
	"huge numbers": func(w http.ResponseWriter, body []byte) {
		w.Write(bytes.ReplaceAll(body, []byte(`"type":`), []byte(`"total":1`+strings.Repeat("0", 1<<20)+`,"type":`)))
	},
	"doubled keys": func(w http.ResponseWriter, body []byte) {
		w.Write(bytes.Replace(body, []byte("{"), []byte(`{"entry":[],"resourceType":"Patient",`), 1))
	},
	"half an answer": func(w http.ResponseWriter, body []byte) { w.Write(body[:len(body)/2]) },
	"long headers": func(w http.ResponseWriter, body []byte) {
		w.Header().Set("X", strings.Repeat("x", 4<<20))
		w.Write(body)
	},
	"many cookies": func(w http.ResponseWriter, body []byte) { cookies(w); w.Write(body) },
	"a page too many": func(w http.ResponseWriter, body []byte) {
		w.Write(bytes.ReplaceAll(body, []byte(`"self"`), []byte(`"next"`)))
	},
}

func blanks(w io.Writer, n int) {
	chunk := bytes.Repeat([]byte(" "), 1<<20)
	for ; n > 0; n -= len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			return // the reader has had enough
		}
	}
}

// packed is a MiB of blanks; such members in a row are one stream.
var packed = sync.OnceValue(func() []byte {
	var member bytes.Buffer
	z := gzip.NewWriter(&member)
	blanks(z, 1<<20)
	z.Close()
	return member.Bytes()
})

func bomb(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	w.Write(bytes.Repeat(packed(), 1024))
}

func cookies(w http.ResponseWriter) {
	for n := range 100 {
		http.SetCookie(w, &http.Cookie{Name: fmt.Sprint("c", n), Value: strings.Repeat("x", 400), Path: "/"})
	}
}

// hostile is a FHIR server that has turned against tilsyn.
type hostile struct {
	next http.Handler

	mu      sync.Mutex
	doses   map[string][2]string                         // by reference: element and JSON
	replies map[string]func(http.ResponseWriter, []byte) // by admission: in place of an answer about it
	links   []string                                     // of the next page, one after the other, of every search
	given   map[string]int                               // by reference or admission: how often that was done
	outside []string                                     // what was asked for that is not below /fhir
	cookies int                                          // requests with one
}

func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(request))
	rec := httptest.NewRecorder()
	h.next.ServeHTTP(rec, r)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.note(r)
	body := h.in(rec.Body.Bytes())
	if len(h.links) > 0 && gjson.GetBytes(body, "type").String() == "searchset" {
		body, _ = sjson.SetBytes(body, "link", []map[string]string{{"relation": "next", "url": h.links[0]}})
		h.links = h.links[1:]
	}
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.Header().Del("Content-Length")
	for id, reply := range h.replies {
		if strings.Contains(strings.ReplaceAll(r.URL.RawQuery+string(request), `\u0026`, "&"), "_id="+id+"&") {
			if h.given[id]++; h.given[id] > 2 {
				delete(h.replies, id) // it has seen enough
			}
			reply(w, body)
			return
		}
	}
	w.WriteHeader(rec.Code)
	w.Write(body)
}

func (h *hostile) note(r *http.Request) {
	if path := r.URL.EscapedPath(); path != "/fhir" && !strings.HasPrefix(path, "/fhir/") || strings.Contains(path, "..") || strings.Contains(path, "%") {
		h.outside = append(h.outside, path)
	}
	if r.Header.Get("Cookie") != "" {
		h.cookies++
	}
}

// in changes a resource, and those in a Bundle.
func (h *hostile) in(body []byte) []byte {
	ref := gjson.GetBytes(body, "resourceType").String() + "/" + gjson.GetBytes(body, "id").String()
	if dose, ok := h.doses[ref]; ok {
		h.given[ref]++
		body, _ = sjson.SetRawBytes(body, dose[0], []byte(dose[1]))
	}
	for n, e := range gjson.GetBytes(body, "entry").Array() {
		inner := e.Get("resource")
		if inner.Exists() {
			body, _ = sjson.SetRawBytes(body, fmt.Sprintf("entry.%d.resource", n), h.in([]byte(inner.Raw)))
		}
	}
	return body
}

// done tells whether all of it was given often enough.
func (h *hostile) done(often int, keys ...string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, key := range keys {
		if h.given[key] < often {
			return false
		}
	}
	return len(h.links) == 0
}

func (h *hostile) change(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

// stranger counts who calls at an address where nobody should.
func stranger(t *testing.T) (host string, heard func() []string) {
	t.Helper()
	var mu sync.Mutex
	var calls []string
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		calls = append(calls, r.Method+" "+r.RequestURI)
		mu.Unlock()
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			mu.Lock()
			calls = append(calls, "a connection")
			mu.Unlock()
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "http://"), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return calls
	}
}
