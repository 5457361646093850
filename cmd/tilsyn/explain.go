package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/reconcile"
)

func explainCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "explain Encounter/ID",
		Short:   "Tell what is seen of one admission, what would be done, and why",
		Example: "  tilsyn explain Encounter/123 --fhir.base_url http://127.0.0.1:8080/fhir",
		Args:    exactArgs(1, "an admission, such as Encounter/123"),
		RunE:    explain,
	}
	config.Flags(c.Flags())
	c.Flags().Bool("json", false, "print JSON")
	return c
}

func explain(c *cobra.Command, args []string) error {
	id := strings.TrimPrefix(args[0], "Encounter/")
	if !fhir.ValidID(id) {
		return wrongUse{errors.New("an admission looks like Encounter/123")}
	}
	a, err := newApp(c, app.Read)
	if err != nil {
		return err
	}
	rec, err := a.Reconciler(c.Context())
	if err != nil {
		return err
	}
	e, err := rec.Explain(c.Context(), id)
	if err != nil {
		return err
	}
	if err := printExplanation(c, e); err != nil {
		return err
	}
	if !e.Found {
		return errors.New("that admission is not on the server")
	}
	return nil
}

// printExplanation hides the ids that may say whose they are, but for the admission's,
// which the caller has named.
func printExplanation(c *cobra.Command, e reconcile.Explanation) error {
	var text strings.Builder
	if asJSON, _ := c.Flags().GetBool("json"); !asJSON {
		tell(&text, e)
	} else if err := printJSON(&text, e); err != nil {
		return err
	}
	_, err := io.WriteString(c.OutOrStdout(), fhir.Mask(text.String(), e.Admission))
	return err
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func tell(w io.Writer, e reconcile.Explanation) {
	if !e.Found {
		return
	}
	fmt.Fprintf(w, "%s  %s, class %s, policy %s\n\nSeen\n", e.Admission, e.Status, e.Class, e.Policy)
	if e.PartOf != "" {
		fmt.Fprintf(w, "  part of %s\n", e.PartOf)
	}
	fmt.Fprintf(w, "  patient %s: %s\n", cmp.Or(e.Patient, "none"), about(e))
	for _, t := range e.Tasks {
		fmt.Fprintf(w, "  %s (%s): %s, %s\n", t.Ref, t.Purpose, t.Status, cmp.Or(t.Business, "none"))
	}
	for _, r := range e.Responses {
		fmt.Fprintf(w, "  %s: %s%s\n", r.Ref, r.Status, note(r))
	}
	fmt.Fprintf(w, "\nThe story so far\n")
	for _, event := range e.Story {
		fmt.Fprintf(w, "  %s  %s: %s\n", moment(event.At), event.What, event.Ref)
	}
	fmt.Fprintf(w, "\nWhy\n")
	for _, r := range e.Decision.Reasons {
		fmt.Fprintf(w, "  %-15s %s\n", r.Rule, r.Text)
	}
	for _, other := range e.Decision.Others {
		for _, r := range other.Reasons {
			fmt.Fprintf(w, "  %-15s %s: %s\n", r.Rule, other.Instrument, r.Text)
		}
	}
	fmt.Fprintf(w, "\nWould be done\n")
	for _, line := range e.Plan {
		fmt.Fprintf(w, "  %s\n", line)
	}
}

func about(e reconcile.Explanation) string {
	words := []string{"sex " + string(e.Sex), fmt.Sprintf("age %d", e.Age[0])}
	if e.Sex == "" {
		words[0] = "sex unknown"
	}
	if e.Age[0] != e.Age[1] {
		words[1] = fmt.Sprintf("age %d–%d", e.Age[0], e.Age[1])
	}
	if e.Pregnant {
		words = append(words, "pregnant")
	}
	if e.Deceased {
		words = append(words, "deceased")
	}
	return strings.Join(words, ", ")
}

func note(r reconcile.SeenResponse) string {
	text := ""
	if r.Ours {
		text += " (the prepared one)"
	}
	if r.Problem != "" {
		text += ": " + r.Problem
	}
	return text
}

func moment(t time.Time) string { return t.Format("2006-01-02 15:04 MST") }
