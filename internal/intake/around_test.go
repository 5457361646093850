package intake

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
)

// admitted puts so many admissions on the server, one each interval.
func (s *server) admitted(n int, every time.Duration) {
	for i := range n {
		s.put(fmt.Sprintf("Encounter/e%04d", i), noon.Add(time.Duration(i)*every), `"status":"in-progress","class":{"code":"IMP"}`)
	}
}

func bad(of ...int) map[string]bool {
	refs := map[string]bool{}
	for _, i := range of {
		refs[fmt.Sprintf("Encounter/e%04d", i)] = true
	}
	return refs
}

// One resource that the server cannot write makes its page an error. All others
// are named, and what could not be read is said, at 32 requests more at the most.
func TestTheCensusGoesAroundWhatCannotBeRead(t *testing.T) {
	for name, test := range map[string]struct {
		of, pageSize int
		every        time.Duration
		bad          map[string]bool
		hidden       int // admissions that may stay unnamed, the bad ones included
	}{
		"in the middle":         {500, 100, time.Minute, bad(250), 1},
		"the first":             {300, 100, time.Minute, bad(0), 1},
		"the newest":            {300, 100, time.Minute, bad(299), 1},
		"two beside each other": {300, 100, time.Minute, bad(100, 101), 2},
		"two far apart":         {300, 100, time.Minute, bad(40, 260), 300}, // what lies between is named as unread
		"few":                   {3, 100, time.Minute, bad(1), 1},
		"many small pages":      {400, 20, time.Second, bad(200), 6},
		"all at one moment":     {150, 100, 0, bad(70), 11},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := serve(t)
			s.pageSize = test.pageSize
			s.admitted(test.of, test.every)
			ordinary := s.requests(func() { _, _, _ = counted(t, c) })
			s.bad = test.bad
			var n Count
			var named string
			var err error
			requests := s.requests(func() { n, named, err = counted(t, c) })
			ids := strings.Fields(named)
			if len(ids) < test.of-test.hidden || len(ids) > test.of-len(test.bad) || n.Admissions != len(ids) {
				t.Errorf("%d of %d admissions were named, at most %d may be hidden", len(ids), test.of, test.hidden)
			}
			if err != nil || len(n.Gaps.Unread) != 1 || len(n.Gaps.Reasons) == 0 || n.Gaps.Unread[0].Type != "Encounter" {
				t.Fatalf("%v; unread %v, %q", err, n.Gaps.Unread, n.Gaps.Reasons)
			}
			if requests > ordinary+mostAround {
				t.Errorf("it took %d requests, and an ordinary census %d", requests, ordinary)
			}
			for ref := range test.bad {
				if u, at := n.Gaps.Unread[0], s.records[ref].at; at.Before(u.From) || !u.To.IsZero() && at.After(u.To) {
					t.Errorf("%s of %s is not in the window %s", ref, at, u)
				}
			}
		})
	}
}

// Order and time windows are ignored: then nothing is taken for read that was not.
func TestWithoutOrderTheWindowStaysOpen(t *testing.T) {
	s, c := serve(t)
	s.admitted(300, time.Minute)
	s.unsorted, s.bad = true, bad(150)
	n, _, err := counted(t, c)
	if err != nil || len(n.Gaps.Unread) != 1 {
		t.Fatalf("%v, %v", err, n.Gaps.Unread)
	}
	if at, u := noon.Add(150*time.Minute), n.Gaps.Unread[0]; at.Before(u.From) || !u.To.IsZero() && at.After(u.To) {
		t.Errorf("the bad one of %s is not in the window %s", at, u)
	}
}

// A page that can be had at the second try is no gap.
func TestAPageThatFailedOnceIsReadAgain(t *testing.T) {
	s, c := serve(t)
	s.admitted(150, time.Minute)
	failed := 0
	s.fail = func(r *http.Request) bool {
		if r.URL.Query().Get("from") != "" && failed < 2 {
			failed++
			return true
		}
		return false
	}
	n, named, err := counted(t, c)
	if err != nil || n.Gaps.or() != nil || len(strings.Fields(named)) != 150 || failed != 2 {
		t.Errorf("%d named after %d failures, %v, %v", len(strings.Fields(named)), failed, n.Gaps.or(), err)
	}
}

