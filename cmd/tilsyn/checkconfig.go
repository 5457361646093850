package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

func checkConfigCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "check-config",
		Short: "Check the configuration and print the policy in words",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, policy, err := settings(c)
			if err != nil {
				return err
			}
			if err := checkFiles(cfg, policy); err != nil {
				return wrongUse{err}
			}
			fmt.Fprintln(c.OutOrStdout(), "The configuration is valid.")
			for _, unwise := range app.Warnings(cfg, policy) {
				fmt.Fprintf(c.OutOrStdout(), "Warning: %s.\n", unwise)
			}
			fmt.Fprintf(c.OutOrStdout(), "Times that people read are those of %s.\n", cfg.TimeZone)
			printAuth(c.OutOrStdout(), cfg, policy)
			printRouting(c.OutOrStdout(), cfg.Routing, policy)
			printAdvice(c.OutOrStdout(), cfg)
			return printPolicy(c.OutOrStdout(), cfg, policy)
		},
	}
	config.Flags(c.Flags())
	return c
}

// checkFiles reads what the configuration names and only a start would read.
func checkFiles(cfg config.Config, policy *pathway.Policy) error {
	if err := checkLimits(policy); err != nil {
		return err
	}
	if err := cfg.CheckSecrets(); err != nil {
		return err
	}
	if key := cfg.FHIR.Auth.KeyFile; key != "" {
		if _, err := readKeys(key); err != nil {
			return fmt.Errorf("fhir.auth.key_file: %w", err)
		}
	}
	if err := app.CheckTLS(cfg.TLS); err != nil {
		return err
	}
	if cfg.FHIR.BaseURL == "" {
		return nil
	}
	_, err := app.New(app.Options{Config: cfg, Policy: policy, Log: zerolog.Nop()})
	return err
}

// checkLimits refuses a policy that no hospital can have meant; a service that runs
// goes by it all the same.
func checkLimits(policy *pathway.Policy) error {
	var errs []error
	for _, wrong := range policy.UpsideDown() {
		errs = append(errs, fmt.Errorf("policy: %s", wrong))
	}
	return errors.Join(errs...)
}

// printAuth says what to allow us on the FHIR server. It prints no secret.
func printAuth(w io.Writer, cfg config.Config, policy *pathway.Policy) {
	fmt.Fprintf(w, "The FHIR server is shown: %s.\n", map[string]string{
		config.AuthNone: "nothing", config.AuthBearer: "a bearer token (***)", config.AuthBasic: "a name and a password (***)",
		config.AuthSMART: "a token by SMART Backend Services, for client " + cfg.FHIR.Auth.ClientID}[cfg.FHIR.AuthKind()])
	for _, job := range []app.Job{app.Serve, app.Setup} {
		fmt.Fprintf(w, "  %s needs %s\n", job, strings.Join(app.Scopes(job, cfg, policy), " "))
	}
}

func printRouting(w io.Writer, r config.Routing, policy *pathway.Policy) {
	ward, team := r.Default.Ward, r.Default.Liaison
	if ward == "" {
		ward = "the admission's service provider"
	}
	if team == "" {
		team = "nobody in particular: set routing.default.liaison before going live"
	}
	fmt.Fprintf(w, "Tasks go to %s and consults to %s, but for %d routing rules.\n", ward, team, len(r.Rules))
	if len(policy.Protected.Labels) > 0 {
		fmt.Fprintf(w, "Tasks about protected patients go to %s and consults to %s.\n",
			cmp.Or(r.Protected.Ward, "those who get everybody's"), cmp.Or(r.Protected.Liaison, "those who get everybody's"))
	}
}

// printProtection says who is protected, what is left out about them, and what
// everything carries.
func printProtection(w io.Writer, p *pathway.Policy) {
	fmt.Fprintf(w, "Labels on what is written: those of the admission, the patient and the answers. Added to answers and what follows from them: %s.\n",
		codes(p.Labels.Add))
	if len(p.Protected.Labels) == 0 {
		fmt.Fprintln(w, "Protected: nobody.")
		return
	}
	fmt.Fprintf(w, "Protected: patients and admissions with %s. Asked as everybody. Left out: %s. Added labels: %s.\n",
		codes(p.Protected.Labels), leftOut(p), codes(p.Protected.Add))
}

func codes(codings []pathway.Coding) string {
	words := make([]string, 0, len(codings))
	for _, c := range codings {
		words = append(words, c.Code+" ("+cmp.Or(c.Display, c.System)+")")
	}
	return cmp.Or(strings.Join(words, ", "), "none")
}

func leftOut(p *pathway.Policy) string {
	var words []string
	for _, place := range pathway.Places {
		if !slices.Contains(p.Protected.Show, place) {
			words = append(words, map[string]string{
				pathway.ShowLocation: "the location on tasks and orders",
				pathway.ShowWard:     "the ward and who asked there in the letter to the team"}[place])
		}
	}
	return cmp.Or(strings.Join(words, ", "), "nothing")
}

