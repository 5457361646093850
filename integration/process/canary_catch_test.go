package process

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// catch keeps all that came out of tilsyn, by where it came out.
type catch struct {
	names []string
	outs  map[string]*buffer
}

func newCatch() *catch { return &catch{outs: map[string]*buffer{}} }

func (c *catch) of(name string) *buffer {
	if c.outs[name] == nil {
		c.names = append(c.names, name)
		c.outs[name] = &buffer{}
	}
	return c.outs[name]
}

// forms are those in which a marker may come out: as it is, encoded, or a word of it.
var forms = sync.OnceValue(func() (forms []string) {
	for _, m := range markers() {
		q := strconv.Quote(m)
		all := append([]string{m, url.QueryEscape(m), url.PathEscape(m), q[1 : len(q)-1], letters(m)},
			strings.FieldsFunc(m, func(r rune) bool { return !strings.ContainsRune(letters(m), r) })...)
		for _, form := range all {
			if form = strings.ToLower(form); len(form) >= 4 && !slices.Contains(forms, form) {
				forms = append(forms, form)
			}
		}
	}
	return forms
})

// mayHold is quick, as there are millions of lines.
func mayHold(line string) bool {
	line = strings.ToLower(line)
	return slices.ContainsFunc(forms(), func(form string) bool { return strings.Contains(line, form) })
}

func traces() *regexp.Regexp {
	var any []string
	for _, form := range forms() {
		any = append(any, regexp.QuoteMeta(form))
	}
	return regexp.MustCompile("(?i)" + strings.Join(any, "|"))
}

// slips are the lines that let a marker out, each kind once, with how often.
func (c *catch) slips() map[string]int {
	found := map[string]int{}
	trace, numbers := traces(), regexp.MustCompile(`\d+`)
	for _, name := range c.names {
		for line := range strings.SplitSeq(c.outs[name].String(), "\n") {
			if !mayHold(line) {
				continue
			}
			if at := trace.FindStringIndex(line); at != nil {
				around := trace.ReplaceAllString(line[max(0, at[0]-200):min(len(line), at[1]+60)], "MARK")
				found[name+": "+numbers.ReplaceAllString(around, "#")]++
			}
		}
	}
	return found
}

func (c *catch) judge(t *testing.T) {
	t.Helper()
	slips, all := c.slips(), 0
	kinds := slices.SortedFunc(maps.Keys(slips), func(a, b string) int { return slips[b] - slips[a] })
	for n, kind := range kinds {
		all += slips[kind]
		if n < 60 {
			t.Errorf("%d times %s", slips[kind], kind)
		}
	}
	if all > 0 {
		t.Errorf("%d slips of %d kinds", all, len(kinds))
	}
}

// answer is a code of an answer, or a score beside the word.
var answer = regexp.MustCompile(`\bLA\d{4,5}-\d\b|(?i)(score|points)[a-z" ]*[:=]?[" ]*\d|\d+ (of 12|points)`)

// scores are the lines that tell an answer or a score. score is there for that;
// report counts screenings; the demo and check-config know no patient.
func (c *catch) scores() (lines []string) {
	for _, name := range c.names {
		if strings.HasPrefix(name, "score") || name == "report" || name == "demo" || name == "check-config" {
			continue
		}
		for line := range strings.SplitSeq(c.outs[name].String(), "\n") {
			if low := strings.ToLower(line); !strings.Contains(low, "la") && !strings.Contains(low, "score") && !strings.Contains(low, "points") && !strings.Contains(low, "of 12") {
				continue
			}
			if found := answer.FindString(line); found != "" {
				lines = append(lines, name+": "+found+" in "+line[:min(len(line), 300)])
			}
		}
	}
	return lines
}

func (c *catch) judgeScores(t *testing.T) {
	t.Helper()
	for n, line := range c.scores() {
		if n < 20 {
			t.Error(line)
		}
	}
}
