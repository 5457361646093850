package sandbox

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
)

//go:embed home.html
var homePage string

// homeRow is one resource type on the page for people.
type homeRow struct {
	Type  string
	Count int
}

// serveHome shows what the server holds, for somebody who looks around with a browser.
func (s *Server) serveHome(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	}
	page, err := template.New("home").Parse(homePage)
	var out bytes.Buffer
	if err == nil {
		err = page.Execute(&out, map[string]any{"Base": s.baseOf(r), "Rows": s.counts()})
	}
	if err != nil {
		http.Error(w, "render the page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_, _ = w.Write(out.Bytes()) // the client has gone: nobody is left to tell
}

func (s *Server) counts() []homeRow {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var rows []homeRow
	for _, t := range s.store.sorted() {
		if len(t.live) > 0 {
			rows = append(rows, homeRow{t.kind.name, len(t.live)})
		}
	}
	return rows
}
