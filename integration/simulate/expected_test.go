package simulate_test

import (
	"fmt"
	"strings"
	"time"
)

// This file says what docs/rules.md promises, from the truth alone.

// follows is what must stand for an admission when everything has settled.
func (s *stay) follows() want {
	w := s.expectedTask()
	w.score, w.points = s.expectedScore()
	w.consult = s.expectedConsult()
	w.advice = s.expectedAdvice()
	maybe, surely := s.screenedBefore()
	if maybe || s.screenedAny() { // an earlier score may lead to a consult now, or come to light only now
		if maybe {
			w.asked, w.open = either, either
		}
		if w.consult == no {
			w.consult = either
		}
	}
	if surely && len(s.answers) == 0 {
		w.open = no
	}
	return w
}

// expectedTask: every adult inpatient is asked, once.
func (s *stay) expectedTask() (w want) {
	switch {
	case s.removed && s.mistakes > 0: // there was one about somebody else
		return want{open: no}
	case s.removed:
		return want{asked: no, open: no}
	case s.surely() || s.seen:
		w.asked = yes
	case s.flagged && s.pace.doubt: // a search that was cut short may have hidden it
		return want{}
	case s.longest == 0 && s.askable.IsZero():
		return want{asked: no, open: no}
	}
	w.open = s.expectedOpen()
	if w.asked == either && w.open == yes {
		w.open = either
	}
	return w
}

// expectedOpen: somebody is waited for as long as she is there and has neither
// answered nor said no.
func (s *stay) expectedOpen() verdict {
	a := s.counts()
	switch {
	case !s.present() || s.dead:
		return no
	case a != nil && a.declined && !a.wrong:
		return no
	case a != nil:
		if _, ok := a.score(); ok {
			return no
		}
	}
	switch {
	case s.blanks > 3 && s.nurse == "":
		return no
	case s.blanks == 3 && s.nurse == "": // a half of the third return may have been counted
		return either
	}
	switch s.nurse {
	case declined, putAway, closed:
		return no
	case unable:
		if len(s.unable) >= 3 {
			return no
		}
	}
	return yes
}

// expectedScore: complete answers have one, and nothing else has.
func (s *stay) expectedScore() (verdict, int) {
	a := s.counts()
	switch {
	case s.void():
		return no, 0
	case a == nil || a.declined:
		return no, 0
	case s.dead || s.removed:
		return either, 0
	case a.portal && s.placing(s.left):
		return either, 0
	case !s.surely() && !s.seen:
		return either, 0
	}
	n, ok := a.score()
	if !ok {
		return no, 0
	}
	return yes, n
}

// expectedConsult: one for a score that passed the limit, and none for any
// other; what a person has ended stays ended until the answers ask for more.
func (s *stay) expectedConsult() verdict {
	v := no
	for _, q := range s.all() {
		switch q.expectedOf() {
		case yes:
			return s.expectedToStand()
		case either:
			v = either
		}
	}
	for _, q := range s.all() {
		if q.passedInPart() && q.expectedOfPart() == yes {
			return s.expectedToStand()
		}
	}
	return v
}

// expectedOf is whether the answers to one instrument ask for a consult.
func (s *stay) expectedOf() verdict {
	score, _ := s.expectedScore()
	switch {
	case score == yes && s.leadsTo(s.counts()) == consultDue:
		return yes
	case s.passedInPart():
		return either
	case score == either, !s.begun.IsZero(): // the team that has begun decides
		return either
	}
	return no
}

// passedInPart tells that what there is of the answers passes a limit.
func (s *stay) passedInPart() bool {
	score, _ := s.expectedScore()
	a := s.certain()
	return score == no && a != nil && !s.dead && !s.void() && s.leads(a.sum(), a) == consultDue
}

// expectedOfPart: a limit is passed whatever is missing, and by now nobody will answer the
// rest: she has gone home, or the ward was reminded twice.
func (s *stay) expectedOfPart() verdict {
	if s.nurse != "" || !s.surely() && !s.seen {
		return either // whoever had put the question away may have meant the rest as well
	}
	return yes
}

func (s *stay) expectedToStand() verdict {
	ended := s.revoked
	if s.rejected.After(ended) {
		ended = s.rejected
	}
	switch {
	case !s.ordered.IsZero() && s.pace.doubt: // a search that was cut short may have hidden it
		return either
	case !s.ordered.IsZero():
		return no // the clinician's own order meets the need
	case ended.IsZero():
		return s.expectedAtHome()
	case s.pace.near(s.lastChange(), ended):
		return either
	case s.lastChange().After(ended) && s.asksFor() > s.endedAt:
		return s.expectedAtHome() // another one
	case !s.finished.IsZero():
		return either // what the team had done stands
	}
	return no
}

// expectedAtHome: where such consults end with the stay, one stands that was asked for
// later, or that the team has begun on.
func (s *stay) expectedAtHome() verdict {
	changed, partly := s.lastChange(), s.anyCertain()
	late := s.home || s.pace.near(changed, s.left)
	switch {
	case s.records && s.home && len(s.every()) == 1 && !s.again && s.status == "finished" && changed.After(s.left) && !s.pace.near(changed, s.left):
		return no
	case s.records && (late || partly):
		return either
	case !s.ends || s.status != "finished":
		return yes
	case !s.begun.IsZero() || partly || s.pace.near(changed, s.left):
		return either
	case changed.Before(s.left):
		return no
	case len(s.every()) > 1 || s.again: // what came before may have been ended
		return either
	}
	return yes
}

// expectedAdvice: the ward is waited for as long as she is there, an answer asks for
// advice, and nobody has given it or put it aside.
func (s *stay) expectedAdvice() verdict {
	score, most := s.mostOfScores()
	switch {
	case !s.present() || s.dead || score == no || !s.advised.IsZero():
		return no
	case !s.rejected.IsZero():
		return either // in place of a consult that the team has turned down
	case most != adviceDue:
		return no
	}
	return score
}

// String is the truth in a line, for a person who looks for a mistake.
func (s *stay) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s age %d %q pregnant %v (found %s) dead %v; askable for %v, seen %v", s.class, s.status, s.age, s.sex, s.pregnant, stamp(s.found), s.dead, s.longest, s.seen)
	if !s.askable.IsZero() {
		fmt.Fprintf(&b, " and since %s", stamp(s.askable))
	}
	for _, a := range s.every() {
		fmt.Fprintf(&b, "; answer %s %v %s valid %v declined %v wrong %v broken %v saved since %v at %s changed %s",
			a.ref, a.points, a.offer, a.valid, a.declined, a.wrong, a.broken, a.autosave, stamp(a.at), stamp(a.changed))
	}
	for _, q := range s.asked {
		fmt.Fprintf(&b, "; %s nurse %q unable %d removed %v seen %v", q.of.title, q.nurse, len(q.unable), q.removed, q.seen)
	}
	fmt.Fprintf(&b, "; flagged %v excluded %v nobody %v mistakes %d", s.flagged, s.excluded, s.nobody, s.mistakes)
	for name, at := range map[string]time.Time{"ordered": s.ordered, "revoked": s.revoked, "begun": s.begun, "rejected": s.rejected, "finished": s.finished, "advised": s.advised} {
		if !at.IsZero() {
			fmt.Fprintf(&b, "; %s %s", name, stamp(at))
		}
	}
	return b.String()
}

func stamp(at time.Time) string { return at.Format("01-02 15:04:05") }
