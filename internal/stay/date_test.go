package stay_test

import (
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/internal/stay"
)

func TestAge(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		birth            string
		youngest, oldest int
	}{
		{"2008-11-22", 18, 18},
		{"2008-11-23", 17, 17},
		{"2008-11", 17, 18},
		{"2008-10", 18, 18},
		{"2008", 17, 18},
		{"2007", 18, 19},
		{"2004-02-29", 22, 22},
		{"", 0, stay.MaxAge},
		{"yesterday", 0, stay.MaxAge},
		{"1980-13-01", 0, stay.MaxAge},
		{"2030-01-01", 0, 0},
		{"1000", stay.MaxAge, stay.MaxAge},
	} {
		youngest, oldest := stay.ParseDate(c.birth).Age(at)
		if youngest != c.youngest || oldest != c.oldest {
			t.Errorf("born %q: %d–%d, want %d–%d", c.birth, youngest, oldest, c.youngest, c.oldest)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	f.Add("1980-05")
	f.Fuzz(func(t *testing.T, s string) {
		if youngest, oldest := stay.ParseDate(s).Age(time.Now()); youngest < 0 || youngest > oldest || oldest > stay.MaxAge {
			t.Errorf("%q is %d–%d years", s, youngest, oldest)
		}
	})
}

// Whatever way FHIR has of saying when, it is read on the hospital's clock, and
// one without a time is a day there.
func TestDateIn(t *testing.T) {
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][2]string{
		"2031-05-17T12:00:00Z":          {"2031-05-17T14:00:00+02:00", "2031-05-17T14:00:00+02:00"},
		"2031-01-17T12:00:00Z":          {"2031-01-17T13:00:00+01:00", "2031-01-17T13:00:00+01:00"},
		"2031-05-17T07:30:00.123-05:00": {"2031-05-17T14:30:00.123+02:00", "2031-05-17T14:30:00.123+02:00"},
		"2031-05-17":                    {"2031-05-17T00:00:00+02:00", "2031-05-17T23:59:59.999999999+02:00"},
		"2031-03-30":                    {"2031-03-30T00:00:00+01:00", "2031-03-30T23:59:59.999999999+02:00"}, // summer time begins
		"2031-05":                       {"2031-05-01T00:00:00+02:00", "2031-05-31T23:59:59.999999999+02:00"},
		"2031":                          {"2031-01-01T00:00:00+01:00", "2031-12-31T23:59:59.999999999+01:00"},
		"17.05.2031":                    {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
		"2031-05-17T12:00:00":           {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"}, // of no zone: FHIR has no such thing
		"":                              {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
	} {
		d := stay.DateIn(text, oslo)
		if got := [2]string{d.First().Format(time.RFC3339Nano), d.Last().Format(time.RFC3339Nano)}; got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

// A birthday begins at the hospital's midnight, not at Greenwich's.
func TestBirthdaysAreTheHospitals(t *testing.T) {
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	born := stay.DateIn("2013-05-17", oslo)
	for at, want := range map[string]int{"2031-05-16T21:59:59Z": 17, "2031-05-16T22:00:00Z": 18} {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if youngest, oldest := born.Age(moment); youngest != want || oldest != want {
			t.Errorf("at %s: %d–%d, want %d", at, youngest, oldest, want)
		}
	}
}
