package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/hospital"
)

// performer is who does the service's work in a chain. Both calls may return
// before the work is done: the tap tells when it is.
type performer interface {
	admitted(ctx context.Context, a *admission) error
	answered(ctx context.Context, a *admission) error
}

// ways are how tilsyn may hear of a change.
var ways = map[string]way{
	"named": {flags: []string{"--hook.enabled", "--poll.interval", "0"}, named: true},
	"hook":  {flags: []string{"--hook.enabled", "--poll.interval", "10s"}, subscribed: true},
	"poll":  {},
}

type way struct {
	flags      []string
	named      bool // the ward rings and names the admission: tilsyn does the chain's work and nothing else
	subscribed bool // the server's own Subscriptions ring, as `tilsyn setup` makes them
}

// way is how tilsyn hears of a change in this run.
func (s *stage) way() way {
	w := ways[s.by]
	w.flags = append([]string{"--poll.interval", s.poll.String(), "--poll.overlap", s.overlap.String()}, w.flags...)
	return w
}

// tilsyn is the service as a performer.
type tilsyn struct {
	*service
	named bool
}

func (t tilsyn) admitted(ctx context.Context, a *admission) error {
	if !t.named {
		return nil
	}
	return t.ring(ctx, a)
}

func (t tilsyn) answered(ctx context.Context, a *admission) error { return t.admitted(ctx, a) }

// withTilsyn runs f while tilsyn serves and has nothing left to do.
func (s *stage) withTilsyn(ctx context.Context, w way, f func(tilsyn) error) error {
	if w.subscribed {
		if err := s.setup(w.flags...); err != nil {
			return err
		}
		defer s.unsubscribe(ctx) // else the server would call nobody while the bare generator runs
	}
	before := s.tap.count()
	v, err := s.serve(ctx, w.flags...)
	if err != nil {
		return err
	}
	defer v.stop()
	if w.subscribed {
		if err := s.armed(ctx); err != nil {
			return err
		}
	}
	if err := s.settle(ctx, v, before); err != nil {
		return err
	}
	if err := f(tilsyn{v, w.named}); err != nil {
		return errors.Join(err, v.complaint())
	}
	return v.complaint()
}

func (s *stage) subscriptions(ctx context.Context) ([]fhir.Resource, error) {
	client, err := fhir.New(fhir.Options{BaseURL: s.server.base})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return client.Search(ctx, fhir.Query("Subscription", "url", s.server.callback+"/hooks/fhir"))
}

// armed waits for the server to activate them.
func (s *stage) armed(ctx context.Context) error {
	return hospital.Wait(ctx, func() (bool, error) {
		found, err := s.subscriptions(ctx)
		active := 0
		for _, sub := range found {
			if sub.Get("status").String() == "active" {
				active++
			}
		}
		return active > 0 && active == len(found), err
	})
}

func (s *stage) unsubscribe(ctx context.Context) {
	found, err := s.subscriptions(ctx)
	for _, sub := range found {
		err = s.ward.send(ctx, http.MethodDelete, "/"+sub.Ref(), "")
	}
	if err != nil {
		fmt.Println("a subscription is left on the server:", err)
	}
}
