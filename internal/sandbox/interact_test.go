package sandbox

import (
	"strings"
	"testing"
)

func TestCreateReadAndHistory(t *testing.T) {
	c := newClient(t)
	made := c.do("POST", "/Patient", `{"resourceType":"Patient","id":"ignored","active":true}`).want(t, 201)
	id := made.Get("id").Str
	equal(t, "server ids are numbers", allDigits(id), true)
	equal(t, "Location", made.header.Get("Location"), base+"/Patient/"+id+"/_history/1")
	equal(t, "ETag", made.header.Get("ETag"), `W/"1"`)
	if made.header.Get("Last-Modified") == "" {
		t.Error("no Last-Modified")
	}
	body := `{"resourceType":"Patient","id":"` + id + `","active":false}`
	equal(t, "update", c.put("/Patient/"+id, body).header.Get("ETag"), `W/"2"`)
	equal(t, "identical update makes no version", c.put("/Patient/"+id, body).header.Get("ETag"), `W/"2"`)
	equal(t, "read", c.get("/Patient/"+id).Get("active").Bool(), false)
	equal(t, "vread", c.get("/Patient/"+id+"/_history/1").Get("active").Bool(), true)
	equal(t, "total of history", c.get("/Patient/"+id+"/_history").Get("total").Int(), 2)
	equal(t, "newest first", c.get("/Patient/"+id+"/_history").Get("entry.0.resource.meta.versionId").Str, "2")
	c.do("GET", "/Patient/"+id+"/_history/9", "").want(t, 404)
	c.do("GET", "/Patient/"+id, "", "If-None-Match", `W/"2"`).want(t, 304)
}

func TestDelete(t *testing.T) {
	c := newClient(t).patients()
	c.put("/Encounter/e1", encounter("e1", "p1", ""))
	c.do("DELETE", "/Patient/p1", "").want(t, 409)
	c.do("DELETE", "/Encounter/e1", "").want(t, 200)
	c.do("GET", "/Encounter/e1", "").want(t, 410)
	c.do("GET", "/Encounter/e1/_history/2", "").want(t, 410)
	equal(t, "gone from searches", c.get("/Encounter?patient=p1").ids(), "")
	c.do("DELETE", "/Encounter/e1", "").want(t, 200)
	c.do("DELETE", "/Encounter/never", "").want(t, 200)
	c.do("GET", "/Encounter/never", "").want(t, 404)
	c.do("PUT", "/Encounter/e1", encounter("e1", "p1", "")).want(t, 201)
	equal(t, "risen again", c.get("/Encounter/e1").Get("meta.versionId").Str, "3")
	equal(t, "found again", c.get("/Encounter?patient=p1").ids(), "e1")
}

// A lenient server minds neither references nor forms.
func TestLenient(t *testing.T) {
	c := newClient(t, Lenient()).patients()
	c.put("/Encounter/e1", encounter("e1", "p1", ""))
	c.do("DELETE", "/Patient/p1", "").want(t, 200)
	c.put("/Encounter/e2", encounter("e2", "nobody", ""))
	c.do("GET", "/Encounter/e2", "").want(t, 200)
}

func TestUpdateConditions(t *testing.T) {
	for _, tc := range []struct {
		name, id, header, value string
		status                  int
		version                 string
	}{
		{"current", "p1", "If-Match", `W/"1"`, 200, "2"},
		{"current without quotes", "p1", "If-Match", `1`, 200, "2"},
		{"stale", "p1", "If-Match", `W/"7"`, 409, "1"},
		{"If-None-Match is ignored", "p1", "If-None-Match", `*`, 200, "2"},
		{"If-Match on nothing creates", "new", "If-Match", `W/"3"`, 201, "1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newClient(t).patients()
			c.do("PUT", "/Patient/"+tc.id, `{"resourceType":"Patient","id":"`+tc.id+`","active":true}`, tc.header, tc.value).want(t, tc.status)
			equal(t, "version afterwards", c.get("/Patient/"+tc.id).Get("meta.versionId").Str, tc.version)
		})
	}
}

