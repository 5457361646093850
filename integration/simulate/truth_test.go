package simulate_test

import "time"

// stay is what truly happened in one admission. The hospital writes it down
// while it happens; the checker compares it with what stands on the server.
// Nothing of it is read from what the service did, but for what people saw.
type stay struct {
	n    int
	pace *pace
	patient
	*question             // the one that somebody is at: AUDIT-C, but while another is asked
	asked     []*question // all that the hospital asks
	encounter string
	class     string
	status    string
	parent    *stay
	ward      int
	lies      string // Location/id, where she lies now
	moves     int
	nobody    bool      // the admission does not say yet who she is
	excluded  bool      // the policy leaves her service out
	forms     int       // how many of her answers say only where their form lies
	left      time.Time // when the stay last ended
	mistakes  int       // how often the admission was put on record for somebody else
	records   bool      // by policy answers that come after the stay lead to no consult
	home      bool      // answers came after the stay
	ends      bool      // by policy a consult that nobody has begun on ends when she goes home
	again     bool      // answers came to say something else more than once
	item1     bool      // by policy the ward gives advice where all points are of item 1
	protected protection
	over      bool // gone for good: nobody does anything more
	came      time.Time
	waits     time.Duration // how long she is planned before she comes
	starts    time.Duration // how far ahead the admission says that it begins
	before    *stay         // the patient's last stay, where one screening counts for both

	askable time.Time     // since when she can be asked; zero: she cannot now
	longest time.Duration // how long she could be asked without interruption

	found    time.Time // when it was found out here that she is pregnant; zero: it was known, or she is not
	ordered  time.Time // when a clinician ordered a consult of her own
	revoked  time.Time // when a clinician cancelled ours
	begun    time.Time // when the team took it on
	rejected time.Time // when the team said no
	endedAt  int       // what the answers asked for when a person ended ours
	finished time.Time // when the team was done
	advised  time.Time // when the ward gave the advice, or put it aside
	texts    []text
}

// deed is what a nurse did with her task instead of answering.
type deed string

const (
	declined deed = "declined"
	putAway  deed = "put-away" // the ward said no, and not the patient
	unable   deed = "unable"
	closed   deed = "closed"
)

// patient is a person; it may come again.
type patient struct {
	ref      string
	sex      string
	age      int // at the first admission; -1: no birth date
	pregnant bool
	flagged  bool // somebody has said that she is not to be asked
	dead     bool
}

// answer is one response, as somebody last left it.
type answer struct {
	ref      string
	of       *form  // nil: AUDIT-C
	points   []int  // of items 1, 2, 3 …; fewer, or below 0: not answered
	offer    string // what she says to the team: accepted, declined, not-asked or ""
	declined bool   // the form says that she did not want to
	wrong    bool   // it names another patient
	broken   bool   // it says beside an answer that there is none
	portal   bool   // she answered by herself, on a page that knows no admission
	autosave bool   // it was saved with fewer answers since, and not handed in
	byTask   bool   // handed in by closing the task alone: no longer when the task is open again
	valid    bool   // handed in, and not withdrawn
	begun    bool   // somebody has written on it, and not handed it in
	at       time.Time
	changed  time.Time // when it last came to say something else
}

// text is something that a person wrote, which must not get lost.
type text struct{ ref, words string }

// update notes whether she can be asked from now on.
func (s *stay) update() {
	if !s.present() || s.dead {
		s.left = time.Now()
	}
	can := s.canBeAsked()
	switch {
	case can && s.askable.IsZero():
		s.askable = time.Now()
	case !can && !s.askable.IsZero():
		s.longest = max(s.longest, s.pace.apart(time.Now(), s.askable))
		s.askable = time.Time{}
	}
}

// canBeAsked is who is asked, as docs/rules.md has it: an adult inpatient who
// is in the hospital, and not for a part of a stay that is asked as a whole.
func (s *stay) canBeAsked() bool {
	adult := s.age < 0 || s.age >= 18
	part := s.parent != nil && inpatient[s.parent.class] && !s.parent.void()
	return inpatient[s.class] && s.present() && adult && !part && !s.dead && !s.flagged && !s.excluded && !s.nobody
}

var inpatient = map[string]bool{"IMP": true, "ACUTE": true, "NONAC": true}

func (s *stay) present() bool {
	return s.status == "arrived" || s.status == "in-progress" || s.status == "onleave"
}

func (s *stay) void() bool { return s.status == "cancelled" || s.status == "entered-in-error" }

