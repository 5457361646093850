package words

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// read takes no section that it does not know, and no text that is empty, has
// several lines or braces that are not closed.
func read(text []byte) (*Catalogue, error) {
	var c Catalogue
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&c); err != nil {
		return nil, errors.New(yaml.FormatError(err, false, false))
	}
	for name, section := range c.sections() {
		for key, text := range section {
			if strings.TrimSpace(text) != text || text == "" || strings.Contains(text, "\n") {
				return nil, fmt.Errorf("%s.%s: %q must be one line of text", name, key, text)
			}
			if strings.ContainsAny(placeholder.ReplaceAllString(text, ""), "{}") {
				return nil, fmt.Errorf("%s.%s: %q has a brace too few or too many", name, key, text)
			}
		}
	}
	return &c, nil
}

func (c *Catalogue) sections() map[string]map[string]string {
	return map[string]map[string]string{"texts": c.Texts, "statuses": c.Statuses, "codes": c.Codes,
		"team": c.ForTeam, "advice": c.OfAdvice, "again": c.OfAgain, "reply": c.OfReply, "problems": c.Problems, "rules": c.Rules}
}

// like tells what this catalogue lacks, or has too much, beside another.
func (c *Catalogue) like(other *Catalogue) error {
	var wrong []error
	for name, section := range c.sections() {
		others := other.sections()[name]
		for key, text := range others {
			if filled(section[key]) != filled(text) || section[key] == "" {
				wrong = append(wrong, fmt.Errorf("%s.%s: is missing, or fills in other things", name, key))
			}
		}
		for _, key := range slices.Sorted(maps.Keys(section)) {
			if others[key] == "" {
				wrong = append(wrong, fmt.Errorf("%s.%s: no other language has it", name, key))
			}
		}
	}
	return errors.Join(wrong...)
}

// filled are the things that a text fills in, each once.
func filled(text string) string {
	names := placeholder.FindAllString(text, -1)
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}
