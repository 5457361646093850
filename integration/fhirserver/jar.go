package fhirserver

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// hapiJar returns the jar of integration/hapi and builds it first when it is missing or older than its sources.
func hapiJar(ctx context.Context) (string, error) {
	dir, err := hapiDir()
	if err != nil {
		return "", err
	}
	target := filepath.Join(dir, "target")
	if err := os.MkdirAll(target, 0o755); err != nil {
		return "", fmt.Errorf("build HAPI: %w", err)
	}
	// go test runs packages side by side; two Mavens in one target directory would break each other's jar.
	unlock, err := lock(ctx, filepath.Join(target, ".build.lock"))
	if err != nil {
		return "", fmt.Errorf("build HAPI: %w", err)
	}
	defer unlock()
	jar := filepath.Join(target, "hapi.jar")
	fresh, err := newerThanSources(jar, dir)
	if err != nil || fresh {
		return jar, err
	}
	return jar, build(ctx, dir, jar)
}

func hapiDir() (string, error) {
	root, err := repository()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, "integration", "hapi")
	if _, err := os.Stat(filepath.Join(dir, "pom.xml")); err != nil {
		return "", fmt.Errorf("find our HAPI: %w", err)
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

// newerThanSources is false when the jar does not exist.
func newerThanSources(jar, dir string) (bool, error) {
	built, err := os.Stat(jar)
	if os.IsNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at the jar: %w", err)
	}
	fresh := true
	look := func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil && info.ModTime().After(built.ModTime()) {
			fresh = false
		}
		return err
	}
	for _, source := range []string{"pom.xml", "src"} {
		if err := filepath.WalkDir(filepath.Join(dir, source), look); err != nil {
			return false, fmt.Errorf("look at the sources of the jar: %w", err)
		}
	}
	return fresh, nil
}

func build(ctx context.Context, dir, jar string) error {
	mvn, err := tool("mvn")
	if err != nil {
		return fmt.Errorf("build HAPI: %w", err)
	}
	cmd := exec.CommandContext(ctx, mvn, "-q", "-B", "package")
	cmd.Dir = dir
	log := &tail{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("mvn package in %s: %w\n%s", dir, err, log)
	}
	now := time.Now() // Maven leaves the old time on a jar that came out the same
	if err := os.Chtimes(jar, now, now); err != nil {
		return fmt.Errorf("build HAPI: %w", err)
	}
	return nil
}
