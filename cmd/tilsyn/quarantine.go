package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/app"
)

func quarantineCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "quarantine",
		Short: "List the admissions that a person must look at, and why",
		Long: `Asks the service that runs on this machine which admissions no retry can help:
a resource that cannot be understood, or a write that the FHIR server refuses.
The reason names the resource and its element. Where no service answers at
operator.listen, every open admission is looked at instead, and nothing is
written; what the server refuses to take is not seen so.

The service itself tries again when something of an admission changes, and at
every census.`,
		Example: "  tilsyn quarantine --retry Encounter/123 --config tilsyn.yaml",
		Args:    noArgs,
		RunE:    quarantine,
	}
	config.Flags(c.Flags())
	c.Flags().String("retry", "", "work on this admission now, such as Encounter/123")
	c.Flags().Bool("json", false, "print JSON")
	return c
}

func quarantine(c *cobra.Command, _ []string) error {
	again, job := c.Flags().Changed("retry"), app.Read
	if again {
		job = app.Serve
	}
	a, err := newApp(c, job)
	if err != nil {
		return err
	}
	if again {
		return retry(c, a)
	}
	list, err := a.Quarantined(c.Context())
	if errors.Is(err, app.ErrNoService) {
		fmt.Fprintf(c.ErrOrStderr(), "No service answers at %s; every open admission is looked at instead.\n", a.Address())
		list, err = a.Unreadable(c.Context())
	}
	if err != nil {
		return err
	}
	if asJSON, _ := c.Flags().GetBool("json"); asJSON {
		return printJSON(c.OutOrStdout(), list)
	}
	return printQuarantine(c.OutOrStdout(), list, a.Zone())
}

func printQuarantine(w io.Writer, list map[string]app.Quarantined, zone *time.Location) error {
	if len(list) == 0 {
		fmt.Fprintln(w, "No admission is quarantined.")
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ADMISSION\tSINCE\tREASON")
	for _, id := range app.Oldest(list) {
		what := "Encounter/" + id
		if app.IsWindow(id) {
			what = id
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", what, moment(list[id].Since.In(zone)), list[id].Reason)
	}
	return t.Flush()
}

// retry reconciles as the service does. A running service sees what was
// written, or at its next census that nothing is wrong any more.
func retry(c *cobra.Command, a *app.App) error {
	admission, _ := c.Flags().GetString("retry")
	id := strings.TrimPrefix(admission, "Encounter/")
	if !fhir.ValidID(id) {
		return wrongUse{errors.New("an admission looks like Encounter/123")}
	}
	done, err := a.Retry(c.Context(), id)
	if err != nil {
		return err
	}
	if done.Gone {
		return errors.New("that admission is not on the server")
	}
	did := "nothing had to be written"
	if done.Wrote {
		did = "written; `tilsyn explain` tells what"
	}
	fmt.Fprintf(c.OutOrStdout(), "Encounter/%s is understood: %s.\n", id, did)
	return nil
}
