package integration_test

import (
	"net/http"
	"testing"

	"github.com/tilsyn/tilsyn/internal/hospital"
)

// Batches that are refused, wholly or in part.
func TestOddBatches(t *testing.T) {
	onOddServers(t, []row{
		{name: "refused by 400", habit: always(refuse(ask.batch, http.StatusBadRequest, "not-supported")), real: true},
		{name: "refused by 404", habit: always(refuse(ask.batch, http.StatusNotFound, "not-found")), safe: true},
		{name: "refused by 405", habit: always(refuse(ask.batch, http.StatusMethodNotAllowed, "not-supported"))},
		{name: "refused by 501", habit: always(refuse(ask.batch, http.StatusNotImplemented, "not-supported"))},
		{name: "refused once by 400", habit: refusedOnce(http.StatusBadRequest), after: batchesGoOn},
		{name: "refused once by 405", habit: refusedOnce(http.StatusMethodNotAllowed)},
		{name: "refused for one by 400", habit: ofMarkedFor(ask.batch, http.StatusBadRequest, "too-costly"), marked: isAsked, after: batchesGoOn},
		{name: "refused for one by 500", habit: ofMarkedFor(ask.batch, http.StatusInternalServerError, "exception"), marked: isAsked, after: batchesGoOn},
		{name: "fewer entries", habit: always(shortBatch)},
		{name: "no entries", habit: always(emptyBatch)},
		{name: "one search fails", habit: always(refuse(func(a ask) bool { return a.search() && a.path == "Condition" }, http.StatusInternalServerError, "exception")),
			turns: nobodyIsJudgedWithout},
	})
}

func refusedOnce(status int) func(*play) habit {
	return func(*play) habit {
		refused := false
		return refuse(func(a ask) bool {
			first := a.batch() && !refused
			refused = refused || first
			return first
		}, status, "not-supported")
	}
}

func shortBatch(a ask, next server) said {
	s := next(a)
	if a.batch() {
		s = s.with(raws(s)[1:]...)
	}
	return s
}

func emptyBatch(a ask, next server) said {
	if a.batch() {
		return fhirJSON(http.StatusOK, `{"resourceType":"Bundle","type":"batch-response"}`)
	}
	return next(a)
}

// nobodyIsJudgedWithout what must be known: whoever is asked waits, and that is seen.
func nobodyIsJudgedWithout(p *play) {
	p.Helper()
	a := p.admit(hospital.Stay{Person: woman})
	p.start()
	p.answer(a, 4, 4, 4)
	p.stuckAtLast(a, "Condition")
}

// A server that is unwell for a moment, before or after it has written.
func TestOddMoments(t *testing.T) {
	answers := map[string]said{
		"500": failure(http.StatusInternalServerError, "exception"), "502": {status: http.StatusBadGateway},
		"503": failure(http.StatusServiceUnavailable, "transient"), "504": {status: http.StatusGatewayTimeout},
		"429": failure(http.StatusTooManyRequests, "throttled"), "a cut connection": {},
		"408": {status: http.StatusRequestTimeout},
	}
	var rows []row
	for name, answer := range answers {
		slip := func(ask, said) said { return answer }
		rows = append(rows,
			row{name: name + ", written", habit: slipping(slip, true, firstOfEach)},
			row{name: name + ", not written", habit: slipping(slip, false, firstOfEach)})
	}
	onOddServers(t, rows)
}
