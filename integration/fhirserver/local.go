package fhirserver

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
)

// local is a server of this machine that is not started yet, and its port.
func local(name string) (*Server, int, error) {
	port, err := FreePort()
	if err != nil {
		return nil, 0, err
	}
	return &Server{Base: "http://" + loopback + ":" + strconv.Itoa(port) + "/fhir", Name: name, callbackHost: loopback}, port, nil
}

// launch returns when the server can be written to.
func (s *Server) launch(ctx context.Context, cmd *exec.Cmd) error {
	p, err := start(cmd)
	if err != nil {
		return err
	}
	s.stop = p.stop
	err = ready(ctx, s.Base, p.died)
	if err == nil {
		err = warmUp(ctx, s.Base)
	}
	if err != nil {
		_ = p.stop()
		return fmt.Errorf("start %s: %w\n%s", s.Name, err, p.log)
	}
	return nil
}

// tool finds a program of this machine.
func tool(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errMissing, err)
	}
	return path, nil
}
