package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// maxIssues bounds an OperationOutcome: who sends rubbish needs to see some of it, not all.
const maxIssues = 25

// place is where in a resource something is. It becomes text only when something is wrong there.
type place struct {
	parent *place
	name   string
	index  int // -1 when not in a list
}

func (p *place) member(name string) *place { return &place{p, name, -1} }

func (p *place) element(i int) *place { return &place{p.parent, p.name, i} }

func (p *place) String() string {
	text := p.name
	if p.index >= 0 {
		text = fmt.Sprintf("%s[%d]", text, p.index)
	}
	if p.parent == nil {
		return text
	}
	return p.parent.String() + "." + text
}

// checker collects what is wrong with one resource.
type checker struct {
	shapes *shapes
	issues []issue
}

func (c *checker) wrong(at *place, code, format string, args ...any) {
	if len(c.issues) < maxIssues {
		c.issues = append(c.issues, issue{"error", code, at.String() + ": " + fmt.Sprintf(format, args...), []string{at.String()}})
	}
}

func (c *checker) err() error {
	if len(c.issues) == 0 {
		return nil
	}
	return &fault{status: http.StatusUnprocessableEntity, issues: c.issues}
}

// compact checks that body is one JSON object that says what resource it is, and returns it without white space.
func compact(body []byte, names catalogue) ([]byte, error) {
	var out bytes.Buffer
	if !utf8.Valid(body) {
		return nil, refuse(http.StatusBadRequest, "Failed to parse request body: not UTF-8")
	}
	if err := json.Compact(&out, body); err != nil {
		return nil, refuse(http.StatusBadRequest, "Failed to parse JSON request body: %v", err)
	}
	doc := gjson.ParseBytes(out.Bytes())
	typ := doc.Get("resourceType")
	switch {
	case !doc.IsObject():
		return nil, refuse(http.StatusBadRequest, "Failed to parse JSON request body: not an object")
	case typ.Type != gjson.String:
		return nil, refuse(http.StatusUnprocessableEntity, "Invalid JSON content detected, missing required element: 'resourceType'")
	case names[typ.Str] == nil:
		return nil, refuse(http.StatusUnprocessableEntity, "Unknown resource type %q", clip(typ.Str))
	}
	return out.Bytes(), nil
}

// validate checks a compact resource: what FHIR forbids everywhere, then element by element where we know the type.
func (s *Server) validate(body []byte) error {
	c := &checker{shapes: s.shapes}
	doc := gjson.ParseBytes(body)
	at := &place{nil, doc.Get("resourceType").Str, -1}
	c.clean(doc, at)
	if len(c.issues) == 0 {
		c.resource(doc, at)
	}
	return c.err()
}

// coreProfiles is where the profiles of FHIR itself are, which nobody has to bring along.
const coreProfiles = "http://hl7.org/fhir/StructureDefinition/"

// checkProfiles refuses a resource that claims a profile which is not here, as HAPI's validator does. The lock must be held.
func (s *Server) checkProfiles(body []byte) error {
	for _, profile := range gjson.GetBytes(body, "meta.profile").Array() {
		url, _, _ := strings.Cut(profile.Str, "|")
		if !strings.HasPrefix(url, coreProfiles) && len(s.store.table("StructureDefinition").index[key{"url", url}]) == 0 {
			return refuse(http.StatusUnprocessableEntity, "Invalid profile. Failed to retrieve profile with url=%s", clip(profile.Str))
		}
	}
	return nil
}

// clean finds what is never allowed: null, "", [], {} and a member given twice.
func (c *checker) clean(v gjson.Result, at *place) {
	switch {
	case v.Type == gjson.Null:
		c.wrong(at, "invalid", "null is not allowed")
	case v.Type == gjson.String && strings.TrimSpace(v.Str) == "":
		c.wrong(at, "invalid", "a string cannot be empty")
	case v.IsObject():
		c.cleanObject(v, at)
	case v.IsArray():
		c.cleanArray(v, at, false)
	}
}

func (c *checker) cleanObject(v gjson.Result, at *place) {
	seen := map[string]bool{}
	v.ForEach(func(name, member gjson.Result) bool {
		if seen[name.Str] {
			c.wrong(at.member(name.Str), "invalid", "given twice")
		}
		seen[name.Str] = true
		if member.IsArray() {
			// In a list of primitives with extensions null keeps the two lists in step.
			c.cleanArray(member, at.member(name.Str), strings.HasPrefix(name.Str, "_") || v.Get("_"+name.Str).Exists())
			return true
		}
		c.clean(member, at.member(name.Str))
		return true
	})
	if len(seen) == 0 {
		c.wrong(at, "invalid", "an object cannot be empty")
	}
}

func (c *checker) cleanArray(v gjson.Result, at *place, nulls bool) {
	elements := v.Array()
	if len(elements) == 0 {
		c.wrong(at, "invalid", "an array cannot be empty")
	}
	for i, element := range elements {
		if element.Type != gjson.Null || !nulls {
			c.clean(element, at.element(i))
		}
	}
}

