package fhir

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// NotWhole says that a search has found more than it gave. What it gave was read
// all the same; what it did not give is not absent.
type NotWhole struct {
	Op      string   // such as "search Encounter"
	Failed  bool     // the server says that something went wrong, not only that it stopped early
	Codes   []string // of its OperationOutcomes
	Missing int      // matches that it counts (Bundle.total) and no page held
}

func (e *NotWhole) Error() string {
	text := e.Op + ": the server says that its answer is not whole"
	if len(e.Codes) > 0 {
		text += " [" + strings.Join(e.Codes, ", ") + "]"
	}
	if e.Missing > 0 {
		text += fmt.Sprintf("; %d of the matches that it counts are on no page", min(e.Missing, maxSwept))
	}
	return text
}

func (e *NotWhole) nothing() bool { return !e.Failed && len(e.Codes) == 0 && e.Missing == 0 }

// or is nil where nothing speaks against a search.
func (e *NotWhole) or() error {
	if e.nothing() {
		return nil
	}
	return e
}

// add takes over what speaks against another part of the same question.
func (e *NotWhole) add(other *NotWhole) {
	e.Failed = e.Failed || other.Failed
	e.Missing += other.Missing
	for _, code := range other.Codes {
		if !slices.Contains(e.Codes, code) && len(e.Codes) < 8 {
			e.Codes = append(e.Codes, code)
		}
	}
}

// IsNotWhole tells that a search was read, and that the server says that there
// is more.
func IsNotWhole(err error) bool {
	var e *NotWhole
	return errors.As(err, &e)
}

// IsCutShort tells that a search was read, and that the server only warns that
// there is more: Microsoft warns of every include that it cuts. Whoever has found
// what is known to be there may go on.
func IsCutShort(err error) bool {
	var e *NotWhole
	return errors.As(err, &e) && !e.Failed
}

// stopped are the codes of an OperationOutcome that say that a search stopped
// before its end, however mild their severity.
var stopped = []string{"incomplete", "too-costly", "throttled", "timeout"}

// hear takes in what an OperationOutcome among the results of a search says.
func (e *NotWhole) hear(outcome gjson.Result) {
	for _, issue := range outcome.Get("issue").Array() {
		code := issue.Get("code").String()
		severity := issue.Get("severity").String()
		switch {
		case severity == "error" || severity == "fatal":
			e.add(&NotWhole{Failed: true, Codes: []string{severity + " " + issueType.FindString(code)}})
		case slices.Contains(stopped, code):
			e.add(&NotWhole{Codes: []string{code}})
		}
	}
}

// hearAll takes in all that a page says beside its results.
func (e *NotWhole) hearAll(page Resource) {
	page.Get("entry").ForEach(func(_, entry gjson.Result) bool {
		if res := entry.Get("resource"); res.Get("resourceType").Str == "OperationOutcome" {
			e.hear(res)
		}
		return true
	})
}

// matches are the results of a page that the search itself found, as Type/id:
// Bundle.total counts neither what was included nor remarks. What has no id is
// told by its place.
func matches(page Resource) (refs []string) {
	page.Get("entry").ForEach(func(n, entry gjson.Result) bool {
		mode, res := entry.Get("search.mode").String(), entry.Get("resource")
		if mode != "include" && mode != "outcome" && res.Get("resourceType").Str != "OperationOutcome" {
			refs = append(refs, cmp.Or(res.Get("id").String(), "place "+n.String())+res.Get("resourceType").Str)
		}
		return true
	})
	return refs
}
