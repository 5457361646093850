package main

import (
	"fmt"
	"os"
	"text/tabwriter"
)

// report collects the figures that have a goal.
type report struct{ lines []line }

type line struct {
	what, goal, measured string
	met                  bool
}

// atMost and atLeast add a figure beside its goal.
func (r *report) atMost(what string, goal, measured float64, unit string) {
	r.add(what, "≤ ", goal, measured, unit, measured <= goal)
}

func (r *report) atLeast(what string, goal, measured float64, unit string) {
	r.add(what, "≥ ", goal, measured, unit, measured >= goal)
}

func (r *report) add(what, sign string, goal, measured float64, unit string, met bool) {
	r.lines = append(r.lines, line{what, sign + number(goal) + unit, number(measured) + unit, met})
}

func number(n float64) string { return fmt.Sprintf("%.4g", n) }

func (r *report) print() {
	fmt.Println()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "figure\tgoal\tmeasured\tverdict")
	for _, l := range r.lines {
		verdict := "met"
		if !l.met {
			verdict = "MISSED"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l.what, l.goal, l.measured, verdict)
	}
	_ = w.Flush()
}
