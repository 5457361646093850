package pathway

import (
	"slices"
	"strings"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about the team's Task and its order following the patient: to another
// ward, and to those who may know of her.

// Kept is remembered of a protected patient's Task whose owner had begun on it: given
// back, it goes to those who may know.
const Kept = "kept"

// handOver gives the team's Task and the order to the team that is to have them now, and
// lets the place on them follow. Who has begun on it knows the patient, and keeps it.
func (c *chart) handOver() {
	team, ok := c.TeamTask()
	consult, back := planned[Referral](c), planned[Departure](c)
	renewed := consult != nil && consult.Renews != "" || c.renewing()
	if !ok || !c.asked || !c.hers(team) || !team.Open() && !renewed || planned[Revocation](c) != nil {
		return
	}
	rule := c.teamAstray(team)
	comes := back != nil && (team.Begun() || c.hasItsTeam()) // the place comes with her
	if rule == "" || rule == "transfer" && comes {
		return
	}
	h := HandOver{Task: team.Ref, Keeps: team.Begun(), Moved: rule == "transfer"}
	h.Stays = h.Moved && c.hasItsTeam()
	if consult := c.Consult; consult.Ref == c.task.Consult && !consult.Theirs {
		h.Order = consult.Ref
	}
	plan(c, &h)
	c.reroute(rule, "consult")
}

// teamAstray is the rule by which the team's Task is to follow; "": it lies where it
// should. Whoever has been given it because of a label has it until that changes, or she
// is moved to where another team is to come.
func (c *chart) teamAstray(team stay.Task) string {
	rule, protected := c.astray(team, c.Owners.Liaison), IsProtected(c.Stay, c.policy)
	switch {
	case rule != "transfer":
		return rule
	case protected && team.Routed == Kept && !team.Begun():
		return "shielded" // given back by who had begun on it
	case !c.Admission.Present():
		return ""
	case c.moved(team) && !c.policy.Hides(c.Stay, ShowLocation), protected && team.Routed != Kept && !team.Begun():
		return rule
	}
	return ""
}

// hasItsTeam tells that the order names the team that is to come to where she lies now:
// then whoever in it has been given the Task stays its owner.
func (c *chart) hasItsTeam() bool {
	is := func(performer string) bool {
		return performer == c.Owners.Liaison || strings.HasSuffix(performer, "/"+c.Owners.Liaison)
	}
	return slices.ContainsFunc(c.Consult.Performers, is)
}
