package simulate_test

import (
	"io"
	"net/http"
	"strings"
)

// people are records on a real server, which they reach by a way of their own:
// what goes wrong between it and the service does not touch them.
type people struct {
	base string
	http *http.Client
}

func (p people) ask(method, path, version, body string) (int, string) {
	if !strings.HasPrefix(path, "http") {
		path = p.base + "/" + path
	}
	r, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/fhir+json")
	r.Header.Set("Prefer", "return=representation")
	r.Header.Set("Cache-Control", "no-cache") // HAPI gives the same list again for a minute
	if version != "" {
		r.Header.Set("If-Match", `W/"`+version+`"`)
	}
	resp, err := p.http.Do(r)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		panic(err)
	}
	return resp.StatusCode, string(answer)
}
