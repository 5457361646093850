package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/outside"
)

// Instruments are what a site asks with beside what tilsyn has. Load reads them from Dir
// and checks them.
type Instruments struct {
	Dir string `mapstructure:"dir"` // empty: none
	Own []Own  `mapstructure:"-"`   // by name
}

// Own is an instrument of the site's, or its own form of one that tilsyn has.
type Own struct {
	Definition *instrument.Definition // its URL is that of Form
	Form       []byte                 // the Questionnaire
	Canonical  string                 // url|version of it
	File       string                 // where it lies
}

// What lies in the folder of an instrument.
const (
	definitionFile = "definition.yaml"
	formFile       = "questionnaire.json"
)

// Of is the site's own form of an instrument.
func (i Instruments) Of(name string) (Own, bool) {
	at := slices.IndexFunc(i.Own, func(o Own) bool { return o.Definition.Name == name })
	if at < 0 {
		return Own{}, false
	}
	return i.Own[at], true
}

// Definitions are those of all that the site has brought.
func (i Instruments) Definitions() (all []*instrument.Definition) {
	for _, own := range i.Own {
		all = append(all, own.Definition)
	}
	return all
}

// read takes in what lies in the folder. language is the site's.
func (i *Instruments) read(language string) error {
	if i.Dir == "" {
		return nil
	}
	names, err := outside.List(i.Dir)
	if err != nil {
		return fmt.Errorf("configuration: instruments.dir: %w", err)
	}
	var errs []error
	if len(names) == 0 {
		errs = append(errs, fault(i.Dir, "is empty: put a folder for each instrument into it, or take instruments.dir away"))
	}
	for _, name := range names {
		own, err := readOwn(filepath.Join(i.Dir, name), name, language)
		if i.Own = append(i.Own, own); err != nil && len(errs) < mostTold {
			errs = append(errs, err)
		}
	}
	err = errors.Join(errs...)
	if err == nil {
		err = i.checkTwice()
	}
	if err != nil {
		i.Own = nil
	}
	return err
}

// fault says what is wrong with a file or a folder of instruments.dir. Whoever put it
// there may have named it in any way, and have written anything into it.
func fault(path, format string, args ...any) error {
	return fmt.Errorf("configuration: instruments.dir: %s: %s", outside.Text(path, 300), outside.Lines(fmt.Sprintf(format, args...)))
}

// unread is fault where there is nothing to check.
func unread(path string, err error) error {
	if named, ok := errors.AsType[*fs.PathError](err); ok {
		err = named.Err // without the path, which stands before it
	}
	return fault(path, "%v", err)
}

// readOwn reads the folder of one instrument.
func readOwn(path, name, language string) (own Own, err error) {
	if info, err := outside.Stat(path); err != nil || !info.IsDir() {
		return own, fault(path, "is no folder: put the form of an instrument into a folder that bears its name, such as auditc/%s", formFile)
	}
	files, err := outside.List(path)
	if err != nil {
		return own, unread(path, err)
	}
	if err := checkFiles(path, name, files); err != nil {
		return own, err
	}
	ours, known := instrument.Named(name)
	if own.Definition = ours; !known {
		if own.Definition, err = readDefinition(filepath.Join(path, definitionFile), name); err != nil {
			return own, err
		}
	}
	return own, own.readForm(filepath.Join(path, formFile), known, language)
}

// checkFiles wants what belongs there, and nothing else: what is misspelt would be missed.
func checkFiles(path, name string, files []string) error {
	var errs []error
	for _, file := range files {
		if file != definitionFile && file != formFile && len(errs) < mostTold {
			errs = append(errs, fault(filepath.Join(path, file), "does not belong there: a folder holds %s and %s; rename it or take it away", definitionFile, formFile))
		}
	}
	_, known := instrument.Named(name)
	switch defined := slices.Contains(files, definitionFile); {
	case known && defined:
		errs = append(errs, fault(filepath.Join(path, definitionFile), "tilsyn has %s itself, and what it measures is the same for everybody: take the file away, or give another instrument another name", name))
	case !known && !defined:
		errs = append(errs, fault(path, "%s is missing: tilsyn has no instrument %.40q (it has %s); say what it measures, or correct the folder's name", definitionFile, name, ourNames()))
	}
	if !slices.Contains(files, formFile) {
		errs = append(errs, fault(path, "%s is missing: put the form there", formFile))
	}
	return errors.Join(errs...)
}

