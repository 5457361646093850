package reconcile

import (
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about what people are shown of an admission. A code that nobody
// knows may be any text, so it is called by what it is.

const unknownCode = "unknown code"

// results are R4's statuses of a score and an order, beside those in broken.go.
var results = []string{"registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown",
	"draft", "active", "on-hold", "revoked", "completed"}

func shownStatus(resourceType, status string) string {
	if slices.Contains(statuses[resourceType], status) || resourceType == "" && slices.Contains(results, status) {
		return status
	}
	return unknownCode
}

// shownCode is one of our codes.
func shownCode(code string) string {
	if code == "" || artifacts.Defines(code) {
		return code
	}
	return unknownCode
}

// shownDecision leaves out what the answers were, what they sum to, and which
// labels there are: who looks why something is done need not know, and it stands
// in the record.
func shownDecision(d pathway.Decision) pathway.Decision {
	d.Actions = slices.Clone(d.Actions)
	for i, action := range d.Actions {
		if a, ok := doingOf(action).(shown); ok {
			d.Actions[i] = a.shown()
		}
	}
	d.Others = slices.Clone(d.Others)
	for i, other := range d.Others {
		d.Others[i] = shownDecision(other)
	}
	return d
}

// described is what a decision would write, in words, and when it is due again.
func described(d pathway.Decision) (lines []string) {
	for _, action := range d.Actions {
		lines = append(lines, doingOf(action).describe()...)
	}
	for _, other := range d.Others {
		for _, action := range other.Actions {
			for _, line := range doingOf(action).describe() {
				lines = append(lines, other.Instrument+": "+line)
			}
		}
	}
	if len(lines) == 0 {
		lines = []string{"nothing"}
	}
	if !d.Next.IsZero() {
		lines = append(lines, "look again at "+shownTime(d.Next))
	}
	return lines
}

func shownTime(t time.Time) string { return t.Format("2006-01-02 15:04 MST") }

func seenTask(t stay.Task) SeenTask {
	return SeenTask{t.Ref, t.Purpose.String(), t.Status, shownCode(t.BusinessStatus), t.Open(), min(t.Raised, mostOften), t.Scored(), t.Consult != ""}
}
