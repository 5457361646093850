package simulate_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
)

// A rule that hardly ever speaks is a rule that nobody has tried: a year of hospitals must
// have heard each of them in so many admissions.
const oftenEnough = 30

// unheard are the rules that cannot speak here, and why. Each has its cases.
var unheard = map[string]string{
	"unplaced":   "nobody lies in two beds here",
	"next-first": "no hospital here asks a longer form of some alone",
	"to-ward":    "no patient here is given the form to fill in herself",
}

// heard fails for each rule that a whole year has hardly heard.
func (r *report) heard(t *testing.T) {
	if r.lasted < year {
		return
	}
	for _, rule := range slices.Sorted(maps.Keys(r.spoke)) {
		if seldom := r.seldom(rule); seldom != "" && unheard[rule] == "" {
			t.Errorf("%s spoke in %d admissions of a year%s: let people in the simulated hospital do more often what it is for, or say in rules_test.go why they cannot", rule, r.spoke[rule], seldom)
		}
	}
}

// seldom says that a rule spoke too seldom to have been tried.
func (r *report) seldom(rule string) string {
	switch least := int(float64(oftenEnough) * min(1, r.lasted.Hours()/year.Hours())); {
	case unheard[rule] != "":
		return fmt.Sprintf(" (%s)", unheard[rule])
	case r.spoke[rule] < least:
		return fmt.Sprintf(", fewer than %d", least)
	}
	return ""
}
