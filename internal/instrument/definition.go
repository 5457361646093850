package instrument

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
)

// Definition is what an instrument measures, and how: data that stands beside its form.
// Codes are LOINC's where the instrument has them there.
type Definition struct {
	Name        string        `yaml:"name"` // [a-z0-9]+: it stands in identifiers
	Title       string        `yaml:"title"`
	URL         string        `yaml:"url"` // of its forms
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

// Unnecessary says which items need no answer where another has so many points.
type Unnecessary struct {
	Items []string `yaml:"items"`
	Where string   `yaml:"where"`
	Has   int      `yaml:"has"`
}

// Alone flags a score of which all points come from one item.
type Alone struct {
	Item string `yaml:"item"`
	Flag Flag   `yaml:"flag"`
}

// AuditC is the instrument that every hospital has.
var AuditC = sync.OnceValue(func() *Definition {
	d, err := ParseDefinition(artifacts.Definition())
	if err != nil {
		panic(fmt.Sprintf("the definition of AUDIT-C: %v", err))
	}
	return d
})

// ParseDefinition reads a definition.yaml, and refuses one that contradicts itself.
func ParseDefinition(raw []byte) (*Definition, error) {
	var d Definition
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
	case d.URL == "" || d.Score.Code == "":
		return errors.New("url and score.code are needed")
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
		if it := d.item(u.Where); it == nil || u.Has < 0 || u.Has > it.Max {
			return fmt.Errorf("unnecessary[%d]: where names no item, or has is not one of its points", i)
		}
		for _, code := range u.Items {
			if d.item(code) == nil || code == u.Where {
				return fmt.Errorf("unnecessary[%d]: items names what is no item, or the one that decides", i)
			}
		}
	}
	for i, a := range d.Alone {
		if d.item(a.Item) == nil || a.Flag == "" {
			return fmt.Errorf("alone[%d]: item names no item, or there is no flag", i)
		}
	}
	return nil
}

// item finds one by its code; nil: it has none such.
func (d *Definition) item(code string) *Defined {
	i := slices.IndexFunc(d.Items, func(it Defined) bool { return it.Code == code })
	if i < 0 {
		return nil
	}
	return &d.Items[i]
}

// spares tells which item decides whether another needs an answer, and by which points.
func (d *Definition) spares(code string) (where string, has int, ok bool) {
	for _, u := range d.Unnecessary {
		if slices.Contains(u.Items, code) {
			return u.Where, u.Has, true
		}
	}
	return "", 0, false
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
