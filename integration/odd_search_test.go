package integration_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/internal/hospital"
)

// Search parameters that mean something else, or nothing.
func TestOddSearches(t *testing.T) {
	onOddServers(t, []row{
		// DSF: a comma is a character like others.
		{name: "a literal comma", habit: always(literalComma), unsafe: []string{"comma"}},
		{name: "_lastUpdated ignored", habit: always(ignoring(isChanges)), prepare: busy, after: idles, unsafe: []string{"_lastUpdated"}},
		// Microsoft: together with another parameter (microsoft/fhir-server#563).
		{name: "_lastUpdated ignored beside another", habit: always(ignoring(besideAnother)), prepare: busy, after: idles, unsafe: []string{"_lastUpdated"}},
		// HAPI with full text: together with another it finds nothing (hapifhir/hapi-fhir#6404).
		{name: "_lastUpdated finds nothing beside another", habit: always(findsNothing(besideAnother)), unsafe: []string{"_lastUpdated"}},
		{name: "_sort ignored", habit: always(without("_sort")), after: idles},
		// Spark 500, LinuxForHealth 400.
		{name: "identifier without a value refused", habit: always(refuse(openIdentifier, http.StatusBadRequest, "invalid")), intake: notWhole, unsafe: []string{"identifier"}},
		{name: "identifier without a value fails", habit: always(refuse(openIdentifier, http.StatusInternalServerError, "exception")), intake: notWhole, unsafe: []string{"identifier"}},
		{name: "identifier without a value finds nothing", habit: always(findsNothing(openIdentifier)), unsafe: []string{"identifier"}},
		// AWS, Google: the index comes after the write, and until then not even the version
		// before is found (awslabs/fhir-works-on-aws-deployment#788, HealthLake's guide).
		{name: "found a while after it was written", habit: always(lagging)},
		// HAPI: the same search within a minute (hapifhir/hapi-fhir#4345).
		{name: "an answer given again for a while", habit: repeating},
		{name: "ids that R4 does not allow", habit: always(oddIDs), after: areUnaskable, intake: notWhole},
	})
}

func isChanges(a ask) bool { return a.query.Has("_lastUpdated") }

// besideAnother tells a search for changes with a parameter of the type's own.
func besideAnother(a ask) bool {
	own := false
	for name := range a.query {
		own = own || !strings.HasPrefix(name, "_")
	}
	return own && isChanges(a)
}

func ignoring(which func(ask) bool) habit {
	return func(a ask, next server) said {
		if which(a) {
			a.query.Del("_lastUpdated")
		}
		return next(a)
	}
}

func without(parameter string) habit {
	return func(a ask, next server) said {
		a.query.Del(parameter)
		return next(a)
	}
}

// literalComma finds what has a comma in it, which is nothing.
func literalComma(a ask, next server) said {
	for name, values := range a.query {
		if a.search() && strings.Contains(strings.Join(values, ""), ",") && name != "_sort" && name != "_elements" {
			return nothing()
		}
	}
	return next(a)
}

func nothing() said {
	return fhirJSON(http.StatusOK, `{"resourceType":"Bundle","type":"searchset","total":0}`)
}

func findsNothing(which func(ask) bool) habit {
	return func(a ask, next server) said {
		if which(a) {
			return nothing()
		}
		return next(a)
	}
}

// openIdentifier tells a search for all identifiers of a system.
func openIdentifier(a ask) bool { return strings.HasSuffix(a.query.Get("identifier"), "|") }

// lag is how long a server needs until it finds what was written.
const lag = 200 * time.Millisecond

// lagging does not find what was written just now.
func lagging(a ask, next server) said {
	s := next(a)
	if !ofWork(a) || !s.ok() {
		return s // what setup wrote has been there for long
	}
	before := time.Now().Add(-lag)
	s = s.keep(func(e gjson.Result) bool {
		at, _ := time.Parse(time.RFC3339Nano, e.Get("resource.meta.lastUpdated").String())
		return at.Before(before)
	})
	return s.set("total", len(s.entries()))
}

// repeating gives an answer once more to who asks the same soon after.
func repeating(*play) habit {
	given, at := map[string]said{}, map[string]time.Time{}
	return func(a ask, next server) said {
		key := a.path + "?" + a.query.Encode()
		if !a.search() {
			return next(a)
		}
		if time.Since(at[key]) > lag {
			given[key], at[key] = next(a), time.Now()
		}
		return given[key]
	}
}

