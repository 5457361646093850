package main

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/outside"
	"github.com/tilsyn/tilsyn/internal/words"
)

func scoreCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "score --questionnaire FILE RESPONSE.json",
		Short: "Score one QuestionnaireResponse without a server",
		Example: "  tilsyn score --questionnaire Questionnaire-audit-c.json response.json --json\n" +
			"  tilsyn score --instrument audit --questionnaire Questionnaire-audit.json response.json",
		Args: exactArgs(1, "a file with a QuestionnaireResponse"),
		RunE: score,
	}
	c.Flags().String("questionnaire", "", "file with the Questionnaire that was answered")
	c.Flags().String("instrument", artifacts.AuditC, "what the form asks for: "+strings.Join(artifacts.Instruments(), ", "))
	c.Flags().String("definition", "", "file with the definition.yaml of an instrument of your own, which the form asks for")
	c.Flags().Bool("json", false, "print JSON")
	return c
}

func score(c *cobra.Command, args []string) error {
	path, _ := c.Flags().GetString("questionnaire")
	if path == "" {
		return wrongUse{fmt.Errorf("%s needs --questionnaire FILE, the form that was answered", c.CommandPath())}
	}
	asked, err := instrumentOf(c)
	if err != nil {
		return err
	}
	form, err := readJSON(path, asked.Form)
	if err != nil {
		return err
	}
	response, err := readJSON(args[0], instrument.ParseResponse)
	if err != nil {
		return err
	}
	result := judge(form, response)
	for i := range result.Items {
		result.Items[i].LinkID = form.ItemName(result.Items[i].LinkID)
	}
	if asJSON, _ := c.Flags().GetBool("json"); asJSON {
		return printJSON(c.OutOrStdout(), result)
	}
	printResult(c, result, asked.Max)
	return nil
}

func instrumentOf(c *cobra.Command) (*instrument.Definition, error) {
	if path, _ := c.Flags().GetString("definition"); path != "" {
		return definitionIn(path)
	}
	name, _ := c.Flags().GetString("instrument")
	d, ok := instrument.Named(name)
	if !ok {
		return nil, wrongUse{fmt.Errorf("--instrument %q: choose one of %s", name, strings.Join(artifacts.Instruments(), ", "))}
	}
	return d, nil
}

func definitionIn(path string) (*instrument.Definition, error) {
	text, err := outside.ReadYAML(path)
	if err != nil {
		return nil, err
	}
	d, err := instrument.ParseDefinition(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", path, yaml.FormatError(err, false, false))
	}
	return d, nil
}

// scored is a judgement, with what else must be known of the response.
type scored struct {
	instrument.Result
	Reason  string `json:"reason"`            // why there is no score, in English
	Problem string `json:"problem,omitempty"` // the same for a program
	Remark  string `json:"remark,omitempty"`
}

func judged(form *instrument.Form, r *instrument.Response, remark string) scored {
	result := instrument.Judge(form, r)
	return scored{result, words.In("en").Problem(result.Reason), result.Reason.String(), remark}
}

// notCounted is the status of a judgement that is none.
const notCounted instrument.Status = "not-counted"

// judge gives no score where the service gives none because of the response's status.
// One that states no status is a form from before it was saved.
func judge(form *instrument.Form, r *instrument.Response) scored {
	switch r.Status {
	case "completed", "amended", "":
		return judged(form, r, "")
	case "in-progress":
		return judged(form, r, "the response is in-progress: it counts when it, or the nurse's Task that it belongs to, is completed")
	case "entered-in-error":
		return uncounted("the response was entered in error; its answers say nothing")
	case "stopped":
		return uncounted("the response was stopped; nobody has handed it in")
	}
	return uncounted("the status of the response is none that FHIR R4 knows")
}

func uncounted(reason string) scored {
	return scored{Result: instrument.Result{Status: notCounted, Items: []instrument.Points{}, Flags: []instrument.Flag{}}, Reason: reason}
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

func printResult(c *cobra.Command, r scored, highest int) {
	w := c.OutOrStdout()
	if r.Score != nil {
		fmt.Fprintf(w, "score %d of %d\n", *r.Score, highest)
	} else {
		fmt.Fprintf(w, "no score: %s: %s\n", r.Status, r.Reason)
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
	if r.Remark != "" {
		fmt.Fprintf(w, "  remark: %s\n", r.Remark)
	}
}
