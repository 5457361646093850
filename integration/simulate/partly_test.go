package simulate_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// This file is about servers that take a transaction for a batch: its entries are
// done one by one, or not at all, and one of them is refused inside a 200.

// resolves says what such a server does with a reference from one entry to another.
type resolves int

const (
	nowhere  resolves = iota // it stays as it was sent, as in any batch
	backward                 // what was done is known by its id from then on; the rest stays
	strictly                 // and what refers to something else is refused in turn
)

// inPart does what of a transaction is not refused.
func (s *server) inPart(address string, header http.Header, tx []byte, refused int, as string, how resolves) *httptest.ResponseRecorder {
	known := map[string]string{}
	var answers []string
	for i, e := range gjson.GetBytes(tx, "entry").Array() {
		if i == refused {
			answers = append(answers, as)
			continue
		}
		answers = append(answers, s.alone(address, header, e, known, how))
	}
	return inBundle("transaction-response", answers)
}

// alone does one entry, and notes what has become of it.
func (s *server) alone(address string, header http.Header, e gjson.Result, known map[string]string, how resolves) string {
	entry := e.Raw
	for urn, ref := range known {
		entry = strings.ReplaceAll(entry, urn, ref)
	}
	if how == strictly && strings.Contains(strings.ReplaceAll(entry, e.Get("fullUrl").Raw, ""), "urn:uuid:") {
		return insideBatch(answered(http.StatusFailedDependency, fhirJSON, outcome("error", "not-found")))
	}
	answer := s.serve(http.MethodPost, address, header, []byte(`{"resourceType":"Bundle","type":"transaction","entry":[`+entry+`]}`))
	if answer.Code >= 300 {
		return insideBatch(answer)
	}
	done := gjson.GetBytes(answer.Body.Bytes(), "entry.0")
	if made := e.Get("fullUrl").Str; how != nowhere && strings.HasPrefix(made, "urn:uuid:") {
		known[made], _, _ = strings.Cut(done.Get("response.location").Str, "/_history")
	}
	return done.Raw
}

// refuses is the entry of a transaction that is refused. A server that does not say
// what it did is not said to have lost a record either: nobody could know.
func (s *simulation) refuses(c chance, tx []byte) int {
	var all []int
	for i, e := range gjson.GetBytes(tx, "entry").Array() {
		if s.habits.writes == "" || e.Get("request.ifNoneExist").Exists() || e.Get("request.method").Str == "PUT" {
			all = append(all, i)
		}
	}
	n := all[c.IntN(len(all))]
	s.unrecorded = append(s.unrecorded, recorded(gjson.GetBytes(tx, fmt.Sprintf("entry.%d.resource", n))))
	return n
}

// withNothing makes a transaction say of one entry that a person has deleted it.
func withNothing(tx []byte, lost int) []byte {
	urn := gjson.GetBytes(tx, fmt.Sprintf("entry.%d.fullUrl", lost)).Str
	return []byte(strings.ReplaceAll(string(tx), urn, "Task/deleted"))
}

// notAtAll says that one entry was refused, and of the others what was undone again.
func notAtAll(c chance, tx []byte) *httptest.ResponseRecorder {
	answers := slices.Repeat([]string{carriedOut}, int(gjson.GetBytes(tx, "entry.#").Int()))
	answers[c.IntN(len(answers))] = refusedOnce(c)
	return inBundle("transaction-response", answers)
}

const carriedOut = `{"response":{"status":"201 Created"}}`

// refusedOnce is the answer to one entry: somebody else was there first, or it was
// too much.
func refusedOnce(c chance) string {
	status := pick(c, weighted[int]{1, http.StatusPreconditionFailed}, weighted[int]{1, http.StatusTooManyRequests})
	return fmt.Sprintf(`{"response":{"status":"%d %s","outcome":%s}}`, status, http.StatusText(status), outcome("error", "transient"))
}
