package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// HAPI's deliveries as measured: two at a time, 21 attempts within 58 seconds, and ten seconds for an answer.
const (
	deliverers   = 2
	maxAttempts  = 21
	firstPause   = time.Second
	pauseGrowth  = 1.1
	replyTimeout = 10 * time.Second
)

// hookTarget is where and how a Subscription wants to be told.
type hookTarget struct {
	endpoint string
	payload  string // a MIME type, or empty for a bare ping
	header   http.Header
	deletes  bool
}

func newHookTarget(channel gjson.Result) hookTarget {
	t := hookTarget{
		endpoint: strings.TrimSuffix(channel.Get("endpoint").Str, "/"),
		payload:  channel.Get("payload").Str,
		header:   http.Header{},
	}
	for _, line := range channel.Get("header").Array() {
		if name, value, ok := strings.Cut(line.Str, ":"); ok {
			t.header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	for _, e := range channel.Get("extension").Array() {
		if e.Get("url").Str == sendDeletes {
			t.deletes = e.Get("valueBoolean").Bool()
		}
	}
	return t
}

// deliver empties the queue of one subscriber until it is stopped.
func (h *hooks) deliver(ctx context.Context, sub *subscriber) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-sub.queue:
			h.insist(ctx, sub.target, e)
		}
	}
}

// insist sends one event until it is taken, or until HAPI would have given up and dropped it.
func (h *hooks) insist(ctx context.Context, to hookTarget, e event) {
	pause := firstPause
	for attempt := 1; h.send(ctx, to, e) != nil && attempt < maxAttempts; attempt++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
			pause = time.Duration(float64(pause) * pauseGrowth)
		}
	}
}

func (h *hooks) send(ctx context.Context, to hookTarget, e event) error {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	req, err := to.request(ctx, e)
	if err != nil {
		return fmt.Errorf("make notification: %w", err)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return fmt.Errorf("send notification: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)); err != nil {
		return fmt.Errorf("read reply to notification: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("notification refused with %s", resp.Status)
	}
	return nil
}

// request is an empty POST to the endpoint, or with a payload a PUT or DELETE of the resource below it.
func (t hookTarget) request(ctx context.Context, e event) (*http.Request, error) {
	method, url := http.MethodPost, t.endpoint
	if t.payload != "" {
		method, url = http.MethodPut, t.endpoint+"/"+e.ref
		if e.body == nil {
			method = http.MethodDelete
		}
	} else {
		e.body = nil
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(e.body))
	if err != nil {
		return nil, err
	}
	req.Header = t.header.Clone()
	if e.body != nil {
		req.Header.Set("Content-Type", t.payload)
		req.Header.Set("If-Match", etag(e.version))
	}
	return req, nil
}
