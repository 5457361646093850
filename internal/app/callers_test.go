package app

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

// What a caller sends comes back in no answer and in no line of the log, also
// where serving him is a defect of ours.
func TestACallerIsNotRepeated(t *testing.T) {
	var log bytes.Buffer
	mux := http.NewServeMux()
	mux.HandleFunc("/hooks/fhir/", func(_ http.ResponseWriter, r *http.Request) { panic(r.URL.Path) })
	handler := calm(mux, zerolog.New(&log))
	for path, want := range map[string]int{"/hooks/fhir/Nordmann": 500, "/hooks//Nordmann": 404, "/Nordmann/../hooks/fhir/": 404, "/Nordmann": 404} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader("Nordmann")))
		var all bytes.Buffer
		if err := w.Result().Write(&all); err != nil {
			t.Fatal(err)
		}
		if w.Code != want || strings.Contains(all.String(), "Nordmann") {
			t.Errorf("%s: want %d, got %s", path, want, all.String())
		}
	}
	if _, err := io.WriteString(complaintsTo(zerolog.New(&log)).Writer(), "http: panic serving Nordmann\n"); err != nil {
		t.Fatal(err)
	}
	if told := log.String(); strings.Contains(told, "Nordmann") || !strings.Contains(told, "a defect of this program, at app.TestACallerIsNotRepeated") {
		t.Errorf("the log says %s", told)
	}
}

// A word that somebody has put in the place of an id is not shown; an id that the
// server knows is.
func TestOnlyIdsOfAdmissionsAreShown(t *testing.T) {
	for id, want := range map[string]string{"123456789": "123456789", "a2b5e2d4-9f5c-4b53-8d3a-3e2a60d8f3c1": "a2b5e2d4-9f5c-4b53-8d3a-3e2a60d8f3c1",
		"13116900216": "unknown-", "Kari.Nordmann": "unknown-", "enc-1": "unknown-"} {
		if got := shown(id, false); !strings.HasPrefix(got, want) || shown(id, true) != id {
			t.Errorf("%s: got %s and %s", id, got, shown(id, true))
		}
	}
}
