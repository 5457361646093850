package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

func reportCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "report",
		Short: "Count where every open admission stands: asked, overdue, declined, not asked and why",
		Args:  noArgs,
		RunE:  report,
	}
	config.Flags(c.Flags())
	c.Flags().Bool("json", false, "print JSON")
	return c
}

func report(c *cobra.Command, _ []string) error {
	a, err := newApp(c, app.Read)
	if err != nil {
		return err
	}
	r, err := a.Report(c.Context())
	if err != nil {
		return err
	}
	if asJSON, _ := c.Flags().GetBool("json"); asJSON {
		return printJSON(c.OutOrStdout(), r)
	}
	return printReport(c.OutOrStdout(), r)
}

// unscreened says in words what the ward has done with the question.
var unscreened = map[string]string{
	pathway.PutAway: "put away by the ward, and nothing says that the patient declined",
	pathway.Unable:  "unable: the ward says why the patient cannot be asked",
	"closed":        "closed by the ward without a reason",
}

// inWords keeps the name of the instrument before it.
func inWords(why string) string {
	instrument, how, named := strings.Cut(why, " ")
	if !named {
		return unscreened[why]
	}
	return instrument + ": " + unscreened[how]
}

func printReport(w io.Writer, r app.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "open admissions\t%d\n", r.Census.Admissions)
	for _, business := range slices.Sorted(maps.Keys(r.Screenings)) {
		fmt.Fprintf(t, "asked: %s\t%d\n", cmp.Or(business, "none"), r.Screenings[business])
	}
	for _, why := range slices.Sorted(maps.Keys(r.Unscreened)) {
		fmt.Fprintf(t, "of these not screened: %s\t%d\n", inWords(why), r.Unscreened[why])
	}
	fmt.Fprintf(t, "overdue\t%d\n", r.Overdue)
	fmt.Fprintf(t, "consults not accepted in time\t%d\n", r.Unaccepted)
	for _, rule := range slices.Sorted(maps.Keys(r.NotAsked)) {
		fmt.Fprintf(t, "not asked: %s\t%d\n", rule, r.NotAsked[rule])
	}
	fmt.Fprintf(t, "planned, and the start has passed\t%d\n", r.Census.PlannedLate)
	for _, class := range slices.Sorted(maps.Keys(r.Census.OtherClasses)) {
		fmt.Fprintf(t, "open Encounters of a class that is not asked: %s\t%d\n", class, r.Census.OtherClasses[class])
	}
	for _, reason := range r.NotWhole {
		fmt.Fprintf(t, "not whole\t%s\n", reason)
	}
	for _, admission := range r.Left {
		fmt.Fprintf(t, "went home within a week, not asked\t%s\n", admission)
	}
	for _, admission := range r.Unread {
		fmt.Fprintf(t, "could not be looked at: explain it\t%s\n", admission)
	}
	return t.Flush()
}
