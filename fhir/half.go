package fhir

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Half is what a transaction was to write where nobody knows that all of it stands.
// A server that takes a transaction for a batch refuses a part of it, and carries
// out the rest.
type Half struct {
	entries []entry
	refused []int // of them; empty where the server does not say
}

// HalfOf is what may stand in part after an error that IsUnsure.
func HalfOf(t *Transaction, err error) *Half {
	h := &Half{entries: t.entries}
	var e *Error
	if errors.As(err, &e) {
		h.refused = e.refused
	}
	return h
}

// After is what may be left once the rest of a Half was sent and met another answer
// that IsUnsure.
func (h *Half) After(sent *Transaction, err error) *Half {
	if again := HalfOf(sent, err); len(again.refused) > 0 {
		return again
	}
	return h // nothing is known
}

// Left is what has to be sent again so that the whole stands; nil where all of it
// does, or nothing: then what was to be written is decided anew. An update is left
// while the version that it replaces stands. Creates that are met by what stands go
// along, as others may point to them. What has no identifier cannot be looked for:
// it is left where the server has refused it, or does not say what it refused.
func (h *Half) Left(ctx context.Context, c *Client) (*Transaction, error) {
	lacks, missing, known, err := h.lacking(ctx, c)
	if err != nil || missing == known || missing+len(h.refused) == 0 {
		return nil, err
	}
	again, left := &Transaction{}, missing > 0
	again.audits = !left // nothing but these, as far as is seen now
	for n, e := range h.entries {
		refused := e.record() && (slices.Contains(h.refused, n) || len(h.refused) == 0 && missing > 0)
		left = left || refused
		again.audits = again.audits && (!refused || e.Request.URL == "AuditEvent")
		if lacks[n] || refused || e.Request.IfNoneExist != "" {
			again.entries = append(again.entries, e)
		}
	}
	if !left {
		return nil, nil
	}
	return again, nil
}

// lacking tells of each entry whether it is known not to stand, how many do not, and
// of how many that can be known.
func (h *Half) lacking(ctx context.Context, c *Client) (lacks []bool, missing, known int, err error) {
	there, err := h.there(ctx, c)
	if err != nil {
		return nil, 0, 0, err
	}
	lacks = make([]bool, len(h.entries))
	for n, e := range h.entries {
		switch {
		case e.record():
			continue
		case e.Request.Method == http.MethodPut:
			if lacks[n], err = e.replaces(ctx, c); err != nil {
				return nil, 0, 0, err
			}
		default:
			lacks[n] = !slices.ContainsFunc(there, e.made)
		}
		known++
		if lacks[n] {
			missing++
		}
	}
	return lacks, missing, known, nil
}

// record tells that an entry makes what nothing tells from another of its kind.
func (e entry) record() bool {
	return e.Request.Method == http.MethodPost && e.Request.IfNoneExist == ""
}

// there is what stands of the creates that can be looked for.
func (h *Half) there(ctx context.Context, c *Client) ([]Resource, error) {
	var queries []string
	for _, e := range h.entries {
		if e.Request.IfNoneExist != "" {
			queries = append(queries, e.Request.URL+"?"+e.Request.IfNoneExist)
		}
	}
	if len(queries) == 0 {
		return nil, nil
	}
	return c.SearchTogether(ctx, queries...)
}

// made tells that a resource is what the entry was to make.
func (e entry) made(r Resource) bool {
	query, err := url.ParseQuery(e.Request.IfNoneExist)
	system, value, _ := strings.Cut(query.Get("identifier"), "|")
	return err == nil && r.Type() == e.Request.URL && r.Identifier(system) == value
}

// replaces tells that the version which the entry replaces still stands.
func (e entry) replaces(ctx context.Context, c *Client) (bool, error) {
	r, err := c.Read(ctx, e.Request.URL)
	if IsGone(err) {
		return false, nil
	}
	return err == nil && `W/"`+r.VersionID()+`"` == e.Request.IfMatch, err
}

// OnlyAudits tells that of the transaction nothing but AuditEvents was left.
func (t *Transaction) OnlyAudits() bool { return t.audits }
