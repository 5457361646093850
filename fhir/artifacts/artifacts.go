// Package artifacts holds what `tilsyn setup` puts on a FHIR server: the AUDIT-C form, our code systems and our Device.
// It also holds what the other instruments are, and the forms of those that have one here.
package artifacts

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// What the artifacts are called on every server.
const (
	QuestionnaireURL = "https://tilsyn.org/fhir/Questionnaire/audit-c" // of AuditC
	CodeSystemURL    = "https://tilsyn.org/fhir/CodeSystem/tilsyn"
	RuleSystemURL    = "https://tilsyn.org/fhir/CodeSystem/rule"
	IdentifierSystem = "https://tilsyn.org/fhir/identifier" // system of every business identifier that we give
	DeviceIdentifier = "tilsyn"                             // our Device's identifier in IdentifierSystem
)

// AuditC names the instrument that every hospital has.
const AuditC = "auditc"

// base is the language that a form is written in; the others are translations of it.
const base = "nb"

// Languages are those that a form exists in: bokmål, nynorsk, English, Swedish and Danish.
var Languages = []string{base, "nn", "en", "sv", "da"}

// instruments has a folder for each, which bears its name.
//
//go:embed */definition.yaml */questionnaire.json
var instruments embed.FS

//go:embed codesystem-tilsyn.json
var codeSystem []byte

// rules are a code system of their own: some are called as codes of the other and mean
// something else, and Defines must not take a rule for what a Task may say.
//
//go:embed codesystem-rule.json
var rules []byte

//go:embed device-tilsyn.json
var device []byte

// Artifact is one resource, without an id: the server gives that.
type Artifact struct {
	Name       string // type and short name, such as "Questionnaire-audit-c"
	JSON       []byte
	Instrument string // whose form it is; "": it is none
	File       string // where it lies, where a site has brought it; "": it came with us
}

// Versioned is its name with its version, where it has one: an earlier one may be on the server.
func (a Artifact) Versioned() string {
	return strings.TrimSpace(a.Name + " " + gjson.GetBytes(a.JSON, "version").Str)
}

// All returns everything that a server needs before the first admission, with the forms and the Device in the given
// language. The forms are those of the named instruments; of AUDIT-C where none is named.
func All(lang string, names ...string) ([]Artifact, error) {
	if len(names) == 0 {
		names = []string{AuditC}
	}
	all, err := Base(lang)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		form, err := Form(name, lang)
		if err != nil {
			return nil, err
		}
		all = append(all, form)
	}
	return all, nil
}

// Base is what every server needs, whatever is asked there.
func Base(lang string) ([]Artifact, error) {
	ours, err := translate(device, base, lang, map[string]string{"language": lang})
	if err != nil {
		return nil, err
	}
	return []Artifact{
		{Name: "CodeSystem-tilsyn", JSON: slices.Clone(codeSystem)},
		{Name: "CodeSystem-rule", JSON: slices.Clone(rules)},
		{Name: "Device-tilsyn", JSON: ours},
	}, nil
}

var concepts = sync.OnceValue(func() map[string]bool {
	codes := map[string]bool{}
	for _, c := range gjson.GetBytes(codeSystem, "concept.#.code").Array() {
		codes[c.Str] = true
	}
	return codes
})

// Defines tells whether this release's code system has a code; one of ours that it lacks is a later release's.
func Defines(code string) bool { return concepts()[code] }

// Instruments are the names of all that this release knows, in alphabetical order.
func Instruments() []string {
	found, err := fs.Glob(instruments, "*/definition.yaml")
	if err != nil {
		panic(err) // the pattern is ours
	}
	for i, file := range found {
		found[i] = path.Dir(file)
	}
	return found
}

// Definition is what an instrument is, as package instrument reads it. An unknown name is an error.
func Definition(name string) ([]byte, error) {
	raw, err := instruments.ReadFile(name + "/definition.yaml")
	if err != nil {
		return nil, fmt.Errorf("no instrument %q: choose one of %s", name, strings.Join(Instruments(), ", "))
	}
	return raw, nil
}

