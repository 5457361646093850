package app

import (
	"log"
	"net/http"
	"path"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/internal/defect"
)

// calm serves callers so that nothing of what they send comes out again: neither
// in an answer, where http.ServeMux would send a path back that is not clean, nor
// in the log after a panic. Nobody is to keep an answer, or to take it for another
// type than it has.
func calm(next http.Handler, to zerolog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		defer func() {
			if recover() != nil {
				to.Error().Err(defect.Found()).Msg("a caller was not answered")
				http.Error(w, "a defect of this program", http.StatusInternalServerError)
			}
		}()
		if clean := path.Clean(r.URL.Path); r.URL.Path != clean && r.URL.Path != clean+"/" {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// complaints are what net/http says of connections. They may quote a caller, so
// only that there was one is told.
type complaints struct{ to zerolog.Logger }

func (c complaints) Write(line []byte) (int, error) {
	c.to.Debug().Msg("a connection failed")
	return len(line), nil
}

func complaintsTo(to zerolog.Logger) *log.Logger { return log.New(complaints{to}, "", 0) }
