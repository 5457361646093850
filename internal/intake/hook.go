package intake

import (
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"net/http"
	"strings"

	"github.com/tilsyn/tilsyn/fhir"
)

// HookPath is where a Subscription's channel points to.
const HookPath = "/hooks/fhir"

// maxHookBody is how much of a notification is read, in bytes, before it is
// thrown away: reading it lets the server reuse the connection.
const maxHookBody = 1 << 20

// Hook answers rest-hook notifications. The path may name an admission; the
// body is never looked at.
type Hook struct {
	queue  Queue
	poller *Poller
	token  func() (string, error)
}

// NewHook makes the handler for HookPath and what lies below it. token is the
// secret that callers must show.
func NewHook(q Queue, p *Poller, token func() (string, error)) *Hook {
	return &Hook{queue: q, poller: p, token: token}
}

func (h *Hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.authorized(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "a valid bearer token is needed", http.StatusUnauthorized)
		return
	}
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodDelete:
	default:
		w.Header().Set("Allow", "POST, PUT, DELETE")
		http.Error(w, "POST, PUT or DELETE", http.StatusMethodNotAllowed)
		return
	}
	if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxHookBody)); err != nil {
		http.Error(w, "the body is too large or was cut short", http.StatusRequestEntityTooLarge)
		return
	}
	h.hear(strings.TrimPrefix(r.URL.Path, HookPath))
	w.WriteHeader(http.StatusNoContent) // HAPI takes a 200 with a body that is not FHIR for a failure
}

// hear queues the admission in the path; any other ping rings the poller.
func (h *Hook) hear(path string) {
	typ, id, _ := strings.Cut(strings.Trim(path, "/"), "/")
	if typ == "Encounter" && fhir.ValidID(id) {
		h.queue.Fresh(id)
		return
	}
	h.poller.Ring()
}

// authorized compares digests, so that the time it takes tells nothing.
func (h *Hook) authorized(r *http.Request) bool {
	want, err := h.token()
	if err != nil || want == "" {
		return false
	}
	got, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return ok && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
