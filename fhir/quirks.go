package fhir

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// quirks are what this server was seen to do differently from what R4 says, and
// what is asked differently for it. They are learnt anew after a start.
type quirks struct {
	mu       sync.Mutex
	literal  bool      // a,b is one value, not two
	most     int       // the largest _count that it takes; 0: any
	refused  int       // batches in a row
	noBatch  time.Time // until when none is sent
	notWhole int       // searches that were not whole
	others   []string  // seen by those who ask
}

// Quirks words what the server was seen to do differently, for people.
func (c *Client) Quirks() []string {
	q := &c.quirks
	q.mu.Lock()
	defer q.mu.Unlock()
	seen := slices.Clone(q.others)
	if q.literal {
		seen = append(seen, "it takes a comma between values literally: each value is asked for by itself")
	}
	if q.most > 0 {
		seen = append(seen, fmt.Sprintf("it refuses large pages: %d are asked for at once", q.most))
	}
	if q.most < 0 {
		seen = append(seen, "it refuses every page size: none is asked for")
	}
	if time.Now().Before(q.noBatch) {
		seen = append(seen, "it refuses batches: searches are sent one by one")
	}
	return seen
}

// Saw notes what else the server was seen to do differently.
func (c *Client) Saw(quirk string) {
	c.quirks.mu.Lock()
	defer c.quirks.mu.Unlock()
	c.quirks.saw(quirk)
}

func (q *quirks) saw(quirk string) {
	if !slices.Contains(q.others, quirk) && len(q.others) < maxQuirks {
		q.others = append(q.others, quirk)
	}
}

// maxQuirks bounds what is kept to show.
const maxQuirks = 30

// NotWhole counts the searches of which the server said that there was more.
func (c *Client) NotWhole() int {
	c.quirks.mu.Lock()
	defer c.quirks.mu.Unlock()
	return c.quirks.notWhole
}

// TakeCommasLiterally makes every search with a,b two searches: the server was
// seen to look for the value "a,b" (DSF does), which finds nothing and is no error.
func (c *Client) TakeCommasLiterally() {
	c.quirks.mu.Lock()
	defer c.quirks.mu.Unlock()
	c.quirks.literal = true
}

// doubt counts a search that is not whole.
func (q *quirks) doubt(e *NotWhole) error {
	if e.nothing() {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.notWhole++
	if e.Missing > 0 {
		q.saw(e.Op + ": it counts more matches than its pages hold")
	}
	if len(e.Codes) > 0 {
		q.saw((&NotWhole{Op: e.Op, Codes: e.Codes}).Error())
	}
	return e
}

// spell writes a search as this server understands it.
func (q *quirks) spell(query string) []string {
	q.mu.Lock()
	literal, most := q.literal, q.most
	q.mu.Unlock()
	if most != 0 {
		query = withCount(query, most)
	}
	if !literal {
		return []string{query}
	}
	return eachValue(query)
}

// lists are the parameters whose comma is no "or".
var lists = []string{"_elements", "_sort", "_include", "_revinclude", "_fields"}

// eachValue asks for each value of a,b by itself.
func eachValue(query string) []string {
	typ, parameters, _ := strings.Cut(query, "?")
	all := []string{typ}
	for i, parameter := range strings.Split(parameters, "&") {
		name, value, _ := strings.Cut(parameter, "=")
		values := []string{value}
		if !slices.Contains(lists, name) {
			values = strings.Split(strings.ReplaceAll(value, "%2C", ","), ",")
		}
		sep := "&"
		if i == 0 {
			sep = "?"
		}
		var longer []string
		for _, so := range all {
			for _, v := range values {
				longer = append(longer, so+sep+name+"="+v)
			}
		}
		all = longer
	}
	return all
}

var countPattern = regexp.MustCompile(`([?&])_count=(\d+)(&?)`)

// countOf is the page size that a path asks for; 0: none.
func countOf(path string) int {
	m := countPattern.FindStringSubmatch(path)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[2])
	return n
}

// withCount asks for at most so many a page; below 0 for no size at all.
func withCount(path string, most int) string {
	switch n := countOf(path); {
	case n == 0 || most > 0 && n <= most:
		return path
	case most < 0:
		return strings.TrimRight(countPattern.ReplaceAllString(path, "$1"), "?&")
	}
	return countPattern.ReplaceAllString(path, "${1}_count="+strconv.Itoa(most)+"$3")
}

// smallerCounts are tried where a page size is refused: Canvas takes 100 at
// most. The last asks for none.
var smallerCounts = []int{100, 50, 20, -1}

// smaller asks for smaller pages where the size may be what was refused, and
// remembers what was taken. Else the first answer stands.
func (q *quirks) smaller(path string, page Resource, err error, ask func(path string) (Resource, error)) (Resource, error) {
	asked := countOf(path)
	if asked == 0 || !refusesSize(err) {
		return page, err
	}
	for _, n := range smallerCounts {
		if n >= asked {
			continue
		}
		if page, again := ask(withCount(path, n)); again == nil {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.most = n
			return page, nil
		}
	}
	return page, err
}

func refusesSize(err error) bool {
	switch Status(err) {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

const (
	// manyRefused batches in a row, whose searches were taken one by one, are no
	// accident of one admission.
	manyRefused = 3
	// batchRest is how long none is sent then.
	batchRest = time.Hour
)

func (q *quirks) batches() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !time.Now().Before(q.noBatch)
}

func (q *quirks) tookBatch() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refused = 0
}

func (q *quirks) refusedBatch() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.refused++; q.refused >= manyRefused {
		q.noBatch = time.Now().Add(batchRest)
	}
}
