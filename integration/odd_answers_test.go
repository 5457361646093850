package integration_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/internal/hospital"
)

// Answers to searches that are no searchset, or not quite.
func TestOddAnswersToSearches(t *testing.T) {
	signIn := said{http.StatusOK, http.Header{"Content-Type": {"text/html"}}, []byte("<html><body>Sign in</body></html>")}
	remark := fhirJSON(http.StatusOK, outcome("error", "exception"))
	onOddServers(t, []row{
		{name: "a web page", habit: always(answering(ofWork, signIn, 1)), turns: nobodyIsJudged, intake: notWhole},
		{name: "a web page now and then", habit: always(answering(ofWork, signIn, 11))},
		{name: "an outcome", habit: always(answering(ofWork, remark, 1)), turns: nobodyIsJudged, intake: notWhole},
		{name: "an outcome now and then", habit: always(answering(ofWork, remark, 11))},
		{name: "a cut connection now and then", habit: always(answering(ask.search, said{}, 11))},
		{name: "half a body now and then", habit: always(halved(11))},
		// Servers that have no empty searchset.
		{name: "204 for nothing", habit: always(forNothing(said{status: http.StatusNoContent})), turns: nobodyIsJudged, intake: notWhole},
		{name: "404 for nothing", habit: always(forNothing(failure(http.StatusNotFound, "not-found"))), turns: nobodyIsJudged, intake: notWhole},
		{name: "another content type", habit: always(typed("text/plain"))},
		{name: "stamps of another zone", habit: always(stamped(func(at time.Time) string {
			return at.In(time.FixedZone("", 2*60*60)).Format("2006-01-02T15:04:05.000-07:00")
		}))},
		{name: "stamps in whole seconds", habit: always(stamped(func(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }))},
		{name: "Conditions forbidden", habit: always(refuse(ofConditions, http.StatusForbidden, "forbidden")), turns: nobodyIsJudgedAtOnce, unsafe: []string{"search Condition"}},
	})
}

// answering gives every so manyth search the same answer.
func answering(which func(ask) bool, s said, every int) habit {
	n := 0
	return func(a ask, next server) said {
		if !which(a) {
			return next(a)
		}
		if n++; n%every == 0 {
			return s
		}
		return next(a)
	}
}

func halved(every int) habit {
	n := 0
	return func(a ask, next server) said {
		s := next(a)
		if n++; a.search() && n%every == 0 {
			s.body = s.body[:len(s.body)/2]
		}
		return s
	}
}

func forNothing(instead said) habit {
	return func(a ask, next server) said {
		s := next(a)
		if ofWork(a) && s.ok() && len(s.entries()) == 0 {
			return instead
		}
		return s
	}
}

func typed(contentType string) habit {
	return func(a ask, next server) said {
		s := next(a)
		s.header.Set("Content-Type", contentType)
		return s
	}
}

// stamped writes lastUpdated another way.
func stamped(write func(time.Time) string) habit {
	return func(a ask, next server) said {
		return next(a).metas(func(resource string) string {
			if at, err := time.Parse(time.RFC3339Nano, gjson.Get(resource, "meta.lastUpdated").String()); err == nil {
				resource, _ = sjson.Set(resource, "meta.lastUpdated", write(at))
			}
			return resource
		})
	}
}

func ofConditions(a ask) bool { return a.search() && a.path == "Condition" }

func nobodyIsJudgedAtOnce(p *play) {
	p.Helper()
	a := p.admit(hospital.Stay{Person: woman})
	p.start()
	p.answer(a, 4, 4, 4)
	p.stuck(a, "Condition")
}

// A parameter that a server ignores without a word gives more than was asked for.
// Nobody is asked, and nothing is judged, for it.
func TestOddIgnored(t *testing.T) {
	var rows []row
	for _, parameter := range []string{"identifier", "class", "status", "patient", "code", "business-status", "encounter", "_id"} {
		rows = append(rows, row{name: parameter, habit: always(without(parameter)), prepare: outpatient, after: outpatientIsNotAsked,
			unsafe: []string{"ignored: " + parameter}})
	}
	rows = append(rows,
		row{name: "_elements refused", habit: always(refuse(asks("_elements"), http.StatusBadRequest, "not-supported")), unsafe: []string{"_elements"}},
		row{name: "_sort refused", habit: always(refuse(asks("_sort"), http.StatusBadRequest, "not-supported")), turns: censusAlone, intake: notWhole, unsafe: []string{"_sort"}},
		row{name: "_lastUpdated refused", habit: always(refuse(asks("_lastUpdated"), http.StatusBadRequest, "not-supported")), turns: censusAlone, intake: notWhole, unsafe: []string{"_lastUpdated"}},
	)
	onOddServers(t, rows)
}

func asks(parameter string) func(ask) bool {
	return func(a ask) bool { return a.query.Has(parameter) }
}

// outpatient is somebody whom a search that ignores half of itself brings along.
func outpatient(p *play) {
	p.Helper()
	p.beside = append(p.beside, p.admit(hospital.Stay{Person: woman, Class: "AMB"}))
}

func outpatientIsNotAsked(p *play) {
	p.Helper()
	p.want(p.beside[0], notAsked)
}

// censusAlone: without polls the census finds who is there and who has answered.
func censusAlone(p *play) {
	p.Helper()
	a := p.admit(hospital.Stay{Person: woman})
	p.start()
	p.answer(a, 4, 4, 4)
	p.want(a, referred(12, "urgent"))
	p.isSaid()
}
