package sandbox

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"
)

// entry renders one entry of a Bundle; more holds further members of request.
func entry(method, url, fullURL, resource, more string) string {
	e := `{"request":{"method":"` + method + `","url":"` + url + `"` + more + `}`
	if fullURL != "" {
		e += `,"fullUrl":"` + fullURL + `"`
	}
	if resource != "" {
		e += `,"resource":` + resource
	}
	return e + "}"
}

func bundleOf(typ string, entries ...string) string {
	return `{"resourceType":"Bundle","type":"` + typ + `","entry":[` + strings.Join(entries, ",") + `]}`
}

func identified(typ, value, more string) string {
	return `{"resourceType":"` + typ + `","identifier":[{"system":"http://s","value":"` + value + `"}]` + more + `}`
}

const (
	urnA = "urn:uuid:6f1a2b00-0000-4000-8000-00000000000a"
	urnB = "urn:uuid:6f1a2b00-0000-4000-8000-00000000000b"
	urnC = "urn:uuid:6f1a2b00-0000-4000-8000-00000000000c"
)

func TestTransactionResolvesURNs(t *testing.T) {
	c := newClient(t)
	task := identified("Task", urnB, `,"status":"requested","intent":"order","encounter":{"reference":"`+urnB+`"},"input":[{"type":{"text":"x"},"valueUri":"`+urnB+`"},{"type":{"text":"`+urnB+`"},"valueString":"`+urnB+`"}]`)
	enc := strings.Replace(encounter("x", "p", ""), "Patient/p", urnA, 1)
	r := c.do("POST", "", bundleOf("transaction",
		entry("POST", "Task", urnC, task, ""),
		entry("POST", "Encounter", urnB, enc, ""),
		entry("POST", "Patient", urnA, identified("Patient", "1", ""), `,"ifNoneExist":"identifier=http://s|1"`),
	)).want(t, 200)
	equal(t, "type", r.Get("type").Str, "transaction-response")
	equal(t, "status", r.Get("entry.0.response.status").Str, "201 Created")
	encID := strings.TrimSuffix(r.Get("entry.1.response.location").Str, "/_history/1")
	got := c.get("/Task").Get("entry.0.resource")
	equal(t, "reference", got.Get("encounter.reference").Str, encID)
	equal(t, "uri", got.Get("input.0.valueUri").Str, encID)
	equal(t, "a string stays", got.Get("input.1.valueString").Str, urnB)
	equal(t, "a text stays", got.Get("input.1.type.text").Str, urnB)
	equal(t, "an identifier value stays", got.Get("identifier.0.value").Str, urnB)
	equal(t, "patient of the encounter", c.get("/"+encID+"?_pretty=false").Get("subject.reference").Str, "Patient/"+c.get("/Patient").ids())
}

func TestTransactionIsAtomic(t *testing.T) {
	for _, tc := range []struct {
		name, bad string
		status    int
	}{
		{"stale ifMatch", entry("PUT", "Patient/p1", urnB, `{"resourceType":"Patient","id":"p1","active":true}`, `,"ifMatch":"W/\"7\""`), 409},
		{"dangling reference", entry("PUT", "Encounter/bad", urnB, encounter("bad", "nobody", ""), ""), 400},
		{"unknown urn", entry("PUT", "Encounter/bad", urnB, strings.Replace(encounter("bad", "p", ""), "Patient/p", urnC, 1), ""), 400},
		{"invalid", entry("POST", "Task", urnB, `{"resourceType":"Task","status":"requested"}`, ""), 422},
		{"no fullUrl", entry("PUT", "Encounter/bad", "", encounter("bad", "p1", ""), ""), 422},
		{"same fullUrl", entry("POST", "Patient", urnA, `{"resourceType":"Patient"}`, ""), 422},
		{"delete of what is used", entry("DELETE", "Organization/o1", "", "", ""), 409},
		{"several matches", entry("POST", "Patient", urnB, `{"resourceType":"Patient"}`, `,"ifNoneExist":"_id=p1,p2"`), 412},
		{"does not match itself", entry("POST", "Patient", urnB, `{"resourceType":"Patient"}`, `,"ifNoneExist":"identifier=http://s|other"`), 412},
		{"digits as id", entry("PUT", "Patient/77", urnB, `{"resourceType":"Patient","id":"77"}`, ""), 400},
		{"patch", entry("PATCH", "Patient/p1", urnB, `{"resourceType":"Patient"}`, ""), 400},
		{"absolute url", entry("PUT", base+"/Patient/p7", urnB, `{"resourceType":"Patient","id":"p7"}`, ""), 400},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newClient(t).patients()
			c.put("/Encounter/e1", encounter("e1", "p2", ""))
			c.put("/Organization/o1", `{"resourceType":"Organization","id":"o1"}`)
			c.put("/Organization/o2", `{"resourceType":"Organization","id":"o2","partOf":{"reference":"Organization/o1"}}`)
			r := c.do("POST", "", bundleOf("transaction",
				entry("POST", "Patient", urnA, identified("Patient", "new", ""), ""),
				entry("PUT", "Encounter/e1", "urn:uuid:x", encounter("e1", "p1", `,"partOf":{"reference":"Encounter/e2"}`), ""),
				entry("PUT", "Encounter/e2", "urn:uuid:y", encounter("e2", "p2", ""), ""),
				tc.bad)).want(t, tc.status)
			if !strings.Contains(r.Get("issue.0.diagnostics").Str, "entry[3]") {
				t.Errorf("does not say which entry: %s", r.text)
			}
			equal(t, "nothing created", c.get("/Patient?identifier=http://s|new").ids(), "")
			equal(t, "no other encounter", c.get("/Encounter").ids(), "e1")
			equal(t, "no new version", c.get("/Encounter/e1").Get("meta.versionId").Str, "1")
			equal(t, "index as before", c.get("/Encounter?patient=p2").ids(), "e1")
			equal(t, "window as before", c.get("/Encounter?_lastUpdated=ge2000").ids(), "e1")
			equal(t, "patients as before", c.get("/Patient?_lastUpdated=ge2000").ids(), "p1 p2")
		})
	}
}