func TestCreateIfNoneExist(t *testing.T) {
	c := newClient(t)
	body := `{"resourceType":"Patient","identifier":[{"system":"http://s","value":"v"}]}`
	first := c.do("POST", "/Patient", body, "If-None-Exist", "identifier=http://s|v").want(t, 201)
	again := c.do("POST", "/Patient", body, "If-None-Exist", "identifier=http://s%7Cv").want(t, 200)
	equal(t, "same one", again.Get("id").Str, first.Get("id").Str)
	c.do("POST", "/Patient", body).want(t, 201)
	c.do("POST", "/Patient", body, "If-None-Exist", "identifier=http://s|v").want(t, 412)
	equal(t, "patients afterwards", c.get("/Patient?_summary=count").Get("total").Int(), 2)
}

func TestConditionalUpdateAndDelete(t *testing.T) {
	c := newClient(t)
	body := `{"resourceType":"Patient","identifier":[{"system":"http://s","value":"v"}]}`
	first := c.do("PUT", "/Patient?identifier=http://s|v", body).want(t, 201)
	changed := strings.Replace(body, `"identifier"`, `"active":true,"identifier"`, 1)
	again := c.do("PUT", "/Patient?identifier=http://s|v", changed).want(t, 200)
	equal(t, "same one", again.Get("id").Str, first.Get("id").Str)
	c.do("DELETE", "/Patient?identifier=http://s|v", "").want(t, 200)
	c.do("GET", "/Patient/"+first.Get("id").Str, "").want(t, 410)
	c.do("DELETE", "/Patient?identifier=http://s|v", "").want(t, 200)
}

func TestRefusedWrites(t *testing.T) {
	long := strings.Repeat("x", 65)
	for _, tc := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"not JSON", "POST", "/Patient", `{"resourceType":`, 400, "parse"},
		{"not an object", "POST", "/Patient", `[1]`, 400, "object"},
		{"no type", "POST", "/Patient", `{"id":"x"}`, 422, "resourceType"},
		{"wrong type", "POST", "/Patient", `{"resourceType":"Location"}`, 400, "Location"},
		{"unknown type", "POST", "/Foo", `{"resourceType":"Foo"}`, 404, "Foo"},
		{"digits as id", "PUT", "/Patient/12", `{"resourceType":"Patient","id":"12"}`, 400, "ID[12]"},
		{"other id", "PUT", "/Patient/a", `{"resourceType":"Patient","id":"b"}`, 400, "matches"},
		{"no id", "PUT", "/Patient/a", `{"resourceType":"Patient"}`, 400, "ID element"},
		{"long id", "PUT", "/Patient/" + long, `{"resourceType":"Patient","id":"` + long + `"}`, 400, "ID"},
		{"dangling", "POST", "/Encounter", encounter("x", "nobody", ""), 400, "Patient/nobody"},
		{"external", "POST", "/Encounter", strings.Replace(encounter("x", "p1", ""), "Patient/p1", "http://elsewhere/Patient/p1", 1), 400, "external"},
		{"untyped", "POST", "/Encounter", strings.Replace(encounter("x", "p1", ""), "Patient/p1", "p1", 1), 400, "Invalid resource reference"},
		{"patch", "PATCH", "/Patient/p1", `[]`, 405, "PATCH"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newClient(t).patients()
			r := c.do(tc.method, tc.path, tc.body).want(t, tc.status)
			equal(t, "resourceType", r.Get("resourceType").Str, "OperationOutcome")
			if said := r.Get("issue.0.diagnostics").Str; !strings.Contains(said, tc.says) {
				t.Errorf("says %q, want %q", said, tc.says)
			}
		})
	}
}

