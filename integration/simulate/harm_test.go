package simulate_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// harm is a mistake put in on purpose, to see that it is found.
type harm struct {
	seed    uint64                 // 1 if zero
	finds   string                 // what the report must say
	odd     bool                   // the server has habits
	several bool                   // AUDIT is asked as well
	writes  func(tx []byte) []byte // changes what the service writes; nil: it is swallowed
	half    string                 // the first thing for this purpose in a transaction is left out, and said to be done
	hides   string                 // whatever holds this is in no search
	late    func(s *simulation)    // when quiet time begins
}

// Each invariant has a mistake that breaks it. Without any, nothing is found.
var harms = map[string]harm{
	"nothing":                     {finds: ""},
	"a patient is missed":         {finds: "screenings: 0", writes: swallow("screening:")},
	"two create the same":         {seed: 4, finds: "", writes: everyEntry(func(e string) string { return drop(e, "request.ifNoneExist") })}, // it is mended
	"a score stands twice":        {finds: "doubled", late: double},
	"a consult is lost":           {finds: "live consults: 0", writes: consultsAre("revoked")},
	"a score is invented":         {finds: "the score is not", writes: everyEntry(oneMore)},
	"a person is overwritten":     {finds: "overwritten", writes: everyEntry(func(e string) string { return drop(e, "resource.note") })},
	"a consult comes back":        {seed: 2, finds: "live consults: 1", late: resurrect},
	"advice comes back":           {finds: "advice that is waited for: 1", late: advise},
	"a date in 2099 is believed":  {finds: "dated after", writes: everyEntry(in2099)},
	"the task stays behind":       {finds: "on another ward", writes: everyEntry(stayBehind)},
	"answers are judged again":    {finds: "restless", writes: everyEntry(forgetful)},
	"a label is lost":             {finds: "without its label", writes: everyEntry(func(e string) string { return drop(e, "resource.meta.security") })},
	"a place is given away":       {finds: "place stands on", writes: everyEntry(giveAway)},
	"a write is not on record":    {seed: 2, finds: "no AuditEvent says", writes: unrecorded},
	"a half is not completed":     {finds: "a consult without a task", half: "consult-task"},
	"a search hides somebody":     {finds: "screenings: 0", hides: `"Encounter","id":"3`},
	"the odd server is pestered":  {odd: true, finds: "over the budget", late: pester},
	"a second score is swallowed": {several: true, finds: "AUDIT: scores: 0", half: "score-audit"},
	"a consult for each question": {several: true, finds: "live consults: 2", late: twoConsults},
	"the lower urgency stays":     {seed: 3, several: true, finds: "the consult is routine", writes: everyEntry(neverUrgent)},
	"a ground is left out":        {seed: 3, several: true, finds: "does not name", writes: everyEntry(oneGround)},
	"a letter tells of one":       {seed: 3, several: true, finds: "the letter does not tell", writes: everyEntry(firstLine)},
	"goroutines are left":         {finds: "a leak", late: leak},
	"the server is pestered":      {finds: "over the budget", late: pester},
}

// everyEntry changes each entry of a transaction.
func everyEntry(change func(entry string) string) func([]byte) []byte {
	return func(tx []byte) []byte {
		for i, e := range gjson.GetBytes(tx, "entry").Array() {
			tx, _ = sjson.SetRawBytes(tx, "entry."+itoa(i), []byte(change(e.Raw)))
		}
		return tx
	}
}

func drop(entry, path string) string {
	entry, _ = sjson.Delete(entry, path)
	return entry
}

// swallow says that a write was carried out, now and then, when it was not.
func swallow(purpose string) func([]byte) []byte {
	return func(tx []byte) []byte {
		if strings.Contains(string(tx), `"value":"`+purpose) && strings.Contains(string(tx), `3"}`) {
			return nil
		}
		return tx
	}
}

func consultsAre(status string) func([]byte) []byte {
	return everyEntry(func(e string) string {
		if gjson.Get(e, "resource.resourceType").Str == "ServiceRequest" {
			e, _ = sjson.Set(e, "resource.status", status)
		}
		return e
	})
}

func oneMore(e string) string {
	if v := gjson.Get(e, "resource.valueQuantity.value"); v.Exists() {
		e, _ = sjson.Set(e, "resource.valueQuantity.value", v.Int()+1)
	}
	return e
}

