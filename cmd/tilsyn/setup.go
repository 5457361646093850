package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/app"
)

func setupCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "setup",
		Short: "Put the form, code system, device and subscriptions on the FHIR server",
		Long: `Puts on the FHIR server what tilsyn needs there. Run again, it changes nothing.
Subscriptions are made only with hook.enabled.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := newApp(c, app.Setup)
			if err != nil {
				return err
			}
			changes, err := a.Setup(c.Context())
			for _, change := range changes {
				fmt.Fprintf(c.OutOrStdout(), "%-9s  %s\n", change.Did, change.Name)
			}
			return err
		},
	}
	config.Flags(c.Flags())
	return c
}