func printAdvice(w io.Writer, cfg config.Config) {
	from := cfg.Advice.File
	if from == "" {
		from = "as shipped for " + cfg.Questionnaire.Language + ": check it and set advice.file before going live"
	}
	fmt.Fprintf(w, "\nBrief advice (%s)\n%s\n", from, cfg.Advice.Say)
	for _, o := range cfg.Advice.Offers {
		fmt.Fprintf(w, "  %s\n", o.Line())
	}
	fmt.Fprintf(w, "To a patient who is pregnant:\n%s\n", cfg.Advice.SayPregnant)
}

// printPregnancy says who is pregnant, where any limit asks for it.
func printPregnancy(w io.Writer, p *pathway.Policy) {
	if !p.PregnancyMatters() {
		fmt.Fprintln(w, "Pregnancy: no limit asks for it; Conditions are not read.")
		return
	}
	fmt.Fprintf(w, "Pregnant: not a man, of 12 to 55, with a Condition of %s that began within 300 days (or was recorded then, or says no date) and is not ended or refuted. Recorded after the answers: judged again.\n",
		codes(p.Pregnancy.Codings))
}

// printPutAside says what is made of a question that the ward does not ask.
func printPutAside(w io.Writer, s pathway.Screening) {
	fmt.Fprintf(w, "Unable: asked again %s later, at most %d times in all, after: %s. Not asked again: %s.\n", s.RetryAfter, s.MaxAttempts, listed(s.AskedAgain),
		listed(slices.DeleteFunc(slices.Clone(pathway.UnableReasons), func(reason string) bool { return slices.Contains(s.AskedAgain, reason) })))
	fmt.Fprintf(w, "The patient's no: declined of tilsyn's codes, asked-declined of HL7's; of other codes: %s; of texts: %s. Any other rejection: %s.\n",
		codes(s.CountsAsDeclined.Codings), listed(s.CountsAsDeclined.Texts), map[string]string{
			pathway.AsPutAway: "put away by the ward, not screened", pathway.AsDeclined: "the patient's no, too"}[s.RejectedWithoutReason])
}

func listed(words []string) string { return cmp.Or(strings.Join(words, ", "), "none") }

func printPolicy(w io.Writer, cfg config.Config, p *pathway.Policy) error {
	each := several(cfg, p)
	fmt.Fprintf(w, "\nPolicy %s\n", p.Version)
	if each {
		fmt.Fprintf(w, "Asked: patients in Encounters of class %v, with what stands below.\n", p.Screening.Classes)
	} else {
		fmt.Fprintf(w, "Asked: patients of %d and over in Encounters of class %v, due %s after admission.\n", p.Screening.MinAge, p.Screening.Classes, p.Screening.DueAfter)
	}
	printPutAside(w, p.Screening)
	fmt.Fprintf(w, "Sex unknown or other: %s.\n", p.UnknownSex.Words())
	printPregnancy(w, p)
	printConsult(w, p)
	if !each {
		printCertainMinimum(w, p)
	}
	printProtection(w, p)
	fmt.Fprintln(w)
	if each {
		return printScreenings(w, cfg, p)
	}
	fmt.Fprintln(w, howToRead)
	return printLimits(w, p.Tiers)
}

const howToRead = "A patient gets what the last line of the table that fits says. One who declines the consult gets the advice."

// printConsult says what holds for all scores, of whichever instrument.
func printConsult(w io.Writer, p *pathway.Policy) {
	fmt.Fprintf(w, "Points from item 1 alone, such as one glass a day: %s; flagged for review.\n", map[string]string{
		pathway.AsScored: "as any score", pathway.AsAdvice: "brief advice where a routine consult is due, but not in pregnancy"}[p.Item1Only])
	fmt.Fprintf(w, "A consult that is open when the patient goes home: the team is told; %s.\n", map[string]string{
		pathway.KeepConsult: "they decide", pathway.EndConsult: "one that nobody has begun on is taken back"}[p.Consult.AtDischarge])
	fmt.Fprintf(w, "Below the limits for a consult, a patient who wants to see the team gets: %s.\n", map[string]string{
		pathway.WishConsult: pathway.Consult.Words(), pathway.WishAdvice: pathway.Advice.Words(), pathway.WishRecord: "nothing; it stands with the score"}[p.OnWish])
	fmt.Fprintf(w, "When the team turns a consult down: the ward is told why%s.\n", map[string]string{
		pathway.AdviceThere: ", and asked to give brief advice"}[p.Consult.Rejected])
}

func printCertainMinimum(w io.Writer, p *pathway.Policy) {
	fmt.Fprintf(w, "Answers that are not complete and pass a limit all the same, when nobody will complete them: %s.\n", map[string]string{
		pathway.ReferMinimum: "the consult, with what is certain", pathway.IgnoreMinimum: "nothing"}[p.CertainMinimum])
}

func printLimits(w io.Writer, tiers pathway.Tiers) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "Who\tScore\tLeads to\tSource")
	for _, tier := range tiers.List() {
		for _, l := range tier.Limits {
			fmt.Fprintf(table, "%s\t%d or more\t%s\t%s\n", l.Who(), l.From, tier.Tier.Words(), l.Source)
		}
	}
	return table.Flush()
}
