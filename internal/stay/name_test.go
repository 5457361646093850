package stay

import "testing"

func TestNames(t *testing.T) {
	for identifier, want := range map[string]Name{
		"screening:e1":           {Purpose{ScreeningTask, AuditC}, "e1", 1},
		"screening:e1:3":         {Purpose{ScreeningTask, AuditC}, "e1", 3},
		"screening-dudit:e1:2":   {Purpose{ScreeningTask, "dudit"}, "e1", 2},
		"response-audit:e1":      {Purpose{Draft, "audit"}, "e1", 1},
		"at-least:e1":            {Purpose{AtLeast, AuditC}, "e1", 1},
		"at-least-audit:e-1.2":   {Purpose{AtLeast, "audit"}, "e-1.2", 1},
		"score-task:e1":          {Purpose{Score, "task"}, "e1", 1},
		"consult:e1:2":           {Purpose{Kind: Consult}, "e1", 2},
		"consult-task:e1":        {Purpose{Kind: ConsultTask}, "e1", 1},
		"advice:screening-audit": {Purpose{Kind: Advice}, "screening-audit", 1},
		"reply:e1":               {Purpose{Kind: Reply}, "e1", 1},
	} {
		got, ok := ParseName(identifier)
		if !ok || got != want || got.String() != identifier {
			t.Errorf("%s is %+v (%t), printed as %s", identifier, got, ok, got)
		}
	}
}

// What no release of ours has printed is nobody's of ours; one that a later release has
// is left to it.
func TestNamesThatAreNotOurs(t *testing.T) {
	for _, identifier := range []string{"", "screening", "screening:", ":e1", "tilsyn", "consult-tasks:e1", "consult-audit:e1", "advice-dudit:e1",
		"screening-:e1", "screening-AUDIT:e1", "screening-a-b:e1", "screening-auditc:e1", "screenings:e1", "follow-up:e1", "Screening:e1"} {
		if got, ok := ParseName(identifier); ok {
			t.Errorf("%q is taken for %+v", identifier, got)
		}
	}
	for _, odd := range []string{"score:e1:x", "score:e1:0", "score:e1:-2", "score:e1:", "score:e1:1"} {
		if got, ok := ParseName(odd); !ok || got.Number != 1 || got.Admission != "e1" {
			t.Errorf("%q is %+v (%t)", odd, got, ok)
		}
	}
}

func TestTheNextName(t *testing.T) {
	first := Name{Purpose: Purpose{Kind: Consult}, Admission: "e1"}
	if got := first.Next().String() + " " + first.Next().Next().String(); got != "consult:e1:2 consult:e1:3" {
		t.Error(got)
	}
}

func FuzzParseName(f *testing.F) {
	f.Add("screening-dudit:e1:2")
	f.Fuzz(func(t *testing.T, s string) {
		n, ok := ParseName(s)
		if again, same := ParseName(n.String()); ok && (!same || again != n) {
			t.Errorf("%q is %+v, and printed and read again %+v", s, n, again)
		}
	})
}
