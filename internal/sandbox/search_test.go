package sandbox

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// ward fills a server with a few resources that refer to each other.
func ward(t testing.TB) client {
	c := newClient(t).patients()
	c.put("/Patient/p1", `{"resourceType":"Patient","id":"p1","active":true,"gender":"female","birthDate":"1980-05","identifier":[{"system":"http://s","value":"1"}],"name":[{"family":"Åse","given":["Kari"]}]}`)
	c.put("/Encounter/e1", encounter("e1", "p1", `,"identifier":[{"system":"http://s","value":"e1"},{"value":"bare"}],"period":{"start":"2024-05-01T10:00:00+02:00","end":"2024-05-03T10:00:00+02:00"},"meta":{"tag":[{"system":"http://t","code":"x"}],"security":[{"system":"http://l","code":"R"}]}`))
	c.put("/Encounter/e2", strings.Replace(encounter("e2", "p1", `,"partOf":{"reference":"Encounter/e1"},"period":{"start":"2024-05-02"}`), "in-progress", "finished", 1))
	c.put("/Encounter/e3", strings.Replace(encounter("e3", "p2", ""), "in-progress", "planned", 1))
	task := func(id, status, more string) {
		c.put("/Task/"+id, `{"resourceType":"Task","id":"`+id+`","status":"`+status+`","intent":"order","encounter":{"reference":"Encounter/e1"},"for":{"reference":"Patient/p1"}`+more+`}`)
	}
	task("t1", "requested", `,"identifier":[{"system":"http://s","value":"t,1"}],"authoredOn":"2024-05-01T08:00:00Z"`)
	task("t2", "requested", `,"identifier":[{"system":"http://other","value":"t2"}],"code":{"coding":[{"system":"http://c","code":"x"},{"code":"y"}]}`)
	task("t3", "completed", `,"partOf":[{"reference":"Task/t1"}],"basedOn":[{"reference":"Encounter/e1/_history/1"}]`)
	c.put("/Provenance/v1", `{"resourceType":"Provenance","id":"v1","target":[{"reference":"Task/t1"}],"recorded":"2024-05-01T08:00:00Z","agent":[{"who":{"reference":"Patient/p2"}}]}`)
	c.put("/QuestionnaireResponse/r1", `{"resourceType":"QuestionnaireResponse","id":"r1","status":"in-progress","questionnaire":"http://q/a|1.0","encounter":{"reference":"Encounter/e1"}}`)
	return c
}

