package pathway

import "github.com/tilsyn/tilsyn/internal/stay"

// This file is about a consult that is open when the patient goes home: the team reads
// at once that she has left, and a policy may end it. A discharge may be a mistake.

// What a hospital can make of a consult that is open at discharge.
const (
	KeepConsult = "keep" // the team decides
	EndConsult  = "end"  // one that nobody has begun on is taken back
)

// depart tells the team that the patient has gone home, or that she has not.
func (c *chart) depart() {
	team, ok := c.TeamTask()
	consult := c.Consult
	ours := consult.Ref != "" && consult.Ref == c.task.Consult && !consult.Theirs
	if !ok || !c.asked || !c.hers(team) || c.Dead() || !ours || planned[Revocation](c) != nil {
		return
	}
	switch {
	case c.Admission.Status == stay.Finished && team.Open():
		c.goneHome(team, consult)
	case c.comesBack(team):
		c.revive(team, consult)
	case c.Admission.Present() && team.Open() && (consult.Says(stay.LetterLeft) || team.BusinessStatus == Discharged):
		half := consult.Says(stay.LetterLeft) && consult.Status == "revoked" && c.policy.Consult.AtDischarge == EndConsult && !team.Begun()
		back := Departure{Task: team.Ref, Order: consult.Ref, Back: true, Renews: half}
		if half {
			back.Due = c.acceptWithin(consult.Urgent())
		}
		plan(c, &back)
		c.decision.because("still-here", "the patient is in the hospital after all; the team is told, and where she lies")
	}
}

// goneHome takes the place off the team's Task and the order, and says when she left. A
// consult that was asked for after the discharge is not ended by it.
func (c *chart) goneHome(team stay.Task, consult stay.Result) {
	said, told := consult.Says(stay.LetterLeft), team.BusinessStatus == Discharged
	first := !said && !told
	half := consult.Says(stay.LetterPlace) || team.Location != "" && !told
	otherwise := said && !consult.Left.Equal(c.Admission.End)
	if !first && !half && !otherwise {
		return
	}
	ends := first && c.policy.Consult.AtDischarge == EndConsult && !team.Begun()
	if ends && planned[Referral](c) != nil {
		c.again(c.now) // when what the answers ask for stands
		return
	}
	plan(c, &Departure{Task: team.Ref, Order: consult.Ref})
	c.decision.because("gone-home", "the patient has gone home; the team is told, and the place is taken off")
	if ends || said && !consult.Live() { // a half of it: nobody else revokes an order that says so
		c.endConsult(consult)
	}
}

// endConsult takes back a consult that nobody has begun on.
func (c *chart) endConsult(consult stay.Result) {
	r := &Revocation{Why: Discharged}
	if consult.Live() {
		r.Ref = consult.Ref
	}
	plan(c, r)
	c.decision.because("revoked", "nobody has begun on the consult; by policy it ends with the stay")
}

// comesBack tells that the discharge which a consult was ended by was a mistake. One that
// is no longer asked for says so instead: see revoke.
func (c *chart) comesBack(team stay.Task) bool {
	return endedAtDischarge(team) && c.Admission.Present()
}

func endedAtDischarge(team stay.Task) bool {
	return team.Status == "cancelled" && team.Reason == Discharged
}

// mayComeBack tells that such a consult may have to come back.
func (c *chart) mayComeBack() bool {
	team, ok := c.TeamTask()
	return ok && c.asked && c.task.Consult != "" && c.comesBack(team) && !c.Dead()
}

// revive asks for the consult again, as it was.
func (c *chart) revive(team stay.Task, consult stay.Result) {
	stands := consult.Status == "revoked" || consult.Status == "active" // the one where half was done
	if !stands || planned[Referral](c) != nil {
		return
	}
	if met := c.orderedByOthers(); met != "" {
		c.note()
		planned[TaskChange](c).Met = met
		c.decision.because("already-ordered", "a clinician has ordered the consult; ours is met by theirs")
		return
	}
	plan(c, &Departure{Task: team.Ref, Order: consult.Ref, Back: true, Renews: true, Due: c.acceptWithin(consult.Urgent())})
	c.decision.because("still-here", "the patient is in the hospital after all; the consult that ended with the stay is asked for again")
	c.note()
}

// renewing tells that the consult is asked for again as it was; what became of it before
// is not to be shown on it.
func (c *chart) renewing() bool {
	back := planned[Departure](c)
	return back != nil && back.Renews
}
