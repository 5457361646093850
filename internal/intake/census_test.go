package intake

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
)

// counted takes one census.
func counted(t *testing.T, c *fhir.Client) (Count, string, error) {
	t.Helper()
	q := &heard{}
	n, err := NewCensus(c, q, names, nil).Take(t.Context())
	fresh, backlog := q.took()
	if fresh != "" {
		t.Errorf("the census passed %s off as fresh", fresh)
	}
	return n, backlog, err
}

func TestTheCensusNamesOpenAdmissionsAndOpenWork(t *testing.T) {
	s, c := serve(t)
	s.pageSize = 2
	for _, ref := range []string{"Encounter/1", "Encounter/2", "Encounter/3"} {
		s.put(ref, noon, "")
	}
	s.put("Task/1", noon, identified("ask", "4"))
	s.put("Task/2", noon, identified("ask", "5"))
	s.put("Task/3", noon, identified("consult", "5"))
	s.put("Task/4", noon, `"identifier":[{"system":"theirs","value":"ask:6"}]`)
	s.put("Task/5", noon, fmt.Sprintf(`"input":[{"valueCanonical":%q}],"encounter":{"reference":"Encounter/5"}`, names.Questionnaires[0]))
	n, named, err := counted(t, c)
	if err != nil || n.Admissions != 3 || n.OpenWork != 2 || n.At.IsZero() {
		t.Errorf("counted %+v, %v", n, err)
	}
	if named != "1 2 3 4 5" {
		t.Errorf("named %q; each is to be named once, however many tasks and searches show it", named)
	}
}

func TestTheCensusAsksForWhatIsOpenOnly(t *testing.T) {
	s, c := serve(t)
	if _, _, err := counted(t, c); err != nil {
		t.Fatal(err)
	}
	var asked []url.Values
	var paths []string
	for _, a := range s.asked {
		u, err := url.Parse(a)
		if err != nil {
			t.Fatal(err)
		}
		asked, paths = append(asked, u.Query()), append(paths, u.Path)
	}
	if strings.Join(paths, " ") != "/Encounter /Task /Task /QuestionnaireResponse /Encounter /Encounter" {
		t.Fatalf("asked for %v", s.asked)
	}
	if asked[0].Get("class") != "IMP,ACUTE" || asked[0].Get("status") != "arrived,triaged,in-progress,onleave" {
		t.Errorf("asked for %s", s.asked[0])
	}
	if got := asked[1].Get("business-status"); got != "https://tilsyn.example/codes|unanswered,https://tilsyn.example/codes|invalid" {
		t.Errorf("asked for %s", got)
	}
	if got := asked[2].Get("status"); strings.Contains(got, "completed") || !strings.Contains(got, "requested") || !strings.Contains(got, "on-hold") {
		t.Errorf("asked for %s", got)
	}
}

func TestAnAdmissionWithoutAUsableIDIsNotNamed(t *testing.T) {
	s, c := serve(t)
	s.put("Encounter/../../admin", noon, "")
	s.put("Encounter/", noon, "")
	s.put("Encounter/1", noon, "")
	s.put("Task/1", noon, identified("ask", "a/b"))
	if _, named, err := counted(t, c); err != nil || named != "1" {
		t.Errorf("named %q, %v", named, err)
	}
}

func TestACensusThatFailsSaysSoAndKeepsWhatItFound(t *testing.T) {
	s, c := serve(t)
	s.put("Encounter/1", noon, "")
	s.put("Task/1", noon, identified("ask", "2"))
	s.fail = func(r *http.Request) bool { return r.URL.Path == "/Task" }
	if _, named, err := counted(t, c); err == nil || named != "1" {
		t.Errorf("named %q, %v", named, err)
	}
}

func TestACensusIsTakenAtOnceAndWhenRung(t *testing.T) {
	s, c := serve(t)
	s.put("Encounter/1", noon, "")
	type told struct {
		n   Count
		err error
	}
	report := make(chan told)
	q := &heard{}
	census := NewCensus(c, q, names, func(n Count, err error) { report <- told{n, err} })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { census.Run(ctx, time.Hour); close(done) }()
	for range 2 {
		got := <-report
		if _, named := q.took(); got.err != nil || got.n.Admissions != 1 || named != "1" {
			t.Errorf("named %q, %+v", named, got)
		}
		census.Ring()
	}
	<-report
	cancel()
	<-done
}

func TestRoundsComeAtEachInterval(t *testing.T) {
	for interval, want := range map[time.Duration]int{time.Minute: 11, 0: 1} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute+time.Second)
			defer cancel()
			n := 0
			newBell().every(ctx, interval, func(context.Context) { n++ })
			if n != want {
				t.Errorf("every %v: %d rounds in ten minutes, want %d", interval, n, want)
			}
		})
	}
}

func TestABellRungDuringARoundStartsOneMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBell()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		n := 0
		b.every(ctx, 0, func(context.Context) {
			if n++; n == 1 {
				for range 10 {
					b.Ring()
				}
			}
		})
		if n != 2 || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Errorf("%d rounds, want 2", n)
		}
	})
}

// A start without a time is the beginning of that day where the hospital lies.
func TestAPlannedStartWithoutATimeIsLateToo(t *testing.T) {
	east, west := time.FixedZone("", 14*60*60), time.FixedZone("", -12*60*60)
	today := time.Now().In(east).Format(time.DateOnly) // which is tomorrow, or the day after, in the west
	for name, tt := range map[string]struct {
		zone  *time.Location
		start string
		late  int
	}{
		"today":        {east, today, 1},
		"not yet":      {west, today, 0},
		"by the time":  {east, time.Now().Add(-time.Hour).Format(time.RFC3339), 1},
		"nothing said": {east, "soon", 0},
	} {
		s, c := serve(t)
		s.put("Encounter/1", noon, `"status":"planned","period":{"start":"`+tt.start+`"}`)
		n := names
		n.Zone = tt.zone
		count, err := NewCensus(c, &heard{}, n, nil).Take(t.Context())
		if err != nil || count.PlannedLate != tt.late {
			t.Errorf("%s: %d late, %v; want %d", name, count.PlannedLate, err, tt.late)
		}
	}
}
