package simulate_test

import (
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// This file holds the answers that look like successes and are none, or that say
// inside that they are not whole.

const (
	fhirJSON = "application/fhir+json"
	signIn   = "<!DOCTYPE html><html><body>Logg inn</body></html>"
)

// unsaid is a success that does not say what was done.
type unsaid struct {
	status int
	typ    string
	body   string
	done   bool
}

var unsaids = map[fault]unsaid{
	pageDone:     {http.StatusOK, "text/html", signIn, true},
	pageNot:      {http.StatusOK, "text/html", signIn, false},
	outcomeDone:  {http.StatusOK, fhirJSON, outcome("information", "informational"), true},
	outcomeNot:   {http.StatusOK, fhirJSON, outcome("information", "informational"), false},
	acceptedDone: {http.StatusAccepted, fhirJSON, "", true},
	acceptedNot:  {http.StatusAccepted, fhirJSON, "", false},
	emptyDone:    {http.StatusOK, fhirJSON, "", true},
	emptyNot:     {http.StatusOK, fhirJSON, "", false},
}

func outcome(severity, code string) string {
	return `{"resourceType":"OperationOutcome","issue":[{"severity":"` + severity + `","code":"` + code + `","diagnostics":"no luck"}]}`
}

func answered(status int, typ, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", typ)
	w.WriteHeader(status)
	_, _ = w.WriteString(body)
	return w
}

func inBundle(typ string, entries []string) *httptest.ResponseRecorder {
	return answered(http.StatusOK, fhirJSON, withEntries(`{"resourceType":"Bundle","type":"`+typ+`"}`, entries))
}

func withEntries(bundle string, entries []string) string {
	bundle = drop(bundle, "entry")
	if len(entries) == 0 {
		return bundle
	}
	return strings.TrimSuffix(strings.TrimSpace(bundle), "}") + `,"entry":[` + strings.Join(entries, ",") + `]}`
}

// spoil is what goes wrong within the answer to a search, or to one of a batch.
func spoil(f fault, c chance, answer *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	body := answer.Body.String()
	if answer.Code != http.StatusOK || !spoils[f] {
		return answer
	}
	if gjson.Get(body, "type").Str != "batch-response" {
		return answered(http.StatusOK, fhirJSON, spoilOne(f, c, body))
	}
	entries := raws(body)
	at := c.IntN(len(entries))
	found := gjson.Get(entries[at], "resource").Raw
	if f == searchFailed {
		status := pick(c, weighted[int]{1, http.StatusInternalServerError}, weighted[int]{1, http.StatusTooManyRequests})
		entries[at] = insideBatch(answered(status, fhirJSON, outcome("error", "exception")))
	} else if found != "" {
		entries[at], _ = sjson.SetRaw(entries[at], "resource", spoilOne(f, c, found))
	}
	return inBundle("batch-response", entries)
}

var spoils = map[fault]bool{errorInside: true, cutShort: true, searchFailed: true}

// spoilOne leaves results out and says so: with an error any of them, with a
// warning those behind a point, and the pages that follow.
func spoilOne(f fault, c chance, found string) string {
	if gjson.Get(found, "type").Str != "searchset" {
		return outcome("error", "exception") // it was a read
	}
	var left []string
	remark := outcome("error", "exception")
	all := raws(found)
	if f == cutShort {
		remark = outcome("warning", "incomplete")
		left = all[:c.IntN(len(all)+1)]
		found = drop(found, "link")
	}
	for _, e := range all {
		if f == errorInside && c.happens(0.5) {
			left = append(left, e)
		}
	}
	return withEntries(drop(found, "total"), append(left[:len(left):len(left)], `{"resource":`+remark+`,"search":{"mode":"outcome"}}`))
}

func raws(bundle string) (entries []string) {
	for _, e := range gjson.Get(bundle, "entry").Array() {
		entries = append(entries, e.Raw)
	}
	return entries
}
