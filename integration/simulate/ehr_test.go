package simulate_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// ehr is how the hospital's own people use the server: nothing goes wrong, and
// what they read they write back at the same moment.
type ehr struct{ server *server }

func (e ehr) do(method, path, body string) gjson.Result {
	header := http.Header{"Content-Type": {"application/fhir+json"}}
	e.server.mu.Lock()
	defer e.server.mu.Unlock()
	w := e.server.serve(method, base+"/"+path, header, []byte(body))
	if w.Code >= 300 && w.Code != http.StatusNotFound && w.Code != http.StatusGone && !(method == http.MethodDelete && w.Code == http.StatusConflict) {
		panic(fmt.Sprintf("%s %s: %d %s\n%s", method, path, w.Code, w.Body, body))
	}
	return gjson.ParseBytes(w.Body.Bytes())
}

func (e ehr) create(typ, body string) (ref string) {
	return typ + "/" + e.do(http.MethodPost, typ, fmt.Sprintf(`{"resourceType":%q,%s}`, typ, body)).Get("id").Str
}

func (e ehr) read(ref string) gjson.Result { return e.do(http.MethodGet, ref, "") }

// edit changes elements of a resource: alternating paths and raw JSON.
func (e ehr) edit(ref string, pathValues ...string) {
	body := e.read(ref).Raw
	for i := 0; i+1 < len(pathValues); i += 2 {
		var err error
		if body, err = sjson.SetRaw(body, pathValues[i], pathValues[i+1]); err != nil {
			panic(err)
		}
	}
	e.do(http.MethodPut, ref, body)
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
	for path := typ + "?_count=1000"; path != ""; {
		page := e.do(http.MethodGet, path, "")
		list = append(list, page.Get("entry.#.resource").Array()...)
		next := page.Get(`link.#(relation=="next").url`).Str
		path = strings.TrimPrefix(strings.TrimPrefix(next, base), "/")
	}
	return list
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }
