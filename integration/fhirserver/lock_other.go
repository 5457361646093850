//go:build !unix

package fhirserver

import "context"

// lock does nothing where there is no flock: run the test packages one at a time there (go test -p 1).
func lock(context.Context, string) (unlock func(), err error) {
	return func() {}, nil
}
