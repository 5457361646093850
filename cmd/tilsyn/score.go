package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/outside"
	"github.com/tilsyn/tilsyn/internal/words"
)

func scoreCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "score --questionnaire FILE RESPONSE.json",
		Short:   "Score one QuestionnaireResponse without a server",
		Example: "  tilsyn score --questionnaire Questionnaire-audit-c.json response.json --json",
		Args:    exactArgs(1, "a file with a QuestionnaireResponse"),
		RunE:    score,
	}
	c.Flags().String("questionnaire", "", "file with the Questionnaire that was answered")
	c.Flags().Bool("json", false, "print JSON")
	return c
}

func score(c *cobra.Command, args []string) error {
	path, _ := c.Flags().GetString("questionnaire")
	if path == "" {
		return wrongUse{fmt.Errorf("%s needs --questionnaire FILE, the form that was answered", c.CommandPath())}
	}
	form, err := readJSON(path, instrument.ParseForm)
	if err != nil {
		return err
	}
	response, err := readJSON(args[0], instrument.ParseResponse)
	if err != nil {
		return err
	}
	result := instrument.Judge(form, response)
	for i := range result.Items {
		result.Items[i].LinkID = form.ItemName(result.Items[i].LinkID)
	}
	if asJSON, _ := c.Flags().GetBool("json"); asJSON {
		return printJSON(c.OutOrStdout(), result)
	}
	printResult(c, result)
	return nil
}

func readJSON[T any](path string, parse func([]byte) (T, error)) (T, error) {
	var none T
	raw, err := outside.Read(path, outside.MaxJSON)
	if err != nil {
		return none, err
	}
	v, err := parse(raw)
	if err != nil {
		return none, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

func printResult(c *cobra.Command, r instrument.Result) {
	w := c.OutOrStdout()
	if r.Score != nil {
		fmt.Fprintf(w, "score %d of %d\n", *r.Score, instrument.MaxScore)
	} else {
		fmt.Fprintf(w, "no score: %s: %s\n", r.Status, words.In("en").Problem(r.Reason))
	}
	for _, item := range r.Items {
		fmt.Fprintf(w, "  item %-8s %d\n", item.LinkID, item.Points)
	}
	if r.Offer != "" {
		fmt.Fprintf(w, "  consult offer: %s\n", r.Offer)
	}
	for _, f := range r.Flags {
		fmt.Fprintf(w, "  for review: %s\n", f)
	}
}
