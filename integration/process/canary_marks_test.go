package process

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// marker is what stands where a name, a number, an address or an answer might, in
// whatever a server or a caller sends: none of it may come out of tilsyn. Other
// markers are tried with `go test ./integration/process -run Canary -args -marker 'Kari Nordmann'`.
var marker = flag.String("marker", "Kanarinavik,13116900216", "what the canary tests mark everything with; several with commas between")

func markers() []string { return strings.Split(*marker, ",") }

// marks writes markers into resources and counts them.
type marks struct {
	mu     sync.Mutex
	turn   int
	served map[string]int  // marked values that went out, by resource type
	tried  map[string]bool // the ways in which an element was made wrong
	at     map[string]int  // by reference: the next way to try; -1: none is left
	idle   int             // answers since the last new way
	names  int             // at the end of a path that tell elements apart
}

func newMarks() *marks {
	return &marks{served: map[string]int{}, tried: map[string]bool{}, at: map[string]int{}, names: 3}
}

// next takes the markers in turn, so that each comes to each place.
func (m *marks) next() string {
	m.turn++
	return markers()[m.turn%len(markers())]
}

func marked(s string) bool {
	return slices.ContainsFunc(markers(), func(m string) bool { return strings.Contains(s, m) })
}

// needed are the members without which a resource says something else: all other
// strings are names, numbers, addresses, words.
var needed = set("resourceType id reference fullUrl url versionId lastUpdated system code status intent priority linkId questionnaire " +
	"valueCanonical valueUrl authored authoredOn lastModified start end issued effectiveDateTime birthDate gender type relation criteria " +
	"valueCode valueDateTime valueBoolean endpoint method location etag mode deceasedDateTime recorded policy instantiatesUri fhirVersion " +
	"kind format versioning conditionalDelete searchInclude searchRevInclude date")

func set(words string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(words) {
		all[w] = true
	}
	return all
}

// published must be as this program was built with, or it does not start.
var published = set("Questionnaire CodeSystem Subscription")

// dress marks what a resource can be marked in and still be understood.
func (m *marks) dress(res map[string]any) {
	typ, _ := res["resourceType"].(string)
	if published[typ] {
		return
	}
	if typ == "CapabilityStatement" {
		m.dressIn(typ, "", map[string]any{"software": res["software"], "implementation": res["implementation"]})
		return
	}
	if typ != "Bundle" && res["text"] == nil {
		res["text"] = map[string]any{"status": "generated", "div": `<div xmlns="http://www.w3.org/1999/xhtml">` + m.next() + `</div>`}
	}
	m.dressIn(typ, "", res)
}

func (m *marks) dressIn(typ, at string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if inner, ok := v[key].(map[string]any); ok && inner["resourceType"] != nil {
				continue // has a turn of its own
			}
			if needed[key] || key == "value" && ours(v) || key == "valueString" && typ == "Task" {
				if s, ok := v[key].(string); ok && marked(s) {
					m.served[typ]++
				}
				if _, ok := v[key].(string); ok {
					continue
				}
			}
			v[key] = m.dressIn(typ, key, v[key])
		}
	case []any:
		if needed[at] {
			return v
		}
		for i := range v {
			v[i] = m.dressIn(typ, at, v[i])
		}
	case string:
		m.served[typ]++
		if !marked(v) {
			return v + " " + m.next()
		}
	}
	return v
}

// ours are the identifiers by which tilsyn, or the hospital of this test, finds
// what it has made.
func ours(identifier map[string]any) bool {
	system, _ := identifier["system"].(string)
	return strings.HasPrefix(system, "https://tilsyn.org/")
}

// wrongs are the ways to put a marker where it does not belong.
var wrongs = []struct {
	name      string
	renames   bool
	structure bool // also of a list or an object
	put       func(was any, mark string) any
}{
	{"in its place", false, true, func(_ any, m string) any { return m }},
	{"after it", false, false, func(was any, m string) any { return fmt.Sprint(was) + m }},
	{"an object", false, true, func(_ any, m string) any {
		return map[string]any{m: m, "text": m, "display": m, "reference": m + "/" + m, "code": m, "value": m, "start": m, "end": m,
			"coding": []any{map[string]any{"system": "https://tilsyn.org/fhir/CodeSystem/tilsyn", "code": m, "display": m}}}
	}},
	{"a type", false, false, func(_ any, m string) any { return strings.ToUpper(m[:1]) + m[1:] + "/" + m }},
	{"an address", false, false, func(_ any, m string) any { return "http://" + m + ".example/fhir/Patient/" + m }},
	{"a number", false, true, func(_ any, m string) any { return json.Number(digits(m)) }},
	{"another name", true, true, func(_ any, m string) any { return "value" + m }},
}

