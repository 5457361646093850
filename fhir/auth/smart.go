package auth

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// SmartOptions say how to get a token by SMART Backend Services (SMART App
// Launch 2, "Backend Services"; RFC 6749 4.4, RFC 7523).
type SmartOptions struct {
	BaseURL   string                 // the FHIR server's; its SMART configuration lies under it
	TokenURL  string                 // empty: as the SMART configuration says
	Audience  string                 // whom the assertion is for; empty: the token URL
	ClientID  string                 // as registered
	Scopes    []string               // of SMART 2, such as system/Task.rs
	Keys      func() (string, error) // content of the key file, see ParseKeys; read for every token
	Transport http.RoundTripper      // to both servers; nil: net/http's
	Narrowed  func(missing []string) // told when a token grants less than was asked for, never twice at once; may be nil
}

// smart keeps one token. Who holds turn may ask for the next: one request is
// under way at most, and what stands below turn is only touched by its holder.
type smart struct {
	SmartOptions
	http *http.Client
	have atomic.Pointer[grant]

	turn     chan struct{}
	failures int
	failed   error         // why there is no token, until rest has passed
	rest     time.Time     // before this nobody asks again
	forced   time.Time     // when a refused token was last replaced
	endpoint *endpoint     // as discovered; nil: not known
	ahead    time.Duration // how far the authorization server's clock is ahead of ours
}

// grant is a token and how long it serves. Its times hold whatever happens to
// the wall clock: they are compared by the monotonic one.
type grant struct {
	header string
	renew  time.Time // from here on one caller gets the next, the others go on
	end    time.Time // from here on nobody uses it
}

const (
	patience   = 10 * time.Second // for one token, discovery included
	firstRest  = time.Second      // after one failure; doubled with each
	lastRest   = time.Minute
	forcedRest = 30 * time.Second // a server that refuses what it has just granted is not asked for more
	maxAnswer  = 1 << 20          // bytes
)

// Smart asks for a token when the first request needs one, and again shortly
// before it ends.
func Smart(o SmartOptions) (Source, error) {
	switch {
	case o.ClientID == "":
		return nil, problem("the client id is missing")
	case o.Keys == nil:
		return nil, problem("the key is missing")
	case len(o.Scopes) == 0:
		return nil, problem("the scopes are missing")
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	s := &smart{SmartOptions: o, turn: make(chan struct{}, 1)}
	s.have.Store(&grant{})
	s.http = &http.Client{Transport: o.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // a redirect would carry the assertion elsewhere
	}}
	return s, nil
}

func (s *smart) Header(ctx context.Context) (string, error) {
	have := s.have.Load()
	switch now := time.Now(); {
	case now.Before(have.renew):
		return have.header, nil
	case now.Before(have.end):
		return s.early(ctx, have), nil
	}
	return s.obtain(ctx, func(g *grant) bool { return time.Now().Before(g.end) })
}

// early renews a token that still serves, unless somebody is at it. Where that
// fails the old one is used up first.
func (s *smart) early(ctx context.Context, have *grant) string {
	select {
	case s.turn <- struct{}{}:
		defer s.pass()
	default:
		return have.header
	}
	if now := s.have.Load(); now != have {
		return now.header
	}
	if header, err := s.renew(ctx); err == nil {
		return header
	}
	return have.header
}

// Another replaces a token that was refused before its time: withdrawn, or the
// server has new keys of its own.
func (s *smart) Another(ctx context.Context, refused string) (string, error) {
	return s.obtain(ctx, func(g *grant) bool {
		if g.header != refused || time.Since(s.forced) < forcedRest {
			return true
		}
		s.forced = time.Now()
		return false
	})
}

// obtain waits for the turn. By then somebody else may have brought enough.
func (s *smart) obtain(ctx context.Context, enough func(*grant) bool) (string, error) {
	select {
	case s.turn <- struct{}{}:
		defer s.pass()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if have := s.have.Load(); enough(have) {
		return have.header, nil
	}
	return s.renew(ctx)
}

func (s *smart) pass() { <-s.turn }

// renew asks for a token. After a failure it rests, ever longer, and tells the
// same to all who come meanwhile.
func (s *smart) renew(ctx context.Context) (string, error) {
	if time.Now().Before(s.rest) {
		return "", s.failed
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	g, err := s.request(limited)
	switch {
	case err == nil:
		s.failures = 0
		s.have.Store(g)
		return g.header, nil
	case ctx.Err() != nil:
		return "", ctx.Err() // the caller went away: nobody has failed
	}
	s.endpoint = nil // it may have moved
	backoff := min(firstRest<<min(s.failures, 10), lastRest)
	s.failures++
	var refused *refusal
	if errors.As(err, &refused) {
		backoff = max(backoff, refused.after)
	}
	s.failed, s.rest = err, time.Now().Add(backoff+rand.N(backoff/2))
	return "", err
}
