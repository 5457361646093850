package fhirserver

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// hapiJar returns the jar of integration/hapi and builds it first when it is missing or older than its sources.
func hapiJar(ctx context.Context) (string, error) {
	dir, err := part("hapi", "pom.xml")
	if err != nil {
		return "", err
	}
	unlock, err := lockTarget(ctx, dir)
	if err != nil {
		return "", fmt.Errorf("build HAPI: %w", err)
	}
	defer unlock()
	jar := filepath.Join(dir, "target", "hapi.jar")
	fresh, err := newerThan(jar, dir, "pom.xml", "src")
	if err != nil || fresh {
		return jar, err
	}
	return jar, build(ctx, dir, jar)
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
