package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
)

// A search stays pageable as long as on HAPI, and there are never more than a few: the oldest goes first.
const (
	pageLife = time.Hour
	maxPages = 256
)

// prefetched is how many matches HAPI finds before it answers the first page: with more than that it does not know the total.
const prefetched = 500

// pages remembers searches that had more to show than fits one page.
type pages struct {
	mu    sync.Mutex
	known map[string]*paged
	order []string
}

// paged is the result of a search at the time of its first page. Later pages show what has become of it.
type paged struct {
	query   *query
	matches posting
	made    time.Time
}

func newPages() *pages { return &pages{known: map[string]*paged{}} }

func (p *pages) keep(q *query, matches posting) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.order) == maxPages {
		delete(p.known, p.order[0])
		p.order = slices.Delete(p.order, 0, 1)
	}
	id := uuid.NewString()
	p.known[id] = &paged{q, matches, time.Now()}
	p.order = append(p.order, id)
	return id
}

func (p *pages) find(id string) *paged {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.known[id]
	if found == nil || time.Since(found.made) > pageLife {
		return nil
	}
	return found
}

// search answers the first page of a search. The store's lock must be held.
func (s *Server) search(c *call, k *kind) (*answer, error) {
	q, err := s.catalogue.parseQuery(k, c.query)
	if err != nil {
		return nil, err
	}
	matches := q.run(s.store)
	if q.onlyCount {
		return newBundle("searchset", len(matches)).answer(), nil
	}
	id := ""
	if len(matches) > q.count {
		id = s.pages.keep(q, matches)
	}
	return s.page(c, &paged{query: q, matches: matches}, id, 0, q.count), nil
}

func selfLink(c *call, q *query) string {
	if q.self == "" {
		return c.base + "/" + q.kind.name
	}
	return c.base + "/" + q.kind.name + "?" + q.self
}

// nextPage answers a next link. The store's lock must be held.
func (s *Server) nextPage(c *call) (*answer, error) {
	id := c.query.Get("_getpages")
	found := s.pages.find(id)
	if found == nil {
		return nil, refuse(http.StatusGone, "Search ID %q does not exist and may have expired", clip(id))
	}
	offset, err := strconv.Atoi(c.query.Get("_getpagesoffset"))
	if err != nil || offset < 0 {
		offset = 0
	}
	count, err := strconv.Atoi(c.query.Get("_count"))
	if err != nil || count < 1 {
		count = found.query.count
	}
	return s.page(c, found, id, offset, min(count, maxPage)), nil
}

// page renders count matches from offset, with what the query includes. As on HAPI a large total is only told once it is known,
// which is on the last page, or when asked for.
func (s *Server) page(c *call, of *paged, id string, offset, count int) *answer {
	end := min(offset+count, len(of.matches))
	more := end < len(of.matches)
	shown := slices.Clone(of.matches[min(offset, end):end])
	shown = slices.DeleteFunc(shown, (*record).deleted)
	total := len(of.matches)
	if more && total > prefetched && !of.query.total {
		total = unknownTotal
	}
	b := newBundle("searchset", total)
	b.link("self", selfLink(c, of.query))
	if more {
		b.link("next", nextLink(c.base, id, end, count))
	}
	for _, rec := range shown {
		b.found(c.base, rec, "match")
	}
	for _, rec := range of.query.include(s.store, shown) {
		b.found(c.base, rec, "include")
	}
	return b.answer()
}

func nextLink(base, id string, offset, count int) string {
	return base + "?_getpages=" + url.QueryEscape(id) + "&_getpagesoffset=" + strconv.Itoa(offset) +
		"&_count=" + strconv.Itoa(count) + "&_bundletype=searchset"
}
