package fhirserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// shared is the one server of a test process: starting HAPI takes longer than most suites.
var shared struct {
	once   sync.Once
	opts   Options
	server *Server
	err    error
}

// Run runs the tests of a package and stops the shared server after them; the result is for os.Exit:
//
//	func TestMain(m *testing.M) { os.Exit(fhirserver.Run(m, fhirserver.Options{})) }
//
// The server starts with the first test that requires it, so that the others need not wait for it.
func Run(m interface{ Run() int }, opts Options) int {
	shared.opts = opts
	code := m.Run()
	if shared.server == nil {
		return code
	}
	if err := shared.server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "fhirserver: stop:", err)
		return max(code, 1)
	}
	return code
}

// Require returns the shared server. Without one the test is skipped with a message that names what is missing;
// under CI, where nobody reads of skipped tests, it fails. It needs Run in TestMain.
func Require(t testing.TB) *Server {
	t.Helper()
	if testing.Short() {
		t.Skip("a real FHIR server is not for -short")
	}
	shared.once.Do(func() {
		shared.server, shared.err = Find(context.Background(), shared.opts)
		announce(shared.server, shared.err)
	})
	if shared.err == nil {
		return shared.server
	}
	why, _, _ := strings.Cut(shared.err.Error(), "\n") // the log that may follow was shown once
	if errors.Is(shared.err, ErrNone) && !underCI() {
		t.Skip(why)
	}
	t.Fatal(why)
	return nil
}

// announce says once per process which server the results are about, or all that is known of why there is none.
func announce(s *Server, err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "fhirserver: the tests against a real FHIR server DO NOT RUN:", err)
		return
	}
	fmt.Fprintf(os.Stderr, "fhirserver: %s at %s\n", s.Name, s.Base)
}

func underCI() bool {
	ci, _ := strconv.ParseBool(os.Getenv("CI"))
	return ci
}
