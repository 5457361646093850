package reconcile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/internal/pathway"
)

// This file says a transaction in lines that a person can read:
//
//	+ Task unless screening:e1      what is made, and the identifier that it must not have yet
//	status: requested               an element; a code of our system stands without the system
//	~ Task/nurse if 3               what is changed, and the version that must stand
//	status: requested → completed   an element that was, and is now; none: ∅
//	dated                           lastModified is now
//
// What is wanted of a thing may be a part of it, with the line "…" in it; "no x" says
// that there is no such element.

// wrote carries actions out and says the transaction that the server got.
func wrote(t *testing.T, r *Reconciler, s *shelf, p picture, actions ...pathway.Action) []string {
	t.Helper()
	d := pathway.Decision{Actions: actions, Reasons: []pathway.Reason{{Rule: "rule", Text: "text"}}}
	s.sent = nil
	if err := r.transact(t.Context(), p, d, false); err != nil {
		t.Fatal(err)
	}
	return said(s)
}

// said leaves out the Provenance but for what it is about.
func said(s *shelf) (things []string) {
	entries := gjson.GetBytes(s.sent, "entry").Array()
	short := shortened(entries)
	for _, e := range entries {
		res := e.Get("resource")
		switch {
		case res.Get("resourceType").String() == "Provenance":
			things = append(things, short.Replace(provenanceSaid(res)))
		case e.Get("request.method").String() == "POST":
			query, _, _ := strings.Cut(e.Get("request.ifNoneExist").String(), "&")
			head := "+ " + e.Get("request.url").String() + " unless " + strings.NewReplacer("identifier=https%3A%2F%2Ftilsyn.org%2Ffhir%2Fidentifier%7C", "", "%3A", ":").Replace(query)
			things = append(things, short.Replace(head+"\n"+strings.Join(elements(flat(res.Raw)), "\n")))
		default:
			ref := e.Get("request.url").String()
			head := fmt.Sprintf("~ %s if %s", ref, strings.Trim(e.Get("request.ifMatch").String(), `W/"`))
			things = append(things, short.Replace(head+"\n"+strings.Join(changed(flat(string(s.held[ref].Raw())), flat(res.Raw)), "\n")))
		}
	}
	return things
}

func provenanceSaid(res gjson.Result) string {
	var about []string
	for _, target := range res.Get("target.#.reference").Array() {
		about = append(about, target.String())
	}
	return fmt.Sprintf("%s from %s: %s", res.Get("activity.coding.0.code"), res.Get("entity.0.what.reference"), strings.Join(about, ", "))
}

// shortened names what is made by its identifier or its type, and our systems not at all.
func shortened(entries []gjson.Result) *strings.Replacer {
	names := []string{english().Canonical(), "the form", "https://tilsyn.org/fhir/CodeSystem/tilsyn|", "", "https://tilsyn.org/fhir/identifier|", "",
		"http://terminology.hl7.org/CodeSystem/", "hl7:", "http://hl7.org/fhir/uv/sdc/CodeSystem/temp|", "sdc:"}
	for _, e := range entries {
		name := e.Get("resource.identifier.0.value").String() + e.Get("resource.identifier.value").String()
		if made := e.Get("fullUrl").String(); strings.HasPrefix(made, "urn:") {
			names = append(names, made, "#"+strings.Split(name, ":")[0])
		}
	}
	return strings.NewReplacer(names...)
}

func flat(raw string) map[string]string {
	var v any
	_ = json.Unmarshal([]byte(raw), &v)
	m := map[string]string{}
	flatten("", v, m)
	delete(m, "resourceType")
	return m
}

func flatten(path string, v any, into map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		if brief, ok := briefly(v); ok {
			into[path] = brief
			return
		}
		for name, child := range v {
			flatten(strings.TrimPrefix(path+"."+name, "."), child, into)
		}
	case []any:
		if len(v) == 0 {
			into[path] = "[]" // FHIR knows no empty lists
		}
		for i, child := range v {
			flattenOne(path, i, child, into)
		}
	default:
		into[path] = fmt.Sprint(v)
	}
}

// flattenOne names an input or output of a Task by what it is, a part of the letter by
// its place and its part, what a consult stands for as its tier, and anything else by its
// place.
func flattenOne(path string, i int, child any, into map[string]string) {
	m, _ := child.(map[string]any)
	if part := partOf(gjson.Parse(asJSON(m))); path == "note" && part != "" {
		rest := maps.Clone(m)
		delete(rest, "extension")
		if left := leftOf(gjson.Parse(asJSON(m))); left.Exists() {
			rest["left"] = left.String()
		}
		if rest["time"] == "2031-05-17T12:00:00.000Z" { // now
			delete(rest, "time")
		}
		flatten(fmt.Sprintf("%s.%d %s", path, i, strings.TrimPrefix(part, "letter-")), rest, into)
		return
	}
	if m["url"] == tierExtension {
		into["tier"] = fmt.Sprint(m["valueCode"])
		return
	}
	kind, typed := m["type"].(map[string]any)
	if path != "input" && path != "output" || !typed {
		flatten(fmt.Sprintf("%s.%d", path, i), child, into)
		return
	}
	name, _ := briefly(kind)
	rest := maps.Clone(m)
	delete(rest, "type")
	for at := range into {
		if strings.HasPrefix(at, path+" "+name+".") {
			name += " again"
		}
	}
	flatten(path+" "+name, rest, into)
}

