package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
)

// HookPath is where a Subscription's channel points to.
const HookPath = "/hooks/fhir"

const (
	maxHookBody  = 1 << 20 // bytes
	maxHookDepth = 64      // of arrays and objects in one another
	hookSlots    = 32      // bodies that are read at once: 32 MiB at most

	bodyTime = 5 * time.Second // for a body to come; in one hospital 1 MiB takes a tenth of a second
	farewell = time.Second     // for one who was sent away, to stop sending
)

const tooLarge = "the body is too large or was cut short"

// signatureHeader holds the HMAC-SHA256 of the body in hex, as Medplum sends it.
const signatureHeader = "X-Signature"

// Secrets gives those that are valid now: one, or two while one replaces the
// other.
type Secrets func() ([]string, error)

// Hook answers rest-hook notifications. The path may name an admission; of the
// body nothing is believed.
type Hook struct {
	queue  Inbox
	poller *Poller
	proof  Proof
	slots  *slots

	patience time.Duration // with one body
}

// Proof is what a caller must show. What is nil is not asked for; with neither
// nobody gets in.
type Proof struct {
	Tokens Secrets // a bearer token
	Keys   Secrets // the key of a signature over the body

	Refused func(*http.Request) // hears of whoever did not; may be nil
}

// NewHook makes the handler for HookPath and what lies below it.
func NewHook(q Inbox, p *Poller, proof Proof) *Hook {
	return &Hook{queue: q, poller: p, proof: proof, slots: newSlots(hookSlots), patience: bodyTime}
}

func (h *Hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case h.proof.Tokens == nil && h.proof.Keys == nil || h.proof.Tokens != nil && !Shows(r, h.proof.Tokens):
		w.Header().Set("WWW-Authenticate", "Bearer")
		h.refuse(w, r, "a valid bearer token is needed")
	case h.proof.Keys != nil && shownSignature(r) == nil: // before anything of the body is waited for
		h.refuse(w, r, "a valid "+signatureHeader+" is needed")
	case !slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodDelete}, r.Method):
		w.Header().Set("Allow", "POST, PUT, DELETE")
		turnAway(w, r, "POST, PUT or DELETE", http.StatusMethodNotAllowed)
	case r.ContentLength > maxHookBody:
		turnAway(w, r, tooLarge, http.StatusRequestEntityTooLarge)
	case r.ContentLength == 0: // a ping takes no room
		h.receive(w, r)
	default:
		h.waitFor(w, r)
	}
}

func (h *Hook) refuse(w http.ResponseWriter, r *http.Request, why string) {
	if h.proof.Refused != nil {
		h.proof.Refused(r)
	}
	turnAway(w, r, why, http.StatusUnauthorized)
}

// turnAway answers without what is still to come of the body. net/http would wait
// for it, to use the connection again.
func turnAway(w http.ResponseWriter, r *http.Request, why string, status int) {
	if r.ContentLength != 0 {
		w.Header().Set("Connection", "close")
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(farewell)) // where there is none, nothing is waited for
	}
	http.Error(w, why, status)
}

// waitFor gives a body a slot and a short time to come.
func (h *Hook) waitFor(w http.ResponseWriter, r *http.Request) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Now().Add(h.patience)) // the server has a limit of its own, only longer
	release, ok := h.slots.take(r.Context(), Host(r.RemoteAddr), func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })
	if !ok {
		busy(w, r)
		return
	}
	defer release()
	h.receive(w, r)
}

// receive reads what an admitted caller sends, and hears it if all is in order.
func (h *Hook) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxHookBody))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		turnAway(w, r, "the body did not come in time", http.StatusRequestTimeout)
	case err != nil:
		turnAway(w, r, tooLarge, http.StatusRequestEntityTooLarge)
	case h.proof.Keys != nil && !signed(r, body, h.proof.Keys):
		h.refuse(w, r, "a valid "+signatureHeader+" is needed")
	case len(body) > 0 && !isJSON(r.Header.Get("Content-Type")):
		http.Error(w, "the body must be JSON", http.StatusUnsupportedMediaType)
	case len(body) > 0 && (!json.Valid(body) || depth(body) > maxHookDepth):
		http.Error(w, "the body must be valid JSON, not nested too deep", http.StatusBadRequest)
	case !h.hear(strings.TrimPrefix(r.URL.Path, HookPath)):
		busy(w, r)
	default:
		w.WriteHeader(http.StatusNoContent) // HAPI takes a 200 with a body that is not FHIR for a failure
	}
}

// busy sends a caller away who has done nothing wrong. Nothing is lost: the
// poller and the census find what he came to tell.
func busy(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "10")
	turnAway(w, r, "too much is waiting already", http.StatusServiceUnavailable)
}

// hear queues the admission in the path, unless too many wait; any other ping
// rings the poller.
func (h *Hook) hear(path string) bool {
	typ, id, _ := strings.Cut(strings.Trim(path, "/"), "/")
	if typ != "Encounter" || !fhir.ValidID(id) {
		h.poller.Ring()
		return true
	}
	if h.queue.Full() {
		return false
	}
	h.queue.Fresh(id)
	return true
}

// Shows tells whether a request carries one of the bearer tokens. It compares
// digests, and all of them, so that the time it takes tells nothing.
func Shows(r *http.Request, tokens Secrets) bool {
	scheme, got, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	ok = ok && strings.EqualFold(scheme, "Bearer") // RFC 9110, 11.1: in any case
	have := sha256.Sum256([]byte(got))
	return matches(tokens, func(token string) bool {
		want := sha256.Sum256([]byte(token))
		return subtle.ConstantTimeCompare(have[:], want[:]) == 1
	}) && ok
}

func signed(r *http.Request, body []byte, keys Secrets) bool {
	got := shownSignature(r)
	return matches(keys, func(key string) bool {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(body)
		return hmac.Equal(got, mac.Sum(nil))
	})
}

// shownSignature is what could be one, or nil.
func shownSignature(r *http.Request) []byte {
	shown := r.Header.Get(signatureHeader)
	if len(shown) != hex.EncodedLen(sha256.Size) {
		return nil
	}
	raw, err := hex.DecodeString(shown)
	if err != nil {
		return nil
	}
	return raw
}

// matches tries every secret, also after one that fits.
func matches(secrets Secrets, fits func(string) bool) bool {
	all, err := secrets()
	found := false
	for _, s := range all {
		found = fits(s) && s != "" || found
	}
	return found && err == nil
}

func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json"))
}

// depth is how deep valid JSON is nested.
func depth(body []byte) int {
	now, deepest, text := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case text && c == '\\':
			i++ // what is escaped ends nothing
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}
