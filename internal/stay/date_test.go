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
