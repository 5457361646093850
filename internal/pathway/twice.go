package pathway

import (
	"slices"

	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about a server that lets two of us make the same thing at once.
// Of two with one name, the one that a person has worked on survives, else the
// oldest. The other is marked as made in error, and what was made with it.

// madeTwice marks what there is one too many of.
func (c *chart) madeTwice() bool {
	extra := Duplicates(c.extra)
	for _, o := range c.others {
		extra = append(extra, o.extra...)
	}
	if len(extra) == 0 {
		return false
	}
	plan(c, &extra)
	c.decision.because("duplicate", "the server let the same thing be made twice; one of each stays")
	c.again(c.now)
	return true
}

// dedupe leaves one of each in the chart, and remembers the others.
func (c *chart) dedupe() {
	type name struct {
		stay.Purpose
		number int
	}
	for _, kind := range []stay.Kind{stay.ScreeningTask, stay.ConsultTask, stay.Advice, stay.Reply} {
		kept := map[name]stay.Task{}
		for _, t := range c.Tasks {
			before, twice := kept[name{t.Purpose, t.Number}]
			if t.Kind == kind && (!twice || c.rather(t, before)) {
				kept[name{t.Purpose, t.Number}] = t
			}
		}
		c.Tasks = slices.DeleteFunc(slices.Clone(c.Tasks), func(t stay.Task) bool {
			keep := kept[name{t.Purpose, t.Number}]
			if t.Kind != kind || t.Ref == keep.Ref {
				return false
			}
			c.tooMany(t, keep)
			return true
		})
	}
	c.dedupeDrafts()
}

// rather tells whether a survives and not b.
func (c *chart) rather(a, b stay.Task) bool {
	for _, better := range []func(stay.Task) bool{
		func(t stay.Task) bool { return t.Status != "entered-in-error" },
		c.chosen,
		c.teamAtWork,
		c.workedOn,
	} {
		if better(a) != better(b) {
			return better(a)
		}
	}
	return a.Made.Before(b.Made) || a.Made.Equal(b.Made) && a.Ref < b.Ref
}

// chosen tells that a surviving nurse's Task points to this one.
func (c *chart) chosen(t stay.Task) bool {
	return slices.ContainsFunc(c.Tasks, func(nurse stay.Task) bool {
		return nurse.Kind == stay.ScreeningTask && t.Kind != stay.ScreeningTask &&
			(nurse.Advice == t.Ref || t.Focus != "" && nurse.Consult == t.Focus)
	})
}

// workedOn tells that a person has done something with a Task or with its form.
func (c *chart) workedOn(t stay.Task) bool {
	if t.Status != "requested" && (t.Kind != stay.ScreeningTask || !t.Scored()) {
		return true
	}
	return slices.ContainsFunc(c.Responses, func(r stay.Response) bool {
		return r.Ref == t.Response && !r.Untouched() && r.Status != "entered-in-error"
	})
}

// teamAtWork tells that the team has done something with what came of a Task.
func (c *chart) teamAtWork(t stay.Task) bool {
	return slices.ContainsFunc(c.Tasks, func(team stay.Task) bool {
		return t.Consult != "" && team.Focus == t.Consult && team.Status != "requested" && team.Status != "entered-in-error"
	})
}

// tooMany marks a Task and what was made along with it.
func (c *chart) tooMany(t, keep stay.Task) {
	if t.Status == "entered-in-error" {
		return
	}
	pairs := [][2]string{{t.Ref, keep.Ref}, {t.Score, keep.Score}, {t.Consult, keep.Consult}}
	if t.Kind == stay.ConsultTask && keep.Focus != "" { // the nurse's Task knows one of the orders alone
		pairs = append(pairs, [2]string{t.Focus, keep.Focus})
	}
	for _, pair := range pairs {
		known := slices.ContainsFunc(c.extra, func(d Duplicate) bool { return d.Ref == pair[0] })
		if pair[0] != "" && pair[0] != pair[1] && !known {
			c.extra = append(c.extra, Duplicate{pair[0], pair[1]})
		}
	}
}

// dedupeDrafts marks the empty forms that no Task points to. What a nurse has
// written on one of them counts as any response does.
func (c *chart) dedupeDrafts() {
	task, _ := c.ScreeningTask()
	for _, r := range c.Responses {
		twin := slices.ContainsFunc(c.Responses, func(other stay.Response) bool {
			return other.Ref == task.Response && other.Ref != r.Ref && other.Number == r.Number
		})
		if twin && r.Ours && r.Number > 0 && r.Untouched() {
			c.extra = append(c.extra, Duplicate{r.Ref, task.Response})
		}
	}
}