// idles: a service with nothing to do looks at no admission again and again.
func idles(p *play) {
	p.Helper()
	p.stop()
	p.start("--poll.overlap", "0s", "--census.interval", "1h")
	poll := func(a ask) bool { return a.search() && a.path == "Patient" }
	polls := func(n int) {
		before := p.proxy.count(poll)
		p.until("polls", func() bool { return p.proxy.count(poll) >= before+n })
	}
	polls(3)
	look := func(a ask) bool { return a.batch() || a.query.Has("_id") }
	before := p.proxy.count(look)
	polls(10)
	if looks := p.proxy.count(look) - before; looks > 10 {
		p.Errorf("%d looks in 10 polls in which nothing happened", looks)
	}
}

// oddIDs puts Encounters between the others that nobody can ask for.
func oddIDs(a ask, next server) said {
	s := next(a)
	if !a.census() || !s.ok() || len(s.entries()) == 0 {
		return s
	}
	one := s.entries()[0].Raw
	for _, id := range []string{"bed_12", strings.Repeat("x", 65)} {
		odd, _ := sjson.Set(one, "resource.id", id)
		s = s.add(odd)
	}
	return s
}

func areUnaskable(p *play) {
	p.Helper()
	p.until("ids that nobody can ask for", func() bool { return p.status("census.unaskable_ids").Int() >= 2 })
}

// oid is a class of one vendor's, 104 what it calls an inpatient.
const oid = "urn:oid:1.2.840.114350.1.72.1.7.7.10.696784.13260"

// Classes of other systems, none, and several.
func TestOddClasses(t *testing.T) {
	asInpatients := func(p *play) { p.policy.Screening.Classes = []string{oid + "|104", "IMP"} }
	onOddServers(t, []row{
		{name: "of another system", habit: always(classed), turns: classesAreSaid},
		{name: "of another system, asked for", habit: always(classed), prepare: asInpatients},
		{name: "none", habit: unclassed(""), marked: isOfNoClass},
		{name: "several", habit: unclassed(`[{"code":"AMB"},{"code":"IMP"}]`), marked: isAsked},
	})
}

// classed has codes of its own for classes.
func classed(a ask, next server) said {
	if wanted := a.query.Get("class"); wanted != "" {
		if !slices.ContainsFunc(strings.Split(wanted, ","), func(token string) bool { return token == "104" || token == oid+"|104" }) {
			return nothing()
		}
		a.query.Set("class", "IMP")
	}
	return next(a).eachOf("Encounter", func(resource string) string {
		resource, _ = sjson.Set(resource, "class", map[string]string{"system": oid, "code": "104"})
		return resource
	})
}

// unclassed gives the marked admission another class, which nobody can search for,
// or none.
func unclassed(class string) func(*play) habit {
	return func(p *play) habit {
		return func(a ask, next server) said {
			s := next(a)
			if a.query.Has("class") && class == "" {
				s = s.keep(func(e gjson.Result) bool { return !p.isMarked(e.Get("resource")) })
				s = s.set("total", len(s.entries()))
			}
			return s.eachOf("Encounter", func(resource string) string {
				if p.isMarked(gjson.Parse(resource)) {
					resource, _ = sjson.Delete(resource, "class")
					if class != "" {
						resource, _ = sjson.SetRaw(resource, "class", class)
					}
				}
				return resource
			})
		}
	}
}

// eachOf changes the resources of a type in an answer.
func (s said) eachOf(typ string, change func(resource string) string) said {
	if gjson.GetBytes(s.body, "resourceType").String() == typ {
		s.body = []byte(change(string(s.body)))
		return s
	}
	return s.each(func(e gjson.Result) string {
		if e.Get("resource.resourceType").String() != typ {
			return e.Raw
		}
		raw, _ := sjson.SetRaw(e.Raw, "resource", change(e.Get("resource").Raw))
		return raw
	})
}

func isOfNoClass(p *play, a hospital.Admission) {
	p.Helper()
	p.want(a, notAsked)
	p.until("an admission without a class", func() bool { return p.status("census.other_classes.none").Int() == 1 })
}

// classesAreSaid: nobody is asked, and everybody is counted.
func classesAreSaid(p *play) {
	p.Helper()
	a, b := p.admit(hospital.Stay{Person: woman}), p.admit(hospital.Stay{Person: man})
	p.start()
	p.until("two of another class", func() bool {
		others := map[string]int{}
		_ = json.Unmarshal([]byte(p.status("census.other_classes").Raw), &others)
		n := 0
		for class, count := range others {
			if strings.HasSuffix(class, "104") {
				n += count
			}
		}
		return n == 2
	})
	p.want(a, notAsked)
	p.want(b, notAsked)
}
