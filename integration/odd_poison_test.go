package integration_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
)

// One resource that a server cannot show fails every page that it stands on (Oracle
// Millennium, by Oracle's change log for its FHIR APIs). Whoever was admitted before or after is asked all the same, and it is
// said what could not be read.
func TestOddResource(t *testing.T) {
	onOddServers(t, []row{
		{name: "an Encounter fails its pages", habit: poisoned("Encounter", failed), marked: isUnread, intake: notWhole, unsafe: []string{"search"}},
		{name: "an Encounter breaks its pages", habit: poisoned("Encounter", broken), marked: isUnread, intake: notWhole},
		{name: "an Encounter fails its pages, all of one moment", habit: poisoned("Encounter", failed), prepare: together, marked: isUnread, intake: notWhole},
		// HAPI: of two only one counts (hapifhir/hapi-fhir#4626).
		{name: "an Encounter fails its pages, and no window has an end", habit: poisonedWithoutEnd, marked: isMissed, intake: notWhole},
		{name: "a Task fails its pages", habit: poisoned("Task", failed), marked: isLost, intake: notWhole},
		{name: "a Task breaks its pages", habit: poisoned("Task", broken), marked: isLost, intake: notWhole},
		{name: "a Patient cannot be shown", habit: poisoned("Patient", failed), marked: isUnread},
		{name: "an Encounter is left out with an error", habit: leftOut, marked: isMissed, intake: notWhole},
	})
}

func failed(said) said { return failure(http.StatusInternalServerError, "exception") }

func broken(s said) said {
	s.body = s.body[:len(s.body)*2/3]
	return s
}

// poisoned spoils whatever answer holds the marked one's resource of a type.
func poisoned(typ string, spoil func(said) said) func(*play) habit {
	return func(p *play) habit {
		return func(a ask, next server) said {
			s := next(a)
			if a.batch() || a.transaction() || p.mended || !p.shows(s, typ) {
				return s
			}
			return spoil(s)
		}
	}
}

// poisonedWithoutEnd takes one _lastUpdated, and ignores a second.
func poisonedWithoutEnd(p *play) habit {
	spoiled := poisoned("Encounter", failed)(p)
	return func(a ask, next server) said {
		if bounds := a.query["_lastUpdated"]; len(bounds) > 1 {
			a.query["_lastUpdated"] = bounds[:1]
		}
		return spoiled(a, next)
	}
}

// shows tells whether an answer holds the marked one's resource of a type.
func (p *play) shows(s said, typ string) bool {
	all := append(gjson.GetBytes(s.body, "entry.#.resource").Array(), gjson.ParseBytes(s.body))
	for _, r := range all {
		if r.Get("resourceType").String() == typ && p.isMarked(r) {
			return true
		}
	}
	return false
}

// isMarked tells what is of the marked admission.
func (p *play) isMarked(r gjson.Result) bool {
	if p.marked.Encounter == "" {
		return false
	}
	ref := r.Get("resourceType").String() + "/" + r.Get("id").String()
	return ref == p.marked.Encounter || ref == p.marked.Patient || r.Get("encounter.reference").String() == p.marked.Encounter
}

// isUnread: she is not asked as long as she cannot be read, and that is seen.
func isUnread(p *play, a hospital.Admission) {
	p.Helper()
	p.stuckAtLast(a, "")
	p.want(a, notAsked)
	for _, other := range p.beside {
		p.want(other, asked)
	}
	if p.row.after == nil {
		p.row.after = (*play).isMended
	}
}

// isMended: what can be read again is asked, and nothing is said any more.
func (p *play) isMended() {
	p.Helper()
	p.proxy.locked(func() { p.mended = true })
	p.want(p.marked, asked)
	p.until("an empty quarantine", func() bool { return len(p.status("quarantined").Map()) == 0 })
	p.row.intake = whole
	p.isSaid()
	p.proxy.locked(func() { p.mended = false })
}

// isLost: she was asked, and nobody can read it any more.
func isLost(p *play, a hospital.Admission) {
	p.Helper()
	p.want(a, asked)
	p.stuckAtLast(a, "")
}

func isMissed(p *play, a hospital.Admission) {
	p.Helper()
	p.want(a, notAsked)
}

// leftOut: newer versions put an OperationOutcome in the place of the one that they
// cannot show.
func leftOut(p *play) habit {
	return func(a ask, next server) said {
		s := next(a)
		if !a.search() || !p.shows(s, "Encounter") {
			return s
		}
		s = s.keep(func(e gjson.Result) bool { return !p.isMarked(e.Get("resource")) })
		return s.add(remarked("error", "exception"))
	}
}

// together puts more admissions on the server in the transaction that the marked one
// is written in anew, so that all were last written at one moment.
func together(p *play) {
	p.Helper()
	encounter, err := p.client.Read(p.ctx(), p.marked.Encounter)
	p.must(err)
	var tx fhir.Transaction
	for n := range 7 {
		if n == 3 {
			edited, err := encounter.Set("period.start", "2026-01-01T12:00:00Z")
			p.must(err)
			tx.Update(p.client, edited)
			continue
		}
		p.clone(&tx, encounter, n)
	}
	p.must(p.client.Transact(p.ctx(), &tx))
	for n := range 7 {
		query := fhir.ByIdentifier(hospital.System, *p.hospital.Identifier(fmt.Sprintf("with-%d", n))[0].Value)
		found, err := p.client.Search(p.ctx(), "Encounter?"+query)
		p.must(err)
		for _, e := range found {
			p.beside = append(p.beside, hospital.Admission{Encounter: e.Ref(), Patient: e.Get("subject.reference").String()})
		}
	}
}

// clone adds an admission of somebody else like one that there is.
func (p *play) clone(tx *fhir.Transaction, encounter fhir.Resource, n int) {
	patient, err := p.client.Read(p.ctx(), p.marked.Patient)
	p.must(err)
	who := fhir.NewRef()
	tx.Create(who, p.anew(patient.Raw(), fmt.Sprintf("like-%d", n), ""), "")
	tx.Create(fhir.NewRef(), p.anew(encounter.Raw(), fmt.Sprintf("with-%d", n), who), "")
}

// anew is a resource as somebody else's, under another identifier.
func (p *play) anew(raw []byte, key, subject string) json.RawMessage {
	for _, element := range []string{"id", "meta"} {
		raw, _ = sjson.DeleteBytes(raw, element)
	}
	raw, _ = sjson.SetBytes(raw, "identifier", p.hospital.Identifier(key))
	if strings.HasPrefix(subject, "urn:") {
		raw, _ = sjson.SetBytes(raw, "subject.reference", subject)
	}
	return raw
}
