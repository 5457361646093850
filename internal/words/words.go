// Package words is the one catalogue of what nurses, patients and doctors read in
// what we write: titles, reasons and the letter to the team, by code, in each
// language. Those of the form itself are in fhir/artifacts, the advice in config.
package words

import (
	"cmp"
	"embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
)

//go:embed *.yaml
var files embed.FS

// Catalogue is what is said in one language.
type Catalogue struct {
	Texts    map[string]string `yaml:"texts"`    // titles and sentences
	Statuses map[string]string `yaml:"statuses"` // R4 request-status
	Codes    map[string]string `yaml:"codes"`    // each code of our CodeSystem
	ForTeam  map[string]string `yaml:"team"`     // some of Codes, as the team is to read them
	OfAdvice map[string]string `yaml:"advice"`   // some of Codes, on the Task to give advice
	OfAgain  map[string]string `yaml:"again"`    // some of Codes, on the nurse's Task when it comes back
	OfReply  map[string]string `yaml:"reply"`    // some of Codes, on the Task that says that the team does not come
	Problems map[string]string `yaml:"problems"` // of instrument.Problem
	Rules    map[string]string `yaml:"rules"`    // each rule of docs/rules.md
}

// all panics where a catalogue is wrong or lacks something: a test reads them all.
var all = sync.OnceValue(func() map[string]*Catalogue {
	catalogues := map[string]*Catalogue{}
	for _, language := range artifacts.Languages {
		text, err := files.ReadFile(language + ".yaml")
		if err == nil {
			catalogues[language], err = read(text)
		}
		if err == nil {
			err = catalogues[language].like(catalogues[artifacts.Languages[0]])
		}
		if err != nil {
			panic(fmt.Sprintf("words in %s: %v", language, err))
		}
	}
	return catalogues
})

// In falls back to bokmål: the configuration has checked the language.
func In(language string) *Catalogue {
	if c, ok := all()[language]; ok {
		return c
	}
	return all()["nb"]
}

// Text is a title or a sentence. What is filled in comes as name and value by turns.
func (c *Catalogue) Text(key string, filledIn ...string) string {
	return fill(c.Texts[key], filledIn...)
}

// Code is one of our codes; "" for one of a later release.
func (c *Catalogue) Code(code string) string { return c.Codes[code] }

// Team is one of our codes as the team is to read it.
func (c *Catalogue) Team(code string) string { return cmp.Or(c.ForTeam[code], c.Codes[code]) }

// Advice is one of our codes on the Task to give advice.
func (c *Catalogue) Advice(code string) string { return cmp.Or(c.OfAdvice[code], c.Codes[code]) }

// Again is one of our codes on the nurse's Task when it comes back.
func (c *Catalogue) Again(code string) string { return cmp.Or(c.OfAgain[code], c.Codes[code]) }

// Reply is one of our codes on the Task that says that the team does not come.
func (c *Catalogue) Reply(code string) string { return cmp.Or(c.OfReply[code], c.Codes[code]) }

// Status is that of an order; one that R4 does not have is called unknown.
func (c *Catalogue) Status(status string) string {
	return cmp.Or(c.Statuses[status], c.Statuses["unknown"])
}

// Limit says that a score has reached a limit, or passed it, and of whom that limit is.
func (c *Catalogue) Limit(score, limit int, whom string) string {
	key := "limit-passed"
	if score == limit {
		key = "limit-reached"
	}
	return c.Text(key, "limit", strconv.Itoa(limit), "whom", whom)
}

// Whom says for whom a limit holds: female, male or "" for both; in pregnancy alone; of
// ages in whole years, both included, where 0 is no bound.
func (c *Catalogue) Whom(sex string, pregnant bool, from, to int) string {
	key := map[string]string{"female": "for-women", "male": "for-men"}[sex]
	if pregnant {
		key = "for-pregnant"
	}
	whom, ages := c.Text(cmp.Or(key, "for-all")), ""
	switch {
	case from > 0 && to > 0:
		ages = "ages-between"
	case from > 0:
		ages = "ages-from"
	case to > 0:
		ages = "ages-to"
	default:
		return whom
	}
	return c.Text(ages, "whom", whom, "from", strconv.Itoa(from), "to", strconv.Itoa(to))
}

// Rule says what a rule has found. Those of the tiers name the limit.
func (c *Catalogue) Rule(rule string, limit int) string {
	return fill(c.Rules[rule], "limit", strconv.Itoa(limit))
}

// Problem says why a response has no score.
func (c *Catalogue) Problem(p instrument.Problem) string {
	item, other := "", ""
	if len(p.Items) > 0 {
		item, other = p.Items[0], p.Items[len(p.Items)-1]
	}
	return fill(c.Problems[string(p.Code)], "items", strings.Join(p.Items, ", "), "item", item, "other", other, "count", strconv.Itoa(p.Count))
}

// Reason is a code with what is wrong, and what to do about it.
func (c *Catalogue) Reason(code string, p instrument.Problem) string {
	switch text := c.Code(code); {
	case p.IsZero() || text == "":
		return text
	case p.OfAnAnswer():
		return c.Text("correct", "text", text, "detail", c.Problem(p))
	default:
		return c.Text("detail", "text", text, "detail", c.Problem(p))
	}
}

// fill puts each value where its name stands in braces. One that ends in a full stop,
// as Kari N. does, ends a sentence by that.
func fill(text string, filledIn ...string) string {
	pairs := make([]string, 0, 2*len(filledIn))
	for i := 0; i+1 < len(filledIn); i += 2 {
		name, value := "{"+filledIn[i]+"}", filledIn[i+1]
		pairs = append(pairs, name+".", strings.TrimSuffix(value, ".")+".", name, value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
