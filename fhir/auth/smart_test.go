package auth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tilsyn/tilsyn/fhir/auth"
)

var scopes = []string{"system/Encounter.rs", "system/Task.crus"}

// es384 is one key for the tests that are about something else.
var es384 = sync.OnceValues(func() (string, error) {
	raw, err := auth.NewKey("ES384")
	return string(raw), err
})

// bubble plays with a new site, in a bubble with a fake clock.
func bubble(t *testing.T, play func(t *testing.T, s *site, o *auth.SmartOptions)) {
	t.Helper()
	key, err := es384()
	if err != nil {
		t.Fatal(err)
	}
	set := published(t, key)
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, set)
		play(t, s, &auth.SmartOptions{BaseURL: fhirBase, ClientID: clientID, Scopes: scopes, Transport: s,
			Keys: func() (string, error) { return key, nil }})
	})
}

func connect(t *testing.T, s *site, o *auth.SmartOptions) *http.Client {
	t.Helper()
	source, err := auth.Smart(*o)
	if err != nil {
		t.Fatal(err)
	}
	return over(t, s, source)
}

func over(t *testing.T, s *site, source auth.Source) *http.Client {
	t.Helper()
	transport, err := auth.Transport(fhirBase, source, s)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Transport: transport}
}

// get gives the status, 0 with an error.
func get(c *http.Client) (int, error) {
	answer, err := c.Get(fhirBase + "/Task/1")
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}

func (s *site) want(t *testing.T, c *http.Client, status int) {
	t.Helper()
	if got, err := get(c); got != status {
		t.Fatalf("answered %d, %v; want %d; the authorization server refused because of %q", got, err, status, s.refused)
	}
}

func (s *site) wantTokens(t *testing.T, n int, why string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens != n || s.most > 1 {
		t.Errorf("%s: %d requests for a token, %d at once; want %d, one at a time", why, s.tokens, s.most, n)
	}
}

func TestTheFlowByTheLetter(t *testing.T) {
	for _, algorithm := range auth.Algorithms {
		t.Run(algorithm, func(t *testing.T) {
			key, set := keyPair(t, algorithm)
			bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
				s.jwks = set
				o.Keys = func() (string, error) { return key, nil }
				s.want(t, connect(t, s, o), 200)
				if s.header["alg"] != algorithm || s.asked[0].Get("scope") != "system/Encounter.rs system/Task.crus" || len(s.claims) != 6 {
					t.Errorf("header %v, claims %v, asked %v", s.header, s.claims, s.asked)
				}
				if s.asked[0].Has("client_id") || s.asked[0].Has("client_secret") {
					t.Error("the assertion alone says who we are")
				}
			})
		})
	}
}

func TestATokenIsKeptAndRenewedBeforeItEnds(t *testing.T) {
	bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
		c := connect(t, s, o)
		for range 23 { // every ten seconds, nearly as long as it lives
			s.want(t, c, 200)
			time.Sleep(10 * time.Second)
		}
		s.wantTokens(t, 1, "within four minutes of five")
		time.Sleep(11 * time.Second)
		s.want(t, c, 200)
		s.wantTokens(t, 2, "in the last minute")
		for _, shown := range s.fhir {
			if shown != "Bearer token-1" && shown != "Bearer token-2" {
				t.Errorf("the server saw %q", shown)
			}
		}
	})
}

func TestTwoHundredAtOnceAskForOneToken(t *testing.T) {
	bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
		c := connect(t, s, o)
		for round := range 3 {
			storm(t, s, c, 200)
			s.wantTokens(t, round+1, "a storm on an expired token")
			time.Sleep(time.Hour)
		}
	})
}

func storm(t *testing.T, s *site, c *http.Client, n int) {
	t.Helper()
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			if status, err := get(c); status != 200 {
				t.Errorf("%d, %v", status, err)
			}
		})
	}
	group.Wait()
}

