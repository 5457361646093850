//go:build !unix

package fhirserver

import (
	"context"
	"fmt"
	"os/exec"
)

// account would run PostgreSQL; elsewhere than on Unix the tests do not start one.
type account struct{}

func ordinaryUser() (*account, error) {
	return nil, fmt.Errorf("a Unix to run PostgreSQL on: %w", errMissing)
}

func (*account) own(string) error { return nil }

func (*account) run(ctx context.Context, _, path string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, path, args...)
}
