package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// fault is a refusal: the HTTP status, and what was wrong where.
type fault struct {
	status   int
	issues   []issue
	location string // of what was deleted
}

// issue is one line of an OperationOutcome.
type issue struct {
	Severity    string   `json:"severity"`
	Code        string   `json:"code"`
	Diagnostics string   `json:"diagnostics"`
	Expression  []string `json:"expression,omitempty"`
}

func (f *fault) Error() string {
	texts := make([]string, len(f.issues))
	for i, is := range f.issues {
		texts[i] = is.Diagnostics
		if len(is.Expression) > 0 {
			texts[i] += " at " + is.Expression[0]
		}
	}
	return strings.Join(texts, "; ")
}

// refuse makes a fault with one issue. The issue code follows from the status.
func refuse(status int, format string, args ...any) *fault {
	return &fault{status: status, issues: []issue{{Severity: "error", Code: issueCode(status), Diagnostics: fmt.Sprintf(format, args...)}}}
}

func issueCode(status int) string {
	switch status {
	case http.StatusNotFound:
		return "not-found"
	case http.StatusGone:
		return "deleted"
	case http.StatusConflict, http.StatusPreconditionFailed:
		return "conflict"
	case http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusUnsupportedMediaType:
		return "not-supported"
	case http.StatusRequestEntityTooLarge:
		return "too-long"
	default:
		return "processing"
	}
}

// asFault finds the refusal in err; any other error is ours, and a 500.
func asFault(err error) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	return refuse(http.StatusInternalServerError, "%v", err)
}

// outcome renders issues as an OperationOutcome.
func outcome(issues ...issue) []byte {
	body, err := json.Marshal(struct {
		ResourceType string  `json:"resourceType"`
		Issue        []issue `json:"issue"`
	}{"OperationOutcome", issues})
	if err != nil {
		panic(fmt.Sprintf("sandbox: encode an OperationOutcome of strings: %v", err))
	}
	return body
}

func information(format string, args ...any) issue {
	return issue{Severity: "information", Code: "informational", Diagnostics: fmt.Sprintf(format, args...)}
}
