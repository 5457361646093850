// Package fhirserver finds a real FHIR R4 server for tests: one that the
// environment names, else HAPI in Docker, else HAPI as a local Java process.
// The environment can also ask for another kind of local server.
// Tests that use a real server find out how servers behave; a fake of our own
// would only repeat what we believe.
package fhirserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"time"
)

const (
	// EnvBase names a server to use instead of starting one, as in http://host:port/fhir.
	EnvBase = "TILSYN_TEST_FHIR"
	// EnvKind is the kind of server to start where EnvBase names none: "hapi-postgres" or "medplum", or
	// HAPI on H2 when empty.
	EnvKind = "TILSYN_TEST_SERVER"
	// EnvCallbackHost is the host under which the server of EnvBase reaches this process; 127.0.0.1 when empty.
	EnvCallbackHost = "TILSYN_TEST_CALLBACK_HOST"

	loopback = "127.0.0.1"
)

// ErrNone says that no FHIR server can be had here. The error that wraps it names what is missing.
var ErrNone = errors.New("no FHIR server for tests")

// errMissing marks a tool that this machine does not have, as against one that it has and that failed.
var errMissing = errors.New("missing")

// Options say what a test needs of the server. The zero value is a validating HAPI.
type Options struct {
	// HostPorts are the ports of this process that the server may call back on (rest-hooks).
	// A container must know them before it starts; see FreePort.
	HostPorts []int
	// NoValidation lets the server store what breaks the FHIR specification, for load tests.
	NoValidation bool
	// Database is a directory in which the server keeps what was written, so that it can be restarted. It must be empty.
	// Only our own HAPI can: a container comes back under another port.
	Database string
	// StartTimeout bounds the start, 8 minutes when zero: two of our HAPIs starting on two busy cores needed 4,
	// an image must be pulled, and go test gives up after 10.
	StartTimeout time.Duration
}

// Server is a running FHIR server that a test may fill.
type Server struct {
	Base string // FHIR base URL without a trailing slash
	Name string // what it is, for people

	callbackHost string
	lacks        map[Feature]bool
	stop         func() error
	also         func() error // stops what it stands on
	restart      func(context.Context) error
}

// Callback returns the base URL under which the server reaches a listener of this process on port.
func (s *Server) Callback(port int) string {
	return "http://" + net.JoinHostPort(s.callbackHost, strconv.Itoa(port))
}

// Stop ends what Find started; a server that was found in the environment is left alone.
func (s *Server) Stop() error {
	var errs []error
	for _, stop := range []func() error{s.stop, s.also} {
		if stop != nil {
			errs = append(errs, stop())
		}
	}
	return errors.Join(errs...)
}

// CanRestart tells whether Restart can be called.
func (s *Server) CanRestart() bool { return s.restart != nil }

// Restart ends the server without warning, as a power cut does, and starts it again under the same address. It returns
// when the server answers; what it had acknowledged is still there.
func (s *Server) Restart(ctx context.Context) error { return s.restart(ctx) }

// Find returns a server that is ready and that the caller stops: the one that the environment names, else the first kind
// that starts. The error wraps ErrNone only when there is nothing to try; a server that is named, or a tool that is
// present, and does not work is a failure that nobody should mistake for a skipped test.
func Find(ctx context.Context, opts Options) (*Server, error) {
	if opts.StartTimeout == 0 {
		opts.StartTimeout = 8 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, opts.StartTimeout)
	defer cancel()
	if base := os.Getenv(EnvBase); base != "" {
		return fromEnv(ctx, base)
	}
	kind := os.Getenv(EnvKind)
	if kind == "" {
		return anyHAPI(ctx, opts)
	}
	start, ok := kinds[kind]
	if !ok {
		return nil, fmt.Errorf("%s=%s: there are %v", EnvKind, kind, slices.Sorted(maps.Keys(kinds)))
	}
	s, err := start(ctx, opts)
	if errors.Is(err, errMissing) {
		return nil, fmt.Errorf("%w of kind %s: %w", ErrNone, kind, err)
	}
	return s, err
}

// kinds are the servers that are started only when they are asked for.
var kinds = map[string]func(context.Context, Options) (*Server, error){
	"hapi-postgres": startOnPostgres,
	"medplum":       startMedplum,
}

func anyHAPI(ctx context.Context, opts Options) (*Server, error) {
	s, noDocker := startDocker(ctx, opts)
	if noDocker == nil {
		return s, nil
	}
	s, noJava := startJava(ctx, opts)
	if noJava == nil {
		return s, nil
	}
	err := fmt.Errorf("%s is not set; docker: %w; java: %w", EnvBase, noDocker, noJava)
	if errors.Is(noDocker, errMissing) && errors.Is(noJava, errMissing) {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	return nil, err
}

// FreePort returns a loopback port that nobody listens on now.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