// unrecorded leaves out that something was created.
func unrecorded(tx []byte) []byte {
	for i, e := range slices.Backward(gjson.GetBytes(tx, "entry").Array()) {
		if e.Get("resource.resourceType").Str == "AuditEvent" && e.Get("resource.action").Str == "C" {
			tx, _ = sjson.DeleteBytes(tx, "entry."+itoa(i))
		}
	}
	return tx
}

// stayBehind leaves the task where it was first.
func stayBehind(e string) string {
	if gjson.Get(e, "resource.resourceType").Str == "Task" {
		e, _ = sjson.Set(e, "resource.location.reference", "Location/3")
	}
	return e
}

// giveAway puts a place on every task again.
func giveAway(e string) string {
	if gjson.Get(e, "resource.resourceType").Str == "Task" && !gjson.Get(e, "resource.location").Exists() {
		e, _ = sjson.Set(e, "resource.location.reference", "Location/3")
	}
	return e
}

// some are a few responses of the many.
var some = regexp.MustCompile(`[37]/_history`)

// forgetful does not remember, for some, which answers were judged.
func forgetful(e string) string {
	for i, out := range gjson.Get(e, "resource.output").Array() {
		if out.Get("type.coding.0.code").Str == "judged" && some.MatchString(out.Get("valueString").Str) {
			return drop(e, "resource.output."+itoa(i))
		}
	}
	return e
}

// double makes a score stand twice.
func double(s *simulation) {
	for _, st := range s.hospital.stays {
		if score, ok := s.hospital.ours("Observation", "score", st); ok {
			body := drop(drop(drop(score.Raw, "id"), "meta"), "resourceType")
			s.hospital.ehr.create("Observation", strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(body), "{"), "}"))
			return
		}
	}
}

// resurrect makes a consult active that a clinician has cancelled.
func resurrect(s *simulation) {
	for _, st := range s.hospital.stays {
		if order, ok := s.hospital.ours("ServiceRequest", "consult", st); ok && order.Get("status").Str == "revoked" {
			s.hospital.ehr.edit("ServiceRequest/"+order.Get("id").Str, "status", `"active"`)
		}
	}
}

// advise asks the ward again for advice that nobody is to give any more.
func advise(s *simulation) {
	for _, st := range s.hospital.stays {
		if task, ok := s.hospital.ours("Task", "advice", st); ok && settled[task.Get("status").Str] {
			s.hospital.ehr.edit("Task/"+task.Get("id").Str, "status", `"requested"`)
		}
	}
}

func in2099(e string) string {
	if gjson.Get(e, "resource.effectiveDateTime").Exists() {
		e, _ = sjson.Set(e, "resource.effectiveDateTime", "2099-01-01T00:00:00Z")
	}
	return e
}

func leak(s *simulation) {
	pprof.Do(context.Background(), pprof.Labels("simulation", s.label), func(context.Context) {
		for range 100 {
			go func() { <-s.replicas[0].ended }()
		}
	})
}

func pester(s *simulation) {
	w := newWire(s, "somebody")
	go func() {
		for {
			select {
			case <-s.replicas[0].ended:
				return
			case <-time.After(time.Minute):
				r, _ := http.NewRequest(http.MethodGet, base+"/Device/1", nil)
				if resp, err := w.RoundTrip(r); err == nil {
					resp.Body.Close()
				}
			}
		}
	}()
}

// loses is which entry of a transaction is left out; below 0: none.
func (h harm) loses(tx []byte) int {
	if h.half == "" {
		return -1
	}
	return slices.IndexFunc(gjson.GetBytes(tx, "entry").Array(), func(e gjson.Result) bool {
		return strings.Contains(e.Get("request.ifNoneExist").Str, h.half)
	})
}

// leavesOut takes results out of a search without a word.
func (h harm) leavesOut(answer *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	if h.hides == "" || answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), h.hides) {
		return answer
	}
	body := answer.Body.String()
	if gjson.Get(body, "type").Str == "searchset" {
		return answered(http.StatusOK, fhirJSON, h.without(body))
	}
	entries := raws(body)
	for i, e := range entries {
		entries[i], _ = sjson.SetRaw(e, "resource", h.without(gjson.Get(e, "resource").Raw))
	}
	return inBundle("batch-response", entries)
}

func (h harm) without(found string) string {
	left := slices.DeleteFunc(raws(found), func(e string) bool { return strings.Contains(e, h.hides) })
	return drop(withEntries(found, left), "total")
}
