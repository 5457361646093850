package app

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/internal/intake"
)

// gaps are what a round could not read.
func gaps(reason string) *intake.Gaps {
	return &intake.Gaps{Reasons: []string{reason}, Unread: []intake.Unread{{Type: "Encounter", From: begun, Why: errors.New("500")}}}
}

var begun = time.Date(2031, 5, 17, 12, 0, 0, 0, time.UTC)

// pages of a service that has screened since begun, and takes it to be now.
func pages(limit time.Duration) (s *status, now *time.Time, get func(path string) (int, string)) {
	now = new(time.Time)
	*now = begun
	s = newStatus(func() vitals { return vitals{} })
	s.now, s.unreadyAfter = func() time.Time { return *now }, limit
	s.screens(begun)
	mux := http.NewServeMux()
	s.mountHealth(mux)
	s.mountPages(mux)
	return s, now, func(path string) (int, string) {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code, w.Body.String()
	}
}

// Intake is whole when the last poll and the last census were; /status and the
// metric say since when it is not, and why.
func TestWhetherIntakeIsWhole(t *testing.T) {
	s, _, get := pages(time.Hour)
	want := func(when string, whole bool, since time.Time, reasons ...string) {
		t.Helper()
		_, body := get("/status")
		got := gjson.Get(body, "intake")
		if got.Get("whole").Bool() != whole || !got.Get("since").Time().Equal(since) || len(got.Get("reasons").Array()) != len(reasons) {
			t.Errorf("%s: %s", when, got)
		}
		for _, reason := range reasons {
			if !strings.Contains(got.Get("reasons").Raw, reason) {
				t.Errorf("%s: %s, want %s", when, got, reason)
			}
		}
		_, metrics := get("/metrics")
		if !strings.Contains(metrics, "\ntilsyn_intake_whole "+map[bool]string{true: "1", false: "0"}[whole]+"\n") {
			t.Errorf("%s: the metric differs", when)
		}
	}
	at := func(minutes int) time.Time { return begun.Add(time.Duration(minutes) * time.Minute) }
	want("before anything was asked", false, time.Time{}, "no census")
	s.polled(nil, at(1))
	want("after a poll", false, at(1), "no census")
	s.censused(intake.Gaps{}, nil, at(2))
	want("after a census", true, at(2))
	s.polled(errors.New("search Task: 500"), at(3))
	want("a poll has failed", false, at(3), "poll: search Task")
	s.censused(*gaps("a window"), errors.New("the link lies elsewhere"), at(4))
	want("and a census", false, at(3), "poll: search Task", "census: a window", "census: the link lies elsewhere")
	s.polled(gaps("a window"), at(5))
	want("a poll had gaps", false, at(3), "poll: a window", "census: a window", "census: the link lies elsewhere")
	s.polled(nil, at(6))
	s.censused(intake.Gaps{}, nil, at(7))
	want("all is well again", true, at(7))
}

// A pod that is not ready gets no notifications, so it takes long, and either way
// of seeing admissions is enough.
func TestReadyWhileOneOfTheTwoIsWhole(t *testing.T) {
	for name, test := range map[string]struct {
		limit        time.Duration
		poll, census error
		ready        bool
	}{
		"both are whole":              {time.Hour, nil, nil, true},
		"the poll alone":              {time.Hour, nil, errors.New("failed"), true},
		"the census alone":            {time.Hour, errors.New("failed"), nil, true},
		"neither":                     {time.Hour, errors.New("failed"), errors.New("failed"), false},
		"neither, but for gaps":       {time.Hour, gaps("a window"), gaps("a window"), false},
		"neither, and it is off":      {0, errors.New("failed"), errors.New("failed"), true},
		"neither, and it is not long": {2 * time.Hour, errors.New("failed"), errors.New("failed"), true},
	} {
		s, now, get := pages(test.limit)
		for m := range 61 {
			*now = begun.Add(time.Duration(m) * time.Minute)
			s.polled(test.poll, *now)
			s.censused(intake.Gaps{}, test.census, *now)
			if code, _ := get("/readyz"); code != http.StatusOK {
				t.Fatalf("%s: not ready after %d minutes", name, m)
			}
		}
		*now = now.Add(time.Minute)
		s.polled(test.poll, *now)
		s.censused(intake.Gaps{}, test.census, *now)
		if code, body := get("/readyz"); (code == http.StatusOK) != test.ready {
			t.Errorf("%s: %d %s", name, code, body)
		}
		if code, _ := get("/livez"); code != http.StatusOK {
			t.Errorf("%s: not alive", name)
		}
	}
}

// What a census could not read stands in the quarantine, under its window, since
// when it could not, and is gone when it can.
func TestAWindowIsInTheQuarantine(t *testing.T) {
	s, _, get := pages(time.Hour)
	s.censused(*gaps("a window"), nil, begun)
	s.censused(*gaps("a window"), nil, begun.Add(time.Hour))
	_, body := get("/status")
	window := "Encounter from 2031-05-17T12:00:00Z"
	if got := gjson.Get(body, "quarantined").Map()[window]; !got.Get("since").Time().Equal(begun) || !strings.Contains(got.Get("reason").String(), "500") || !IsWindow(window) {
		t.Errorf("%s", body)
	}
	s.censused(intake.Gaps{}, nil, begun.Add(2*time.Hour))
	if _, body = get("/status"); len(gjson.Get(body, "quarantined").Map()) != 0 {
		t.Errorf("%s", body)
	}
}

func TestAQuirkIsSaidOnce(t *testing.T) {
	s, _, _ := pages(0)
	for _, test := range []struct{ all, unsaid int }{{1, 1}, {1, 0}, {2, 1}, {2, 0}} {
		if got := s.newQuirks([]string{"a", "b"}[:test.all]); len(got) != test.unsaid {
			t.Errorf("of %d quirks %q are said", test.all, got)
		}
	}
	counted := intake.Count{OtherClasses: map[string]int{"I": 2}}
	if !s.counted(counted) || s.counted(counted) || s.counted(intake.Count{}) {
		t.Error("classes are said again, or not at all")
	}
}
