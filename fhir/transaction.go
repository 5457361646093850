package fhir

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/tidwall/gjson"
)

// Transaction is a set of writes that happen together or not at all.
type Transaction struct {
	entries []entry
	err     error
	stands  bool // all that can be looked for, of the rest of a Half
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

// ByIdentifier is the search, as ifNoneExist has it, for any of these business
// identifiers.
func ByIdentifier(system string, values ...string) string {
	tokens := make([]string, 0, len(values))
	for _, v := range values {
		tokens = append(tokens, system+"|"+v)
	}
	return "identifier=" + url.QueryEscape(strings.Join(tokens, ","))
}

// Transact sends the transaction. IsConflict tells that something was written
// meanwhile and nothing of this was applied; on a lost answer, and on one that
// IsUnsure, nobody knows: read again and see.
func (c *Client) Transact(ctx context.Context, t *Transaction) error {
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
	answer, err := c.roundTrip(ctx, writing, http.MethodPost, "", body, "Prefer", "return=minimal")
	if err != nil {
		return err
	}
	if !answer.IsSuccess() {
		return answerError(writing, answer.StatusCode(), answer.Body())
	}
	return carriedOut(answer.StatusCode(), answer.Body(), len(t.entries))
}

const writing = "write a transaction"

// carriedOut checks that a success is one: a sign-in page comes with 200, a
// gateway answers 202 before anything is done, and a server that takes a
// transaction for a batch refuses a part of it inside its 200.
func carriedOut(status int, body []byte, sent int) error {
	odd := func(why string) error {
		return &Error{Op: writing, Status: status, unsure: true, cause: errors.New(why)}
	}
	answer, err := Parse(body)
	if err != nil || answer.Type() != "Bundle" || answer.Get("type").String() != "transaction-response" {
		return odd("with no transaction-response: what stands is read again")
	}
	entries := answer.Get("entry").Array()
	if len(entries) != sent {
		return odd("for another number of entries than were sent: what stands is read again")
	}
	return refusedParts(entries)
}

// refusedParts is the error of the first entry that was refused inside a success,
// and knows of the others.
func refusedParts(entries []gjson.Result) error {
	var first *Error
	var refused []int
	for n, entry := range entries {
		err := refusedInside(entry.Get("response"))
		if err == nil {
			continue
		}
		if first == nil {
			first = err
		}
		refused = append(refused, n)
	}
	if first == nil {
		return nil
	}
	first.refused = refused
	return first
}

// refusedInside is the error of one entry of a transaction that was answered as a
// success.
func refusedInside(response gjson.Result) *Error {
	code, _, _ := strings.Cut(response.Get("status").String(), " ")
	status, err := strconv.Atoi(code)
	if err != nil || status < 100 || status > 599 {
		return &Error{Op: writing, Status: http.StatusOK, unsure: true, cause: errors.New("with an entry that has no status: what stands is read again")}
	}
	if status/100 == 2 {
		return nil
	}
	e := answerError(writing, status, []byte(response.Get("outcome").Raw))
	e.unsure, e.cause = true, errors.New("for one entry of a transaction: the others may stand")
	return e
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
