// Package doctor finds out what a FHIR server really does of what tilsyn relies
// on. What a server states about itself is often wrong, so what can be tried is
// tried: reading with searches that find nothing, writing on throw-away
// resources.
package doctor

import "fmt"

// Finding is one thing that was looked at. It names no patient.
type Finding struct {
	What  string `json:"what"`
	Level Level  `json:"level"`
	Seen  string `json:"seen"`
	Means string `json:"means,omitempty"` // for tilsyn, and what to do; "" where all is as it should be
}

// Level says how much a finding matters.
type Level string

const (
	Fine     Level = "ok"
	Note     Level = "note"       // tilsyn copes, or somebody has to do something
	Unproved Level = "not proved" // it cannot be tried here; what covers it is said
	Unsafe   Level = "unsafe"     // patients may be missed, or what a person wrote be lost
)

// Add appends a finding; means is dropped from one where all is well.
func Add(to *[]Finding, level Level, what, means, seen string, args ...any) {
	if level == Fine {
		means = ""
	}
	*to = append(*to, Finding{what, level, fmt.Sprintf(seen, args...), means})
}

// Of gives what was looked at in the findings of one level.
func Of(findings []Finding, level Level) []string {
	var what []string
	for _, f := range findings {
		if f.Level == level {
			what = append(what, f.What)
		}
	}
	return what
}

// levelOf is worse where a condition holds, and else bad.
func levelOf(cond bool, worse, bad Level) Level {
	if cond {
		return worse
	}
	return bad
}

// levelIf is bad where a condition holds.
func levelIf(cond bool, bad Level) Level {
	if cond {
		return bad
	}
	return Fine
}
