package fhirserver

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// startMedplum starts Medplum's FHIR router of integration/medplum. It keeps everything in memory, so there is no Restart.
func startMedplum(ctx context.Context, _ Options) (*Server, error) {
	dir, err := installedMedplum(ctx)
	if err != nil {
		return nil, err
	}
	node, err := nodeCommand(dir)
	if err != nil {
		return nil, err
	}
	s, port, err := local("Medplum's FHIR router as a local Node process")
	if err != nil {
		return nil, err
	}
	s.lacks = medplumLacks
	cmd := exec.Command(node, filepath.Join(dir, "server.mjs"), "--port="+strconv.Itoa(port), "--die-with-parent")
	if err := s.launch(ctx, cmd); err != nil {
		return nil, err
	}
	return s, nil
}

// installedMedplum returns the directory of our Medplum and lets npm fetch its packages first when package.json is newer.
func installedMedplum(ctx context.Context) (string, error) {
	dir, err := part("medplum", "package.json")
	if err != nil {
		return "", err
	}
	unlock, err := lockTarget(ctx, dir)
	if err != nil {
		return "", fmt.Errorf("install Medplum: %w", err)
	}
	defer unlock()
	installed := filepath.Join(dir, "node_modules", ".installed")
	fresh, err := newerThan(installed, dir, "package.json")
	if err != nil || fresh {
		return dir, err
	}
	if err := install(ctx, dir); err != nil {
		return "", err
	}
	return dir, os.WriteFile(installed, nil, 0o644)
}

func install(ctx context.Context, dir string) error {
	npm, err := tool("npm")
	if err != nil {
		return fmt.Errorf("install Medplum: %w", err)
	}
	cmd := exec.CommandContext(ctx, npm, "install", "--no-progress")
	cmd.Dir, cmd.WaitDelay = dir, 10*time.Second // npm's own children may hold its output open
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm install in %s: %w\n%s", dir, err, out)
	}
	return nil
}

// nodeCommand prefers the Node that npm has brought along: Medplum wants a newer one than most machines have.
func nodeCommand(dir string) (string, error) {
	brought, err := filepath.Glob(filepath.Join(dir, "node_modules", "node-*", "bin", "node"))
	if err == nil && len(brought) > 0 {
		return brought[0], nil
	}
	return tool("node")
}
