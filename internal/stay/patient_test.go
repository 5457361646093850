package stay

import (
	"strings"
	"testing"
)

// A person is known by each of her records, and each is listed once.
func TestRecordsOfAPerson(t *testing.T) {
	who := Patient{Ref: "Patient/1", Formerly: []string{"Patient/0", "Patient/1", "Patient/0", ""}}
	for ref, is := range map[string]bool{"Patient/1": true, "Patient/0": true, "Patient/2": false, "": false} {
		if who.Is(ref) != is {
			t.Errorf("%q: %t", ref, !is)
		}
	}
	if got := strings.Join(who.Records(), " "); got != "Patient/1 Patient/0" {
		t.Error(got)
	}
	if got := (Patient{}).Records(); got != nil || (Patient{}).Is("") {
		t.Error("nobody has no record", got)
	}
}
