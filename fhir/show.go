package fhir

import (
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"sync"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// This file says what of a server's answer may be shown to people: in a log, an
// error, or on a page. A pattern does not keep a name out, as names are words, so
// whatever is shown comes from a list.

// knownType tells whether FHIR R4 has a type of this name.
func knownType(name string) bool {
	var t r4.ResourceType
	return typePattern.MatchString(name) && t.UnmarshalJSON([]byte(`"`+name+`"`)) == nil
}

// typeName is a type as it may be shown.
func typeName(name string) string {
	if knownType(name) {
		return name
	}
	return "resource"
}

// plainID are numbers too short to be anybody's national id, and UUIDs: what
// servers give. A longer number, or a word, may be somebody's.
var plainID = regexp.MustCompile(`^([0-9]{1,9}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$`)

// PlainID tells whether an id says nothing about whose it is.
func PlainID(id string) bool { return plainID.MatchString(id) }

// Shown is the resource's reference as it may be shown: its type alone where the
// id may say whose it is.
func (r Resource) Shown() string {
	if PlainID(r.ID()) {
		return typeName(r.Type()) + "/" + r.ID()
	}
	return "a " + typeName(r.Type())
}

var reference = regexp.MustCompile(`\b([A-Z][A-Za-z]{1,63})/([A-Za-z0-9.-]{1,64})`)

// Mask hides the ids in a text's references that may say whose they are, but for
// those that are named.
func Mask(text string, but ...string) string {
	return reference.ReplaceAllStringFunc(text, func(ref string) string {
		typ, id, _ := strings.Cut(ref, "/")
		for _, known := range but {
			if ref == known {
				return ref
			}
		}
		if !knownType(typ) {
			return "…/…"
		}
		if !PlainID(id) {
			return typ + "/…"
		}
		return ref
	})
}

// elements are the names of all elements of what we read or write.
var elements = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{"value": true, "extension": true, "resource": true}
	seen := map[reflect.Type]bool{}
	for _, model := range []any{r4.Bundle{}, r4.Task{}, r4.Questionnaire{}, r4.QuestionnaireResponse{}, r4.Observation{}, r4.ServiceRequest{},
		r4.Provenance{}, r4.Encounter{}, r4.Patient{}, r4.Condition{}, r4.Subscription{}, r4.Device{}, r4.CodeSystem{}} {
		addElements(names, seen, reflect.TypeOf(model))
	}
	return names
})

func addElements(names map[string]bool, seen map[reflect.Type]bool, t reflect.Type) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return
	}
	seen[t] = true
	for field := range t.Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			names[name] = true
		}
		addElements(names, seen, field.Type)
	}
}

var (
	// The types that we write or read, and names with indexes as in FHIRPath.
	pathPattern = regexp.MustCompile(`^(Bundle|Task|Questionnaire|QuestionnaireResponse|Observation|ServiceRequest|Provenance|Encounter|Patient|Condition|Subscription|Device|CodeSystem)(\.[a-z][A-Za-z]{0,30}(\[(\d{1,2}|x)\])*)+`)
	name        = regexp.MustCompile(`^[A-Za-z]+`)
)

// elementPath is the beginning of a path that holds nothing but FHIR's own names.
func elementPath(s string) string {
	segments := strings.Split(pathPattern.FindString(s), ".")
	for i, segment := range segments {
		if i > 0 && !elements()[name.FindString(segment)] {
			segments = segments[:i]
			break
		}
	}
	if len(segments) < 2 {
		return ""
	}
	return strings.Join(segments, ".")
}

// idWords are the words of which the HL7 validator's message ids are made, as far
// as they are about what we write.
var idWords = words(`Validation Terminology Extension Bundle Reference Type Questionnaire Rule VAL TX QR Profile Minimum Maximum Min Max Slice
	NoMatch NotAllowed Not Allowed Unknown Code System CodeSystem ValueSet Display Coding Concept Value Binding NoValid NoCode Constraint Failed Required
	Missing Invalid Error Item LinkId Answer Option Text Group Status Version Id Url Uri URL Element Resource Entry FullUrl Fixed Pattern Regex Length
	Date DateTime Time Instant Canonical Identifier Narrative Datatype Primitive Empty Wrong Choice Target Resolve CantResolve`)

func words(list string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(list) {
		all[strings.ToLower(w)] = true
	}
	return all
}

// idOf is the beginning of a message id that holds known words only.
func idOf(s string) string {
	parts := strings.Split(s, "_")
	for i, part := range parts {
		if !idWords[strings.ToLower(part)] {
			parts = parts[:i]
			break
		}
	}
	if len(parts) < 2 {
		return ""
	}
	return strings.Join(parts, "_")
}

// products are FHIR servers by a word of the name that they give themselves.
var products = regexp.MustCompile(`(?i)\b(hapi|smile|medplum|firely|vonk|azure|healthcare apis|google|blaze|helios|wso2|linuxforhealth|ibm|aidbox|intersystems|iris|epic|oracle|cerner|dips|spark|aws|healthlake|tilsyn sandbox)\b`)

var numbered = regexp.MustCompile(`^v?\d{1,4}(\.\d{1,4}){1,3}\b`)

// software is what the server calls itself, if that is a name we know.
func software(res Resource) string {
	product := products.FindString(res.Get("software.name").String())
	if product == "" {
		return ""
	}
	return strings.TrimSpace(product + " " + numbered.FindString(res.Get("software.version").String()))
}

// address is the base URL of a server as it may be shown: another name than ours
// is not repeated, as it may be anything.
func (c *Client) address(base string) string {
	theirs, err := url.Parse(base)
	ours, ourErr := url.Parse(c.base)
	if err != nil || ourErr != nil {
		return "no URL"
	}
	host := "(another name)"
	if _, err := netip.ParseAddr(theirs.Hostname()); err == nil || theirs.Hostname() == ours.Hostname() || theirs.Hostname() == "localhost" {
		host = theirs.Hostname()
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := theirs.Port(); port != "" && len(port) < 6 {
		host += ":" + port
	}
	path := ours.Path
	if theirs.Path != ours.Path {
		path = "/(another path)"
	}
	return theirs.Scheme + "://" + host + path
}