// resource checks a resource of a type that we know element by element, and lets any other pass.
func (c *checker) resource(v gjson.Result, at *place) {
	typ := resourceTypes[v.Get("resourceType").Str]
	if typ == nil {
		return
	}
	v.Get("contained").ForEach(func(i, contained gjson.Result) bool {
		c.resource(contained, at.member("contained").element(int(i.Int())))
		return true
	})
	c.object(v, c.shapes.of(typ), at, "resourceType", "contained")
}

// object checks the members of v against its shape. Members in also are allowed besides.
func (c *checker) object(v gjson.Result, sh *shape, at *place, also ...string) {
	given := map[string]bool{}
	chosen := map[string]string{}
	v.ForEach(func(key, value gjson.Result) bool {
		name, isExtension := strings.CutPrefix(key.Str, "_")
		m, known := sh.members[name]
		given[name] = true
		switch {
		case slices.Contains(also, key.Str):
		case !known || isExtension && m.check == nil:
			c.wrong(at.member(key.Str), "structure", "Unrecognized property '%s'", clip(key.Str))
		case m.choice != "" && chosen[m.choice] != "" && chosen[m.choice] != name:
			c.wrong(at.member(key.Str), "structure", "only one of %s[x] may be given", m.choice)
		case isExtension:
			chosen[m.choice] = name
		default:
			chosen[m.choice] = name
			c.member(value, m, at.member(name))
		}
		return true
	})
	c.required(sh, given, chosen, at)
}

func (c *checker) required(sh *shape, given map[string]bool, chosen map[string]string, at *place) {
	for _, name := range sh.required {
		if !given[name] {
			c.wrong(at.member(name), "required", "minimum required = 1, but only found 0")
		}
	}
	for _, name := range sh.choices {
		if chosen[name] == "" {
			c.wrong(at.member(name+"[x]"), "required", "minimum required = 1, but only found 0")
		}
	}
}

func (c *checker) member(v gjson.Result, m member, at *place) {
	switch {
	case m.list && !v.IsArray():
		c.wrong(at, "structure", "must be an array")
	case !m.list && v.IsArray():
		c.wrong(at, "structure", "cannot be an array")
	case m.list:
		for i, element := range v.Array() {
			c.value(element, m, at.element(i))
		}
	default:
		c.value(v, m, at)
	}
}

func (c *checker) value(v gjson.Result, m member, at *place) {
	switch {
	case m.object != nil && v.IsObject():
		c.object(v, c.shapes.of(m.object), at)
	case m.object != nil:
		c.wrong(at, "structure", "must be an object")
	case v.Type == gjson.Null:
	default:
		if problem := m.check(v); problem != "" {
			c.wrong(at, "code-invalid", "%s", problem)
		}
	}
}

// validateBundle checks a Bundle and everything in it. HAPI's validator refuses a batch, too, for one bad entry.
func (s *Server) validateBundle(doc gjson.Result) error {
	c := &checker{shapes: s.shapes}
	at := &place{nil, "Bundle", -1}
	c.clean(doc, at)
	if !doc.Get("type").Exists() {
		c.wrong(at.member("type"), "required", "minimum required = 1, but only found 0")
	}
	urls := map[string]bool{}
	for i, e := range doc.Get("entry").Array() {
		here := at.member("entry").element(i)
		url := e.Get("fullUrl").Str
		if url != "" && urls[url] {
			c.wrong(here, "invariant", "FullUrl must be unique in a bundle: %s", clip(url))
		}
		if url != "" && !strings.Contains(url, ":") {
			c.wrong(here, "invalid", "The fullUrl must be an absolute URL (not '%s')", clip(url))
		}
		urls[url] = true
		c.entry(e, here, s.catalogue)
	}
	return c.err()
}

func (c *checker) entry(e gjson.Result, at *place, names catalogue) {
	for _, name := range []string{"method", "url"} {
		if e.Get("request."+name).Type != gjson.String {
			c.wrong(at.member("request").member(name), "required", "minimum required = 1, but only found 0")
		}
	}
	resource := e.Get("resource")
	if !resource.Exists() {
		return
	}
	if typ := resource.Get("resourceType").Str; names[typ] == nil {
		c.wrong(at.member("resource"), "structure", "does not appear to be a FHIR resource (unknown name '%s')", clip(typ))
		return
	}
	c.resource(resource, at.member("resource"))
	if relative := relativeReference(resource); relative != "" && e.Get("fullUrl").Str == "" {
		c.wrong(at, "invalid", "Relative Reference %s appears inside Bundle whose entry is missing a fullUrl", clip(relative))
	}
}

// relativeReference finds a reference that means nothing in an entry without a fullUrl.
func relativeReference(resource gjson.Result) string {
	relative := ""
	replaceURIs([]byte(resource.Raw), func(element, uri string) string {
		if element == "reference" && localReference(uri) != "" {
			relative = uri
		}
		return uri
	})
	return relative
}
