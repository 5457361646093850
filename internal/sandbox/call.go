package sandbox

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// call is one interaction, whether it came over HTTP or as an entry of a Bundle.
type call struct {
	method string
	path   string // below the base, without slashes at the ends
	query  url.Values
	body   []byte
	base   string

	ifMatch, ifNoneMatch, ifNoneExist string
}

// answer is what a call came to: a bundle, a version of a resource, or just a remark.
type answer struct {
	status int
	bundle *bundle
	rec    *record
	ver    version
	remark string // for people, where there is nothing else to send
}

// serve carries out one call.
func (s *Server) serve(c *call) (*answer, error) {
	parts := strings.Split(c.path, "/")
	if parts[0] == "" {
		return s.serveBase(c)
	}
	k := s.catalogue[parts[0]]
	if k == nil {
		return nil, refuse(http.StatusNotFound, "Unknown resource type '%s'", clip(parts[0]))
	}
	switch {
	case len(parts) == 1 && c.method == http.MethodPost:
		return s.one(&op{method: "POST", kind: k, body: c.body, condition: c.ifNoneExist})
	case len(parts) == 1 && c.method == http.MethodGet, len(parts) == 2 && parts[1] == "_search":
		return s.read(func() (*answer, error) { return s.search(c, k) })
	case len(parts) == 1:
		return s.one(&op{method: c.method, kind: k, body: c.body, condition: c.query.Encode(), ifMatch: c.ifMatch})
	case strings.HasPrefix(parts[1], "$") || strings.HasPrefix(parts[1], "_"):
		return nil, refuse(http.StatusBadRequest, "This server does not know how to handle %s %s", c.method, clip(c.path))
	case len(parts) == 2 && c.method != http.MethodGet:
		return s.one(&op{method: c.method, kind: k, id: parts[1], body: c.body, ifMatch: c.ifMatch})
	case c.method == http.MethodGet:
		return s.read(func() (*answer, error) { return s.get(c, k, parts[1:]) })
	}
	return nil, refuse(http.StatusMethodNotAllowed, "%s is not supported for %s", c.method, clip(c.path))
}

func (s *Server) serveBase(c *call) (*answer, error) {
	switch {
	case c.method == http.MethodGet && c.query.Has("_getpages"):
		return s.read(func() (*answer, error) { return s.nextPage(c) })
	case c.method == http.MethodPost:
		return s.bundle(c)
	}
	return nil, refuse(http.StatusBadRequest, "This is the base URL of a FHIR server: use %s/[type], or POST a Bundle here", c.base)
}

// read runs f under the read lock.
func (s *Server) read(f func() (*answer, error)) (*answer, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return f()
}

// get answers Type/id, Type/id/_history and Type/id/_history/n. The lock must be held.
func (s *Server) get(c *call, k *kind, parts []string) (*answer, error) {
	rec := s.store.find(k.name, parts[0])
	switch {
	case rec == nil:
		return nil, refuse(http.StatusNotFound, "Resource %s/%s is not known", k.name, clip(parts[0]))
	case len(parts) == 1:
		return show(c, rec, *rec.current())
	case len(parts) == 2 && parts[1] == "_history":
		return history(c, rec), nil
	case len(parts) == 3 && parts[1] == "_history":
		if v := rec.at(parts[2]); v != nil {
			return show(c, rec, *v)
		}
		return nil, refuse(http.StatusNotFound, "Version %q is not valid for resource %s", clip(parts[2]), rec.ref())
	}
	return nil, refuse(http.StatusNotFound, "Unknown path %q", clip(c.path))
}

func show(c *call, rec *record, v version) (*answer, error) {
	switch {
	case v.body == nil:
		gone := refuse(http.StatusGone, "Resource was deleted at %s", instant(v.at))
		gone.location = c.base + "/" + versioned(rec, v)
		return nil, gone
	case c.ifNoneMatch != "" && versionOf(c.ifNoneMatch) == strconv.Itoa(v.number):
		return &answer{status: http.StatusNotModified, rec: rec, ver: v}, nil
	}
	return &answer{status: http.StatusOK, rec: rec, ver: v}, nil
}

// history lists the versions of one resource, the newest first, on one page.
func history(c *call, rec *record) *answer {
	b := newBundle("history", len(rec.versions))
	b.link("self", c.base+"/"+c.path)
	limit, err := strconv.Atoi(c.query.Get("_count"))
	if err != nil || limit < 1 {
		limit = len(rec.versions)
	}
	since, hasSince := parseDate(c.query.Get("_since"))
	for n := len(rec.versions) - 1; n >= 0 && len(b.Entry) < limit; n-- {
		if v := rec.versions[n]; !hasSince || !v.at.Before(since.from) {
			b.past(c.base, rec, v)
		}
	}
	return b.answer()
}

// one carries out a single write, which is a transaction of one.
func (s *Server) one(o *op) (*answer, error) {
	if o.method != "POST" && o.method != "PUT" && o.method != "DELETE" {
		return nil, refuse(http.StatusMethodNotAllowed, "%s is not supported on this server", clip(o.method))
	}
	if err := s.write([]*op{o}); err != nil {
		return nil, err
	}
	return o.answer(), nil
}

// versioned is the relative URL of one version.
func versioned(rec *record, v version) string {
	return rec.ref() + "/_history/" + strconv.Itoa(v.number)
}

// versionOf takes the version out of W/"3", "3" or 3.
func versionOf(tag string) string {
	return strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
}

// lastModified is the form of a time in HTTP headers.
func lastModified(at time.Time) string { return at.UTC().Format(http.TimeFormat) }