func ourNames() string {
	var names []string
	for _, d := range instrument.Embedded() {
		names = append(names, d.Name)
	}
	return strings.Join(names, ", ")
}

// readDefinition reads what an instrument of the site's measures.
func readDefinition(path, name string) (*instrument.Definition, error) {
	text, err := readText(path, outside.MaxYAML)
	if err == nil {
		err = outside.CheckYAML(text)
	}
	if err != nil {
		return nil, unread(path, err)
	}
	d, err := instrument.ParseDefinition(text)
	if errors.Is(err, io.EOF) {
		return nil, fault(path, "is empty: say what the instrument measures (docs/instruments.md)")
	}
	if err != nil {
		return nil, fault(path, "%s", yaml.FormatError(err, false, false))
	}
	return d, errors.Join(wrongDefinition(path, name, d)...)
}

// wrongDefinition is what would make it pass for another instrument.
func wrongDefinition(path, name string, d *instrument.Definition) (errs []error) {
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fault(path, format, args...))
		}
	}
	check(d.Name == name, "name: %.40q is not the folder's, %.40q: give both the same", d.Name, name)
	check(len(d.Name) <= 32, "name: %.40q is too long: at most 32 letters and digits", d.Name)
	check(oneLine(d.Title) && oneLine(d.Score.Display), "title, score.display: people read them on one line: at most 80 characters, and no line breaks")
	check(canonicalURL(d.System), "system: %.200q must be an address, such as https://hospital.example/codes", d.System)
	for _, code := range codesOf(d) {
		check(formCode.MatchString(code), "code: %.80q must be letters, digits, dots, dashes or underscores, at most 64", code)
	}
	check(!isOurs(d.URL), "url: %.200q is at tilsyn.org: give it one of your own", d.URL)
	check(!isOurs(d.System), "system: %.200q is at tilsyn.org: take LOINC's codes, or a system of your own", d.System)
	check(len(d.Alone) == 0, "alone: its words are AUDIT-C's: leave it out")
	return errs
}

// codesOf are those of what it measures.
func codesOf(d *instrument.Definition) []string {
	codes := []string{d.Score.Code}
	for _, it := range d.Items {
		codes = append(codes, it.Code)
	}
	return codes
}

// oneLine tells of words that fit into a title.
func oneLine(s string) bool {
	return utf8.RuneCountInString(s) <= 80 && !strings.ContainsFunc(s, unicode.IsControl)
}

// readText reads a file that somebody has written in an editor.
func readText(path string, most int64) ([]byte, error) {
	text, err := outside.Read(path, most)
	if err == nil && !utf8.Valid(text) {
		return nil, errors.New("is not UTF-8; save it with that encoding, or letters such as å and ö are lost")
	}
	return bytes.TrimPrefix(text, []byte("\ufeff")), err // some editors begin a file with it
}

// checkTwice finds what would make two forms, or two scores, look the same on record.
func (i *Instruments) checkTwice() error {
	forms, scores := map[string]string{}, map[string]string{}
	for _, d := range instrument.Embedded() {
		scores[d.System+"|"+d.Score.Code] = d.Name
	}
	var errs []error
	for _, own := range i.Own {
		d := own.Definition
		url, score := d.URL, d.System+"|"+d.Score.Code
		if other, taken := forms[url]; taken {
			errs = append(errs, fault(own.File, "url: %.200q is that of %s, too: give each form its own", url, other))
		}
		if other, taken := scores[score]; taken && other != d.Name {
			errs = append(errs, fault(own.File, "score.code: %.200q is that of %s, too: their scores could not be told apart", d.Score.Code, other))
		}
		forms[url], scores[score] = d.Name, d.Name
	}
	return errors.Join(errs...)
}
