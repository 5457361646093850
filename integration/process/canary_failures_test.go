package process

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// failure is an answer that is none, with markers wherever it has room for one.
type failure struct {
	name  string
	half  bool // of the answer is needed
	reply func(w http.ResponseWriter, answer []byte)
}

// failures are all that a server may say instead of what it was asked for. What it
// says in words that look like its own, it says with each marker.
func failures() (all []*failure) {
	add := func(name string, reply func(w http.ResponseWriter, answer []byte)) {
		all = append(all, &failure{name, name == "half an answer", reply})
	}
	for _, m := range markers() {
		for name, issue := range oneByOne(m) {
			add("an issue with "+name+" "+m, func(w http.ResponseWriter, _ []byte) { give(w, 422, outcome(m, []map[string]any{issue})) })
		}
	}
	turn := 0
	next := func() string { turn++; return markers()[turn%len(markers())] }
	for _, status := range []int{400, 401, 403, 404, 409, 410, 412, 500, 501, 502, 504} {
		m := next()
		add(fmt.Sprint(status), func(w http.ResponseWriter, _ []byte) { give(w, status, outcome(m, issues(m))) })
	}
	for _, name := range slices.Sorted(maps.Keys(pages(""))) {
		page := pages(next())[name]
		for _, status := range []int{200, 400} {
			add(fmt.Sprint(status, " ", name), func(w http.ResponseWriter, _ []byte) { give(w, status, page) })
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wires(""))) {
		raw := wires(next())[name]
		add(name, func(w http.ResponseWriter, _ []byte) { onTheWire(w, raw) })
	}
	m := next()
	add("half an answer", func(w http.ResponseWriter, answer []byte) { give(w, 200, string(answer[:len(answer)/2])+m) })
	add("half an outcome", func(w http.ResponseWriter, _ []byte) { o := outcome(m, issues(m)); give(w, 422, o[:len(o)-9]) })
	add("a redirect", func(w http.ResponseWriter, _ []byte) { give(w, 307, m) })
	add("a panic", func(http.ResponseWriter, []byte) { panic(m) })
	return all
}

// overloads are failures after which tilsyn leaves the server alone for a while.
func overloads() (all []*failure) {
	for _, m := range markers() {
		for _, status := range []int{429, 503} {
			all = append(all, &failure{fmt.Sprint(status, m), false, func(w http.ResponseWriter, _ []byte) {
				w.Header().Set("Retry-After", "in "+url.PathEscape(m)) // a number alone would be waited for
				give(w, status, outcome(m, issues(m)))
			}})
		}
	}
	return all
}

func give(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/fhir+json")
	markHeaders(w.Header())
	w.WriteHeader(status)
	w.Write([]byte(body))
}

func outcome(m string, issues []map[string]any) string {
	raw, _ := json.Marshal(map[string]any{"resourceType": "OperationOutcome", "id": m, "issue": issues,
		"text": map[string]any{"status": "generated", "div": "<div>" + m + "</div>"}, "error": m, "error_description": m, "access_token": nil})
	return string(raw)
}

const messageID = "http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id"

// issues name a patient in each element, in words that look like a server's own.
func issues(m string) (all []map[string]any) {
	for _, issue := range oneByOne(m) {
		all = append(all, issue)
	}
	return all
}