func TestLossless(t *testing.T) {
	c := newClient(t).patients()
	const kept = `"contained":[{"resourceType":"Organization","id":"o","name":"<b>&\u00e5 \u2028"}],` +
		`"extension":[{"url":"http://x/unknown","valueDecimal":1.50}],"status":"final","_status":{"extension":[{"url":"http://x/y","valueString":"å\u00f8"}]},` +
		`"code":{"text":"x"},"subject":{"reference":"Patient/p1"},"performer":[{"reference":"#o"}],"valueQuantity":{"value":1.0e2,"unit":"<g>"},` +
		`"component":[{"code":{"text":"z"},"valueQuantity":{"value":100.00}}]`
	c.put("/Observation/o1", "{ \"resourceType\":\"Observation\",\n \"id\":\"o1\", "+kept+"}")
	for _, path := range []string{"/Observation/o1", "/Observation?_id=o1", "/Observation/o1/_history"} {
		if r := c.get(path); !strings.Contains(r.text, kept) {
			t.Errorf("%s changed the content: %s", path, r.text)
		}
	}
	tag := `"meta":{"tag":[{"system":"s","code":"c"}],"profile":["http://hl7.org/fhir/StructureDefinition/Patient"]}`
	r := c.put("/Patient/p3", `{"resourceType":"Patient","id":"p3",`+tag+`,"active":true}`)
	if !strings.HasPrefix(r.text, `{"resourceType":"Patient","id":"p3","meta":{"tag":[{"system":"s","code":"c"}],"profile":["http://hl7.org/fhir/StructureDefinition/Patient"],"versionId":"1",`) {
		t.Errorf("meta or order lost: %s", r.text)
	}
}

func TestNumberLiteralsAreContent(t *testing.T) {
	c := newClient(t)
	body := `{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.5}}`
	c.put("/Observation/o1", body)
	equal(t, "1.50 after 1.5", c.put("/Observation/o1", strings.Replace(body, "1.5", "1.50", 1)).header.Get("ETag"), `W/"2"`)
	reordered := `{"valueQuantity":{"value":1.50},"code":{"text":"x"},"status":"final","id":"o1","resourceType":"Observation"}`
	equal(t, "another order of members", c.put("/Observation/o1", reordered).header.Get("ETag"), `W/"2"`)
}

func TestProtocol(t *testing.T) {
	c := newClient(t).patients()
	c.do("GET", "/Patient/p1", "", "Accept", "application/fhir+xml").want(t, 406)
	c.do("GET", "/Patient/p1?_format=xml", "").want(t, 406)
	c.do("POST", "/Patient", "x", "Content-Type", "text/plain").want(t, 400)
	c.do("GET", "/Nonsense/1", "").want(t, 404)
	c.do("GET", "", "").want(t, 400)
	c.do("GET", "/Patient/$everything", "").want(t, 400)
	equal(t, "content type", c.get("/Patient/p1").header.Get("Content-Type"), fhirJSON)
	equal(t, "pretty", strings.Contains(c.get("/Patient/p1?_pretty=true").text, "\n  \"id\""), true)
	equal(t, "minimal", c.do("PUT", "/Patient/p9", `{"resourceType":"Patient","id":"p9"}`, "Prefer", "return=minimal").want(t, 201).text, "")
	equal(t, "head", c.do("HEAD", "/Patient/p1", "").want(t, 200).text, "")
}

func TestBaseURLOption(t *testing.T) {
	c := newClient(t, WithBaseURL("https://other/fhir/")).patients()
	equal(t, "fullUrl", c.get("/Patient?_id=p1").Get("entry.0.fullUrl").Str, "https://other/fhir/Patient/p1")
}

func TestCapabilityStatement(t *testing.T) {
	c := newClient(t)
	r := c.get("/metadata")
	equal(t, "version", r.Get("fhirVersion").Str, "4.0.1")
	task := r.Get(`rest.0.resource.#(type=="Task")`)
	for _, query := range []string{
		`searchParam.#(name=="business-status").type`, `searchInclude.#(=="Task:encounter")`, `interaction.#(code=="search-type").code`,
	} {
		if !task.Get(query).Exists() {
			t.Errorf("Task lacks %s", query)
		}
	}
	equal(t, "revinclude", r.Get(`rest.0.resource.#(type=="Encounter").searchRevInclude.#(=="Task:encounter")`).Exists(), true)
}

func TestHomePageEscapes(t *testing.T) {
	c := newClient(t, WithBaseURL(`http://x/"><script>`)).patients()
	s := c.s
	w := (client{t, s}).doRoot()
	equal(t, "counts", strings.Contains(w, "Patient</a></td><td>2</td>"), true)
	equal(t, "escaped", strings.Contains(w, "<script>"), false)
}
