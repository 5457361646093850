package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// What a comma means is known before screening begins: a server that takes it
// literally finds nobody in a census, and says nothing.
func TestWhatACommaMeansIsKnownBeforeScreening(t *testing.T) {
	const none = `{"resourceType":"Bundle","type":"searchset"}`
	for name, test := range map[string]struct {
		status          int
		body            string // "": as the sandbox answers
		begins, literal bool
	}{
		"either is found":          {200, "", true, false},
		"neither is found":         {200, none, true, true},
		"it is refused":            {400, "{}", true, true},
		"cut short, and not found": {200, withOutcome("warning", "incomplete"), true, true},
		"it failed":                {200, withOutcome("error", "exception"), false, false},
		"it is unwell":             {500, "{}", false, false},
	} {
		answer := false
		cfg := before(t, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if answer && test.body != "" && strings.Contains(r.URL.Query().Get("identifier"), ",") {
					w.WriteHeader(test.status)
					_, _ = w.Write([]byte(test.body))
					return
				}
				next.ServeHTTP(w, r)
			})
		})
		if _, _, err := setup(t, cfg); err != nil {
			t.Fatal(err)
		}
		answer = true
		a, err := app.New(app.Options{Policy: pathway.DefaultPolicy(), Log: zerolog.Nop(), Config: cfg})
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.Reconciler(t.Context())
		literal := strings.Contains(strings.Join(a.Client().Quirks(), " "), "comma")
		if (err == nil) != test.begins || literal != test.literal {
			t.Errorf("%s: begins %t (%v), literal %t", name, err == nil, err, literal)
		}
		a.Client().Close()
	}
}

func withOutcome(severity, code string) string {
	return `{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"OperationOutcome","issue":[{"severity":"` + severity + `","code":"` + code + `"}]}}]}`
}
