package process

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"

	"github.com/tidwall/gjson"
)

// front stands between tilsyn and its server and marks all that it passes on.
type front struct {
	next http.Handler
	*marks

	mu       sync.Mutex
	wrong    bool                     // resources are made wrong, and nothing is written
	fails    func(op string) *failure // in place of an answer; nil: none
	requests map[string]int           // by what they ask for
	failed   map[string]bool          // the failures that were given to a look at an admission
}

func newFront(next http.Handler) *front {
	return &front{next: next, marks: newMarks(), requests: map[string]int{}, failed: map[string]bool{}}
}

func (f *front) change(to func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	to()
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	op := opOf(r, body)
	f.mu.Lock()
	f.requests[op]++
	wrong := f.wrong
	var fails *failure
	if f.fails != nil {
		fails = f.fails(op)
	}
	if fails != nil && (op == "batch" || op == "GET Encounter") {
		f.failed[fails.name] = true
	}
	f.mu.Unlock()
	rec := httptest.NewRecorder()
	switch {
	case wrong && op == "transaction":
		rec.Body.WriteString(`{"resourceType":"Bundle","type":"transaction-response","entry":[]}`)
	case fails != nil && !fails.half: // nothing comes of it
	default:
		f.next.ServeHTTP(rec, r)
	}
	answer := f.mark(rec.Body.Bytes(), wrong)
	if fails != nil {
		fails.reply(w, answer)
		return
	}
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.Header().Del("Content-Length")
	markHeaders(w.Header())
	w.WriteHeader(rec.Code)
	w.Write(answer)
}

// opOf says what a request asks for, such as "GET Encounter".
func opOf(r *http.Request, body []byte) string {
	if kind := gjson.GetBytes(body, "type").String(); kind == "transaction" || kind == "batch" {
		return kind
	}
	typ, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/fhir/"), "/")
	return r.Method + " " + typ
}

// markHeaders marks every header that a client may look at.
func markHeaders(h http.Header) {
	mark := url.PathEscape(strings.Join(markers(), "-"))
	for _, name := range []string{"Location", "Content-Location", "Etag", "Server", "X-Request-Id", "Link"} {
		h.Set(name, "http://"+mark+".example/"+mark)
	}
	h.Set("WWW-Authenticate", `Bearer realm="`+mark+`"`)
	h.Set("Warning", `299 - "`+mark+`"`)
	h.Set("Set-Cookie", mark+"="+mark)
}
