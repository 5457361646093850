package fhir

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/google/uuid"
)

// Transaction is a set of writes that happen together or not at all.
type Transaction struct {
	entries []entry
	err     error
}

type entry struct {
	FullURL  string          `json:"fullUrl"`
	Resource json.RawMessage `json:"resource"`
	Request  request         `json:"request"`
}

type request struct {
	Method      string `json:"method"`
	URL         string `json:"url"`
	IfNoneExist string `json:"ifNoneExist,omitempty"`
	IfMatch     string `json:"ifMatch,omitempty"`
}

// NewRef is a reference to a resource that the same transaction creates.
func NewRef() string { return "urn:uuid:" + uuid.NewString() }

// Empty tells whether there is nothing to write.
func (t *Transaction) Empty() bool { return len(t.entries) == 0 && t.err == nil }

// Create adds a resource (a model that marshals to FHIR JSON) unless the
// server already has one that matches the search ifNoneExist. Measured
// race-safe on HAPI and Helios, and it cannot overwrite: a PUT to a chosen id
// with If-None-Match: * does, on every server we tried.
func (t *Transaction) Create(ref string, resource any, ifNoneExist string) {
	raw, err := json.Marshal(resource)
	if err != nil {
		t.fail(fmt.Errorf("encode a %T: it is no JSON", resource)) // the error would quote it
		return
	}
	typ := Resource{raw}.Type()
	t.entries = append(t.entries, entry{ref, raw, request{Method: http.MethodPost, URL: typ, IfNoneExist: ifNoneExist}})
}

// Update replaces the version of a resource that was read, and only that
// version: a write that came between makes the whole transaction a conflict.
func (t *Transaction) Update(c *Client, r Resource) {
	version := r.VersionID()
	if version == "" {
		t.fail(fmt.Errorf("update a %s: the server gives no versionId, so a person's edit could be lost", typeName(r.Type())))
		return
	}
	t.entries = append(t.entries, entry{
		FullURL:  c.base + "/" + r.Ref(), // HAPI's validator wants one beside relative references
		Resource: r.raw,
		Request:  request{Method: http.MethodPut, URL: r.Ref(), IfMatch: `W/"` + version + `"`},
	})
}

// Write is one thing that a transaction does.
type Write struct {
	Resource Resource // as it is sent
	Creates  bool
}

// Writes are what the transaction does so far, in the order in which it was added.
func (t *Transaction) Writes() []Write {
	all := make([]Write, 0, len(t.entries))
	for _, e := range t.entries {
		all = append(all, Write{Resource{e.Resource}, e.Request.Method == http.MethodPost})
	}
	return all
}

func (t *Transaction) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// Err is why the transaction cannot be sent; another try cannot mend it.
func (t *Transaction) Err() error { return t.err }

// ByIdentifier is the ifNoneExist search for one business identifier.
func ByIdentifier(system, value string) string {
	return "identifier=" + url.QueryEscape(system+"|"+value)
}

// Transact sends the transaction. IsConflict tells that something was written
// meanwhile and nothing of this was applied; on a lost answer nobody knows:
// read again and see.
func (c *Client) Transact(ctx context.Context, t *Transaction) error {
	const op = "write a transaction"
	if t.err != nil {
		return t.err
	}
	if t.Empty() {
		return nil
	}
	body, err := t.encode()
	if err != nil {
		return err
	}
	// Only here, never on a batch of searches: Helios then leaves out what it found.
	answer, err := c.roundTrip(ctx, op, http.MethodPost, "", body, "Prefer", "return=minimal")
	if err == nil && !answer.IsSuccess() { // a success may have an empty body
		err = answerError(op, answer.StatusCode(), answer.Body())
	}
	return err
}

func (t *Transaction) encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // what others wrote stays as they wrote it
	err := enc.Encode(struct {
		ResourceType string  `json:"resourceType"`
		Type         string  `json:"type"`
		Entry        []entry `json:"entry"`
	}{"Bundle", "transaction", t.entries})
	if err != nil {
		return nil, errors.New("encode a transaction: it is no JSON")
	}
	return b.Bytes(), nil
}
