package doctor_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/sandbox"
)

// ill is the sandbox with something wrong in front of it.
type ill func(next http.Handler) http.Handler

func well(next http.Handler) http.Handler { return next }

// server starts the sandbox with an older Task of somebody else's on it.
func server(t *testing.T, disease ill, opts ...sandbox.Option) *fhir.Client {
	t.Helper()
	age := time.Hour
	s := sandbox.New(append(opts, sandbox.WithBegin(func(now time.Time) time.Time { return now.Add(-age) }))...)
	s.ServeHTTP(httptest.NewRecorder(), request(http.MethodPost, "/fhir/Task", `{"resourceType":"Task","status":"requested","intent":"order","description":"theirs"}`))
	age = 0
	srv := httptest.NewServer(disease(s))
	t.Cleanup(func() { srv.Close(); s.Close() })
	c, err := fhir.New(fhir.Options{BaseURL: srv.URL + "/fhir"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", fhir.ContentType)
	return r
}

// rewrite changes what comes in.
func rewrite(change func(r *http.Request, body []byte) []byte) ill {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			body = change(r, body)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			next.ServeHTTP(w, r)
		})
	}
}

// without drops a field from the requests of a transaction's entries.
func without(field string) ill {
	return rewrite(func(_ *http.Request, body []byte) []byte {
		for n := range gjson.GetBytes(body, "entry").Array() {
			body, _ = sjson.DeleteBytes(body, "entry."+string(rune('0'+n))+".request."+field)
		}
		return body
	})
}

// refuses answers such requests with a status.
func refuses(status int, such func(r *http.Request) bool) ill {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if such(r) {
				w.WriteHeader(status)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// busyDeleting refuses the first three times that a Task is to be deleted, with a
// conflict as HAPI does while it still writes.
func busyDeleting() ill {
	var asked atomic.Int32
	return refuses(http.StatusConflict, func(r *http.Request) bool { return deletion(r) && asked.Add(1) <= 3 })
}

// writes tells of a transaction that would create such a thing.
func writes(typ string) func(r *http.Request) bool {
	return func(r *http.Request) bool {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		return gjson.GetBytes(body, `entry.#(request.url=="`+typ+`")`).Exists()
	}
}

func transaction(r *http.Request) bool { return r.Method == http.MethodPost }
func deletion(r *http.Request) bool    { return r.Method == http.MethodDelete }
func asks(parameter string) func(r *http.Request) bool {
	return func(r *http.Request) bool { return r.URL.Query().Has(parameter) }
}

// piecemeal carries out the entries of a transaction one by one, and stops at
// the first that fails.
func piecemeal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		entries := gjson.GetBytes(body, "entry").Array()
		if len(entries) == 0 {
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
			return
		}
		for _, e := range entries {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, request(http.MethodPost, "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[`+e.Raw+`]}`))
			if rec.Code != http.StatusOK {
				w.WriteHeader(rec.Code)
				return
			}
		}
		done := strings.TrimSuffix(strings.Repeat(`{"response":{"status":"200"}},`, len(entries)), ",")
		_, _ = w.Write([]byte(`{"resourceType":"Bundle","type":"transaction-response","entry":[` + done + `]}`))
	})
}

// slow finds nothing by identifier at first.
func slow(next http.Handler) http.Handler {
	var asked atomic.Int32
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("identifier") && asked.Add(1) < 3 {
			_, _ = w.Write([]byte(`{"resourceType":"Bundle","type":"searchset"}`))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ignoring takes a search parameter for none.
func ignoring(parameter string) ill {
	return rewrite(func(r *http.Request, body []byte) []byte {
		q := r.URL.Query()
		q.Del(parameter)
		r.URL.RawQuery = q.Encode()
		return body
	})
}

// literal takes a comma for a part of the value.
func literal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"identifier", "business-status", "code", "status"} {
			if strings.Contains(r.URL.Query().Get(name), ",") {
				_, _ = w.Write([]byte(`{"resourceType":"Bundle","type":"searchset"}`))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// open tells of a search for any identifier of a system.
func open(r *http.Request) bool { return strings.HasSuffix(r.URL.Query().Get("identifier"), "|") }

// answering changes what comes back.
func answering(change func(r *http.Request, body []byte) []byte) ill {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			w.WriteHeader(rec.Code)
			_, _ = w.Write(change(r, rec.Body.Bytes()))
		})
	}
}

// astray links its next pages to another host.
var astray = answering(func(_ *http.Request, body []byte) []byte {
	for n, link := range gjson.GetBytes(body, "link").Array() {
		if link.Get("relation").String() == "next" {
			body, _ = sjson.SetBytes(body, "link."+string(rune('0'+n))+".url", "https://elsewhere.example/page")
		}
	}
	return body
})

// cut gives ten included resources, and a remark.
func cut(remark string) ill {
	return answering(func(r *http.Request, body []byte) []byte {
		if !r.URL.Query().Has("_revinclude") {
			return body
		}
		var kept []string
		for _, e := range gjson.GetBytes(body, "entry").Array() {
			if len(kept) < 11 {
				kept = append(kept, e.Raw)
			}
		}
		if remark != "" {
			kept = append(kept, remark)
		}
		body, _ = sjson.SetRawBytes(body, "entry", []byte("["+strings.Join(kept, ",")+"]"))
		return body
	})
}

// signIn answers every transaction with a page for people.
func signIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if transaction(r) {
			_, _ = w.Write([]byte("<html>Sign in</html>"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refusesInside carries out what it can of a transaction, and says of each entry
// what became of it, with 200.
func refusesInside(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		entries := gjson.GetBytes(body, "entry").Array()
		if len(entries) < 2 || len(entries) > 3 {
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
			return
		}
		var done []string
		for _, e := range entries {
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, request(http.MethodPost, "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[`+e.Raw+`]}`))
			done = append(done, `{"response":{"status":"`+strconv.Itoa(rec.Code)+`"}}`)
		}
		_, _ = w.Write([]byte(`{"resourceType":"Bundle","type":"transaction-response","entry":[` + strings.Join(done, ",") + `]}`))
	})
}
