package sandbox

import (
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// span is the stretch of time that a FHIR date means: 2024-05 is all of May. It includes from and excludes to.
type span struct{ from, to time.Time }

// The ends of an open Period.
var (
	longAgo  = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	farAhead = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
)

// parseDate reads a FHIR date, dateTime or instant. Without an offset it is UTC.
func parseDate(s string) (span, bool) {
	for _, f := range []struct {
		layout string
		until  func(time.Time) time.Time
	}{
		{"2006", func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
		{"2006-01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
		{"2006-01-02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
		{"2006-01-02T15:04", func(t time.Time) time.Time { return t.Add(time.Minute) }},
		{"2006-01-02T15:04Z07:00", func(t time.Time) time.Time { return t.Add(time.Minute) }},
		{"2006-01-02T15:04:05", secondOrLess(s)},
		{"2006-01-02T15:04:05Z07:00", secondOrLess(s)},
	} {
		if t, err := time.Parse(f.layout, s); err == nil {
			return span{t.UTC(), f.until(t).UTC()}, true
		}
	}
	return span{}, false
}

// secondOrLess is the precision of a time with seconds: with a fraction it is a millisecond.
func secondOrLess(s string) func(time.Time) time.Time {
	if strings.Contains(s, ".") {
		return func(t time.Time) time.Time { return t.Add(time.Millisecond) }
	}
	return func(t time.Time) time.Time { return t.Add(time.Second) }
}

// spanOf reads a date element: a primitive, a Period, or the events of a Timing.
func spanOf(v gjson.Result) (span, bool) {
	if v.Type == gjson.String {
		return parseDate(v.Str)
	}
	if events := v.Get("event"); events.IsArray() {
		return spanOfEvents(events.Array())
	}
	if bounds := v.Get("repeat.boundsPeriod"); bounds.Exists() {
		v = bounds
	}
	start, hasStart := parseDate(v.Get("start").String())
	end, hasEnd := parseDate(v.Get("end").String())
	s := span{longAgo, farAhead}
	if hasStart {
		s.from = start.from
	}
	if hasEnd {
		s.to = end.to
	}
	return s, hasStart || hasEnd
}

func spanOfEvents(events []gjson.Result) (span, bool) {
	all, any := span{farAhead, longAgo}, false
	for _, e := range events {
		if s, ok := parseDate(e.String()); ok {
			any = true
			if s.from.Before(all.from) {
				all.from = s.from
			}
			if s.to.After(all.to) {
				all.to = s.to
			}
		}
	}
	return all, any
}

// dateTest is one value of a date search: a prefix such as ge, and a span.
type dateTest struct {
	prefix string
	span   span
}

func parseDateTest(value string) (dateTest, bool) {
	prefix := "eq"
	if len(value) > 2 && value[0] >= 'a' {
		prefix, value = value[:2], value[2:]
	}
	if !strings.Contains(" eq ne gt ge lt le sa eb ap ", " "+prefix+" ") {
		return dateTest{}, false
	}
	s, ok := parseDate(value)
	return dateTest{prefix, s}, ok
}

// holds compares as HAPI does: on the low and the high end of what the resource says.
func (d dateTest) holds(s span) bool {
	switch d.prefix {
	case "ne":
		return s.from.Before(d.span.from) || s.to.After(d.span.to)
	case "gt":
		return s.to.After(d.span.to)
	case "ge":
		return s.to.After(d.span.from)
	case "lt":
		return s.from.Before(d.span.from)
	case "le":
		return s.from.Before(d.span.to)
	case "sa":
		return !s.from.Before(d.span.to)
	case "eb":
		return !s.to.After(d.span.from)
	case "ap":
		return s.from.Before(d.span.to) && s.to.After(d.span.from)
	default:
		return !s.from.Before(d.span.from) && !s.to.After(d.span.to)
	}
}
