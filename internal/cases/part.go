package cases

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is a server that carries out a part of a transaction.

// part is the way to a server that leaves one thing out of the next transaction that
// has it. From then on nobody gets through, as if the process that asked had ended.
type part struct {
	http.RoundTripper
	leaves func(entry gjson.Result) bool // nil: nothing
	ended  bool
}

var errEnded = errors.New("the process has ended")

func (s *part) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.ended {
		return nil, errEnded
	}
	if s.leaves == nil || r.Method != http.MethodPost || r.Body == nil {
		return s.RoundTripper.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if less, has := without(body, s.leaves); has {
		body, s.ended = less, true
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return s.RoundTripper.RoundTrip(r)
}

// without leaves an entry out of a transaction. References to it stay as they are.
func without(body []byte, leaves func(entry gjson.Result) bool) (less []byte, has bool) {
	at := slices.IndexFunc(gjson.GetBytes(body, "entry").Array(), leaves)
	if at < 0 {
		return body, false
	}
	less, err := sjson.DeleteBytes(body, fmt.Sprintf("entry.%d", at))
	return less, err == nil
}

var kinds = map[string]stay.Kind{"task": stay.ScreeningTask, "form": stay.Draft, "score": stay.Score, "consult": stay.Consult,
	"team task": stay.ConsultTask, "advice task": stay.Advice, "reply": stay.Reply}

// writes tells that an entry creates what is for a purpose, or changes it.
func writes(purpose stay.Purpose, method string) func(entry gjson.Result) bool {
	return func(e gjson.Result) bool {
		one, _ := stay.ParseName(e.Get("resource.identifier.value").String())
		many, _ := stay.ParseName(e.Get("resource.identifier.0.value").String())
		return e.Get("request.method").String() == method && (one.Purpose == purpose || many.Purpose == purpose)
	}
}

// leaveOut lets tilsyn look once, at a server that does a part of what it is asked, and
// has another process go on.
func (p *play) leaveOut(thing, method string) error {
	p.way.leaves = writes(stay.For(kinds[thing], cmp.Or(p.admission.Instrument, stay.AuditC)), method)
	_, err := p.tilsyn.Reconcile(p.ctx, p.admission.ID())
	if !p.way.ended {
		return fmt.Errorf("nothing of the kind was written: %w", err)
	}
	p.way.leaves, p.way.ended = nil, false
	p.tilsyn = reconcile.New(p.options)
	return nil
}
