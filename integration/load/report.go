package main

import (
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
)

// report collects the figures that have a goal.
type report struct{ lines []line }

type line struct{ what, goal, measured, verdict string }

// atMost and atLeast add a figure beside its goal.
func (r *report) atMost(what string, goal, measured float64, unit string) {
	r.add(what, "≤ ", goal, measured, unit, verdict(measured <= goal))
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "MISSED"
}

func (r *report) add(what, sign string, goal, measured float64, unit, verdict string) {
	r.lines = append(r.lines, line{what, sign + number(goal) + unit, number(measured) + unit, verdict})
}

// ratios are figures that several rounds gave, with what the bare generator
// did in each: it sends the same in every round, so how much it varies is how
// much the machine does.
type ratios struct{ of, bare []float64 }

func (q *ratios) add(with, bare float64) {
	q.of, q.bare = append(q.of, with/bare), append(q.bare, bare)
}

// steady is how much the bare generator may vary before a ratio says more of
// the machine than of tilsyn.
const steady = 1.5

// ratio adds the median, its spread, and no verdict where the machine was not
// steady enough for one.
func (r *report) ratio(what, sign string, goal float64, q *ratios, met bool) {
	v := verdict(met)
	if varied := slices.Max(q.bare) / slices.Min(q.bare); varied > steady {
		v = fmt.Sprintf("none: the bare generator itself varied %.1f-fold", varied)
	}
	what = fmt.Sprintf("%s (%.3g to %.3g)", what, slices.Min(q.of), slices.Max(q.of))
	r.add(what, sign, goal, median(q.of), "", v)
}

func number(n float64) string { return fmt.Sprintf("%.4g", n) }

func (r *report) print() {
	fmt.Println()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "figure\tgoal\tmeasured\tverdict")
	for _, l := range r.lines {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l.what, l.goal, l.measured, l.verdict)
	}
	_ = w.Flush()
}
