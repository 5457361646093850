package sandbox

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/tidwall/gjson"
)

// hooks runs the R4 rest-hook Subscriptions. It starts no goroutine before there is one.
type hooks struct {
	activate func(id string)
	client   *http.Client
	running  context.Context
	stop     context.CancelFunc

	mu     sync.Mutex // taken while Server.mu is held, never the other way round
	closed bool
	active map[string]*subscriber
	wg     sync.WaitGroup
}

// subscriber is one active Subscription and its deliveries.
type subscriber struct {
	channel string // as it was activated, to notice a change
	query   *query
	target  hookTarget
	queue   chan event
	stop    context.CancelFunc
}

// event is one write that a Subscription may be about. A nil body is a deletion.
type event struct {
	ref     string
	version int
	body    []byte
}

// maxQueued bounds what waits for one endpoint. What does not fit is dropped, as everything is that fails for a minute.
const maxQueued = 10_000

// sendDeletes is the extension of a channel by which HAPI also tells about deletions.
const sendDeletes = "http://hapifhir.io/fhir/StructureDefinition/subscription-send-delete-messages"

func newHooks(activate func(id string)) *hooks {
	h := &hooks{activate: activate, active: map[string]*subscriber{}}
	h.running, h.stop = context.WithCancel(context.Background())
	h.use(&http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: deliverers}})
	return h
}

// use sets the client. HAPI counts a redirect as a failure.
func (h *hooks) use(client *http.Client) {
	plain := *client
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	h.client = &plain
}

func (h *hooks) close() {
	h.mu.Lock()
	h.closed = true
	h.stop()
	h.mu.Unlock()
	h.wg.Wait()
	h.client.CloseIdleConnections()
}

// checkSubscription refuses a Subscription that could never fire.
func (s *Server) checkSubscription(doc gjson.Result) error {
	if doc.Get("resourceType").Str != "Subscription" {
		return nil
	}
	if _, err := s.criteria(doc.Get("criteria").Str); err != nil {
		return refuse(http.StatusUnprocessableEntity, "Invalid subscription criteria submitted: %q: %v", clip(doc.Get("criteria").Str), err)
	}
	if doc.Get("channel.type").Str == "rest-hook" && doc.Get("channel.endpoint").Str == "" {
		return refuse(http.StatusUnprocessableEntity, "Rest-hook subscriptions must have Subscription.channel.endpoint defined")
	}
	return nil
}

// criteria understands "Encounter?" and "Encounter?status=in-progress".
func (s *Server) criteria(text string) (*query, error) {
	typ, rawQuery, ok := strings.Cut(text, "?")
	k := s.catalogue[typ]
	if !ok || k == nil {
		return nil, refuse(http.StatusUnprocessableEntity, "must be of the form {Resource Type}?[params]")
	}
	if rawQuery == "" {
		return &query{kind: k}, nil
	}
	return s.catalogue.parseMatch(k, rawQuery)
}

// announce tells the subscribers what has changed. The write lock is held, so the index answers for the new state.
func (s *Server) announce(ops []*op) {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	if s.hooks.closed {
		return
	}
	for _, o := range ops {
		if !o.changed {
			continue
		}
		s.hooks.publish(s.store, o)
		if o.kind.name == "Subscription" {
			s.rearm(o.rec)
		}
	}
}

func (h *hooks) publish(st *store, o *op) {
	for _, sub := range h.active {
		if sub.query.kind != o.kind || !sub.wants(st, o) {
			continue
		}
		select {
		case sub.queue <- event{o.rec.ref(), o.ver.number, o.ver.body}:
		default:
		}
	}
}

// wants tells whether a write is for this subscriber. Nothing is sent when a resource stops matching.
func (sub *subscriber) wants(st *store, o *op) bool {
	if o.ver.body == nil {
		return sub.target.deletes
	}
	return sub.query.matches(st.table(o.kind.name), o.rec)
}

// rearm starts, stops or changes the deliveries of a Subscription that was written. hooks.mu is held.
func (s *Server) rearm(rec *record) {
	h := s.hooks
	doc := gjson.ParseBytes(rec.current().body)
	status, channel := doc.Get("status").Str, doc.Get("criteria").Raw+doc.Get("channel").Raw
	supported := doc.Get("channel.type").Str == "rest-hook"
	old := h.active[rec.id]
	if old != nil && (status != "active" || old.channel != channel) {
		old.stop()
		delete(h.active, rec.id)
		old = nil
	}
	switch {
	case status == "requested" && supported:
		h.wg.Go(func() { h.activate(rec.id) })
	case status == "active" && supported && old == nil:
		query, err := s.criteria(doc.Get("criteria").Str)
		if err == nil {
			h.active[rec.id] = h.start(channel, query, newHookTarget(doc.Get("channel")))
		}
	}
}

// activate makes a requested Subscription active, as HAPI does soon after it was stored.
func (s *Server) activate(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := s.store.find("Subscription", id)
	if rec == nil || rec.deleted() || rec.document().Get("status").Str != "requested" {
		return
	}
	t := s.store.begin()
	o := &op{kind: s.catalogue["Subscription"], rec: rec}
	_, o.changed = t.put(rec.typ, rec.id, "PUT", setMember(rec.current().body, "status", "id", []byte(`"active"`)))
	t.commit()
	o.settle(http.StatusOK, rec)
	s.announce([]*op{o})
}

func (h *hooks) start(channel string, q *query, target hookTarget) *subscriber {
	ctx, stop := context.WithCancel(h.running)
	sub := &subscriber{channel: channel, query: q, target: target, queue: make(chan event, maxQueued), stop: stop}
	for range deliverers {
		h.wg.Go(func() { h.deliver(ctx, sub) })
	}
	return sub
}