// digits is a marker as a number.
func digits(m string) string {
	if n := strings.Trim(m, "0123456789"); n == "" && m[0] != '0' {
		return m
	}
	return "13116900216"
}

// way is the end of an element's path: what is read of a long resource has a name of
// its own there, and one of a list is as good as another.
func (m *marks) way(path string) string {
	from := len(path)
	for range m.names {
		from = max(0, strings.LastIndexByte(path[:from], '.'))
	}
	return path[from:]
}

// readFirst are the types of which one that cannot be understood keeps the rest from
// being looked at.
var readFirst = set("Bundle Encounter Task QuestionnaireResponse")

// spoil makes one element of one of the resources wrong, in a way that was not
// tried before if there is one.
func (m *marks) spoil(resources []map[string]any, first bool) {
	m.idle++
	for _, res := range resources {
		typ := fmt.Sprint(res["resourceType"])
		if readFirst[typ] != first {
			continue
		}
		self := typ + "/" + fmt.Sprint(res["id"])
		if m.at[self] < 0 {
			continue
		}
		all := placesIn(res)
		for ; m.at[self] < len(all)*len(wrongs); m.at[self]++ {
			at, n := all[m.at[self]/len(wrongs)], m.at[self]%len(wrongs)
			if way := typ + m.way(at.name) + wrongs[n].name; !m.tried[way] && at.fits(n) {
				w := wrongs[n]
				m.tried[way] = true
				m.idle = 0
				m.served[typ]++
				at.set(w.put(at.get(), m.next()), w.renames)
				return
			}
		}
		m.at[self] = -1 // nothing is left to spoil
	}
}

// place is one element of a resource.
type place struct {
	name      string
	read      bool // by tilsyn
	structure bool // a list or an object
	get       func() any
	set       func(v any, rename bool)
}

// fits leaves out the ways that say nothing new: other strings in the place of a
// list or an object, and more than two in one of which nothing is read.
func (p place) fits(n int) bool {
	if p.structure {
		return wrongs[n].structure
	}
	return p.read || n < 2
}

// fewElements of a list are enough to spoil.
const fewElements = 3

func placesIn(res map[string]any) []place {
	var all []place
	addPlaces(&all, "", res)
	return all
}

func addPlaces(all *[]place, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if inner, ok := v[key].(map[string]any); ok && inner["resourceType"] != nil {
				continue
			}
			*all = append(*all, place{at + "." + key, isRead(key, v[key]), !isText(v[key]), func() any { return v[key] }, func(to any, rename bool) {
				if rename {
					v[to.(string)] = v[key]
					delete(v, key)
					return
				}
				v[key] = to
			}})
			addPlaces(all, at+"."+key, v[key])
		}
	case []any:
		for i := range v[:min(len(v), fewElements)] {
			*all = append(*all, place{at, isRead("", v[i]), !isText(v[i]), func() any { return v[i] }, func(to any, _ bool) { v[i] = to }})
			addPlaces(all, at, v[i])
		}
	}
}

// isRead takes a text that is nobody's code for one that nobody reads.
func isRead(name string, v any) bool {
	return !isText(v) || needed[name] || name == "value" || name == "valueString"
}

func isText(v any) bool {
	_, text := v.(string)
	return text
}

// resourcesIn are the resources of an answer: itself, and those in a Bundle.
func resourcesIn(v any) (all []map[string]any) {
	res, ok := v.(map[string]any)
	if !ok || res["resourceType"] == nil {
		return nil
	}
	all = append(all, res)
	entries, _ := res["entry"].([]any)
	for _, e := range entries {
		if e, ok := e.(map[string]any); ok {
			all = append(all, resourcesIn(e["resource"])...)
		}
	}
	return all
}

// mark gives an answer with markers in it: in every word, and with wrong also
// where it does not belong.
func (m *marks) mark(body []byte, wrong bool) []byte {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return body
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	resources := resourcesIn(v)
	if !wrong {
		for _, res := range resources {
			m.dress(res)
		}
	} else {
		slices.Reverse(resources) // the Bundle itself comes last
		m.spoil(resources, true)
		m.spoil(resources, false)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return body
	}
	return out
}

// settled tells whether nothing new was found to spoil for so many answers.
func (m *marks) settled(answers int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.idle >= 2*answers
}
