package integration_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/internal/hospital"
)

// slips are answers with a 2xx that tell nothing of what was written: it may stand,
// or not.
var slips = []struct {
	name string
	slip func(a ask, good said) said
}{
	// A sign-in page; a gateway that has taken it to pass it on; an OperationOutcome;
	// a Bundle that was kept as a document (Bundle is a resource too).
	{"a web page", func(ask, said) said {
		return said{http.StatusOK, http.Header{"Content-Type": {"text/html"}}, []byte("<html><body>Sign in</body></html>")}
	}},
	{"202", func(ask, said) said { return said{status: http.StatusAccepted} }},
	{"an outcome", func(ask, said) said { return fhirJSON(http.StatusOK, outcome("error", "exception")) }},
	{"the Bundle back", func(a ask, _ said) said { return fhirJSON(http.StatusOK, string(a.body)).set("id", "b1") }},
	{"nothing", func(ask, said) said { return said{status: http.StatusOK} }},
	{"fewer entries", func(_ ask, good said) said { return good.with(raws(good)[1:]...) }},
	// Medplum as a project sets it, Microsoft in parallel (microsoft/fhir-server#5589),
	// LinuxForHealth before 4.0 (LinuxForHealth/FHIR#748): statuses of their own inside.
	{"412 inside", lastEntry("412 Precondition Failed")},
	{"429 inside", lastEntry("429 Too Many Requests")},
	{"422 inside", lastEntry("422 Unprocessable Entity")},
}

func raws(s said) (all []string) {
	for _, e := range s.entries() {
		all = append(all, e.Raw)
	}
	return all
}

func lastEntry(status string) func(ask, said) said {
	return func(_ ask, good said) said {
		return good.set(fmt.Sprintf("entry.%d.response.status", len(good.entries())-1), status)
	}
}

// A 2xx is not a success by itself, nor a failure.
func TestOddAnswersToWrites(t *testing.T) {
	var rows []row
	for _, s := range slips {
		never := row{name: s.name + ", for ever, not written", habit: slipping(s.slip, false, eachTime), turns: nothingIsWritten, unsafe: []string{"transaction"}}
		if s.name == "429 inside" {
			never.turns = nothingIsWrittenYet // the server may have too much to do for ever
		}
		rows = append(rows,
			row{name: s.name + ", once, written", habit: slipping(s.slip, true, firstOfEach)},
			row{name: s.name + ", once, not written", habit: slipping(s.slip, false, firstOfEach), real: s.name == "422 inside"},
			row{name: s.name + ", for ever, written", habit: slipping(s.slip, true, eachTime)},
			never,
		)
	}
	onOddServers(t, rows)
}

// when tells whether a transaction gets an odd answer.
type when func() func(ask) bool

func eachTime() func(ask) bool { return func(ask) bool { return true } }

// firstOfEach is the first time that something is to be written.
func firstOfEach() func(ask) bool {
	seen := map[string]bool{}
	return func(a ask) bool {
		key := gjson.GetBytes(a.body, `entry.#.request`).Raw
		first := !seen[key]
		seen[key] = true
		return first
	}
}

func slipping(slip func(ask, said) said, written bool, odd when) func(*play) habit {
	return func(*play) habit {
		isOdd := odd()
		return func(a ask, next server) said {
			if !a.transaction() || !isOdd(a) {
				return next(a)
			}
			good := pretended(a)
			if written {
				if good = next(a); good.status != http.StatusOK {
					return good
				}
			}
			return slip(a, good)
		}
	}
}

// pretended is the answer to a transaction that went well, of one that was never
// written.
func pretended(a ask) said {
	var entries []string
	for n, e := range gjson.GetBytes(a.body, "entry").Array() {
		typ, _, _ := strings.Cut(e.Get("request.url").String(), "/")
		entries = append(entries, fmt.Sprintf(`{"response":{"status":"201 Created","location":"%s/none-%d/_history/1","etag":"1"}}`, typ, n))
	}
	return fhirJSON(http.StatusOK, `{"resourceType":"Bundle","type":"transaction-response","entry":[`+strings.Join(entries, ",")+`]}`)
}

// nothingIsWritten: nobody is asked, and whom it is about is shown.
func nothingIsWritten(p *play) {
	p.Helper()
	a := p.admit(hospital.Stay{Person: woman})
	p.start()
	p.stuckAtLast(a, "")
	p.want(a, notAsked)
}

