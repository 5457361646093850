package integration_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/internal/hospital"
)

// Sizes and totals of pages.
func TestOddPages(t *testing.T) {
	onOddServers(t, []row{
		// HAPI has stopped early; AWS counts what it then takes out as not to be seen
		// (awslabs/fhir-works-on-aws-authz-smart#55).
		{name: "more in total than on the pages", habit: always(moreInTotal), intake: notWhole},
		// HAPI, for a while: it counts what is included too (hapifhir/hapi-fhir#7153).
		{name: "what is included in the total", habit: always(includedInTotal), safe: true},
		// Medplum, for a while: nothing says what is a match (medplum/medplum#5062).
		{name: "no search mode", habit: always(eachEntry(func(e string) string { e, _ = sjson.Delete(e, "search"); return e })), safe: true},
		// HAPI, for a while: a response to each (hapifhir/hapi-fhir#1328).
		{name: "responses in a searchset", habit: always(eachEntry(func(e string) string {
			e, _ = sjson.Set(e, "response", map[string]string{"status": "200 OK", "etag": `W/"2"`})
			return e
		}))},
		// Canvas: at most 100. Microsoft: 400 above the maximum (microsoft/fhir-server#1263).
		{name: "at most 100 on a page", habit: always(atMost(100)), unsafe: []string{"_count"}},
		{name: "at most 20 on a page", habit: always(atMost(20)), unsafe: []string{"_count"}},
		{name: "a small page, whatever is asked for", habit: always(pagesOf(2)), safe: true},
		{name: "an empty last page", habit: always(emptyLastPage)},
		{name: "the last page again and again", habit: always(samePageAgain), intake: notWhole},
		// HAPI, Helios: a cursor that has expired.
		{name: "pages that expire once", habit: always(expiring(3))},
		{name: "pages that expire", habit: always(expiring(-1)), turns: firstPageOnly, intake: notWhole, unsafe: []string{"pages"}},
		// Microsoft: a link so long that a proxy does not find it (microsoft/fhir-server#2250).
		{name: "later pages that are not found", habit: always(laterPages(http.StatusNotFound, "not-found")), turns: firstPageOnly, intake: notWhole, unsafe: []string{"pages"}},
		// Microsoft, Medplum, HAPI: sorted by what is equal, one comes twice and another
		// not at all (microsoft/fhir-server#1792, medplum/medplum#4608).
		{name: "one in the place of another", habit: inPlaceOfAnother, marked: isMissed, intake: notWhole},
		// Blaze: found once for each version (samply/blaze#882).
		{name: "the same twice on a page", habit: always(twice)},
	})
}

// moreInTotal says that more was found than is there.
func moreInTotal(a ask, next server) said {
	s := next(a)
	if a.census() && s.ok() {
		s = s.set("total", len(s.entries())+7)
	}
	return s
}

// includedInTotal counts all that is on a page.
func includedInTotal(a ask, next server) said {
	s := next(a)
	if a.includes() && s.ok() {
		s = s.set("total", len(s.entries()))
	}
	return s
}

// eachEntry changes the entries of searchsets.
func eachEntry(change func(entry string) string) habit {
	return func(a ask, next server) said {
		s := next(a)
		if !a.search() || !s.ok() {
			return s
		}
		return s.each(func(e gjson.Result) string { return change(e.Raw) })
	}
}

func atMost(n int) habit {
	return func(a ask, next server) said {
		if count, _ := strconv.Atoi(a.query.Get("_count")); count > n {
			return failure(http.StatusBadRequest, "invalid")
		}
		return next(a)
	}
}

// pagesOf cuts pages small.
func pagesOf(n int) habit {
	return func(a ask, next server) said {
		if a.search() && a.path != "" {
			count, err := strconv.Atoi(a.query.Get("_count"))
			if err != nil || count > n {
				a.query.Set("_count", strconv.Itoa(n))
			}
		}
		return next(a)
	}
}

// linked cuts pages small and has something happen to the link to the next.
func linked(n int, change func(a ask, link string) string) habit {
	small := pagesOf(n)
	return func(a ask, next server) said {
		s := small(a, next)
		for i, link := range gjson.GetBytes(s.body, "link").Array() {
			if link.Get("relation").String() == "next" {
				s = s.set(fmt.Sprintf("link.%d.url", i), change(a, link.Get("url").String()))
			}
		}
		return s
	}
}

// emptyLastPage has a link on the last page too.
func emptyLastPage(a ask, next server) said {
	if a.query.Get("_getpages") == "none" {
		return fhirJSON(http.StatusOK, `{"resourceType":"Bundle","type":"searchset"}`)
	}
	s := next(a)
	if a.search() && s.ok() && !gjson.GetBytes(s.body, `link.#(relation=="next")`).Exists() {
		self := gjson.GetBytes(s.body, `link.#(relation=="self").url`).String()
		base, _, _ := strings.Cut(self, "/fhir")
		s = s.set("link.-1", map[string]string{"relation": "next", "url": base + "/fhir?_getpages=none"})
	}
	return s
}

// samePageAgain has every page of a census lead to itself.
func samePageAgain(a ask, next server) said {
	s := next(a)
	if a.census() && s.ok() {
		self := gjson.GetBytes(s.body, `link.#(relation=="self").url`).String()
		s = s.set("link.-1", map[string]string{"relation": "next", "url": self})
	}
	return s
}

// expiring forgets a search before its second page is asked for, so many times or,
// with -1, always.
func expiring(times int) habit {
	small := pagesOf(2)
	return func(a ask, next server) said {
		if a.query.Has("_getpages") && times != 0 {
			times--
			return failure(http.StatusGone, "deleted")
		}
		return small(a, next)
	}
}

func laterPages(status int, code string) habit {
	small := pagesOf(2)
	return func(a ask, next server) said {
		if a.query.Has("_getpages") {
			return failure(status, code)
		}
		return small(a, next)
	}
}

// inPlaceOfAnother shows somebody else a second time where the marked one should
// stand.
func inPlaceOfAnother(p *play) habit {
	return func(a ask, next server) said {
		s := next(a)
		if !a.search() || a.path != "Encounter" || a.query.Has("_id") || !s.ok() {
			return s
		}
		others := s.keep(func(e gjson.Result) bool { return !p.isMarked(e.Get("resource")) }).entries()
		return s.each(func(e gjson.Result) string {
			if p.isMarked(e.Get("resource")) && len(others) > 0 {
				return others[0].Raw
			}
			return e.Raw
		})
	}
}

// firstPageOnly: whoever stands on later pages is not found, and that is said.
func firstPageOnly(p *play) {
	p.Helper()
	for range 5 {
		p.admit(hospital.Stay{Person: woman})
	}
	p.start()
	p.isSaid()
}

// twice has all that is found on the page once more.
func twice(a ask, next server) said {
	s := next(a)
	if !a.search() || !s.ok() {
		return s
	}
	var all []string
	for _, e := range s.entries() {
		all = append(all, e.Raw)
	}
	return s.with(slices.Concat(all, all)...)
}
