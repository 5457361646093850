package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/doctor"
)

func doctorCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what the FHIR server does of what tilsyn relies on; --write tries it",
		Long: `Asks the FHIR server what it states about itself and whether it answers every
search of tilsyn's. With --write it also tries what statements are often wrong
about: whether a transaction is all or nothing, whether a thing is made once
when several make it at the same time, whether an old version is refused. For
that it makes some Tasks that are cancelled, about nobody and on no list, and
deletes them.

Exit code 1: something makes screening beside this server unsafe.`,
		Args: noArgs,
		RunE: examine,
	}
	config.Flags(c.Flags())
	c.Flags().Bool("write", false, "also try writing, with throw-away Tasks")
	c.Flags().Bool("json", false, "print JSON")
	return c
}

func examine(c *cobra.Command, _ []string) error {
	write, _ := c.Flags().GetBool("write")
	job := app.Read
	if write {
		job = app.Try
	}
	a, err := newApp(c, job)
	if err != nil {
		return err
	}
	found, err := a.Doctor(c.Context(), write)
	if printErr := printFindings(c, found); err == nil {
		err = printErr
	}
	if unsafe := doctor.Of(found, doctor.Unsafe); err == nil && len(unsafe) > 0 {
		err = fmt.Errorf("screening beside this server is not safe: %s", strings.Join(unsafe, ", "))
	}
	return err
}

func printFindings(c *cobra.Command, found []doctor.Finding) error {
	if asJSON, _ := c.Flags().GetBool("json"); asJSON {
		return printJSON(c.OutOrStdout(), found)
	}
	return tabulate(c.OutOrStdout(), found)
}

func tabulate(w io.Writer, found []doctor.Finding) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range found {
		fmt.Fprintf(t, "%s\t%s\t%s\n", f.Level, f.What, f.Seen)
		if f.Means != "" {
			fmt.Fprintf(t, "\t\t→ %s\n", f.Means)
		}
	}
	return t.Flush()
}
