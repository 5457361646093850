package simulate_test

import (
	"fmt"
	"net/http"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// ehr is how the hospital's own people use the server: nothing goes wrong, and
// what they read they write back before anybody else has written.
type ehr struct{ records }

// records answer one request at a time, for a path below the server's address
// or for a link of its own. version is the one that a write replaces; with an
// empty one it replaces whatever stands there.
type records interface {
	ask(method, path, version, body string) (status int, answer string)
}

func (e ehr) do(method, path, body string) gjson.Result {
	status, answer := e.ask(method, path, "", body)
	return must(method, path, status, answer, body)
}

func must(method, path string, status int, answer, body string) gjson.Result {
	if status >= 300 && status != http.StatusNotFound && status != http.StatusGone && !(method == http.MethodDelete && status == http.StatusConflict) {
		panic(fmt.Sprintf("%s %s: %d %s\n%s", method, path, status, answer, body))
	}
	return gjson.Parse(answer)
}

func (e ehr) create(typ, body string) (ref string) {
	return typ + "/" + e.do(http.MethodPost, typ, fmt.Sprintf(`{"resourceType":%q,%s}`, typ, body)).Get("id").Str
}

func (e ehr) read(ref string) gjson.Result { return e.do(http.MethodGet, ref, "") }

// takesAuditEvents tells what the server states: one that keeps a trail of its own
// takes none from others.
func (e ehr) takesAuditEvents() bool {
	return e.read("metadata").Get(`rest.0.resource.#(type=="AuditEvent").interaction.#(code=="create")`).Exists()
}

// edit changes elements of a resource: alternating paths and raw JSON. Where
// somebody has written in between, she reads again and changes that.
func (e ehr) edit(ref string, pathValues ...string) {
	for !e.edited(ref, pathValues) {
	}
}

func (e ehr) edited(ref string, pathValues []string) bool {
	read := e.read(ref)
	body := read.Raw
	for i := 0; i+1 < len(pathValues); i += 2 {
		var err error
		if body, err = sjson.SetRaw(body, pathValues[i], pathValues[i+1]); err != nil {
			panic(err)
		}
	}
	status, answer := e.ask(http.MethodPut, ref, read.Get("meta.versionId").Str, body)
	if status == http.StatusConflict || status == http.StatusPreconditionFailed {
		return false
	}
	must(http.MethodPut, ref, status, answer, body)
	return true
}

// remove deletes a resource, unless another refers to it.
func (e ehr) remove(ref string) (gone bool) {
	e.do(http.MethodDelete, ref, "")
	return e.read(ref).Get("id").Str == ""
}

// search reads one page, which is enough for one admission.
func (e ehr) search(query string) []gjson.Result {
	return e.do(http.MethodGet, query, "").Get("entry.#.resource").Array()
}

// all reads every resource of a type.
func (e ehr) all(typ string) []gjson.Result {
	var list []gjson.Result
	e.each(typ+"?", func(r gjson.Result) { list = append(list, r) })
	return list
}

// each visits all that a search finds, page by page.
func (e ehr) each(query string, visit func(r gjson.Result)) {
	for path := query + "_count=1000"; path != ""; {
		page := e.do(http.MethodGet, path, "")
		for _, r := range page.Get("entry.#.resource").Array() {
			visit(r)
		}
		path = page.Get(`link.#(relation=="next").url`).Str
	}
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }
