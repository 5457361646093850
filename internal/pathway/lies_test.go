package pathway_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Where she lies: what is planned, over or not begun is no place.
func TestLies(t *testing.T) {
	at := func(h int) time.Time { return noon.Add(time.Duration(h) * time.Hour) }
	for name, test := range map[string]struct {
		locations []stay.Location
		want      []string
	}{
		"none":                        {nil, nil},
		"no status and no period":     {[]stay.Location{{Ref: "a"}, {Ref: "b"}}, []string{"b", "a"}},
		"only the active one":         {[]stay.Location{{Ref: "a", Status: "completed"}, {Ref: "b", Status: "active"}, {Ref: "c", Status: "planned"}, {Ref: "d", Status: "reserved"}}, []string{"b"}},
		"a status that R4 lacks":      {[]stay.Location{{Ref: "a", Status: "left"}}, nil},
		"over":                        {[]stay.Location{{Ref: "a", End: at(-1)}, {Ref: "b", Start: at(-3)}}, []string{"b"}},
		"over at this moment":         {[]stay.Location{{Ref: "a", End: at(0)}}, nil},
		"an expected end":             {[]stay.Location{{Ref: "a", Start: at(-2), End: at(48)}}, []string{"a"}},
		"not begun":                   {[]stay.Location{{Ref: "a", Start: at(-2)}, {Ref: "b", Start: at(1)}}, []string{"a"}},
		"begun at this moment":        {[]stay.Location{{Ref: "a", Start: at(-2)}, {Ref: "b", Start: at(0)}}, []string{"b", "a"}},
		"the latest start":            {[]stay.Location{{Ref: "b", Start: at(-1)}, {Ref: "a", Start: at(-9)}, {Ref: "c"}}, []string{"b", "a", "c"}},
		"the latest start, listed up": {[]stay.Location{{Ref: "c"}, {Ref: "a", Start: at(-9)}, {Ref: "b", Start: at(-1)}}, []string{"b", "a", "c"}},
		"of one start the last":       {[]stay.Location{{Ref: "a", Start: at(-1)}, {Ref: "b", Start: at(-1)}}, []string{"b", "a"}},
	} {
		var got []string
		for _, l := range pathway.Lies(test.locations, noon) {
			got = append(got, l.Ref)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
