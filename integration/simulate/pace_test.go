package simulate_test

import "time"

// pace is how fast time passes in a hospital, and how soon the service must
// have noticed what happened there. On the fake clock a week is a week; beside
// a real server an hour of the hospital's lasts a second of ours.
type pace struct {
	faster  time.Duration // so many of the hospital's hours in one of ours
	noticed time.Duration // ours: what lies there undisturbed for longer has been seen
	census  time.Duration // ours: how often everybody is looked at
	doubt   bool          // the server may leave out what it was asked for, with a warning
	away    []spell       // when there was no server at all, for anybody
}

// of is how long something takes here that takes so long in a hospital.
func (p *pace) of(wait time.Duration) time.Duration { return wait / p.faster }

// apart is how much time the service had between two moments.
func (p *pace) apart(a, b time.Time) time.Duration {
	if a.After(b) {
		a, b = b, a
	}
	d := b.Sub(a)
	for _, s := range p.away {
		if s.from.Before(b) && s.to.After(a) {
			d -= earlier(s.to, b).Sub(later(s.from, a))
		}
	}
	return d
}

// near tells that two things happened so close together that the service may
// have learnt of the second first.
func (p *pace) near(a, b time.Time) bool { return p.apart(a, b) < p.noticed }

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
