package config

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What the nurse must be able to read at a glance.
const (
	maxSay    = 2000 // characters
	maxField  = 300  // characters
	maxOffers = 30
)

var (
	adviceKeys = []string{"say", "say_pregnant", "offers"}
	offerKeys  = []string{"kind", "name", "phone", "web", "when", "where", "note"}
	offerKinds = []string{"telephone", "self-help-group", "municipal", "web", "other"}

	phoneCharacters = regexp.MustCompile(`^[0-9 +()-]+$`)
	digit           = regexp.MustCompile(`[0-9]`)
)

// mistakes are all that is wrong with one advice file.
type mistakes struct {
	file string
	errs []error
}

func (m *mistakes) add(format string, args ...any) {
	m.errs = append(m.errs, fmt.Errorf("advice file %s: "+format, append([]any{m.file}, args...)...))
}

func (m *mistakes) check(ok bool, format string, args ...any) {
	if !ok {
		m.add(format, args...)
	}
}

// advice takes the content of a file apart. What could not be parsed is not
// told a second time as missing.
func (m *mistakes) advice(content any) (say, pregnant string, offers []Offer) {
	if len(m.errs) > 0 {
		return "", "", nil
	}
	file, ok := m.mapping("", content, adviceKeys)
	if !ok {
		return "", "", nil
	}
	m.check(file["say"] != nil, "say: missing; write what the nurse says to the patient")
	return m.text("say", file["say"], maxSay), m.text("say_pregnant", file["say_pregnant"], maxSay), m.offers(file["offers"])
}

func (m *mistakes) offers(value any) []Offer {
	list, ok := value.([]any)
	switch {
	case !ok && value != nil:
		m.add("offers: must be a list; begin each offer with a dash, such as - kind: telephone")
	case len(list) == 0:
		m.add("offers: missing; name at least one, with a number to ring or an address on the web")
	case len(list) > maxOffers:
		m.add("offers: %d are more than anybody reads; keep at most %d", len(list), maxOffers)
	}
	var offers []Offer
	for i, item := range list {
		offers = append(offers, m.offer(fmt.Sprintf("offers[%d]", i), item))
	}
	return offers
}

func (m *mistakes) offer(at string, item any) Offer {
	fields, ok := m.mapping(at, item, offerKeys)
	if !ok {
		return Offer{}
	}
	field := func(key string) string { return m.line(at+"."+key, fields[key]) }
	o := Offer{
		Kind: field("kind"), Name: field("name"), Phone: field("phone"), Web: field("web"),
		When: field("when"), Where: field("where"), Note: field("note"),
	}
	m.check(slices.Contains(offerKinds, o.Kind) || !isText(fields["kind"]), "%s.kind: %q must be one of %v", at, o.Kind, offerKinds)
	m.check(fields["name"] != nil, "%s.name: missing", at)
	m.check(fields["phone"] != nil || fields["web"] != nil, "%s: needs a phone or a web address; a bare name helps nobody", at)
	m.check(o.Phone == "" || isPhone(o.Phone), "%s.phone: %q must be one telephone number of 3–15 digits; spaces, +, - and parentheses may stand between", at, o.Phone)
	m.check(o.Web == "" || isWeb(o.Web), "%s.web: %q must look like https://help.example/groups", at, o.Web)
	return o
}

// mapping gives what is filled in under the known keys; a key without a value
// says nothing.
func (m *mistakes) mapping(at string, value any, known []string) (map[string]any, bool) {
	fields, ok := value.(map[string]any)
	if !ok && value != nil {
		m.add("%smust be a mapping with %v", prefixed(at), known)
		return nil, false
	}
	filled := map[string]any{}
	for _, k := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(known, k) {
			m.add("%sunknown key %q; did you mean %q?", prefixed(at), k, nearest(k, known))
		} else if s, ok := fields[k].(string); !ok || strings.TrimSpace(s) != "" {
			filled[k] = fields[k]
		}
	}
	return filled, true
}

func prefixed(at string) string {
	if at == "" {
		return ""
	}
	return at + ": "
}

// text is what people read, without the space around it.
func (m *mistakes) text(at string, value any, limit int) string {
	if !isText(value) {
		m.add("%s: must be text; put it in quotes", at)
		return ""
	}
	s, _ := value.(string)
	s = strings.TrimSpace(s)
	n := utf8.RuneCountInString(s)
	m.check(n <= limit, "%s: %d characters are too many; keep at most %d", at, n, limit)
	m.check(!strings.ContainsFunc(s, unreadable), "%s: has a character that cannot be shown; type the text again", at)
	return s
}

// line is text that goes into one line with other fields.
func (m *mistakes) line(at string, value any) string {
	s := m.text(at, value, maxField)
	m.check(!strings.ContainsAny(s, "\n\u2028\u2029"), "%s: must be one line", at)
	return s
}

func isText(value any) bool {
	_, ok := value.(string)
	return ok || value == nil
}

// unreadable are the characters that FHIR allows in no text.
func unreadable(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

func isPhone(s string) bool {
	digits := len(digit.FindAllString(s, -1))
	return phoneCharacters.MatchString(s) && digits >= 3 && digits <= 15
}

// isWeb allows a query, unlike webURL: a page of a group may need one.
func isWeb(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil &&
		!strings.ContainsFunc(s, unicode.IsSpace)
}