func TestTransactionReplay(t *testing.T) {
	c := newClient(t)
	body := bundleOf("transaction",
		entry("POST", "Patient", urnA, identified("Patient", "1", ""), `,"ifNoneExist":"identifier=http://s|1"`),
		entry("POST", "Patient", urnB, identified("Patient", "1", ""), `,"ifNoneExist":"identifier=http://s|1"`),
		entry("PUT", "Encounter/e1", urnC, strings.Replace(encounter("e1", "p", ""), "Patient/p", urnB, 1), ""))
	first := c.do("POST", "", body).want(t, 200)
	equal(t, "created once", first.Get("entry.#.response.status").Raw, `["201 Created","200 OK","201 Created"]`)
	again := c.do("POST", "", body).want(t, 200)
	equal(t, "replayed", again.Get("entry.#.response.status").Raw, `["200 OK","200 OK","200 OK"]`)
	equal(t, "same locations", again.Get("entry.#.response.location").Raw, first.Get("entry.#.response.location").Raw)
	equal(t, "one patient", c.get("/Patient?_summary=count").Get("total").Int(), 1)
}

func TestTransactionOrderAndReads(t *testing.T) {
	c := newClient(t).patients()
	c.put("/Encounter/e1", encounter("e1", "p2", ""))
	r := c.do("POST", "", bundleOf("transaction",
		entry("GET", "Encounter?patient=p1", "", "", ""),
		entry("PUT", "Encounter/e1", urnA, encounter("e1", "p1", ""), `,"ifMatch":"W/\"1\""`),
		entry("DELETE", "Patient/p2", "", "", ""),
		entry("GET", "Patient/p2", "", "", ""),
		entry("DELETE", "Patient/none", "", "", ""))).want(t, 200)
	equal(t, "statuses", r.Get("entry.#.response.status").Raw, `["200 OK","200 OK","204 No Content","410 Gone","204 No Content"]`)
	equal(t, "read after the writes", reply{Result: r.Get("entry.0.resource")}.ids(), "e1")
}

func TestConditionalEntries(t *testing.T) {
	c := newClient(t).patients()
	send := func(e string, status string) gjson.Result {
		r := c.do("POST", "", bundleOf("transaction", e)).want(t, 200)
		equal(t, "status", r.Get("entry.0.response.status").Str, status)
		return r.Result
	}
	send(entry("PUT", "Patient?identifier=http://s|1", urnA, identified("Patient", "1", ""), ""), "201 Created")
	send(entry("PUT", "Patient?identifier=http://s|1", urnA, identified("Patient", "1", `,"active":true`), ""), "200 OK")
	send(entry("POST", "Encounter", urnA, strings.Replace(encounter("x", "p", ""), "Patient/p", "Patient?identifier=http://s|1", 1), ""), "201 Created")
	equal(t, "found by its reference", c.get("/Encounter?_include=Encounter:patient").Get("entry.1.resource.identifier.0.value").Str, "1")
	send(entry("DELETE", "Encounter?class=IMP", "", "", ""), "204 No Content")
	c.do("POST", "", bundleOf("transaction", entry("POST", "Encounter", urnA, strings.Replace(encounter("x", "p", ""), "Patient/p", "Patient?identifier=none", 1), ""))).want(t, 404)
}

