package fhir

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Error is an answer of the server that is not a success, or no answer at all.
// Its text never holds a URL, a diagnostic or anything else that could name a
// patient: what was tried, the status, and the codes of the OperationOutcome.
type Error struct {
	Op         string        // such as "search Encounter"
	Status     int           // HTTP status; 0: no answer came
	Codes      []string      // OperationOutcome codes, message ids and element paths
	RetryAfter time.Duration // what the server asked for; 0: nothing
	conflict   bool
	cause      error
}

func (e *Error) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("%s: %v", e.Op, e.cause)
	}
	text := fmt.Sprintf("%s: the server answered %d %s", e.Op, e.Status, http.StatusText(e.Status))
	if len(e.Codes) > 0 {
		text += " [" + strings.Join(e.Codes, ", ") + "]"
	}
	return text
}

// Unwrap gives the transport's error, such as context.DeadlineExceeded.
func (e *Error) Unwrap() error { return e.cause }

// IsConflict tells that somebody else wrote first: read again, decide again.
func IsConflict(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.conflict
}

// IsRefused tells that the server will not take this request however often it
// is sent: invalid content, or no permission for it.
func IsRefused(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.conflict {
		return false
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotImplemented,
		http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// IsGone tells that the resource is not there (404) or was deleted (410).
func IsGone(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusGone)
}

// RetryAfter is how long the server asked us to wait, or 0.
func RetryAfter(err error) time.Duration {
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

func answerError(op string, status int, header http.Header, body []byte) *Error {
	e := &Error{Op: op, Status: status, RetryAfter: retryAfter(header)}
	if gjson.ValidBytes(body) {
		e.Codes = outcomeCodes(gjson.ParseBytes(body))
	}
	e.conflict = conflictStatus(status) || wrappedConflict(status, body)
	return e
}

func conflictStatus(status int) bool {
	return status == http.StatusConflict || status == http.StatusPreconditionFailed
}

// Helios answers 400 "Entry failed with status 412", others 500 with a
// constraint violation, where a racing write came first.
var conflictWords = regexp.MustCompile(`(?i)status 412|status 409|version conflict|constraint (violation|error)|precondition failed|HAPI-0550|HAPI-0989|HAPI-2223`)

func wrappedConflict(status int, body []byte) bool {
	return (status == http.StatusBadRequest || status >= 500) && conflictWords.Match(body)
}

var hapiCode = regexp.MustCompile(`HAPI-\d{4}`)

// outcomeCodes keeps what tells a person where to look and cannot hold data:
// issue codes, element paths, message ids. Diagnostics quote values: left out.
func outcomeCodes(outcome gjson.Result) []string {
	var codes []string
	add := func(s string) {
		if s != "" && len(s) < 120 && len(codes) < 8 {
			codes = append(codes, s)
		}
	}
	for _, issue := range outcome.Get("issue").Array() {
		if s := issue.Get("severity").String(); s != "error" && s != "fatal" {
			continue
		}
		add(issue.Get("code").String())
		add(hapiCode.FindString(issue.Get("diagnostics").String()))
		add(elementPath(issue.Get("expression.0").String()))
		add(messageID(issue))
	}
	return codes
}

var pathPattern = regexp.MustCompile(`^[A-Za-z0-9.\[\]]+`)

// elementPath drops what HAPI appends to a path in comments: it can quote ids.
func elementPath(s string) string { return pathPattern.FindString(s) }

func messageID(issue gjson.Result) string {
	const ext = "http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id"
	for _, e := range issue.Get("extension").Array() {
		if e.Get("url").String() == ext {
			return pathPattern.FindString(strings.ReplaceAll(e.Get("valueString").String(), "_", "."))
		}
	}
	return ""
}

const maxRetryAfter = 10 * time.Minute

func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if v == "" {
		return 0
	}
	if d, err := time.ParseDuration(v + "s"); err == nil && d > 0 {
		return min(d, maxRetryAfter)
	}
	if at, err := http.ParseTime(v); err == nil {
		return min(max(time.Until(at), 0), maxRetryAfter)
	}
	return 0
}
