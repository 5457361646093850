package integration_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
)

// What an include does not bring is not absent.
func TestOddIncludes(t *testing.T) {
	remark := func(s said) said { return s.add(remarked("warning", "incomplete")) }
	silent := func(s said) said { return s }
	onOddServers(t, []row{
		// Microsoft: 100 a _revinclude, with a warning (microsoft/fhir-server#1147, #1167).
		{name: "cut at 100 with a remark", habit: always(cutIncludes(100, remark)), prepare: busy},
		{name: "cut at 100", habit: always(cutIncludes(100, silent)), prepare: busy},
		// AWS: 10, and nothing says so (awslabs/fhir-works-on-aws-search-es#13).
		{name: "cut at 10", habit: always(cutIncludes(10, silent)), prepare: busy, unsafe: []string{"includes"}},
		{name: "cut to nothing with a remark", habit: always(cutIncludes(0, remark))},
		// LinuxForHealth ignores an include that it does not know (LinuxForHealth/FHIR#1952).
		{name: "cut to nothing", habit: always(cutIncludes(0, silent)), real: true, unsafe: []string{"includes"}},
		// It refuses one that would bring more than 1000 (LinuxForHealth/FHIR#1494).
		{name: "refused", habit: always(refuse(ask.includes, http.StatusBadRequest, "not-supported"))},
		{name: "refused for one", habit: refuseIncludesOfOne, marked: isAsked, after: batchesGoOn},
		// Medplum, for a while: where nothing is found (medplum/medplum#1929).
		{name: "a failure where nothing is found", habit: always(failEmptyIncludes)},
		// Microsoft: several includes of a large page (microsoft/fhir-server#2950).
		{name: "a failure for one", habit: failIncludesOfOne, marked: isAsked},
	})
}

// cutIncludes leaves the first n of what each search includes.
func cutIncludes(n int, remark func(said) said) habit {
	return func(a ask, next server) said {
		s := next(a)
		if !a.includes() || !s.ok() {
			return s
		}
		left, cut := n, false
		s = s.keep(func(e gjson.Result) bool {
			if e.Get("search.mode").String() != "include" {
				return true
			}
			left--
			cut = cut || left < 0
			return left >= 0
		})
		if cut {
			s = remark(s)
		}
		return s
	}
}

// remarked is an OperationOutcome in a searchset.
func remarked(severity, code string) string {
	return fmt.Sprintf(`{"search":{"mode":"outcome"},"resource":%s}`, outcome(severity, code))
}

// busy gives the first admission more Tasks of others than a server includes.
func busy(p *play) {
	p.Helper()
	var tx fhir.Transaction
	for range 120 {
		tx.Create(fhir.NewRef(), json.RawMessage(fmt.Sprintf(`{"resourceType":"Task","status":"requested","intent":"order",
			"for":{"reference":%q},"encounter":{"reference":%q}}`, p.first.Patient, p.first.Encounter)), "")
	}
	p.must(p.client.Transact(p.ctx(), &tx))
}

func refuse(which func(ask) bool, status int, code string) habit {
	return func(a ask, next server) said {
		if which(a) {
			return failure(status, code)
		}
		return next(a)
	}
}

// ofMarked tells a search for the admission that the habit is about.
func (p *play) ofMarked(a ask) bool { return a.search() && a.query.Get("_id") == p.marked.ID() }

func refuseIncludesOfOne(p *play) habit {
	return refuse(func(a ask) bool { return a.includes() && p.ofMarked(a) }, http.StatusBadRequest, "too-costly")
}

func failIncludesOfOne(p *play) habit {
	return refuse(func(a ask) bool { return a.includes() && p.ofMarked(a) }, http.StatusInternalServerError, "exception")
}

func failEmptyIncludes(a ask, next server) said {
	s := next(a)
	if a.includes() && s.ok() && len(s.entries()) == 0 {
		return failure(http.StatusInternalServerError, "exception")
	}
	return s
}

func isAsked(p *play, a hospital.Admission) {
	p.Helper()
	p.want(a, asked)
}

// batchesGoOn makes sure that what one admission was refused is not kept from the
// others: several searches come in one request still.
func batchesGoOn(p *play) {
	p.Helper()
	before := p.proxy.count(ask.batch)
	a := p.admit(hospital.Stay{Person: woman})
	p.answer(a, 4, 4, 4)
	p.want(a, referred(12, "urgent"))
	if p.proxy.count(ask.batch) == before {
		p.Error("nothing is asked for in a batch any more")
	}
}
