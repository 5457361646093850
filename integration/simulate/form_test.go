package simulate_test

import (
	"fmt"
	"net/url"
	"strings"
)

// form is an instrument as the hospital's people and the checker know it.
type form struct {
	name      string // as identifiers have it; AUDIT-C's say nothing
	title     string
	score     string // its LOINC code
	canonical string
	urgent    int // from so many points
	limits    func(*stay) (consult, advice int)

	offered [][]string // the codings of each item's answers, by their points
	spared  func(points []int, item int) bool
	points  func(*stay) []int // how patients answer

	partly       [3][]int // what is answered where some answers are missing
	plain        []int    // all answered, and little drunk
	worse, worst []int
}

var auditC = &form{title: "AUDIT-C", score: "75626-2", canonical: "https://tilsyn.org/fhir/Questionnaire/audit-c|1.2.0-nb",
	urgent: 8, limits: auditCLimits, offered: auditCItems(), points: auditCPoints,
	spared: func(points []int, item int) bool { return item > 0 && points[0] == 0 },
	partly: [3][]int{{2, 1}, {4, 4}, {3, 2}}, plain: []int{2, 1, 1}, worse: []int{2, 2, 2}, worst: []int{4, 4, 4}}

func auditCLimits(s *stay) (consult, advice int) {
	consult, advice = 4, 3
	if s.sex == "male" {
		consult, advice = 5, 4
	}
	if s.pregnant {
		advice = 1
	}
	return consult, advice
}

// auditCPoints: a quarter never drinks, one in five too much.
func auditCPoints(s *stay) []int {
	switch c := s.chance; {
	case c.happens(0.25):
		return []int{0}
	case c.happens(0.25):
		return []int{3 + c.IntN(2), 1 + c.IntN(4), 1 + c.IntN(4)}
	case c.happens(0.08): // a glass a day
		return []int{4, 0, 0}
	}
	return []int{1 + s.chance.IntN(2), s.chance.IntN(2), s.chance.IntN(2)}
}

// auditCItems are the answers of AUDIT-C's items by their points (LOINC 72109-2).
func auditCItems() (items [][]string) {
	for _, codes := range [][]string{
		{"LA6270-8", "LA18926-8", "LA18927-6", "LA18928-4", "LA18929-2"},
		{"LA15694-5", "LA15695-2", "LA18930-0", "LA18931-8", "LA18932-6"},
		{"LA6270-8", "LA18933-4", "LA18876-5", "LA18891-4", "LA18934-2"},
	} {
		var item []string
		for _, code := range codes {
			item = append(item, fmt.Sprintf(`{"system":"http://loinc.org","code":%q}`, code))
		}
		items = append(items, item)
	}
	return items
}

// unanswered stands for the points of an item that was left out.
const unanswered = -1

// auditLimits are those of the policy that asks AUDIT: Babor's, for everybody.
const auditAdvice, auditConsult, auditUrgent = 8, 16, 20

// audit is AUDIT, by what stands on the server: what each answer counts is read there.
func (h *hospital) audit() *form {
	f := &form{name: "audit", title: "AUDIT", score: "75624-7", urgent: auditUrgent, points: auditPoints, spared: auditSpares,
		limits: func(*stay) (int, int) { return auditConsult, auditAdvice },
		partly: [3][]int{{2, 1, 1}, {4, 4, 4, 4, 4}, {4, 4, 4, 4}}, plain: []int{2, 1, 1, 0, 0, 0, 0, 0, 0, 0},
		worse: []int{3, 2, 2, 2, 1, 1, 1, 1, 2, 2}, worst: []int{4, 4, 4, 4, 4, 4, 4, 4, 4, 4}}
	const at = "https://tilsyn.org/fhir/Questionnaire/audit"
	for _, q := range h.ehr.search("Questionnaire?url=" + url.QueryEscape(at)) {
		f.canonical = at + "|" + q.Get("version").Str
		for _, item := range q.Get(`item.#(type=="choice")#`).Array() {
			if byPoints := make([]string, 5); item.Get("linkId").Str != "consult-offer" {
				for _, o := range item.Get("answerOption").Array() {
					byPoints[o.Get("extension.0.valueDecimal").Int()] = o.Get("valueCoding").Raw
				}
				f.offered = append(f.offered, byPoints)
			}
		}
	}
	return f
}

// auditSpares (Babor 2001): who never drinks is asked 9 and 10 next, and so is who has no
// points in 2 and 3.
func auditSpares(points []int, item int) bool {
	never := points[0] == 0
	little := len(points) > 2 && points[1] == 0 && points[2] == 0
	return never && item > 0 && item < 8 || little && item > 2 && item < 8
}

// auditPoints: a quarter never drinks, some of them since it went wrong; one in four has
// trouble with it. Who has said how much she drinks mostly says so again.
func auditPoints(s *stay) []int {
	none, much := unanswered, s.about(auditC).asks() > 0
	switch c := s.chance; {
	case much && c.happens(0.7):
		return []int{4, 2 + c.IntN(3), 2 + c.IntN(3), 1 + c.IntN(3), c.IntN(4), c.IntN(4), 1, 1, 2 * c.IntN(3), 4}
	case c.happens(0.25):
		return []int{0, none, none, none, none, none, none, none, 2 * c.IntN(2), pick(c, weighted[int]{3, 0}, weighted[int]{1, 2}, weighted[int]{1, 4})}
	case c.happens(0.3):
		return []int{1 + c.IntN(4), 0, 0, none, none, none, none, none, 2 * c.IntN(3), 0}
	}
	c := s.chance
	all, most := []int{2 + c.IntN(3), 1 + c.IntN(3), 1 + c.IntN(3)}, 1+c.IntN(4)
	for range 5 {
		all = append(all, c.IntN(most))
	}
	return append(all, 2*c.IntN(3), 2*c.IntN(3))
}

// sum adds the points up as a person would, and tells whether nothing is missing. What
// need not be known counts nothing.
func (f *form) sum(points []int) (sum int, complete bool) {
	complete = len(points) > 0
	for i := range f.offered {
		switch {
		case len(points) == 0 || f.spared(points, i):
		case i >= len(points) || points[i] == unanswered:
			complete = false
		default:
			sum += points[i]
		}
	}
	return sum, complete
}

// offers tells that the form asks whether she wants to see the team.
func (f *form) offers(points []int) bool {
	_, complete := f.sum(points)
	return complete && points[0] > 0
}

// items are answers with so many points, as a form sends them.
func (f *form) items(points []int) string {
	var list []string
	for i, p := range points {
		if p != unanswered {
			list = append(list, fmt.Sprintf(`{"linkId":"%d","answer":[{"valueCoding":%s}]}`, i+1, f.offered[i][p]))
		}
	}
	return "[" + strings.Join(list, ",") + "]"
}

// purpose is how identifiers name what is this instrument's own.
func (f *form) purpose(kind string) string {
	if f.name == "" {
		return kind
	}
	return kind + "-" + f.name
}

// form is the one that was answered.
func (a *answer) form() *form {
	if a.of == nil {
		return auditC
	}
	return a.of
}
