// Package defect turns a panic into an error that tells where it came from, and
// nothing of what it was about: that may hold anything that a server has sent.
package defect

import (
	"fmt"
	"runtime"
	"strings"
)

// Catch is deferred by what works on something that came from outside.
func Catch(err *error) {
	if recover() != nil {
		*err = Found()
	}
}

// Found is the error for a panic that the caller, a deferred function, has just
// recovered from.
func Found() error { return fmt.Errorf("a defect of this program, at %s", place()) }

// place is where in this program the panic came from.
func place() string {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers)])
	panicked := false
	for {
		f, more := frames.Next()
		if panicked && strings.Contains(f.Function, "tilsyn/tilsyn/") {
			return fmt.Sprintf("%s:%d", f.Function[strings.LastIndex(f.Function, "/")+1:], f.Line)
		}
		panicked = panicked || f.Function == "runtime.gopanic"
		if !more {
			return "an unknown place"
		}
	}
}
