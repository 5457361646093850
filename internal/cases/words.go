package cases

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/internal/hospital"
)

// This file is the vocabulary: what may be said, and nothing else.

// saying is one thing that may be said, with blanks such as <ward>.
type saying[T any] struct {
	words   string
	means   T
	pattern *regexp.Regexp
}

// vocabulary is all that may be said in one place.
type vocabulary[T any] []saying[T]

// say adds a saying.
func (v *vocabulary[T]) say(words string, means T) {
	*v = append(*v, saying[T]{words, means, pattern(words)})
}

// find gives what a phrase means, and what stands in its blanks.
func (v vocabulary[T]) find(phrase string) (means T, blanks []string, err error) {
	for _, s := range v {
		if m := s.pattern.FindStringSubmatch(phrase); m != nil {
			return s.means, m[1:], nil
		}
	}
	return means, nil, fmt.Errorf("%q is not among what can be said here:\n%s", phrase, v)
}

// list gives the sayings as they are written.
func (v vocabulary[T]) list() (all []string) {
	for _, s := range v {
		all = append(all, s.words)
	}
	return all
}

func (v vocabulary[T]) String() string {
	all := "  " + strings.Join(v.list(), "\n  ")
	for _, b := range allBlanks() {
		if strings.Contains(all, b.name) {
			all += "\nwhere " + b.name + " is " + b.say
		}
	}
	return all
}

type blank struct{ name, say, pattern string }

// oneOf is a blank that only these words fit.
func oneOf(name string, words ...string) blank {
	return blank{name, strings.Join(words, ", "), strings.Join(words, "|")}
}

// allBlanks is a function so that the vocabularies, which are made when the package
// is, find it made.
func allBlanks() []blank {
	return []blank{
		{"<time>", "such as 30m, 4h, 2d or 1d12h", `(?:\d+[dhm])+`},
		{"<date>", "such as 1980, 1980-05 or 1980-05-13; now is 2026-11-22, noon", `\d{4}(?:-\d\d){0,2}`},
		{"<years>", "a number of whole years", `\d{1,3}`},
		{"<points>", "of questions 1, 2 and 3, each 0 to 4, or odd for an answer that the form does not offer; fewer leave the rest open", `(?:[0-4]|odd)(?: (?:[0-4]|odd)){0,2}`},
		oneOf("<question>", "1", "2", "3"),
		oneOf("<reason>", "declined", "unknown", "not asked", "masked", "temp unknown"),
		{"<score>", "0 to 12", `\d{1,2}`},
		oneOf("<instrument>", instruments...),
		oneOf("<titles>", "AUDIT-C", "AUDIT", "AUDIT-C and AUDIT"),
		{"<more points>", "of the questions of another instrument, in order, as <points>", `(?:[0-4]|odd)(?: (?:[0-4]|odd)){0,9}`},
		{"<number>", "of a question of another instrument", `\d{1,2}`},
		oneOf("<how many>", "two", "three", "four"),
		oneOf("<which>", "first", "second"),
		oneOf("<thing>", "task", "form", "score", "consult", "team task", "advice task", "reply"),
		oneOf("<what>", "task", "form", "score", "consult", "team task", "advice", "reply"),
		oneOf("<work>", "task", "consult", "team task", "advice", "reply"),
		oneOf("<ward>", "ward A", "ward B", "ward C"),
		oneOf("<whom>", "woman", "man", "other", "person"),
		oneOf("<class>", "inpatient", "acute", "non-acute", "outpatient", "emergency", "day case", "home visit"),
		oneOf("<stay>", "planned", "arrived", "triaged", "in progress", "on leave", "finished", "cancelled", "entered in error", "unknown"),
		oneOf("<task>", "requested", "received", "accepted", "ready", "in progress", "on hold", "completed", "cancelled", "rejected", "failed", "entered in error"),
		oneOf("<order>", "active", "on hold", "completed", "revoked", "entered in error"),
		oneOf("<clinical>", "active", "recurrence", "relapse", "inactive", "remission", "resolved"),
		oneOf("<verified>", "unconfirmed", "provisional", "differential", "confirmed", "refuted", "entered in error"),
		oneOf("<intent>", "proposal", "plan", "option", "filler order"),
		oneOf("<form>", "in progress", "completed", "amended", "stopped", "entered in error"),
		oneOf("<result>", "final", "amended", "entered in error"),
		oneOf("<tier>", "none", "advice", "consult", "urgent"),
		oneOf("<priority>", "routine", "urgent", "asap", "stat"),
		oneOf("<certain>", "preliminary", "cancelled", "entered in error"),
		oneOf("<kept>", "output", "identifier", "business status", "reason"),
		oneOf("<wish>", "wants", "does not want", "was not asked about"),
		oneOf("<label>", "unrestricted", "low", "moderate", "normal", "restricted", "very restricted"),
		oneOf("<code>", "intoxicated", "delirious", "too ill", "no common language", "no privacy", "away", "dementia", "interpreter needed", "unanswered", "scored", "screened", "incomplete", "invalid", "wrong patient",
			"declined", "put away", "unable", "pregnant", "corrected", "withdrawn", "order ended", "offer declined", "screened before", "patient changed", "discharged",
			"admission cancelled", "deceased", "taken up", "reopened", "of a later release"),
		{"<words>", "what it says", `.+`},
	}
}

// pattern makes of <ward> what fits there.
func pattern(words string) *regexp.Regexp {
	text := regexp.QuoteMeta(words)
	for _, b := range allBlanks() {
		text = strings.ReplaceAll(text, b.name, "("+b.pattern+")")
	}
	return regexp.MustCompile("^" + text + "$")
}

// coded is a code as FHIR writes it: in-progress for in progress.
func coded(words string) string {
	switch words {
	case "on leave":
		return "onleave"
	}
	return strings.ReplaceAll(words, " ", "-")
}

// worded is the reverse.
func worded(code string) string { return strings.ReplaceAll(code, "-", " ") }

var classes = map[string]string{
	"inpatient": "IMP", "acute": "ACUTE", "non-acute": "NONAC", "outpatient": "AMB", "emergency": "EMER", "day case": "SS", "home visit": "HH",
}

var labels = map[string]string{
	"unrestricted": "U", "low": "L", "moderate": "M", "normal": "N", "restricted": "R", "very restricted": "V",
}

// labelOf is the reverse of labels.
func labelOf(code string) string {
	for words, c := range labels {
		if c == code {
			return words
		}
	}
	return code
}

// duration reads 1d12h.
func duration(words string) (d time.Duration) {
	units := map[byte]time.Duration{'d': 24 * time.Hour, 'h': time.Hour, 'm': time.Minute}
	for _, part := range regexp.MustCompile(`\d+[dhm]`).FindAllString(words, -1) {
		n, _ := strconv.Atoi(part[:len(part)-1])
		d += time.Duration(n) * units[part[len(part)-1]]
	}
	return d
}

// span writes a duration so: 1d12h.
func span(d time.Duration) string {
	var b strings.Builder
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if n := d / u.unit; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d -= n * u.unit
		}
	}
	return b.String()
}

// points reads 2 1 odd.
func points(words string) (list []int) {
	for _, word := range strings.Fields(words) {
		n, err := strconv.Atoi(word)
		if err != nil {
			n = hospital.NoAnswer
		}
		list = append(list, n)
	}
	return list
}

// wardOf is the ward that a letter names.
func wardOf(h *hospital.Hospital, words string) hospital.Ward {
	return h.Wards[slices.Index([]string{"ward A", "ward B", "ward C"}, words)]
}
