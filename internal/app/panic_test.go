package app_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/sandbox"
)

// defective is a way to the server that breaks this program, once in each of its
// works, with what stands in the answer.
type defective struct {
	http.RoundTripper
	mu   sync.Mutex
	left map[string]string // a part of what is asked: whose work it is
}

const panicked = "Kari Nordmann 13116900216"

func (d *defective) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := r.URL.RawQuery
	if r.GetBody != nil { // several searches in a batch
		if body, err := r.GetBody(); err == nil {
			batch, _ := io.ReadAll(body)
			asked += string(batch)
		}
	}
	answer, err := d.RoundTripper.RoundTrip(r)
	d.mu.Lock()
	defer d.mu.Unlock()
	for part := range d.left {
		if err == nil && strings.Contains(asked, part) {
			delete(d.left, part)
			answer.Body = breaking{answer.Body}
		}
	}
	return answer, err
}

// breaking is an answer that whoever reads it does not survive.
type breaking struct{ io.Closer }

func (breaking) Read([]byte) (int, error) { panic(panicked) }

func (d *defective) done() (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.left) == 0, nil
}

// journal is a log that is read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// A defect ends neither the service nor what it does next, and what it was about
// is not told: in the work on an admission, in a poll and in a census.
func TestADefectTellsItsPlaceAndNothingElse(t *testing.T) {
	s := sandbox.New()
	defer s.Close()
	server := httptest.NewServer(s)
	defer server.Close()
	var log journal
	way := &defective{RoundTripper: &http.Transport{DisableKeepAlives: true}}
	o := app.Options{Policy: pathway.DefaultPolicy(), Log: zerolog.New(&log), Transport: way, Config: config.Config{
		FHIR:   config.FHIR{BaseURL: server.URL + "/fhir", Timeout: time.Minute, MaxConcurrent: 1},
		Listen: "127.0.0.1:0", Workers: 1, Poll: config.Poll{Interval: 10 * time.Millisecond}, Census: config.Census{Interval: 10 * time.Millisecond},
		Questionnaire: config.Questionnaire{Language: "nb"}}}
	if _, err := create(t, o).Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	client, err := fhir.New(fhir.Options{BaseURL: server.URL + "/fhir", Transport: &http.Transport{DisableKeepAlives: true}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := hospital.Open(t.Context(), client, "defect-")
	if err != nil {
		t.Fatal(err)
	}
	way.left = map[string]string{"_id=": "a worker's", "_sort=": "the poll's", "status=arrived": "the census's"}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- create(t, o).Run(ctx) }()
	a, err := h.Admit(ctx, hospital.Stay{Person: hospital.Person{Given: "Kari", Gender: "female", Birth: "1961-03-14"}})
	if err == nil {
		err = hospital.Wait(ctx, way.done)
	}
	if err == nil {
		_, err = h.Task(ctx, a) // she is asked all the same
	}
	if err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if told := log.String(); strings.Contains(told, "Nordmann") || strings.Contains(told, "13116900216") || strings.Count(told, "a defect of this program, at app_test.") < 3 {
		t.Errorf("the log says:\n%s", told)
	}
}
