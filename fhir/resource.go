// Package fhir talks to a FHIR R4 server that we do not control: searches that
// stay inside the configured server, edits that lose nothing that somebody
// else wrote, and transactions that create a thing once.
//
// It knows nothing of alcohol.
package fhir

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// ContentType is what FHIR servers read and write.
const ContentType = "application/fhir+json"

// Resource is one resource as the server wrote it. It is never decoded into a
// model and encoded again: models drop contained resources, extensions on
// primitives and whatever else they do not know.
type Resource struct{ raw []byte }

// Parse makes sure that raw is a resource before anything relies on it.
func Parse(raw []byte) (Resource, error) {
	if !utf8.Valid(raw) || !json.Valid(raw) { // json.Valid also bounds the nesting
		return Resource{}, errors.New("not a FHIR resource: not valid JSON")
	}
	r := Resource{raw}
	if t := r.Get("resourceType"); t.Type != gjson.String || !typePattern.MatchString(t.Str) {
		return Resource{}, errors.New("not a FHIR resource: no resourceType")
	}
	return r, nil
}

// Raw is the resource's JSON. It must not be changed.
func (r Resource) Raw() []byte { return r.raw }

// Get reads one element by its gjson path; an absent one is the zero Result.
func (r Resource) Get(path string) gjson.Result { return gjson.GetBytes(r.raw, path) }

// Type is the resourceType.
func (r Resource) Type() string { return r.Get("resourceType").Str }

// ID is the logical id, or "" where there is none that could be one.
func (r Resource) ID() string {
	if id := r.Get("id").Str; ValidID(id) {
		return id
	}
	return ""
}

// Ref is the relative reference, such as Task/12.
func (r Resource) Ref() string { return r.Type() + "/" + r.ID() }

// VersionID is meta.versionId, or "".
func (r Resource) VersionID() string { return r.Get("meta.versionId").String() }

// Set returns the resource with one element replaced, by a value or by a
// json.RawMessage as it stands. All other bytes stay as they were.
func (r Resource) Set(path string, value any) (Resource, error) {
	var raw []byte
	var err error
	if element, ok := value.(json.RawMessage); ok {
		raw, err = sjson.SetRawBytes(r.raw, path, element)
	} else {
		raw, err = sjson.SetBytes(r.raw, path, value)
	}
	if err != nil {
		return r, fmt.Errorf("set %s of a %s: it cannot be set", path, typeName(r.Type()))
	}
	return Resource{raw}, nil
}

// Delete returns the resource without one element.
func (r Resource) Delete(path string) (Resource, error) {
	raw, err := sjson.DeleteBytes(r.raw, path)
	if err != nil {
		return r, fmt.Errorf("delete %s of a %s: it cannot be deleted", path, typeName(r.Type()))
	}
	return Resource{raw}, nil
}

// Identifier is the value of the resource's first identifier in this system.
// It reads both shapes: most types repeat the element, QuestionnaireResponse
// has one.
func (r Resource) Identifier(system string) string {
	ids := r.Get("identifier")
	if ids.IsObject() {
		ids = gjson.Parse("[" + ids.Raw + "]")
	}
	for _, id := range ids.Array() {
		if id.Get("system").String() == system {
			return id.Get("value").String()
		}
	}
	return ""
}

var (
	idPattern   = regexp.MustCompile(`^[A-Za-z0-9.-]{1,64}$`)
	typePattern = regexp.MustCompile(`^[A-Z][A-Za-z]{1,63}$`)
)

// ValidID tells whether s can be a logical id in a request path.
func ValidID(s string) bool { return idPattern.MatchString(s) && strings.Trim(s, ".") != "" }

// LocalRef turns a reference into Type/id when it points into the configured
// server, and is false for everything else: other origins, urn:uuid,
// contained resources, searches.
func (c *Client) LocalRef(reference string) (string, bool) {
	rest := reference
	if strings.Contains(reference, "://") {
		var ok bool
		if rest, ok = strings.CutPrefix(reference, c.base+"/"); !ok {
			return "", false
		}
	}
	rest, _, _ = strings.Cut(rest, "/_history/")
	typ, id, ok := strings.Cut(rest, "/")
	if !ok || !knownType(typ) || !ValidID(id) {
		return "", false
	}
	return rest, true
}

// LocalVersion is LocalRef with the version that the reference names; "": it names none.
func (c *Client) LocalVersion(reference string) (ref, version string, ok bool) {
	ref, ok = c.LocalRef(reference)
	if ok {
		_, version, _ = strings.Cut(reference, "/_history/")
	}
	return ref, version, ok
}

// Query builds a search such as Task?encounter=…: alternating names and
// values, in the order given.
func Query(resourceType string, nameValues ...string) string {
	var b strings.Builder
	b.WriteString(resourceType)
	for i := 0; i+1 < len(nameValues); i += 2 {
		sep := "&"
		if i == 0 {
			sep = "?"
		}
		b.WriteString(sep + nameValues[i] + "=" + url.QueryEscape(nameValues[i+1]))
	}
	return b.String()
}