// The poller is not stopped for ever by a page that cannot be had, and does not
// read around it again and again.
func TestThePollerGoesPastWhatCannotBeRead(t *testing.T) {
	for name, which := range map[string]int{"in the middle": 20, "the newest": 39} {
		t.Run(name, func(t *testing.T) {
			s, c := serve(t)
			p, q := pollingIn(c, Back{Overlap: time.Hour})
			s.put("Encounter/old", noon.Add(-time.Hour), "")
			rounds(t, p)
			rounds(t, p)
			s.admitted(40, time.Second)
			s.bad = bad(which)
			s.now = noon.Add(time.Minute)
			for range triesOfAPage {
				if err := p.round(t.Context()); err == nil {
					t.Fatal("a page that cannot be had went unnoticed")
				}
			}
			q.took()
			s.now = noon.Add(2 * time.Minute)
			s.put("Encounter/new", noon.Add(2*time.Minute), "")
			rounds(t, p)
			q.wantFresh(t, "new", "it came after the page that cannot be had")
			if n := s.requests(func() { rounds(t, p) }); n != len(polled) {
				t.Errorf("a later round took %d requests", n)
			}
		})
	}
}

// Where the newest of all is what cannot be read, polling begins all the same.
func TestThePollerBeginsBesideWhatCannotBeRead(t *testing.T) {
	s, c := serve(t)
	s.admitted(3, time.Second)
	s.bad, s.now = bad(2), noon.Add(time.Minute)
	p, q := pollingIn(c, Back{Overlap: 10 * time.Second})
	for range triesOfAPage {
		_ = p.round(t.Context())
	}
	s.now = noon.Add(2 * time.Minute)
	s.put("Encounter/new", noon.Add(2*time.Minute), "")
	rounds(t, p)
	if fresh, backlog := q.took(); fresh+backlog != "new" {
		t.Errorf("named %q and %q, want new", fresh, backlog)
	}
}

// A server that does not mind _lastUpdated gives everything, again and again: what
// is from before the window is no news, and is not read to its end for ever.
func TestWhatWasWrittenBeforeTheWindowIsNoNews(t *testing.T) {
	s, c := serve(t)
	s.ignores, s.now = true, noon.Add(48*time.Hour)
	s.admitted(2000, time.Minute)
	p, q := pollingIn(c, Back{Overlap: 10 * time.Minute})
	rounds(t, p)
	rounds(t, p)
	fresh, backlog := q.took()
	if n := len(strings.Fields(fresh + " " + backlog)); n > 12 {
		t.Errorf("%d admissions are news, although 11 were written in the last ten minutes", n)
	}
	last := noon.Add(2000 * time.Minute)
	for i := range 3 {
		s.put("Encounter/new", last.Add(time.Duration(i)*time.Second), "")
		if n := s.requests(func() { rounds(t, p) }); n > len(polled)+4 {
			t.Errorf("a round took %d requests", n)
		}
		q.wantFresh(t, "new", "it alone was written since")
	}
	if n := s.requests(func() { rounds(t, p) }); n > len(polled)+4 {
		t.Errorf("an idle round took %d requests", n)
	}
	q.wantFresh(t, "", "nothing was written")
	if len(c.Quirks()) != 1 {
		t.Errorf("%q", c.Quirks())
	}
}

// What says neither which version it is nor when it was written is known by what
// stands in it, in whatever window.
func TestWhatHasNoStampIsNewsOnce(t *testing.T) {
	s, c := serve(t)
	p, q := pollingIn(c, Back{Overlap: time.Second})
	s.put("Encounter/1", noon, "")
	rounds(t, p)
	rounds(t, p)
	q.took()
	put := func(text string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.records["Encounter/2"] = record{`{"resourceType":"Encounter","id":"2","status":"` + text + `"}`, noon.Add(time.Minute)}
	}
	for _, text := range []string{"planned", "in-progress"} {
		put(text)
		for _, want := range []string{"2", "", ""} {
			rounds(t, p)
			q.wantFresh(t, want, text)
		}
	}
}

