package app_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/pathway"
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
		Config: config.Config{FHIR: config.FHIR{BaseURL: "http://fhir.test/fhir"}, Listen: "127.0.0.1:0"}})
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