func TestBatch(t *testing.T) {
	c := ward(t)
	r := c.do("POST", "", bundleOf("batch",
		entry("GET", "Encounter?_id=e1&_include=Encounter:patient", "", "", ""),
		entry("GET", "Patient/nobody", "", "", ""),
		entry("GET", "Patient?foo=1", "", "", ""),
		entry("PUT", "Patient/p4", urnA, `{"resourceType":"Patient","id":"p4"}`, ""),
		entry("PUT", "Encounter/bad", urnB, encounter("bad", "nobody", ""), ""),
		entry("GET", "Patient/p4", "", "", ""))).want(t, 200)
	equal(t, "statuses", r.Get("entry.#.response.status").Raw,
		`["200 OK","404 Not Found","400 Bad Request","201 Created","400 Bad Request","200 OK"]`)
	equal(t, "search inside", reply{Result: r.Get("entry.0.resource")}.ids(), "e1 +p1")
	equal(t, "outcome inside", r.Get("entry.1.response.outcome.resourceType").Str, "OperationOutcome")
	c.do("POST", "", bundleOf("batch", entry("POST", "Task", urnA, `{"resourceType":"Task"}`, ""))).want(t, 422)
}

func TestRefusedBundles(t *testing.T) {
	c := newClient(t)
	for body, status := range map[string]int{
		`{"resourceType":"Patient"}`:                                                      400,
		`{"resourceType":"Bundle"}`:                                                       422,
		`{"resourceType":"Bundle","type":"collection"}`:                                   400,
		`{"resourceType":"Bundle","type":"transaction","entry":[]}`:                       422,
		`{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"x"}]}`:        422,
		bundleOf("transaction", entry("POST", "Foo", urnA, `{"resourceType":"Foo"}`, "")): 422,
	} {
		equal(t, body, c.do("POST", "", body).status, status)
	}
	c.do("POST", "", `{"resourceType":"Bundle","type":"transaction"}`).want(t, 200)
}

func TestRacingCreatesNeverDuplicate(t *testing.T) {
	c := newClient(t)
	const racers, keys = 8, 50
	var wg sync.WaitGroup
	for racer := range racers {
		wg.Go(func() {
			for key := range keys {
				value := fmt.Sprint(key)
				condition := "identifier=http://s|" + value
				if racer%2 == 0 {
					c.do("POST", "/Patient", identified("Patient", value, ""), "If-None-Exist", condition)
					continue
				}
				c.do("POST", "", bundleOf("transaction", entry("POST", "Patient", urnA, identified("Patient", value, ""), `,"ifNoneExist":"`+condition+`"`)))
			}
		})
	}
	wg.Wait()
	for key := range keys {
		equal(t, "patients of a key", c.get(fmt.Sprintf("/Patient?identifier=http://s|%d&_summary=count", key)).Get("total").Int(), 1)
	}
}

func TestRacingUpdatesHaveOneWinner(t *testing.T) {
	c := newClient(t).patients()
	const racers, rounds = 8, 50
	for round := 1; round <= rounds; round++ {
		won := make([]bool, racers)
		var wg sync.WaitGroup
		for racer := range racers {
			wg.Go(func() {
				body := fmt.Sprintf(`{"resourceType":"Patient","id":"p1","birthDate":"%d"}`, 1000+round*racers+racer)
				won[racer] = c.do("PUT", "/Patient/p1", body, "If-Match", fmt.Sprintf(`W/"%d"`, round)).status == 200
			})
		}
		wg.Wait()
		equal(t, "winners", strings.Count(fmt.Sprint(won), "true"), 1)
	}
	equal(t, "versions", c.get("/Patient/p1").Get("meta.versionId").Str, fmt.Sprint(rounds+1))
}

func FuzzBundle(f *testing.F) {
	f.Add(bundleOf("transaction", entry("POST", "Patient", urnA, identified("Patient", "1", ""), `,"ifNoneExist":"identifier=http://s|1"`)))
	f.Add(bundleOf("transaction", entry("PUT", "Encounter/e", urnB, strings.Replace(encounter("e", "p", ""), "Patient/p", "Patient?name=x", 1), `,"ifMatch":"1"`), entry("DELETE", "Patient?_id=p1", "", "", "")))
	f.Add(bundleOf("batch", entry("GET", "Patient?_id=p1", "", "", ""), entry("GET", "", "", "", "")))
	f.Add(`{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","url":"?"},"resource":{"resourceType":"Task","x":[null]}}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		c := newClient(t).patients()
		r := c.do("POST", "", body)
		if r.status >= 500 || !gjson.Valid(r.text) {
			t.Errorf("%d %s for %s", r.status, r.text, body)
		}
		if r.status >= 300 {
			equal(t, "patients after a refusal", c.get("/Patient?_lastUpdated=ge2000").ids(), "p1 p2")
		}
	})
}