func TestTwoHundredAtOnceInTheLastMinuteDoNotWait(t *testing.T) {
	bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
		c := connect(t, s, o)
		s.want(t, c, 200)
		time.Sleep(250 * time.Second)
		started := time.Now()
		var group sync.WaitGroup
		late := 0
		var mu sync.Mutex
		for range 200 {
			group.Go(func() {
				if status, err := get(c); status != 200 {
					t.Errorf("%d, %v", status, err)
				}
				mu.Lock()
				defer mu.Unlock()
				if time.Since(started) > 0 {
					late++
				}
			})
		}
		group.Wait()
		s.wantTokens(t, 2, "renewed early")
		if late != 1 {
			t.Errorf("%d waited; one fetches, the others go on with what serves still", late)
		}
	})
}

func TestAWithdrawnTokenIsReplacedOnceAndTheRequestRepeated(t *testing.T) {
	bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
		c := connect(t, s, o)
		s.want(t, c, 200)
		s.withdraw()
		answer, err := c.Post(fhirBase, "application/fhir+json", strings.NewReader(`{"resourceType":"Bundle"}`))
		if err != nil || answer.StatusCode != 200 {
			t.Fatalf("%v, %v", answer, err)
		}
		if n := len(s.bodies); n != 3 || s.bodies[1] != s.bodies[2] || s.bodies[2] == "" {
			t.Errorf("the server saw %q: the repeated request must be whole", s.bodies)
		}
		s.wantTokens(t, 2, "one forced refresh")
		s.withdraw()
		time.Sleep(31 * time.Second)
		storm(t, s, c, 200)
		s.wantTokens(t, 3, "a storm on a withdrawn token")
	})
}

func TestAServerThatRefusesWhatWasJustGrantedIsNotStormed(t *testing.T) {
	bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
		s.token = func(w http.ResponseWriter, _ *http.Request) bool {
			fmt.Fprintf(w, `{"access_token":"bad-%d","token_type":"Bearer","expires_in":300}`, s.tokens)
			return true
		}
		c := connect(t, s, o)
		for range 100 {
			s.want(t, c, 401)
			time.Sleep(100 * time.Millisecond)
		}
		s.wantTokens(t, 2, "ten seconds of refusals: the first token, and one forced")
		if len(s.fhir) != 101 {
			t.Errorf("%d requests: only the forced refresh is worth a repeat", len(s.fhir))
		}
		time.Sleep(30 * time.Second)
		s.want(t, c, 401)
		s.wantTokens(t, 3, "after a rest")
	})
}

func TestAnAuthorizationServerThatIsDownIsAskedEverMoreSeldom(t *testing.T) {
	bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
		s.token = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true }
		c := connect(t, s, o)
		for range 600 { // ten minutes
			if _, err := get(c); err == nil || !strings.Contains(err.Error(), "smart-configuration answered 500") {
				t.Fatalf("got %v", err)
			}
			time.Sleep(time.Second)
		}
		if s.tokens < 10 || s.tokens > 20 || len(s.fhir) != 0 {
			t.Errorf("%d requests for a token and %d to the FHIR server in ten minutes", s.tokens, len(s.fhir))
		}
		s.token = nil
		time.Sleep(2 * time.Minute)
		s.want(t, c, 200)
	})
}

func TestRetryAfterIsKept(t *testing.T) {
	bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
		s.token = func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(503)
			return true
		}
		c := connect(t, s, o)
		for range 110 {
			_, _ = get(c)
			time.Sleep(time.Second)
		}
		s.wantTokens(t, 1, "it asked for two minutes")
	})
}

func TestATokenThatServesStillIsUsedUpWhileTheServerIsDown(t *testing.T) {
	bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
		c := connect(t, s, o)
		s.want(t, c, 200)
		s.token = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(503); return true }
		for range 28 {
			time.Sleep(10 * time.Second)
			s.want(t, c, 200)
		}
	})
}