func oneByOne(m string) map[string]map[string]any {
	with := func(element string, value any) map[string]any {
		issue := map[string]any{"severity": "error", "code": "invalid"}
		issue[element] = value
		return issue
	}
	all := map[string]map[string]any{
		"severity":    {"severity": m, "code": m},
		"code":        with("code", m),
		"diagnostics": with("diagnostics", "HAPI-"+m+": HAPI-0001: "+m+" Patient/"+m+" was not found, HAPI-"+digits(m)),
		"details":     with("details", map[string]any{"text": m, "coding": []any{map[string]any{"system": m, "code": m, "display": m}}}),
		"location":    with("location", []string{m, "/f:Patient/f:name[1]/" + m, "Line 1, " + m}),
	}
	low := strings.ToLower(m[:1]) + m[1:]
	for i, path := range []string{m, "Patient." + m, "Patient." + low, "Task.input[" + digits(m) + "]", "Task.for." + low + ".display", "Patient.name.where(family='" + m + "')",
		"Task.input[1311].output[6900].note[216]", "Bundle.entry[0].resource.ofType(" + m + ")", "Task.extension('" + m + "')", m + ".status"} {
		all[fmt.Sprint("expression ", i)] = with("expression", []string{path, path})
	}
	for i, id := range []string{m, "Validation_" + m, "Validation_VAL_" + m, "Terminology_TX_" + m + "_Unknown", "TYPE_" + strings.ToUpper(m)} {
		all[fmt.Sprint("message id ", i)] = with("extension", []map[string]any{{"url": messageID, "valueString": id, "valueCode": id}})
	}
	return all
}

// pages are bodies that are no FHIR.
func pages(m string) map[string]string {
	quoted, _ := json.Marshal(m)
	q := string(quoted)
	return map[string]string{
		"HTML":           "<html><head><title>" + m + "</title></head><body>Patient?name=" + m + "</body></html>",
		"a word":         m,
		"a JSON text":    q,
		"a JSON list":    "[" + q + "]",
		"broken JSON":    `{"resourceType":"Bundle","entry":[{"resource":` + m + `}]}`,
		"a literal":      `{"resourceType":"Bundle","total":` + m + `}`,
		"another type":   `{"resourceType":` + q + `,"id":` + q + `}`,
		"a typed name":   `{"resourceType":"` + "K" + strings.ToLower(letters(m)) + `","id":` + q + `,"name":` + q + `}`,
		"the patient":    `{"resourceType":"Patient","id":` + q + `,"name":[{"text":` + q + `}]}`,
		"another Bundle": `{"resourceType":"Bundle","type":` + q + `,"link":[{"relation":"next","url":"http://` + letters(m) + `.example/fhir/Patient?name=` + letters(m) + `"}],"entry":[{"resource":{"resourceType":` + q + `,"id":` + q + `}}]}`,
		"nothing":        "",
		"an endpoint":    `{"token_endpoint":"http://` + letters(m) + `.example:1/` + letters(m) + `","capabilities":[` + q + `],"token_type":"bearer","access_token":"` + letters(m) + `\u0000","scope":` + q + `,"expires_in":` + q + `}`,
		"a token":        `{"token_type":"bearer","access_token":"` + letters(m) + `","scope":` + q + `,"expires_in":` + q + `}`,
	}
}

// letters is a marker without what no name of a host can have.
func letters(m string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return r
		}
		return -1
	}, m)
}

// wires are answers that are no HTTP, or end before they should.
func wires(m string) map[string]string {
	return map[string]string{
		"a status line":    "HTTP/1.1 " + m + "\r\n\r\n",
		"a reason":         "HTTP/1.1 500 " + m + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		"no HTTP":          m + "\r\n\r\n",
		"a header line":    "HTTP/1.1 200 OK\r\n" + m + "\r\n\r\n",
		"a header name":    "HTTP/1.1 200 OK\r\n(" + m + "): x\r\n\r\n",
		"a length":         "HTTP/1.1 200 OK\r\nContent-Length: " + m + "\r\n\r\n",
		"an encoding":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + m + "\r\n\r\n",
		"a chunk":          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + m + "\r\n" + m,
		"a trailer":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: " + m + "\r\n\r\n0\r\n" + m + "\r\n\r\n",
		"not gzip":         "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + m,
		"a coding":         "HTTP/1.1 200 OK\r\nContent-Encoding: " + m + "\r\nConnection: close\r\n\r\n" + m,
		"less than stated": "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"resourceType\":\"" + m,
		"an upgrade":       "HTTP/1.1 101 " + m + "\r\nUpgrade: " + m + "\r\nConnection: Upgrade\r\n\r\n",
	}
}

func onTheWire(w http.ResponseWriter, raw string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	conn.Write([]byte(raw))
}
