package reconcile

import (
	"slices"

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
	if d.Score != nil {
		score := *d.Score
		score.Result.Score, score.Result.Items, score.Result.Offer, score.Result.Declined = nil, nil, "", false
		d.Score = &score
	}
	if d.Task != nil {
		task := *d.Task
		task.Business, task.Why = shownCode(task.Business), shownCode(task.Why)
		d.Task = &task
	}
	d.Labels = slices.Clone(d.Labels)
	for i := range d.Labels {
		d.Labels[i].Add = nil
	}
	return d
}

func seenTask(t stay.Task) SeenTask {
	return SeenTask{t.Ref, t.Purpose, t.Status, shownCode(t.BusinessStatus), t.Open(), min(t.Raised, mostOften), t.Scored(), t.Consult != ""}
}
