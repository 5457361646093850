package main

import (
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/app"
)

// The report tells what the patient declined from what the ward has put away.
func TestReportTellsTheWardsFromTheNo(t *testing.T) {
	var out strings.Builder
	if err := printReport(&out, app.Report{Screenings: map[string]int{"declined": 1, "put-away": 3, "unanswered": 2},
		Unscreened: map[string]int{"put-away": 3, "closed": 2, "unable": 1}}); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{"asked: declined 1", "asked: put-away 3", "not screened: put away by the ward, and nothing says that the patient declined 3",
		"not screened: unable: the ward says why the patient cannot be asked 1", "not screened: closed by the ward without a reason 2"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, out.String())
		}
	}
}
