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
	fmt.Fprintf(w, "\nWould be done\n")
	for _, line := range plan(e) {
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

// plan says in words what would be written, and when the admission is due again.
func plan(e reconcile.Explanation) []string {
	d := e.Decision
	var lines []string
	add := func(when bool, format string, args ...any) {
		if when {
			lines = append(lines, fmt.Sprintf(format, args...))
		}
	}
	if d.Ask != nil {
		add(true, "ask the ward, due %s", moment(d.Ask.Due))
	}
	if d.Score != nil {
		add(true, "write the score (tier %s)", d.Score.Tier)
	}
	add(d.Withdraw != "", "withdraw the score %s", d.Withdraw)
	add(d.Consult != nil, "ask the liaison team for a consult, or change what they were asked")
	if d.Revoke != nil {
		add(d.Revoke.Ref != "", "revoke the consult %s (%s)", d.Revoke.Ref, d.Revoke.Why)
		add(d.Revoke.Ref == "", "cancel the team's task (%s)", d.Revoke.Why)
	}
	add(d.Tell != "", "tell the liaison team: %s", d.Tell)
	if d.Carry != nil {
		add(true, "set the consult %s to %s", d.Carry.Order, d.Carry.Status)
	}
	if d.Advice != nil {
		add(true, "set the task to give advice to %s", d.Advice.Status)
	}
	if d.HandOver != nil {
		add(true, "give the team's task %s to those who may know, or to everybody's again", d.HandOver.Task)
	}
	for _, l := range d.Labels {
		add(true, "put on %s the labels that have come since", l.Ref)
	}
	for _, ref := range d.Follow {
		add(true, "put the admission's patient on %s", ref)
	}
	for _, extra := range d.Duplicates {
		add(true, "mark %s as made in error; %s stays", extra.Ref, extra.Keep)
	}
	add(d.Restore != "", "tie the response %s to the admission again", d.Restore)
	add(d.Chase != "", "raise the team's task %s", d.Chase)
	if d.Task != nil {
		add(true, "set the nurse's task to %s (%s)", d.Task.Status, d.Task.Business)
	}
	for _, ref := range d.Stop {
		add(true, "stop the draft %s", ref)
	}
	for _, ref := range d.Restart {
		add(true, "open the draft %s again", ref)
	}
	add(len(lines) == 0, "nothing")
	add(!d.Next.IsZero(), "look again at %s", moment(d.Next))
	return lines
}

func moment(t time.Time) string { return t.Format("2006-01-02 15:04 MST") }
