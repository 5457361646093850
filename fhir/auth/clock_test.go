package auth_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir/auth"
)

// An assertion for a day that has not come is good on that day for whoever kept
// it. So a clock is followed as far as a wrong time zone goes, and no further.
func TestAClockThatIsFarOffIsReportedAndNotFollowed(t *testing.T) {
	for date, want := range map[string]string{
		"+3h1m":                         "3h1m0s ahead",
		"-3h1m":                         "3h1m0s behind",
		"+47h":                          "47h0m0s ahead",
		"+87600h":                       "3650 days ahead",
		"-87600h":                       "3650 days behind",
		"Fri, 31 Dec 9999 23:59:59 GMT": "days ahead",
		"Mon, 01 Jan 1900 00:00:00 GMT": "days behind",
	} {
		bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
			strange(t, s, date)
			c := connect(t, s, o)
			_, err := get(c)
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "invalid_client") || !strings.Contains(err.Error(), "not followed") {
				t.Errorf("%s: got %v", date, err)
			}
			if s.tokens != 1 {
				t.Errorf("%s: %d assertions were sent", date, s.tokens)
			}
			s.wantAssertionOfNow(t, date)
			s.token = nil
			time.Sleep(time.Minute)
			s.want(t, c, 200)
			s.wantAssertionOfNow(t, date)
		})
	}
}

// strange has the site refuse everybody, and show this date or a clock that is so
// far off.
func strange(t *testing.T, s *site, date string) {
	t.Helper()
	if off, err := time.ParseDuration(date); err == nil {
		date = time.Now().Add(off).UTC().Format(http.TimeFormat)
	}
	s.token = func(w http.ResponseWriter, r *http.Request) bool {
		_ = s.check(r)
		w.Header().Set("Date", date)
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":"invalid_client"}`))
		return true
	}
}

// wantAssertionOfNow: the last one was good for some minutes around now.
func (s *site) wantAssertionOfNow(t *testing.T, why string) {
	t.Helper()
	exp, _ := s.claims["exp"].(float64)
	iat, _ := s.claims["iat"].(float64)
	now := float64(time.Now().Unix())
	if exp < now || exp > now+300 || iat < now-60 || iat > now {
		t.Errorf("%s: an assertion from %v to %v seconds away", why, iat-now, exp-now)
	}
}
