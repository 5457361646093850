package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// release is set by the linker for a release build.
var release = ""

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of the program, its form and its built-in policy",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			raw, err := artifacts.Questionnaire(artifacts.Languages[0])
			if err != nil {
				return err
			}
			form, err := instrument.AuditC().Form(raw)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "tilsyn %s (%s)\nform   %s\npolicy %s\n",
				programVersion(), runtime.Version(), form.Canonical(), pathway.DefaultPolicy().Version)
			return nil
		},
	}
}

func programVersion() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
