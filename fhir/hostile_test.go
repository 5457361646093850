package fhir_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
)

// A page that is a link to the next for ever, with as much on it as fits.
func TestASweepOfMoreThanAnyHospitalHasIsAnError(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat(`{"resource":{"resourceType":"Ab"}},`, 200_000), ",")
	n := 0
	c := client(t, fhir.Options{BaseURL: "http://ehr.example", Transport: inMemory(func(w http.ResponseWriter, r *http.Request) {
		n++
		always(200, fmt.Sprintf(`{"resourceType":"Bundle","link":[{"relation":"next","url":"http://ehr.example/Task?p=%d"}],"entry":[%s]}`, n, many))(w, r)
	})})
	seen := 0
	err := c.Each(t.Context(), "Task", func(fhir.Resource) error { seen++; return nil })
	if err == nil || seen != 1_000_000 {
		t.Errorf("error %v after %d resources", err, seen)
	}
}

// Each page is below the limit of one answer; together they would fill memory.
func TestASearchOfLargePagesIsAnError(t *testing.T) {
	n := 0
	c := client(t, fhir.Options{BaseURL: "http://ehr.example", Transport: inMemory(func(w http.ResponseWriter, r *http.Request) {
		n++
		large := `{"resourceType":"Task","description":"` + strings.Repeat("x", 4<<20) + `"}`
		always(200, page(fmt.Sprintf("http://ehr.example/Task?p=%d", n), large))(w, r)
	})})
	if found, err := c.Search(t.Context(), "Task"); err == nil || len(found) > 4 {
		t.Errorf("%d resources of 4 MiB were kept, error %v", len(found), err)
	}
}

// As many large answers at once as there are slots take no more memory than one.
func TestLargeAnswersAreReadOneAfterTheOther(t *testing.T) {
	c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { blanks(w, 8*limit) }))
	idle := settled()
	var peak atomic.Uint64
	watch := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		for old := peak.Load(); m.HeapAlloc > old && !peak.CompareAndSwap(old, m.HeapAlloc); old = peak.Load() {
		}
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := c.Read(t.Context(), "Task/1"); err == nil {
				t.Error("it was read")
			}
			watch()
		})
	}
	group.Wait()
	if grown := int64(peak.Load()) - int64(idle); grown > 6*limit {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

// settled is how much memory is in use after a collection.
func settled() uint64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// One that trickles keeps the others waiting no longer than its own time limit,
// and small answers not at all.
func TestALargeAnswerThatNeverEndsHoldsUpNoSmallOne(t *testing.T) {
	stuck, end := make(chan struct{}), make(chan struct{})
	var once sync.Once
	c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/Task/large" {
			always(200, task("small"))(w, r)
			return
		}
		io.WriteString(w, strings.Repeat(" ", 2<<20))
		w.(http.Flusher).Flush()
		once.Do(func() { close(stuck) })
		<-end
	}))
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() { _, _ = c.Read(t.Context(), "Task/large") })
	}
	<-stuck
	if _, err := c.Read(t.Context(), "Task/small"); err != nil {
		t.Error(err)
	}
	close(end)
	group.Wait()
}
