// Package sandbox is a FHIR R4 server in memory. The demo runs on it, people try things on it with curl and a browser, and the
// fault tests and the simulation run on it under a fake clock.
//
// It behaves as HAPI FHIR 8.8.0 does, down to its oddities, because the same integration suite runs on both: where they differ,
// the sandbox is wrong. What it cannot do it refuses by name, and /fhir/metadata lists only what it does.
package sandbox

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// Server is an http.Handler that serves FHIR R4 under /fhir and a small page for people at /.
// Nothing is kept when it goes. It is safe for use by many goroutines.
type Server struct {
	base      string
	catalogue catalogue
	shapes    *shapes
	pages     *pages
	hooks     *hooks

	mu      sync.RWMutex // held for the whole of one interaction, so that a transaction is one step
	store   *store
	lenient bool // see Lenient
}

// Option changes how a Server behaves.
type Option func(*Server)

// WithBaseURL sets the base of every absolute URL that the server writes, such as "https://fhir.example.org/fhir".
// Without it the base follows from the Host header of each request.
func WithBaseURL(base string) Option {
	return func(s *Server) { s.base = strings.TrimSuffix(base, "/") }
}

// WithHTTPClient sets the client that delivers subscription notifications. Redirects are never followed.
func WithHTTPClient(client *http.Client) Option {
	return func(s *Server) { s.hooks.use(client) }
}

// WithBegin says when a write that is committed now began: that moment is its lastUpdated, as on a server whose transactions take
// time. Later writes may so have earlier stamps.
func WithBegin(began func(now time.Time) time.Time) Option {
	return func(s *Server) { s.store.began = began }
}

// Lenient makes a server that minds neither what refers to what nor what a form asks, as many do: what others refer to can be
// deleted there, and a response be handed in that leaves out what is required. HAPI refuses both.
func Lenient() Option {
	return func(s *Server) { s.lenient = true }
}

// New returns an empty server. Close it: an active Subscription keeps goroutines.
func New(opts ...Option) *Server {
	s := &Server{catalogue: newCatalogue(), shapes: newShapes(), pages: newPages()}
	s.store = newStore(s.catalogue)
	s.hooks = newHooks(s.activate)
	for _, opt := range opts {
		opt(s)
	}
	return s
}

// Close stops all deliveries and waits for them. Requests are still answered, but nobody is notified any more.
func (s *Server) Close() { s.hooks.close() }
