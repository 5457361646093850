package instrument

import (
	"strconv"
	"strings"
)

// Problem is why a response has no score, as a code with what it is about: the words
// are internal/words', in the reader's language. Zero: there is none.
type Problem struct {
	Code  ProblemCode
	Items []string // the items it is about, as they may be shown to anybody
	Count int      // of Several
	Type  string   // of OtherType: R4's type of the answer; "" for a type that is none
}

// ProblemCode is one kind of Problem.
type ProblemCode string

const (
	Missing    ProblemCode = "missing"     // Items have no answer
	NoLink     ProblemCode = "no-link"     // an answer stands on an item without linkId
	Several    ProblemCode = "several"     // Count answers where one is allowed
	TwoValues  ProblemCode = "two-values"  // one answer holds two values
	NoCode     ProblemCode = "no-code"     // an answer has a Coding without code
	OtherType  ProblemCode = "other-type"  // an answer of a type that is not offered
	OtherItem  ProblemCode = "other-item"  // the answer belongs to the second of Items
	NotOffered ProblemCode = "not-offered" // the answer is none of those that the form offers

	AnswerAbsent ProblemCode = "answer-absent" // there is an answer, and beside it why there is none
	Refused      ProblemCode = "refused"       // all is answered, and the response says that the patient did not want to

	OtherForm      ProblemCode = "other-form"      // the response answers another form, or another version of it
	FormMissing    ProblemCode = "form-missing"    // the version that was answered is not on the server
	FormUnreadable ProblemCode = "form-unreadable" // ParseForm refuses it
)

// ProblemCodes are all there are.
var ProblemCodes = []ProblemCode{Missing, NoLink, Several, TwoValues, NoCode, OtherType, OtherItem, NotOffered, AnswerAbsent, Refused, OtherForm, FormMissing, FormUnreadable}

// IsZero tells that there is no problem.
func (p Problem) IsZero() bool { return p.Code == "" }

// OfAnAnswer tells that whoever gave the answers can correct one of them.
func (p Problem) OfAnAnswer() bool {
	switch p.Code {
	case "", Missing, OtherForm, FormMissing, FormUnreadable:
		return false
	}
	return true
}

// String is the code and what it is about, such as "other-item 2 3": for programs.
func (p Problem) String() string {
	parts := append([]string{string(p.Code)}, p.Items...)
	if p.Count > 0 {
		parts = append(parts, strconv.Itoa(p.Count))
	}
	if p.Type != "" {
		parts = append(parts, p.Type)
	}
	return strings.Join(parts, " ")
}

// MarshalText is String.
func (p Problem) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
