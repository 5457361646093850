package pathway

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// Every action has its place in the order in which actions are written, and only one.
func TestEveryActionHasItsPlace(t *testing.T) {
	source, err := os.ReadFile("action.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, found := range regexp.MustCompile(`\) Name\(\) string\s+\{ return "(\w+)" \}`).FindAllSubmatch(source, -1) {
		names = append(names, string(found[1]))
	}
	if len(names) == 0 {
		t.Fatal("no action is found")
	}
	if got, want := slices.Sorted(slices.Values(order)), slices.Sorted(slices.Values(names)); !slices.Equal(got, want) {
		t.Errorf("the order has %q, the actions are %q", got, want)
	}
}
