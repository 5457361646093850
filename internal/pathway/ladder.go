package pathway

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file compares the limits of a policy for each kind of person that they can
// tell apart. A policy that is upside down still finds people, so it is no error of
// ParsePolicy: a service that does not run misses everybody.

// UpsideDown says for whom a higher tier begins below a lower one, by which limits,
// and what to do. A consult in pregnancy may begin below the advice that others get:
// there any score is talked through (IS-0265), and advice is no step on the way.
func (p *Policy) UpsideDown() []string { return p.each((*Policy).upsideDown) }

func (p *Policy) upsideDown() []string {
	found := findings{}
	for _, k := range p.kinds() {
		for _, pair := range p.pairs(k) {
			if low, high := pair[0], pair[1]; high.From < low.From {
				found.add(k, fmt.Sprintf("%s begins at %d (%s) and %s, which is less, only at %d (%s): lower %[6]s below %[2]d, or raise %[3]s above %[5]d",
					high.tier, high.From, high.name(), low.tier, low.From, low.name()))
			}
		}
	}
	return found.said()
}

// Odd says what a policy may mean and seldom does.
func (p *Policy) Odd() []string { return p.each((*Policy).odd) }

func (p *Policy) odd() []string {
	found := findings{}
	for _, k := range p.kinds() {
		p.oddSteps(&found, k)
	}
	return append(found.said(), p.womenAboveMen()...)
}

// oddSteps are tiers that nobody of a kind reaches.
func (p *Policy) oddSteps(found *findings, k kind) {
	if p.begins(Advice, k).at < 0 && p.begins(Consult, k).From > 1 {
		found.add(k, "no score leads to advice: below the limit for a consult nothing is done; name a limit in tiers.advice")
	}
	for _, pair := range p.pairs(k) {
		if low, high := pair[0], pair[1]; high.From == low.From {
			found.add(k, fmt.Sprintf("%s and %s both begin at %d (%s, %s), so nobody gets the first; leave one limit out, or move it", low.tier, high.tier, low.From, low.name(), high.name()))
		}
	}
}

// womenAboveMen finds limits that may have been exchanged: every source sets those
// of women at those of men, or below.
func (p *Policy) womenAboveMen() []string {
	found := findings{}
	for _, k := range p.kinds() {
		if k.sex != stay.Female || k.pregnant {
			continue
		}
		man := k
		man.sex = stay.Male
		for _, t := range p.Tiers.List() {
			if f, m := p.begins(t.Tier, k), p.begins(t.Tier, man); f.at >= 0 && f.From > m.From {
				found.add(k, fmt.Sprintf("%s begins at %d (%s), and for men of that age at %d (%s); the sources have no limit of women above that of men: see whether the two were exchanged",
					t.Tier, f.From, f.name(), m.From, m.name()))
			}
		}
	}
	return found.said()
}

// pairs are a tier and the next higher one, where both begin somewhere and are to be
// compared.
func (p *Policy) pairs(k kind) (pairs [][2]step) {
	for _, low := range []Tier{Advice, Consult} {
		l, h := p.begins(low, k), p.begins(low+1, k)
		ofHerOwn := low == Advice && h.Pregnant && !l.Pregnant
		if l.at >= 0 && h.at >= 0 && !ofHerOwn {
			pairs = append(pairs, [2]step{l, h})
		}
	}
	return pairs
}

// kind is a sort of person, of all ages of a band.
type kind struct{ person }

// kinds are all sorts of people that the limits can tell apart; no man is pregnant.
func (p *Policy) kinds() (all []kind) {
	ages := p.ages()
	for _, sex := range []stay.Sex{stay.Female, stay.Male, stay.UnknownSex} {
		for _, pregnant := range []bool{false, true} {
			if pregnant && sex == stay.Male {
				continue
			}
			for i, from := range ages[:len(ages)-1] {
				all = append(all, kind{person{sex, from, ages[i+1] - 1, pregnant}})
			}
		}
	}
	return all
}

// ages are those at which a band begins, and the one after the last.
func (p *Policy) ages() []int {
	ages := []int{p.Screening.MinAge, stay.MaxAge + 1}
	for _, t := range p.Tiers.List() {
		for _, l := range t.Limits {
			ages = append(ages, l.MinAge)
			if l.MaxAge > 0 {
				ages = append(ages, l.MaxAge+1)
			}
		}
	}
	slices.Sort(ages)
	return slices.DeleteFunc(slices.Compact(ages), func(age int) bool { return age < p.Screening.MinAge || age > stay.MaxAge+1 })
}

// step is the limit at which a tier begins for somebody.
type step struct {
	tier Tier
	at   int // its place in the tier's list; -1: the tier never begins
	Limit
}

func (s step) name() string { return fmt.Sprintf("tiers.%s[%d]", s.tier, s.at) }

// begins is where a tier begins for a kind of person.
func (p *Policy) begins(t Tier, k kind) step {
	if k.sex != stay.UnknownSex {
		return p.Tiers.begins(t, k.person)
	}
	female, male := k.person, k.person
	female.sex, male.sex = stay.Female, stay.Male
	f, m := p.Tiers.begins(t, female), p.Tiers.begins(t, male)
	switch {
	case p.UnknownSex == "female", p.UnknownSex == "lower" && f.From <= m.From, p.UnknownSex == "higher" && f.From > m.From:
		return f
	}
	return m
}

func (ts Tiers) begins(t Tier, who person) step {
	first := step{t, -1, Limit{From: math.MaxInt}}
	for i, l := range ts.List()[t-Advice].Limits {
		if l.fits(who) && l.From < first.From {
			first = step{t, i, l}
		}
	}
	return first
}

// findings are what was found, each with those whom it is true of.
type findings struct {
	texts []string
	of    map[string][]kind
}

func (f *findings) add(k kind, text string) {
	if f.of == nil {
		f.of = map[string][]kind{}
	}
	if f.of[text] == nil {
		f.texts = append(f.texts, text)
	}
	f.of[text] = append(f.of[text], k)
}

func (f *findings) said() (all []string) {
	for _, text := range f.texts {
		all = append(all, "tiers: for "+strings.Join(people(f.of[text]), ", ")+": "+text)
	}
	return all
}

// people are kinds in words, with bands that meet as one. Of pregnant people
// nothing is said that is true of all.
func people(kinds []kind) (words []string) {
	var merged []kind
	for _, k := range kinds {
		last := len(merged) - 1
		anybody := k
		anybody.pregnant = false
		switch {
		case k.pregnant && slices.Contains(kinds, anybody):
		case last >= 0 && merged[last].sex == k.sex && merged[last].pregnant == k.pregnant && merged[last].oldest+1 == k.youngest:
			merged[last].oldest = k.oldest
		default:
			merged = append(merged, k)
		}
	}
	for _, k := range merged {
		words = append(words, k.words())
	}
	return words
}

func (k kind) words() string {
	words := Limit{Sex: k.sex, Pregnant: k.pregnant, MinAge: k.youngest, MaxAge: k.oldest % stay.MaxAge}.Who() // the highest age is no bound
	if k.sex == stay.UnknownSex {
		words += " whose sex is unknown"
	}
	return words
}
