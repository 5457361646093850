package instrument

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/goccy/go-yaml"
)

// Definition is what an instrument measures, and how: data that stands beside its form.
type Definition struct {
	Name        string        `yaml:"name"` // [a-z0-9]+: it stands in identifiers
	Title       string        `yaml:"title"`
	URL         string        `yaml:"url"`    // of its forms
	System      string        `yaml:"system"` // of all its codes; LOINC where it says nothing
	Score       Measure       `yaml:"score"`
	Max         int           `yaml:"max"` // the highest score
	Items       []Defined     `yaml:"items"`
	Unnecessary []Unnecessary `yaml:"unnecessary"`
	Alone       []Alone       `yaml:"alone"`
	Source      string        `yaml:"source"`
	Licence     string        `yaml:"licence"`
}

// Measure is what a total is called on record.
type Measure struct {
	Code    string `yaml:"code"`
	Display string `yaml:"display"` // the code system's
}

// Defined is an item that carries points.
type Defined struct {
	Code string `yaml:"code"`
	Max  int    `yaml:"max"` // its points run from 0 to this
}

// Unnecessary says which items need no answer where each of some others has so many points.
type Unnecessary struct {
	Items []string `yaml:"items"`
	Where []string `yaml:"where"`
	Has   int      `yaml:"has"`
}

// Alone flags a score of which all points come from one item.
type Alone struct {
	Item string `yaml:"item"`
	Flag Flag   `yaml:"flag"`
}

// ParseDefinition reads a definition.yaml, and refuses one that contradicts itself.
func ParseDefinition(raw []byte) (*Definition, error) {
	d := Definition{System: LOINC}
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&d); err != nil {
		return nil, err
	}
	return &d, d.check()
}

var instrumentName = regexp.MustCompile(`^[a-z0-9]+$`)

func (d *Definition) check() error {
	switch {
	case !instrumentName.MatchString(d.Name):
		return errors.New("name: use small letters a-z and digits; it stands in identifiers")
	case d.Title == "" || d.URL == "" || d.Score.Code == "":
		return errors.New("title, url and score.code are needed")
	case d.System == "":
		return errors.New("system: say whose the codes are, or leave it out where they are LOINC's")
	case d.Source == "" || d.Licence == "":
		return errors.New("source and licence are needed: say where it is published and under which terms")
	}
	return errors.Join(d.checkItems(), d.checkRules())
}

func (d *Definition) checkItems() error {
	sum, seen := 0, map[string]bool{}
	for i, it := range d.Items {
		if it.Code == "" || seen[it.Code] {
			return fmt.Errorf("items[%d]: its code is missing, or is there twice", i)
		}
		if it.Max < 1 {
			return fmt.Errorf("items[%d]: max: %d is not the highest number of points of an item", i, it.Max)
		}
		seen[it.Code] = true
		sum += it.Max
	}
	if len(d.Items) == 0 || sum != d.Max {
		return fmt.Errorf("max: %d, and the items sum to %d", d.Max, sum)
	}
	return nil
}

func (d *Definition) checkRules() error {
	for i, u := range d.Unnecessary {
		if err := d.checkUnnecessary(u); err != nil {
			return fmt.Errorf("unnecessary[%d]: %w", i, err)
		}
	}
	for i, a := range d.Alone {
		if d.item(a.Item) == nil || a.Flag == "" {
			return fmt.Errorf("alone[%d]: item names no item, or there is no flag", i)
		}
	}
	return nil
}

// checkUnnecessary wants those that decide before those that they decide about, as they are
// asked: so no item can depend on itself.
func (d *Definition) checkUnnecessary(u Unnecessary) error {
	last := -1
	for i, code := range u.Where {
		it := d.item(code)
		if it == nil || slices.Contains(u.Where[:i], code) || u.Has < 0 || u.Has > it.Max {
			return errors.New("where names no item, or one twice, or has is not one of its points")
		}
		last = max(last, d.place(code))
	}
	for i, code := range u.Items {
		if d.item(code) == nil || slices.Contains(u.Items[:i], code) || d.place(code) <= last {
			return errors.New("items names what is no item, or one twice, or one that does not come after those that decide")
		}
	}
	if len(u.Where) == 0 || len(u.Items) == 0 {
		return errors.New("items and where are needed: which need no answer, and which decide")
	}
	return nil
}

// place is where an item stands among the others; -1: it does not.
func (d *Definition) place(code string) int {
	return slices.IndexFunc(d.Items, func(it Defined) bool { return it.Code == code })
}

// Codes are those of its items.
func (d *Definition) Codes() (all []string) {
	for _, it := range d.Items {
		all = append(all, it.Code)
	}
	return all
}

// item finds one by its code; nil: it has none such.
func (d *Definition) item(code string) *Defined {
	i := d.place(code)
	if i < 0 {
		return nil
	}
	return &d.Items[i]
}

// spares are the rules by which an item may need no answer.
func (d *Definition) spares(code string) (rules []Unnecessary) {
	for _, u := range d.Unnecessary {
		if slices.Contains(u.Items, code) {
			rules = append(rules, u)
		}
	}
	return rules
}

// highest is how many points an item can have. A form whose items bear no codes is
// measured by the instrument's highest item.
func (d *Definition) highest(code string) (most int) {
	if it := d.item(code); it != nil {
		return it.Max
	}
	for _, it := range d.Items {
		most = max(most, it.Max)
	}
	return most
}

// AllFrom tells of a sum, which items by their codes make up, that it bears a flag because
// all of it is one item's.
func (d *Definition) AllFrom(flag Flag, items map[string]int, sum int) bool {
	return sum > 0 && slices.ContainsFunc(d.Alone, func(a Alone) bool { return a.Flag == flag && items[a.Item] == sum })
}
