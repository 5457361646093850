package sandbox

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// endpoint is a hook in memory: it notes what it gets and answers as it is told.
type endpoint struct {
	mu      sync.Mutex
	got     []string
	header  http.Header
	answers []int // one after the other, the last for ever
	hang    bool
}

func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(data)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.got = append(e.got, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+body))
	e.header = r.Header
	if e.hang {
		<-r.Context().Done()
		return nil, errors.New("nobody answers")
	}
	status := e.answers[0]
	if len(e.answers) > 1 {
		e.answers = e.answers[1:]
	}
	return &http.Response{StatusCode: status, Body: http.NoBody, Header: http.Header{"Location": {"http://elsewhere/"}}}, nil
}

// take returns what has arrived since the last time.
func (e *endpoint) take() []string {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	got := e.got
	e.got = nil
	return got
}

func subscription(criteria, status, channel string) string {
	return `{"resourceType":"Subscription","id":"s","status":"` + status + `","reason":"test","criteria":"` + criteria +
		`","channel":{"type":"rest-hook","endpoint":"http://hook/in"` + channel + `}}`
}

// hooked runs f in a bubble of fake time with a server and an endpoint that accepts.
func hooked(t *testing.T, f func(t *testing.T, c client, e *endpoint)) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answers: []int{204}}
		f(t, newClient(t, WithHTTPClient(&http.Client{Transport: e})).patients(), e)
	})
}

func TestSubscriptionBecomesActiveAndFires(t *testing.T) {
	hooked(t, func(t *testing.T, c client, e *endpoint) {
		c.put("/Subscription/s", subscription("Encounter?", "requested", `,"header":["X-Secret: abc"]`))
		synctest.Wait()
		equal(t, "status", c.get("/Subscription/s").Get("status").Str, "active")
		equal(t, "a version of its own", c.get("/Subscription/s").Get("meta.versionId").Str, "2")
		c.put("/Encounter/e1", encounter("e1", "p1", ""))
		equal(t, "empty POST", strings.Join(e.take(), "; "), "POST /in")
		equal(t, "header", e.header.Get("X-Secret"), "abc")
		c.put("/Encounter/e1", encounter("e1", "p1", ""))
		equal(t, "nothing for an identical update", len(e.take()), 0)
		c.put("/Patient/p9", `{"resourceType":"Patient","id":"p9"}`)
		equal(t, "nothing for other types", len(e.take()), 0)
		c.do("DELETE", "/Encounter/e1", "").want(t, 200)
		equal(t, "nothing for a delete", len(e.take()), 0)
		c.do("POST", "", bundleOf("transaction", entry("PUT", "Encounter/e2", urnA, encounter("e2", "p1", ""), ""), entry("PUT", "Encounter/e3", urnB, encounter("e3", "none", ""), ""))).want(t, 400)
		equal(t, "nothing for what was rolled back", len(e.take()), 0)
	})
}

func TestSubscriptionWithPayload(t *testing.T) {
	hooked(t, func(t *testing.T, c client, e *endpoint) {
		c.put("/Subscription/s", subscription("Encounter?status=in-progress", "active",
			`,"payload":"application/fhir+json","extension":[{"url":"`+sendDeletes+`","valueBoolean":true}]`))
		stored := c.put("/Encounter/e1", encounter("e1", "p1", "")).text
		equal(t, "PUT of the resource", strings.Join(e.take(), "; "), "PUT /in/Encounter/e1 "+stored)
		equal(t, "version", e.header.Get("If-Match"), `W/"1"`)
		c.put("/Encounter/e1", strings.Replace(encounter("e1", "p1", ""), "in-progress", "finished", 1))
		equal(t, "nothing when it stops matching", len(e.take()), 0)
		c.do("DELETE", "/Encounter/e1", "").want(t, 200)
		equal(t, "DELETE", strings.Join(e.take(), "; "), "DELETE /in/Encounter/e1")
	})
}

