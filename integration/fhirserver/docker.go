package fhirserver

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

// hapiImage is the same HAPI as integration/hapi, so that both ways test one server.
const hapiImage = "hapiproject/hapi:v8.8.0-1"

func startDocker(ctx context.Context, opts Options) (*Server, error) {
	if opts.Database != "" {
		return nil, fmt.Errorf("a container that can be restarted is %w", errMissing)
	}
	if err := dockerAnswers(ctx); err != nil {
		return nil, err
	}
	c, err := testcontainers.Run(ctx, hapiImage,
		testcontainers.WithExposedPorts("8080/tcp"),
		testcontainers.WithEnv(starterSettings(opts)),
		testcontainers.WithHostPortAccess(opts.HostPorts...),
		// The image has no shell, so it is asked from outside; the default of a minute is too short for HAPI.
		testcontainers.WithWaitStrategyAndDeadline(opts.StartTimeout,
			wait.ForHTTP("/fhir/metadata").WithPort("8080/tcp").WithStartupTimeout(opts.StartTimeout)),
	)
	stop := func() error { return testcontainers.TerminateContainer(c) }
	if err != nil {
		_ = stop()
		return nil, fmt.Errorf("start %s: %w", hapiImage, err)
	}
	s, err := dockerServer(ctx, c, stop)
	if err != nil {
		_ = stop()
		return nil, err
	}
	return s, nil
}

// dockerAnswers tells quickly and without noise whether an engine is there.
func dockerAnswers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	docker, err := testcontainers.NewDockerClientWithOpts(ctx) // this asks the engine who it is
	if err != nil {
		return fmt.Errorf("engine %w: %w", errMissing, err)
	}
	return docker.Close()
}

// starterSettings are the switches of hapi-fhir-jpaserver-starter that match those of integration/hapi.
func starterSettings(opts Options) map[string]string {
	return map[string]string{
		"hapi.fhir.fhir_version":                     "R4",
		"hapi.fhir.subscription.resthook_enabled":    "true",
		"hapi.fhir.subscription.polling_interval_ms": "200",
		"hapi.fhir.validation.requests_enabled":      strconv.FormatBool(!opts.NoValidation),
	}
}

func dockerServer(ctx context.Context, c *testcontainers.DockerContainer, stop func() error) (*Server, error) {
	base, err := c.PortEndpoint(ctx, "8080/tcp", "http")
	if err != nil {
		return nil, fmt.Errorf("find the port of %s: %w", hapiImage, err)
	}
	s := &Server{Base: base + "/fhir", Name: hapiImage, callbackHost: testcontainers.HostInternal, stop: stop}
	return s, warmUp(ctx, s.Base)
}
