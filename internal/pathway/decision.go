package pathway

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// Decision is what is to be done with one admission, and why.
type Decision struct {
	Actions []Action // in the order in which they are written, all in one transaction
	Reasons []Reason
	Next    time.Time // when to look again although nothing has changed; zero: never

	// Needs are parts of the stay that were not read and without which nothing can be
	// decided. While there are any, the rest is empty.
	Needs []Need

	Instrument string     // whose screening the actions are about
	Others     []Decision // about the screenings that do not lead
	Rests      *Source    // what the consult and the advice rest on, where there are others

	// Prior is what was answered before, where the screening is asked because of that.
	Prior stay.Response
}

// All are a decision and those about the other screenings, in the order in which they are
// written: the consult rests on all scores.
func (d Decision) All() []Decision { return append(slices.Clone(d.Others), d) }

// Reason is one rule that spoke, in the order in which they did.
type Reason struct {
	Rule string `json:"rule"`
	Text string `json:"text"` // for a person; holds no name, answer or score
}

// Nothing tells whether the decision writes nothing.
func (d Decision) Nothing() bool {
	return !slices.ContainsFunc(d.All(), func(one Decision) bool { return len(one.Actions) > 0 })
}

// Of is the action of one kind in a decision, or nil.
func Of[A any](d Decision) *A {
	for _, action := range d.Actions {
		if a, ok := action.(any).(*A); ok {
			return a
		}
	}
	return nil
}

// Without leaves out the actions of one kind.
func Without[A any](d Decision) Decision {
	d.Actions = slices.DeleteFunc(slices.Clone(d.Actions), func(action Action) bool {
		_, is := action.(any).(*A)
		return is
	})
	return d
}

// Follows tells whether the decision follows something that happened, and not
// only that time has passed.
func (d Decision) Follows() bool { return slices.ContainsFunc(d.All(), Decision.follows) }

func (d Decision) follows() bool {
	ask, task := Of[Ask](d), Of[TaskChange](d)
	asked := ask != nil && ask.Attempt == 1
	ended := task != nil && task.Raise == 0 && (task.Business != Unable || !task.UnableSince.IsZero())
	return asked || ended || Of[Score](d) != nil || Of[Withdrawal](d) != nil || Of[Referral](d) != nil ||
		Of[Revocation](d) != nil || Of[Move](d) != nil || Of[Departure](d) != nil
}

// MarshalJSON writes each action under its name.
func (d Decision) MarshalJSON() ([]byte, error) {
	fields := map[string]any{"reasons": d.Reasons}
	for _, action := range d.Actions {
		fields[action.Name()] = action
	}
	if !d.Next.IsZero() {
		fields["next"] = d.Next
	}
	for _, other := range d.Others {
		if len(other.Actions)+len(other.Reasons) > 0 {
			fields[other.Instrument] = other
		}
	}
	return json.Marshal(fields)
}

func (d *Decision) because(rule, format string, args ...any) {
	d.Reasons = append(d.Reasons, Reason{rule, fmt.Sprintf(format, args...)})
}

// planned is the action of one kind that has been decided on so far, or nil.
func planned[A any](c *chart) *A { return Of[A](c.decision) }

// plan adds an action to the decision. It takes the place of another of its kind.
func plan[A any, P interface {
	*A
	Action
}](c *chart, action P) {
	c.decision = Without[A](c.decision)
	c.decision.Actions = append(c.decision.Actions, action)
}

// planEach adds one thing to an action that is a list of them.
func planEach[L ~[]E, E any, P interface {
	*L
	Action
}](c *chart, one E) {
	if list := planned[L](c); list != nil {
		*list = append(*list, one)
		return
	}
	list := L{one}
	plan(c, P(&list))
}

// inOrder sorts the actions: each comes after those that it points to.
func (d Decision) inOrder() Decision {
	slices.SortStableFunc(d.Actions, func(a, b Action) int { return slices.Index(order, a.Name()) - slices.Index(order, b.Name()) })
	return d
}
