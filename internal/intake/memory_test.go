package intake

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/queue"
)

// crowded is a server with so many open admissions, in memory.
type crowded int

func (n crowded) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	from, q := 0, r.URL.Query()
	_, _ = fmt.Sscan(q.Get("from"), &from)
	to := min(from+200, int(n))
	if r.URL.Path != "/Encounter" || q.Get("class") == "" || q.Get("status") == "planned" {
		to = from
	}
	link, entries := "", make([]string, 0, 200)
	for i := from; i < to; i++ {
		entries = append(entries, fmt.Sprintf(`{"resource":{"resourceType":"Encounter","id":"%08d-0000-4000-8000-000000000000","status":"in-progress","class":{"code":"IMP"}}}`, i))
	}
	if to > from && to < int(n) {
		q.Set("from", fmt.Sprint(to))
		link = `"link":[{"relation":"next","url":"http://ehr.example/Encounter?` + q.Encode() + `"}],`
	}
	fmt.Fprintf(w, `{"resourceType":"Bundle","type":"searchset",%s"entry":[%s]}`, link, strings.Join(entries, ","))
	return w.Result(), nil
}

// BenchmarkCensusMemory says what one open admission takes while a census has named
// all of them and none has been looked at: the most that is held at once.
//
//	go test ./internal/intake -run xxx -bench CensusMemory -benchtime 1x
func BenchmarkCensusMemory(b *testing.B) {
	for _, n := range []int{20_000, 100_000, 400_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				c, err := fhir.New(fhir.Options{BaseURL: "http://ehr.example", Transport: crowded(n)})
				if err != nil {
					b.Fatal(err)
				}
				q := queue.New(nil)
				before, _ := held()
				if count, err := NewCensus(c, q, names, nil).Take(b.Context()); err != nil || count.Admissions != n {
					b.Fatalf("%+v, %v", count, err)
				}
				after, peak := held()
				b.ReportMetric(float64(after-before)/float64(n), "held-B/admission")
				b.ReportMetric(float64(peak)/float64(n), "peak-B/admission") // with what the garbage collector leaves lying
				runtime.KeepAlive(q)
				q.Close()
				c.Close()
			}
		})
	}
}

// held is what is in use, and the most that was taken from the machine, in bytes.
func held() (now, peak uint64) {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, m.HeapSys
}
