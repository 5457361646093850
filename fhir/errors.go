package fhir

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/tidwall/gjson"
)

// Error is an answer of the server that is not a success, or no answer at all.
// Its text never holds a URL, a diagnostic or anything else that could name a
// patient: what was tried, the status, and the codes of the OperationOutcome.
type Error struct {
	Op       string   // such as "search Encounter"
	Status   int      // HTTP status; 0: no answer came
	Codes    []string // OperationOutcome codes, message ids and element paths
	conflict bool
	unsure   bool  // a success that does not say that all was done
	refused  []int // the entries that it refused, where it says so
	cause    error
}

func (e *Error) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("%s: %v", e.Op, e.cause)
	}
	text := fmt.Sprintf("%s: the server answered %d %s", e.Op, e.Status, http.StatusText(e.Status))
	switch {
	case e.cause != nil:
		text += ", but " + e.cause.Error()
	case e.Status >= 300 && e.Status < 400:
		text += " - a redirect which is not followed"
	}
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

// IsUnsure tells of a transaction that was answered as a success, by something
// that does not say that each part of it was carried out. It may stand, in part
// or whole: read again and see.
func IsUnsure(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.unsure
}

// Status is the HTTP status of an answer that is an error; 0: none came.
func Status(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
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

// IsUnavailable tells that the server has not answered, or only that it cannot
// now: what was asked may be asked again.
func IsUnavailable(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == 0 || e.Status == http.StatusTooManyRequests || e.Status >= 500) && !IsRefused(err)
}

// IsGone tells that the resource is not there (404) or was deleted (410).
func IsGone(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusGone)
}

func answerError(op string, status int, body []byte) *Error {
	e := &Error{Op: op, Status: status}
	if json.Valid(body) { // bounds the nesting, as gjson does not
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
	const enough = 64 << 10 // bytes: it stands at the beginning if anywhere
	return (status == http.StatusBadRequest || status >= 500) && conflictWords.Match(body[:min(len(body), enough)])
}

// outcomeCodes keeps what tells a person where to look. A server may write
// anything anywhere, so only what cannot be a name or a number of a patient
// passes: known codes, paths of known names, known words of validator messages.
// Diagnostics quote values: left out but for HAPI's own numbers.
func outcomeCodes(outcome gjson.Result) []string {
	var codes []string
	add := func(shown string) {
		if shown != "" && len(codes) < 8 {
			codes = append(codes, shown)
		}
	}
	for _, issue := range outcome.Get("issue").Array() {
		if s := issue.Get("severity").String(); s != "error" && s != "fatal" {
			continue
		}
		add(issueType.FindString(issue.Get("code").String()))
		add(hapiCode.FindString(issue.Get("diagnostics").String()))
		add(elementPath(issue.Get("expression.0").String()))
		add(idOf(issue.Get(`extension.#(url=="http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id").valueString`).String()))
	}
	return codes
}

var (
	// R4 issue-type.
	issueType = regexp.MustCompile(`^(invalid|structure|required|value|invariant|security|login|unknown|expired|forbidden|suppressed|processing|not-supported|duplicate|multiple-matches|not-found|deleted|too-long|code-invalid|extension|too-costly|business-rule|conflict|transient|lock-error|no-store|exception|timeout|incomplete|throttled|informational)$`)
	hapiCode  = regexp.MustCompile(`\bHAPI-\d{4}\b`)
)