// What a server says of its own answers keeps a round from being whole, and from
// nothing else.
func TestARemarkKeepsACensusFromBeingWhole(t *testing.T) {
	for _, remark := range []string{
		`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"exception"}]}`,
		`{"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"incomplete"}]}`,
	} {
		s, c := serve(t)
		s.admitted(120, time.Minute)
		s.remark = remark
		n, named, err := counted(t, c)
		if err != nil || len(strings.Fields(named)) != 120 || len(n.Gaps.Reasons) == 0 || len(n.Gaps.Unread) != 0 {
			t.Errorf("%s: %d named, %q, %v", remark, len(strings.Fields(named)), n.Gaps.Reasons, err)
		}
		p, q := pollingIn(c, Back{Overlap: time.Hour})
		_ = p.round(t.Context()) // it looks where the newest is
		if err := p.round(t.Context()); err == nil {
			t.Errorf("%s: a poll was whole", remark)
		}
		if _, backlog := q.took(); backlog == "" {
			t.Errorf("%s: nobody was named", remark)
		}
	}
}

// What an answer with an error left out may come in the next, so the cursor waits for
// it; but not for ever: the census finds the rest.
func TestThePollerWaitsForWhatAnErrorLeftOut(t *testing.T) {
	const failed = `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"exception"}]}`
	for rounds, want := range map[int]string{1: "left out", triesOfAPage - 1: "left out", triesOfAPage: ""} {
		s, c := serve(t)
		s.put("Encounter/old", noon.Add(-time.Hour), "")
		p, q := pollingIn(c, Back{Overlap: time.Second})
		_, _ = p.round(t.Context()), p.round(t.Context())
		s.remark = failed
		s.put("Encounter/given", noon.Add(10*time.Minute), "")
		for range rounds {
			if err := p.round(t.Context()); err == nil {
				t.Fatal("an error passed for a whole answer")
			}
		}
		q.took()
		s.remark = ""
		s.put("Encounter/out", noon, "") // it was there, and was not given
		_ = p.round(t.Context())
		if fresh, backlog := q.took(); (fresh+backlog == "out") != (want != "") {
			t.Errorf("after %d rounds with an error: named %q", rounds, fresh+backlog)
		}
	}
}

// Classes that the policy does not know are counted, so that somebody sees them;
// ids that R4 does not allow are said.
func TestWhoIsNotAskedForIsCounted(t *testing.T) {
	s, c := serve(t)
	for ref, class := range map[string]string{"1": `"class":{"code":"IMP"},`, "2": `"class":{"code":"I"},`, "3": `"class":{"code":"I"},`, "4": ""} {
		s.put("Encounter/"+ref, noon, class+`"status":"in-progress"`)
	}
	s.put("Encounter/home", noon, `"status":"finished"`)
	s.put("Encounter/under_score", noon, `"class":{"code":"IMP"},"status":"in-progress"`)
	n, named, err := counted(t, c)
	if err != nil || !maps.Equal(n.OtherClasses, map[string]int{"I": 2, "none": 1}) {
		t.Errorf("other classes: %v, %v", n.OtherClasses, err)
	}
	if n.Unaskable != 1 || !slices.ContainsFunc(n.Gaps.Reasons, func(r string) bool { return strings.Contains(r, "1 open admissions have an id") }) {
		t.Errorf("unaskable: %d, %q", n.Unaskable, n.Gaps.Reasons)
	}
	if strings.Contains(named, "_") {
		t.Errorf("named %s", named)
	}
}

func pollingIn(c *fhir.Client, back Back) (*Poller, *heard) {
	q := &heard{}
	return NewPoller(c, q, names, back, NewCensus(c, q, names, nil), nil), q
}
