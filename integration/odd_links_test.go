package integration_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/hospital"
)

const (
	named  = "http://example.com" // whatever it is called, it is the proxy that answers
	secure = "https://example.com"
)

// A link to the next page may be written in more ways than one.
func TestOddLinks(t *testing.T) {
	onOddServers(t, []row{
		// Canvas: /Patient?_count=10&_offset=10, without the path of the base.
		{name: "path without the base's", habit: relinked(func(a ask, u *url.URL) string { return "/" + a.path + "?" + u.RawQuery }), safe: true},
		// A hospital's own server: /app/FHIR/r4/Condition?… (POLAR-fhiR/fhircrackr#110, #116).
		{name: "path with the base's", habit: relinked(func(a ask, u *url.URL) string { return "/fhir/" + a.path + "?" + u.RawQuery })},
		{name: "query alone", habit: relinked(func(_ ask, u *url.URL) string { return "?" + u.RawQuery })},
		{name: "type and query", habit: relinked(func(a ask, u *url.URL) string { return a.path + "?" + u.RawQuery })},
		{name: "no scheme", habit: relinked(func(a ask, u *url.URL) string { return "//" + u.Host + "/fhir/" + a.path + "?" + u.RawQuery }), safe: true},
		{name: "no scheme, with a name", host: named, habit: relinked(func(_ ask, u *url.URL) string { return "//example.com/fhir?" + u.RawQuery })},
		{name: "host in capitals", host: named, habit: relinked(func(_ ask, u *url.URL) string { return "http://EXAMPLE.com/fhir?" + u.RawQuery })},
		// HAPI behind a gateway (hapifhir/hapi-fhir#2885).
		{name: "path without the base's, with a name", host: named, habit: relinked(func(a ask, u *url.URL) string { return "http://example.com/" + a.path + "?" + u.RawQuery })},
		// HAPI behind a proxy, which puts it in once more on each page (opensrp/fhircore#1714).
		{name: "port 80", host: named, habit: relinked(func(_ ask, u *url.URL) string { return "http://example.com:80/fhir?" + u.RawQuery })},
		{name: "port 443", host: secure, habit: relinked(func(_ ask, u *url.URL) string { return "https://example.com:443/fhir?" + u.RawQuery }), safe: true},
		// TLS ends before the server, which does not know of it (microsoft/fhir-server#1080).
		{name: "http for https", host: secure, habit: relinked(func(_ ask, u *url.URL) string { return "http://example.com/fhir?" + u.RawQuery }), safe: true},
		{name: "http and port 80 for https", host: secure, habit: relinked(func(_ ask, u *url.URL) string { return "http://example.com:80/fhir?" + u.RawQuery })},
		// The server's inner name (microsoft/fhir-server#1317, metriport/metriport#4974).
		{name: "another host", host: named, habit: strayCensus("http://elsewhere.example/fhir"), turns: strays, intake: notWhole, unsafe: []string{"link"}},
		{name: "another port", host: named, habit: strayCensus("http://example.com:8080/fhir"), turns: strays, intake: notWhole, unsafe: []string{"link"}},
		{name: "another path", host: named, habit: strayCensus("http://example.com/fhir/../admin"), turns: strays, intake: notWhole},
		{name: "user in the link", host: named, habit: strayCensus("http://example.com@elsewhere.example/fhir"), turns: strays, intake: notWhole},
		{name: "https for http", host: named, habit: relinked(func(_ ask, u *url.URL) string { return "https://example.com/fhir?" + u.RawQuery })},
	})
}

// relinked writes every link to a next page another way. Pages are small.
func relinked(write func(a ask, u *url.URL) string) func(*play) habit {
	return func(p *play) habit {
		return stayed(p, linked(2, func(a ask, link string) string {
			u, err := url.Parse(link)
			if err != nil {
				return link
			}
			return write(a, u)
		}))
	}
}

// stayed has the test fail for every request that went somewhere else, or over http
// to a server that has https.
func stayed(p *play, h habit) habit {
	base, _ := url.Parse(p.proxy.base)
	address := base.Host
	if base.Port() == "" {
		address += map[string]string{"http": ":80", "https": ":443"}[base.Scheme]
	}
	p.Cleanup(func() {
		if strayed := p.dialed.elsewhere(address); len(strayed) > 0 {
			p.Errorf("somebody went to %q", strayed)
		}
	})
	return h
}

// strayCensus has the census's next pages lie elsewhere; what the poll asks for has
// one page.
func strayCensus(base string) func(*play) habit {
	return func(p *play) habit {
		small := linked(2, func(_ ask, link string) string {
			_, query, _ := strings.Cut(link, "?")
			return base + "?" + query
		})
		return stayed(p, func(a ask, next server) said {
			if a.census() || a.path == "Task" && !a.query.Has("_lastUpdated") {
				return small(a, next)
			}
			return next(a)
		})
	}
}

// strays: whoever the poll names is served, and it is said that others may be there.
func strays(p *play) {
	p.Helper()
	for range 5 {
		p.admit(hospital.Stay{Person: man})
	}
	p.start("--poll.overlap", "0s")
	a := p.admit(hospital.Stay{Person: woman})
	p.answer(a, 4, 4, 4)
	p.want(a, referred(12, "urgent"))
	p.isSaid()
	if got := p.ready(); got != http.StatusOK {
		p.Errorf("the service is not ready: %d", got)
	}
}
