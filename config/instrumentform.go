package config

import (
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/outside"
)

// readForm reads the site's form and checks it: what it asks by the definition, what it is
// called by what FHIR and we need. known: the instrument is one that tilsyn has.
func (o *Own) readForm(path string, known bool, language string) error {
	raw, err := readText(path, outside.MaxForm)
	if err != nil {
		return unread(path, err)
	}
	conforms := o.Definition.Conforms(raw)
	head := gjson.ParseBytes(raw)
	if conforms != nil {
		conforms = fault(path, "%v", conforms)
		if !json.Valid(raw) || head.Get("resourceType").Str != "Questionnaire" {
			return conforms
		}
	}
	if err := errors.Join(append(wrongHead(path, head, o.Definition, known, language), conforms)...); err != nil {
		return err
	}
	own := *o.Definition
	own.URL = head.Get("url").Str
	*o = Own{Definition: &own, Form: raw, Canonical: own.URL + "|" + head.Get("version").Str, File: path}
	return nil
}

// formCode is what may stand in canonicals, url|version, and in searches.
var formCode = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// wrongHead is what is wrong with the elements that say which form it is.
func wrongHead(path string, form gjson.Result, d *instrument.Definition, known bool, language string) (errs []error) {
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fault(path, format, args...))
		}
	}
	address, version, status := form.Get("url").Str, form.Get("version").Str, form.Get("status").Str
	check(canonicalURL(address), "url: %.200q must be an address of the hospital's, such as https://hospital.example/Questionnaire/%s, without a version", address, d.Name)
	check(!isOurs(address), "url: %.200q is at tilsyn.org: give the form one of your own, for its words are yours", address)
	check(known || address == d.URL || !canonicalURL(address), "url: %.200q is not the definition's, %.200q: give both the same", address, d.URL)
	check(formCode.MatchString(version), "version: %.80q must be 1–64 letters, digits, dots, dashes or underscores, such as 1.0.0; each change of a text gets a new one", version)
	check(status == "active" || status == "draft", "status: %.80q must be active, or draft", status)
	check(inLanguage(form.Get("language").Str, language), "language: %.80q is not questionnaire.language, %q: say in which language the form is, or bring one in that", form.Get("language").Str, language)
	return errs
}

// inLanguage takes nb-NO for nb.
func inLanguage(stated, language string) bool {
	general, _, _ := strings.Cut(strings.ToLower(stated), "-")
	return general == language
}

// canonicalURL tells of an address that may stand before a version.
func canonicalURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && (u.Host != "" || u.Opaque != "") && u.User == nil && !strings.ContainsAny(s, "|#,") &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
}

// isOurs tells of an address under which tilsyn publishes.
func isOurs(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (strings.EqualFold(u.Hostname(), "tilsyn.org") || strings.HasSuffix(strings.ToLower(u.Hostname()), ".tilsyn.org"))
}
