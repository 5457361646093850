package simulate_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// habits are what a server does otherwise than R4 says, always and towards all
// programs. The hospital's own people do not notice.
type habits struct {
	links    string          // how the next page is named
	most     int             // the largest _count that it takes; 0: any
	literal  bool            // a,b is one value
	ignores  bool            // _lastUpdated
	includes string          // dropped or refused
	totals   string          // always or never
	undated  map[string]bool // types whose resources do not say when they were written
	writes   string          // what is answered to a transaction
	loose    bool            // takes references that lead nowhere
}

// How the next page is named. Absolute is as it should be.
const (
	absolute    = ""
	fromHost    = "from the host"       // /fhir?…
	withoutBase = "without the base"    // /Task?…, as Canvas does
	fromPage    = "from the page"       // Task?…
	queryAlone  = "a query alone"       // ?…
	withPort    = "with the port"       // http://host:80/fhir?…
	otherScheme = "with another scheme" // https://host/fhir?…
)

const (
	dropped  = "dropped"
	refused  = "refused"
	always   = "always"
	never    = "never"
	nothing  = "nothing"
	whatCame = "what was sent"
)

func newHabits(seed uint64, odd bool) (h habits) {
	if !odd {
		return h
	}
	c := draw(seed, "habits")
	h.links = pick(c, weighted[string]{3, absolute}, weighted[string]{1, fromHost}, weighted[string]{1, withoutBase}, weighted[string]{1, fromPage},
		weighted[string]{1, queryAlone}, weighted[string]{1, withPort}, weighted[string]{1, otherScheme})
	h.includes = pick(c, weighted[string]{2, ""}, weighted[string]{1, dropped}, weighted[string]{1, refused})
	h.totals = pick(c, weighted[string]{1, ""}, weighted[string]{1, always}, weighted[string]{1, never})
	h.writes = pick(c, weighted[string]{2, ""}, weighted[string]{1, nothing}, weighted[string]{1, whatCame})
	h.literal, h.ignores = c.happens(0.35), c.happens(0.35)
	if c.happens(0.5) {
		h.most = 100
	}
	h.loose = c.happens(0.5)
	h.undated = map[string]bool{}
	for _, typ := range watched {
		h.undated[typ] = c.happens(0.15)
	}
	return h
}

// watched are the types that the service polls.
var watched = []string{"Encounter", "Task", "QuestionnaireResponse", "ServiceRequest", "Patient"}

func (h habits) String() string {
	var undated []string
	for _, typ := range watched {
		if h.undated[typ] {
			undated = append(undated, typ)
		}
	}
	return fmt.Sprintf("links %q, pages of at most %d, literal commas %t, ignores _lastUpdated %t, includes %q, totals %q, undated %v, answers to writes %q, loose references %t",
		h.links, h.most, h.literal, h.ignores, h.includes, h.totals, undated, h.writes, h.loose)
}

// read answers a search, a batch of them, or a read, as this server does.
func (s *server) read(address string, header http.Header, batch []byte) *httptest.ResponseRecorder {
	switch {
	case !s.sim.odd && batch != nil:
		return s.serve(http.MethodPost, address, header, batch)
	case !s.sim.odd:
		return s.serve(http.MethodGet, address, header, nil)
	case batch == nil:
		return s.find(address, header)
	}
	var answers []string
	for _, query := range gjson.GetBytes(batch, "entry.#.request.url").Array() {
		answers = append(answers, insideBatch(s.find(base+"/"+query.Str, header)))
	}
	return inBundle("batch-response", answers)
}

func insideBatch(one *httptest.ResponseRecorder) string {
	status := fmt.Sprintf(`"status":"%d %s"`, one.Code, http.StatusText(one.Code))
	if one.Code != http.StatusOK {
		return `{"response":{` + status + `,"outcome":` + one.Body.String() + `}}`
	}
	return `{"response":{` + status + `},"resource":` + one.Body.String() + `}`
}

// find answers one search or read.
func (s *server) find(address string, header http.Header) *httptest.ResponseRecorder {
	h := s.sim.habits
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	typ, query := u.Path[strings.LastIndex(u.Path, "/")+1:], u.Query()
	switch {
	case nextPage(u.RawQuery):
		u.Path = "/fhir" // wherever its link has put it
	case h.refuses(query):
		return answered(http.StatusBadRequest, fhirJSON, outcome("error", "not-supported"))
	case h.findsNone(query):
		return answered(http.StatusOK, fhirJSON, `{"resourceType":"Bundle","type":"searchset","total":0}`)
	default:
		h.understand(query)
		u.RawQuery = query.Encode()
	}
	answer := s.serve(http.MethodGet, u.String(), header, nil)
	if answer.Code != http.StatusOK {
		return answer
	}
	return answered(http.StatusOK, fhirJSON, h.tell(answer.Body.String(), typ))
}

func (h habits) refuses(query url.Values) bool {
	count, _ := strconv.Atoi(query.Get("_count"))
	return h.most > 0 && count > h.most || h.includes == refused && (query.Has("_include") || query.Has("_revinclude"))
}

// findsNone tells that a value with a comma is looked for as it stands.
func (h habits) findsNone(query url.Values) bool {
	for name, values := range query {
		if h.literal && !slices.Contains([]string{"_elements", "_sort"}, name) && strings.Contains(strings.Join(values, ""), ",") {
			return true
		}
	}
	return false
}

// understand leaves out what the server does not mind.
func (h habits) understand(query url.Values) {
	if h.includes == dropped {
		query.Del("_include")
		query.Del("_revinclude")
	}
	if h.ignores {
		query.Del("_lastUpdated")
	}
	if h.totals == always && query.Has("_count") {
		query.Set("_total", "accurate")
	}
}

// tell writes an answer as this server does.
func (h habits) tell(body, typ string) string {
	if gjson.Get(body, "resourceType").Str != "Bundle" {
		return h.date(body)
	}
	if next := gjson.Get(body, `link.#(relation=="next").url`).Str; next != "" && h.links != absolute {
		body, _ = sjson.Set(body, "link.1.url", h.name(next, typ)) // behind self
	}
	if h.totals == never {
		body = drop(body, "total")
	}
	if !slices.ContainsFunc(watched, func(typ string) bool { return h.undated[typ] }) {
		return body
	}
	var entries []string
	for _, e := range gjson.Get(body, "entry").Array() {
		entry, _ := sjson.SetRaw(e.Raw, "resource", h.date(e.Get("resource").Raw))
		entries = append(entries, entry)
	}
	return withEntries(body, entries)
}

// date leaves out when something was last written.
func (h habits) date(resource string) string {
	if h.undated[gjson.Get(resource, "resourceType").Str] {
		return drop(resource, "meta.lastUpdated")
	}
	return resource
}

func (h habits) name(next, typ string) string {
	query := next[strings.Index(next, "?"):]
	switch h.links {
	case fromHost:
		return "/fhir" + query
	case withoutBase:
		return "/" + typ + query
	case fromPage:
		return typ + query
	case queryAlone:
		return query
	case withPort:
		return "http://" + host + ":80/fhir" + query
	}
	return "https://" + host + "/fhir" + query
}

// say is the answer to a transaction that was sent.
func (h habits) say(answer *httptest.ResponseRecorder, sent []byte) *httptest.ResponseRecorder {
	switch {
	case answer.Code >= 300 || h.writes == "":
		return answer
	case h.writes == nothing:
		return answered(http.StatusOK, fhirJSON, "")
	}
	return answered(http.StatusOK, fhirJSON, string(sent))
}