func TestSearch(t *testing.T) {
	c := ward(t)
	for _, tc := range []struct{ query, want string }{
		{"Encounter", "e1 e2 e3"},
		{"Encounter?_id=e1,e3", "e1 e3"},
		{"Encounter?_id=Encounter/e1", "e1"},
		{"Encounter?_id=e1&status=finished", ""},
		{"Encounter?identifier=http://s|e1", "e1"},
		{"Encounter?identifier=e1", "e1"},
		{"Encounter?identifier=|e1", ""},
		{"Encounter?identifier=|bare", "e1"},
		{"Encounter?identifier=http://s|", "e1"},
		{"Encounter?_tag=http://t|x", "e1"},
		{"Encounter?_security=R", "e1"},
		{"Encounter?class=IMP&status=planned,finished", "e2 e3"},
		{"Encounter?status:not=planned", "e1 e2"},
		{"Encounter?part-of=e1", "e2"},
		{"Encounter?part-of:missing=false", "e2"},
		{"Encounter?part-of:missing=true", "e1 e3"},
		{"Encounter?patient=p1", "e1 e2"},
		{"Encounter?subject=Patient/p2", "e3"},
		{"Encounter?subject:Patient=p2", "e3"},
		{"Encounter?subject:Group=p2", ""},
		{"Encounter?subject=p1&subject=p2", ""},
		{"Encounter?patient=http://fhir.test/fhir/Patient/p1", ""},
		{"Encounter?date=2024-05-01", ""},
		{"Encounter?date=2024-05", "e1"},
		{"Encounter?date=ge2024-05-02", "e1 e2"},
		{"Encounter?date=lt2024-05-02", "e1"},
		{"Encounter?date=gt2024-05-03", "e2"},
		{"Encounter?date=sa2024-05-01", "e2"},
		{"Encounter?date=eb2024-06", "e1"},
		{"Encounter?_sort=-_id", "e3 e2 e1"},
		{"Encounter?_sort=date", "e1 e2 e3"},
		{"Encounter?_sort=-date", "e2 e1 e3"},
		{"Encounter?_sort=status,-_id", "e2 e1 e3"},
		{"Task?encounter=e1", "t1 t2 t3"},
		{`Task?identifier=http://s|t\,1`, "t1"},
		{"Task?identifier=http://s|,http://other|t2", "t1 t2"},
		{"Task?code=http://c|x", "t2"},
		{"Task?code=|y", "t2"},
		{"Task?code=y", "t2"},
		{"Task?code:missing=true", "t1 t3"},
		{"Task?based-on=e1&part-of=Task/t1", "t3"},
		{"Task?authored-on=le2024-05-01", "t1"},
		{"Patient?name=ase", "p1"},
		{"Patient?family:exact=Åse", "p1"},
		{"Patient?family:exact=åse", ""},
		{"Patient?birthdate=1980", "p1"},
		{"Patient?birthdate=1980-05-01", ""},
		{"Patient?active=true&gender=female", "p1"},
		{"QuestionnaireResponse?questionnaire=http://q/a", "r1"},
		{"QuestionnaireResponse?questionnaire=http://q/a|1.0", "r1"},
		{"QuestionnaireResponse?questionnaire=http://q/a|2.0", ""},
		{"Encounter?_id=e1&_include=Encounter:patient&_revinclude=Task:encounter&_revinclude=QuestionnaireResponse:encounter", "e1 +p1 +t1 +t2 +t3 +r1"},
		{"Encounter?_id=e1&_revinclude=Task:encounter&_revinclude=Provenance:target", "e1 +t1 +t2 +t3"},
		{"Encounter?_id=e1&_revinclude=Task:encounter&_revinclude:iterate=Provenance:target", "e1 +t1 +t2 +t3 +v1"},
		{"Encounter?_id=e2&_include=Encounter:part-of", "e2 +e1"},
		{"Encounter?_id=e2&_include=Encounter:part-of&_include:iterate=Encounter:subject", "e2 +e1 +p1"},
		{"Encounter?_id=e2&_include=Encounter:part-of:Patient", "e2"},
		{"Task?_id=t1&_include=*", "t1 +e1 +p1"},
		{"Encounter?_id=e1&_count=1&_revinclude=Task:encounter", "e1 +t1 +t2 +t3"},
		{"Location", ""},
		{"Appointment?status=booked", ""},
	} {
		t.Run(tc.query, func(t *testing.T) {
			equal(t, "by GET", c.get("/"+tc.query).ids(), tc.want)
			typ, query, _ := strings.Cut(tc.query, "?")
			values, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			posted := c.do("POST", "/"+typ+"/_search", values.Encode(), "Content-Type", "application/x-www-form-urlencoded").want(t, 200)
			equal(t, "by POST", posted.ids(), tc.want)
		})
	}
}

func TestRefusedSearches(t *testing.T) {
	c := newClient(t)
	for _, tc := range []struct{ query, says string }{
		{"Task?foo=1", `"foo"`},
		{"Task?location=x", `"location"`},
		{"Flag?code=x", `"code"`},
		{"Task?encounter:identifier=x", `"identifier"`},
		{"Task?patient.identifier=x", "Chained"},
		{"Task?_sort=foo", `"foo"`},
		{"Task?_count=x", "_count"},
		{"Task?_lastUpdated=soon", "_lastUpdated"},
		{"Task?_lastUpdated=ap2024", "_lastUpdated"},
		{"Task?authored-on=1.5.2024", "authored-on"},
		{"Task?_include=Foo:bar", "Foo:bar"},
		{"Task?_revinclude=Task:bar", "Task:bar"},
	} {
		t.Run(tc.query, func(t *testing.T) {
			r := c.do("GET", "/"+tc.query, "").want(t, 400)
			if said := r.Get("issue.0.diagnostics").Str; !strings.Contains(said, tc.says) {
				t.Errorf("says %q, want %q", said, tc.says)
			}
		})
	}
}

func TestTotalAndSummary(t *testing.T) {
	c := ward(t)
	equal(t, "total", c.get("/Encounter?_count=2").Get("total").Int(), 3)
	r := c.get("/Encounter?_summary=count")
	equal(t, "counted", r.Get("total").Int(), 3)
	equal(t, "and nothing else", r.Get("entry").Exists(), false)
	equal(t, "_count=0 is the same", c.get("/Encounter?_count=0").Get("entry").Exists(), false)
}

func TestPaging(t *testing.T) {
	c := newClient(t).patients()
	for i := range 7 {
		c.put(fmt.Sprintf("/Encounter/e%d", i), encounter(fmt.Sprintf("e%d", i), "p1", ""))
	}
	var seen []string
	r := c.get("/Encounter?_count=3&_include=Encounter:patient")
	for page := 0; ; page++ {
		seen = append(seen, r.ids())
		next := r.Get(`link.#(relation=="next").url`).Str
		if next == "" {
			break
		}
		if page == 0 { // what is written between the pages is seen as it is, what is deleted is not
			c.do("DELETE", "/Encounter/e4", "").want(t, 200)
		}
		r = c.get(strings.TrimPrefix(next, base))
	}
	equal(t, "pages", strings.Join(seen, " / "), "e0 e1 e2 +p1 / e3 e5 +p1 / e6 +p1")
	c.do("GET", "?_getpages=unknown", "").want(t, 410)
}

func TestPagesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t).patients()
		next := strings.TrimPrefix(c.get("/Patient?_count=1").Get(`link.#(relation=="next").url`).Str, base)
		c.get(next)
		time.Sleep(2 * pageLife)
		c.do("GET", next, "").want(t, 410)
	})
}

func TestTotalOfManyIsUnknownAtFirst(t *testing.T) {
	c := newClient(t)
	for range prefetched + 1 {
		c.do("POST", "/Patient", `{"resourceType":"Patient"}`)
	}
	equal(t, "unknown", c.get("/Patient").Get("total").Exists(), false)
	equal(t, "asked for", c.get("/Patient?_total=accurate").Get("total").Int(), prefetched+1)
}

func TestLastUpdatedWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t).patients()
		start := time.Now()
		for i := range 4 {
			time.Sleep(time.Minute)
			c.put(fmt.Sprintf("/Encounter/e%d", i), encounter(fmt.Sprintf("e%d", i), "p1", ""))
		}
		time.Sleep(time.Minute)
		c.put("/Encounter/e0", encounter("e0", "p2", "")) // touched again: it leaves the old window
		at := func(minute int) string {
			return start.Add(time.Duration(minute) * time.Minute).UTC().Format(time.RFC3339)
		}
		for _, tc := range []struct{ query, want string }{
			{"_lastUpdated=ge" + at(3), "e0 e2 e3"},
			{"_lastUpdated=gt" + at(3), "e0 e3"},
			{"_lastUpdated=le" + at(3), "e1 e2"},
			{"_lastUpdated=lt" + at(3), "e1"},
			{"_lastUpdated=ge" + at(2) + "&_lastUpdated=lt" + at(4), "e1 e2"},
			{"_lastUpdated=" + at(2), "e1"},
			{"_lastUpdated=ge" + at(2) + "&patient=p2", "e0"},
			{"_sort=-_lastUpdated", "e0 e3 e2 e1"},
			{"_sort=_lastUpdated&_lastUpdated=ge" + at(3), "e2 e3 e0"},
		} {
			equal(t, tc.query, c.get("/Encounter?"+tc.query).ids(), tc.want)
		}
	})
}

func TestManyTouchesAreCompacted(t *testing.T) {
	c := newClient(t).patients()
	for i := range 1500 {
		c.put("/Patient/p1", fmt.Sprintf(`{"resourceType":"Patient","id":"p1","birthDate":"%d"}`, 1000+i))
	}
	if n := len(c.s.store.table("Patient").touches); n > 1100 {
		t.Errorf("%d touches are kept for 2 patients", n)
	}
	equal(t, "still found", c.get("/Patient?_lastUpdated=ge2000").ids(), "p1 p2")
}

func FuzzSearch(f *testing.F) {
	for _, seed := range []string{"patient=p1&status:not=x", "_include=*&_count=1", `identifier=a\|b|c\,d`, "date=ge2024-02-30", "_sort=-date,_id", "%", "_lastUpdated=eq", ":not=", "identifier:missing="} {
		f.Add(seed)
	}
	c := ward(f)
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		if r := (client{t, c.s}).do("GET", "/Encounter?"+values.Encode(), ""); r.status != 200 && r.status != 400 {
			t.Errorf("%q: %d %s", query, r.status, r.text)
		}
	})
}

// A slow write is committed late and carries the time at which it began: behind the cursor of somebody who asks what is new.
func TestLateWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var took time.Duration
		s := New(WithBegin(func(now time.Time) time.Time { return now.Add(-took) }))
		c := client{t, s}
		c.put("/Patient/quick", `{"resourceType":"Patient","id":"quick"}`)
		cursor := c.get("/Patient/quick").Get("meta.lastUpdated").Str[:23] + "Z"
		time.Sleep(time.Minute)
		took = 2 * time.Minute
		c.put("/Patient/slow", `{"resourceType":"Patient","id":"slow"}`)
		if n := len(c.get("/Patient?_lastUpdated=ge" + cursor).Get("entry").Array()); n != 1 {
			t.Errorf("%d are found at or after the cursor, want the quick one alone", n)
		}
		order := c.get("/Patient?_sort=_lastUpdated").Get("entry.#.resource.id").String()
		if order != `["slow","quick"]` {
			t.Errorf("in the order of lastUpdated: %s", order)
		}
		c.put("/Patient/quick", `{"resourceType":"Patient","id":"quick","active":true}`)
		if at := c.get("/Patient/quick").Get("meta.lastUpdated").Str[:23] + "Z"; at < cursor {
			t.Errorf("a version is older than the one before it: %s", at)
		}
	})
}
