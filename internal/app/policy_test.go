package app_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// A policy that check-config refuses is said in the log of a service that goes by
// it: one that does not run misses everybody.
func TestAnUpsideDownPolicyIsToldAndServed(t *testing.T) {
	policy := pathway.DefaultPolicy()
	policy.Tiers.Advice[1].From, policy.Tiers.Urgent = 9, nil
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var log journal
	asked := make(chan struct{}, 1)
	a, err := app.New(app.Options{Policy: policy, Log: zerolog.New(&log), Transport: down{asked}, Listener: listener,
		Config: config.Config{FHIR: config.FHIR{BaseURL: "http://fhir.test/fhir"}, Questionnaire: config.Questionnaire{Language: "nb"}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	<-asked // it is at work
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if said := log.String(); !strings.Contains(said, "upside down") || !strings.Contains(said, "consult begins at 4 (tiers.consult[1])") {
		t.Errorf("logged:\n%s", said)
	}
}
