package fhir

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/tidwall/gjson"
)

// SearchTogether reads several searches in one request, a batch. Where that is
// refused they are asked one after the other. With a NotWhole error comes what
// was found.
func (c *Client) SearchTogether(ctx context.Context, queries ...string) ([]Resource, error) {
	var spelt []string
	for _, q := range queries {
		spelt = append(spelt, c.quirks.spell(q)...)
	}
	together := len(spelt) > 1 && c.quirks.batches()
	if together {
		all, err := c.batch(ctx, spelt)
		if !IsRefused(err) && !IsGone(err) {
			return all, err
		}
	}
	all, err := c.oneByOne(ctx, spelt)
	if together && (err == nil || IsNotWhole(err)) {
		c.quirks.refusedBatch() // and took each of its searches
	}
	return all, err
}

func (c *Client) oneByOne(ctx context.Context, queries []string) ([]Resource, error) {
	t := together{Client: c}
	for _, q := range queries {
		if err := t.search(ctx, q); err != nil {
			return nil, err
		}
	}
	return t.all, t.doubt.or()
}

// together collects what several searches found.
type together struct {
	*Client
	all   []Resource
	doubt NotWhole
}

func (t *together) search(ctx context.Context, query string) error {
	found, err := t.Search(ctx, query)
	var doubt *NotWhole
	if errors.As(err, &doubt) {
		t.doubt.Op = doubt.Op
		t.doubt.add(doubt)
		err = nil
	}
	t.all = append(t.all, found...)
	return err
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
	c.quirks.tookBatch()
	t := together{Client: c}
	for i, e := range entries {
		if err := t.take(ctx, queries[i], e); err != nil {
			return nil, err
		}
	}
	return t.all, c.quirks.doubt(&t.doubt)
}

type batchBundle struct {
	ResourceType string       `json:"resourceType"`
	Type         string       `json:"type"`
	Entry        []batchEntry `json:"entry"`
}

type batchEntry struct {
	Request request `json:"request"`
}

// take reads the results of one search of a batch. One that failed there, or
// that has several pages, is searched again by itself.
func (t *together) take(ctx context.Context, query string, entry gjson.Result) error {
	page := Resource{[]byte(entry.Get("resource").Raw)}
	if page.Type() != "Bundle" {
		return t.search(ctx, query)
	}
	if next, err := t.next(page, "/"+query); err != nil || next != "" {
		return t.search(ctx, query)
	}
	s := newSweep(t.Client, query)
	t.all = append(t.all, s.read(page)...)
	s.count(page)
	if !s.doubt.nothing() {
		t.doubt.Op = s.doubt.Op
		t.doubt.add(&s.doubt)
	}
	return nil
}
