package main

import (
	"fmt"
	"io"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/outside"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// several tells that there is more to say than of our AUDIT-C alone.
func several(cfg config.Config, p *pathway.Policy) bool {
	names := p.Instruments()
	_, own := cfg.Instruments.Of(names[0])
	return own || len(names) > 1 || names[0] != artifacts.AuditC || p.Performer() != pathway.ByNurse
}

// printScreenings says of each what is asked, of whom, when, and what it leads to.
func printScreenings(w io.Writer, cfg config.Config, p *pathway.Policy) error {
	forms, err := app.Artifacts(cfg, p)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, howToRead)
	for _, form := range forms {
		if form.Instrument == "" {
			continue
		}
		asked := p.About(form.Instrument)
		fmt.Fprintf(w, "\n%s (%s), 0 to %d points\n", outside.Text(asked.Definition().Title, 100), form.Instrument, asked.Definition().Max)
		fmt.Fprintf(w, "Form: %s|%s, %s.\n", gjson.GetBytes(form.JSON, "url").Str, gjson.GetBytes(form.JSON, "version").Str, whose(form.File))
		fmt.Fprintf(w, "Asked: patients of %d and over, due %s after admission; %s.\n", asked.Screening.MinAge, asked.Screening.DueAfter, again(asked.Screening))
		printHow(w, asked)
		printCertainMinimum(w, asked)
		if err := printLimits(w, asked.Tiers); err != nil {
			return err
		}
	}
	return nil
}

// printHow says who fills in the form, and after which other it is asked.
func printHow(w io.Writer, asked *pathway.Policy) {
	if step := asked.Step(); step != nil {
		fmt.Fprintf(w, "Only of those whose score of %s leads to: %s, or more. A routine consult waits for it, at most %s.\n", step.After, step.From.Words(), step.Within)
	}
	switch asked.Performer() {
	case pathway.ByPatient:
		fmt.Fprintln(w, "Filled in by the patient herself.")
	case pathway.PatientThenNurse:
		fmt.Fprintf(w, "Filled in by the patient herself, within %s; else by the ward.\n", asked.PatientDue())
	}
}

func whose(file string) string {
	if file == "" {
		return "as shipped"
	}
	return "the site's (" + outside.Text(file, 300) + ")"
}

// again says whether an earlier screening spares the patient.
func again(s pathway.Screening) string {
	if s.RescreenAfter.Duration == 0 {
		return "in every admission"
	}
	return fmt.Sprintf("a score counts for %s, also in another admission", s.RescreenAfter)
}