func TestShortAndOddLivesDoNotStorm(t *testing.T) {
	for _, tt := range []struct {
		life any
		most int // in a minute of ten requests a second
	}{{5, 15}, {1, 80}, {0.2, 80}, {"300", 1}, {nil, 1}, {0, 1}, {-5, 1}, {1e300, 1}, {"soon", 1}, {true, 1}} {
		t.Run(fmt.Sprint(tt.life), func(t *testing.T) {
			bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
				s.life = tt.life
				c := connect(t, s, o)
				for start := time.Now(); time.Since(start) < time.Minute; time.Sleep(100 * time.Millisecond) {
					s.want(t, c, 200)
				}
				if s.tokens > tt.most {
					t.Errorf("%d tokens in a minute; want at most %d", s.tokens, tt.most)
				}
			})
		})
	}
}

func TestAClockThatIsWrongIsAllowedFor(t *testing.T) {
	for _, off := range []time.Duration{-time.Hour, -2 * time.Minute, -time.Minute, time.Minute, 2 * time.Minute, time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
				s.now = func() time.Time { return time.Now().Add(off) }
				c := connect(t, s, o)
				s.want(t, c, 200)
				if s.tokens > 2 {
					t.Errorf("%d requests", s.tokens)
				}
				before := s.tokens
				time.Sleep(10 * time.Minute)
				s.want(t, c, 200)
				if s.tokens != before+1 {
					t.Error("the difference must be remembered")
				}
			})
		})
	}
}

func TestTheDifferenceOfClocksIsToldButNotBlamedForGood(t *testing.T) {
	bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
		registered := s.jwks
		s.jwks = []byte(`{"keys":[]}`)
		s.now = func() time.Time { return time.Now().Add(time.Hour) }
		c := connect(t, s, o)
		if _, err := get(c); err == nil || !strings.Contains(err.Error(), "differ by 1h0m0s") || !strings.Contains(err.Error(), "invalid_client") {
			t.Errorf("got %v", err)
		}
		s.jwks, s.now = registered, time.Now
		time.Sleep(time.Minute)
		s.want(t, c, 200)
	})
}

func TestAReplacedKeyCountsAtTheNextToken(t *testing.T) {
	next, set := keyPair(t, "RS384")
	bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
		key, _ := o.Keys()
		o.Keys = func() (string, error) { return key, nil }
		c := connect(t, s, o)
		s.want(t, c, 200)
		key, s.jwks = next, set
		time.Sleep(10 * time.Minute)
		s.want(t, c, 200)
		if s.header["alg"] != "RS384" {
			t.Errorf("signed by %v", s.header)
		}
	})
}

func TestTheFirstKeyThatTheServerTakesSigns(t *testing.T) {
	rs, _ := keyPair(t, "RS384")
	es, _ := keyPair(t, "ES384")
	for _, tt := range []struct{ takes, want string }{
		{``, "RS384"}, {`"RS384","ES384"`, "RS384"}, {`"ES384"`, "ES384"}, {`"PS256"`, "RS384"},
	} {
		bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
			s.jwks = published(t, rs+es)
			s.wellKnow = `{"token_endpoint":"` + tokenURL + `","token_endpoint_auth_signing_alg_values_supported":[` + tt.takes + `]}`
			o.Keys = func() (string, error) { return rs + es, nil }
			s.want(t, connect(t, s, o), 200)
			if s.header["alg"] != tt.want {
				t.Errorf("a server that takes %s got %v", tt.takes, s.header["alg"])
			}
		})
	}
}

func TestACallerWhoLeavesTakesNobodyWithHim(t *testing.T) {
	bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
		source, err := auth.Smart(*o)
		if err != nil {
			t.Fatal(err)
		}
		gone, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { _, err := source.Header(gone); left <- err }()
		synctest.Wait() // he is asking
		waiting := make(chan error, 1)
		go func() { _, err := source.Header(t.Context()); waiting <- err }()
		synctest.Wait()
		leave()
		if err := <-left; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if err := <-waiting; err != nil {
			t.Errorf("the one behind him got %v", err)
		}
	})
}
