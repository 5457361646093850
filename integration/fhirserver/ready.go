package fhirserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

const fhirJSON = "application/fhir+json"

// client keeps no connection open, so that a leak check at the end of the tests finds nothing of ours.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func fromEnv(ctx context.Context, base string) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // it should be up already
	defer cancel()
	base = strings.TrimRight(base, "/")
	if err := ready(ctx, base, nil); err != nil {
		return nil, fmt.Errorf("%s=%s: %w", EnvBase, base, err)
	}
	host := os.Getenv(EnvCallbackHost)
	if host == "" {
		host = loopback
	}
	return &Server{Base: base, Name: "server named by " + EnvBase, callbackHost: host}, nil
}

// ready waits until the server answers for its capabilities, or until died is closed.
func ready(ctx context.Context, base string, died <-chan struct{}) error {
	var last error
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := call(ctx, http.MethodGet, base+"/metadata", "", nil)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err // what the server said, not that we stopped asking
		}
		select {
		case <-tick.C:
		case <-died:
			return errors.New("it ended before it was ready")
		case <-ctx.Done():
			return fmt.Errorf("wait for %s/metadata: %w (last answer: %w)", base, ctx.Err(), last)
		}
	}
}

// warmUp makes the first write alone: on an empty database HAPI answers the first concurrent writes with 500 (HAPI-2223).
// The first write also loads the validator, which takes seconds that no test should count. What it wrote stays, marked as
// void: HAPI goes on working on it for a moment and answers a delete with 409.
func warmUp(ctx context.Context, base string) error {
	_, err := call(ctx, http.MethodPost, base+"/QuestionnaireResponse", fhirJSON,
		[]byte(`{"resourceType":"QuestionnaireResponse","status":"entered-in-error"}`))
	if err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	return nil
}

// call sends one request and returns the body; any answer but 2xx is an error that carries what the server said.
func call(ctx context.Context, method, url, contentType string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", fhirJSON)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, &answer{Status: resp.StatusCode, Text: diagnostics(got)}
	}
	return got, nil
}

// answer is a refusal by the server.
type answer struct {
	Status int
	Text   string
}

func (a *answer) Error() string { return fmt.Sprintf("HTTP %d: %s", a.Status, a.Text) }

// diagnostics picks the errors out of an OperationOutcome, or returns the start of what came instead.
func diagnostics(body []byte) string {
	var outcome struct {
		Issue []struct{ Severity, Diagnostics string }
	}
	var texts []string
	if json.Unmarshal(body, &outcome) == nil {
		for _, i := range outcome.Issue {
			if i.Severity == "error" || i.Severity == "fatal" {
				texts = append(texts, i.Diagnostics)
			}
		}
	}
	if len(texts) > 0 {
		return strings.Join(texts, "; ")
	}
	return string(body[:min(len(body), 500)])
}
