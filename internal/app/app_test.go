package app_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// down is a FHIR server that does not answer, and asked is told so.
type down struct{ asked chan struct{} }

func (d down) RoundTrip(*http.Request) (*http.Response, error) {
	select {
	case d.asked <- struct{}{}:
	default:
	}
	return nil, errors.New("nobody is there")
}

// A service that is stopped before its server answered leaves nothing running;
// TestMain looks.
func TestStoppedWhileWaitingForTheServer(t *testing.T) {
	server := down{make(chan struct{}, 1)}
	a, err := app.New(app.Options{Policy: pathway.DefaultPolicy(), Log: zerolog.Nop(), Transport: server,
		Config: config.Config{FHIR: config.FHIR{BaseURL: "http://fhir.test/fhir"}, Listen: "127.0.0.1:0", Questionnaire: config.Questionnaire{Language: "nb"}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	<-server.asked
	cancel()
	if err := <-done; err != nil {
		t.Errorf("being stopped is no failure: %v", err)
	}
}

// wavering is the way to a server that goes away once, when the service looks
// for its form there; again is closed when it looks once more.
type wavering struct {
	http.RoundTripper
	asked atomic.Int32
	again chan struct{}
}

func (w *wavering) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/Questionnaire") {
		switch w.asked.Add(1) {
		case 1:
			return nil, io.ErrUnexpectedEOF
		case 2:
			close(w.again)
		}
	}
	return w.RoundTripper.RoundTrip(r)
}

// A server that goes away in the middle of a start is waited for like one that
// was not there at all: nobody may be at hand to start the service again.
func TestServerGoesAwayWhileTheServiceStarts(t *testing.T) {
	fhir := sandbox.New()
	defer fhir.Close()
	server := httptest.NewServer(fhir)
	defer server.Close()
	way := &wavering{RoundTripper: &http.Transport{DisableKeepAlives: true}, again: make(chan struct{})}
	options := app.Options{Policy: pathway.DefaultPolicy(), Log: zerolog.Nop(), Config: config.Config{
		FHIR:   config.FHIR{BaseURL: server.URL + "/fhir", Timeout: time.Minute, MaxConcurrent: 1},
		Listen: "127.0.0.1:0", Workers: 1, Census: config.Census{Interval: time.Hour}, Questionnaire: config.Questionnaire{Language: "nb"}}}
	if _, err := create(t, options).Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	options.Transport = way
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- create(t, options).Run(ctx) }()
	select {
	case <-way.again:
	case err := <-done:
		t.Fatalf("the service ended by itself: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("being stopped is no failure: %v", err)
	}
}

func create(t *testing.T, o app.Options) *app.App {
	t.Helper()
	a, err := app.New(o)
	if err != nil {
		t.Error(err)
	}
	return a
}
