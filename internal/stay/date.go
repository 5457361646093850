package stay

import (
	"fmt"
	"time"
)

// Date is a FHIR date, dateTime or instant. Without a time it is a whole day, and it
// may lack the day or the month: 1980, 1980-05. The zero Date is no date.
type Date struct {
	first, last time.Time // the moments that it can mean
}

// DateIn reads a FHIR date, dateTime or instant; nothing else reads those. One that
// has no time means a day of the hospital's zone, and one that has is told on its
// clock. Text that is no date gives the zero Date.
func DateIn(s string, zone *time.Location) Date {
	if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return Date{at.In(zone), at.In(zone)}
	}
	for _, precision := range []struct {
		layout              string
		years, months, days int
	}{{"2006-01-02", 0, 0, 1}, {"2006-01", 0, 1, 0}, {"2006", 1, 0, 0}} {
		if first, err := time.ParseInLocation(precision.layout, s, zone); err == nil {
			return Date{first, first.AddDate(precision.years, precision.months, precision.days).Add(-time.Nanosecond)}
		}
	}
	return Date{}
}

// ParseDate reads a date where the zone is of no account.
func ParseDate(s string) Date { return DateIn(s, time.UTC) }

// First is the first moment that the date allows; zero: there is no date.
func (d Date) First() time.Time { return d.first }

// Last is the last moment that the date allows; zero: there is no date.
func (d Date) Last() time.Time { return d.last }

// Known tells whether there is a date at all.
func (d Date) Known() bool { return !d.first.IsZero() }

// Age is how many whole years old somebody born on d is at a time: at least
// youngest, at most oldest. Without a date it is 0 to MaxAge.
func (d Date) Age(at time.Time) (youngest, oldest int) {
	if !d.Known() {
		return 0, MaxAge
	}
	at = at.In(d.first.Location()) // a birthday begins at the hospital's midnight
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
	case d.first.Format(time.DateOnly) == d.last.Format(time.DateOnly):
		return d.first.Format(time.DateOnly)
	}
	return fmt.Sprintf("%s to %s", d.first.Format(time.DateOnly), d.last.Format(time.DateOnly))
}