// surely tells that the service has had the time to see her.
func (s *stay) surely() bool {
	d := s.longest
	if !s.askable.IsZero() {
		d = max(d, s.pace.apart(time.Now(), s.askable))
	}
	if s.parent != nil { // only the census sees that its whole was a mistake
		d -= s.pace.census
	}
	return d >= s.pace.noticed
}

// screenedBefore tells whether an answer of an earlier stay may stand for this
// one, and whether it surely does.
func (s *stay) screenedBefore() (maybe, surely bool) {
	for o := s.before; o != nil; o = o.before {
		b := o.about(s.question.of)
		maybe = maybe || len(b.answers) > 0
		a := b.counts()
		if a == nil || b.void() || b.dead || b.removed || !b.surely() {
			continue
		}
		_, scored := a.score()
		surely = surely || scored && s.came.After(b.changed()) && !s.pace.near(s.came, b.changed())
	}
	return maybe, surely
}

// counts is the answer that counts: the newest that was handed in.
func (s *stay) counts() *answer {
	var newest *answer
	for _, a := range s.answers {
		if a.valid && (newest == nil || a.at.After(newest.at)) {
			newest = a
		}
	}
	return newest
}

// changed is when the answers to one instrument last came to say something else.
func (s *stay) changed() (at time.Time) {
	for _, a := range s.answers {
		if a.changed.After(at) {
			at = a.changed
		}
	}
	return at
}

// answered is when somebody last wrote answers.
func (s *stay) answered() (at time.Time) {
	for _, a := range s.answers {
		at = later(at, a.at)
	}
	return at
}

// score adds the points up as a person would. Never on the first item is all
// that need be known.
func (a *answer) score() (sum int, ok bool) {
	if a.wrong || a.broken {
		return 0, false
	}
	return a.form().sum(a.points)
}

// due is what an answer leads to.
type due int

const (
	nothingDue due = iota
	adviceDue
	consultDue
)

// leadsTo is the suggested policy: a consult from 4 for women and 5 for men, and advice
// one point below, in pregnancy from 1; where the sex is not known what finds more.
// Who does not want the team is advised by the ward, and who asks for it sees it.
func (s *stay) leadsTo(a *answer) due {
	score, ok := a.score()
	if !ok {
		return nothingDue
	}
	return s.leads(score, a)
}

func (s *stay) leads(score int, a *answer) due {
	consult, advice := a.form().limits(s)
	switch {
	case s.wants(a) == "accepted":
		return consultDue
	case score < min(consult, advice):
		return nothingDue
	case score < consult, s.wants(a) == "declined", a.form() == auditC && s.item1 && !s.pregnant && score == a.points[0]:
		return adviceDue
	}
	return consultDue
}

// asksFor is what the answers ask for: 0 nothing, 1 a consult, 2 an urgent one. The
// instrument that asks for most counts.
func (s *stay) asksFor() (most int) {
	for _, q := range s.all() {
		most = max(most, q.asks())
	}
	return most
}

// wants is what she says of the consult, on whichever form: a yes counts before a no, and a
// no before a form on which nothing is said.
func (s *stay) wants(a *answer) string {
	said := a.offer
	for _, q := range s.all() {
		b := q.counts()
		if b == nil || b.declined {
			continue
		}
		if _, whole := b.score(); whole && (b.offer == "accepted" || b.offer == "declined" && said != "accepted") {
			said = b.offer
		}
	}
	return said
}

// asks is that of the answers to one instrument.
func (s *stay) asks() int {
	a := s.counts()
	n, ok := 0, false
	if a != nil && !a.declined {
		n, ok = a.score()
	}
	if !ok {
		if a = s.certain(); a == nil {
			return 0
		}
		n = a.sum()
	}
	switch {
	case s.leads(n, a) != consultDue:
		return 0
	case n >= a.form().urgent:
		return 2
	}
	return 1
}

// certain is what she was asked and has not answered in full: what there is of it may
// pass a limit, whatever is missing. It is nil where there is a score, or nothing counts.
func (s *stay) certain() *answer {
	last := s.counts()
	for _, a := range s.answers {
		if s.counts() == nil && a.begun {
			last = a
		}
	}
	if last == nil || last.wrong || last.broken || last.declined {
		return nil
	}
	if _, scored := last.score(); scored {
		return nil
	}
	return last
}

// sum is what was answered so far.
func (a *answer) sum() (n int) {
	n, _ = a.form().sum(a.points)
	return n
}

// gave tells whether these answers say so: two responses may say the same.
func (s *stay) gave(ref string, points int) bool {
	for _, a := range s.answers {
		if n, ok := a.score(); a.ref == ref && a.valid && ok && n == points {
			return true
		}
	}
	return false
}
