package fhir

import (
	"context"
	"errors"
	"hash/maphash"
	"net/http"
	"strings"

	"github.com/tidwall/gjson"
)

const (
	// maxPages and maxSwept, in resources, bound one sweep.
	maxPages = 10_000
	maxSwept = 1_000_000
	// maxLink bounds the link to a next page, in bytes: all of a sweep are kept.
	maxLink = 8 << 10
	// maxMatches and maxFound, in bytes, bound a search that is read into memory
	// at once.
	maxMatches = 20_000
	maxFound   = 16 << 20
)

// Search reads all pages of a search such as Task?encounter=12, included
// resources too. Entries that are no resources are left out. With a NotWhole
// error comes what was found.
func (c *Client) Search(ctx context.Context, query string) ([]Resource, error) {
	var all []Resource
	size := 0
	err := c.Each(ctx, query, func(r Resource) error {
		if size += len(r.raw); len(all) == maxMatches || size > maxFound {
			return errors.New("the search found more than it can mean")
		}
		all = append(all, r)
		return nil
	})
	return all, err
}

// Each calls visit for every resource of every page, in the server's order,
// and stops at its first error. A NotWhole error comes when all has been visited.
func (c *Client) Each(ctx context.Context, query string, visit func(Resource) error) error {
	var doubt NotWhole
	for _, spelt := range c.quirks.spell(query) {
		s := newSweep(c, spelt)
		if err := s.run(ctx, visit); err != nil {
			return err
		}
		doubt.Op = s.doubt.Op
		doubt.add(&s.doubt)
	}
	return c.quirks.doubt(&doubt)
}

// sweep is one search on its way through its pages.
type sweep struct {
	*Client
	query   string
	path    string
	asked   map[string]bool // a broken cursor leads back to a page with 200
	swept   int
	matched map[uint64]struct{} // each once: a page may repeat one in the place of another
	doubt   NotWhole
}

func newSweep(c *Client, query string) *sweep {
	typ, _, _ := strings.Cut(query, "?")
	return &sweep{Client: c, query: query, path: "/" + query, asked: map[string]bool{}, matched: map[uint64]struct{}{}, doubt: NotWhole{Op: "search " + typ}}
}

func (s *sweep) run(ctx context.Context, visit func(Resource) error) error {
	for !s.asked[s.path] && len(s.asked) < maxPages && s.swept < maxSwept {
		s.asked[s.path] = true
		page, err := s.page(ctx)
		if err != nil {
			return err
		}
		for _, r := range s.read(page) {
			if err := visit(r); err != nil {
				return err
			}
		}
		next, err := s.next(page, s.path)
		if err != nil {
			return &Error{Op: s.doubt.Op, cause: err}
		}
		if next == "" {
			s.count(page)
			return nil
		}
		s.path = next
	}
	return &Error{Op: s.doubt.Op, cause: errors.New("the search has no last page")}
}

func (s *sweep) page(ctx context.Context) (Resource, error) {
	ask := func(path string) (Resource, error) { return s.send(ctx, s.doubt.Op, http.MethodGet, path, nil) }
	page, err := ask(s.path)
	if len(s.asked) == 1 && err != nil {
		page, err = s.quirks.smaller(s.path, page, err, ask)
	}
	if err == nil && page.Type() != "Bundle" {
		return page, &Error{Op: s.doubt.Op, Status: http.StatusOK, cause: errors.New("the answer is not a Bundle")}
	}
	return page, err
}

func (s *sweep) read(page Resource) []Resource {
	found := page.entries()
	s.swept += len(found)
	for _, ref := range matches(page) {
		s.matched[maphash.String(seed, ref)] = struct{}{}
	}
	s.doubt.hearAll(page)
	return found
}

// count compares with what the last page says how many there are. HAPI has
// stopped early with a larger total.
func (s *sweep) count(last Resource) {
	if total := int(last.Get("total").Int()); total > len(s.matched) {
		s.doubt.Missing = total - len(s.matched)
	}
}

var seed = maphash.MakeSeed()

// entries are the resources of a Bundle. OperationOutcomes among them are
// remarks, not results.
func (r Resource) entries() []Resource {
	var found []Resource
	r.Get("entry").ForEach(func(_, e gjson.Result) bool {
		res := Resource{[]byte(e.Get("resource").Raw)}
		if t := res.Type(); t != "" && t != "OperationOutcome" {
			found = append(found, res)
		}
		return true
	})
	return found
}
