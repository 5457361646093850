package simulate_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"
)

// wire is the way of one process to the server: an http.RoundTripper on which
// things go wrong. What goes wrong with a request follows from what it asks
// and how often that was asked, not from its turn.
type wire struct {
	sim  *simulation
	name string
	off  time.Duration // how far the clock of the process is off
	cut  chan struct{} // closed when the process is killed

	mu    sync.Mutex
	asked map[uint64]int64
	dead  bool
}

func newWire(sim *simulation, name string) *wire {
	return &wire{sim: sim, name: name, cut: make(chan struct{}), asked: map[uint64]int64{}}
}

var errBroken = errors.New("the connection broke")

// RoundTrip carries a request there and its answer back; both take time.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := bodyOf(r)
	if err != nil {
		return nil, err
	}
	if err := w.wait(r, 0); err != nil { // it was not sent at all
		return nil, err
	}
	name := identity(r, body)
	last, c := w.count(name)
	f := w.sim.weather.fault(c, r.Method, body)
	there, back := w.delays(c, f)
	w.sim.requested(w.name, name, f, !isSearch(r.Method, body))
	if last {
		return nil, w.kill(c, there, r, body)
	}
	missed := w.sim.server.misses(body)
	if len(missed) > 0 { // it looks first, and is slow: whoever comes in between creates the same
		there += c.between(0, 25*time.Second)
	}
	if err := w.wait(r, there); err != nil || f == lostBefore || f == down {
		return nil, errors.Join(err, errBroken)
	}
	answer := w.sim.answer(f, w.off, r, body, missed)
	if err := w.wait(r, back); err != nil || f == lostAfter {
		return nil, errors.Join(err, errBroken)
	}
	return response(answer, f, r), nil
}

func bodyOf(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	defer r.Body.Close()
	return io.ReadAll(r.Body)
}

// count gives each request its luck, and tells whether it is the process's last.
func (w *wire) count(name string) (last bool, c chance) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := digest(name)
	w.asked[key]++
	c = draw(w.sim.seed, w.name, name, number(w.asked[key]))
	last = !w.dead && c.happens(w.sim.kills) && !w.sim.weather.calm.Load()
	w.dead = w.dead || last
	return last, c
}

// delays of a request and its answer.
func (w *wire) delays(c chance, f fault) (there, back time.Duration) {
	there, back = c.between(time.Millisecond, 50*time.Millisecond), c.between(time.Millisecond, 20*time.Millisecond)
	switch f {
	case slow:
		return there + c.between(0, 10*time.Second), back + c.between(0, 15*time.Second)
	case stuck:
		return there + c.between(0, 29*time.Second), back + time.Minute
	}
	return there, back
}

// wait is false for a request whose caller, or whose process, is gone.
func (w *wire) wait(r *http.Request, d time.Duration) error {
	select {
	case <-w.cut:
		return errBroken
	case <-r.Context().Done():
		return r.Context().Err()
	default:
	}
	if d == 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-r.Context().Done():
		return r.Context().Err()
	case <-w.cut:
		return errBroken
	}
}

// kill ends the process here: its last request may or may not have arrived,
// and nothing that it does from now on does.
func (w *wire) kill(c chance, there time.Duration, r *http.Request, body []byte) error {
	w.sim.happened(killed)
	if w.wait(r, there) == nil && c.happens(0.5) {
		w.sim.answer(fine, w.off, r, body, nil)
	}
	close(w.cut)
	return errBroken
}

// lasting is a query without what is different in every run: where a poll has
// got to, and the server's name for a search that goes on.
func lasting(query string) string {
	for _, own := range []string{"_lastUpdated=", "_getpages="} {
		if from := strings.Index(query, own); from >= 0 {
			rest := query[from:]
			_, after, _ := strings.Cut(rest, "&")
			query = query[:from] + after
		}
	}
	return query
}

// identity says what a request asks, without what is different in every run.
func identity(r *http.Request, body []byte) string {
	var b strings.Builder
	b.WriteString(r.Method + " " + r.URL.Path + "?" + lasting(r.URL.RawQuery))
	gjson.GetBytes(body, "entry.#.request").ForEach(func(_, e gjson.Result) bool {
		for _, part := range []string{"method", "url", "ifNoneExist", "ifMatch"} {
			b.WriteString(" " + e.Get(part).Str)
		}
		return true
	})
	return b.String()
}

// answer is what the server does with a request that reaches it.
func (s *simulation) answer(f fault, off time.Duration, r *http.Request, body []byte, missed map[string]bool) *httptest.ResponseRecorder {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	c := draw(s.seed, r.URL.Path, number(time.Now().UnixNano()))
	u, odd := unsaids[f]
	switch status, ok := refusals[f]; {
	case ok:
		return refusal(status, c)
	case odd && !u.done:
		return answered(u.status, u.typ, u.body)
	case isSearch(r.Method, body):
		found := s.server.search(r.URL.String(), r.Header.Clone(), body, f == stale)
		s.witness.looks(off, r.URL, body, found.Body.String())
		return s.harm.leavesOut(spoil(f, c, found))
	}
	s.witness.decides(off, body)
	answer := s.write(f, c, r, forget(body, missed))
	switch {
	case f == failedLate:
		return refusal(http.StatusInternalServerError, chance{})
	case odd:
		return answered(u.status, u.typ, u.body)
	}
	return s.habits.say(answer, body)
}

// write does what a request is to do, or a part of it.
func (s *simulation) write(f fault, c chance, r *http.Request, body []byte) *httptest.ResponseRecorder {
	if s.harm.writes != nil {
		if body = s.harm.writes(body); body == nil {
			return refusal(http.StatusOK, chance{})
		}
	}
	address, header := r.URL.String(), r.Header.Clone()
	lost := s.harm.loses(body)
	switch {
	case lost >= 0:
		return s.server.inPart(address, header, withNothing(body, lost), lost, carriedOut, backward)
	case f == inPart && !s.unsafe && s.harm.writes == nil: // where creates are unsafe too, two scores stand, and nothing finds the second
		return s.server.inPart(address, header, body, s.refuses(c, body), refusedOnce(c), resolves(c.IntN(3)))
	case f == inPart || f == refusedInside:
		return notAtAll(c, body)
	}
	return s.server.serve(r.Method, address, header, body)
}

var refusals = map[fault]int{conflict: 409, precond: 412, wrapped: 400, throttled: 429, failed: 500, unavailable: 503}

func refusal(status int, c chance) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/fhir+json")
	if status == 429 || status == 503 && c.happens(0.5) {
		w.Header().Set("Retry-After", strconv.Itoa(1+c.IntN(60)))
	}
	w.WriteHeader(status)
	text := "no luck"
	if status == http.StatusBadRequest {
		text = "Entry failed with status 412"
	}
	_, _ = w.WriteString(`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"transient","diagnostics":"` + text + `"}]}`)
	return w
}

func response(answer *httptest.ResponseRecorder, f fault, r *http.Request) *http.Response {
	body := answer.Body.Bytes()
	resp := &http.Response{StatusCode: answer.Code, Header: answer.Header(), Request: r, ContentLength: int64(len(body)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: io.NopCloser(bytes.NewReader(body))}
	if f == cut && len(body) > 0 {
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), broken{}))
	}
	return resp
}

// broken is a connection that ends too early.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func itoa(n int) string { return strconv.Itoa(n) }
