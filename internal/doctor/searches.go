package doctor

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/tilsyn/tilsyn/fhir"
)

// Nobody is an id that nothing has.
const Nobody = "tilsyn-doctor"

// token is a code or an identifier that nothing has.
const token = System + "%7Cnothing"

// never are values of search parameters that find nothing. What is not here bounds
// no search.
var never = map[string]string{
	"_id": Nobody, "_lastUpdated": "ge2999-01-01", "date": "lt1800-01-01", "identifier": token, "code": token, "class": token,
	"business-status": token, "clinical-status": token, "status": Nobody, "patient": Nobody, "encounter": Nobody, "url": System, "version": Nobody,
}

// answers are what became of the searches in one type.
type answers struct {
	refused, ignored map[string]bool
	notWhole         error
}

// searches sends each search as serve does, and each of its parameters alone with
// a value that finds nothing.
func (l *reading) searches(ctx context.Context) error {
	types := map[string]*answers{}
	tried := map[string]bool{}
	for _, query := range l.plan.Searches {
		typ, parameters, _ := strings.Cut(query, "?")
		if !l.plan.Reads(typ) {
			continue
		}
		if types[typ] == nil {
			types[typ] = &answers{map[string]bool{}, map[string]bool{}, nil}
		}
		names := namesIn(parameters)
		if err := l.whole(ctx, types[typ], query, names); err != nil {
			return err
		}
		for _, name := range names {
			value, bounds := never[name]
			if !bounds || tried[typ+name] {
				continue
			}
			tried[typ+name] = true
			if err := l.alone(ctx, types[typ], typ, name, value); err != nil {
				return err
			}
		}
	}
	for _, typ := range slices.Sorted(maps.Keys(types)) {
		l.judge(typ, types[typ])
	}
	l.pageSize()
	return nil
}

func namesIn(parameters string) (names []string) {
	for _, p := range strings.Split(parameters, "&") {
		name, _, _ := strings.Cut(p, "=")
		names = append(names, name)
	}
	return names
}

// whole sends a search as serve does.
func (l *reading) whole(ctx context.Context, to *answers, query string, names []string) error {
	hit, err := finds(ctx, l.client, query)
	switch {
	case fhir.IsNotWhole(err):
		to.notWhole = err
	case given(err):
		to.refused[strings.Join(names, " with ")] = true
	case err != nil:
		return err
	case hit && strings.Contains(query, "_lastUpdated=ge2999"):
		to.ignored["_lastUpdated beside others"] = true
	}
	return nil
}

// alone sends one parameter that finds nothing.
func (l *reading) alone(ctx context.Context, to *answers, typ, name, value string) error {
	hit, err := finds(ctx, l.client, typ+"?"+name+"="+value+"&_count=1")
	switch {
	case given(err):
		to.refused[name] = true
	case err != nil && !fhir.IsNotWhole(err):
		return err
	case hit:
		to.ignored[name] = true
	}
	return nil
}

func (l *reading) judge(typ string, a *answers) {
	what := "search " + typ
	refused, ignored := strings.Join(slices.Sorted(maps.Keys(a.refused)), ", "), strings.Join(slices.Sorted(maps.Keys(a.ignored)), ", ")
	switch {
	case refused != "":
		l.add(Unsafe, what, "tilsyn asks for these, and what rests on them is not seen: serve says so, and that intake is not whole", "refused, or failed: %s", refused)
	case ignored != "":
		l.add(Unsafe, what, "the server gives what was not asked for, and reads all of its history for it; tilsyn checks what it is given, and takes nothing from before a poll's window for news", "ignored: %s", ignored)
	case fhir.IsCutShort(a.notWhole):
		l.add(Note, what, "what is not there is not taken for absent; tilsyn asks for its own work by name", "%v", a.notWhole)
	case a.notWhole != nil:
		l.add(Unsafe, what, "a look at a patient fails, and is tried again; the census is not whole", "%v", a.notWhole)
	default:
		l.add(Fine, what, "", "every search and every parameter answers")
	}
}

// pageSize says what the client had to learn on the way.
func (l *reading) pageSize() {
	for _, quirk := range l.client.Quirks() {
		if strings.Contains(quirk, "pages") || strings.Contains(quirk, "page size") {
			l.add(Unsafe, "_count", "the first census after each start is refused once; tilsyn then asks for smaller pages, and remembers", "%s", quirk)
			return
		}
	}
	l.add(Fine, "_count", "", "pages of 200 are given")
}

// finds tells whether the first page of a search holds anything of its type.
func finds(ctx context.Context, c *fhir.Client, query string) (bool, error) {
	typ, _, _ := strings.Cut(query, "?")
	err := c.Each(ctx, query, func(r fhir.Resource) error {
		if r.Type() == typ {
			return errHit
		}
		return nil
	})
	if errors.Is(err, errHit) {
		return true, nil
	}
	return false, err
}
