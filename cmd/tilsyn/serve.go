package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/outside"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

func serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the service beside the FHIR server at fhir.base_url",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := newApp(c, app.Serve)
			if err != nil {
				return err
			}
			return a.Run(c.Context())
		},
	}
	config.Flags(c.Flags())
	return c
}

// newApp makes the app from the command's configuration.
func newApp(c *cobra.Command, job app.Job) (*app.App, error) {
	cfg, policy, err := settings(c)
	if err != nil {
		return nil, err
	}
	a, err := app.New(app.Options{Config: cfg, Policy: policy, Job: job, Log: logger(cfg.Log, c.ErrOrStderr())})
	if err != nil {
		return nil, wrongUse{err}
	}
	return a, nil
}

func settings(c *cobra.Command) (config.Config, *pathway.Policy, error) {
	cfg, err := config.Load(c.Flags())
	if cfg.Instruments.Dir != "" && len(cfg.Instruments.Own) == 0 {
		return cfg, nil, wrongUse{err} // the policy may ask with what could not be read
	}
	policy, policyErr := readPolicy(cfg.Policy.File, cfg.Instruments.Definitions())
	if err = errors.Join(err, policyErr); err != nil {
		return cfg, nil, wrongUse{err}
	}
	if _, err := app.Artifacts(cfg, policy); err != nil {
		return cfg, nil, wrongUse{err}
	}
	return cfg, policy, nil
}

// readPolicy reads what the hospital has approved, which may ask with its own instruments.
func readPolicy(path string, own []*instrument.Definition) (*pathway.Policy, error) {
	if path == "" {
		return pathway.DefaultPolicy(own...), nil
	}
	text, err := outside.ReadYAML(path)
	if err != nil {
		return nil, fmt.Errorf("policy.file: %w", err)
	}
	p, err := pathway.ParsePolicy(text, own...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

func logger(l config.Log, w io.Writer) zerolog.Logger {
	level, err := zerolog.ParseLevel(l.Level)
	if err != nil {
		level = zerolog.InfoLevel
	}
	if l.Format == "console" {
		w = zerolog.ConsoleWriter{Out: w}
	}
	return zerolog.New(zerolog.SyncWriter(w)).Level(level).With().Timestamp().Logger()
}