func asJSON(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

// briefly says a code, a concept, a reference or an identifier on one line.
func briefly(m map[string]any) (string, bool) {
	codings, isConcept := m["coding"].([]any)
	switch {
	case m["url"] == answersExtension:
		var parts []string
		for _, part := range m["extension"].([]any)[:2] { // not the digest
			part := part.(map[string]any)
			parts = append(parts, fmt.Sprint(part["url"], " ", cmp.Or(part["valueString"], part["valueInstant"])))
		}
		return "answers of " + strings.Join(parts, ", "), true
	case isConcept:
		var all []string
		for _, c := range codings {
			brief, _ := briefly(c.(map[string]any))
			all = append(all, brief)
		}
		if text, ok := m["text"]; ok {
			all = append(all, fmt.Sprintf("%q", text))
		}
		return strings.Join(all, " "), true
	case only(m, "reference"):
		return m["reference"].(string), true
	case only(m, "system", "value"):
		return fmt.Sprintf("%s|%s", m["system"], m["value"]), true
	case only(m, "system", "code"):
		return fmt.Sprintf("%s|%s", m["system"], m["code"]), true
	case len(m) == 4 && m["value"] != nil && m["unit"] != nil:
		return fmt.Sprintf("%v %s %s|%s", m["value"], m["unit"], m["system"], m["code"]), true
	case only(m, "system", "code", "display"):
		return fmt.Sprintf("%s|%s %q", m["system"], m["code"], m["display"]), true
	}
	return "", false
}

func only(m map[string]any, names ...string) bool {
	for _, name := range names {
		if _, ok := m[name].(string); !ok {
			return false
		}
	}
	return len(m) == len(names)
}

func elements(m map[string]string) (lines []string) {
	for _, path := range slices.Sorted(maps.Keys(m)) {
		line := path + ": " + strings.ReplaceAll(m[path], "\n", " / ")
		if strings.HasPrefix(line, "lastModified: ") && strings.HasSuffix(line, " → 2031-05-17T12:00:00.000Z") {
			line = "dated"
		}
		lines = append(lines, line)
	}
	return lines
}

func changed(before, after map[string]string) []string {
	differs := map[string]string{}
	for path := range maps.All(after) {
		differs[path] = ""
	}
	for path := range before {
		differs[path] = ""
	}
	for path := range differs {
		was, is := before[path], after[path]
		if was == is {
			delete(differs, path)
			continue
		}
		differs[path] = or(was, "∅") + " → " + or(is, "∅")
	}
	return elements(differs)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// saysThat compares what was written with what is wanted, thing by thing.
func saysThat(t *testing.T, name string, got []string, want string) {
	t.Helper()
	wanted := thingsIn(want)
	ok := len(wanted) == len(got)
	for i := 0; ok && i < len(wanted); i++ {
		ok = meets(strings.Split(got[i], "\n"), strings.Split(wanted[i], "\n"))
	}
	if !ok {
		t.Errorf("%s: wrote\n%s\n\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(wanted, "\n"))
	}
}

// thingsIn splits the lines of a table at each that begins a thing.
func thingsIn(want string) (things []string) {
	for line := range strings.SplitSeq(strings.TrimSpace(want), "\n") {
		line = strings.TrimSpace(line)
		begins := strings.HasPrefix(line, "+ ") || strings.HasPrefix(line, "~ ") || beginsProvenance(line)
		switch {
		case line == "":
		case begins || len(things) == 0:
			things = append(things, line)
		default:
			things[len(things)-1] += "\n" + line
		}
	}
	return things
}

func beginsProvenance(line string) bool {
	verb, _, ok := strings.Cut(line, " from ")
	return ok && !strings.ContainsAny(verb, " :→")
}

func meets(got, want []string) bool {
	if !slices.Contains(want, "…") {
		return slices.Equal(slices.DeleteFunc(got, func(l string) bool { return l == "" }), want)
	}
	for _, line := range want {
		absent, no := strings.CutPrefix(line, "no ")
		named := slices.ContainsFunc(got, func(l string) bool { return no && strings.HasPrefix(l, absent) })
		if named || line != "…" && !no && !slices.Contains(got, line) {
			return false
		}
	}
	return true
}
