package reconcile

import (
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// doing is how one action of a decision is carried out. Each has a file of its own.
type doing interface {
	// write adds it to the transaction.
	write(w *writing)
	// describe says it to a person, in lines without names, answers and scores.
	describe() []string
}

// recorded is an action that gives a Provenance its activity, and what it rests on.
type recorded interface {
	record(w *writing) (activity, from string)
}

// shown is an action of which people who look why something is done see less: what
// the answers were stands in the record.
type shown interface {
	shown() pathway.Action
}

func doingOf(action pathway.Action) doing {
	switch a := action.(type) {
	case *pathway.Ask:
		return asking{a}
	case *pathway.Score:
		return scoring{a}
	case *pathway.Minimum:
		return settling{a}
	case *pathway.Withdrawal:
		return withdrawing{a}
	case *pathway.Referral:
		return referring{a}
	case *pathway.Revocation:
		return revoking{a}
	case *pathway.Notice:
		return notifying{a}
	case *pathway.Departure:
		return departing{a}
	case *pathway.Carriage:
		return carrying{a}
	case *pathway.AdviceChange:
		return advising{a}
	case *pathway.ReplyChange:
		return replying{a}
	case *pathway.Restoration:
		return restoring{a}
	case *pathway.HandOver:
		return handingOver{a}
	case *pathway.Labels:
		return labelling{a}
	case *pathway.Move:
		return moving{a}
	case *pathway.Duplicates:
		return discarding{a}
	case *pathway.Chase:
		return chasing{a}
	case *pathway.TaskChange:
		return changing{a}
	case *pathway.Stop:
		return stopping{a}
	case *pathway.Restart:
		return restarting{a}
	case *pathway.HandIn:
		return completing{a}
	}
	panic("an action that nobody carries out") // guard makes an error of it
}
