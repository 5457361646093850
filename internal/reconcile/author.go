package reconcile

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// This file says who filled in a form: by name or by role, for an id tells a reader
// nothing.

func (w *writing) author(s *pathway.Score) string {
	if s == nil || s.Response.Ref == "" || w.hides(pathway.ShowWard) {
		return ""
	}
	who := w.who(w.p.byRef[s.Response.Ref])
	if who == "" {
		return ""
	}
	return w.words.Text("author", "who", who)
}

// who wrote the answers down, or gave them where nobody else wrote; "" where only an id
// says so.
func (w *writing) who(response fhir.Resource) string {
	by := response.Get("author")
	if !by.Exists() {
		by = response.Get("source")
	}
	return cmp.Or(named(by.Get("display").String()), contained(response, by), w.role(by))
}

// role is what somebody is to the patient, where that is all that is known.
func (w *writing) role(by gjson.Result) string {
	typ, _, _ := strings.Cut(by.Get("reference").String(), "/")
	switch cmp.Or(by.Get("type").String(), typ) {
	case "Patient":
		return w.words.Text("by-patient")
	case "RelatedPerson":
		return w.words.Text("by-relative")
	}
	return ""
}

// contained is the name, or the role, of somebody whom the response holds.
func contained(response fhir.Resource, by gjson.Result) string {
	id, ok := strings.CutPrefix(by.Get("reference").String(), "#")
	if !ok {
		return ""
	}
	for _, res := range response.Get("contained").Array() {
		if res.Get("id").String() != id {
			continue
		}
		name := res.Get("name.0")
		full := strings.TrimSpace(name.Get("given.0").String() + " " + name.Get("family").String())
		return cmp.Or(named(name.Get("text").String()), named(full),
			named(res.Get("practitioner.display").String()), named(res.Get("code.0.text").String()), named(res.Get("code.0.coding.0.display").String()))
	}
	return ""
}

// id is what stands where a name should: a reference, a URL, a number, a user.
var id = regexp.MustCompile(`^(Practitioner|PractitionerRole|Patient|RelatedPerson|Device|Organization)/|^\w+:\S*$|^#|^\S*\d\S*$|^[^\pL]*$`)

// named is a name on one line, or "" where it is none.
func named(name string) string {
	name = strings.Join(strings.Fields(name), " ")
	if id.MatchString(name) {
		return ""
	}
	return name
}
