package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
)

// clockLimit is from where a clock is worth a remark.
const clockLimit = 30 * time.Second

// Look only reads: what the server states, and whether it answers every search
// of tilsyn's in the types that are asked for: a server lets nobody read the
// others. With audit, AuditEvents are to be written. An error is a server that does
// not answer.
func Look(ctx context.Context, c *fhir.Client, asked func(typ string) bool, audit bool) ([]Finding, error) {
	caps, err := c.Capabilities(ctx)
	if err != nil {
		return nil, err
	}
	var found []Finding
	Add(&found, levelIf(!strings.HasPrefix(caps.FHIR, "4.0."), Unsafe), "FHIR version",
		"tilsyn speaks R4, which is 4.0.1", "%s, software %s", orUnknown(caps.FHIR), orUnknown(caps.Software))
	off := caps.Ahead.Abs()
	Add(&found, levelIf(off > clockLimit, Note), "clock",
		"due times and reminders follow this machine's clock; set both by NTP", "%s from this machine's", off)
	lacks := Lacks(caps, audit)
	Add(&found, levelIf(len(lacks) > 0, Note), "capability statement",
		"statements may be wrong; `tilsyn doctor --write` tries", "does not state: %s", orNone(strings.Join(lacks, "; ")))
	if err := links(ctx, c, &found); err != nil {
		return found, err
	}
	return found, searches(ctx, c, caps, asked, &found)
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

func orNone(s string) string {
	if s == "" {
		return "nothing is missing"
	}
	return s
}

// AnyPage is a search whose page shows how the server writes its own address;
// what it finds is on every server that is set up.
const AnyPage = "Questionnaire?_count=1"

// Strays words what Client.Elsewhere found.
const Strays = "pages beyond the first and absolute references are refused; set fhir.base_url to the server's own address, which stands in the links of any search, or mend that"

func links(ctx context.Context, c *fhir.Client, found *[]Finding) error {
	elsewhere, err := c.Elsewhere(ctx, AnyPage)
	switch {
	case fhir.IsRefused(err):
		Add(found, Unsafe, "links", "the form cannot be found", "%v", err)
		return nil
	case err != nil:
		return err
	case len(elsewhere) > 0:
		Add(found, Unsafe, "links", Strays, "the server calls itself %s", strings.Join(elsewhere, ", "))
		return nil
	}
	Add(found, Fine, "links", "", "under fhir.base_url")
	return nil
}

// searched are the search parameters that tilsyn relies on, each with a value
// that finds nothing.
var searched = []struct{ typ, queries string }{
	{"Encounter", "_id=tilsyn-doctor&class=tilsyn-doctor&status=tilsyn-doctor&date=lt1800-01-01&patient=tilsyn-doctor&_lastUpdated=ge2999-01-01"},
	{"Task", "identifier=" + token + "&business-status=" + token + "&code=" + token + "&status=tilsyn-doctor&patient=tilsyn-doctor&_lastUpdated=ge2999-01-01"},
	{"QuestionnaireResponse", "identifier=" + token + "&encounter=tilsyn-doctor&status=tilsyn-doctor&_lastUpdated=ge2999-01-01"},
	{"ServiceRequest", "_id=tilsyn-doctor&patient=tilsyn-doctor&code=" + token + "&_lastUpdated=ge2999-01-01"},
	{"Patient", "_lastUpdated=ge2999-01-01"},
	{"Condition", "patient=tilsyn-doctor&code=" + token + "&clinical-status=" + token},
	{"Flag", "patient=tilsyn-doctor"},
	{"Questionnaire", "url=" + System + "&version=tilsyn-doctor"},
	{"CodeSystem", "url=" + System + "&version=tilsyn-doctor"},
	{"Device", "identifier=" + token},
}

// token is a code or an identifier that nothing has.
const token = System + "%7Cnothing"

// includes load an admission with what belongs to it.
const includes = "_id=tilsyn-doctor&_include=Encounter:subject&_include=Encounter:part-of"

func searches(ctx context.Context, c *fhir.Client, caps fhir.Capabilities, asked func(typ string) bool, found *[]Finding) error {
	for _, s := range searched {
		if !asked(s.typ) {
			continue
		}
		var refused, ignored []string
		for _, parameter := range strings.Split(s.queries, "&") {
			name, _, _ := strings.Cut(parameter, "=")
			hits, err := finds(ctx, c, s.typ+"?"+parameter+"&_count=1")
			switch {
			case fhir.IsRefused(err) || fhir.IsGone(err):
				refused = append(refused, name)
			case err != nil:
				return err
			case hits:
				ignored = append(ignored, name)
			}
		}
		addSearch(found, "search "+s.typ, refused, ignored)
	}
	query := includes
	if caps.RevIncludes["Task:encounter"] && caps.RevIncludes["QuestionnaireResponse:encounter"] {
		query += "&_revinclude=Task:encounter&_revinclude=QuestionnaireResponse:encounter"
	}
	_, err := finds(ctx, c, "Encounter?"+query)
	if err != nil && !fhir.IsRefused(err) {
		return err
	}
	Add(found, levelIf(err != nil, Unsafe), "load an admission", "no admission can be looked at", "%s", orError(err))
	return nil
}

func addSearch(found *[]Finding, what string, refused, ignored []string) {
	switch {
	case len(refused) > 0:
		Add(found, Unsafe, what, "tilsyn asks for these, and its looks will fail", "refused: %s", strings.Join(refused, ", "))
	case len(ignored) > 0:
		Add(found, Note, what, "tilsyn checks what it is given, but reads far more than it needs", "ignored: %s", strings.Join(ignored, ", "))
	default:
		Add(found, Fine, what, "", "every parameter answers")
	}
}

func orError(err error) string {
	if err == nil {
		return "answers"
	}
	return fmt.Sprint(err)
}

var errHit = errors.New("found something")

// finds tells whether a search finds anything of its type.
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
