package integration_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/sandbox"
)

// A server cuts an include short without a word: HAPI after 1000. In a stay
// with more tasks than that, ours are found all the same.
func TestOurTasksAmongThousands(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admit(hospital.Stay{Person: woman})
		w.look(a, 0)
		w.want(a, asked)
		for range 5 {
			var tx fhir.Transaction
			for range 250 {
				tx.Create(fhir.NewRef(), json.RawMessage(fmt.Sprintf(`{"resourceType":"Task","status":"requested","intent":"order",
					"for":{"reference":%q},"encounter":{"reference":%q}}`, a.Patient, a.Encounter)), "")
			}
			w.must(w.client.Transact(w.ctx(), &tx))
		}
		w.look(a, 0)
		w.want(a, asked)
		w.answer(a, 2, 1, 1)
		w.look(a, 0)
		w.want(a, referred(4, "routine"))
	})
}

// A server that has no _revinclude, and ignores it without a word, must not
// look as if nobody had been asked; nor one that refuses batches.
func TestServerWithoutRevInclude(t *testing.T) {
	s := sandbox.New()
	srv := httptest.NewServer(plain(s))
	t.Cleanup(func() { srv.Close(); s.Close() })
	w := open(t, srv.URL+"/fhir", "")
	w.serve("--census.interval", "1s")
	a, b := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: man})
	w.answer(a, 2, 1, 1)
	w.want(a, referred(4, "routine"))
	w.must(w.hospital.SetStatus(w.ctx(), b, "finished"))
	w.want(b, discharged)
}

// plain is a server with less: it states no _revinclude, ignores includes, and
// takes no batch.
func plain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		q.Del("_include")
		q.Del("_revinclude")
		r.URL.RawQuery = q.Encode()
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		body := rec.Body.Bytes()
		if strings.HasSuffix(r.URL.Path, "/metadata") {
			for i := range 300 {
				body, _ = sjson.DeleteBytes(body, fmt.Sprintf("rest.0.resource.%d.searchRevInclude", i))
			}
		}
		if strings.Contains(rec.Body.String(), `"batch-response"`) {
			rec.Code, body = http.StatusNotImplemented, []byte(`{}`)
		}
		for k, v := range rec.Header() {
			rw.Header()[k] = v
		}
		rw.Header().Del("Content-Length")
		rw.WriteHeader(rec.Code)
		_, _ = rw.Write(body)
	})
}
