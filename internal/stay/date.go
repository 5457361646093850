package stay

import (
	"fmt"
	"time"
)

// Date is a FHIR date, which may lack the day or the month: 1980, 1980-05.
// The zero Date is no date.
type Date struct {
	first, last time.Time // the days that it can mean
}

// ParseDate reads a FHIR date. Text that is no date gives the zero Date.
func ParseDate(s string) Date {
	for _, precision := range []struct {
		layout              string
		years, months, days int
	}{{"2006-01-02", 0, 0, 1}, {"2006-01", 0, 1, 0}, {"2006", 1, 0, 0}} {
		if first, err := time.Parse(precision.layout, s); err == nil {
			return Date{first, first.AddDate(precision.years, precision.months, precision.days).AddDate(0, 0, -1)}
		}
	}
	return Date{}
}

// Last is the last moment that the date allows.
func (d Date) Last() time.Time {
	if !d.Known() {
		return time.Time{}
	}
	return d.last.AddDate(0, 0, 1).Add(-time.Nanosecond)
}

// Known tells whether there is a date at all.
func (d Date) Known() bool { return !d.first.IsZero() }

// Age is how many whole years old somebody born on d is at a time: at least
// youngest, at most oldest. Without a date it is 0 to MaxAge.
func (d Date) Age(at time.Time) (youngest, oldest int) {
	if !d.Known() {
		return 0, MaxAge
	}
	return years(d.last, at), years(d.first, at)
}

// MaxAge is the highest age that a policy speaks of, in years.
const MaxAge = 150

func years(from, to time.Time) int {
	y, m, d := to.Date()
	n := y - from.Year()
	if m < from.Month() || m == from.Month() && d < from.Day() {
		n--
	}
	return min(max(n, 0), MaxAge)
}

func (d Date) String() string {
	switch {
	case !d.Known():
		return "unknown"
	case d.first.Equal(d.last):
		return d.first.Format(time.DateOnly)
	}
	return fmt.Sprintf("%s to %s", d.first.Format(time.DateOnly), d.last.Format(time.DateOnly))
}