func TestSubscriptionStopsAndChanges(t *testing.T) {
	hooked(t, func(t *testing.T, c client, e *endpoint) {
		c.put("/Subscription/s", subscription("Encounter?", "active", ""))
		c.put("/Subscription/s", subscription("Patient?", "active", ""))
		c.put("/Encounter/e1", encounter("e1", "p1", ""))
		c.put("/Patient/p9", `{"resourceType":"Patient","id":"p9"}`)
		equal(t, "only the new criteria", len(e.take()), 1)
		c.put("/Subscription/s", subscription("Patient?", "off", ""))
		c.put("/Patient/p8", `{"resourceType":"Patient","id":"p8"}`)
		equal(t, "off", len(e.take()), 0)
		c.put("/Subscription/s", subscription("Patient?", "requested", ""))
		synctest.Wait()
		c.do("DELETE", "/Subscription/s", "").want(t, 200)
		c.put("/Patient/p7", `{"resourceType":"Patient","id":"p7"}`)
		equal(t, "deleted", len(e.take()), 0)
	})
}

func TestDeliveryIsRetriedAndThenDropped(t *testing.T) {
	hooked(t, func(t *testing.T, c client, e *endpoint) {
		e.answers = []int{500, 302, 404, 200}
		c.put("/Subscription/s", subscription("Encounter?", "active", ""))
		c.put("/Encounter/e1", encounter("e1", "p1", ""))
		equal(t, "first attempt", len(e.take()), 1)
		time.Sleep(4 * time.Second)
		equal(t, "until it is taken", len(e.take()), 3)
		e.answers = []int{503}
		c.put("/Encounter/e2", encounter("e2", "p1", ""))
		time.Sleep(58 * time.Second)
		equal(t, "given up", len(e.take()), maxAttempts)
		time.Sleep(time.Hour)
		equal(t, "for good", len(e.take()), 0)
		equal(t, "still active", c.get("/Subscription/s").Get("status").Str, "active")
	})
}

func TestHungEndpointIsTriedAgain(t *testing.T) {
	hooked(t, func(t *testing.T, c client, e *endpoint) {
		e.hang = true
		c.put("/Subscription/s", subscription("Encounter?", "active", ""))
		c.put("/Encounter/e1", encounter("e1", "p1", ""))
		time.Sleep(replyTimeout + firstPause + time.Millisecond)
		c.s.Close()
		equal(t, "attempts", len(e.take()), 2)
	})
}

func TestQueueIsBounded(t *testing.T) {
	hooked(t, func(t *testing.T, c client, e *endpoint) {
		e.answers = []int{500}
		c.put("/Subscription/s", subscription("Patient?", "active", ""))
		for range maxQueued + 100 {
			c.do("POST", "/Patient", `{"resourceType":"Patient"}`).want(t, 201)
		}
		equal(t, "waiting", len(c.s.hooks.active["s"].queue), maxQueued)
	})
}

func TestCloseStopsEverything(t *testing.T) {
	hooked(t, func(t *testing.T, c client, e *endpoint) {
		c.put("/Subscription/s", subscription("Encounter?", "active", ""))
		c.s.Close()
		c.put("/Encounter/e1", encounter("e1", "p1", ""))
		c.put("/Subscription/s2", strings.Replace(subscription("Encounter?", "requested", ""), `"s"`, `"s2"`, 1))
		equal(t, "nothing after Close", len(e.take()), 0)
	})
}

func TestRefusedSubscriptions(t *testing.T) {
	c := newClient(t)
	for _, body := range []string{
		subscription("Foo?", "requested", ""), subscription("Encounter", "requested", ""), subscription("Encounter?foo=1", "requested", ""),
		strings.Replace(subscription("Encounter?", "requested", ""), `,"endpoint":"http://hook/in"`, "", 1),
	} {
		c.do("PUT", "/Subscription/s", body).want(t, 422)
	}
	c.put("/Subscription/s", strings.Replace(subscription("Encounter?", "requested", ""), "rest-hook", "email", 1))
	equal(t, "an unsupported channel stays requested", c.get("/Subscription/s").Get("status").Str, "requested")
}