// Form returns an instrument's form with the given language as its own text and the others as translations.
//
// Renderers show an element's own text and read no translations, so the language is chosen before the form is put on
// the server. What a patient read is part of what an answer means, and a version never changes content: so the version
// names the language ("1.2.0-nb", "1.2.0-nn"), and a hospital that changes language has both on its server. Codes and
// weights are the same in all. Where each wording comes from, and that Danish asks about five drinks where the others
// ask about six, stands in the form's purpose.
//
// The form follows the sdc-questionnaire profile without claiming it, because servers refuse a profile that they do not
// have. For the same reason its version algorithm, which the profile demands, is a code without a system: HAPI refuses
// a code of a system that it does not know.
func Form(name, lang string) (Artifact, error) {
	raw, err := instruments.ReadFile(name + "/questionnaire.json")
	if err != nil {
		return Artifact{}, fmt.Errorf("no form of %s comes with tilsyn: put the hospital's into instruments.dir, as %s/questionnaire.json (docs/instruments.md)", name, name)
	}
	if !slices.Contains(Languages, lang) {
		return Artifact{}, fmt.Errorf("no form in language %q: choose one of %s", lang, strings.Join(Languages, ", "))
	}
	form, err := translateForm(raw, base, lang)
	return Artifact{Name: "Questionnaire-" + path.Base(gjson.GetBytes(raw, "url").Str), JSON: form, Instrument: name}, err
}

// Questionnaire is the form of AUDIT-C.
func Questionnaire(lang string) ([]byte, error) {
	form, err := Form(AuditC, lang)
	return form.JSON, err
}

func translateForm(form []byte, from, lang string) ([]byte, error) {
	number := strings.TrimSuffix(gjson.GetBytes(form, "version").Str, "-"+from)
	return translate(form, from, lang, map[string]string{"language": lang, "version": number + "-" + lang})
}

// translate makes lang the language of a resource that is in the language from, with other edits. Each translated text
// changes places with the text that it translates, so that translating back restores the resource byte for byte.
func translate(resource []byte, from, lang string, edits map[string]string) ([]byte, error) {
	if lang == from {
		return slices.Clone(resource), nil
	}
	swaps(edits, "", gjson.ParseBytes(resource), from, lang)
	var err error
	for path, text := range edits {
		if resource, err = sjson.SetBytes(resource, path, text); err != nil {
			return nil, fmt.Errorf("translate %s to %s: %w", path, lang, err)
		}
	}
	return resource, nil
}

// swaps collects the edits below node, by path. FHIR keeps the extensions of a primitive "text" in its sibling "_text".
func swaps(edits map[string]string, path string, node gjson.Result, from, lang string) {
	node.ForEach(func(key, child gjson.Result) bool {
		name := key.String()
		if sibling, extends := strings.CutPrefix(name, "_"); extends {
			swap(edits, path, sibling, node.Get(sibling), child, from, lang)
		} else if child.IsObject() || child.IsArray() {
			swaps(edits, path+name+".", child, from, lang)
		}
		return true
	})
}

const translationURL = "http://hl7.org/fhir/StructureDefinition/translation"

// swap exchanges one text with its translation into lang, whose place then holds the text as a translation into from.
func swap(edits map[string]string, path, name string, text, extended gjson.Result, from, lang string) {
	for i, ext := range extended.Get("extension").Array() {
		if ext.Get("url").Str != translationURL || ext.Get(`extension.#(url=="lang").valueCode`).Str != lang {
			continue
		}
		edits[path+name] = ext.Get(`extension.#(url=="content").valueString`).Str
		for j, part := range ext.Get("extension").Array() {
			at := fmt.Sprintf("%s_%s.extension.%d.extension.%d.", path, name, i, j)
			switch part.Get("url").Str {
			case "lang":
				edits[at+"valueCode"] = from
			case "content":
				edits[at+"valueString"] = text.Str
			}
		}
	}
}
