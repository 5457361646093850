package config

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"github.com/tilsyn/tilsyn/internal/outside"
)

// Advice is what the ward nurse says and hands over to a patient whose score
// asks for brief advice. Load reads it from File and checks it.
type Advice struct {
	File string `mapstructure:"file"` // empty: what is shipped for questionnaire.language
	Say  string `mapstructure:"-"`    // to the patient; at most 2000 characters, may have several lines
	// SayPregnant is what she says to a patient who is pregnant; as long as Say.
	SayPregnant string  `mapstructure:"-"`
	Offers      []Offer `mapstructure:"-"` // in the order of the file; 1–30 of them
}

// Offer is one place where a patient finds help. Kind and Name are always
// there, and Phone or Web; any other field may be empty. A field is one line of
// at most 300 characters.
type Offer struct {
	Kind  string // telephone, self-help-group, municipal, web or other
	Name  string
	Phone string // digits, spaces, +, - and parentheses
	Web   string // http or https
	When  string // meeting or opening times
	Where string // address
	Note  string
}

// Line is the offer on one line for people: what is known of its name, phone,
// times, address, web address and note, with dashes between.
func (o Offer) Line() string {
	var known []string
	for _, field := range []string{o.Name, o.Phone, o.When, o.Where, o.Web, o.Note} {
		if field != "" {
			known = append(known, field)
		}
	}
	return strings.Join(known, " – ")
}

//go:embed advice/*.yaml
var shippedAdvice embed.FS

// read fills in what the file says, or what is shipped for the language.
func (a *Advice) read(language string) error {
	open, name := func(name string) ([]byte, error) { return outside.Read(name, outside.MaxYAML) }, a.File
	if name == "" {
		open, name = shippedAdvice.ReadFile, "advice/"+language+".yaml"
	}
	text, err := open(name)
	switch {
	case err != nil && a.File == "":
		return nil // no such language, which questionnaire.language is told about
	case err != nil:
		return fmt.Errorf("configuration: advice.file: %w", err)
	}
	m := mistakes{file: name}
	a.Say, a.SayPregnant, a.Offers = m.advice(m.parse(text))
	if a.SayPregnant == "" && a.File != "" { // a file from before there was such a text
		shipped := Advice{}
		if err := shipped.read(language); err != nil {
			return err
		}
		a.SayPregnant = shipped.SayPregnant
	}
	return errors.Join(m.errs...)
}

// parse reads the file without bending any value: to YAML 0300 is the number
// 192, and a telephone number must not become another one.
func (m *mistakes) parse(text []byte) any {
	if !utf8.Valid(text) {
		m.add("is not UTF-8; save it with that encoding, or letters such as å and ö are lost")
		return nil
	}
	var content any
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // some editors begin a file with it
	if err := outside.CheckYAML(text); err != nil {
		m.add("%w", err)
		return nil
	}
	if err := yaml.Unmarshal(text, &content); err != nil {
		m.add("%s", yaml.FormatError(err, false, false))
	}
	return content
}
