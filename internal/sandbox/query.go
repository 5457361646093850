package sandbox

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// HAPI's page sizes in the set-up that we compare with.
const (
	defaultPage = 20
	maxPage     = 1000
)

// query is a search that has been understood.
type query struct {
	kind      *kind
	filters   []filter
	sort      []sortKey
	includes  []include
	count     int
	onlyCount bool // _summary=count or _count=0: the total and nothing else
	total     bool // _total=accurate
	self      string
}

// queryParser turns the parameters of one search into a query.
type queryParser struct {
	catalogue catalogue
	query     *query
	window    *window
}

// parseQuery understands a search of one type. A parameter that it does not know is refused with its name, as on HAPI.
func (c catalogue) parseQuery(k *kind, values url.Values) (*query, error) {
	p := &queryParser{catalogue: c, query: &query{kind: k, count: defaultPage, self: values.Encode()}}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			if value == "" {
				continue
			}
			if err := p.parameter(name, value); err != nil {
				return nil, err
			}
		}
	}
	return p.query, nil
}

// parseMatch understands a condition such as "Patient?identifier=x" or, with a kind, just its query.
func (c catalogue) parseMatch(k *kind, rawQuery string) (*query, error) {
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "Invalid search parameters %q: %v", clip(rawQuery), err)
	}
	q, err := c.parseQuery(k, values)
	if err != nil {
		return nil, err
	}
	if len(q.filters) == 0 {
		return nil, refuse(http.StatusBadRequest, "Invalid match URL %q: URL has no search parameters", clip(k.name+"?"+rawQuery))
	}
	return q, nil
}

func (p *queryParser) parameter(name, value string) error {
	switch name {
	case "_format", "_pretty", "_elements":
		return nil
	case "_count":
		return p.countOf(value)
	case "_summary":
		p.query.onlyCount = p.query.onlyCount || value == "count"
		return nil
	case "_total":
		p.query.total = value == "accurate"
		return nil
	case "_sort":
		return p.sortBy(value)
	case "_include", "_include:iterate", "_include:recurse", "_revinclude", "_revinclude:iterate", "_revinclude:recurse":
		return p.include(name, value)
	case "_id":
		p.add(idFilter(splitValues(value)))
		return nil
	case "_lastUpdated":
		return p.lastUpdated(value)
	}
	return p.search(name, value)
}

func (p *queryParser) add(f filter) { p.query.filters = append(p.query.filters, f) }

func (p *queryParser) countOf(value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return refuse(http.StatusBadRequest, "Invalid _count value: %q", clip(value))
	}
	p.query.count = min(n, maxPage)
	p.query.onlyCount = p.query.onlyCount || n == 0
	return nil
}

// lastUpdated narrows one window: the parameter may be repeated.
func (p *queryParser) lastUpdated(value string) error {
	test, ok := parseDateTest(value)
	if ok && p.window == nil {
		p.window = &window{from: longAgo, to: farAhead}
		p.add(p.window)
	}
	if !ok || !p.window.narrow(test) {
		return refuse(http.StatusBadRequest, "Invalid _lastUpdated value: %q", clip(value))
	}
	return nil
}

// search handles every parameter of the type's own.
func (p *queryParser) search(full, value string) error {
	name, modifier, _ := strings.Cut(full, ":")
	k := p.query.kind
	found := k.param(name)
	if found == nil {
		if plain, _, chained := strings.Cut(name, "."); chained && k.param(plain) != nil {
			return refuse(http.StatusBadRequest, "Chained search parameter %q is not supported on this server", clip(full))
		}
		return refuse(http.StatusBadRequest, "Unknown search parameter %q for resource type %q. Valid search parameters for this search are: [%s]",
			clip(name), k.name, strings.Join(k.searchNames(), ", "))
	}
	f, err := p.filter(found, modifier, splitValues(value))
	if err != nil {
		return err
	}
	p.add(f)
	return nil
}

func (p *queryParser) sortBy(value string) error {
	for name := range strings.SplitSeq(value, ",") {
		name, descending := strings.CutPrefix(name, "-")
		by := p.query.kind.param(name)
		if by == nil && name != "_id" && name != "_lastUpdated" {
			return refuse(http.StatusBadRequest, "Unknown _sort parameter value %q for resource type %q", clip(name), p.query.kind.name)
		}
		p.query.sort = append(p.query.sort, sortKey{name, by, descending})
	}
	return nil
}

// splitValues splits at commas that are not escaped: the alternatives of one parameter.
func splitValues(value string) []string { return splitEscaped(value, ',') }

// splitEscaped splits at sep unless a backslash stands before it. Escapes stay, for unescape.
func splitEscaped(s string, sep byte) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// unescape takes the backslashes away that FHIR puts before , | $ and \ in search values.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return strings.NewReplacer(`\,`, `,`, `\|`, `|`, `\$`, `$`, `\\`, `\`).Replace(s)
}