func nothingIsWrittenYet(p *play) {
	p.Helper()
	a := p.admit(hospital.Stay{Person: woman})
	p.start()
	p.rounds(3)
	p.want(a, notAsked)
}

// A server that takes the entries of a transaction one by one, and refuses one of
// them: what stands is completed, and where it cannot be, a person is told.
func TestOddHalfTransactions(t *testing.T) {
	onOddServers(t, []row{
		{name: "the team's Task refused once", habit: teamTaskRefused(firstOfEach, everybody)},
		{name: "the team's Task refused", habit: teamTaskRefused(eachTime, onlyMarked), marked: isReferredToNobody},
		{name: "transactions refused", habit: always(refuse(ask.transaction, http.StatusBadRequest, "not-supported")), turns: nothingIsWritten, unsafe: []string{"transaction"}},
		// Medplum: at most eight entries where there are conditional creates.
		{name: "at most eight entries", habit: always(refuse(moreThanEight, http.StatusBadRequest, "too-costly")), safe: true},
		// Microsoft: nothing says where what there was already lies (microsoft/fhir-server#1174).
		{name: "no locations", habit: always(entriesOf(func(e string) string { e, _ = sjson.Delete(e, "response.location"); return e })), safe: true},
		// LinuxForHealth: 201, and no word behind it (LinuxForHealth/FHIR#2050).
		{name: "bare statuses", habit: always(entriesOf(func(e string) string {
			e, _ = sjson.Set(e, "response.status", strings.Fields(gjson.Get(e, "response.status").String())[0])
			return e
		}))},
		{name: "no AuditEvents", habit: always(refuse(audits, http.StatusMethodNotAllowed, "not-supported")), safe: true},
	})
}

// entriesOf changes the entries of every answer to a transaction.
func entriesOf(change func(entry string) string) habit {
	return func(a ask, next server) said {
		s := next(a)
		if !a.transaction() || s.status != http.StatusOK {
			return s
		}
		return s.each(func(e gjson.Result) string { return change(e.Raw) })
	}
}

func moreThanEight(a ask) bool {
	return a.transaction() && len(gjson.GetBytes(a.body, "entry").Array()) > 8
}

func audits(a ask) bool {
	return a.transaction() && strings.Contains(string(a.body), `"resourceType":"AuditEvent"`)
}

func everybody(*play, gjson.Result) bool { return true }

func onlyMarked(p *play, task gjson.Result) bool { return p.isMarked(task) }

// teamTaskRefused writes all of a transaction but the liaison team's Task.
func teamTaskRefused(odd when, whose func(*play, gjson.Result) bool) func(*play) habit {
	return func(p *play) habit {
		isOdd := odd()
		return func(a ask, next server) said {
			at := -1
			for n, e := range gjson.GetBytes(a.body, "entry").Array() {
				r := e.Get("resource")
				if a.transaction() && r.Get("code.coding.0.code").String() == "fulfill" && e.Get("request.method").String() == http.MethodPost && whose(p, r) {
					at = n
				}
			}
			if at < 0 || !isOdd(a) {
				return next(a)
			}
			return allBut(a, at, next)
		}
	}
}

// allBut writes a transaction without one entry, and says that this was refused.
func allBut(a ask, at int, next server) said {
	// A batch leaves references to what it refuses as they are, which the server
	// behind does not take: here nothing refers to it.
	ref := gjson.GetBytes(a.body, fmt.Sprintf("entry.%d.fullUrl", at)).String()
	a.body, _ = sjson.DeleteBytes(a.body, fmt.Sprintf("entry.%d", at))
	a.body = bytes.ReplaceAll(a.body, []byte(`"reference":"`+ref+`"`), []byte(`"display":"refused"`))
	s := next(a)
	if s.status != http.StatusOK {
		return s
	}
	all := raws(s)
	refused := `{"response":{"status":"422 Unprocessable Entity","outcome":` + outcome("error", "invariant") + `}}`
	return s.with(append(all[:at:at], append([]string{refused}, all[at:]...)...)...)
}

func isReferredToNobody(p *play, a hospital.Admission) {
	p.Helper()
	p.answer(a, 4, 4, 4)
	p.stuckAtLast(a, "422")
}

