package fhirserver

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// part is a directory beside ours that a server is made from; it holds the file.
func part(name, file string) (string, error) {
	root, err := repository()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, "integration", name)
	if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
		return "", fmt.Errorf("find our %s: %w", name, err)
	}
	return dir, nil
}

// repository returns the directory of go.mod, seen from the package whose tests run.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("find the repository: no go.mod above the working directory")
		}
		dir = up
	}
}

// lockTarget makes the directory for what is built, and waits until nobody else builds there: go test runs packages side
// by side, and two Mavens in one target directory would break each other's jar.
func lockTarget(ctx context.Context, dir string) (unlock func(), err error) {
	target := filepath.Join(dir, "target")
	if err := os.MkdirAll(target, 0o755); err != nil {
		return nil, err
	}
	return lock(ctx, filepath.Join(target, ".build.lock"))
}

// newerThan is false when what was built does not exist, or is older than one of its sources in dir.
func newerThan(built, dir string, sources ...string) (bool, error) {
	made, err := os.Stat(built)
	if os.IsNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at what was built: %w", err)
	}
	fresh := true
	look := func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil && info.ModTime().After(made.ModTime()) {
			fresh = false
		}
		return err
	}
	for _, source := range sources {
		if err := filepath.WalkDir(filepath.Join(dir, source), look); err != nil {
			return false, fmt.Errorf("look at the sources: %w", err)
		}
	}
	return fresh, nil
}
