package fhir

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
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
// resources too. Entries that are no resources are left out.
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
// and stops at its first error.
func (c *Client) Each(ctx context.Context, query string, visit func(Resource) error) error {
	typ, _, _ := strings.Cut(query, "?")
	op, path := "search "+typ, "/"+query
	asked := map[string]bool{} // a broken cursor leads back to a page with 200
	for swept := 0; !asked[path] && len(asked) < maxPages && swept < maxSwept; {
		asked[path] = true
		bundle, err := c.send(ctx, op, http.MethodGet, path, nil)
		if err != nil {
			return err
		}
		if bundle.Type() != "Bundle" {
			return &Error{Op: op, cause: errors.New("the answer is not a Bundle")}
		}
		found := bundle.entries()
		swept += len(found)
		for _, r := range found {
			if err := visit(r); err != nil {
				return err
			}
		}
		next, err := c.next(bundle)
		if err != nil {
			return &Error{Op: op, cause: err}
		}
		if next == "" {
			return nil
		}
		path = next
	}
	return &Error{Op: op, cause: errors.New("the search has no last page")}
}

// SearchTogether reads several searches in one request, a batch. A server that
// does not take batches is asked one search after the other.
func (c *Client) SearchTogether(ctx context.Context, queries ...string) ([]Resource, error) {
	if len(queries) > 1 && !c.noBatch.Load() {
		all, err := c.batch(ctx, queries)
		if !IsRefused(err) && !IsGone(err) {
			return all, err
		}
		c.noBatch.Store(true)
	}
	var all []Resource
	for _, q := range queries {
		found, err := c.Search(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (c *Client) batch(ctx context.Context, queries []string) ([]Resource, error) {
	const op = "search in a batch"
	bundle := batchBundle{ResourceType: "Bundle", Type: "batch"}
	for _, q := range queries {
		bundle.Entry = append(bundle.Entry, batchEntry{request{Method: http.MethodGet, URL: q}})
	}
	body, err := json.Marshal(bundle)
	if err != nil {
		return nil, err
	}
	answer, err := c.send(ctx, op, http.MethodPost, "", body)
	if err != nil {
		return nil, err
	}
	entries := answer.Get("entry").Array()
	if len(entries) != len(queries) {
		return nil, &Error{Op: op, Status: http.StatusNotImplemented} // it is no server for batches
	}
	var all []Resource
	for i, e := range entries {
		found, err := c.batched(ctx, queries[i], e)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

type batchBundle struct {
	ResourceType string       `json:"resourceType"`
	Type         string       `json:"type"`
	Entry        []batchEntry `json:"entry"`
}

type batchEntry struct {
	Request request `json:"request"`
}

// batched gives the results of one search of a batch. One that failed there,
// or that has several pages, is searched again by itself.
func (c *Client) batched(ctx context.Context, query string, entry gjson.Result) ([]Resource, error) {
	page := Resource{[]byte(entry.Get("resource").Raw)}
	if page.Type() != "Bundle" {
		return c.Search(ctx, query)
	}
	if next, err := c.next(page); err != nil || next != "" {
		return c.Search(ctx, query)
	}
	return page.entries(), nil
}

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

// next is the path of the next page under the base URL. A link to anywhere
// else is an error: following it would send the token there.
func (c *Client) next(bundle Resource) (string, error) {
	link := bundle.Get(`link.#(relation=="next").url`).String()
	if link == "" {
		return "", nil
	}
	rest, ok := strings.CutPrefix(link, c.base)
	if !ok || rest == "" || (rest[0] != '?' && rest[0] != '/') || len(rest) > maxLink || climbs(rest) {
		return "", errors.New("the next page lies outside the configured base URL, or its link is too long; check fhir.base_url and the server's own idea of its address")
	}
	return rest, nil
}

// climbs tells whether a path leads out of where it stands, however it is
// spelt: encoded twice, with backslashes, or with the parameters of a segment
// that Tomcat drops (..;x). What stands in a query is the server's own business.
func climbs(rest string) bool {
	u, err := url.Parse(rest)
	if err != nil {
		return true
	}
	path := u.Path
	for again := ""; again != path; {
		again = path
		if path, err = url.PathUnescape(path); err != nil {
			return true
		}
	}
	segments := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' })
	return slices.ContainsFunc(segments, func(s string) bool {
		name, _, _ := strings.Cut(s, ";")
		return name == ".."
	})
}
