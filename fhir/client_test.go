package fhir_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
)

func TestABaseURLThatCouldSendTheTokenAstrayIsRefused(t *testing.T) {
	for _, bad := range []string{
		"", "ehr.example/fhir", "/fhir", "ftp://ehr.example/fhir", "file:///etc/passwd", "https://",
		"https://user@ehr.example/fhir", "https://user:hunter2@ehr.example/fhir", "https://ehr.example/fhir?x=1",
		"https://ehr.example/fhir?", "https://ehr.example/fhir#part", "http://[::1", "https://ehr.example/%zz",
	} {
		t.Run(bad, func(t *testing.T) {
			_, err := fhir.New(fhir.Options{BaseURL: bad})
			if err == nil {
				t.Fatalf("%q was taken for a base URL", bad)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the error prints a password")
			}
		})
	}
}

func TestTheBaseURLMayEndInASlash(t *testing.T) {
	for _, good := range []string{"https://ehr.example/fhir", "https://ehr.example/fhir/", "https://ehr.example/fhir//"} {
		if got := client(t, fhir.Options{BaseURL: good}).Base(); got != "https://ehr.example/fhir" {
			t.Errorf("New(%q).Base() = %q", good, got)
		}
	}
}

func TestEveryRequestCarriesTheCurrentTokenAndAsksForAFreshAnswer(t *testing.T) {
	var tokens []string
	c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens = append(tokens, r.Header.Get("Authorization"))
		if r.Header.Get("Cache-Control") != "no-cache" {
			t.Error("a server with a result cache may answer with a search of a minute ago")
		}
		if r.Header.Get("Accept") != fhir.ContentType {
			t.Errorf("Accept is %q", r.Header.Get("Accept"))
		}
		always(200, task("1"))(w, r)
	}), func(o *fhir.Options) {
		calls := 0
		show(t, o, func() (string, error) { calls++; return []string{"old", "new"}[calls-1], nil })
	})
	for range 2 {
		if _, err := c.Read(t.Context(), "Task/1"); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(tokens, ", "); got != "Bearer old, Bearer new" {
		t.Errorf("the server saw %s: a rotated token must count at once", got)
	}
}

func TestWithoutItsTokenNothingIsSent(t *testing.T) {
	var requests atomic.Int32
	c := connect(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }), func(o *fhir.Options) {
		show(t, o, func() (string, error) { return "", errors.New("the token file is empty") })
	})
	_, err := c.Read(t.Context(), "Task/1")
	if err == nil || !strings.Contains(err.Error(), "the token file is empty") || requests.Load() != 0 {
		t.Errorf("error %v after %d requests", err, requests.Load())
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		other := stranger(t)
		c := connect(t, http.RedirectHandler(other.URL+"/fhir/Task/1", status), func(o *fhir.Options) {
			show(t, o, func() (string, error) { return "secret", nil })
		})
		_, err := c.Read(t.Context(), "Task/1")
		if err == nil {
			t.Errorf("%d: a redirect passed for an answer", status)
		} else if strings.Contains(err.Error(), other.URL) {
			t.Errorf("%d: the error names where it led: %v", status, err)
		}
		other.heardNothing(t)
	}
}

func TestARedirectWithinTheServerIsNotFollowedEither(t *testing.T) {
	c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/Task/1" {
			http.Redirect(w, r, "/admin/Task/1", http.StatusTemporaryRedirect)
			return
		}
		t.Errorf("the client went on to %s", r.URL.Path)
	}))
	if _, err := c.Read(t.Context(), "Task/1"); err == nil {
		t.Error("a redirect passed for an answer")
	}
}

func TestReadTakesOnlyReferencesIntoTheServer(t *testing.T) {
	other := stranger(t)
	var requests atomic.Int32
	c := connect(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	for _, ref := range []string{other.URL + "/fhir/Patient/1", "//evil.example/Patient/1", "../admin/1", "Patient/..", "urn:uuid:3", "#p", ""} {
		if _, err := c.Read(t.Context(), ref); err == nil {
			t.Errorf("%q was read", ref)
		}
	}
	other.heardNothing(t)
	if requests.Load() != 0 {
		t.Errorf("%d requests were sent", requests.Load())
	}
}

// gate is a transport whose answers wait until they are let through.
type gate struct {
	now, most int
	mu        sync.Mutex
	open      chan struct{}
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	g.now++
	g.most = max(g.most, g.now)
	g.mu.Unlock()
	<-g.open
	g.mu.Lock()
	g.now--
	g.mu.Unlock()
	w := httptest.NewRecorder()
	always(200, task("1"))(w, r)
	return w.Result(), nil
}

func TestMoreRequestsThanAllowedWaitForTheirTurn(t *testing.T) {
	for slots, want := range map[int]int{1: 1, 3: 3, 0: 8} {
		synctest.Test(t, func(t *testing.T) {
			g := &gate{open: make(chan struct{})}
			c := client(t, fhir.Options{BaseURL: "http://ehr.example", MaxConcurrent: slots, Transport: g})
			var group sync.WaitGroup
			for range 20 {
				group.Go(func() {
					if _, err := c.Read(t.Context(), "Task/1"); err != nil {
						t.Error(err)
					}
				})
			}
			synctest.Wait() // everyone who may has asked
			close(g.open)
			group.Wait()
			if g.most != want {
				t.Errorf("%d requests were under way at once; want %d", g.most, want)
			}
		})
	}
}

func TestACallThatWaitsForItsTurnEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		c := client(t, fhir.Options{BaseURL: "http://ehr.example", MaxConcurrent: 1, Transport: g})
		first := make(chan error)
		go func() { _, err := c.Read(t.Context(), "Task/1"); first <- err }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Read(ctx, "Task/2"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		close(g.open)
		if err := <-first; err != nil {
			t.Error(err)
		}
	})
}

func TestAServerThatNeverAnswersIsGivenUp(t *testing.T) {
	c := connect(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), func(o *fhir.Options) {
		o.Timeout = 50 * time.Millisecond
	})
	_, err := c.Search(t.Context(), "Task?patient=canary-id")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if fhir.IsConflict(err) || fhir.IsRefused(err) || fhir.IsGone(err) {
		t.Error("silence is neither a conflict nor a refusal: it must be tried again")
	}
	silentAbout(t, err, "canary-id")
}

func TestAServerThatIsDownIsNotNamedWithTheQuery(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	c := client(t, fhir.Options{BaseURL: srv.URL})
	_, err := c.Search(t.Context(), "Task?patient=canary-id")
	if err == nil {
		t.Fatal("no error")
	}
	silentAbout(t, err, "canary-id", "http://")
}