// The same answer for ever is for a person; the others go on.
func TestOddForEver(t *testing.T) {
	onOddServers(t, []row{
		// Blaze minds references: one wrong name in the routing.
		{name: "409 for a ward that is not there", habit: always(mindful), prepare: wrongWard, marked: isNotAsked("409"), unsafe: []string{"CareTeam/nobody"}},
		{name: "409 for a team that is not there", habit: always(mindful), prepare: wrongTeam, turns: nobodyIsReferred, unsafe: []string{"CareTeam/nobody"}},
		// Microsoft: a condition that is met more than once (microsoft/fhir-server#896).
		{name: "412 for several matches", habit: ofMarkedFor(ask.transaction, http.StatusPreconditionFailed, "multiple-matches"), marked: isNotAsked("412")},
		{name: "409 for one", habit: ofMarkedFor(ask.transaction, http.StatusConflict, "conflict"), marked: isNotAsked("409")},
		{name: "422 for one", habit: ofMarkedFor(ask.transaction, http.StatusUnprocessableEntity, "invariant"), marked: isNotAsked("422")},
		{name: "403 for one", habit: ofMarkedFor(ask.transaction, http.StatusForbidden, "forbidden"), marked: isNotAsked("403")},
		{name: "500 for one", habit: ofMarkedFor(ask.transaction, http.StatusInternalServerError, "exception"), marked: isNotAskedAtLast("500")},
		{name: "301 for a patient", habit: patientRead(moved), marked: isNotAsked("301")},
		{name: "410 for a patient", habit: patientRead(func(said) said { return failure(http.StatusGone, "deleted") }), marked: isNotAsked("subject")},
		{name: "another patient than was asked for", habit: patientRead(another), marked: isNotAskedAtLast("another")},
	})
}

// mindful refuses references to what is not there.
func mindful(a ask, next server) said {
	if a.transaction() && strings.Contains(string(a.body), "CareTeam/nobody") {
		return failure(http.StatusConflict, "conflict")
	}
	if a.method == http.MethodGet && a.path == "CareTeam/nobody" {
		return failure(http.StatusNotFound, "not-found")
	}
	return next(a)
}

func wrongWard(p *play) { p.hospital.Wards[2].Nurses = "CareTeam/nobody" }

func wrongTeam(p *play) { p.hospital.Liaison = "CareTeam/nobody" }

func isNotAsked(why string) func(*play, hospital.Admission) {
	return func(p *play, a hospital.Admission) {
		p.Helper()
		p.stuck(a, why)
		p.want(a, notAsked)
	}
}

func isNotAskedAtLast(why string) func(*play, hospital.Admission) {
	return func(p *play, a hospital.Admission) {
		p.Helper()
		p.stuckAtLast(a, why)
		p.want(a, notAsked)
	}
}

func nobodyIsReferred(p *play) {
	p.Helper()
	wrongTeam(p)
	low, high := p.admit(hospital.Stay{Person: woman}), p.admit(hospital.Stay{Person: man})
	p.start()
	p.answer(low, 1, 0, 0)
	p.answer(high, 4, 4, 4)
	p.want(low, scored(1))
	p.stuck(high, "409")
}

// ofMarkedFor fails what is written about the marked admission.
func ofMarkedFor(kind func(ask) bool, status int, code string) func(*play) habit {
	return func(p *play) habit {
		return refuse(func(a ask) bool {
			return p.marked.Encounter != "" && kind(a) && strings.Contains(string(a.body), p.marked.Encounter+`"`)
		}, status, code)
	}
}

// patientRead leaves the marked patient out of searches, and changes what comes of a
// read.
func patientRead(change func(said) said) func(*play) habit {
	return func(p *play) habit {
		return func(a ask, next server) said {
			s := next(a)
			if a.path == p.marked.Patient && a.method == http.MethodGet {
				return change(s)
			}
			if !a.search() || !s.ok() {
				return s
			}
			s = s.keep(func(e gjson.Result) bool {
				return e.Get("resource.resourceType").String() != "Patient" || !p.isMarked(e.Get("resource"))
			})
			if a.path == "Patient" {
				s = s.set("total", len(s.entries()))
			}
			return s
		}
	}
}

func moved(said) said {
	s := failure(http.StatusMovedPermanently, "processing")
	s.header.Set("Location", "/fhir/Patient/survivor")
	return s
}

func another(s said) said { return s.set("id", "survivor") }
